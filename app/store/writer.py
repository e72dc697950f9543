"""The one writer: a named thread that owns the only connection. Everything that touches the file passes here.

Priorities are small numbers first: a scan, then the settling of replies, then imports in slices of a few milliseconds.
Two IMMEDIATE writers on two connections made a scan wait for an import; slices on one connection do not. Checkpoints
(PASSIVE) run on a thread and a connection of their own, and wait for a quiet moment: their sync holds up a commit.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import peewee

from app.base.errors import Trouble
from app.base.worker import Worker, WorkerStopped
from app.store.database import immediate
from app.store.failures import sorted_failures

T = TypeVar("T")

SCAN, SETTLE, IMPORT, IDLE = range(4)
SLICE_MS = 2.0
LONGEST, LONGEST_BUSY = 8, 2  # times SLICE_MS: a slice in which little is written; the same while scans come
COMMIT_MS = 4.0  # what a slice may leave to its commit: nobody can go before that
SOON_S = 0.5  # after a scan, another one may follow
GRACE_MS = 0.5
CHECKPOINT_ROWS = 4_000
QUIET_S = 0.25
JOURNAL_BYTES = 1_000_000_000  # a manifest of 100,000 scattered codes; folding it in the middle would hold up scans
JOURNAL_SHARE = 4  # of the free disk: no more than a quarter of it
_log = logging.getLogger(__name__)


class StoreWriter:
    """Runs jobs on the database, one after the other, most urgent first."""

    def __init__(self, open_database: Callable[[], peewee.SqliteDatabase]) -> None:
        """Opens the database on the writer's thread; raises what that raises."""
        self._worker = Worker("store-writer")
        try:
            self.database = self._worker.call(open_database)
        except BaseException:
            self._worker.stop()
            raise
        self._checkpointer = Worker("store-checkpoint")
        self._rows_folded = 0
        self._fold_waits = False
        self._last_write = 0.0
        self._closing = threading.Event()
        self._journal = Path(f"{self.database.database}-wal")
        self._import_rests_until = 0.0
        self._last_urgent = self._last_scan = 0.0
        self._longer = 1.0
        self._inside = False
        self._forgets: tuple[Callable[[], None], ...] = ()

    def when_undone(self, *forgets: Callable[[], None]) -> None:
        """Called after a transaction that failed, on the writer's thread: what was read in it may never have been."""
        self._forgets += forgets

    def call(self, job: Callable[[], T], *, priority: int = SCAN, write: bool = True) -> T:
        """Run `job` inside one IMMEDIATE transaction (none when not `write`), wait, and return what it returns.

        Raises Trouble where the world failed; then nothing of the job was kept. A job may call other jobs: they run
        inside its own transaction.
        """

        def run() -> T:
            try:
                return self._run(job, write=write)
            finally:
                if priority < IMPORT:
                    self._last_urgent = time.perf_counter()
                    if write and priority == SCAN:
                        self._last_scan = self._last_urgent
                    self._import_rests_until = self._last_urgent + GRACE_MS / 1000

        return self._worker.call(run, priority=priority)

    def run_sliced(self, steps: Callable[[], Iterator[None]], *, finish: Callable[[], None]) -> None:
        """Drive a long job in short transactions; scans go between them. `finish` is in the last one."""
        job = _Sliced(steps, finish)

        def run() -> bool:
            if self._urgent_follows():
                return False
            over = self._run(lambda: job.slice(SLICE_MS * self._longer, self.urgent_waits), write=True)
            self._adapt(time.perf_counter() - job.ended)
            return over

        while not self._worker.call(run, priority=IMPORT):
            continue

    def sweep(self, steps: Callable[[], Iterator[None]]) -> None:
        """Drive a long job that nobody waits for, in quiet moments; what is left at the close is left. Any thread."""
        with contextlib.suppress(WorkerStopped):
            self._checkpointer.submit(partial(self._go_on, _Sliced(steps, lambda: None)))

    def _go_on(self, job: _Sliced) -> None:
        """One slice, on the checkpointer's thread; then folding has its turn."""
        while self._busy():
            if not self._journal_has_room():
                self._checkpoint()
            if self._closing.wait(QUIET_S / 5):
                return
        try:
            over = self._worker.call(
                lambda: self._run(lambda: job.slice(SLICE_MS, self._anybody_waits), write=True, quiet=True),
                priority=IDLE,
            )
        except (Trouble, WorkerStopped) as error:
            _log.info("sweeping stops for now: %s", error)
            return
        if not over and not self._closing.is_set():
            self._checkpointer.submit(partial(self._go_on, job))

    def _adapt(self, commit_s: float) -> None:
        """Make the next slice so long that its commit takes what a scan can wait for, and half that while scans come.

        Rows that stand side by side in the file are on few pages, and many fit into a slice; of scattered ones, few.
        """
        busy = time.perf_counter() - self._last_urgent < SOON_S
        factor = (COMMIT_MS / 2 if busy else COMMIT_MS) / max(commit_s * 1000, 0.1)
        longest = LONGEST_BUSY if busy else LONGEST
        self._longer = min(max(self._longer * min(max(factor, 0.5), 1.5), 1.0), longest)

    def scans_come(self) -> bool:
        """True if something as urgent as a scan was written a moment ago. Any thread."""
        return time.perf_counter() - self._last_scan < SOON_S

    def urgent_waits(self) -> bool:
        """True while something more urgent than an import waits."""
        return self._worker.waiting(IMPORT)

    def _anybody_waits(self) -> bool:
        return self._worker.waiting(IDLE)

    def _urgent_follows(self) -> bool:
        """Wait a moment after a scan: who is behind with scans hands over the next one as soon as this is answered.

        A slice in between would cost each of them a commit more, and the queue of a burst would not shrink.
        """
        while not self.urgent_waits():
            left_s = self._import_rests_until - time.perf_counter()
            if left_s <= 0:
                return False
            time.sleep(min(left_s, GRACE_MS / 5_000))
        return True

    def close(self) -> None:
        """Finish the inbox, fold the journal into the file, close."""
        self._closing.set()
        self._checkpointer.stop()
        self._worker.submit(self._close, priority=IDLE)
        self._worker.stop()

    def _run(self, job: Callable[[], T], *, write: bool, quiet: bool = False) -> T:
        """`quiet`: what is written here is no reason for others to wait for a quiet moment."""
        with sorted_failures():
            if not write or self._inside:
                return job()
            try:
                with immediate(self.database), self._inside_a_transaction():
                    result = job()
            except BaseException:
                for forget in self._forgets:
                    forget()
                raise
        if not quiet:
            self._last_write = time.perf_counter()
        self._plan_checkpoint()
        return result

    @contextlib.contextmanager
    def _inside_a_transaction(self) -> Iterator[None]:
        self._inside = True
        try:
            yield
        finally:
            self._inside = False

    def _plan_checkpoint(self) -> None:
        rows = self.database.connection().total_changes
        if rows - self._rows_folded >= CHECKPOINT_ROWS and not self._fold_waits:
            self._rows_folded, self._fold_waits = rows, True  # one at a time: a long drain has no quiet moment
            self._checkpointer.submit(self._checkpoint)

    def _checkpoint(self) -> None:
        """Wait for a quiet moment, then fold: the sync of the file would hold up the commits of a burst or an import.

        A journal that has no room to grow is folded at once, the bulk of it here. What was written meanwhile is
        folded between two jobs of the writer: only a journal that is folded to its end is begun anew by the next
        commit. At the close the writer folds it itself.
        """
        while self._busy() and self._journal_has_room():
            if self._closing.wait(QUIET_S / 5):
                return
        self._fold_waits = False  # what is written from now on is for the next one
        with contextlib.closing(sqlite3.connect(str(self.database.database), isolation_level=None)) as connection:
            _fold(connection)
        if self._busy():
            self._worker.submit(lambda: _fold(self.database.connection()), priority=SETTLE)

    def _busy(self) -> bool:
        return time.perf_counter() - self._last_write < QUIET_S

    def _journal_has_room(self) -> bool:
        try:
            free = shutil.disk_usage(self._journal.parent).free
            return self._journal.stat().st_size < min(JOURNAL_BYTES, free // JOURNAL_SHARE)
        except OSError:
            return True

    def _close(self) -> None:
        try:
            self.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except (peewee.PeeweeException, OSError) as error:
            # Nothing is lost: the journal stays beside the file, and the next start folds it in.
            _log.info("checkpoint at close failed: %s", error)
        self.database.close()


def _fold(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error as error:
        # The journal only grows for a while; what cannot be written will show at the next commit.
        _log.warning("checkpoint failed: %s", error)


class _Sliced:
    """A generator that is driven for a few milliseconds at a time."""

    def __init__(self, steps: Callable[[], Iterator[None]], finish: Callable[[], None]) -> None:
        self._steps = steps()
        self._finish = finish
        self.ended = 0.0

    def slice(self, most_ms: float, urgent: Callable[[], bool]) -> bool:
        """Go on until the time is up or somebody urgent waits; True when all is done."""
        end = time.perf_counter() + most_ms / 1000
        for _ in self._steps:
            self.ended = time.perf_counter()
            if self.ended >= end or urgent():
                return False
        self._finish()
        self.ended = time.perf_counter()
        return True
