"""What is handed in from outside: the one writer, the clock, the database, the program's hooks. Pure; any thread."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sync.changes import Change, Site
from sync.endpoints.declared import CHANGES, ITEMS, RELAY_HEADS
from sync.relay_wire import ManifestHead, ManifestRow, PackageEvent
from sync.status import SyncStatus
from sync.unknown import Unknown
from sync.verdicts import Settled

T = TypeVar("T")


class Priority(enum.IntEnum):
    """Who goes first on the writer thread: the smaller number."""

    SCAN = 0
    SETTLE = 1
    IMPORT = 2
    IDLE = 3


class Writer(Protocol):
    """The program's one writer: one thread, one connection."""

    def call(self, job: Callable[[], T], *, priority: Priority, write: bool = True) -> T:
        """Run `job` on the writer thread, inside one BEGIN IMMEDIATE transaction when `write`; wait for its result.

        Whatever the job raises is raised here, after the transaction was rolled back.
        """

    def run_sliced(self, steps: Callable[[], Iterator[None]], *, finish: Callable[[], None]) -> None:
        """Drive a generator in transactions of 5 ms at the most, scans first; `finish` runs inside the last one."""


class Clock(Protocol):
    """Time as a thing handed in."""

    def now_ms(self) -> int:
        """Wall time, epoch milliseconds, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class Cursor(Protocol):
    """The part of a DB-API cursor that this package uses."""

    @property
    def lastrowid(self) -> int | None: ...

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> list[tuple[object, ...]]: ...

    def executemany(self, sql: str, rows: Iterable[Sequence[object]], /) -> object: ...


class Database(Protocol):
    """The part of `peewee.SqliteDatabase` that this package uses, on the writer thread only."""

    def execute_sql(self, sql: str, params: Sequence[object] | None = None) -> Cursor: ...

    def cursor(self) -> Cursor: ...


class ManifestSink(Protocol):
    """Where the relay's manifests go; every method runs on the writer thread, inside a transaction if it writes.

    A version is staged out of sight, block by block, and becomes visible as a whole. All of it may be told twice.
    """

    def known(self, manifest: str, version: int) -> bool:
        """True if this version, or a later one, is complete here already."""

    def staged(self, head: ManifestHead) -> int:
        """Rows of this version that are staged, counted from its first row without a gap; 0: begin now."""

    def stage(self, head: ManifestHead, rows: Sequence[ManifestRow], first: int) -> Iterator[None]:
        """Stage `rows`, of which the first has the number `first` (from 0), in small steps.

        `first` 0 drops whatever was staged of this version. Rows that are staged already may come again and are passed
        over: a version never changes, and where the digest says that it did, it is told anew from its first row.
        """

    def complete(self, head: ManifestHead) -> None:
        """All rows are staged and agree with the digest: this version takes the place of all earlier ones."""

    def refuse(self, head: ManifestHead, code: str, detail: str) -> None:
        """Drop what was staged of this version and remember why (a code of `errors.REFUSALS`); an earlier one stays."""

    def withdraw(self, manifest: str) -> None:
        """The supplier takes the manifest back, all versions; unknown here: nothing to do."""

    def events(self, events: Sequence[PackageEvent]) -> None:
        """What happened to packages after shipping, in the order in which it was told."""


@dataclass(frozen=True)
class Hooks:
    """What the program does with what arrives; wiring fills it in."""

    apply: Callable[[Sequence[Change]], Iterator[None]]
    """Write the changes of one page in small steps; driven on the writer thread, may be driven again after a kill."""
    on_settled: Callable[[Sequence[Settled]], None]
    """Answers of a batch, inside the transaction that records them (writer thread)."""
    on_site: Callable[[Site], None]
    """The hospital introduced itself, inside a transaction (writer thread)."""
    expected_realm: Callable[[], str | None]
    """The realm of this data folder, None in a new one (writer thread)."""
    on_status: Callable[[SyncStatus], None]
    """Any thread; must not block."""
    after_exchange: Callable[[], None] = lambda: None
    """After each exchange, before what is left is reckoned up: what it queues is of the same run (engine's thread)."""
    on_unknown: Callable[[Sequence[Unknown]], None] = lambda _: None
    """Members that this version does not know, in the transaction that takes in the rest (writer thread)."""
    scans_come: Callable[[], bool] = lambda: False
    """Whether somebody scanned a moment ago (any thread): then batches are small, and there is a rest between them."""
    manifests: ManifestSink | None = None
    """Where the relay's manifests go; None: the relay is left alone."""


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """Limits and rhythms of the exchange; the defaults keep 200 scans in 20 seconds under 12 requests.

    What belongs to one remote call begins as `endpoints.declared` says.
    """

    linger_s: float = ITEMS.linger_s
    """How long an ordinary item may wait for company."""
    batch_items: int = ITEMS.few
    """Items of one batch while people scan; also the number of nudges that ends the linger."""
    drain_items: int = ITEMS.many
    """Items of one batch while a long queue drains; the site's own limit may be smaller."""
    pull_interval_s: float = 30.0
    page_rows: int = CHANGES.few
    connect_s: float = 3.0
    read_s: float = 10.0
    reply_bytes: int = 16 * 1024 * 1024
    """No reply may be larger, whatever its endpoint declares."""
    backoff_base_s: float = 1.0
    backoff_cap_s: float = 60.0
    run_cap_s: float = 2.0
    """Cap of the back-off in `run_until_empty`, where a person waits."""
    nudge_gap_s: float = 2.0
    """A nudge tries a dead server no more often than this."""
    hold_after: int = 5
    """So many answers `receipt_incomplete` to a close with nothing else pending, and it is held."""
    alone_tries: int = 3
    """So many calls refused as a whole with this item alone, and the item is refused."""
    relay_interval_s: float = 60.0
    relay_backoff_cap_s: float = 300.0
    relay_heads: int = RELAY_HEADS.few
    """Heads of one page."""
    relay_block: int = 500
    """Rows that are handed to the sink at once; so many are fetched again at the most after a kill."""
    relay_rows_most: int = 2_000_000
    """A manifest that says it has more is refused: it would fill the disk."""
