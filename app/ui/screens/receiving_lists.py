"""The two lists of a receipt: its lines, with the one of the last scan marked, and the last scans with undo. UI thread.

Both stand on the model and delegate of app.ui.widgets.rows, so that a delivery of ten thousand lines scrolls like one
of ten.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle

from app.base.texts import Texts
from app.ui.icons import Icon, draw_icon
from app.ui.theme import GRID_PX, RADIUS_PX, Look
from app.ui.widgets.rows import ROW_ROLE, Index, Row, RowDelegate, RowList

MARK_PX = 3


class LineDelegate(RowDelegate):
    """Draws the ring around the line of the last scan."""

    marked = ""

    def _paint_row(self, painter: QPainter, place: QRectF, row: Row, state: QStyle.StateFlag) -> None:
        super()._paint_row(painter, place, row, state)
        if row.key != self.marked:
            return
        card = place.adjusted(2, 2, -2, 2 - GRID_PX)
        half = MARK_PX / 2
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._look.tokens.colours.accent.fill), MARK_PX))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(card.adjusted(half, half, -half, -half), RADIUS_PX - 1, RADIUS_PX - 1)
        painter.restore()


class LineList(RowList):
    """The lines of a receipt."""

    def __init__(self) -> None:
        super().__init__("recv_lines", bars=True, title_lines=2)
        # Rows take the list's width by themselves; laid out anew on every change of size, ten thousand would be felt.
        self.setResizeMode(RowList.ResizeMode.Fixed)
        self.drawer = LineDelegate(detail_lines=1, bars=True, title_lines=2, parent=self)
        self.setItemDelegate(self.drawer)

    @property
    def marked(self) -> str:
        """Key of the line of the last scan; empty before it."""
        return self.drawer.marked if isinstance(self.drawer, LineDelegate) else ""

    def dataChanged(  # Qt's own lays out the whole list anew, although every row stays as high as it was
        self,
        top_left: Index,
        bottom_right: Index,
        roles: Sequence[int] = (),  # noqa: ARG002
    ) -> None:
        for place in range(top_left.row(), bottom_right.row() + 1):
            self.viewport().update(self.visualRect(self.model_of_rows.index(place)))

    def mark(self, key: str) -> None:
        """Bring the line of the last scan into view and ring it; an empty key takes the ring away."""
        assert isinstance(self.drawer, LineDelegate)
        self.drawer.marked = key
        self.show_row(key)
        self.viewport().update()


class EntryDelegate(RowDelegate):
    """Draws a row that can be undone narrower, with a button at its right."""

    undoable: frozenset[str] = frozenset()

    def undo_place(self, place: QRectF) -> QRectF:
        """Where a row's button is: as high as the row, as wide as a finger."""
        wide = self._look.tokens.touch_px()
        return QRectF(place.right() - wide - 2, place.top() + 2, wide, place.height() - GRID_PX)

    def _paint_row(self, painter: QPainter, place: QRectF, row: Row, state: QStyle.StateFlag) -> None:
        if row.key not in self.undoable:
            super()._paint_row(painter, place, row, state)
            return
        button = self.undo_place(place)
        super()._paint_row(painter, place.adjusted(0, 0, -button.width() - GRID_PX / 2, 0), row, state)
        tokens = self._look.tokens
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.colours.sunken))
        painter.drawRoundedRect(button, RADIUS_PX, RADIUS_PX)
        side = tokens.icon_px()
        icon = QRectF(0, 0, side, side)
        icon.moveCenter(button.center())
        draw_icon(painter, Icon.UNDO, tokens.colours.ink, icon)
        painter.restore()


class EntryList(RowList):
    """The last scans, newest on top. A touch at the right end (or Delete) undoes; one on the row chooses its code."""

    undo = Signal(str)

    def __init__(self) -> None:
        super().__init__("recv_recent")
        self._pressed = QPoint()
        self.drawer = EntryDelegate(detail_lines=1, bars=False, title_lines=1, parent=self)
        self.setItemDelegate(self.drawer)

    def set_undoable(self, keys: frozenset[str]) -> None:
        """Which rows can be undone now."""
        assert isinstance(self.drawer, EntryDelegate)
        self.drawer.undoable = keys
        self.viewport().update()

    def can_undo(self, key: str) -> bool:
        assert isinstance(self.drawer, EntryDelegate)
        return key in self.drawer.undoable

    def undo_centre(self, key: str) -> QPoint | None:
        """Where the button of a row is, in the viewport; None for a row without one."""
        place = self.model_of_rows.place_of(key)
        if place is None or not self.can_undo(key):
            return None
        assert isinstance(self.drawer, EntryDelegate)
        return self.drawer.undo_place(QRectF(self.visualRect(self.model_of_rows.index(place)))).center().toPoint()

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self.setAccessibleDescription(texts.advice("recv_recent", look.lang))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second of two quick touches does nothing: it would undo a scan that nobody meant."""
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().data(ROW_ROLE)
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and isinstance(row, Row):
            if self.can_undo(row.key):
                self.undo.emit(row.key)
            return
        super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, Row):
            return
        assert isinstance(self.drawer, EntryDelegate)
        button = self.drawer.undo_place(QRectF(self.visualRect(index)))
        pressed, self._pressed = self._pressed, QPoint()
        if self.can_undo(row.key) and button.contains(pressed):
            self.undo.emit(row.key)
        else:
            self.chosen.emit(row.key)
