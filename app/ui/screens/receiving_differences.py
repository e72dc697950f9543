"""The differences of a receipt: its equation, the lines that lack something, the last code, the lists. UI thread.

What is recorded here goes out as the text of a command, the same that a printed command code would send.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import cast

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.documents import Equation
from app.flows.views import LineView, ReceiptView
from app.ui.icons import Icon
from app.ui.screens.receiving_sheet import Ask, OutcomeSheet
from app.ui.screens.receiving_words import OUTCOME_ICONS, code_tail, list_rows, outcomes_of, say_missing
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, Kind, PlainButton
from app.ui.widgets.cards import Card, Page, SectionTitle
from app.ui.widgets.fitting import Fit, Label
from app.ui.widgets.rows import RowList

PARTS = ("expected", "received", "short", "damaged", "rejected", "exempt")
STACKED_FROM = 1.5
REST_MS = 150
LACKING_SHOWN = 12
"""So many lacking lines have buttons of their own; the next ones follow when these are settled."""


@dataclass(frozen=True, slots=True)
class ChosenCode:
    """The code that can be called damaged or rejected: its key, and the drug's name if it is known."""

    key: str
    name: str = ""

    @property
    def subject(self) -> str:
        """The drug over the end of the code."""
        return "\n".join(part for part in (self.name, code_tail(self.key)) if part)


class ButtonPair(QWidget):
    """Two buttons side by side, or under each other where the text is large."""

    def __init__(self, names: tuple[str, str]) -> None:
        super().__init__()
        self.buttons = {name: PlainButton(f"recv_give_{name}", icon=OUTCOME_ICONS[name]) for name in names}
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(GRID_PX)
        for button in self.buttons.values():
            self._box.addWidget(button, 1)

    def retheme(self, look: Look, _texts: Texts) -> None:
        large = look.text_scale >= STACKED_FROM
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if large else QBoxLayout.Direction.LeftToRight)


