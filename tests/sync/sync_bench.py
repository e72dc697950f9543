"""A data folder on a real file with one real writer thread, and a device that makes items and engines on it."""

from __future__ import annotations

import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import peewee

from sync.changes import Change, Site
from sync.engine import SyncEngine
from sync.outbox import Counts, NewItem, Outbox, OutboxRow
from sync.ports import Hooks, Priority, SyncSettings
from sync.schema import MIGRATIONS
from sync.status import SyncStatus
from sync.unknown import Unknown
from sync.verdicts import Settled

FAST = SyncSettings(
    linger_s=0.01, pull_interval_s=60.0, connect_s=1.0, read_s=1.0, backoff_base_s=0.004, backoff_cap_s=0.02,
    run_cap_s=0.02, nudge_gap_s=0.01,
)  # fmt: skip
SLICE_S = 0.005


class FileWriter:
    """One thread, one connection; the smallest writer that keeps the promises of `ports.Writer`."""

    def __init__(self, path: Path) -> None:
        pragmas = {"journal_mode": "wal", "synchronous": 0}
        self.database = peewee.SqliteDatabase(str(path), pragmas=pragmas)
        self._order = itertools.count()
        self._inbox: queue.PriorityQueue[tuple[int, int, Callable[[], None] | None]] = queue.PriorityQueue()
        self._thread = threading.Thread(target=self._run, name="writer")
        self._thread.start()

    def call(self, job, *, priority: Priority, write: bool = True):
        future: Future = Future()

        def run() -> None:
            try:
                if write:
                    with self.database.atomic("IMMEDIATE"):
                        result = job()
                else:
                    result = job()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._inbox.put((priority, next(self._order), run))
        return future.result(20)

    def run_sliced(self, steps: Callable[[], Iterator[None]], *, finish: Callable[[], None]) -> None:
        moving = self.call(lambda: iter(steps()), priority=Priority.IMPORT, write=False)

        def piece() -> bool:
            until = time.monotonic() + SLICE_S
            for _ in moving:
                if time.monotonic() > until:
                    return True
            finish()
            return False

        while self.call(piece, priority=Priority.IMPORT):
            pass

    def close(self) -> None:
        self._inbox.put((99, next(self._order), None))
        self._thread.join(5)

    def _run(self) -> None:
        self.database.connect()
        while True:
            _, _, run = self._inbox.get()
            if run is None:
                self.database.close()
                return
            run()


class SystemTime:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


class StepClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self._now_s = 1000.0

    def advance(self, seconds: float) -> None:
        self._now_s += seconds

    def now_ms(self) -> int:
        return int(self._now_s * 1000)

    def monotonic(self) -> float:
        return self._now_s


class Device:
    """A data folder with everything that the program would hand to the engine; keeps what the hooks were told."""

    def __init__(self, path: Path) -> None:
        self.writer = FileWriter(path)
        self.database = self.writer.database
        self.outbox = Outbox(self.database)
        self.numbers = itertools.count(1)
        self.settled: list[Settled] = []
        self.applied: list[Change] = []
        self.sites: list[Site] = []
        self.unknown: list[Unknown] = []
        self.statuses: queue.Queue[SyncStatus] = queue.Queue()
        self.realm: str | None = None
        self.name = "pda-1"
        self.engines: list[SyncEngine] = []
        self.steps_before_crash: int | None = None
        self.answer_bug = False
        if not self.writer.call(self.database.get_tables, priority=Priority.IDLE, write=False):
            self.writer.call(self._create, priority=Priority.IDLE)

    def _create(self) -> None:
        for step in (step for version in sorted(MIGRATIONS) for step in MIGRATIONS[version]):
            _ = step(self.database) if callable(step) else self.database.execute_sql(step)

    def hooks(self) -> Hooks:
        return Hooks(
            apply=self._apply,
            on_settled=self._on_settled,
            on_site=self._on_site,
            expected_realm=lambda: self.realm,
            on_status=self.statuses.put,
            on_unknown=self.unknown.extend,
        )

    def engine(
        self, url: str, settings: SyncSettings = FAST, clock: object | None = None, **line: object
    ) -> SyncEngine:
        made = SyncEngine(
            server=url, device=self.name, database=self.database, writer=self.writer, hooks=self.hooks(),
            clock=clock or SystemTime(), settings=settings, **line,
        )  # fmt: skip
        self.engines.append(made)
        return made

    def item(self, kind: str = "scan", receipt: str = "D1-R1", **members: object) -> NewItem:
        n = next(self.numbers)
        item_id = f"01a201d7-0000-7000-8000-{n:012d}"
        negates = members.get("negates")
        body = {"id": item_id, "device": "pda-1", "receipt": receipt, "seq": n, "kind": kind, **members}
        return NewItem(
            item_id, receipt, n, kind, json.dumps(body).encode(), 1000 + n, str(negates) if negates else None
        )

    def add(self, *items: NewItem, realm: str = "hospital-a") -> None:
        self.writer.call(lambda: [self.outbox.add(item, realm) for item in items], priority=Priority.SCAN)

    def scan(self, receipt: str = "D1-R1", **members: object) -> str:
        made = self.item("scan", receipt, **members)
        self.add(made)
        return made.id

    def reverse(self, negates: str, receipt: str = "D1-R1") -> str:
        made = self.item("reversal", receipt, negates=negates)
        self.add(made)
        return made.id

    def close_receipt(self, receipt: str = "D1-R1") -> str:
        made = self.item("close", receipt)
        self.add(made)
        return made.id

    def drain(self, url: str, *, limit_s: float = 20.0, settings: SyncSettings = FAST, until_empty: bool = True):
        engine = self.engine(url, settings)
        try:
            return engine.run_until_empty(limit_s=limit_s, until_empty=until_empty)
        finally:
            engine.stop()

    def counts(self) -> Counts:
        return self.writer.call(self.outbox.counts, priority=Priority.IDLE, write=False)

    def rows(self, **conditions: object) -> tuple[OutboxRow, ...]:
        return self.writer.call(lambda: self.outbox.rows(**conditions), priority=Priority.IDLE, write=False)

    def row(self, item_id: str) -> OutboxRow:
        return self.rows(ids=[item_id])[0]

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        return self.writer.call(lambda: self.database.execute_sql(statement, values).fetchall(), priority=Priority.IDLE)

    def wait_status(self, wanted: Callable[[SyncStatus], bool], limit_s: float = 10.0) -> SyncStatus:
        until = time.monotonic() + limit_s
        while True:
            status = self.statuses.get(timeout=max(0.01, until - time.monotonic()))
            if wanted(status):
                return status

    def close(self) -> None:
        for engine in self.engines:
            engine.stop()
        self.writer.close()

    def _apply(self, changes) -> Iterator[None]:
        for done, change in enumerate(changes):
            if self.steps_before_crash is not None and done >= self.steps_before_crash:
                raise RuntimeError("killed in the middle of a page")
            self.applied.append(change)
            yield

    def _on_settled(self, settled) -> None:
        if self.answer_bug:
            raise RuntimeError("a bug in the program")
        self.settled.extend(settled)

    def _on_site(self, site: Site) -> None:
        self.sites.append(site)
        self.realm = site.site_id
