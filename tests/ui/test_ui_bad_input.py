"""What goes wrong around the window is told in words: no font, no sound, a held folder, wrong PINs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.base.folder import DataFolder
from app.base.paths import resources_dir
from app.base.texts import Texts
from app.flows.views import OperatorChoice
from app.ui.feedback import Feedback
from app.ui.fonts import load_fonts
from app.ui.screens.sign_in import SignInScreen
from app.ui.theme import Look
from app.ui.window import MainWindow, Opening
from app.wiring import Program
from tests.ui.conductor_ear import call_of
from tests.ui.screens_a_views import tell_locked

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60
WAIT_MS = 20_000


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


WITHOUT_FONT = """
import json, sys
sys._MEIPASS = sys.argv[1]
from pathlib import Path
from app.base.texts import Texts
from app.ui.window import Opening, run_window
from app.wiring import Program
from tests.ui.conductor_ear import call_of
def play(window):
    window.conductor.ready.connect(lambda: (tell(window), window.close()))
def tell(window):
    window.grab().save(sys.argv[3])
    print(json.dumps([[one.code, one.passing] for one in window.frame.notices.told]))
sys.exit(run_window(["matou"], Opening(lambda: Program(call_of(Path(sys.argv[2]))), Texts.load()), on_shown=play))
"""


def test_without_its_font_the_window_opens_in_another_one_and_says_so(tmp_path: Path, texts: Texts) -> None:
    """The fonts are gone from the resources of a real process; everything else is there."""
    bare = tmp_path / "bundle" / "resources"
    bare.mkdir(parents=True)
    for part in resources_dir().iterdir():
        if part.name != "fonts":
            (bare / part.name).symlink_to(part)
    picture = tmp_path / "picture.png"
    done = child(WITHOUT_FONT, str(bare.parent), str(tmp_path / "data"), str(picture))
    assert done.returncode == 0, done.stderr
    assert ["font_missing", False] in json.loads(done.stdout)
    assert picture.stat().st_size > 1_000
    assert "font" in texts.title("font_missing"), "where no Chinese can be drawn, these words still can"


SOUND = """
import sys
from PySide6.QtWidgets import QApplication
from app.domain.reasons import Panel
from app.ui.feedback import Feedback
application = QApplication([])
feedback = Feedback()
feedback.wake()
for panel in Panel:
    feedback.play(panel)
print(feedback.trouble)
"""


def test_a_machine_without_sound_says_nothing_on_its_console() -> None:
    """No sound server runs at an address where nobody listens."""
    done = child(SOUND, PULSE_SERVER="unix:/nonexistent/pulse")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() in ("no_sound_device", "None")


def child(program: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT, env=variables, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip


def test_a_folder_that_a_command_line_holds_is_told_and_tried_again(qtbot: QtBot, tmp_path: Path, texts: Texts) -> None:
    load_fonts()
    holder = DataFolder(tmp_path, "receive")
    feedback = Feedback(opener=lambda _files, _volume: None)
    window = MainWindow(Opening(lambda: Program(call_of(tmp_path)), texts, folder=tmp_path), feedback=feedback)
    qtbot.addWidget(window)
    door = window.frame.screen_named("sign_in")
    assert isinstance(door, SignInScreen)
    with qtbot.waitSignal(window.conductor.trouble, timeout=WAIT_MS):
        window.begin()
    assert door.nobody.title.text() == texts.title("data_folder_in_use", purpose="receive", pid=os.getpid())
    assert door.nobody.button is not None
    assert door.nobody.button.text() == texts.title("sign_in_again")
    holder.close()
    with qtbot.waitSignal(window.conductor.ready, timeout=WAIT_MS):
        door.nobody.button.click()
    # It is open: nobody is known in it yet, and soon that no hospital is named either.
    assert door.nobody.title.text() in (texts.title("sign_in_nobody"), texts.title("server_missing"))
    window.close()


def test_a_lock_counts_down_in_words(qtbot: QtBot, texts: Texts) -> None:
    screen = SignInScreen(Look(), texts)
    screen.retheme(Look(), texts)
    qtbot.addWidget(screen)
    screen.set_ready()
    screen.draw((OperatorChoice("1001", "演示员甲", "clerk"), OperatorChoice("1002", "演示员乙", "pharmacist")))
    screen.choose("1001")
    tell_locked(screen, 3)
    said = []
    for _ in range(3):
        said.append(screen.message.text())
        assert not screen.keypad.isEnabled()
        screen._tick()
    assert ["3 秒" in said[0], "2 秒" in said[1], "1 秒" in said[2]] == [True] * 3
    assert "演示员甲" in said[0]
    assert screen.keypad.isEnabled()
    assert not screen.message.text()
    tell_locked(screen, 60)
    screen.choose("1002")
    assert screen.keypad.isEnabled(), "somebody else may sign in meanwhile"