class EquationGrid(QWidget):
    """expected = received + short + damaged + rejected + exempt, as six numbers with their names."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID_PX)
        self._grid.setVerticalSpacing(0)
        self._numbers = {part: Label(size=Size.TITLE, bold=True, fit=Fit.SHRINK) for part in PARTS}
        self._names = {
            part: Label(f"recv_kind_{part}", size=Size.SMALL, tone=Tone.QUIET, fit=Fit.SHRINK) for part in PARTS
        }
        self._columns = 0
        self._place(3)

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._place(2 if look.text_scale >= STACKED_FROM else 3)

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        while self._grid.takeAt(0) is not None:
            pass
        for place, part in enumerate(PARTS):
            row, column = 2 * (place // columns), place % columns
            self._grid.addWidget(self._numbers[part], row, column)
            self._grid.addWidget(self._names[part], row + 1, column)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def draw(self, equation: Equation) -> None:
        for part, count in equation.as_dict().items():
            self._numbers[part].show_text(str(count))
            alarming = part in ("short", "damaged", "rejected") and count > 0
            self._numbers[part].set_tone(Tone.ATTENTION if alarming else Tone.INK)


class LackingCard(Card):
    """One line that does not add up, with what can be said of it at one touch."""

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__(padding_px=GRID_PX + GRID_PX // 2)
        self._line: LineView | None = None
        self._name = Label(bold=True)
        self._lacks = Label(size=Size.SMALL, tone=Tone.ATTENTION, bold=True)
        self._done = Label(size=Size.SMALL, tone=Tone.QUIET)
        pair = ButtonPair(("short", "exempt"))
        self.buttons = pair.buttons
        self.add(self._name)
        self.add(self._lacks)
        self.add(self._done)
        self.add(pair)
        for name, button in self.buttons.items():
            button.clicked.connect(partial(self._wish, name))

    def draw(self, line: LineView, look: Look, texts: Texts) -> None:
        """Show the line as it stands."""
        self._line = line
        count = abs(line.missing)
        self._name.show_text(f"{line.line} · {line.name}")
        self._lacks.say("recv_lacks" if line.missing > 0 else "recv_exceeds", count=count, unit=line.unit)
        done = outcomes_of(texts, look.lang, line)
        self._done.show_text(done)
        self._done.setVisible(bool(done))
        for name, button in self.buttons.items():
            mine = line.short if name == "short" else line.exempt
            button.setVisible(line.missing > 0 or mine > 0)
            button.say(f"recv_give_{name}" if line.missing > 0 else f"recv_fewer_{name}", count=count)
        theme_tree(self, look, texts)

    def _wish(self, name: str) -> None:
        if self._line is not None:
            self.asked.emit(ask_of(self._line, name))


def ask_of(line: LineView, name: str) -> Ask:
    """What a touch on short or exempt asks: all that is missing on top of what is recorded, or less if too much is."""
    mine = line.short if name == "short" else line.exempt
    subject = f"{line.line} · {line.name}"
    if line.missing > 0:
        return Ask(name, subject, line.line, count=line.missing, already=mine, most=line.missing)
    return Ask(name, subject, line.line, count=max(0, mine + line.missing), most=mine)


class Differences(QStackedWidget):
    """The differences, or the sheet over them. `wished` is the text of a command."""

    wished = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._look, self._texts = Look(), Texts({})
        self._view: ReceiptView | None = None
        self._code: ChosenCode | None = None
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(REST_MS)
        self._resting.timeout.connect(self._draw_code)
        self._first = 0  # the line that a person asked for stands before the others
        self.sheet = OutcomeSheet()
        self.sheet.decided.connect(self._decided)
        self.sheet.dropped.connect(self.show_overview)
        self._equation = EquationGrid()
        self._state = Label(size=Size.SMALL, tone=Tone.ATTENTION, bold=True)
        self.close_button = Button("recv_close", kind=Kind.PRIMARY, icon=Icon.CHECK)
        self.close_button.clicked.connect(self._close)
        self._code_title, self._code_label = SectionTitle("recv_code"), Label()
        self._code_pair = ButtonPair(("damaged", "reject"))
        self.code_buttons = self._code_pair.buttons
        self._lacking_title = SectionTitle("recv_lacking")
        self.lacking = [LackingCard() for _ in range(LACKING_SHOWN)]
        self._rest = Label(size=Size.SMALL, tone=Tone.QUIET)
        self._lists_title = SectionTitle("recv_lists")
        self._lists = RowList("recv_lists")
        self._lists_card = QWidget()
        self._page = Page()
        self._lay_out()

    @property
    def chosen(self) -> ChosenCode | None:
        """The code that damaged and rejected would be said of."""
        return self._code

    def draw(self, view: ReceiptView) -> None:
        """Show the receipt as it stands."""
        self._view = view
        self._equation.draw(view.equation)
        lacking = [line for line in view.lines if line.missing] if not view.closed else []
        lacking.sort(key=lambda line: line.line != self._first)
        sentence = say_missing(self._texts, self._look.lang, view.lines)
        self._state.setVisible(bool(sentence) or view.closed)
        if view.closed:
            self._state.set_tone(Tone.GOOD)
            self._state.say("closed")
        else:
            self._state.set_tone(Tone.ATTENTION)
            self._state.show_text(sentence)
        self.close_button.set_kind(Kind.PLAIN if lacking else Kind.PRIMARY)
        self.close_button.set_icon(Icon.BACK if view.closed else Icon.CHECK)
        self.close_button.say("recv_to_tasks" if view.closed else "recv_close")
        self._code_title.setVisible(not view.closed)
        self._code_card.setVisible(not view.closed)
        self._draw_lacking(lacking)
        self._draw_lists(view)
        self._draw_code()

    def choose(self, code: ChosenCode | None) -> None:
        """Damaged and rejected are said of this code from now on."""
        self._code = code
        self._draw_code()

    def take_scanned(self, code: ChosenCode) -> None:
        """The same for the code of a scan; its words follow when the hand rests, so that a burst costs no layout."""
        self._code = code
        self._resting.start()

    def bring(self, line: int) -> None:
        """Show this line before the others that lack something."""
        self._first = line
        self.show_overview()
        if self._view is not None:
            self.draw(self._view)
            self._page.ensureWidgetVisible(self.lacking[0])
            self.lacking[0].buttons["short"].setFocus()

    def ask(self, ask: Ask) -> None:
        """Open the sheet."""
        self.sheet.open(ask)
        self.setCurrentWidget(self.sheet)

    def show_overview(self) -> None:
        """Put the sheet away."""
        focus = cast("QWidget | None", self.focusWidget())  # the 6.8 stubs leave the None out
        worked_here = focus is not None and self.sheet.isAncestorOf(focus)
        self.sheet.drop()
        self.setCurrentWidget(self._page)
        if worked_here:  # else Qt moves the keys to the next part of the window, which may be a way out of here
            self.close_button.setFocus()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        if self._view is not None:
            self.draw(self._view)

    def _lay_out(self) -> None:
        self._page.rows.setContentsMargins(0, 0, 0, 2 * GRID_PX)
        card = Card()
        for part in (self._equation, self._state, self.close_button):
            card.add(part)
        self._page.add(card)
        self._code_card = Card(padding_px=GRID_PX + GRID_PX // 2)
        self._code_card.add(self._code_label)
        self._code_card.add(self._code_pair)
        for name, button in self.code_buttons.items():
            button.clicked.connect(partial(self._ask_code, name))
        self._page.add(self._code_title)
        self._page.add(self._code_card)
        self._page.add(self._lacking_title)
        for one in self.lacking:
            one.asked.connect(self.ask)
            self._page.add(one)
        self._page.add(self._rest)
        self._page.add(self._lists_title)
        holder = QVBoxLayout(self._lists_card)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addWidget(self._lists)
        self._page.add(self._lists_card)
        self._page.add_stretch()
        self.addWidget(self._page)
        self.addWidget(self.sheet)

    def _draw_lacking(self, lacking: list[LineView]) -> None:
        self._lacking_title.setVisible(bool(lacking))
        for place, card in enumerate(self.lacking):
            card.setVisible(place < len(lacking))
            if place < len(lacking):
                card.draw(lacking[place], self._look, self._texts)
        rest = len(lacking) - LACKING_SHOWN
        self._rest.setVisible(rest > 0)
        self._rest.say("recv_and_more", count=max(0, rest))

    def _draw_lists(self, view: ReceiptView) -> None:
        rows = list_rows(self._texts, self._look.lang, view)
        self._lists_title.setVisible(bool(rows))
        self._lists_card.setVisible(bool(rows))
        self._lists.set_rows(rows)
        self._lists.setFixedHeight(self._lists.height_for(len(rows)))

    def _draw_code(self) -> None:
        self._resting.stop()
        code = self._code
        open_now = self._view is not None and not self._view.closed
        self._code_label.set_tone(Tone.INK if code else Tone.QUIET)
        if code is None:
            self._code_label.say("recv_no_code_yet")
        else:
            self._code_label.show_text(code.subject)
        for button in self.code_buttons.values():
            button.setEnabled(code is not None and open_now)

    def _ask_code(self, name: str) -> None:
        if self._code is not None:
            self.ask(Ask(name, self._code.subject, code=self._code.key))

    def _decided(self, text: str) -> None:
        self.show_overview()
        self.wished.emit(text)

    def _close(self) -> None:
        if self._view is not None and self._view.closed:
            self.left.emit()
        else:
            self.wished.emit("close")
