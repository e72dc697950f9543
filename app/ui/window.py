"""The main window: joins the frame, the screens and the conductor. UI thread, which is the program's main thread."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from app.base.errors import Trouble
from app.base.folder import holder_of
from app.base.options import Environment
from app.base.paths import DataPaths, default_data_dir
from app.base.settings import SETTINGS, Settings, text_of
from app.base.texts import Texts
from app.domain.reasons import Panel
from app.ui import theme
from app.ui.conductor import Conductor
from app.ui.feedback import Feedback
from app.ui.fonts import load_fonts
from app.ui.fronts import Front
from app.ui.screens.registry import SCREENS, Entry, Join
from app.ui.screens.screen import Screen
from app.ui.screens.sign_in import HERE, SignInScreen
from app.ui.shell.frame import SMALLEST_HEIGHT_PX, SMALLEST_WIDTH_PX, Frame
from app.ui.shell.notices import Notice
from app.ui.shell.status_strip import Status
from app.ui.theme import Look, Mode, Tone
from app.ui.window_news import SCAN_NOTICES, about_device, look_of, notice_of, with_scanners, with_sync
from devices import DeviceState, DeviceStatus
from sync import SyncStatus

if TYPE_CHECKING:
    from app.domain.rights import Operator
    from app.flows.outcomes import CommandOutcome, ScanOutcome
    from app.flows.views import SettingRow, SiteView
    from app.wiring import Program

DESK_WIDTH_PX, DESK_HEIGHT_PX = 1280, 800
SCANNERS_MS = 100  # for the scanners to open and say so, before anything else is made
UNPAINTED_MS = 1_000
"""A window that is not painted for so long (minimised, hidden) goes on all the same."""
OPEN_TO_ALL = frozenset({Front.SIGN_IN, Front.DEVICES, Front.SETTINGS, Front.ABOUT})
"""Screens for which nobody needs to be signed in."""
_FRONTS = {front.value: front for front in Front}


@dataclass(frozen=True, slots=True)
class Opening:
    """What a window stands on: where its program comes from, its scanners, and the look until the settings are read."""

    open_program: Callable[[], Program]
    texts: Texts
    scanners: tuple[str, ...] = ()
    look: Look = field(default_factory=Look)
    follows_system: bool = False  # dark where the system is
    fullscreen: bool = False
    folder: Path | None = None  # for which there is one window; None: whoever opens it sees to that


class MainWindow(QMainWindow):
    """The one window of the program, usable from 320×480 upwards and with text of 100 to 200 %."""

    closed = Signal()
    painted = Signal()
    """Once, after the first paint, or when it is not waited for any longer; what is behind the window is opened now."""

    def __init__(
        self,
        opening: Opening,
        *,
        feedback: Feedback | None = None,
        screens: Sequence[Entry] = SCREENS,
        gradual: bool = False,
    ) -> None:
        """`gradual`: only the first screen now; the others when the program behind the window is open."""
        super().__init__()
        self.conductor = Conductor(opening.open_program, opening.scanners, self)
        self.feedback = feedback or Feedback()
        self._texts, self._fullscreen = opening.texts, opening.fullscreen
        self._status, self._operator = Status(), None
        self._rows: tuple[SettingRow, ...] = ()
        self._devices: tuple[DeviceStatus, ...] = ()
        self._awaits_paint = self._may_complete = False
        now = 1 if gradual else len(screens)
        self._later = list(screens[now:])
        self._made: list[tuple[Screen, Join]] = []
        loaded = [entry.load(opening.look, opening.texts) for entry in screens[:now]]
        self.frame = Frame([screen for screen, _ in loaded], opening.look, opening.texts)
        self.setCentralWidget(self.frame)
        self.setWindowTitle(opening.texts.title("window_name", opening.look.lang))
        self.setMinimumSize(SMALLEST_WIDTH_PX, SMALLEST_HEIGHT_PX)
        for screen, join in loaded:
            join(screen, self.conductor)
            if isinstance(screen, SignInScreen):
                screen.entered.connect(self.complete)
        self._hear()

    _operator: Operator | None

    @property
    def status(self) -> Status:
        """What the strip shows."""
        return self._status

    def begin(self) -> None:
        """Show the window; after its first paint, which waits for nothing, open what is behind it."""
        self._awaits_paint = True
        if self._fullscreen:
            self.showFullScreen()
        else:
            self._take_room()
            self.show()
        QTimer.singleShot(UNPAINTED_MS, self._start)

    @Slot()
    def complete(self) -> None:
        """Have all screens here now, whatever is missing."""
        while self._later or self._made:
            self._make_next()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._awaits_paint:
            QTimer.singleShot(0, self._start)  # after the rest of this paint

    def closeEvent(self, event: QCloseEvent) -> None:
        """Everything is closed in reverse; what was committed is safe."""
        self.conductor.close()
        super().closeEvent(event)
        self.closed.emit()

    def _hear(self) -> None:
        conductor, frame = self.conductor, self.frame
        frame.shown.connect(self._shown)
        conductor.ready.connect(lambda: conductor.show_front(self._front()))
        conductor.ready.connect(self._go_on)
        conductor.ready.connect(self._hear_keys)
        conductor.trouble.connect(self._go_on)
        conductor.site_changed.connect(self._take_site)
        conductor.signed_in.connect(self._signed_in)
        conductor.signed_out.connect(self._signed_out)
        conductor.delivery_offered.connect(lambda _: self.feedback.play(Panel.ATTENTION))
        conductor.scan_answered.connect(self._sound_scan)
        conductor.command_answered.connect(self._sound_command)
        conductor.settings_changed.connect(self._take_settings)
        conductor.scanners_changed.connect(self._take_scanners)
        conductor.sync_changed.connect(self._take_sync)
        conductor.conflicts_changed.connect(lambda view: frame.set_count(Front.CONFLICTS, view.open, Tone.ATTENTION))
        conductor.recording.changed.connect(
            lambda view: self._show_status(replace(self._status, recording=view.active))
        )
        conductor.trouble.connect(self._tell)
        hints = QApplication.styleHints()
        hints.colorSchemeChanged.connect(lambda _: self._follow_settings())

    @Slot()
    def _start(self) -> None:
        if self._awaits_paint:
            self._awaits_paint = False
            self.painted.emit()
            self.conductor.start()

    @Slot()
    def _go_on(self, *_: object) -> None:
        """A scan can be taken, or it was said why not: now for what was left for later, a part at a time."""
        if not self._may_complete:
            self._may_complete = True
            QTimer.singleShot(SCANNERS_MS, self._wake_feedback)
            QTimer.singleShot(SCANNERS_MS, self._make_next)

    @Slot()
    def _make_next(self) -> None:
        """One more screen; after the last one all of them get their place, and hear what was said before."""
        if self._later:
            self._made.append(self._later.pop(0).load(self.frame.look, self._texts))
            QTimer.singleShot(0, self._make_next)
        elif self._made:
            made, self._made = self._made, []
            self.frame.add_screens([screen for screen, _ in made])
            for screen, join in made:
                join(screen, self.conductor)
            self.conductor.tell_again()

    @Slot()
    def _hear_keys(self) -> None:
        """A scanner may type into this window: from now on its keys are told from a person's."""
        from app.ui.wedge_window import WindowKeys  # noqa: PLC0415 - not before the first paint

        if self.windowHandle() is not None:
            WindowKeys(self, self.frame, self.conductor, self._texts)

    def _shown(self, name: str) -> None:
        """Scans go to the screen that is seen; whoever is not signed in is led to the door."""
        front = _FRONTS.get(name)
        if front is None:
            return
        if self._operator is None and front not in OPEN_TO_ALL:
            self.frame.go(Front.SIGN_IN)
            return
        if self._operator is not None and front is Front.SIGN_IN:
            self.frame.go(Front.TASKS)
            return
        self.conductor.show_front(front)

    def _front(self) -> Front:
        return _FRONTS.get(self.frame.current, Front.SETTINGS)

    def _signed_in(self, operator: Operator) -> None:
        self._operator = operator
        self._show_status(replace(self._status, operator=operator.name))
        self.frame.go(Front.TASKS)

    def _signed_out(self) -> None:
        self._operator = None
        self._show_status(replace(self._status, operator=None))
        self.frame.go(Front.SIGN_IN)

    def _take_site(self, site: SiteView) -> None:
        self._show_status(replace(self._status, demo=site.synthetic))

    def _take_sync(self, sync: SyncStatus) -> None:
        self._show_status(with_sync(self._status, sync))
        self.frame.set_count(Front.UPLOADS, sync.refused + sync.held, Tone.ATTENTION)

    def _take_scanners(self, devices: tuple[DeviceStatus, ...]) -> None:
        gone = {one.device for one in self._devices} - {one.device for one in devices}
        self._devices = devices
        self._show_status(with_scanners(self._status, devices))
        for device in (*gone, *(one.device for one in devices if one.state is DeviceState.READY)):
            self.frame.notices.withdraw(about_device(device))

    def _show_status(self, status: Status) -> None:
        if status != self._status:
            self._status = status
            self.frame.strip.draw(status)

    def _take_settings(self, rows: tuple[SettingRow, ...]) -> None:
        self._rows = rows
        sound = next((row.value for row in rows if row.key == "sound"), "true")
        self.feedback.set_volume(1.0 if sound == "true" else 0.0)
        self._follow_settings()

    def _follow_settings(self) -> None:
        look = look_of({row.key: row.value for row in self._rows}, dark_outside=is_dark_outside())
        if look != self.frame.look:
            self.frame.set_look(look)
            self.setWindowTitle(self._texts.title("window_name", look.lang))

    def _sound_scan(self, outcome: ScanOutcome) -> None:
        self.feedback.play(outcome.panel)

    def _sound_command(self, outcome: CommandOutcome) -> None:
        done = Panel.GOOD if outcome.command == "close" else Panel.SOFT
        self.feedback.play(done if outcome.ok else Panel.ATTENTION)

    def _tell(self, code: str, values: Mapping[str, object]) -> None:
        """A trouble in words; those of the PIN stand beside the pad already."""
        if code in SCAN_NOTICES:
            self.feedback.play(Panel.ATTENTION)
        if code in HERE and self.frame.current == Front.SIGN_IN:
            return
        self.frame.notices.tell(notice_of(code, values, [one.device for one in self._devices]))

    def _wake_feedback(self) -> None:
        self.feedback.wake()
        if self.feedback.trouble is not None:
            self.frame.notices.tell(Notice(self.feedback.trouble, passing=True))

    def _take_room(self) -> None:
        """The desk's size, or what the screen has."""
        screen = self.screen().availableGeometry()
        self.resize(min(DESK_WIDTH_PX, screen.width()), min(DESK_HEIGHT_PX, screen.height()))


