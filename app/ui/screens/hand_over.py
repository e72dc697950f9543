"""A receipt that was paused here goes on at another device: its number as a code that the other one scans. UI thread.

The printed note carries the same code; this one is for when the note stays with the old device.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.own_forms import delivery_code
from app.ui.icons import Icon
from app.ui.symbol_picture import PAPER, Symbol, draw_symbol, module_in, symbol_of
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Size, Tone
from app.ui.widgets.buttons import IconButton, Kind
from app.ui.widgets.cards import Card
from app.ui.widgets.fitting import Label
from devices.sheet import SheetCode, Symbology

CODE_PX = 144
LARGE_TEXT = 1.5


class NumberCode(QWidget):
    """A square code, whole pixels per module, dark on white by day and night."""

    def __init__(self) -> None:
        super().__init__()
        self._symbol: Symbol | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str) -> None:
        self._symbol = symbol_of(SheetCode("number", Symbology.QR, text, text.encode(), ()))
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(CODE_PX, CODE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PAPER)
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS_PX, RADIUS_PX)
        if self._symbol is None:
            return
        ratio = self.devicePixelRatioF()
        module = int(module_in(self._symbol, QRectF(self.rect()), bar_height=1) * ratio) / ratio
        side = self._symbol.columns * module
        draw_symbol(painter, self._symbol, QRectF((self.width() - side) // 2, (self.height() - side) // 2, side, side))


class HandOverCard(Card):
    """Which delivery rests, and the code with which another device goes on."""

    def __init__(self) -> None:
        super().__init__(tone=Tone.ACCENT, padding_px=GRID_PX + GRID_PX // 2)
        self.delivery = ""
        self.code = NumberCode()
        self._title, self._how = Label("hand_over", bold=True), Label("hand_over_how", size=Size.SMALL)
        self.done = IconButton("hand_over_done", Icon.CLOSE, kind=Kind.QUIET)
        self.done.clicked.connect(self.hide)
        words = QVBoxLayout()
        words.setSpacing(GRID_PX // 2)
        words.addWidget(self._title)
        words.addWidget(self._how)
        words.addStretch(1)
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._box.setSpacing(GRID_PX + GRID_PX // 2)
        self._box.addWidget(self.code, 0, Qt.AlignmentFlag.AlignTop)
        self._box.addLayout(words, 1)
        self._box.addWidget(self.done, 0, Qt.AlignmentFlag.AlignTop)
        self.add(self._box)
        self.hide()

    def offer(self, delivery: str) -> None:
        """This delivery was paused here."""
        self.delivery = delivery
        self.code.show_text(delivery_code(delivery))
        self._title.say("hand_over", delivery=delivery)
        self.show()

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        large = look.text_scale >= LARGE_TEXT
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if large else QBoxLayout.Direction.LeftToRight)
