"""The relay (云码平台) on the settings page: whether it answers, and which manifests it could not bring. UI thread."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.relay_words import RelayView, refused_words, state_of
from app.ui.screens.moments import DEFAULT_ZONE, moment
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.cards import Card, IconMark, SectionTitle
from app.ui.widgets.fitting import Label
from sync import SyncStatus

REFUSED_SHOWN = 5


class RelayCard(Card):
    """Draws a RelayView."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts, self._zone = Look(), Texts({}), DEFAULT_ZONE
        self._view = RelayView(SyncStatus().relay)
        title = SectionTitle("relay_title")
        title.setContentsMargins(0, 0, 0, 0)
        self.state, self.why = Label(bold=True), Label(size=Size.SMALL, tone=Tone.QUIET)
        self._mark = IconMark(state_of(self._view.status).icon, tone=Tone.INK, grids=5)
        words, row = QVBoxLayout(), QHBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(self.state)
        words.addWidget(self.why)
        words.addStretch(1)
        row.setSpacing(GRID_PX + GRID_PX // 2)
        row.addWidget(self._mark)
        row.addLayout(words, 1)
        self.refused = [(Label(bold=True), Label(size=Size.SMALL, tone=Tone.QUIET)) for _ in range(REFUSED_SHOWN)]
        self._rest = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.add(title)
        self.add(row)
        for part in (*(label for pair in self.refused for label in pair), self._rest):
            self.add(part)
        self._show()

    def draw(self, view: RelayView) -> None:
        """The line as it stands."""
        self._view = view
        self._show()

    def set_zone(self, zone: str) -> None:
        """The hospital's."""
        self._zone = zone
        self._show()

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts
        self._show()

    def _show(self) -> None:
        status, lang = self._view.status, self._look.lang
        state = state_of(status)
        self._mark.set_icon(state.icon, Tone.INK if state.tone is Tone.QUIET else state.tone)
        last = "" if status.last_ms is None else moment(status.last_ms, self._zone)[5:]
        self.state.set_tone(Tone.INK if state.tone is Tone.QUIET else state.tone)
        self.state.say(state.code, last=last)
        why = self._texts.line(state.why, lang) if state.why else self._texts.advice(state.code, lang)
        about = status.subject if state.why else None  # the member that a reply lacks, for IT
        self.why.show_text(" · ".join(filter(None, (why, about))))
        self.why.setVisible(bool(self.why.text()))
        shown = self._view.refused[:REFUSED_SHOWN]
        for place, (title, advice) in enumerate(self.refused):
            for label in (title, advice):
                label.setVisible(place < len(shown))
            if place < len(shown):
                said = refused_words(self._texts, lang, shown[place])
                title.show_text(said[0])
                title.set_tone(Tone.ATTENTION)
                advice.show_text(said[1])
        left = len(self._view.refused) - len(shown)
        self._rest.setVisible(left > 0)
        self._rest.say("recv_and_more", count=left)
        for label in (self.state, self._rest):
            theme_tree(label, self._look, self._texts)
