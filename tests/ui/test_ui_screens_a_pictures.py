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
from tests.ui.picture_check import look_over, telling
from tests.ui.screens_a_views import STATES, build

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "screens_a"
SHAPES = {"pocket": (360, 640), "tall": (480, 800), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "en": Look(lang="en"),
    "en_200": Look(Mode.LIGHT, 2.0, "en"),
}
SETTLED = 8  # rounds of events after which everything has found its height
PICTURES = telling(
    (
        *(
            (shape, look)
            for shape in ("pocket", "desk")
            for look in ("light", "dark", "light_200", "dark_200", "en_200")
        ),
        ("tall", "light"),
        ("tall", "en_200"),
        ("desk", "en"),
    )
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


@pytest.mark.parametrize(("shape", "name"), PICTURES)
def test_every_state_is_a_picture_without_a_fault(
    qtbot: QtBot, qapp: QApplication, texts: Texts, shape: str, name: str
) -> None:
    look = LOOKS[name]
    theme.apply(qapp, look)
    frame = build(look, texts)
    qtbot.addWidget(frame)
    frame.resize(*SHAPES[shape])
    with qtbot.waitExposed(frame):
        frame.show()
    problems: list[str] = []
    for state in STATES:
        state.show(frame)
        settle(qapp, frame)
        file = OUT / f"{state.name}-{shape}-{name}.png"
        problems += [f"{state.name}: {problem}" for problem in look_over(frame, file)]
    assert problems == []


def settle(qapp: QApplication, frame: Frame) -> None:
    """Laid out, and every motion at its end."""
    for _ in range(SETTLED):
        qapp.processEvents()
    for bar in cast("list[QWidget]", frame.findChildren(QWidget)):
        if isinstance(bar, TotalProgress | LineProgress):
            bar.settle()
