"""Outcomes at one touch or one key: short, over, damaged, rejected, exempt, of the line or code under the hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import DIFFERENCES
from app.ui.screens.receiving_lacking import MOST_OVER, ask_of
from app.ui.screens.receiving_sheet import OUTCOME_KEYS, REASONS
from app.ui.screens.receiving_words import line_row, outcomes_of
from app.ui.theme import Look
from tests.ui import screens_a_views as views

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


@pytest.fixture
def screen(qtbot: QtBot, qapp: QApplication, texts: Texts) -> ReceivingScreen:
    load_fonts()
    theme.apply(qapp, Look())
    made = ReceivingScreen(Look(), texts)
    made.retheme(Look(), texts)
    made.resize(480, 700)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.open(views.receipt())
    return made


@pytest.fixture
def said(screen: ReceivingScreen) -> list[str]:
    """The commands that went out."""
    told: list[str] = []
    screen.commanded.connect(told.append)
    return told


def touch(qtbot: QtBot, part: QWidget) -> None:
    assert part.isVisible()
    assert part.isEnabled()
    qtbot.mouseClick(part, LEFT)


def test_over_is_recorded_of_the_code_that_was_too_much(
    qtbot: QtBot, screen: ReceivingScreen, said: list[str], texts: Texts
) -> None:
    screen.show_scan(views.scan("over_quantity", line=2, received=20, expected=20))
    screen.show_tab(DIFFERENCES)
    differences = screen.differences
    touch(qtbot, differences.code_buttons["over"])
    assert differences.sheet.ask is not None
    assert (differences.sheet.ask.line, differences.sheet.ask.count) == (2, 1)
    touch(qtbot, differences.sheet._more)
    touch(qtbot, differences.sheet._reasons[0])
    assert said == [f"over 2 2 {texts.title('recv_why_sent_more')}"]
    assert differences.sheet.ask is None


def test_a_foreign_code_cannot_be_over(screen: ReceivingScreen) -> None:
    screen.show_scan(views.scan("not_in_delivery", line=None, received=None))
    screen.draw(views.receipt())
    assert not screen.differences.code_buttons["over"].isEnabled()
    assert screen.differences.code_buttons["reject"].isEnabled()


def test_a_line_that_adds_up_takes_over_and_nothing_else(
    qtbot: QtBot, screen: ReceivingScreen, said: list[str], texts: Texts
) -> None:
    screen.line_list.chosen.emit("2")
    assert screen.tab == DIFFERENCES
    card = screen.differences.lacking[0]
    assert [name for name, button in card.buttons.items() if button.isVisible()] == ["over"]
    touch(qtbot, card.buttons["over"])
    touch(qtbot, screen.differences.sheet._reasons[2])
    assert said == [f"over 2 1 {texts.title('recv_why_gift')}"]
    lines = tuple(replace(line, over=1) if line.line == 2 else line for line in views.receipt().lines)
    screen.draw(views.receipt(lines=lines))
    assert card.buttons["short"].isVisible(), "the next line that lacks something stands there again"


def test_what_is_over_is_seen_at_its_line_and_can_be_changed(texts: Texts) -> None:
    line = views.line(2, 20, 20, over=3)
    assert outcomes_of(texts, "zh", line) == "多货 3"
    assert "多货 3" in line_row(texts, "zh", line).detail
    ask = ask_of(line, "over")
    assert (ask.count, ask.most, ask.text("多发")) == (3, MOST_OVER, "over 2 3 多发")
    assert line.missing == 0, "it stands beside the equation"


@pytest.mark.parametrize(("key", "name"), OUTCOME_KEYS.items())
def test_each_outcome_has_a_key(
    qtbot: QtBot, screen: ReceivingScreen, said: list[str], texts: Texts, key: Qt.Key, name: str
) -> None:
    """Of the code that was shot last, or of the first line that lacks something; then Enter records."""
    screen.show_scan(views.scan("over_quantity", line=2, received=20, expected=20))
    screen.opened()
    qtbot.keyClick(screen, key)
    sheet = screen.differences.sheet
    assert screen.tab == DIFFERENCES
    assert sheet.ask is not None
    assert sheet.ask.command == name
    assert screen.focusWidget() is sheet._reasons[0]
    qtbot.keyClick(sheet._reasons[0], Qt.Key.Key_Return)
    assert len(said) == 1
    assert said[0].endswith(texts.title(REASONS[name][0]))
    about = {"short": "1 39", "exempt": "1 39", "over": "2 1"}.get(name, "89990110000000000020")
    assert said[0].startswith(f"{name} {about} ")


@pytest.mark.parametrize("key", OUTCOME_KEYS)
def test_keys_do_nothing_where_nothing_can_be_recorded(qtbot: QtBot, screen: ReceivingScreen, key: Qt.Key) -> None:
    screen.draw(replace(views.complete(), closed=True))
    qtbot.keyClick(screen, key)
    assert screen.differences.sheet.ask is None
    screen.forget()
    qtbot.keyClick(screen, key)
    assert screen.differences.sheet.ask is None


def test_what_a_scanner_types_presses_no_button(qtbot: QtBot, screen: ReceivingScreen, said: list[str]) -> None:
    """A scanner that types ends its code with Enter; the button that has the keys is not meant."""
    screen.show_tab(DIFFERENCES)
    screen.differences.close_button.setFocus()
    for sign in "8999":
        qtbot.keyClick(screen.differences.close_button, sign)
    qtbot.keyClick(screen.differences.close_button, Qt.Key.Key_Return)
    assert said == []


def test_enter_presses_the_button_that_has_the_keys(qtbot: QtBot, screen: ReceivingScreen, said: list[str]) -> None:
    screen.show_tab(DIFFERENCES)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
        qtbot.keyClick(screen.differences.close_button, key)
    assert said == ["close"] * 3
