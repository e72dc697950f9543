"""The frame and its parts: shapes, ways, status, notices. Offscreen; UI thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.base.texts import Texts
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.shell.frame import Frame, form_of
from app.ui.shell.notices import Notice, Notices
from app.ui.shell.pocket import MORE
from app.ui.shell.status_strip import (
    Network,
    ScannerStatus,
    Status,
    StatusStrip,
    network_look,
    scanner_looks,
    waiting_look,
)
from app.ui.theme import DARK, Look, Mode, Tone
from app.ui.widgets.buttons import NavButton
from app.ui.widgets.panes import Form
from tests.ui.look_gallery import ReceivingPage, build_frame


@pytest.fixture
def texts(qapp: QApplication, qtbot: QtBot) -> Texts:
    load_fonts()
    theme.apply(qapp, Look())
    return Texts.load()


@pytest.fixture
def frame(qtbot: QtBot, texts: Texts) -> Frame:
    built = build_frame(Look(), texts)
    qtbot.addWidget(built)
    built.resize(360, 640)
    with qtbot.waitExposed(built):
        built.show()
    return built


def ways(frame: Frame) -> list[str]:
    """The words of the ways that are seen."""
    return [button.text() for button in seen_ways(frame)]


def seen_ways(frame: Frame) -> list[NavButton]:
    found = cast("Iterable[NavButton]", frame.findChildren(NavButton))  # the 6.8 stubs say Iterable[Never]
    return [button for button in found if button.isVisible()]


@pytest.mark.parametrize(
    ("size", "form"),
    [
        ((360, 640), Form.POCKET),
        ((480, 800), Form.POCKET),
        ((640, 360), Form.POCKET),
        ((800, 1280), Form.POCKET),
        ((1080, 1920), Form.POCKET),
        ((1280, 800), Form.DESK),
        ((3840, 2160), Form.DESK),
    ],
)
def test_the_shape_decides_the_shell(size: tuple[int, int], form: Form) -> None:
    assert form_of(*size) is form


def test_the_shell_changes_with_the_shape_and_the_screens_stay(frame: Frame, texts: Texts) -> None:
    receiving = frame.screen_named("receiving")
    assert isinstance(receiving, ReceivingPage)
    receiving.total.set_counts(7, 0, 9)
    frame.go("receiving")
    assert ways(frame) == [
        texts.title(f"ui_screen_{name}") for name in ("tasks", "receiving", "lookup", "uploads", MORE)
    ]
    frame.resize(1280, 800)
    assert (frame.form, frame.current, receiving.form) == (Form.DESK, "receiving", Form.DESK)
    assert len(ways(frame)) == 7
    assert texts.title("ui_screen_about") in ways(frame)
    assert frame.screen_named("receiving") is receiving
    assert receiving.total.counts.received == 7
    frame.resize(360, 640)
    assert frame.form is Form.POCKET


def test_more_is_of_the_pocket_only(frame: Frame) -> None:
    frame.go(MORE)
    assert frame.current == MORE
    frame.resize(1280, 800)
    assert frame.current == "tasks"


def test_a_screen_that_stands_alone_has_no_ways(frame: Frame) -> None:
    frame.go("sign_in")
    assert ways(frame) == []
    frame.go("tasks")
    assert len(ways(frame)) == 5


def test_ways_and_chips_and_screens_lead_on_and_unknown_names_do_not(frame: Frame, qtbot: QtBot) -> None:
    with qtbot.waitSignal(frame.shown) as caught:
        frame.strip.asked.emit("uploads")
    assert caught.args == ["uploads"]
    frame.screen_named("uploads").goes.emit("lookup")
    assert frame.current == "lookup"
    frame.go("no_such_screen")
    assert frame.current == "lookup"
    button = seen_ways(frame)[0]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert frame.current == "tasks"
    assert button.isChecked()


def test_look_and_language_change_everywhere_at_once(frame: Frame, texts: Texts, qapp: QApplication) -> None:
    frame.set_look(Look(Mode.DARK, 1.5, "en"))
    assert ways(frame)[0] == texts.title("ui_screen_tasks", "en")
    assert frame.look.lang == "en"
    assert frame.grab().toImage().pixelColor(4, 300).name() == DARK.ground
    assert qapp.palette().window().color().name() == DARK.ground


def test_every_way_can_be_reached_with_keys(frame: Frame) -> None:
    buttons = seen_ways(frame)
    assert all(button.focusPolicy() & Qt.FocusPolicy.TabFocus for button in buttons)
    assert all(button.accessibleName() for button in buttons)


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (Status(), ["ui_scanner_none"]),
        (Status((ScannerStatus("甲", True),)), ["ui_scanner_ready"]),
        (Status((ScannerStatus("甲", False),)), ["ui_scanner_lost"]),
        (
            Status((ScannerStatus("甲", True), ScannerStatus("乙", False))),
            ["ui_scanner_named_ready", "ui_scanner_named_lost"],
        ),
    ],
)
def test_each_scanner_says_how_it_is(status: Status, codes: list[str]) -> None:
    assert [look.code for look in scanner_looks(status)] == codes


def test_offline_is_calm_and_refused_is_not() -> None:
    assert network_look(Status(network=Network.OFFLINE)).tone is Tone.QUIET
    assert network_look(Status(network=Network.TROUBLE)).tone is Tone.ATTENTION
    assert waiting_look(Status(waiting=5)).tone is Tone.QUIET
    assert waiting_look(Status(waiting=5, refused=1)).tone is Tone.ATTENTION
    assert waiting_look(Status()).code == "ui_waiting_none"


def test_the_strip_follows_the_number_of_scanners_and_keeps_every_name(qtbot: QtBot, texts: Texts) -> None:
    strip = StatusStrip(Look(), texts)
    qtbot.addWidget(strip)
    theme.theme_tree(strip, Look(), texts)
    for count in (0, 3, 1, 2):
        scanners = tuple(ScannerStatus(f"枪{i}", ready=bool(i)) for i in range(count))
        strip.draw(Status(scanners, Network.ONLINE, 2, 0, "演示员甲", demo=count == 3))
        strip.resize(320, strip.heightForWidth(320))
        names = [chip.accessibleName() for chip in strip.shown_chips()]
        assert len(names) == max(1, count) + 3
        assert all(names)
        assert strip.banner.isHidden() is (count != 3)


def test_notices_are_told_by_gravity_once_each_and_follow_the_language(qtbot: QtBot, texts: Texts) -> None:
    notices = Notices(Look(), texts)
    qtbot.addWidget(notices)
    assert notices.isHidden()
    notices.tell(Notice("no_sound_device"))
    notices.tell(Notice("font_missing", Tone.STOP))
    notices.tell(Notice("no_sound_device"))
    assert [notice.code for notice in notices.told] == ["font_missing", "no_sound_device"]
    assert texts.title("font_missing") in notices.accessibleName()
    notices.retheme(Look(lang="en"), texts)
    assert texts.title("font_missing", "en") in notices.accessibleName()
    notices.withdraw("font_missing")
    assert texts.title("no_sound_device", "en") in notices.accessibleName()
    notices.clear()
    assert notices.isHidden()


def test_a_notice_is_dismissed_with_a_touch(frame: Frame, qtbot: QtBot) -> None:
    frame.notices.tell(Notice.of(Trouble("no_screen")))
    assert frame.notices.isVisible()
    with qtbot.waitSignal(frame.notices.dismissed) as caught:
        QTest.mouseClick(frame.notices.closer, Qt.MouseButton.LeftButton)
    assert caught.args == ["no_screen"]
    assert not frame.notices.isVisible()


def test_a_passing_notice_goes_by_itself(qtbot: QtBot, texts: Texts) -> None:
    notices = Notices(Look(), texts, passing_ms=20)
    qtbot.addWidget(notices)
    notices.tell(Notice("no_sound_device", passing=True))
    qtbot.waitUntil(lambda: not notices.told, timeout=2_000)
    assert notices.isHidden()
