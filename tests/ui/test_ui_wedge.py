"""The filter on a window's handle: what it keeps back, gives back and takes from the clipboard. UI thread, offscreen.

Keys are put in as Qt's own events; how they come from a real keyboard is seen in test_ui_wedge_x11.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QInputMethodQueryEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QListWidget, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import wedge_focus
from app.ui.theme import Look, Mode
from app.ui.wedge_banner import WedgeBanner
from app.ui.wedge_filter import WedgeFilter, is_editing
from app.ui.wedge_focus import COMPOSES
from app.ui.widgets.keypad import Keypad
from devices.scan import Dropped
from devices.wedge_layouts import US
from devices.wedge_reading import WedgeProfile

CODE = "89990110000000000001"
PRESS, RELEASE = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
PLAIN = Qt.KeyboardModifier.NoModifier
WAIT_MS = 5_000


class Desk:
    """A window with a field, a button, a list and a pad, and the filter on it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.field, self.button, self.list, self.pad = QLineEdit(), QPushButton("go"), QListWidget(), Keypad()
        self.plain = QWidget()
        self.plain.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        rows = QVBoxLayout(self.window)
        for part in (self.plain, self.field, self.button, self.list, self.pad):
            rows.addWidget(part)
        self.clicks: list[bool] = []
        self.button.clicked.connect(lambda: self.clicks.append(False))
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow, timeout=WAIT_MS)
        self.scanning = True
        self.profile = WedgeProfile(host=US)
        self.filter = WedgeFilter(self.window, lambda: self.profile, lambda: self.scanning)
        self.heard: list[bytes | str] = []
        self.filter.heard.connect(
            lambda item: self.heard.append(item.code if isinstance(item, Dropped) else item)
        )  # fmt: skip
        self.now_ms = 1_000_000
        self.plain.setFocus()

    def event(self, kind: QEvent.Type, key: int, text: str, modifiers: Qt.KeyboardModifier = PLAIN) -> QKeyEvent:
        made = QKeyEvent(kind, key, modifiers, 0, 0, 0, text, False, 1)
        made.setTimestamp(self.now_ms)
        return made

    def key(self, key: int, text: str = "", modifiers: Qt.KeyboardModifier = PLAIN, *, gap_ms: int = 2) -> None:
        """Press and let go, as a platform tells it: the question for shortcuts comes first."""
        self.now_ms += gap_ms
        handle = self.window.windowHandle()
        question = self.event(QEvent.Type.ShortcutOverride, key, text, modifiers)
        question.ignore()
        QCoreApplication.sendEvent(handle, question)
        self.asked_away = not question.isAccepted()
        QCoreApplication.sendEvent(handle, self.event(PRESS, key, text, modifiers))
        QCoreApplication.sendEvent(handle, self.event(RELEASE, key, text, modifiers))

    def type(self, text: str, *, gap_ms: int = 2) -> None:
        for sign in text:
            shift = Qt.KeyboardModifier.ShiftModifier if sign.isupper() else PLAIN
            if sign == "\r":
                self.key(Qt.Key.Key_Return.value, "\r", gap_ms=gap_ms)
            else:
                self.key(ord(sign.upper()), sign, shift, gap_ms=gap_ms)


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot)
    yield made
    QGuiApplication.clipboard().clear()


def test_a_scan_lands_in_no_field_and_presses_no_button(desk: Desk) -> None:
    for part in (desk.field, desk.button, desk.list, desk.plain, desk.pad):
        part.setFocus()
        desk.now_ms += 2_000
        desk.type(CODE + "\r")
    assert desk.heard == [CODE.encode()] * 5
    assert (desk.field.text(), desk.clicks) == ("", [])


def test_a_persons_keys_reach_the_field_in_order(desk: Desk, qtbot: QtBot) -> None:
    desk.field.setFocus()
    desk.type("ab", gap_ms=90)
    assert desk.field.text() == "a", "the first came when the second showed that it was a person"
    qtbot.waitUntil(lambda: desk.field.text() == "ab", timeout=WAIT_MS)
    desk.type("c\r", gap_ms=90)
    assert desk.field.text() == "abc"
    desk.button.setFocus()
    desk.key(Qt.Key.Key_Space.value, " ", gap_ms=500)
    qtbot.waitUntil(lambda: desk.clicks == [False], timeout=WAIT_MS)
    assert desk.heard == []


def test_the_pad_counts_as_a_field(desk: Desk, qtbot: QtBot) -> None:
    pins: list[str] = []
    desk.pad.entered.connect(pins.append)
    desk.pad.setFocus()
    assert is_editing()
    desk.type("1234", gap_ms=80)
    qtbot.waitUntil(lambda: pins == ["1234"], timeout=WAIT_MS)


def test_a_mouse_press_comes_after_the_keys_before_it(desk: Desk, qtbot: QtBot) -> None:
    desk.field.setFocus()
    desk.type("a")
    assert desk.field.text() == ""
    qtbot.mouseClick(desk.window.windowHandle(), Qt.MouseButton.LeftButton, pos=desk.plain.pos())
    assert desk.field.text() == "a"


def test_keys_of_a_scan_set_off_no_shortcut_and_a_persons_still_do(desk: Desk, qtbot: QtBot) -> None:
    desk.type(CODE[:8])
    desk.key(Qt.Key.Key_BracketRight.value, "\x1d", Qt.KeyboardModifier.ControlModifier)
    assert not desk.asked_away, "Ctrl+] amid a scan"
    desk.key(Qt.Key.Key_F8.value)
    assert not desk.asked_away, "F8 amid a scan"
    desk.type("\r")
    assert desk.heard == ["wedge_gs_lost"]
    desk.key(Qt.Key.Key_S.value, "\x13", Qt.KeyboardModifier.ControlModifier, gap_ms=900)
    assert desk.asked_away
    desk.key(Qt.Key.Key_F8.value, gap_ms=900)
    assert desk.asked_away, "a trigger key belongs to nobody"
    shortcut = QShortcut(QKeySequence("Ctrl+S"), desk.window)
    shortcut.setEnabled(False)


