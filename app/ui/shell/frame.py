"""What the main window holds: the shell that fits its shape, and the screens, which are the same in both. UI thread.

The window's shape decides, not a setting: a wide one gets the rail, a narrow or upright one the bar at the bottom.
Nothing is rebuilt when it changes, so a receipt under way does not notice.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from app.base.texts import Texts
from app.ui import theme
from app.ui.screens.screen import Screen
from app.ui.shell.desk import NARROWEST_PX, DeskRail
from app.ui.shell.notices import Notices
from app.ui.shell.pocket import MORE, MorePage, PocketBar, split_places
from app.ui.shell.room import Room
from app.ui.shell.status_strip import StatusStrip
from app.ui.theme import Look, Tone
from app.ui.widgets.panes import Form

DESK_FROM_PX = 960
NOTICE_SHARE = 0.3  # of the window's height, at most, for a notice
SMALLEST_WIDTH_PX, SMALLEST_HEIGHT_PX = 320, 480


def form_of(width_px: int, height_px: int) -> Form:
    """The shell for a window of this shape: the desk needs width, and more of it than height."""
    return Form.DESK if width_px >= DESK_FROM_PX and width_px > height_px else Form.POCKET


class Frame(QWidget):
    """Joins strip, notices, screens and the ways between them. `shown` tells which screen is seen now."""

    shown = Signal(str)

    def __init__(self, screens: Sequence[Screen], look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        """The first of `screens` is seen; the order of all is that of the ways to them, but for those `alone`."""
        super().__init__(parent)
        self.setObjectName("ground")
        self._look, self._texts = look, texts
        self._form: Form | None = None
        self._screens: dict[str, Screen] = {}
        self._counts: dict[str, tuple[int, Tone]] = {}
        self._stage = QStackedWidget()
        self._rooms: dict[str, Room] = {}
        self.strip = StatusStrip(look, texts)
        self.notices = Notices(look, texts)
        self._rail, self._bar = DeskRail([]), PocketBar([])
        self.strip.asked.connect(self.go)
        for part in (self.strip, self.notices, self._stage):
            part.setParent(self)
        self.setMinimumSize(SMALLEST_WIDTH_PX, SMALLEST_HEIGHT_PX)
        self._take_screens(screens)
        self.retheme(look, texts)
        self._take_form(Form.POCKET)
        self.go(next(iter(self._screens)))

    def add_screens(self, screens: Sequence[Screen]) -> None:
        """Screens that were made later: the ways to all of them are laid anew."""
        before = set(self._screens)
        self._take_screens(screens)
        for name, screen in self._screens.items():
            if name not in before:
                screen.retheme(self._look, self._texts)
                screen.set_form(self.form)
        for part in (self._rail, self._bar):
            part.retheme(self._look.for_chrome, self._texts)
            theme.theme_tree(part, self._look.for_chrome, self._texts)
            part.set_current(self.current)
        for name, (count, tone) in self._counts.items():
            self.set_count(name, count, tone)
        self._show_ways()

    @property
    def look(self) -> Look:
        return self._look

    @property
    def form(self) -> Form:
        return self._form or Form.POCKET

    @property
    def current(self) -> str:
        """Name of the screen that is seen."""
        room = self._stage.currentWidget()
        return room.screen_inside.name if isinstance(room, Room) else ""

    def screen_named(self, name: str) -> Screen:
        """Raises KeyError for a name that is not there."""
        return self._screens[name]

    def go(self, name: str) -> None:
        """Show a screen; a name that is not there changes nothing (the strip may wish for what this window lacks)."""
        screen = self._screens.get(name)
        if screen is None:
            return
        self._stage.setCurrentWidget(self._rooms[name])
        self._rail.set_current(name)
        self._bar.set_current(name)
        self._show_ways()
        screen.opened()
        self.shown.emit(name)

    def set_count(self, name: str, count: int, tone: Tone = Tone.ACCENT) -> None:
        """The small number at the way to a screen: what waits there."""
        self._counts[name] = (count, tone)
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
        self.notices.retheme(look, texts)
        theme.theme_tree(self.notices, look, texts)
        for part in (self.strip, self._rail, self._bar):
            part.retheme(look.for_chrome, texts)
            theme.theme_tree(part, look.for_chrome, texts)
        for screen in self._screens.values():
            screen.retheme(look, texts)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_form(form_of(self.width(), self.height()))
        self._place()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def _take_screens(self, screens: Sequence[Screen]) -> None:
        """Give each screen its room, and lay rail and bar for all that are here."""
        if MORE in self._screens:
            del self._screens[MORE]
            self._stage.removeWidget(self._rooms[MORE])
            self._rooms.pop(MORE).deleteLater()
        ways = [screen for screen in (*self._screens.values(), *screens) if not (screen.alone or screen.by_wish)]
        places, rest = split_places(ways)
        more = [MorePage(rest, self._look, self._texts)] if rest else []
        for screen in (*screens, *more):
            self._screens[screen.name] = screen
            room = self._rooms[screen.name] = Room(screen)
            self._stage.addWidget(room)
            screen.goes.connect(self.go)
        for old in (self._rail, self._bar):
            old.hide()
            old.deleteLater()
        self._rail, self._bar = DeskRail(ways), PocketBar([*places, *more])
        for part in (self._rail, self._bar):
            part.setParent(self)
            part.asked.connect(self.go)

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
        ways = not self._screens[self.current].alone
        self._rail.setVisible(ways and self._form is Form.DESK)
        self._bar.setVisible(ways and self._form is not Form.DESK)
        self._place()

    def _place(self) -> None:
        """Rail left; strip and notices above, bar below as high as their width needs; the screen has the rest.

        By hand, because Qt's layouts give a part that wraps the height of a narrower one.
        """
        left = 0
        if not self._rail.isHidden():
            left = max(NARROWEST_PX, self._rail.sizeHint().width())
            self._rail.setGeometry(0, 0, left, self.height())
        width, top, low = self.width() - left, 0, self.height()
        if not self._bar.isHidden():
            high = self._bar.sizeHint().height()
            low -= high
            self._bar.setGeometry(left, low, width, high)
        self.notices.fit_into(round(self.height() * NOTICE_SHARE), width)
        for part in (self.strip, self.notices):
            if not part.isHidden():
                high = part.heightForWidth(width)
                part.setGeometry(left, top, width, high)
                top += high
        self._stage.setGeometry(left, top, width, max(0, low - top))
        # Asking a part for its height lays it out, and that asks for another placing, without end: this was it.
        QCoreApplication.removePostedEvents(self, QEvent.Type.LayoutRequest.value)
