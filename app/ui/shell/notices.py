"""The one door for troubles on the screen: words in a card under the status strip, never a dialog. UI thread.

Notices with the same key replace each other. One is shown, the gravest and latest first, with the number of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.base.errors import Trouble
from app.base.texts import Texts
from app.ui.icons import Icon
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.cards import Card, IconMark
from app.ui.widgets.fitting import Label

PASSING_MS = 6_000
LARGE_TEXT = 1.5  # from here on the words need the room of the mark
GRAVITY = {Tone.STOP: 3, Tone.ATTENTION: 2, Tone.GOOD: 1}
MARKS = {Tone.STOP: Icon.STOP, Tone.ATTENTION: Icon.ATTENTION, Tone.GOOD: Icon.GOOD}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told: `code` has title and advice in the texts. A passing one goes by itself after 6 s."""

    code: str
    tone: Tone = Tone.ATTENTION
    values: Mapping[str, object] = field(default_factory=dict)
    key: str = ""  # what it is about; by default its code
    passing: bool = False

    @property
    def about(self) -> str:
        return self.key or self.code

    @classmethod
    def of(cls, trouble: Trouble, *, tone: Tone = Tone.ATTENTION) -> Notice:
        """The notice of a trouble that a flow or a device had."""
        return cls(trouble.code, tone, dict(trouble.values))


class Notices(QWidget):
    """The panel; it takes no room while there is nothing to say."""

    dismissed = Signal(str)  # what the notice was about

    def __init__(
        self, look: Look, texts: Texts, parent: QWidget | None = None, *, passing_ms: int = PASSING_MS
    ) -> None:
        super().__init__(parent)
        self._look, self._texts = look, texts
        self._waiting: list[Notice] = []
        self._has_advice = False
        self._mark = IconMark(Icon.ATTENTION, tone=Tone.ATTENTION, grids=5)
        self._title = Label(bold=True)
        self._advice = Label(size=Size.SMALL, part="advice")
        self._more = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.closer = IconButton("ui_dismiss", Icon.CLOSE)
        self.closer.clicked.connect(self._dismiss)
        self._card = Card(tone=Tone.ATTENTION, padding_px=GRID_PX + GRID_PX // 2)
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self._title, self._advice, self._more):
            words.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(GRID_PX + GRID_PX // 2)
        row.addWidget(self._mark)
        row.addLayout(words, 1)
        row.addWidget(self.closer)
        self._card.add(row)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(2 * GRID_PX, GRID_PX + GRID_PX // 2, 2 * GRID_PX, 0)
        outer.addWidget(self._card)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(passing_ms)
        self._timer.timeout.connect(self._pass)
        theme_tree(self, look, texts)
        self.hide()

    @property
    def told(self) -> tuple[Notice, ...]:
        """All that stand, the one that is shown first."""
        return tuple(self._waiting)

    def tell(self, notice: Notice) -> None:
        """Show a notice, in the place of an earlier one about the same."""
        self._waiting = [one for one in self._waiting if one.about != notice.about]
        self._waiting.insert(0, notice)
        self._waiting.sort(key=lambda one: -GRAVITY.get(one.tone, 0))
        self._show()

    def withdraw(self, about: str) -> None:
        """The matter is settled: its notice goes."""
        self._waiting = [one for one in self._waiting if one.about != about]
        self._show()

    def clear(self) -> None:
        self._waiting = []
        self._show()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._show()

    def fit_into(self, most_px: int, width_px: int) -> None:
        """Where a notice would take too much of a small window, its title stands alone; the advice is its tool tip."""
        if self.isHidden():
            return
        self._show_advice(True)
        if self.heightForWidth(width_px) > most_px:
            self._show_advice(False)

    def _show_advice(self, shown: bool) -> None:
        words = self._advice.text() if self._has_advice else ""
        if self._advice.isHidden() is (shown and bool(words)):
            self._advice.setVisible(shown and bool(words))
        self._card.setToolTip("" if shown else words)
        for layout in (self._card.layout(), self.layout()):
            if layout is not None:  # at once, so that the height that is asked for next is the new one
                layout.invalidate()
                layout.activate()

    def _show(self) -> None:
        self.setVisible(bool(self._waiting))
        if not self._waiting:
            self._timer.stop()
            return
        notice = self._waiting[0]
        advice = self._texts.advice(notice.code, self._look.lang, **notice.values)
        self._card.set_tone(notice.tone)
        self._mark.set_icon(MARKS.get(notice.tone, Icon.ABOUT), notice.tone)
        self._title.say(notice.code, **notice.values)
        self._advice.say(notice.code, **notice.values)
        self._has_advice = bool(advice)
        self._show_advice(True)
        self._mark.setVisible(self._look.text_scale < LARGE_TEXT)
        self._more.setVisible(len(self._waiting) > 1)
        self._more.say("ui_more_notices", count=len(self._waiting) - 1)
        self.setAccessibleName(self._texts.line(notice.code, self._look.lang, **notice.values))
        if notice.passing:
            self._timer.start()
        else:
            self._timer.stop()

    def _dismiss(self) -> None:
        about = self._waiting[0].about
        self.withdraw(about)
        self.dismissed.emit(about)

    def _pass(self) -> None:
        if self._waiting and self._waiting[0].passing:
            self.withdraw(self._waiting[0].about)
