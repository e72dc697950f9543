"""Sign-in and the task list, without a program behind them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.sign_in import SignInScreen
from app.ui.screens.tasks import TasksScreen
from app.ui.theme import Look
from app.ui.widgets.panes import Form
from tests.ui import screens_a_views as views


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


@pytest.fixture
def shown(qtbot: QtBot, qapp: QApplication) -> Callable[[QWidget, tuple[int, int]], None]:
    load_fonts()
    theme.apply(qapp, Look())

    def show(part: QWidget, size: tuple[int, int]) -> None:
        qtbot.addWidget(part)
        part.resize(*size)
        with qtbot.waitExposed(part):
            part.show()

    return show


def test_tasks_say_what_they_know(shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts) -> None:
    screen = TasksScreen(Look(), texts)
    screen.retheme(Look(), texts)
    shown(screen, (480, 700))
    assert screen.empty.isVisible()
    screen.draw(views.tasks(refused=2, held=1))
    rows = {row.key[-2:]: row for row in screen.list.rows}
    assert [row.key[-2:] for row in screen.list.rows] == ["12", "11", "13", "14", "15", "10"]
    assert rows["12"].value == "74/180"
    assert "无码清单" in rows["13"].detail
    assert "特殊药品" in rows["13"].detail
    assert rows["14"].value == "共 47"
    assert rows["10"].faded
    assert screen.banner.isVisible()
    assert screen.banner_words.text() == "被退回 2 条，搁置 1 条"
    gone: list[str] = []
    screen.goes.connect(gone.append)
    screen.banner_button.click()
    assert gone == ["uploads"]


def test_one_offer_opens_and_several_ask(
    qtbot: QtBot, shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = TasksScreen(Look(), texts)
    screen.retheme(Look(), texts)
    screen.draw(views.tasks())
    shown(screen, (480, 700))
    with qtbot.waitSignal(screen.opens, timeout=5_000) as opened:
        screen.take_offer("DEMO-20261122-13")
    assert opened.args == ["DEMO-20261122-13"]
    screen.take_offer("DEMO-20261122-11")
    screen.take_offer("DEMO-20261122-13")
    qtbot.waitUntil(screen.offer.isVisible, timeout=5_000)
    assert [row.key for row in screen.list.rows] == ["DEMO-20261122-11", "DEMO-20261122-13"]
    screen.opened()
    assert len(screen.list.rows) == 6


def test_an_unknown_badge_is_told_and_the_pad_asks_for_nobody(
    shown: Callable[[QWidget, tuple[int, int]], None], texts: Texts
) -> None:
    screen = SignInScreen(Look(), texts)
    screen.retheme(Look(), texts)
    shown(screen, (480, 700))
    screen.set_ready()
    screen.draw(views.PEOPLE)
    screen.choose("9")
    assert screen.chosen is None
    assert "9" in screen.badge_hint.text()
    screen.set_form(Form.DESK)
    assert "9" in screen.message.text()
    assert not screen.keypad.isEnabled()
    screen.choose("1003")
    assert screen.keypad.isEnabled()
    assert not screen.message.isVisible()
    screen.draw(views.PEOPLE[:1])
    assert screen.chosen is None, "somebody who left the list is not asked any more"
