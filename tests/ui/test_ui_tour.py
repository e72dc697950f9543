"""The tour's card lies where nothing is pressed, and moves when something comes under it. UI thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import theme
from app.ui.demo.tour import Step, Tour
from app.ui.fonts import load_fonts
from app.ui.screens.sign_in import SignInScreen
from app.ui.shell.frame import Frame
from app.ui.theme import Look
from app.ui.widgets.keypad import DigitButton
from tests.ui.screens_a_views import PEOPLE, build

WAIT_MS = 5_000


@pytest.mark.parametrize("chosen", ["before", "after"])
def test_the_pad_stays_free_on_the_desk(qtbot: QtBot, qapp: QApplication, chosen: str) -> None:
    load_fonts()
    theme.apply(qapp, Look())
    texts = Texts.load()
    frame = build(Look(), texts)
    qtbot.addWidget(frame)
    door = frame.screen_named("sign_in")
    assert isinstance(door, SignInScreen)
    door.set_ready()
    door.draw(PEOPLE)
    frame.resize(1280, 800)
    with qtbot.waitExposed(frame):
        frame.show()
    tour = Tour(frame, (Step("tour_sign_in", "signed_in"),), Look(), texts)
    if chosen == "before":
        door.choose("1001")
    tour.start()
    door.choose("1001")
    keys = cast("Iterable[QWidget]", door.findChildren(DigitButton))
    qtbot.waitUntil(lambda: not covered(frame, tour, keys), timeout=WAIT_MS)
    assert frame.rect().contains(tour.card.geometry())
    tour.end()
    assert not tour.card.isVisible()


def covered(frame: Frame, tour: Tour, keys: Iterable[QWidget]) -> list[str]:
    """Keys that the card lies over."""
    card = tour.card.geometry()
    return [key.accessibleName() for key in keys if QRect(key.mapTo(frame, QPoint(0, 0)), key.size()).intersects(card)]
