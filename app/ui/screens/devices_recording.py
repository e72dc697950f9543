"""The card that records all scanners into a file, for whoever installs. UI thread."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.icons import Icon
from app.ui.scanner_recording import RecordingView
from app.ui.theme import Size, Tone
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.cards import Badge, Card
from app.ui.widgets.fitting import Label


class RecordingCard(Card):
    """Seen by those who may record; while it records, by all."""

    began = Signal()
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._view, self._may_record = RecordingView(), False
        self.title = Label("recording_card", size=Size.TITLE, bold=True)
        self.state = Badge("recording_on", tone=Tone.STOP)
        self.hint = Label("recording_card", tone=Tone.QUIET, part="advice")
        self.counts = Label("recording_counts")
        self.place = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.start = Button("recording_begin", kind=Kind.PLAIN, icon=Icon.DOCUMENT)
        self.stop = Button("recording_stop", kind=Kind.PLAIN, icon=Icon.CLOSE)
        for part in (self.title, self.state, self.hint, self.counts, self.place, self.start, self.stop):
            self.add(part)
        self.start.clicked.connect(self.began)
        self.stop.clicked.connect(self.stopped)
        self._show()

    def allow(self, may_record: bool) -> None:
        """Whether the person at the window has the right."""
        self._may_record = may_record
        self._show()

    def draw(self, view: RecordingView) -> None:
        """The recording as it stands."""
        self._view = view
        self._show()

    def _show(self) -> None:
        view = self._view
        self.setVisible(self._may_record or view.active)
        self.state.setVisible(view.active)
        self.hint.setVisible(not view.active)
        self.hint.say(view.code or "recording_card", scans=view.scans, masked=view.masked, subject=view.path)
        self.counts.setVisible(bool(view.path))
        self.counts.say("recording_counts", scans=view.scans, refused=view.refused, masked=view.masked)
        self.place.setVisible(bool(view.path))
        self.place.show_text(view.path)
        self.start.setVisible(not view.active)
        self.stop.setVisible(view.active)
