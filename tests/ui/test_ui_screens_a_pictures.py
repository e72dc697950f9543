"""Every state of sign-in, tasks and receiving, in every shape, mode and text size, seen by the automatic check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.shell.frame import Frame
from app.ui.theme import Look, Mode
from app.ui.widgets.progress import LineProgress, TotalProgress
from tests.ui import picture_check
from tests.ui.screens_a_views import STATES, State, build

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "screens_a"
SHAPES = ((360, 640), (480, 800), (1280, 800))
LOOKS = (
    *(Look(mode, scale) for mode in Mode for scale in (1.0, 2.0)),
    *(Look(Mode.LIGHT, scale, "en") for scale in (1.0, 2.0)),
)


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[None]:
    load_fonts()
    before = qapp.palette(), qapp.font(), qapp.styleSheet(), qapp.style().name()
    yield
    qapp.setStyle(before[3])
    qapp.setPalette(before[0])
    qapp.setFont(before[1])
    qapp.setStyleSheet(before[2])


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.mode}-{look.text_scale:.0%}-{look.lang}")
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}x{shape[1]}")
def test_nothing_is_clipped_in_any_state(
    qtbot: QtBot, qapp: QApplication, texts: Texts, shape: tuple[int, int], look: Look
) -> None:
    theme.apply(qapp, look)
    OUT.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    for state in STATES:
        name = f"{state.name}-{shape[0]}x{shape[1]}-{look.mode}-{look.text_scale:.0%}-{look.lang}"
        frame = shown(qtbot, qapp, build(look, texts), shape, state)
        frame.grab().save(str(OUT / f"{name}.png"))
        problems += [f"{name}: {problem}" for problem in picture_check.check(frame)]
        frame.deleteLater()
    assert problems == []


def shown(qtbot: QtBot, qapp: QApplication, frame: Frame, shape: tuple[int, int], state: State) -> Frame:
    """The window in this state, laid out and at rest."""
    frame.resize(*shape)
    with qtbot.waitExposed(frame):
        frame.show()
    state.show(frame)
    for _ in range(3):
        qapp.processEvents()
    for bar in cast("list[QWidget]", frame.findChildren(QWidget)):
        if isinstance(bar, TotalProgress | LineProgress):
            bar.settle()
    return frame
