"""The conductor over a real program and a scanner on a pseudo-terminal: from the wire to what a screen will hear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.ui.routing import Front
from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.conductor_ear import BOXES, DELIVERY, Ear, fetch, starter, stocked_sandbox

VOUCHER = b"424" + b"7" * 25


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    with stocked_sandbox() as process:
        yield process


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def begin(qtbot: QtBot, data: Path) -> Iterator[Callable[..., Ear]]:
    with starter(qtbot, data) as start:
        yield start


@pytest.fixture
def fetched(sandbox: SandboxProcess, data: Path) -> SandboxProcess:
    """The data folder has met the hospital."""
    fetch(data, sandbox.url)
    return sandbox


def test_a_whole_delivery_from_the_wire_to_the_ledger(
    begin: Callable[..., Ear], sandbox: SandboxProcess, tmp_path: Path
) -> None:
    with PtyPort(tmp_path) as port:
        ear = begin(sandbox.url, port.spec)
        ear.wait_scanner()
        ear.sign_in()
        assert ear.open().equation.expected == len(BOXES)

        for box in BOXES:
            port.write(f"{box}\r".encode())
        ear.wait("scan_answered", len(BOXES))
        port.write(b"MATOU!undo\r")
        ear.wait("command_answered")
        port.write(f"{BOXES[-1]}\r".encode())
        ear.wait("scan_answered", len(BOXES) + 1)
        ear.conductor.command("close")
        ear.wait("receipt_changed", fits=lambda view: view.closed)
        answers = ear.all("scan_answered")
        assert [(answer.command, answer.ok) for answer in ear.all("command_answered")] == [
            ("undo", True),
            ("close", True),
        ]
        ear.forget()
        ear.conductor.sync_now()
        ear.wait("sync_changed", fits=lambda status: status.waiting == 0 and status.network == "online")
        port.write(f"{BOXES[0]}\r".encode())
        ear.wait("trouble")
        assert ear.conductor.close()

    assert [answer.payload for answer in answers] == [*BOXES, BOXES[-1]]
    assert [answer.received for answer in answers] == [*range(1, 21), 20]
    assert [answer.seq for answer in answers] == [*range(1, 21), 22]
    assert ear.codes() == ["no_receipt_open"]
    rows = [row for row in sandbox.ledger()["codes"] if row["delivery"] == DELIVERY and row["state"] == "in"]
    assert sorted(row["code"] for row in rows) == sorted(BOXES)
    assert [row for row in rows if row["times"] != 1] == []


def test_scans_go_where_the_screen_in_front_wants_them(
    begin: Callable[..., Ear], fetched: SandboxProcess, tmp_path: Path
) -> None:
    box = BOXES[0].encode()
    with PtyPort(tmp_path) as port:
        ear = begin(None, port.spec)
        ear.wait_scanner()
        port.write(b"MATOU#1002\r" + box + b"\r")
        ear.wait("trouble", fits=lambda said: said[0] == "scan_signed_out")
        assert ear.all("badge_read") == ["1002"]

        ear.sign_in()
        port.write(box + b"\r")
        assert ear.wait("delivery_offered") == DELIVERY
        ear.conductor.show_front(Front.LOOKUP)
        port.write(box + b"\r")
        assert ear.wait("looked_up").key == BOXES[0]
        ear.conductor.show_front(Front.DEVICES)
        port.write(b"\x02raw\x1d\r" + VOUCHER + b"\r")
        ear.wait("trouble", fits=lambda said: said[0] == "credential_masked")
        assert [payload for _, payload in ear.all("scanner_bytes")] == [b"\x02raw\x1d"]
        ear.conductor.show_front(Front.ABOUT)
        port.write(box + b"\r")
        ear.wait("trouble", fits=lambda said: said[0] == "scan_not_here")
        assert ear.all("scan_answered") == []


def test_a_delivery_label_opens_and_the_boxes_shot_right_after_it_count(
    begin: Callable[..., Ear], fetched: SandboxProcess, tmp_path: Path
) -> None:
    with PtyPort(tmp_path) as port:
        ear = begin(None, port.spec)
        ear.wait_scanner()
        ear.sign_in()
        port.write(f"MATOU={DELIVERY}\r{BOXES[0]}\r{BOXES[1]}\r".encode())
        ear.wait("scan_answered", 2)
        names = [name for name, _ in ear.heard if name in ("receipt_opened", "scan_answered")]
        assert names == ["receipt_opened", "scan_answered", "scan_answered"]
        assert ear.conductor.front is Front.RECEIVING


def test_boxes_shot_before_the_opened_receipt_is_drawn_count(
    begin: Callable[..., Ear], fetched: SandboxProcess
) -> None:
    ear = begin()
    ear.sign_in()
    ear.conductor.open_delivery(DELIVERY)
    ear.conductor.scan(BOXES[0].encode())
    assert ear.wait("scan_answered").reason == "ok"


def test_a_delivery_that_cannot_be_opened_leaves_the_tasks_in_front(
    begin: Callable[..., Ear], fetched: SandboxProcess
) -> None:
    ear = begin()
    ear.sign_in()
    ear.conductor.open_delivery("NOWHERE")
    ear.wait("trouble", fits=lambda said: said[0] == "delivery_not_here")
    assert ear.conductor.front is Front.TASKS


def test_a_stop_asks_for_its_confirmation_at_once(begin: Callable[..., Ear], fetched: SandboxProcess) -> None:
    ear = begin()
    ear.sign_in()
    ear.open()
    ear.conductor.scan(b"89990110000000099999")
    ear.conductor.scan(BOXES[0].encode())
    ear.wait("receipt_changed", fits=lambda view: view.held)
    ear.conductor.command("confirm")
    ear.wait("receipt_changed", fits=lambda view: not view.held)
    ear.conductor.scan(BOXES[0].encode())
    ear.wait("scan_answered", 3)
    assert [answer.reason for answer in ear.all("scan_answered")] == ["over_quantity", "held_by_stop", "ok"]


def test_a_pause_leaves_the_receipt_and_opening_resumes_it(begin: Callable[..., Ear], fetched: SandboxProcess) -> None:
    ear = begin()
    ear.sign_in()
    ear.open()
    ear.conductor.scan(BOXES[0].encode())
    ear.conductor.command("pause")
    ear.wait("receipt_left")
    ear.wait("tasks_changed", fits=lambda view: view.tasks[0].state == "paused")
    assert ear.open().equation.received == 1
    ear.conductor.leave_receipt()
    ear.wait("receipt_left", 2)
    ear.conductor.leave_receipt()
    ear.wait("receipt_left", 3)
    ear.conductor.command("undo")
    ear.wait("trouble", fits=lambda said: said[0] == "no_receipt_open")


def test_lists_follow_when_scanning_pauses(begin: Callable[..., Ear], fetched: SandboxProcess) -> None:
    ear = begin()
    ear.sign_in()
    ear.open()
    for _ in range(3):
        ear.conductor.scan(BOXES[0].encode())
    ear.wait("receipt_changed", fits=lambda view: dict(view.lists)["duplicate"] == 1)


def test_signing_out_leaves_and_a_scan_says_that_it_did_not_count(
    begin: Callable[..., Ear], fetched: SandboxProcess
) -> None:
    ear = begin()
    ear.sign_in()
    ear.open()
    ear.conductor.sign_out()
    ear.conductor.scan(BOXES[0].encode())
    ear.wait("trouble", fits=lambda said: said[0] == "scan_signed_out")
    ear.conductor.open_delivery(DELIVERY)
    ear.wait("trouble", fits=lambda said: said[0] == "not_signed_in")
    ear.conductor.retry(["x"])
    ear.wait("trouble", 4)
    assert ear.codes()[1:] == ["scan_signed_out", "not_signed_in", "not_signed_in"]
    assert ear.all("scan_answered") == []


def test_settings_are_shown_changed_and_refused(begin: Callable[..., Ear]) -> None:
    ear = begin()
    ear.conductor.set_setting("lang", "en")
    ear.wait("settings_changed", fits=lambda rows: {row.key: row.value for row in rows}["lang"] == "en")
    ear.conductor.set_setting("server", "http://127.0.0.1:1")
    ear.wait("trouble", fits=lambda said: said[0] == "no_right")
