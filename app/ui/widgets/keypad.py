"""A pad of digits for a PIN, with dots for what was typed. Keys of a keyboard work too. UI thread.

The digits are in memory only until they are handed over, and are never logged or shown.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon
from app.ui.theme import GRID_PX, Look, Size
from app.ui.widgets.buttons import Button, IconButton, Kind

PIN_DIGITS = 4
MOST_DIGITS = 12


class PinDots(QWidget):
    """As many filled dots as digits were typed."""

    def __init__(self, digits: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._digits, self._filled, self._look = digits, 0, Look()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_filled(self, count: int) -> None:
        self._filled = count
        self.update()

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._look = look
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(20 * GRID_PX, 4 * GRID_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        colours = self._look.tokens.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        count = max(self._digits, self._filled)
        step = min(4.0 * GRID_PX, self.width() / count)
        left = self.width() / 2 - step * (count - 1) / 2
        for place in range(count):
            full = place < self._filled
            painter.setPen(QPen(QColor(colours.ink if full else colours.quiet_ink), 2))
            painter.setBrush(QColor(colours.ink) if full else Qt.BrushStyle.NoBrush)
            radius = step * 0.22
            painter.drawEllipse(QPointF(left + place * step, self.height() / 2), radius, radius)


class DigitButton(Button):
    """One digit, large; it takes the whole of its cell."""

    def __init__(self, digit: str, parent: QWidget | None = None) -> None:
        super().__init__("", kind=Kind.PLAIN, parent=parent)
        self.setText(digit)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self.setFont(look.tokens.font(Size.LARGE, bold=True))

    def minimumSizeHint(self) -> QSize:
        touch = self.tokens.touch_px()
        return QSize(touch, touch)


class Keypad(QWidget):
    """The pad. `entered` gives the PIN when all its digits are there; then the pad is empty again."""

    entered = Signal(str)

    def __init__(self, *, digits: int = PIN_DIGITS, parent: QWidget | None = None) -> None:
        """`digits`: after so many the PIN is handed over by itself; 0 waits for the tick."""
        super().__init__(parent)
        self._digits, self._typed = digits, ""
        self.dots = PinDots(digits or PIN_DIGITS)
        keys = QGridLayout()
        keys.setSpacing(GRID_PX)
        for place, digit in enumerate("123456789"):
            keys.addWidget(self._digit_button(digit), place // 3, place % 3)
        self._erase = IconButton("ui_key_erase", Icon.ERASE)
        self._done = IconButton("ui_key_done", Icon.CHECK, kind=Kind.PRIMARY)
        self._erase.clicked.connect(self.erase)
        self._done.clicked.connect(self._hand_over)
        for button in (self._erase, self._done):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        keys.addWidget(self._erase, 3, 0)
        keys.addWidget(self._digit_button("0"), 3, 1)
        keys.addWidget(self._done, 3, 2)
        self._done.setEnabled(False)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2 * GRID_PX)
        rows.addWidget(self.dots)
        rows.addLayout(keys, 1)
        self.setMaximumWidth(420)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def type_digit(self, digit: str) -> None:
        if len(self._typed) < MOST_DIGITS:
            self._typed += digit
            self._show()
        if self._digits and len(self._typed) == self._digits:
            self._hand_over()

    def erase(self) -> None:
        self._typed = self._typed[:-1]
        self._show()

    def clear(self) -> None:
        self._typed = ""
        self._show()

    def retheme(self, look: Look, texts: Texts) -> None:
        self.setAccessibleName(texts.title("ui_keypad", look.lang))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().isdecimal() and event.text().isascii():
            self.type_digit(event.text())
        elif event.key() == Qt.Key.Key_Backspace:
            self.erase()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._hand_over()
        else:
            super().keyPressEvent(event)

    def _digit_button(self, digit: str) -> DigitButton:
        button = DigitButton(digit)
        button.clicked.connect(partial(self._press, digit))
        return button

    def _press(self, digit: str, _checked: bool = False) -> None:
        self.type_digit(digit)

    def _hand_over(self) -> None:
        typed = self._typed
        self.clear()
        if typed:
            self.entered.emit(typed)

    def _show(self) -> None:
        self.dots.set_filled(len(self._typed))
        self._done.setEnabled(bool(self._typed))
