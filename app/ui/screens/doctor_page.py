"""The doctor's page: the sheet code by code, the checklist, and what to mend in which order. UI thread."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.doctor import DoctorView
from app.ui.icons import Icon
from app.ui.screens.doctor_parts import CodeLine, CureCard, SymbolView, VisitHead
from app.ui.screens.screen import Form
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.cards import Card, Page, SectionTitle
from app.ui.widgets.fitting import Label

_WIDEST_PX = 1120
_HEADS: Mapping[str, tuple[Icon, Tone]] = {
    "waiting": (Icon.SCAN, Tone.ACCENT),
    "listening": (Icon.SCAN, Tone.ACCENT),
    "good": (Icon.GOOD, Tone.GOOD),
    "wrong": (Icon.ATTENTION, Tone.ATTENTION),
}


class DoctorPage(QWidget):
    """Draws a visit. `left` ends it, `finished`: nothing more scans, `again` starts anew, `printed` wants paper."""

    left = Signal()
    finished = Signal()
    again = Signal()
    printed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._texts = Look(), Texts({})
        self._view: DoctorView | None = None
        self._chosen = ""
        self._over = self._desk = False
        self.head = VisitHead()
        self.symbol = SymbolView()
        self.name = Label("doctor_code_plain", bold=True)
        self.masked = Label("doctor_masked", tone=Tone.STOP, part="line")
        self._cure_title = SectionTitle("doctor_cures")
        self.hint = Label("doctor_on_screen", size=Size.SMALL, tone=Tone.QUIET, part="line")
        self.symbol.fitted.connect(lambda fits: self.hint.say("doctor_on_screen" if fits else "doctor_too_wide"))
        self.back = Button("doctor_leave", kind=Kind.QUIET, icon=Icon.BACK)
        self.paper = Button("doctor_print", kind=Kind.PLAIN, icon=Icon.DOCUMENT)
        self.done = Button("doctor_done", kind=Kind.PRIMARY, icon=Icon.CHECK)
        self.anew = Button("doctor_again", kind=Kind.PLAIN, icon=Icon.RETRY)
        self.lines: tuple[CodeLine, ...] = ()
        self.cures: tuple[CureCard, ...] = ()
        self.back.clicked.connect(self.left)
        self.paper.clicked.connect(self.printed)
        self.done.clicked.connect(self.finished)
        self.anew.clicked.connect(self.again)
        self._build()

    def draw(self, view: DoctorView) -> None:
        """The visit as it stands."""
        self._view = view
        icon, tone = _HEADS[view.state]
        self.head.draw(f"doctor_{view.state}", icon, tone)
        self.masked.setVisible(view.masked > 0)
        self._draw_lines(view)
        self._draw_cures(view)
        waiting = [row.key for row in view.rows if row.state == "waiting"]
        if self._chosen not in waiting:
            self._chosen = waiting[0] if waiting else self._chosen or view.rows[0].key
        self._show_symbol()
        over = not waiting
        self.done.setVisible(not over)
        self.anew.setVisible(over)
        self._over = over
        self._show_sheet()

    def arrange(self, form: Form) -> None:
        """Side by side on a desk, under each other in the hand."""
        desk = form is Form.DESK
        self._columns.setDirection(QBoxLayout.Direction.LeftToRight if desk else QBoxLayout.Direction.TopToBottom)
        self._desk = desk
        self._show_sheet()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        if self._view is not None:
            self.draw(self._view)

    def _build(self) -> None:
        page = Page(width_px=_WIDEST_PX)
        left, right = QVBoxLayout(), QVBoxLayout()
        self._cure_rows = QVBoxLayout()
        for column in (left, right, self._cure_rows):
            column.setSpacing(GRID_PX)
        left.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        left.addWidget(self.head)
        left.addWidget(self.masked)
        self._sheet = Card()
        self._sheet.add(self.name)
        self._sheet.add(self.symbol)
        self._sheet.add(self.hint)
        self._sheet.add(self.paper)
        left.addWidget(self._sheet)
        left.addStretch(1)
        right.addWidget(self._cure_title)
        right.addLayout(self._cure_rows)
        right.addWidget(SectionTitle("doctor_checklist"))
        self._checklist = Card()
        right.addWidget(self._checklist)
        right.addWidget(self.done)
        right.addWidget(self.anew)
        right.addStretch(1)
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._columns.setSpacing(2 * GRID_PX)
        self._columns.addLayout(left, 1)
        self._columns.addLayout(right, 1)
        page.add(self._columns)
        page.add_stretch()
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(page)

    def _draw_lines(self, view: DoctorView) -> None:
        _drop(self.lines)
        self.lines = tuple(CodeLine(row) for row in view.rows)
        for line in self.lines:
            line.button.clicked.connect(lambda _checked=False, key=line.key: self._choose(key))
            self._checklist.add(line)
            theme_tree(line, self._look, self._texts)

    def _draw_cures(self, view: DoctorView) -> None:
        _drop(self.cures)
        numbered = enumerate(view.cures, start=1)
        self.cures = tuple(CureCard(number, cure, self._texts, self._look.lang) for number, cure in numbered)
        for card in self.cures:
            self._cure_rows.addWidget(card)
            card.retheme(self._look, self._texts)
            theme_tree(card, self._look, self._texts)
        self._cure_title.setVisible(bool(self.cures))

    def _choose(self, key: str) -> None:
        self._chosen = key
        self._over = False  # somebody wants to scan this one once more
        self._show_symbol()
        self._show_sheet()

    def _show_sheet(self) -> None:
        """In the hand the results go before codes that nobody scans any more."""
        self._sheet.setVisible(self._desk or not self._over)

    def _show_symbol(self) -> None:
        self.symbol.show_code(self._chosen)
        self.name.say(f"doctor_code_{self._chosen}")


def _drop(parts: tuple[QWidget, ...]) -> None:
    for part in parts:
        part.hide()
        part.deleteLater()
