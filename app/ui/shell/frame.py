"""What the main window holds: the shell that fits its shape, and the screens, which are the same in both. UI thread.

The window's shape decides, not a setting: a wide one gets the rail, a narrow or upright one the bar at the bottom.
Nothing is rebuilt when it changes, so a receipt under way does not notice.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QGridLayout, QStackedWidget, QWidget

from app.base.texts import Texts
from app.ui import theme
from app.ui.screens.screen import Screen
from app.ui.shell.desk import DeskRail
from app.ui.shell.notices import Notices
from app.ui.shell.pocket import MORE, MorePage, PocketBar, split_places
from app.ui.shell.status_strip import StatusStrip
from app.ui.theme import Look, Tone
from app.ui.widgets.panes import Form

DESK_FROM_PX = 960
SMALLEST_WIDTH_PX, SMALLEST_HEIGHT_PX = 320, 480


def form_of(width_px: int, height_px: int) -> Form:
    """The shell for a window of this shape: the desk needs width, and more of it than height."""
    return Form.DESK if width_px >= DESK_FROM_PX and width_px > height_px else Form.POCKET


class Frame(QWidget):
    """Joins strip, notices, screens and the ways between them. `shown` tells which screen is seen now."""

    shown = Signal(str)

    def __init__(self, screens: Sequence[Screen], look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        """The order of `screens` is that of the ways to them; those that stand `alone` have none."""
        super().__init__(parent)
        self.setObjectName("ground")
        self._look, self._texts = look, texts
        self._form: Form | None = None
        ways = [screen for screen in screens if not screen.alone]
        places, rest = split_places(ways)
        more = [MorePage(rest, look, texts)] if rest else []
        self._screens: dict[str, Screen] = {screen.name: screen for screen in (*screens, *more)}
        self._stage = QStackedWidget()
        for screen in self._screens.values():
            self._stage.addWidget(screen)
            screen.goes.connect(self.go)
        self.strip = StatusStrip(look, texts)
        self.notices = Notices(look, texts)
        self._rail, self._bar = DeskRail(ways), PocketBar([*places, *more])
        for source in (self.strip.asked, self._rail.asked, self._bar.asked):
            source.connect(self.go)
        self._grid = QGridLayout(self)
        self._lay_parts()
        self.setMinimumSize(SMALLEST_WIDTH_PX, SMALLEST_HEIGHT_PX)
        self.retheme(look, texts)
        self._take_form(Form.POCKET)
        self.go(next(iter(self._screens)))

    @property
    def look(self) -> Look:
        return self._look

    @property
    def form(self) -> Form:
        return self._form or Form.POCKET

    @property
    def current(self) -> str:
        """Name of the screen that is seen."""
        screen = self._stage.currentWidget()
        return screen.name if isinstance(screen, Screen) else ""

    def screen_named(self, name: str) -> Screen:
        """Raises KeyError for a name that is not there."""
        return self._screens[name]

    def go(self, name: str) -> None:
        """Show a screen; a name that is not there changes nothing (the strip may wish for what this window lacks)."""
        screen = self._screens.get(name)
        if screen is None:
            return
        self._stage.setCurrentWidget(screen)
        self._rail.set_current(name)
        self._bar.set_current(name)
        self._show_ways()
        screen.opened()
        self.shown.emit(name)

    def set_count(self, name: str, count: int, tone: Tone = Tone.ACCENT) -> None:
        """The small number at the way to a screen: what waits there."""
        self._rail.set_count(name, count, tone)
        self._bar.set_count(name, count, tone)

    def set_look(self, look: Look) -> None:
        """Another mode, text size or language, for the whole program at once."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, look)
        self.retheme(look, self._texts)

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        for part in (self.strip, self.notices, self._rail, self._bar):
            part.retheme(look, texts)
            theme.theme_tree(part, look, texts)
        for screen in self._screens.values():
            screen.retheme(look, texts)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_form(form_of(self.width(), self.height()))

    def _take_form(self, form: Form) -> None:
        if form is self._form:
            return
        self._form = form
        for screen in self._screens.values():
            screen.set_form(form)
        if form is Form.DESK and self.current == MORE:
            self.go(next(name for name, screen in self._screens.items() if not screen.alone))
        self._show_ways()

    def _show_ways(self) -> None:
        screen = self._stage.currentWidget()
        ways = not (isinstance(screen, Screen) and screen.alone)
        self._rail.setVisible(ways and self._form is Form.DESK)
        self._bar.setVisible(ways and self._form is not Form.DESK)

    def _lay_parts(self) -> None:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(0)
        self._grid.addWidget(self._rail, 0, 0, 4, 1)
        self._grid.addWidget(self.strip, 0, 1)
        self._grid.addWidget(self.notices, 1, 1)
        self._grid.addWidget(self._stage, 2, 1)
        self._grid.addWidget(self._bar, 3, 1)
        self._grid.setRowStretch(2, 1)
        self._grid.setColumnStretch(1, 1)
