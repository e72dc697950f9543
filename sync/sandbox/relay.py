"""The simulated relay (云码平台): manifests made from the same trees as the deliveries, and events after shipping.

Lives on the sandbox's event loop. Written from `docs/remote/relay.yaml`. A manifest is what a supplier claims; whether
it is right, late or never comes is the delivery's `manifest`, and what is true stands in the answer key.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from sync.sandbox.deliveries import DeliverySeed, code_prefix
from sync.sandbox.feed import Feed, Late, Page, Single
from sync.sandbox.relay_flaws import FLAWS
from sync.sandbox.wire import EpochMs, Filled, Level, Line, Package, Positive, Verb

LATE_CALLS = 12
"""So many questions for heads after it was due, and a late manifest comes of itself."""
_LARGE = 20_000
"""From so many packages on a manifest is told in reverse, without amounts, and costs no memory of its own."""
_FIRST_MS = 1_795_300_000_000
_STEP_MS = 60_000

ManifestId = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]{1,64}\Z")]


class Row(Struct, frozen=True):
    """One row of a manifest, as it stands on the wire."""

    code: str
    level: Level
    parent: str | None
    drug: str | None = None
    batch: str | None = None
    expiry: date | None = None
    made: date | None = None
    amount: Positive | None = None


class Event(Struct, frozen=True, tag_field="kind", tag="event"):
    """What happened to packages after shipping."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    verb: Verb
    at_ms: EpochMs
    supplier: Filled
    parent: Filled | None = None
    children: Annotated[tuple[Filled, ...], Meta(max_length=1000)] = ()
    replaces: Filled | None = None
    declares: Filled | None = None
    manifest: ManifestId | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A manifest of somebody who names no delivery: it may claim what another manifest claims, too."""

    supplier: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """What the relay says of a delivery: version after version, claims of others, and what happened later."""

    versions: tuple[Sequence[Row], ...] = ()
    claims: tuple[Claim, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(slots=True, eq=False)
class Manifest:
    """One version. `rows` may make its rows only when they are asked for."""

    manifest: str
    version: int
    delivery: str | None
    supplier: str
    supplier_code: str | None
    made_ms: int
    rows: Sequence[Row]
    withdrawn: bool = False
    acks: dict[str, Mapping[str, object]] = field(default_factory=dict)
    _digest: str | None = None

    def lines(self, first: int) -> Iterator[bytes]:
        """The rows from a number on, as they stand on the wire, without LF."""
        encoder = msgspec.json.Encoder()
        return (encoder.encode(self.rows[number]) for number in range(first, len(self.rows)))

    def head(self, state: str) -> dict[str, object]:
        """The head of this version in a state."""
        if self._digest is None:
            running = hashlib.sha256().digest()
            for line in self.lines(0):
                running = hashlib.sha256(running + line).digest()
            self._digest = running.hex()
        return {
            "kind": "manifest",
            "manifest": self.manifest,
            "version": self.version,
            "delivery": self.delivery,
            "supplier": self.supplier,
            "supplier_code": self.supplier_code,
            "made_ms": self.made_ms,
            "rows": len(self.rows),
            "digest": self._digest,
            "state": state,
            "supersedes": self.version - 1 or None,
        }


@dataclass(slots=True)
class _Pending:
    story: Story
    seed: DeliverySeed
    due_call: int


class Relay:
    """All manifests and events of one sandbox, and the order in which they are told."""

    def __init__(self, tag: str) -> None:
        self._feed = Feed(f"r{tag}")
        self._versions: dict[str, list[Manifest]] = {}
        self._pending: dict[str, _Pending] = {}
        self._made = 0
        self.events: list[Event] = []
        self.changes = 0
        """Counts what was told, so that whoever keeps an index knows when it is old."""
        self.heads_calls = 0

    # What the control door and the deliveries do

    def put(self, seed: DeliverySeed, story: Story | None) -> None:
        """A delivery came to be: its manifest follows now, later or never."""
        if seed.state == "withdrawn":
            self.withdraw(seed.delivery)
        if not seed.packages or seed.state != "open" or seed.manifest == "missing":
            return
        told = story or Story(versions=(_rows_of(seed),))
        self._pending.pop(seed.delivery, None)
        if seed.manifest == "late":
            self._pending[seed.delivery] = _Pending(told, seed, self.heads_calls + LATE_CALLS)
        else:
            self._publish(seed, told)

    def due(self) -> tuple[str, ...]:
        """Deliveries whose late manifest has been asked for often enough."""
        return tuple(number for number, one in self._pending.items() if self.heads_calls >= one.due_call)

    def release(self, delivery: str) -> bool:
        """Let a late manifest appear; False if none is waiting."""
        pending = self._pending.pop(delivery, None)
        if pending is not None:
            self._publish(pending.seed, pending.story)
        return pending is not None

    def withdraw(self, delivery: str) -> bool:
        """The supplier takes the manifest of a delivery back; False if there is none."""
        self._pending.pop(delivery, None)
        versions = self._versions.get(manifest_id(delivery), [])
        if not versions or versions[-1].withdrawn:
            return False
        for version in versions:
            version.withdrawn = True
        self._tell(partial(versions[-1].head, "withdrawn"))
        return True

    def tell_events(self, events: Iterable[Event]) -> None:
        """Something happened to packages."""
        for event in events:
            self.events.append(event)
            self._feed.add(Single(event))
            self.changes += 1

    def knows_event(self, event_id: str) -> bool:
        """True if an event of this id was told."""
        return any(event.id == event_id for event in self.events)

    # What the endpoints ask

    def page(self, cursor: str | None, limit: int) -> Page:
        """Heads after a cursor.

        Raises:
            UnknownCursor: not a cursor of this relay.
        """
        return self._feed.page(cursor, limit)

    def version(self, manifest: str, version: int) -> Manifest | None:
        """One version, or None."""
        versions = self._versions.get(manifest, [])
        return versions[version - 1] if 1 <= version <= len(versions) else None

    def current(self) -> Iterator[Manifest]:
        """The last version of every manifest, withdrawn or not."""
        return (versions[-1] for versions in self._versions.values())

    def every_version(self) -> Iterator[Manifest]:
        """All versions of all manifests."""
        return (version for versions in self._versions.values() for version in versions)

    def waiting(self) -> tuple[str, ...]:
        """Deliveries whose manifest is late."""
        return tuple(self._pending)

    def _publish(self, seed: DeliverySeed, story: Story) -> None:
        for rows in story.versions:
            self._add(manifest_id(seed.delivery), seed.delivery, seed.supplier, seed.supplier_code, rows)
        for number, claim in enumerate(story.claims, 1):
            self._add(manifest_id(f"{seed.delivery} {number}"), None, claim.supplier, None, claim.rows)
        self.tell_events(story.events)

    def _add(
        self, name: str, delivery: str | None, supplier: str, supplier_code: str | None, rows: Sequence[Row]
    ) -> None:  # fmt: skip
        versions = self._versions.setdefault(name, [])
        made_ms = _FIRST_MS + self._made * _STEP_MS
        self._made += 1
        manifest = Manifest(name, len(versions) + 1, delivery, supplier, supplier_code, made_ms, rows)
        versions.append(manifest)
        self._tell(partial(manifest.head, "complete"))

    def _tell(self, make: Callable[[], object]) -> None:
        self._feed.add(Late(make))
        self.changes += 1


def manifest_id(delivery: str) -> str:
    """The name of a delivery's manifest."""
    return f"MF-{hashlib.sha256(delivery.encode()).hexdigest()[:16]}"


