"""Threads → the UI thread: a lock-guarded deque and one argument-free signal. Lives on the UI thread.

A signal with arguments from a foreign thread copies them once per event and floods the event queue in a burst; here a
burst is one wake-up, and what it brought is delivered in the order in which it was posted.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot

Delivery = Callable[[], object]
_log = logging.getLogger(__name__)


class Bridge(QObject):
    """Runs on the UI thread what other threads post. Made on the UI thread."""

    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._posted: deque[Delivery] = deque()
        self._closed = False
        self._wakes = 0
        self._woken.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        application = QCoreApplication.instance()
        if application is not None:
            # Before Qt takes its objects apart: a thread that still works must not wake what is being destroyed.
            application.aboutToQuit.connect(self.close)

    @property
    def wakes(self) -> int:
        """How often the UI thread was woken so far."""
        return self._wakes

    def post(self, delivery: Delivery) -> None:
        """Have `delivery` called on the UI thread, after all that was posted before. Any thread; never blocks."""
        with self._lock:
            if self._closed:
                return
            sleeping = not self._posted
            self._posted.append(delivery)
            if sleeping:
                # Inside the lock, so that `close` never deletes the object between the question and the signal.
                self._woken.emit()

    @Slot()
    def close(self) -> None:
        """Deliver nothing more; what is still posted is dropped. UI thread."""
        with self._lock:
            self._closed = True
            self._posted.clear()

    @Slot()
    def _drain(self) -> None:
        self._wakes += 1
        with self._lock:
            posted, self._posted = self._posted, deque()
        for delivery in posted:
            if self._closed:
                return
            try:
                delivery()
            except Exception:
                # One screen that fails must not swallow what came for the others.
                _log.critical("a delivery to the screen failed", exc_info=True)
