"""Forgets old traces of uploads now and then, while the program runs. A thread of its own, which mostly sleeps."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from app.base.errors import Trouble

FIRST_S = 120.0  # not while the program starts
EVERY_S = 86_400.0
_log = logging.getLogger(__name__)


class Sweeper:
    """Calls `sweep` after a while and then once a day, until it is closed."""

    def __init__(self, sweep: Callable[[], None], *, first_s: float = FIRST_S) -> None:
        """`sweep` may raise Trouble: then it is tried again another day."""
        self._sweep = sweep
        self._first_s = first_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upload-sweep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(5)

    def _run(self) -> None:
        wait_s = self._first_s
        while not self._over.wait(wait_s):
            wait_s = EVERY_S
            try:
                self._sweep()
            except Trouble as trouble:
                _log.warning("old traces of uploads stay for now: %s", trouble)