def rows_of(packages: Sequence[Package], lines: Sequence[Line]) -> tuple[Row, ...]:
    """What a supplier without fault says of packages: batch and dates where all in a package agree, and amounts."""
    places = {line.line: line for line in lines}
    parents = {package.code: package.parent for package in packages}
    inner = set(parents.values())
    amounts: Counter[str] = Counter()
    inside: dict[str, set[int]] = {}
    for package in packages:
        if package.code in inner:
            continue
        above: str | None = package.code
        while above is not None:
            amounts[above] += 1
            inside.setdefault(above, set()).add(package.line)
            above = parents.get(above)
    rows: list[Row] = []
    for package in packages:
        of = [places[number] for number in inside.get(package.code, ())]
        drugs = {line.drug for line in of}
        hint = code_prefix(package.code) or (drugs.pop() if len(drugs) == 1 else None)
        dates = [{getattr(line, name) for line in of} for name in ("batch", "expiry", "made")]
        batch, expiry, made = (said.pop() if len(said) == 1 else None for said in dates)
        rows.append(
            Row(package.code, package.level, package.parent, hint, batch, expiry, made, amounts[package.code] or None)
        )
    return tuple(rows)


def shuffled(rows: Iterable[Row], name: str) -> tuple[Row, ...]:
    """The rows in an order that lets children come before their parents; the same name gives the same order."""
    mixed = list(rows)
    random.Random(f"rows {name}").shuffle(mixed)
    return tuple(mixed)


def _rows_of(seed: DeliverySeed) -> Sequence[Row]:
    if len(seed.packages) > _LARGE:
        return _LargeRows(seed)
    rows = rows_of(seed.packages, seed.lines)
    if seed.manifest == "wrong":
        drawn = random.Random(f"wrong {seed.delivery}")
        rows = FLAWS[drawn.choice(sorted(FLAWS))](rows, drawn)
    return shuffled(rows, seed.delivery)


class _LargeRows(Sequence[Row]):
    """The rows of a large delivery, made one by one: children first."""

    def __init__(self, seed: DeliverySeed) -> None:
        self._packages = seed.packages
        self._lines = {line.line: line for line in seed.lines}

    def __len__(self) -> int:
        return len(self._packages)

    def __getitem__(self, place: int) -> Row:  # type: ignore[override]
        package = self._packages[len(self._packages) - 1 - place]
        line = self._lines[package.line]
        return Row(
            package.code, package.level, package.parent, code_prefix(package.code), line.batch, line.expiry, line.made
        )
