"""A label to tap: a box, a bundle, a carton, a badge or a delivery note. UI thread."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon, draw_icon
from app.ui.screens.code_cards import LEVEL_ICONS
from app.ui.theme import GRID_PX, Look, Size
from app.ui.widgets.buttons import FOCUS_PX, Button, IconButton, Kind
from app.ui.widgets.fitting import lay_out, line_height, shrink


class PackTile(Button):
    """Icon, name, what is in it; pressed it is shot. One that holds others has a door at its right: `opened`."""

    opened = Signal()

    def __init__(
        self,
        words: str,
        detail: str,
        level: int,
        *,
        holds: bool = False,
        done: bool = False,
        icon: Icon | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`level` of packages, 0 for what is no package; `holds` others; `done`: it was counted already."""
        super().__init__("", kind=Kind.PLAIN, icon=icon or LEVEL_ICONS.get(level, Icon.LAYERS), parent=parent)
        self._detail, self._done = detail, done
        self.loose = level > 0 and not holds  # a box that holds nothing
        self.setText(words)
        self.setAccessibleName(f"{words} {detail}".strip())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.door = IconButton("demo_open_pack", Icon.NEXT, parent=self) if holds else None
        if self.door is not None:
            row = QHBoxLayout(self)
            row.setContentsMargins(0, 0, FOCUS_PX, 0)
            row.addStretch(1)
            row.addWidget(self.door, 0, Qt.AlignmentFlag.AlignVCenter)
            self.door.clicked.connect(self.opened)

    @property
    def done(self) -> bool:
        return self._done

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        if self.door is not None:
            self.door.retheme(look, texts)

    def colours(self) -> tuple[QColor, QColor]:
        colours = self.tokens.colours
        if self._done:
            return QColor(colours.soft.tint), QColor(colours.soft.tint_ink)
        return QColor(colours.raised), QColor(colours.ink)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface, ink = self.colours()
        self._draw_surface(painter, surface, ink)
        side = self.tokens.icon_px()
        icon = Icon.GOOD if self._done else self._icon
        if icon:
            draw_icon(painter, icon, ink, QRectF(2 * GRID_PX, (self.height() - side) / 2, side, side))
        block, room = self.words()
        small = self.tokens.font(Size.SMALL)
        high = line_height(small) if self._detail else 0
        top = (self.height() - block.height - high) / 2
        block.draw(painter, room.left(), top, ink)
        if self._detail:
            font = shrink(self._detail, small, int(room.width()), high)
            detail = lay_out(self._detail, font, int(room.width()))
            quiet = ink if self._done else QColor(self.tokens.colours.quiet_ink)
            detail.draw(painter, room.left(), top + block.height, quiet)

    def sizeHint(self) -> QSize:
        return QSize(30 * GRID_PX, self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize((14 if self.loose else 20) * GRID_PX, self._height())

    def _height(self) -> int:
        lines = line_height(self.tokens.font(Size.BODY, bold=True))
        lines += line_height(self.tokens.font(Size.SMALL)) if self._detail else 0
        return max(self.tokens.touch_px(), lines + 2 * GRID_PX) + 2 * FOCUS_PX

    def _room(self) -> QRectF:
        left = 3 * GRID_PX + self.tokens.icon_px()
        right = self.tokens.touch_px() if self.door is not None else GRID_PX
        high = line_height(self.tokens.font(Size.SMALL)) if self._detail else 0
        return QRectF(left, FOCUS_PX, max(1, self.width() - left - right), self.height() - 2 * FOCUS_PX - high)

    def _reword(self) -> None:
        """The words are data."""
