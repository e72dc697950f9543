"""The shell in the hand: a bar at the bottom, where the thumb is; what has no place there is under 更多. UI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon
from app.ui.screens.screen import Screen
from app.ui.theme import GRID_PX, Look, Tone
from app.ui.widgets.buttons import NavButton
from app.ui.widgets.rows import Row, RowList

MORE = "more"
MOST_PLACES = 5


class PocketBar(QWidget):
    """Up to five places to go. `asked` gives the name of the screen."""

    asked = Signal(str)

    def __init__(self, screens: Sequence[Screen], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = Look()
        self._buttons: dict[str, NavButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX // 2, GRID_PX // 2, GRID_PX // 2, GRID_PX // 2)
        row.setSpacing(0)
        for screen in screens:
            button = self._buttons[screen.name] = NavButton(screen.title_code, screen.icon, upright=True)
            button.clicked.connect(lambda _on=False, name=screen.name: self.asked.emit(name))
            row.addWidget(button, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_current(self, name: str) -> None:
        """Mark where one is; a screen without a place of its own is under 更多."""
        here = name if name in self._buttons else MORE
        for one, button in self._buttons.items():
            button.setChecked(one == here)

    def set_count(self, name: str, count: int, tone: Tone) -> None:
        if name in self._buttons:
            self._buttons[name].set_count(count, tone)

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look = look
        self.setAccessibleName(texts.title("ui_navigation", look.lang))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours = self._look.tokens.colours
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colours.card))
        painter.fillRect(0, 0, self.width(), 1, QColor(colours.line))


class MorePage(Screen):
    """The screens that have no place in the bar, as a list."""

    name: ClassVar[str] = MORE
    icon: ClassVar[Icon] = Icon.MORE

    def __init__(self, screens: Sequence[Screen], look: Look, texts: Texts) -> None:
        super().__init__(look, texts)
        self._screens = tuple(screens)
        self.list = RowList(self.title_code)
        self.list.chosen.connect(self.goes)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 0)
        rows.addWidget(self.list)

    def reword(self) -> None:
        lang = self.look.lang
        self.list.set_rows(
            [
                Row(one.name, self.say(one.title_code), self.texts.advice(one.title_code, lang), icon=one.icon)
                for one in self._screens
            ]
        )


def split_places(screens: Sequence[Screen]) -> tuple[list[Screen], list[Screen]]:
    """Which screens stand in the bar, and which under 更多."""
    if len(screens) <= MOST_PLACES:
        return list(screens), []
    return list(screens[: MOST_PLACES - 1]), list(screens[MOST_PLACES - 1 :])
