"""What others fell down on, done to us: one test for each row of docs/museum.toml, with real parts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.reasons import SCAN_REASONS, Panel, Verdict
from app.flows.receiving import Receiving
from devices import DeviceManager, DeviceState, DeviceStatus, RawScan, ScannerSpec
from devices.places import shifted
from devices.sightings import Mark, Sightings
from devices.symbols import Quad, Symbol
from sync.ports import Priority
from tests.devices import wedge_table
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages
from tests.fixtures.ptyport import PtyPort
from tests.sync.sync_bench import Device
from tests.sync.sync_middleware import Middleware

BOX, BUNDLE, GTIN = "8999011", "8999012", "09529999002020"
B = [code(BOX, n) for n in range(10)]
BUNDLE_CODE = code(BUNDLE, 1)
SERIAL = f"01{GTIN}21INS0000003"  # the key of the one insulin that is expected
WITH_EXPIRY = f"]d201{GTIN}1727033110SYN2612B\x1d21INS0000003"
LIMIT_S = 60.0


@pytest.fixture
def hospital(dock: Dock) -> Dock:
    """Ten boxes in a bundle, and one box with a GS1 label; every code is named by the supplier."""
    dock.feed(operator(rights=("receive", "close", "undo", "exempt")))
    dock.feed(drug("D1", {BOX: 1, BUNDLE: 2}), drug("D2", {GTIN: 1}))
    dock.feed(packages({BUNDLE_CODE: {key: {} for key in B}}), packages({SERIAL: {}}, line_no=2))
    dock.feed(delivery(line(1, "D1", 10), line(2, "D2", 1, batch="SYN2612B", expiry="2027-03-31")))
    return dock


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    with Dock(tmp_path / "data") as made:
        yield made


@pytest.fixture
def middleware() -> Iterator[Middleware]:
    made = Middleware()
    yield made
    made.close()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "sync.db")
    yield made
    made.close()


def shoot(desk: Receiving, *payloads: str) -> list[str]:
    return [desk.scan(payload.encode()).reason for payload in payloads]


def line_of(dock: Dock, number: int):
    return next(row for row in dock.program.receipt_views.of("T-1-R1").lines if row.line == number)


def test_ten_shots_in_one_breath_are_ten_scans(hospital: Dock, tmp_path: Path) -> None:
    """All ten labels lie in the line's buffer before anybody reads: none is the last value of another."""
    desk, ready, done, seen = hospital.desk(), threading.Event(), threading.Event(), []

    def take(scan: RawScan) -> None:
        seen.append(desk.scan(scan.label, at_ms=scan.at_ms, scanner=scan.device).reason)
        if len(seen) == len(B):
            done.set()

    def note(status: DeviceStatus) -> None:
        if status.state is DeviceState.READY:
            ready.set()

    with PtyPort(tmp_path) as port:
        manager = DeviceManager(
            [ScannerSpec.parse(port.spec)], on_scan=take, on_status=note, now_ms=hospital.program.clock.now_ms
        )
        manager.start()
        try:
            assert ready.wait(LIMIT_S)
            port.write("".join(f"{key}\r" for key in B).encode())
            assert done.wait(LIMIT_S), seen
        finally:
            manager.stop()
    assert seen == ["ok"] * 10
    stored = hospital.rows("SELECT payload FROM entries WHERE kind = 'scan' ORDER BY seq")
    assert [row[0] for row in stored] == B, "on the disk, in the order in which they were shot"


def test_no_keyboard_changes_a_code_without_a_word(hospital: Dock) -> None:
    """Caps Lock, layout, input method and separator, a part of the truth table: equal, or refused with a reason."""
    count = wedge_table.run(every=499)
    assert count.total > 400
    assert (count.changed, count.silent) == ([], [])
    assert count.equal > 50
    without_separator = WITH_EXPIRY.replace("\x1d", "")
    answer = hospital.desk().scan(without_separator.encode())
    assert (answer.reason, answer.counted, answer.payload) == ("ambiguous", False, without_separator)


def test_a_failed_record_is_never_stamped_as_done(middleware: Middleware, device: Device) -> None:
    slow, wrong = device.scan(), device.scan()
    middleware.later[slow] = ["busy", "busy"]
    middleware.poison = {wrong}
    assert device.drain(middleware.url).accepted == 1
    assert [one.state for one in device.settled if one.id == slow] == ["queued", "queued", "accepted"]
    assert (device.row(wrong).state, device.counts().refused) == ("refused", 1)
    assert middleware.effects[wrong] == 0
    middleware.poison = set()
    assert device.writer.call(lambda: device.outbox.retry([wrong]), priority=Priority.IDLE) == 1
    assert device.drain(middleware.url).accepted == 1
    assert (device.row(wrong).state, middleware.effects[wrong]) == ("accepted", 1)


def test_a_locked_record_stops_nobody_else(middleware: Middleware, device: Device) -> None:
    locked, *others = (device.scan(f"D{place % 3}-R1") for place in range(30))
    middleware.later[locked] = ["locked"] * 6
    device.drain(middleware.url)
    assert {device.row(other).state for other in others} == {"accepted"}
    assert all(middleware.order.index(other) < middleware.order.index(locked) for other in others)
    assert device.row(locked).state == "accepted"


