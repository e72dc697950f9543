"""The end of the window, in real processes: threads that still work, a sound that still plays, and exit status 0."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.reasons import Panel
from app.ui.bridge import Bridge
from app.ui.feedback import Feedback
from app.ui.window import MainWindow, Opening, run_window
from app.wiring import Program
from tests.ui.conductor_ear import call_of
from tests.ui.journey_hand import Tones

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60
OF_THE_PLATFORM = "This plugin does not support"

BUSY = """
import sys, threading
from pathlib import Path
from app.base.texts import Texts
from app.ui.bridge import Bridge
from app.ui.window import Opening, run_window
from app.wiring import Program
from tests.ui.conductor_ear import call_of
def play(window):
    bridge = Bridge(window)
    def work():
        while True:
            bridge.post(lambda: None)
    def ready():
        window.frame.go("devices")  # begins to look for ports, on a thread of its own
        for number in range(3):
            threading.Thread(target=work, daemon=True).start()
        window.close()
    window.conductor.ready.connect(window.complete)
    window.conductor.ready.connect(ready)
data = Path(sys.argv[1])
sys.exit(run_window(["matou"], Opening(lambda: Program(call_of(data)), Texts.load(), folder=data), on_shown=play))
"""


@pytest.mark.parametrize("run", range(3))
def test_threads_that_still_work_do_not_break_the_end(tmp_path: Path, run: int) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", BUSY, str(tmp_path)],
        cwd=ROOT, env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    told = [line for line in done.stderr.splitlines() if not line.startswith(OF_THE_PLATFORM)]
    assert (done.returncode, told) == (0, [])


def test_the_window_is_taken_apart_while_qt_is_whole(qtbot: QtBot, tmp_path: Path) -> None:
    windows: list[MainWindow] = []

    def close_soon(window: MainWindow) -> None:
        windows.append(window)
        QTimer.singleShot(0, window.close)

    assert run_window(["matou"], Opening(lambda: Program(call_of(tmp_path)), Texts.load()), on_shown=close_soon) == 0
    assert not shiboken6.isValid(windows[0])


def test_another_window_that_stays_does_not_keep_the_program(qtbot: QtBot, tmp_path: Path) -> None:
    """As the demonstration's scanner does: it is put away, not closed."""
    stubborn = Stubborn()
    qtbot.addWidget(stubborn)

    def play(window: MainWindow) -> None:
        stubborn.show()
        QTimer.singleShot(0, window.close)

    assert run_window(["matou"], Opening(lambda: Program(call_of(tmp_path)), Texts.load()), on_shown=play) == 0
    assert stubborn.isVisible()
    stubborn.lets_go = True


class Stubborn(QWidget):
    lets_go = False

    def closeEvent(self, event: QCloseEvent) -> None:
        event.setAccepted(self.lets_go)


def test_what_a_thread_says_after_the_end_wakes_nobody(qtbot: QtBot, qapp: QApplication) -> None:
    bridge, heard = Bridge(), list[str]()
    bridge.post(lambda: heard.append("before"))
    QTimer.singleShot(0, qapp.exit)
    qapp.exec()
    bridge.post(lambda: heard.append("after"))
    QTimer.singleShot(0, qapp.exit)
    qapp.exec()
    assert heard == ["before"]


def test_feedback_is_silent_after_its_end() -> None:
    tones = Tones()
    feedback = Feedback(opener=lambda _files, _volume: tones)
    feedback.wake()
    feedback.play(Panel.GOOD)
    feedback.close()
    feedback.play(Panel.STOP)
    feedback.set_volume(0.5)
    assert (tones.played, feedback.trouble) == (["good"], None)
