"""Runs the calls of flows on a worker, so that the UI thread never waits; results come back on the UI thread.

One worker, one inbox: jobs of one priority run in the order in which they were handed in, which is what keeps scans in
order. A failure has a default: it is told as trouble, and a bug is logged with its trace first.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from functools import partial
from typing import TypeVar

from app.base.errors import Trouble
from app.base.worker import Worker, WorkerStopped
from app.ui.bridge import Bridge

T = TypeVar("T")

NOW, LATER, LAST = range(3)
"""Priorities: what a person does; views and bulk work, dropped when the program ends; the end."""
_log = logging.getLogger(__name__)


class Jobs:
    """The window's way to the flows. `run` from any thread."""

    def __init__(self, bridge: Bridge, failed: Callable[[Trouble], None]) -> None:
        """`failed` is the default answer to a failure, on the UI thread."""
        self._bridge = bridge
        self._failed = failed
        self._ending = False
        self._worker = Worker("ui-jobs")

    @property
    def here(self) -> bool:
        """True on the worker's own thread."""
        return self._worker.here

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], object] | None = None,
        *,
        failed: Callable[[Trouble], object] | None = None,
        priority: int = NOW,
    ) -> None:
        """Call `work` on the worker; then `done` with its result, or `failed` (else the default) with why not.

        A job that comes after the end is dropped: it had no answer, so nothing was promised.
        """
        try:
            self._worker.submit(partial(self._do, work, done, failed or self._failed, priority), priority=priority)
        except WorkerStopped:
            _log.info("a job came after the end")

    def close(self, last: Callable[[], None], *, limit_s: float) -> bool:
        """Finish what people did, call `last` on the worker, and end it. False if that took longer than `limit_s`.

        A worker that does not come back is left behind: it is a daemon, and what was committed is safe.
        """
        self._ending = True
        until_s = time.monotonic() + limit_s
        try:
            ended: Future[None] = self._worker.submit(last, priority=LAST)
        except WorkerStopped:
            return True
        try:
            ended.result(limit_s)
        except NotInTime:
            _log.error("the work of the window did not end within %.1f s", limit_s)
            self._worker.stop(0.0)
            return False
        except Exception:
            _log.critical("the end of the program failed", exc_info=True)
        self._worker.stop(max(0.0, until_s - time.monotonic()))
        return True

    def _do(
        self,
        work: Callable[[], T],
        done: Callable[[T], object] | None,
        failed: Callable[[Trouble], object],
        priority: int,
    ) -> None:
        if self._ending and priority == LATER:
            return
        try:
            result = work()
        except Trouble as trouble:
            self._bridge.post(partial(failed, trouble))
        except Exception as error:
            _log.critical("bug in a job of the window", exc_info=True)
            self._bridge.post(partial(failed, Trouble("bug", kind=type(error).__name__)))
        else:
            if done is not None:
                self._bridge.post(partial(done, result))
