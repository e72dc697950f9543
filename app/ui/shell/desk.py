"""The shell on the desk: a rail at the left with every screen by name. UI thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.screens.screen import Screen
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import NavButton
from app.ui.widgets.fitting import Fit, Label

NARROWEST_PX = 208


class DeskRail(QWidget):
    """The name of the program, then every place to go. `asked` gives the name of the screen."""

    asked = Signal(str)

    def __init__(self, screens: Sequence[Screen], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = Look()
        self._buttons: dict[str, NavButton] = {}
        self._name = Label("window_name", size=Size.TITLE, bold=True, fit=Fit.SHRINK)
        self._name.setContentsMargins(2 * GRID_PX, 0, GRID_PX, 0)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(GRID_PX, 2 * GRID_PX, GRID_PX, 2 * GRID_PX)
        rows.setSpacing(GRID_PX // 2)
        rows.addWidget(self._name)
        rows.addSpacing(2 * GRID_PX)
        for screen in screens:
            button = self._buttons[screen.name] = NavButton(screen.title_code, screen.icon, upright=False)
            button.clicked.connect(lambda _on=False, name=screen.name: self.asked.emit(name))
            rows.addWidget(button)
        rows.addStretch(1)
        self.setMinimumWidth(NARROWEST_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def set_current(self, name: str) -> None:
        """Mark where one is."""
        for one, button in self._buttons.items():
            button.setChecked(one == name)

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
        painter.fillRect(self.width() - 1, 0, 1, self.height(), QColor(colours.line))
