"""The one writer: a named thread that owns the only connection. Everything that touches the file passes here.

Priorities are small numbers first: a scan, then the settling of replies, then imports in slices of at most SLICE_MS.
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
from pathlib import Path
from typing import TypeVar

import peewee

from app.base.worker import Worker
from app.store.database import immediate
from app.store.failures import sorted_failures

T = TypeVar("T")

SCAN, SETTLE, IMPORT, IDLE = range(4)
SLICE_MS = 2.0
GRACE_MS = 0.5
CHECKPOINT_ROWS = 4_000
QUIET_S = 0.25
JOURNAL_BYTES = 512_000_000
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
        self._last_write = 0.0
        self._closing = threading.Event()
        self._journal = Path(f"{self.database.database}-wal")
        self._import_rests_until = 0.0
        self._inside = False

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
                    self._import_rests_until = time.perf_counter() + GRACE_MS / 1000

        return self._worker.call(run, priority=priority)

    def run_sliced(self, steps: Callable[[], Iterator[None]], *, finish: Callable[[], None]) -> None:
        """Drive a long job in transactions of at most SLICE_MS; scans go between them. `finish` is in the last one."""
        job = _Sliced(steps, finish)

        def run() -> bool:
            return not self._urgent_follows() and self._run(lambda: job.slice(self.urgent_waits), write=True)

        while not self._worker.call(run, priority=IMPORT):
            continue

    def urgent_waits(self) -> bool:
        """True while something more urgent than an import waits."""
        return self._worker.waiting(IMPORT)

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

    def _run(self, job: Callable[[], T], *, write: bool) -> T:
        with sorted_failures():
            if not write or self._inside:
                return job()
            with immediate(self.database), self._inside_a_transaction():
                result = job()
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
        self._last_write = time.perf_counter()
        rows = self.database.connection().total_changes
        if rows - self._rows_folded >= CHECKPOINT_ROWS:
            self._rows_folded = rows
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

    def slice(self, urgent: Callable[[], bool]) -> bool:
        """Go on until the time is up or somebody urgent waits; True when all is done."""
        end = time.perf_counter() + SLICE_MS / 1000
        for _ in self._steps:
            if time.perf_counter() >= end or urgent():
                return False
        self._finish()
        return True
