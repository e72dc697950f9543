"""One window for each data folder: a second one calls the first to the front and ends. UI thread.

The first listens at a door: a local socket, on Windows a named pipe, of this user only, whose name follows from the
folder. Whoever holds the folder owns the door, so what a killed window left of it is swept away. A command line has
no door: then the second window stays and says who holds the folder.
"""

from __future__ import annotations

import getpass
import hashlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QWidget

from app.base.crash import say_line
from app.base.folder import Holder, holder_of
from app.base.texts import Texts

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer

WITH_WINDOW = frozenset({"window", "demo"})
"""Purposes of those who have a door."""
CONNECT_MS, ANSWER_MS = 500, 2_000
AGAIN_MS, TRIES = 200, 15
"""Two that are started at once: the one that finds the folder taken waits so often for the other's door."""
SHOWN = b"shown\n"
_log = logging.getLogger(__name__)


class OneWindow(QObject):
    """At the side of a window: opens its door, or gives way to the window that was first."""

    called = Signal()
    """Another window asked for this one, which stands in front now."""

    def __init__(self, folder: Path, window: QWidget, texts: Texts) -> None:
        super().__init__(window)
        self._folder, self._window, self._texts = folder, window, texts
        self._server: QLocalServer | None = None
        self._tries = 0
        self._again = QTimer(self)
        self._again.setInterval(AGAIN_MS)
        self._again.timeout.connect(self._try)

    @Slot()
    def open_door(self) -> None:
        """The folder is ours: listen. A door that cannot be opened costs only this comfort."""
        from PySide6.QtNetwork import QLocalServer  # noqa: PLC0415 - the first paint does not wait for it

        if self._server is not None:
            return
        name = door_name(self._folder)
        QLocalServer.removeServer(name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._open_to_caller)
        if not self._server.listen(name):
            _log.warning("no door: %s", self._server.errorString())

    @Slot(str, object)
    def hear_trouble(self, code: str, _values: object = None) -> None:
        """Somebody else holds the folder: if it is a window, it comes to the front and this one closes."""
        if code == "data_folder_in_use" and not self._again.isActive():
            self._tries = 0
            self._again.start()

    @Slot()
    def _open_to_caller(self) -> None:
        assert self._server is not None
        while (caller := self._server.nextPendingConnection()) is not None:
            bring_to_front(self._window)
            caller.disconnected.connect(caller.deleteLater)
            caller.write(SHOWN)
            caller.disconnectFromServer()
            self.called.emit()

    @Slot()
    def _try(self) -> None:
        self._tries += 1
        if call_first(self._folder, self._texts):
            self._again.stop()
            self._window.close()
        elif self._tries >= TRIES:
            self._again.stop()


def call_first(folder: Path, texts: Texts) -> bool:
    """Have the window that holds `folder` come to the front. True if it did; then one line was said.

    Needs the application object. An entry that a killed window left behind costs one look.
    """
    holder = holder_of(folder)
    if holder is None or holder.purpose not in WITH_WINDOW or holder.pid == os.getpid() or not _answers(folder, holder):
        return False
    say_line("window_open_already", texts.line("window_open_already"))
    return True


def bring_to_front(window: QWidget) -> None:
    """Out of the task bar and before the others; where the system does not allow that, it calls for attention."""
    window.setWindowState((window.windowState() & ~Qt.WindowState.WindowMinimized) | Qt.WindowState.WindowActive)
    window.show()
    window.raise_()
    window.activateWindow()
    QApplication.alert(window)


def door_name(folder: Path) -> str:
    """The door of a folder and a user: the same for every way in which the folder may be written."""
    user = getpass.getuser() if sys.platform == "win32" else str(os.getuid())
    whole = f"{user} {os.path.normcase(folder.resolve())}"
    return f"matou-{hashlib.sha256(os.fsencode(whole)).hexdigest()[:24]}"


def _answers(folder: Path, holder: Holder) -> bool:
    from PySide6.QtNetwork import QLocalSocket  # noqa: PLC0415 - only where somebody may be there

    _let_come_to_front(holder.pid)
    socket = QLocalSocket()
    socket.connectToServer(door_name(folder))
    if not socket.waitForConnected(CONNECT_MS):
        return False
    said = b""
    while SHOWN not in said and (socket.bytesAvailable() or socket.waitForReadyRead(ANSWER_MS)):
        said += bytes(socket.readAll().data())
    return SHOWN in said


def _let_come_to_front(pid: int) -> None:
    """Windows lets only the program in front give that place away."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415

        ctypes.windll.user32.AllowSetForegroundWindow(pid)
