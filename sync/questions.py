"""Calls that are not items: asked and answered, never stored. A thread and an HTTP client of their own, so that a
question does not wait behind a long batch, nor a batch behind a question.

The thread starts with the first question.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from sync.endpoints import middleware_ask
from sync.transport import Transport
from sync.verdicts import Answer

T = TypeVar("T")


class Questions:
    """Asks one question after the other; each answer, or SyncError, comes through its future."""

    def __init__(self, connect: Callable[[], Transport]) -> None:
        """`connect` makes the client, on the questions' thread; what it raises is the answer to the question."""
        self._connect = connect
        self._inbox: queue.SimpleQueue[Callable[[Callable[[], Transport]], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def ask_by_ids(self, ids: Sequence[str], timeout_s: float) -> Future[tuple[Answer, ...]]:
        """What became of these items (at most `middleware_ask.MAX_IDS`); `timeout_s` limits the wait for the server."""
        wanted = tuple(ids)
        return self.submit(lambda transport: middleware_ask.post(transport, wanted, timeout_s))

    def submit(self, question: Callable[[Transport], T]) -> Future[T]:
        """Run `question` on the questions' thread. Raises RuntimeError after `stop`."""
        future: Future[T] = Future()

        def run(connected: Callable[[], Transport]) -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                answer = question(connected())
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(answer)

        with self._lock:
            if self._stopped:
                raise RuntimeError("questions are closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sync-questions", daemon=True)
                self._thread.start()
            self._inbox.put(run)
        return future

    def stop(self, timeout_s: float) -> None:
        """Answer what was asked, then end; a question that takes longer than `timeout_s` is left behind."""
        with self._lock:
            self._stopped = True
            thread = self._thread
            self._inbox.put(None)
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        transport: Transport | None = None

        def connected() -> Transport:
            nonlocal transport
            transport = transport or self._connect()
            return transport

        try:
            while (question := self._inbox.get()) is not None:
                question(connected)
        finally:
            if transport is not None:
                transport.close()
