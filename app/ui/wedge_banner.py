"""Large words over a window that is not in front: what a scanner types goes to another program. UI thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QResizeEvent, QWindow
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.theme import COLUMN_PX, GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.cards import Card
from app.ui.widgets.fitting import Label

CODE = "wedge_window_inactive"
_SIZES = (Size.LARGE, Size.HUGE)
"""For a pocket, and for a desk."""
AFTER_MS = 300
"""A window that comes back so soon was never away for a person."""


class WedgeBanner(QWidget):
    """Lies over its parent while `wanted` says so and no window of the program is the active one."""

    def __init__(self, over: QWidget, wanted: Callable[[], bool], look: Callable[[], Look], texts: Texts) -> None:
        super().__init__(over)
        self._over = over
        self._wanted, self._look, self._texts = wanted, look, texts
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._card = Card(tone=Tone.ATTENTION)
        centre = Qt.AlignmentFlag.AlignHCenter
        self._titles = {size: Label(CODE, size=size, tone=Tone.ATTENTION, bold=True, align=centre) for size in _SIZES}
        self._advice = Label(CODE, part="advice", align=centre)
        for label in (*self._titles.values(), self._advice):
            self._card.add(label)
        self._card.setMaximumWidth(COLUMN_PX)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        rows.addStretch(1)
        across = QHBoxLayout()
        across.addWidget(self._card)
        rows.addLayout(across)
        rows.addStretch(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self._show)
        self.hide()
        over.installEventFilter(self)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self.follow)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QResizeEvent):
            self.resize(event.size())
        return False

    @Slot(QWindow)
    def follow(self, window: QWindow | None) -> None:
        """`window` has the keys now; None: another program's."""
        if window is not None:
            self._timer.stop()
            self.hide()
        elif self._wanted():
            self._timer.start()

    @Slot()
    def _show(self) -> None:
        look = self._look()
        theme_tree(self, look, self._texts)
        for size, title in self._titles.items():
            title.setVisible((size is Size.HUGE) is (self._over.width() >= COLUMN_PX))
        self.setAccessibleName(self._texts.line(CODE, look.lang))
        self.resize(self._over.size())
        self.show()
        self.raise_()