def test_there_is_a_way_back_from_a_wrong_scan(hospital: Dock) -> None:
    """Also after a restart; nothing of the story disappears."""
    desk = hospital.desk()
    assert shoot(desk, B[0], BUNDLE_CODE) == ["ok", "ok"]
    hospital.restart()
    desk = hospital.desk()
    assert desk.command("undo").ok
    assert desk.summary().equation.received == 1
    assert desk.command(f"undo {B[0]}").ok
    assert desk.summary().equation.received == 0
    told = hospital.rows("SELECT kind, negates FROM entries ORDER BY seq")
    assert told == [("scan", None), ("scan", None), ("command", 2), ("command", 1)]
    assert shoot(desk, B[0]) == ["ok"], "and it may come in again"


def test_a_symbol_without_expiry_leaves_the_good_one(hospital: Dock) -> None:
    """The same box has a second label that says nothing of batch and expiry."""
    desk = hospital.desk()
    assert shoot(desk, WITH_EXPIRY) == ["near_expiry"]
    assert shoot(desk, SERIAL) == ["duplicate_in_receipt"]
    assert (line_of(hospital, 2).expiry, line_of(hospital, 2).batch) == ("2027-03-31", "SYN2612B")
    assert dict(desk.summary().lists)["near_expiry"] == 1
    assert desk.command("undo").ok
    assert shoot(desk, SERIAL) == ["near_expiry"], "what the label does not say, the delivery says"


@pytest.mark.parametrize("order", ["1727033110SYN2612B21INS0000003", "10SYN2612B21INS000000317270331"])
def test_a_batch_glued_to_its_serial_is_doubted(hospital: Dock, order: str) -> None:
    """One way to cut it is in the manifest; that is shown to a person, never chosen."""
    desk = hospital.desk()
    answer = desk.scan(f"]d201{GTIN}{order}".encode())
    assert (answer.reason, answer.counted, answer.line) == ("ambiguous", False, None)
    assert desk.summary().equation.received == 0


def test_many_codes_in_view_are_no_queue_of_errors(hospital: Dock) -> None:
    """Nine boxes of the delivery, a stranger read once, and a label that is read in two ways, thirty frames long."""
    desk, answers = hospital.desk(), []
    place: Quad = ((0, 0), (200, 0), (200, 40), (0, 40))
    rule = Sightings(lambda label: label.decode().removeprefix("]C0") in B)
    boxes = [Symbol(key.encode(), "]C0", shifted(place, 0, 60 * row)) for row, key in enumerate(B[:9])]
    torn = shifted(place, 400, 0)
    marks: dict[bytes, Mark] = {}
    for frame in range(30):
        symbols = [*boxes, Symbol(B[9].encode(), "]C0", torn), Symbol(code(BOX, 77).encode(), "]C0", torn)]
        symbols += [Symbol(b"89990770000000000001", "]C0", shifted(place, 400, 300))] if frame == 3 else []
        seen = rule.see(symbols, 1000 + frame * 0.033)
        marks |= {one.symbol.payload: one.mark for one in seen.marks}
        answers += [desk.scan(one.payload).reason for one in seen.counted]
    assert answers == ["ok"] * 9
    assert marks[B[9].encode()] is Mark.DOUBTFUL
    assert desk.summary().equation.received == 9


def test_what_warns_lets_on_and_what_stops_stops(hospital: Dock) -> None:
    rows = SCAN_REASONS.values()
    assert all(row.panel is Panel.STOP for row in rows if row.verdict is Verdict.REFUSED)
    assert not any(row.panel is Panel.STOP for row in rows if row.counted)
    desk = hospital.desk(holds=True)
    warned = ("ok", "duplicate_in_receipt", "product_code", "ok")
    assert tuple(shoot(desk, B[0], B[0], "6901234567892", B[1])) == warned
    assert SCAN_REASONS["over_quantity"].panel is Panel.STOP
    assert shoot(desk, code(BOX, 99), B[2]) == ["over_quantity", "held_by_stop"]
    assert desk.command("confirm").ok
    assert shoot(desk, B[2]) == ["ok"]


def test_progress_moves_with_every_box(hospital: Dock) -> None:
    desk = hospital.desk()
    moved = [(found.received, found.expected) for found in (desk.scan(key.encode()) for key in B[:4])]
    assert moved == [(1, 10), (2, 10), (3, 10), (4, 10)]
    assert line_of(hospital, 1).received == 4
    whole = desk.scan(BUNDLE_CODE.encode())
    assert (whole.packs, whole.received) == (10, 10)
    desk.command("undo")
    assert line_of(hospital, 1).received == 4
    (task,) = hospital.program.tasks.view().tasks
    assert (task.accounted, task.expected) == (4, 11)


def test_expected_serials_are_loaded_and_held_against_each_box(hospital: Dock) -> None:
    desk = hospital.desk()
    assert shoot(desk, B[0], code(BOX, 50)) == ["ok", "over_quantity"], "not in the list, however empty the line is"
    root = hospital.program.look_up(BUNDLE_CODE).tree.root
    assert root is not None
    states = {node.code: node.state for node in root.children}
    assert set(states) == set(B)
    assert states.pop(B[0]) == "in"
    assert set(states.values()) == {"missing"}, "each of the nine that did not come is named"
    assert desk.command("close").reason == "outcome_missing"
