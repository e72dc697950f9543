"""The room of one screen: as large as the window gives, and never smaller than the screen can be. UI thread.

On the smallest windows with the largest text a screen does not fit; then it scrolls upright, rather than that its
parts are squeezed over each other.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from app.ui.screens.screen import Screen
from app.ui.widgets.scrolling import SlimBar, let_fingers_scroll


class Room(QScrollArea):
    """Holds one screen."""

    def __init__(self, screen: Screen, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.screen_inside = screen
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(screen)
        self.viewport().setAutoFillBackground(False)
        screen.setAutoFillBackground(False)
        self._bar = SlimBar(self)
        let_fingers_scroll(self)
        screen.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.screen_inside and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        screen, room = self.screen_inside, self.viewport().size()
        layout = screen.layout()
        least = screen.minimumSizeHint().height()
        if layout is not None and layout.hasHeightForWidth():
            least = layout.minimumHeightForWidth(room.width())
        screen.resize(room.width(), max(room.height(), least, screen.minimumHeight()))
