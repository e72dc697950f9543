"""Joins the main window with the scanner that types into it: keys in, labels and reasons out. UI thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from app.base.texts import Texts
from app.flows.credentials import is_credential
from app.ui.conductor import Conductor
from app.ui.fronts import Front
from app.ui.scanner_recording import RecordingView
from app.ui.shell.frame import Frame
from app.ui.wedge_banner import WedgeBanner
from app.ui.wedge_filter import WedgeFilter
from devices.scan import Dropped
from devices.wedge_reading import WedgeProfile

SCANNING = frozenset({Front.SIGN_IN, Front.TASKS, Front.RECEIVING, Front.LOOKUP, Front.DEVICES})
"""Screens that take scans: no input method there, and a pasted label is one."""


class WindowKeys(QObject):
    """Listens from the moment the program behind the window is open, whether or not a scanner `keys` was named."""

    def __init__(self, window: QWidget, frame: Frame, conductor: Conductor, texts: Texts) -> None:
        super().__init__(window)
        self._frame, self._conductor, self._used = frame, conductor, False
        self.filter = WedgeFilter(window, self._profile, self._scanning)
        self.filter.heard.connect(self._heard)
        conductor.recording.changed.connect(self._record)
        self._record(conductor.recording.view)
        self.banner = WedgeBanner(frame, self._wanted, lambda: frame.look, texts)

    def _profile(self) -> WedgeProfile:
        keys = self._conductor.keys
        return WedgeProfile() if keys is None else keys.profile

    def _scanning(self) -> bool:
        return self._frame.current in SCANNING

    def _wanted(self) -> bool:
        """Whoever has no scanner that types is not to be bothered."""
        keys = self._conductor.keys
        return self._scanning() and (self._used or (keys is not None and keys.is_open))

    @Slot(object)
    def _record(self, view: RecordingView) -> None:
        self.filter.record(self._conductor.recording.take_typed if view.active else None, is_credential)

    @Slot(object)
    def _heard(self, item: bytes | Dropped) -> None:
        self._used = True
        self._conductor.take_keys(item)
