"""The parts of the differences: the equation as numbers, and a card for a line that does not add up. UI thread."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QWidget

from app.base.texts import Texts
from app.domain.documents import Equation
from app.flows.views import LineView
from app.ui.screens.receiving_sheet import Ask
from app.ui.screens.receiving_words import OUTCOME_ICONS, outcomes_of
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import PlainButton
from app.ui.widgets.cards import Card
from app.ui.widgets.fitting import Fit, Label

PARTS = ("expected", "received", "short", "damaged", "rejected", "exempt")
STACKED_FROM = 1.5
MOST_OVER = 9_999  # so many packs more than expected can be recorded by touch


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
        over = PlainButton("recv_give_over", icon=OUTCOME_ICONS["over"])
        self.buttons = {**pair.buttons, "over": over}
        self.add(self._name)
        self.add(self._lacks)
        self.add(self._done)
        self.add(pair)
        self.add(over)
        for name, button in self.buttons.items():
            button.clicked.connect(partial(self._wish, name))

    def draw(self, line: LineView, look: Look, texts: Texts) -> None:
        """Show the line as it stands."""
        self._line = line
        count = abs(line.missing)
        self._name.show_text(f"{line.line} · {line.name}")
        stands = "recv_lacks" if line.missing > 0 else ("recv_exceeds" if line.missing < 0 else "recv_even")
        self._lacks.set_tone(Tone.ATTENTION if line.missing else Tone.GOOD)
        self._lacks.say(stands, count=count, unit=line.unit)
        done = outcomes_of(texts, look.lang, line)
        self._done.show_text(done)
        self._done.setVisible(bool(done))
        for name in ("short", "exempt"):
            mine = line.short if name == "short" else line.exempt
            button = self.buttons[name]
            button.setVisible(line.missing > 0 or (line.missing < 0 and mine > 0))
            button.say(f"recv_give_{name}" if line.missing > 0 else f"recv_fewer_{name}", count=count)
        over = self.buttons["over"]
        over.setVisible(line.missing <= 0 or line.over > 0)
        over.say("recv_fewer_over" if line.over else "recv_give_over", count=line.over)
        theme_tree(self, look, texts)

    def _wish(self, name: str) -> None:
        if self._line is not None:
            self.asked.emit(ask_of(self._line, name))


def ask_of(line: LineView, name: str) -> Ask:
    """What a touch on short, exempt or over asks.

    Short, exempt: all that is missing on top of what is recorded, or less if too much is. Over is beside the equation:
    one, or another number in the place of what is recorded.
    """
    subject = f"{line.line} · {line.name}"
    if name == "over":
        return Ask(name, subject, line.line, count=max(1, line.over), most=MOST_OVER)
    mine = line.short if name == "short" else line.exempt
    if line.missing > 0:
        return Ask(name, subject, line.line, count=line.missing, already=mine, most=line.missing)
    return Ask(name, subject, line.line, count=max(0, mine + line.missing), most=mine)
