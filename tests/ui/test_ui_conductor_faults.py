"""The conductor when the world is not in order: no network, no address, no hospital yet, a folder in use, a hang."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui.conductor import CLOSE_S
from app.ui.signals import Signals
from app.wiring import Program
from devices import DeviceState
from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.conductor_ear import BOXES, DELIVERY, NAMES, Ear, call_of, fetch, starter, stocked_sandbox

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


def test_offline_the_whole_time(begin: Callable[..., Ear], fetched: SandboxProcess) -> None:
    fetched.stop()
    ear = begin(fetched.url)
    ear.sign_in()
    ear.open()
    for box in BOXES:
        ear.conductor.scan(box.encode())
    ear.conductor.command("close")
    ear.wait("receipt_changed", fits=lambda view: view.closed)
    status = ear.wait("sync_changed", fits=lambda status: status.waiting == len(BOXES) + 1)
    ear.wait("sync_changed", fits=lambda status: status.network == "offline")
    assert [answer.reason for answer in ear.all("scan_answered")] == ["ok"] * len(BOXES)
    assert status.refused == 0
    assert ear.all("site_changed")[0].synthetic


def test_without_an_address_everything_else_works(begin: Callable[..., Ear], fetched: SandboxProcess) -> None:
    ear = begin()
    ear.sign_in()
    assert ear.codes() == ["server_missing"]
    assert ear.all("sync_changed")[-1].trouble == "server_missing"
    ear.conductor.sync_now()
    ear.wait("trouble", 2)
    ear.open()


def test_a_fresh_folder_meets_its_hospital_and_then_has_people(
    begin: Callable[..., Ear], sandbox: SandboxProcess
) -> None:
    ear = begin(sandbox.url)
    people = ear.wait("operators_changed", fits=bool)
    assert [person.id for person in people] == ["1001", "1002", "1003"]
    assert ear.wait("site_changed").synthetic
    ear.wait("ready")


def test_five_wrong_pins_lock(begin: Callable[..., Ear], fetched: SandboxProcess) -> None:
    ear = begin()
    ear.wait("operators_changed", fits=bool)
    for _ in range(5):
        ear.conductor.sign_in("1001", "0000")
    ear.conductor.sign_in("1001", "1234")
    ear.wait("trouble", 7)
    assert ear.codes()[1:] == ["pin_wrong"] * 4 + ["pin_locked"] * 2
    assert ear.all("signed_in") == []


def test_a_folder_in_use_is_trouble_and_every_wish_says_so(begin: Callable[..., Ear], data: Path, qtbot: QtBot) -> None:
    with Program(call_of(data, purpose="matou receive")):
        ear = begin()
        ear.wait("trouble")
        ear.conductor.sign_in("1001", "1234")
        ear.wait("trouble", 2)
    assert ear.codes() == ["data_folder_in_use"] * 2
    assert ear.all("trouble")[0][1]["purpose"] == "matou receive"
    assert ear.all("ready") == []
    assert ear.conductor.close()


def test_a_refused_item_is_seen_retried_and_taken(begin: Callable[..., Ear], sandbox: SandboxProcess) -> None:
    sandbox.faults({f"poison:{BOXES[0]}": 1.0})
    ear = begin(sandbox.url)
    ear.sign_in()
    ear.open()
    ear.conductor.scan(BOXES[0].encode())
    ear.wait("scan_answered")
    ear.conductor.sync_now()
    ear.wait("receipt_changed", fits=lambda view: view.equation.received == 0 and view.entries)
    ear.conductor.refresh_uploads(["refused"])
    view = ear.wait("uploads_changed", fits=lambda view: view.refused == 1)
    assert [(row.payload, row.code) for row in view.rows] == [(BOXES[0], "poisoned")]

    sandbox.faults({})
    ear.forget()
    ear.conductor.retry([row.id for row in view.rows] + ["nobody"])
    ear.wait("uploads_changed", fits=lambda view: view.refused == 0)
    ear.wait("trouble", fits=lambda said: said == ("items_left", {"count": 1}))
    ear.wait("sync_changed", fits=lambda status: status.waiting == 0 and status.refused == 0)
    assert [row["code"] for row in sandbox.ledger(DELIVERY)["codes"]] == [BOXES[0]]


def test_a_bad_scanner_does_not_keep_the_others_shut(begin: Callable[..., Ear], tmp_path: Path) -> None:
    with PtyPort(tmp_path) as port:
        ear = begin(None, "serial", "hid:no:numbers", port.spec, port.spec, f"serial:{tmp_path / 'gone'}")
        found = ear.wait(
            "scanners_changed",
            fits=lambda all_: [one.state for one in all_] == [DeviceState.READY, DeviceState.TROUBLE],
        )
        assert [one.code for one in found] == [None, "port_not_found"]
        ear.wait("trouble", 5)
        assert sorted(ear.codes()) == [
            "bad_scanner_spec", "bad_scanner_spec", "bad_scanner_spec", "port_not_found", "server_missing",
        ]  # fmt: skip
        port.unplug()
        ear.wait("trouble", fits=lambda said: said[0] == "port_lost")


def test_closing_is_quick_even_while_the_hospital_hangs_and_keeps_what_was_committed(
    begin: Callable[..., Ear], fetched: SandboxProcess, data: Path
) -> None:
    fetched.faults({"hang": 1.0})
    ear = begin(fetched.url)
    ear.sign_in()
    ear.open()
    for box in BOXES:
        ear.conductor.scan(box.encode())
    ear.wait("scan_answered")
    begun_s = time.monotonic()
    ear.conductor.close()
    assert time.monotonic() - begun_s < CLOSE_S
    with Program(call_of(data)) as program:
        assert program.receipt_views.of(f"{DELIVERY}-R1").equation.received == len(BOXES)
    fetched.faults({})


def test_a_window_that_is_closed_before_the_folder_is_open_lets_go_of_it(begin: Callable[..., Ear], data: Path) -> None:
    begin().conductor.close()
    with Program(call_of(data)) as program:
        assert program.site() is None


def test_every_signal_is_listened_to_here() -> None:
    signals = {name for name in vars(Signals) if not name.startswith("_") and name != "staticMetaObject"}
    assert signals == set(NAMES)


def test_what_the_conductor_says_has_words() -> None:
    texts = Texts.load()
    codes = (
        "starting", "not_signed_in", "pin_locked", "scan_signed_out", "badge_while_signed_in", "no_receipt_open",
        "scan_not_here", "code_finds_no_delivery", "receipt_not_here", "setting_unknown", "setting_value_bad",
        "items_left", "set_aside", "credential_masked", "voucher_at_dock", "bug",
    )  # fmt: skip
    assert [code for code in codes if not texts.has(code)] == []
