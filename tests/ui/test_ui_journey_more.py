"""Shorter ways through the window: hands free, by a box, no people yet, locked out, folder in use, killed."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui import theme
from app.ui.feedback import Feedback
from app.ui.fonts import load_fonts
from app.ui.screens.receiving_body import DIFFERENCES
from app.ui.screens.sign_in import SignInScreen
from app.ui.theme import Look
from app.ui.window import MainWindow, Opening
from app.wiring import Program
from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.conductor_ear import call_of, fetch
from tests.ui.journey_hand import DELIVERY, OFFLINE, WAIT_MS, Goods, Hand

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("journey_child.py")


def test_hands_free_from_the_badge_to_the_close(hand: Hand, goods: Goods) -> None:
    """Everything but the PIN by printed codes."""
    hand.shoot_and_go_on("MATOU#1002")
    hand.until(lambda: hand.door.chosen == "1002", "the badge chose the person")
    hand.type(hand.door.keypad, "1234")
    hand.until(lambda: hand.frame.current == "tasks", "the tasks")
    hand.shoot_and_go_on(f"MATOU={DELIVERY}")
    hand.until(lambda: hand.frame.current == "receiving" and hand.dock.view is not None, "the receipt")
    for code in (goods[1][3][0], goods[2][2][0], goods[3][2][0], goods[4][2][0]):
        assert hand.shoot(code).counted
    foreign = hand.shoot("89990110335974782423")
    assert foreign.reason == "not_in_delivery"
    hand.until(lambda: hand.dock.panel.holding, "the stop holds")
    assert hand.shoot("MATOU!confirm").ok
    hand.until(lambda: not hand.dock.panel.holding, "confirmed")
    assert hand.shoot(f"MATOU!damaged {goods[1][1][5]} 压坏").ok
    assert hand.shoot("MATOU!undo").ok
    assert hand.shoot("MATOU!close").reason == "outcome_missing"
    assert hand.dock.tab == DIFFERENCES
    assert hand.shoot("MATOU!exempt 5 20 饮片").ok
    assert hand.shoot("MATOU!close").ok
    hand.until(lambda: hand.view.closed, "closed")
    assert hand.dock.entry_list.rows[0].title == "已记免码 ×20"
    assert not any(hand.dock.entry_list.can_undo(row.key) for row in hand.dock.entry_list.rows)
    hand.shoot_and_go_on(goods[1][1][0])
    hand.until(lambda: "no_receipt_open" in hand.troubles, "a scan after the close is told")


def test_a_box_opens_its_delivery_and_is_not_counted(hand: Hand, goods: Goods) -> None:
    hand.sign_in()
    hand.until(lambda: DELIVERY in {row.key for row in hand.tasks.list.rows}, "the delivery")
    hand.shoot_and_go_on(goods[2][1][0])
    hand.until(lambda: hand.frame.current == "receiving" and hand.dock.view is not None, "the receipt")
    assert hand.dock.panel.said.word == "请再扫这一盒"
    assert hand.tones.played == ["attention"]
    assert hand.line(2) == "0/20"
    assert hand.shoot(goods[2][1][0]).received == 1


def test_paused_and_opened_again(hand: Hand, goods: Goods) -> None:
    hand.sign_in()
    hand.open(DELIVERY)
    assert hand.shoot(goods[2][1][0]).received == 1
    assert hand.shoot("MATOU!pause").ok
    hand.until(lambda: hand.frame.current == "tasks", "back at the tasks")
    hand.open(DELIVERY)
    assert (hand.line(2), hand.dock.panel.said.word) == ("1/20", "请扫码")
    assert hand.shoot(goods[2][1][0]).reason == "duplicate_in_receipt"


def test_whoever_is_not_signed_in_is_led_to_the_door(hand: Hand) -> None:
    for name in ("tasks", "receiving", "lookup", "uploads"):
        hand.frame.go(name)
        assert hand.frame.current == "sign_in"
    hand.shoot_and_go_on("89990110335974782423")
    hand.until(lambda: "scan_signed_out" in hand.troubles, "the scan is told")
    assert hand.tones.played == ["attention"]
    hand.sign_in()
    hand.until(lambda: hand.frame.current == "tasks", "the tasks")
    hand.window.conductor.sign_out()
    hand.until(lambda: hand.frame.current == "sign_in", "the door again")
    assert hand.window.status.operator is None


def test_five_wrong_pins_lock_and_count_down(hand: Hand) -> None:
    hand.touch_row(hand.door.people, "1001")
    for left in (4, 3, 2, 1):
        hand.pin("0000")
        hand.until(partial(said, hand, f"还可以试 {left} 次"), "the slip is told")
    hand.pin("0000")
    hand.until(lambda: "暂时锁定" in hand.door.message.text(), "the lock is told")
    assert not hand.door.keypad.isEnabled()
    before = hand.door.message.text()
    hand.until(lambda: hand.door.message.text() != before, "the seconds go down")
    hand.door.choose("1002")
    assert hand.door.keypad.isEnabled()
    hand.pin("1234")
    hand.until(lambda: hand.frame.current == "tasks", "somebody else can work")


def test_no_people_yet_and_no_hospital_then_one(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, hospital: SandboxProcess, port: PtyPort
) -> None:
    """The first start of a device: the reason in words, then the list by one touch."""
    hospital.faults(OFFLINE)
    theme.apply(qapp, Look())
    window = opened(tmp_path / "data", hospital.url, port)
    door = door_of(window)
    qtbot.waitUntil(lambda: window.status.network == "offline", timeout=WAIT_MS)
    assert door.nobody.isVisible()
    assert door.nobody.title.text() == Texts.load().title("server_unreachable")
    hospital.faults({})
    assert door.nobody.button is not None
    door.nobody.button.click()
    qtbot.waitUntil(lambda: len(door.people.rows) == 3, timeout=WAIT_MS)
    assert not door.nobody.isVisible()
    assert window.close()


def test_a_folder_in_use_is_told_and_tried_again(qtbot: QtBot, qapp: QApplication, data: Path, port: PtyPort) -> None:
    theme.apply(qapp, Look())
    with Program(call_of(data, None, "matou receive")):
        window = opened(data, None, port)
        door = door_of(window)
        qtbot.waitUntil(lambda: "数据目录正被另一个程序使用" in door.nobody.title.text(), timeout=WAIT_MS)
    assert door.nobody.button is not None
    door.nobody.button.click()
    qtbot.waitUntil(lambda: len(door.people.rows) == 3, timeout=WAIT_MS)
    assert window.close()


def said(hand: Hand, words: str) -> bool:
    """True once the pad says these words."""
    return words in hand.door.message.text()


def opened(data: Path, server: str | None, port: PtyPort) -> MainWindow:
    load_fonts()
    opening = Opening(lambda: Program(call_of(data, server)), Texts.load(), (port.spec,))
    window = MainWindow(opening, feedback=Feedback(opener=lambda _files, _volume: None))
    window.begin()
    return window


def door_of(window: MainWindow) -> SignInScreen:
    door = window.frame.screen_named("sign_in")
    assert isinstance(door, SignInScreen)
    return door


class Child:
    """The window as a process of its own; what it tells is read line by line."""

    def __init__(self, data: Path, server: str, port: PtyPort) -> None:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD), str(data), server, port.spec, DELIVERY], cwd=ROOT, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, what: str, **fits: object) -> dict[str, Any]:
        """The next line of that kind."""
        while True:
            line = self._lines.get(timeout=WAIT_MS / 1000)
            if line["what"] == what and fits.items() <= line.items():
                return line

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))


@pytest.fixture
def children() -> Iterator[list[Child]]:
    made: list[Child] = []
    yield made
    for child in made:
        if child.process.poll() is None:
            child.kill()


def test_a_killed_window_comes_back_to_the_same_line_and_numbers(
    children: list[Child], data: Path, hospital: SandboxProcess, port: PtyPort, goods: Goods
) -> None:
    """Killed twice in the middle of a burst; what was answered is there, and nothing counts twice."""
    boxes = goods[3][1]
    said: list[str] = []
    shot = 0
    for goal in (8, 16):
        child = Child(data, hospital.url, port)
        children.append(child)
        child.wait("scanners", ready=[True])
        opened_with = child.wait("opened")
        assert opened_with["lines"]["3"] == f"{opened_with['received']}/30"
        assert opened_with["received"] >= len(said)
        while len(said) < goal:
            port.write(f"{boxes[shot]}\r".encode())
            shot += 1
            answer = child.wait("scan")
            assert answer["reason"] in ("ok", "duplicate_in_receipt")
            said.append(answer["payload"])
        port.write("".join(f"{box}\r" for box in boxes[shot : shot + 4]).encode())
        child.kill()  # while the last four are on their way

    with Program(call_of(data, hospital.url)) as program:
        receipt = program.receipt_views.of(f"{DELIVERY}-R1")
        line = receipt.lines[2]
    counted = [entry.code for entry in receipt.entries if entry.counted and entry.in_force]
    assert len(counted) == len(set(counted)) == line.received
    assert set(said) <= set(counted), "a box that was answered is lost"
    assert len(set(said)) <= line.received <= shot + 4

    hospital.faults({})
    fetch(data, hospital.url)
    rows = [row for row in hospital.ledger()["codes"] if row["delivery"] == DELIVERY and row["state"] == "in"]
    assert sorted(row["code"] for row in rows) == sorted(code for code in counted if code)
    assert {row["times"] for row in rows} == {1}
