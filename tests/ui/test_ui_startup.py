"""How the window starts: what it does not wait for, what comes later, and that it rests when nothing happens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.base.texts import Texts
from app.ui.feedback import Feedback
from app.ui.shell.notices import Notice
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.window import MainWindow, Opening
from app.wiring import Program

ROOT = Path(__file__).resolve().parents[2]
SLOW = (
    "httpx",
    "biip",
    "keyring",
    "peewee",
    "sqlite3",
    "serial",
    "msgspec",
    "app.wiring",
    "app.flows.views",
    "filelock",
    "app.ui.one_window",
    "PySide6.QtMultimedia",
)
LATER = ("tasks", "receiving", "lookup", "uploads", "devices", "settings", "about")
ROUNDS = 40


class Requests(QObject):
    """Counts how often a widget is asked to lay itself out."""

    count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def cannot_open() -> Program:
    raise Trouble("data_folder_in_use", folder="x", pid=1, purpose="x")


@pytest.fixture
def opening() -> Opening:
    return Opening(cannot_open, Texts.load())


def live(rounds: int = ROUNDS) -> None:
    for _ in range(rounds):
        QApplication.processEvents()


def test_the_first_paint_waits_for_no_library_of_the_work_behind_it() -> None:
    program = f"import sys; import app.__main__, app.ui.window; print([n for n in {SLOW!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("shape", [(360, 640), (480, 800), (1280, 800)])
def test_a_window_in_which_nothing_happens_is_not_laid_out_again(
    qtbot: QtBot, opening: Opening, shape: tuple[int, int]
) -> None:
    window = MainWindow(opening)
    qtbot.addWidget(window)
    window.resize(*shape)
    with qtbot.waitExposed(window):
        window.show()
    window.frame.strip.draw(Status((ScannerStatus("a", ready=True),), Network.ONLINE, 3, 1, "演示员甲", demo=True))
    window.frame.notices.tell(Notice("no_sound_device"))
    live()
    requests = Requests()
    window.frame.installEventFilter(requests)

    live()

    assert requests.count == 0
    window.conductor.close()


def test_only_the_first_screen_is_made_before_the_window_is_seen(qtbot: QtBot, opening: Opening) -> None:
    window = MainWindow(opening, gradual=True)
    qtbot.addWidget(window)
    assert window.frame.current == "sign_in"
    for name in LATER:
        with pytest.raises(KeyError):
            window.frame.screen_named(name)
    window.conductor.close()


def test_the_others_come_by_themselves_also_where_the_program_does_not_open(qtbot: QtBot, opening: Opening) -> None:
    window = MainWindow(opening, gradual=True, feedback=Feedback(opener=lambda _files, _volume: None))
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.conductor.trouble, timeout=20_000):
        window.begin()

    def complete() -> bool:
        return all(has(window, name) for name in LATER)

    qtbot.waitUntil(complete, timeout=20_000)
    window.frame.go("devices")
    assert window.frame.current == "devices"
    assert [one.code for one in window.frame.notices.told].count("data_folder_in_use") == 1
    window.close()


def test_what_was_counted_before_a_way_was_there_stands_at_it(qtbot: QtBot, opening: Opening) -> None:
    window, whole = MainWindow(opening, gradual=True), MainWindow(opening)
    for each in (window, whole):
        qtbot.addWidget(each)
        each.frame.set_count("uploads", 7)
    window.complete()
    window.complete()  # a second time changes nothing
    for each in (window, whole):
        each.frame.go("about")
        each.resize(1280, 800)
        each.show()
        live()
    assert window.frame.grab().toImage() == whole.frame.grab().toImage()
    for each in (window, whole):
        each.conductor.close()


def has(window: MainWindow, name: str) -> bool:
    try:
        window.frame.screen_named(name)
    except KeyError:
        return False
    return True