def open_window(args: argparse.Namespace) -> int:
    """Open the window that the command line asked for and stay until it is closed; gives the exit status.

    Raises Trouble("no_screen") where no window can be shown.
    """
    if not has_screen(sys.platform, os.environ):
        raise Trouble("no_screen")
    environment = Environment.read(os.environ)
    texts, folder = Texts.load(), args.data_dir or default_data_dir()
    if is_open_already(folder, texts):
        return 0
    look, follows_system = early_look(DataPaths(folder), environment.lang)
    opening = Opening(
        lambda: open_program(args, environment),
        texts,
        tuple(args.scanner),
        look,
        follows_system=follows_system,
        fullscreen=bool(args.fullscreen),
        folder=folder,
    )
    return run_window(sys.argv[:1], opening)


def is_open_already(folder: Path, texts: Texts) -> bool:
    """True if this folder has a window, which was called to the front; Qt is only begun where one may be there."""
    if holder_of(folder) is None:
        return False
    from app.ui.one_window import call_first  # noqa: PLC0415 - not before the first paint

    application_of(sys.argv[:1], texts)
    return call_first(folder, texts)


def open_program(args: argparse.Namespace, environment: Environment) -> Program:
    """On the window's worker, after the first paint, which must not wait for what is imported here."""
    from app.wiring import Call, Program  # noqa: PLC0415

    return Program(Call("window", args.data_dir, args.server, environment))


