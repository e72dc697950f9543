"""The conductor over a real program, a sandbox process and a scanner on a pseudo-terminal: what screens will hear."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.base.options import Environment
from app.base.texts import Texts
from app.flows.views import ReceiptView
from app.ui.conductor import CLOSE_S, Conductor
from app.ui.routing import Front
from app.ui.signals import Signals
from app.wiring import Call, Program
from devices import DeviceState
from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess

WAIT_MS = 20_000
DELIVERY = "UI-1"
BOXES = [f"8999011{number:013d}" for number in range(900, 920)]
VOUCHER = b"424" + b"7" * 25
NAMES = (
    "ready", "site_changed", "operators_changed", "badge_read", "signed_in", "signed_out", "tasks_changed",
    "delivery_offered", "receipt_opened", "receipt_changed", "receipt_left", "scan_answered", "command_answered",
    "looked_up", "uploads_changed", "settings_changed", "scanners_changed", "scanner_bytes", "sync_changed", "trouble",
)  # fmt: skip


class Ear:
    """Everything that a window would hear, in order."""

    def __init__(self, qtbot: QtBot, conductor: Conductor) -> None:
        self._qtbot = qtbot
        self.conductor = conductor
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        for name in NAMES:
            getattr(conductor, name).connect(lambda *values, name=name: self.heard.append((name, values)))

    def all(self, name: str) -> list[Any]:
        """First values of every signal of that name."""
        return [values[0] if len(values) == 1 else values for what, values in self.heard if what == name]

    def wait(self, name: str, count: int = 1, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The newest that fits, once there are so many."""

        def found() -> list[Any]:
            return [value for value in self.all(name) if fits(value)]

        self._qtbot.waitUntil(lambda: len(found()) >= count, timeout=WAIT_MS)
        return found()[-1]

    def codes(self) -> list[str]:
        """Codes of all troubles."""
        return [code for code, _ in self.all("trouble")]

    def sign_in(self, pin: str = "1234") -> None:
        self.wait("operators_changed", fits=bool)
        self.conductor.sign_in("1001", pin)
        self.wait("signed_in")

    def open(self, number: str = DELIVERY) -> ReceiptView:
        self.wait("tasks_changed", fits=lambda view: number in {task.delivery for task in view.tasks})
        self.conductor.open_delivery(number)
        opened: ReceiptView = self.wait("receipt_opened", fits=lambda view: view.delivery == number)
        return opened


@pytest.fixture(scope="module")
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    """One with a delivery of twenty boxes."""
    with SandboxProcess() as process:
        packages = [{"code": box, "level": 1, "parent": None, "line": 1} for box in BOXES]
        line = {"line": 1, "drug": "YP-0001", "batch": "B1", "expiry": "2029-01-31", "packs": len(BOXES)}
        process.seed(
            {"deliveries": [
                {"delivery": DELIVERY, "supplier": "演示医药", "manifest": "complete", "lines": [line],
                 "packages": packages}
            ]}
        )  # fmt: skip
        yield process


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def begin(qtbot: QtBot, data: Path) -> Iterator[Callable[..., Ear]]:
    """Starts a conductor on the data folder; closed at the end of the test."""
    with contextlib.ExitStack() as stack:

        def starter(server: str | None = None, *scanners: str) -> Ear:
            call = Call("matou window", data, server, Environment())
            conductor = Conductor(lambda: Program(call), scanners)
            stack.callback(conductor.close)
            ear = Ear(qtbot, conductor)
            conductor.start()
            return ear

        yield starter


@pytest.fixture
def fetched(sandbox: SandboxProcess, data: Path) -> SandboxProcess:
    """The data folder has met the hospital."""
    with Program(Call("fetch", data, sandbox.url, Environment())) as program:
        program.engine().run_until_empty(limit_s=20, until_empty=False)
    return sandbox


