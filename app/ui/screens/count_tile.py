"""Numbers as large as their meaning, each with its name under it, that filter what stands below. UI thread."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.icons import Icon, draw_icon
from app.ui.theme import GRID_PX, RADIUS_PX, Size, Tone
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.fitting import Block, lay_out, line_height, shrink


class CountTile(Button):
    """Checked is the filter in force. A compact one has no room for its name: it stands elsewhere, once."""

    def __init__(self, code: str, icon: Icon, parent: QWidget | None = None) -> None:
        super().__init__(code, kind=Kind.PLAIN, icon=icon, parent=parent)
        self._count, self._tone, self._compact = 0, Tone.QUIET, False
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def count(self) -> int:
        return self._count

    def set_count(self, count: int, tone: Tone) -> None:
        if (count, tone) != (self._count, self._tone):
            self._count, self._tone = count, tone
            self._reword()
            self.update()

    def set_compact(self, compact: bool) -> None:
        """The icon over the number only."""
        self._compact = compact
        self.updateGeometry()
        self.update()

    def colours(self) -> tuple[QColor, QColor]:
        colours = self.tokens.colours
        if self.isChecked():
            return QColor(colours.accent.tint), QColor(colours.accent.tint_ink)
        return QColor(colours.card), QColor(colours.quiet_ink)

    def words(self) -> tuple[Block, QRectF]:
        room = QRectF(self.rect()) if self._compact else self._room()
        font = shrink(self.text(), self._small(), int(room.width()), int(room.height()))
        return lay_out(self.text(), font, int(room.width())), room

    def sizeHint(self) -> QSize:
        return QSize(12 * GRID_PX, self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize((6 if self._compact else 9) * GRID_PX, self._height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface, ink = self.colours()
        place = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setBrush(surface)
        edge = QColor(self.tokens.colours.accent.fill)
        ringed = self.isChecked() or self.hasFocus()
        painter.setPen(QPen(edge, 2) if ringed else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(place, RADIUS_PX, RADIUS_PX)
        if self._compact:
            self._draw_compact(painter, ink)
            return
        pad, side = GRID_PX + GRID_PX // 2, self.tokens.icon_px() - 4
        if self._icon:
            draw_icon(painter, self._icon, ink, QRectF(self.width() - pad - side, pad, side, side))
        number = self._number(self.width() - 2 * pad - side - 4)
        number.draw(painter, pad, pad - 4, self.tokens.ink(self._tone))
        block, place = self.words()
        block.draw(painter, place.left(), place.top(), ink)

    def _draw_compact(self, painter: QPainter, ink: QColor) -> None:
        side = self.tokens.icon_px() - 4
        if self._icon:
            draw_icon(painter, self._icon, ink, QRectF((self.width() - side) / 2, GRID_PX, side, side))
        number = self._number(self.width() - GRID_PX)
        top = GRID_PX + side + (self.height() - GRID_PX - side - number.height) / 2
        number.draw(painter, (self.width() - number.width) / 2, top, self.tokens.ink(self._tone))

    def _number(self, room_px: int) -> Block:
        size = Size.TITLE if self._compact else Size.LARGE
        font = self.tokens.font(size, bold=True)
        return lay_out(str(self._count), shrink(str(self._count), font, room_px, line_height(font)), room_px)

    def _room(self) -> QRectF:
        pad = GRID_PX + GRID_PX // 2
        top = pad - 4 + line_height(self.tokens.font(Size.LARGE, bold=True))
        return QRectF(pad, top, max(1, self.width() - 2 * pad), line_height(self._small()))

    def _small(self) -> QFont:
        return self.tokens.font(Size.SMALL, bold=True)

    def _height(self) -> int:
        if self._compact:
            return self.tokens.icon_px() + line_height(self.tokens.font(Size.TITLE, bold=True)) + 2 * GRID_PX
        return round(self._room().bottom()) + GRID_PX + 2

    def _reword(self) -> None:
        super()._reword()
        self.setAccessibleName(f"{self.text()} {self._count}")
