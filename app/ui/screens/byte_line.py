"""The bytes of a scan in large letters, each invisible sign as a small named plate (GS, CR). UI thread.

The bundled font has no pictures of control signs, so they are drawn; readers hear the pictures' names (␝).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.base.texts import Texts
from app.ui.screens.raw_bytes import Piece, pieces_of, visible_of
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.fitting import lay_out, line_height, text_width


@dataclass(frozen=True, slots=True)
class Placed:
    """A character or a plate with its place, in pixels."""

    text: str
    sign: bool
    place: QRectF


class ByteLine(QWidget):
    """As many lines as the bytes need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = Look()
        self._pieces: tuple[Piece, ...] = ()
        self._text = ""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def text(self) -> str:
        """What is shown, control signs as their pictures."""
        return self._text

    def draw(self, raw: bytes) -> None:
        self._pieces, self._text = pieces_of(raw), visible_of(raw)
        self.setAccessibleName(self._text)
        self.updateGeometry()
        self.update()

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._look = look
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        placed = self._lay(width)
        return int(placed[-1].place.bottom()) + 2 if placed else self._line_px()

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID_PX, self.heightForWidth(40 * GRID_PX))

    def minimumSizeHint(self) -> QSize:
        return QSize(12 * GRID_PX, self._line_px())

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._look.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = tokens.font(Size.SMALL, bold=True)
        painter.setFont(tokens.font(Size.TITLE))
        for each in self._lay(self.width()):
            if not each.sign:
                painter.setPen(QColor(tokens.colours.ink))
                painter.drawText(each.place, Qt.AlignmentFlag.AlignCenter, each.text)
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.paint(Tone.ATTENTION).tint))
            painter.drawRoundedRect(each.place.adjusted(1, 3, -1, -3), 4, 4)
            block = lay_out(each.text, small, int(each.place.width()))
            centre = each.place.center()
            ink = tokens.paint(Tone.ATTENTION).tint_ink
            block.draw(painter, centre.x() - block.width / 2, centre.y() - block.height / 2, ink)

    def _lay(self, width: int) -> list[Placed]:
        tokens = self._look.tokens
        metrics, small = QFontMetricsF(tokens.font(Size.TITLE)), tokens.font(Size.SMALL, bold=True)
        placed: list[Placed] = []
        x, y, high = 0.0, 0.0, float(self._line_px())
        for piece in self._pieces:
            for text in (piece.text,) if piece.sign else piece.text:
                wide = text_width(text, small) + GRID_PX + 2.0 if piece.sign else metrics.horizontalAdvance(text)
                if x and x + wide > width:
                    x, y = 0.0, y + high
                placed.append(Placed(text, piece.sign, QRectF(x, y, wide, high)))
                x += wide
        return placed

    def _line_px(self) -> int:
        return line_height(self._look.tokens.font(Size.TITLE)) + 2
