"""“Scan this”: a code on the screen, and the scanner that answers is kept. UI thread."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.flows.scanner_search import SHOWN, SearchView
from app.ui.icons import Icon
from app.ui.screens.doctor_parts import SymbolView, VisitHead
from app.ui.theme import Size, Tone
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.cards import Card, Page, SectionTitle
from app.ui.widgets.fitting import Label

_HEADS: Mapping[str, tuple[str, Icon, Tone]] = {
    "listening": ("search_title", Icon.SCAN, Tone.ACCENT),
    "alone": ("search_alone", Icon.ATTENTION, Tone.ATTENTION),
    "found": ("search_found", Icon.GOOD, Tone.GOOD),
    "known": ("search_known", Icon.GOOD, Tone.GOOD),
}


class SearchPage(QWidget):
    """Draws a search. `left` ends it."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = VisitHead()
        self.symbol = SymbolView()
        self.listening = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.back = Button("doctor_leave", kind=Kind.QUIET, icon=Icon.BACK)
        self.back.clicked.connect(self.left)
        page, sheet = Page(), Card()
        page.rows.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        page.add(self.head)
        sheet.add(self.symbol)
        page.add(sheet)
        self._title = SectionTitle("search_listening")
        page.add(self._title)
        page.add(self.listening)
        page.add_stretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(page)

    def draw(self, view: SearchView) -> None:
        """The search as it stands."""
        code, icon, tone = _HEADS[view.state]
        self.head.draw(code, icon, tone, subject=view.device)
        self.symbol.show_code(SHOWN.key)
        self.listening.show_text("\n".join(view.listening))
        for part in (self._title, self.listening):
            part.setVisible(bool(view.listening))