@pytest.mark.parametrize(
    ("text", "part", "heard", "shown"),
    [
        (CODE + "\r\n", "field", [CODE.encode()], ""),
        (CODE, "plain", [CODE.encode()], ""),
        ("not a label", "field", [], "not a label"),
    ],
)
def test_a_paste_that_ends_as_labels_do_is_a_scan(
    desk: Desk, text: str, part: str, heard: list[bytes], shown: str
) -> None:
    QGuiApplication.clipboard().setText(text)
    (desk.field if part == "field" else desk.plain).setFocus()
    desk.key(Qt.Key.Key_V.value, "\x16", Qt.KeyboardModifier.ControlModifier)
    desk.type("\r", gap_ms=40)
    assert (desk.heard, desk.field.text()) == (heard, shown)


def test_where_no_scans_are_taken_a_paste_is_a_paste(desk: Desk) -> None:
    desk.scanning = False
    QGuiApplication.clipboard().setText(CODE + "\n")
    desk.field.setFocus()
    desk.key(Qt.Key.Key_V.value, "\x16", Qt.KeyboardModifier.ControlModifier)
    assert (desk.heard, desk.field.text().strip()) == ([], CODE)


def test_text_of_an_input_method_amid_a_scan_spoils_it(desk: Desk) -> None:
    desk.field.setFocus()
    desk.type(CODE[:9])
    composed = QInputMethodEvent()
    composed.setCommitString("】")
    QCoreApplication.sendEvent(desk.field, composed)
    desk.type(CODE[9:] + "\r")
    assert desk.heard == ["wedge_ime"]


def composing(part: QObject, shown: str, put: str = "") -> None:
    event = QInputMethodEvent(shown, [])
    event.setCommitString(put)
    QCoreApplication.sendEvent(part, event)


def test_a_command_code_that_an_input_method_kept_lands_in_no_field(desk: Desk) -> None:
    desk.field.setProperty(COMPOSES, True)
    desk.field.setFocus()
    composing(desk.field, "", "】")
    for shown in ("m", "ma", "mat", "mato", "matou", "matou!", "matou!u"):
        composing(desk.field, shown)
    composing(desk.field, "", "MATOU!undo")
    assert (desk.field.text(), desk.heard) == ("", ["wedge_ime"])
    desk.now_ms += 20
    desk.type("001\r")
    assert desk.field.text() == "", "nor what the method let through behind it"
    assert desk.heard == ["wedge_ime"]


def test_the_next_label_right_behind_is_told_too(desk: Desk) -> None:
    desk.field.setProperty(COMPOSES, True)
    desk.field.setFocus()
    for shown in ("m", "ma", "mat", "mato", "matou", "matou!"):
        composing(desk.field, shown)
    composing(desk.field, "", "MATOU!undo")
    desk.type(CODE + "\r")
    assert desk.heard == ["wedge_ime", "wedge_ime"]
    assert desk.field.text() == ""


def test_what_a_person_composes_is_put_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now_us = [1_000_000]
    monkeypatch.setattr(wedge_focus, "_now_us", lambda: now_us[0])
    desk.field.setProperty(COMPOSES, True)
    desk.field.setFocus()
    for shown in ("n", "ni", "ni h", "ni ha", "ni hao", "ni hao m", "ni hao ma"):
        now_us[0] += 110_000
        composing(desk.field, shown)
    composing(desk.field, "", "你好吗")
    composing(desk.field, "", "hospital")  # a word that a keyboard on the screen completes
    assert (desk.field.text(), desk.heard) == ("你好吗hospital", [])


def test_input_methods_are_off_where_scans_are_taken(desk: Desk) -> None:
    def enabled(part: QObject) -> bool:
        query = QInputMethodQueryEvent(Qt.InputMethodQuery.ImEnabled)
        QCoreApplication.sendEvent(part, query)
        return bool(query.value(Qt.InputMethodQuery.ImEnabled))

    hidden = Qt.InputMethodHint.ImhHiddenText
    desk.list.setFocus()
    desk.field.setFocus()
    assert not enabled(desk.field)
    desk.plain.setFocus()
    assert [enabled(part) for part in (desk.list, desk.plain, desk.button)] == [False, False, False]
    assert desk.field.inputMethodHints() & hidden
    assert desk.field.echoMode() is QLineEdit.EchoMode.Normal
    written = QLineEdit(desk.window)
    written.setProperty(COMPOSES, True)
    written.show()
    written.setFocus()
    assert not written.inputMethodHints() & hidden
    assert enabled(written)


@pytest.mark.parametrize("look", [Look(), Look(Mode.DARK, 2.0)])
def test_a_window_that_is_not_in_front_says_so_in_large_words(desk: Desk, qtbot: QtBot, look: Look) -> None:
    wanted = [True]
    banner = WedgeBanner(desk.window, lambda: wanted[0], lambda: look, Texts.load())
    banner.follow(None)
    qtbot.waitUntil(banner.isVisible, timeout=WAIT_MS)
    assert banner.size() == desk.window.size()
    assert "先点这里" in banner.accessibleName()
    banner.follow(desk.window.windowHandle())
    assert not banner.isVisible()
    wanted[0] = False
    banner.follow(None)
    assert not banner.isVisible()
