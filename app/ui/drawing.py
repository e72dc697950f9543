"""Draws paper on a thread of its own, so that no frame waits for it; the answer comes on the UI thread.

Qt lets a QPainter work on a paper device in any thread, one thread a device. Made and asked on the UI thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QCoreApplication

from app.base.errors import Trouble
from app.ui.bridge import Bridge

T = TypeVar("T")
END_S = 10.0  # how long the end of the program waits for what is being drawn
_log = logging.getLogger(__name__)


class Drawing:
    """One thing after the other, each on a thread that ends with it."""

    def __init__(self) -> None:
        self._bridge = Bridge()
        self._thread: threading.Thread | None = None
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.wait)

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def run(self, draw: Callable[[], T], done: Callable[[T | Trouble], object]) -> None:
        """Call `draw` over there, after what was asked before; then `done` here with what it returned, or with the
        trouble.
        """
        earlier = self._thread

        def work() -> None:
            if earlier is not None:
                earlier.join()
            try:
                found: T | Trouble = draw()
            except Trouble as trouble:
                found = trouble
            except Exception as error:
                _log.critical("bug while drawing", exc_info=True)
                found = Trouble("bug", kind=type(error).__name__)
            self._bridge.post(lambda: done(found))

        self._thread = threading.Thread(target=work, name="paper", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """For what is under way, at most END_S."""
        if self._thread is not None:
            self._thread.join(END_S)
