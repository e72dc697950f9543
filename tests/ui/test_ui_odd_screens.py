"""Every state of every screen on the smallest and the largest display, at every text size: nothing cut or covered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.registry import SCREENS
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look
from tests.ui import picture_check
from tests.ui.screens_a_views import STATES
from tests.ui.test_ui_screens_b_pictures import scenes

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "odd_screens"
SMALLEST, LARGEST = (320, 480), (3840, 2160)
SETTLED = 8
EVERY_ON_LARGE = 15  # a picture of 8 million points takes its time
KEPT_OF_LARGE = frozenset({"sign_in_starting", "receiving_carton"})


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [SMALLEST, LARGEST], ids=["smallest", "4k"])
def test_every_screen_on_the_smallest_and_the_largest_display(
    qtbot: QtBot, qapp: QApplication, texts: Texts, size: tuple[int, int], scale: float
) -> None:
    look = Look(text_scale=scale)
    load_fonts()
    theme.apply(qapp, look)
    frame = Frame([entry.load(look, texts)[0] for entry in SCREENS], look, texts)
    qtbot.addWidget(frame)
    frame.strip.draw(Status((ScannerStatus("ttyACM0", ready=True),), Network.ONLINE, 3, 0, "演示员甲", demo=True))
    frame.resize(*size)
    frame.show()
    problems: list[str] = []
    for number, name in enumerate(shown(qapp, frame)):
        if size == SMALLEST or number % EVERY_ON_LARGE == 0:
            if size == SMALLEST or name in KEPT_OF_LARGE:
                found = picture_check.look_over(frame, OUT / f"{name}-{size[0]}-{scale * 100:.0f}.png")
            else:
                found = picture_check.check(frame)
            problems += [f"{name}: {problem}" for problem in found]
    theme.apply(qapp, Look())
    assert not problems, "\n".join(problems)


def shown(qapp: QApplication, frame: Frame) -> Iterator[str]:
    for state in STATES:
        state.show(frame)
        settle(qapp)
        yield state.name
    for name, screen, put in scenes(frame):
        frame.go(screen)
        put()
        settle(qapp)
        yield name


def settle(qapp: QApplication) -> None:
    for _ in range(SETTLED):
        qapp.processEvents()