def keep_only(window: MainWindow, folder: Path, texts: Texts) -> None:
    """From now on a second window of this folder calls this one to the front."""
    from app.ui.one_window import OneWindow  # noqa: PLC0415 - not before the first paint

    only = OneWindow(folder, window, texts)
    window.conductor.ready.connect(only.open_door)
    window.conductor.trouble.connect(only.hear_trouble)


def run_window(argv: Sequence[str], opening: Opening, *, on_shown: Callable[[MainWindow], object] | None = None) -> int:
    """Show the main window and run Qt's event loop to its end.

    `on_shown` is called once, on the UI thread, after the window was asked to show itself.
    """
    application = application_of(argv, opening.texts)
    if opening.follows_system and is_dark_outside():
        opening = replace(opening, look=opening.look.with_mode(Mode.DARK))
    fonts = load_fonts()
    theme.apply(application, opening.look)
    window = MainWindow(opening, gradual=True)
    # By ourselves: Qt would ask every window first, and the demonstration's scanner never lets itself be closed.
    window.closed.connect(lambda: QTimer.singleShot(0, application.exit))
    if fonts.trouble is not None:
        window.frame.notices.tell(Notice(fonts.trouble))
    if opening.folder is not None:
        window.painted.connect(partial(keep_only, window, opening.folder, opening.texts))
    window.begin()
    if on_shown is not None:
        on_shown(window)
    try:
        return application.exec()
    finally:
        window.conductor.close()
        window.feedback.close()
        # Here, in a known order, and not by the interpreter in its last moment, when threads and Qt are half gone.
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def application_of(argv: Sequence[str], texts: Texts) -> QApplication:
    """The one application object, made if there is none yet."""
    running = QApplication.instance()
    application = running if isinstance(running, QApplication) else QApplication(list(argv))
    application.setApplicationName("matou")
    application.setApplicationDisplayName(texts.title("window_name"))
    return application


def early_look(paths: DataPaths, lang: str) -> tuple[Look, bool]:
    """The look of the last run, so that the first paint does not flash, and whether its mode is the system's.

    What cannot be read is told later.
    """
    with contextlib.suppress(Trouble):
        values = Settings.load(paths).values
        return look_of({one.key: text_of(values[one.key]) for one in SETTINGS}, dark_outside=False), values[
            "theme"
        ] == "auto"
    return Look(lang=lang), True


def is_dark_outside() -> bool:
    """True where the system's own colours are dark."""
    return QApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark


def has_screen(platform: str, environment: Mapping[str, str]) -> bool:
    """False where Qt would abort for want of a display: Linux with neither X11, Wayland nor a chosen platform."""
    if platform != "linux":
        return True
    return any(environment.get(name) for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"))
