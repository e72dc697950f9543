"""A hand on the real window: it touches rows and buttons where they are, shoots codes, and waits for what is seen.

Lives on the UI thread. The window stands on a real program, a real data folder and a scanner on a serial line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from app.base.options import Environment
from app.base.texts import Texts
from app.flows.views import ReceiptView
from app.ui.feedback import Feedback
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.sign_in import SignInScreen
from app.ui.screens.tasks import TasksScreen
from app.ui.widgets.rows import RowList
from app.ui.window import MainWindow, Opening
from app.wiring import Call, Program
from tests.fixtures.ptyport import PtyPort

WAIT_MS = 20_000
DELIVERY = "DEMO-20261122-12"
OFFLINE = {"plan": [{"fault": "refuse_connection", "for_s": 600}]}
Goods = dict[int, dict[int, list[str]]]
"""Codes of the delivery by line and level."""
LEFT = Qt.MouseButton.LeftButton


class Tones:
    """A sound system that remembers what it played."""

    def __init__(self) -> None:
        self.played: list[str] = []
        self.volume = 1.0

    def play(self, name: str) -> None:
        self.played.append(name)

    def set_volume(self, volume: float) -> None:
        self.volume = volume


class Hand:
    """One person at one window."""

    def __init__(self, qtbot: QtBot, data: Path, server: str | None, port: PtyPort) -> None:
        call = Call("window", data, server, Environment())
        self.tones = Tones()
        feedback = Feedback(opener=lambda _files, _volume: self.tones)
        feedback.wake()
        opening = Opening(lambda: Program(call), Texts.load(), (port.spec,))
        self.window = MainWindow(opening, feedback=feedback)
        self._qtbot, self._port = qtbot, port
        self.answers: list[Any] = []
        self.troubles: list[str] = []
        conductor = self.window.conductor
        conductor.scan_answered.connect(self.answers.append)
        conductor.command_answered.connect(self.answers.append)
        conductor.trouble.connect(lambda code, _: self.troubles.append(code))
        self.window.resize(1280, 800)
        self.window.begin()
        self.until(lambda: any(one.ready for one in self.window.status.scanners), "the scanner is ready")
        self.until(lambda: bool(self.door.people.rows), "there are people")

    @property
    def frame(self) -> Any:
        return self.window.frame

    @property
    def door(self) -> SignInScreen:
        return cast("SignInScreen", self.frame.screen_named("sign_in"))

    @property
    def tasks(self) -> TasksScreen:
        return cast("TasksScreen", self.frame.screen_named("tasks"))

    @property
    def dock(self) -> ReceivingScreen:
        return cast("ReceivingScreen", self.frame.screen_named("receiving"))

    @property
    def view(self) -> ReceiptView:
        found = self.dock.view
        assert found is not None
        return found

    def until(self, so: Callable[[], bool], what: str = "") -> None:
        """Wait for something seen; `what` is said if it does not come."""

        def holds() -> None:
            assert so(), what

        self._qtbot.waitUntil(holds, timeout=WAIT_MS)

    def touch(self, button: QAbstractButton) -> None:
        """Press a button that is seen."""
        assert button.isVisible(), button.accessibleName()
        assert button.isEnabled(), button.accessibleName()
        self._qtbot.mouseClick(button, LEFT)

    def touch_row(self, rows: RowList, key: str) -> None:
        """Touch the middle of a row that is seen."""
        assert rows.isVisible()
        rows.show_row(key)
        place = rows.model_of_rows.place_of(key)
        assert place is not None, (key, [row.key for row in rows.rows])
        self.touch_at(rows, rows.visualRect(rows.model_of_rows.index(place)).center())

    def touch_undo(self, key: str) -> None:
        """Touch the arrow of one of the last scans."""
        rows = self.dock.entry_list
        rows.show_row(key)
        place = rows.undo_centre(key)
        assert place is not None, (key, rows.rows)
        self.touch_at(rows, place)

    def touch_at(self, rows: RowList, place: QPoint) -> None:
        assert rows.viewport().rect().contains(place)
        self._qtbot.mouseClick(rows.viewport(), LEFT, pos=place)

    def type(self, part: QWidget, words: str) -> None:
        self._qtbot.keyClicks(part, words)

    def shoot(self, code: str) -> Any:
        """Shoot one code and give its answer, drawn."""
        before = len(self.answers)
        self._port.write(code.encode("utf-8") + b"\r")
        return self.answer(before)

    def shoot_and_go_on(self, code: str) -> None:
        self._port.write(code.encode("utf-8") + b"\r")

    def answer(self, before: int) -> Any:
        self.until(lambda: len(self.answers) > before, "an answer")
        return self.answers[before]

    def after(self, act: Callable[[], object]) -> Any:
        """The answer to what `act` wishes."""
        before = len(self.answers)
        act()
        return self.answer(before)

    def sign_in(self, pin: str = "1234", operator: str = "1001") -> None:
        self.touch_row(self.door.people, operator)
        self.pin(pin)

    def pin(self, pin: str) -> None:
        """On the pad, digit by digit, as a thumb does."""
        for digit in pin:
            keys = cast("list[QAbstractButton]", self.door.keypad.findChildren(QAbstractButton))
            self.touch(next(key for key in keys if key.text() == digit))

    def open(self, number: str) -> None:
        self.until(lambda: number in {row.key for row in self.tasks.list.rows}, "the delivery is listed")
        self.touch_row(self.tasks.list, number)
        self.until(lambda: self.frame.current == "receiving" and self.dock.view is not None, "the receipt is open")

    def line(self, number: int) -> str:
        """What the list of lines says of one: `12/30`."""
        return next(row.value for row in self.dock.line_list.rows if row.key == str(number))
