"""The sheet that says what an unknown code is: its drug among those of the delivery, then its level. UI thread.

Two touches, one if the delivery has one drug; it lies over the differences, never a dialog, and scanning goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout

from app.base.texts import Texts
from app.flows.views import LineView
from app.ui.icons import Icon
from app.ui.screens.receiving_words import code_tail
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import IconButton, PlainButton
from app.ui.widgets.cards import Card, Page
from app.ui.widgets.fitting import Label
from app.ui.widgets.rows import Row, RowList

LEVELS = {1: Icon.BOX, 2: Icon.LAYERS, 3: Icon.BOX_OPEN, 4: Icon.BOXES}
STACKED_FROM = 1.5  # above it the levels stand under each other
DRUGS_SEEN = 6  # at once; the others are scrolled to


class LevelSheet(Page):
    """Asks for drug and level. `decided` gives the command; `dropped`: nothing was said."""

    decided = Signal(str)
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._code = self._drug = ""
        self._names: dict[str, str] = {}
        self._back = IconButton("recv_sheet_back", Icon.BACK)
        self._back.clicked.connect(self._go_back)
        self._title = Label("recv_learn", size=Size.TITLE, bold=True)
        self._subject = Label(tone=Tone.QUIET)
        self._step = Label("recv_learn_drug", size=Size.SMALL, tone=Tone.QUIET, bold=True)
        self.drugs = RowList("recv_learn_drug", title_lines=2)
        self.drugs.chosen.connect(self._choose)
        self.levels = {level: PlainButton(f"recv_learn_level_{level}", icon=icon) for level, icon in LEVELS.items()}
        for level, button in self.levels.items():
            button.clicked.connect(partial(self._decide, level))
        self._lay_out()

    @property
    def code(self) -> str:
        """What is asked about; empty while the sheet is not in use."""
        return self._code

    def open(self, code: str, lines: Sequence[LineView]) -> None:
        """Ask about this code, with the drugs of these lines."""
        self._code = code
        found = {line.drug: line for line in lines}
        self._names = {drug: f"{line.name} {line.spec}".strip() for drug, line in found.items()}
        rows = [Row(drug, name, drug, icon=Icon.DRUG) for drug, name in self._names.items()]
        self.drugs.set_rows(rows)
        self._drug = rows[0].key if len(rows) == 1 else ""
        self.verticalScrollBar().setValue(0)
        self._show()
        self.take_keys()

    def drop(self) -> None:
        """Ask nothing any more."""
        self._code = self._drug = ""

    def take_keys(self) -> None:
        """The keys are at the first drug, or at the smallest level."""
        if self._drug:
            self.levels[1].setFocus()
        else:
            self.drugs.setFocus()
            if not self.drugs.currentIndex().isValid():
                self.drugs.setCurrentIndex(self.drugs.model_of_rows.index(0))

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._place(1 if look.text_scale >= STACKED_FROM else 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._go_back()
            return
        super().keyPressEvent(event)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(self._back)
        head.addWidget(self._title, 1, Qt.AlignmentFlag.AlignVCenter)
        self.rows.setContentsMargins(0, 0, 0, 2 * GRID_PX)
        self.add(head)
        card = Card(padding_px=GRID_PX + GRID_PX // 2)
        for part in (self._subject, self._step, self.drugs):
            card.add(part)
        self._grid = QGridLayout()
        self._grid.setSpacing(GRID_PX)
        self._place(2)
        card.add(self._grid)
        self.add(card)
        self.add_stretch()

    def _place(self, columns: int) -> None:
        while self._grid.takeAt(0) is not None:
            pass
        for place, button in enumerate(self.levels.values()):
            self._grid.addWidget(button, place // columns, place % columns)

    def _show(self) -> None:
        name = self._names.get(self._drug, "")
        self._subject.show_text("\n".join(part for part in (name, code_tail(self._code)) if part))
        self._step.say("recv_learn_level" if self._drug else "recv_learn_drug")
        self.drugs.setVisible(not self._drug)
        self.drugs.setFixedHeight(self.drugs.height_for(max(1, min(DRUGS_SEEN, len(self._names)))))
        for button in self.levels.values():
            button.setVisible(bool(self._drug))

    def _choose(self, drug: str) -> None:
        self._drug = drug
        self._show()
        self.take_keys()

    def _go_back(self) -> None:
        if self._drug and len(self._names) > 1:
            self._choose("")
        else:
            self.dropped.emit()

    def _decide(self, level: int) -> None:
        if self._code and self._drug:
            self.decided.emit(f"level {self._code} {self._drug} {level}")
