"""The sheet that records an outcome: how many, and why. It lies over the differences, never a dialog. UI thread.

A touch on a reason records at once; a reason of one's own is typed and recorded with its button.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.commands import OUTCOME_OF
from app.ui.icons import Icon
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import IconButton, Kind, PlainButton
from app.ui.widgets.cards import Card, Page
from app.ui.widgets.choices import Field
from app.ui.widgets.fitting import Label

REASONS = {
    "short": ("recv_why_not_come", "recv_why_lost", "recv_why_note_wrong", "recv_why_later"),
    "exempt": ("recv_why_uncoded", "recv_why_label_bad", "recv_why_loose", "recv_why_made_here"),
    "over": ("recv_why_sent_more", "recv_why_note_wrong", "recv_why_gift", "recv_why_unknown"),
    "damaged": ("recv_why_crushed", "recv_why_wet", "recv_why_leaks", "recv_why_label_torn"),
    "reject": ("recv_why_wrong_batch", "recv_why_old", "recv_why_warm", "recv_why_not_ordered"),
}
"""By the name of the command; the words are recorded as the reason."""
OUTCOME_KEYS = {
    Qt.Key.Key_F5: "short",
    Qt.Key.Key_F6: "over",
    Qt.Key.Key_F7: "damaged",
    Qt.Key.Key_F8: "reject",
    Qt.Key.Key_F9: "exempt",
}
"""One key for each outcome, of the code or line under the hand; no scanner types them."""


@dataclass(frozen=True, slots=True)
class Ask:
    """An outcome that is being recorded: of `line` with a count, or of `code`. `subject` is for the person."""

    command: str
    subject: str
    line: int | None = None
    code: str | None = None
    count: int = 0
    already: int = 0  # of this outcome on the line: a later record replaces it, so it is added
    most: int = 0

    def text(self, reason: str) -> str:
        """The command, as a command code would have it."""
        if self.line is not None:
            return f"{self.command} {self.line} {self.already + self.count} {reason}"
        return f"{self.command} {self.code} {reason}"


class OutcomeSheet(Page):
    """Asks how many and why. `decided` gives the command; `dropped`: nothing was recorded."""

    decided = Signal(str)
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._look, self._texts = Look(), Texts({})
        self._ask: Ask | None = None
        self._back = IconButton("recv_sheet_back", Icon.BACK)
        self._back.clicked.connect(self.dropped)
        self._title = Label(size=Size.TITLE, bold=True)
        self._subject = Label(tone=Tone.QUIET)
        self._fewer = IconButton("recv_fewer", Icon.MINUS, kind=Kind.PLAIN)
        self._more = IconButton("recv_more", Icon.PLUS, kind=Kind.PLAIN)
        self._count = Label(size=Size.LARGE, bold=True, align=Qt.AlignmentFlag.AlignHCenter)
        self._fewer.clicked.connect(partial(self._step, -1))
        self._more.clicked.connect(partial(self._step, 1))
        self._stepper = QWidget()
        self._why = Label("recv_why", size=Size.SMALL, tone=Tone.QUIET, bold=True)
        self._reasons = [PlainButton("") for _ in range(max(map(len, REASONS.values())))]
        for place, button in enumerate(self._reasons):
            button.clicked.connect(partial(self._pick, place))
        self._own = Field("recv_why_own")
        self._own.edit.setMaxLength(60)
        self._own.edit.returnPressed.connect(self._record_own)
        self._own.edit.textChanged.connect(self._own_changed)
        self._record = PlainButton("recv_record", icon=Icon.CHECK)
        self._record.clicked.connect(self._record_own)
        self._lay_out()

    @property
    def ask(self) -> Ask | None:
        """What is being asked; None while the sheet is not in use."""
        return self._ask

    def open(self, ask: Ask) -> None:
        """Ask anew."""
        self._ask = ask
        self._own.edit.clear()
        self._own_changed("")
        self._show()
        self.verticalScrollBar().setValue(0)
        self.take_keys()

    def follow(self, ask: Ask) -> None:
        """The line moved under the question: as many as were chosen, but not more than there are now."""
        if self._ask is not None:
            self._ask = replace(ask, count=min(max(1, self._ask.count), ask.most))
            self._show()

    def take_keys(self) -> None:
        """The keys are at the first reason."""
        self._reasons[0].setFocus()

    def drop(self) -> None:
        """Ask nothing any more."""
        self._ask = None

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dropped.emit()
            return
        super().keyPressEvent(event)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(self._back)
        head.addWidget(self._title, 1, Qt.AlignmentFlag.AlignVCenter)
        self.rows.setContentsMargins(0, 0, 0, 2 * GRID_PX)
        self.add(head)
        card = Card()
        card.add(self._subject)
        steps = QHBoxLayout(self._stepper)
        steps.setContentsMargins(0, 0, 0, 0)
        steps.addWidget(self._fewer)
        steps.addWidget(self._count, 1)
        steps.addWidget(self._more)
        card.add(self._stepper)
        card.add(self._why)
        for button in self._reasons:
            card.add(button)
        card.add(self._own)
        card.add(self._record)
        self.add(card)
        self.add_stretch()

    def _show(self) -> None:
        ask = self._ask
        if ask is None:
            return
        kind = OUTCOME_OF[ask.command]
        self._title.say(f"recv_ask_{kind}")
        self._subject.show_text(ask.subject)
        self._stepper.setVisible(ask.line is not None)
        self._count.show_text(str(ask.count))
        self._fewer.setEnabled(ask.count > 1)
        self._more.setEnabled(ask.count < ask.most)
        codes = REASONS[ask.command]
        for place, button in enumerate(self._reasons):
            button.setVisible(place < len(codes))
            if place < len(codes):
                button.say(codes[place])
        theme_tree(self.column, self._look, self._texts)

    def _step(self, by: int) -> None:
        if self._ask is not None:
            count = min(max(1, self._ask.count + by), self._ask.most)
            self._ask = replace(self._ask, count=count)
            self._show()

    def _pick(self, place: int) -> None:
        self._decide(self._reasons[place].text())

    def _record_own(self) -> None:
        reason = " ".join(self._own.edit.text().split())
        if reason:
            self._decide(reason)

    def _own_changed(self, text: str) -> None:
        self._record.setEnabled(bool(text.strip()))

    def _decide(self, reason: str) -> None:
        if self._ask is not None:
            self.decided.emit(self._ask.text(reason))
