"""Looks for serial ports on a thread of its own, because a driver may take its time; found on the UI thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from app.ui.bridge import Bridge
from devices import FoundPort, list_ports

_log = logging.getLogger(__name__)


class PortFinder(QObject):
    """One search at a time."""

    found = Signal(object)
    """tuple[FoundPort, …]."""

    def __init__(
        self, parent: QObject | None = None, *, look_for: Callable[[], tuple[FoundPort, ...]] = list_ports
    ) -> None:
        super().__init__(parent)
        self._look_for = look_for
        self._bridge = Bridge(self)
        self._looking = False

    def look(self) -> None:
        """Answer: `found`. While a search is under way nothing more is asked."""
        if self._looking:
            return
        self._looking = True
        threading.Thread(target=self._search, name="port-finder", daemon=True).start()

    def _search(self) -> None:
        """On its own thread."""
        try:
            ports = self._look_for()
        except OSError as error:
            _log.warning("the ports cannot be listed: %s", error)
            ports = ()
        try:
            self._bridge.post(partial(self._tell, ports))
        except RuntimeError:  # the window was closed meanwhile, and Qt's half of the bridge with it
            _log.info("nobody waits for the ports any more")

    def _tell(self, ports: tuple[FoundPort, ...]) -> None:
        self._looking = False
        self.found.emit(ports)


def way_code(port: FoundPort) -> str:
    """The text that says how a model hands out its labels."""
    return f"way_{port.model.way.value}" if port.model else "model_unknown"