def test_a_whole_delivery_from_the_wire_to_the_ledger(
    begin: Callable[..., Ear], sandbox: SandboxProcess, tmp_path: Path
) -> None:
    with PtyPort(tmp_path) as port:
        ear = begin(sandbox.url, port.spec)
        ear.wait("scanners_changed", fits=lambda all_: [one.state for one in all_] == [DeviceState.READY])
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
        ear.conductor.sync_now()
        ear.wait("sync_changed", fits=lambda status: status.waiting == 0 and status.network == "online")
        port.write(f"{BOXES[0]}\r".encode())
        ear.wait("trouble")
        assert ear.conductor.close()

    answers = ear.all("scan_answered")
    assert [answer.payload for answer in answers] == [*BOXES, BOXES[-1]]
    assert [answer.received for answer in answers] == [*range(1, 21), 20]
    assert [answer.seq for answer in answers] == [*range(1, 21), 22]
    assert [(answer.command, answer.ok) for answer in ear.all("command_answered")] == [("undo", True), ("close", True)]
    assert ear.codes() == ["no_receipt_open"]
    rows = [row for row in sandbox.ledger()["codes"] if row["delivery"] == DELIVERY and row["state"] == "in"]
    assert sorted(row["code"] for row in rows) == sorted(BOXES)
    assert [row for row in rows if row["times"] != 1] == []


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
    begin: Callable[..., Ear], hospital: SandboxProcess
) -> None:
    ear = begin(hospital.url)
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
    with Program(Call("matou receive", data, None, Environment())):
        ear = begin()
        ear.wait("trouble")
        ear.conductor.sign_in("1001", "1234")
        ear.wait("trouble", 2)
    assert ear.codes() == ["data_folder_in_use"] * 2
    assert ear.all("trouble")[0][1]["purpose"] == "matou receive"
    assert ear.all("ready") == []
    assert ear.conductor.close()


def test_scans_go_where_the_screen_in_front_wants_them(
    begin: Callable[..., Ear], fetched: SandboxProcess, tmp_path: Path
) -> None:
    box = BOXES[0].encode()
    with PtyPort(tmp_path) as port:
        ear = begin(None, port.spec)
        ear.wait("scanners_changed", fits=lambda all_: [one.state for one in all_] == [DeviceState.READY])
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
        ear.wait("scanners_changed", fits=lambda all_: [one.state for one in all_] == [DeviceState.READY])
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
    ear.conductor.retry([row.id for row in view.rows] + ["nobody"])
    ear.wait("uploads_changed", fits=lambda view: view.refused == 0 and view.accepted == 0)
    ear.wait("trouble", fits=lambda said: said == ("items_left", {"count": 1}))
    ear.wait("sync_changed", fits=lambda status: status.waiting == 0 and status.refused == 0)
    assert [row["code"] for row in sandbox.ledger(DELIVERY)["codes"]] == [BOXES[0]]


def test_settings_are_shown_changed_and_refused(begin: Callable[..., Ear]) -> None:
    ear = begin()
    ear.conductor.set_setting("lang", "en")
    ear.wait("settings_changed", fits=lambda rows: {row.key: row.value for row in rows}["lang"] == "en")
    ear.conductor.set_setting("server", "http://127.0.0.1:1")
    ear.wait("trouble", fits=lambda said: said[0] == "no_right")


def test_a_bad_scanner_does_not_keep_the_others_shut(begin: Callable[..., Ear], tmp_path: Path) -> None:
    with PtyPort(tmp_path) as port:
        ear = begin(None, "serial", "keys", port.spec, port.spec, f"serial:{tmp_path / 'gone'}")
        found = ear.wait(
            "scanners_changed",
            fits=lambda all_: [one.state for one in all_] == [DeviceState.READY, DeviceState.TROUBLE],
        )
        assert [one.code for one in found] == [None, "port_not_found"]
        ear.wait("trouble", 5)
        assert sorted(ear.codes()) == [
            "bad_scanner_spec", "bad_scanner_spec", "kind_not_supported", "port_not_found", "server_missing",
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
    with Program(Call("look", data, None, Environment())) as program:
        assert program.receipt_views.of(f"{DELIVERY}-R1").equation.received == len(BOXES)
    fetched.faults({})


def test_a_window_that_is_closed_before_the_folder_is_open_lets_go_of_it(begin: Callable[..., Ear], data: Path) -> None:
    begin().conductor.close()
    with Program(Call("look", data, None, Environment())) as program:
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
