"""One named thread with one inbox: jobs run in order of priority, then of arrival.

The program's database work lives on one such thread, so whoever calls from elsewhere either waits (`call`) or is
told later (`submit`). A job that fails keeps its exception in its future; the thread goes on.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class WorkerStopped(RuntimeError):
    """A job was handed to a worker that has ended."""


class Worker:
    """A thread, an inbox with priorities (lower goes first), and a clean end."""

    def __init__(self, name: str) -> None:
        self._ready = threading.Condition()
        self._inbox: list[tuple[int, int, Callable[[], None], Future[Any]]] = []
        self._order = itertools.count()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def here(self) -> bool:
        """True on this worker's own thread."""
        return threading.current_thread() is self._thread

    def submit(self, job: Callable[[], T], *, priority: int = 0) -> Future[T]:
        """Put a job in the inbox; its future holds the result or the exception."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                result = job()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._ready:
            if self._stopping:
                raise WorkerStopped(self._thread.name)
            heapq.heappush(self._inbox, (priority, next(self._order), run, future))
            self._ready.notify()
        return future

    def call(self, job: Callable[[], T], *, priority: int = 0) -> T:
        """Run a job and wait for its result; on the worker's own thread it runs at once."""
        if self.here:
            return job()
        return self.submit(job, priority=priority).result()

    def waiting(self, below: int) -> bool:
        """True while a job with a priority smaller than `below` waits (long jobs ask this between their steps)."""
        with self._ready:
            return bool(self._inbox) and self._inbox[0][0] < below

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish what is in the inbox, then end. Jobs handed in afterwards raise WorkerStopped."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        if not self.here:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._inbox:
                    if self._stopping:
                        return
                    self._ready.wait()
                _, _, run, future = heapq.heappop(self._inbox)
            if future.set_running_or_notify_cancel():
                run()
