"""Scrolling as on a phone: a slim bar over the content that takes no room, and a finger that pushes. UI thread."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QListView, QScrollBar, QScroller

from app.ui.theme import GRID_PX


class SlimBar(QScrollBar):
    """Follows the area's own upright bar, which is hidden; it can be dragged too."""

    def __init__(self, area: QAbstractScrollArea) -> None:
        super().__init__(Qt.Orientation.Vertical, area)
        self._area, self._real = area, area.verticalScrollBar()
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._real.rangeChanged.connect(self._take_range)
        self._real.valueChanged.connect(self.setValue)
        self.valueChanged.connect(self._real.setValue)
        area.installEventFilter(self)
        self._take_range(self._real.minimum(), self._real.maximum())

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return False

    def _take_range(self, least: int, most: int) -> None:
        self.setRange(least, most)
        self.setPageStep(self._real.pageStep())
        self.setVisible(most > least)
        self._place()

    def _place(self) -> None:
        self.setPageStep(self._real.pageStep())
        self.setGeometry(self._area.width() - GRID_PX, 0, GRID_PX, self._area.height())
        self.raise_()


def let_fingers_scroll(area: QAbstractScrollArea) -> None:
    """A finger on the content pushes it; a mouse still clicks and turns its wheel."""
    QScroller.grabGesture(area.viewport(), QScroller.ScrollerGestureType.TouchGesture)


def as_plain_list(view: QListView) -> SlimBar:
    """A list of rows of one height that is scrolled with a finger and has nothing to select or to edit; its bar."""
    view.setUniformItemSizes(True)
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setSelectionMode(QListView.SelectionMode.NoSelection)
    view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.verticalScrollBar().setSingleStep(3 * GRID_PX)
    view.viewport().setAutoFillBackground(False)
    let_fingers_scroll(view)
    return SlimBar(view)
