"""A receipt with the hospital's books beside it: other devices' outcomes, acceptance on the wire, rx and price, a close
that is refused. Two programs and the simulated hospital.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.options import Environment
from app.flows.receipt_document import ReceiptDocuments
from app.flows.receiving import Receiving
from app.wiring import Call, Program
from tests.fixtures.hospital import PIN
from tests.fixtures.sandbox import SandboxProcess

NO = "DEMO-20261122-11"  # one line of 200 boxes, each named
RECEIPT = f"{NO}-R1"


@pytest.fixture
def fresh() -> Iterator[SandboxProcess]:
    """A hospital with empty books."""
    with SandboxProcess() as made:
        yield made


class Device:
    """A program on a folder of its own."""

    def __init__(self, root: Path, server: str) -> None:
        self.program = Program(Call("test", root, server, Environment()))
        self.engine = self.program.engine()
        self.sync()

    def sync(self, *, until_empty: bool = True) -> None:
        found = self.engine.run_until_empty(limit_s=60, until_empty=until_empty)
        assert found.trouble is None, found

    def desk(self, who: str = "1002") -> Receiving:
        return self.program.receiving(NO, self.program.sign_in(who, PIN), holds=False)


@pytest.fixture
def devices(fresh: SandboxProcess, tmp_path: Path) -> Iterator[tuple[Device, Device]]:
    one, two = Device(tmp_path / "one", fresh.url), Device(tmp_path / "two", fresh.url)
    yield one, two
    one.program.close()
    two.program.close()


def boxes(hospital: SandboxProcess) -> list[str]:
    return [row["code"] for row in hospital.deliveries()[NO]["packages"] if row["level"] == 1]


def carton(hospital: SandboxProcess) -> str:
    return next(str(row["code"]) for row in hospital.deliveries()[NO]["packages"] if row["level"] == 3)


def equation(desk: Receiving) -> dict[str, int]:
    return desk.summary().equation.as_dict()


def test_outcomes_of_another_device_are_in_our_equation_and_the_hospital_takes_our_close(
    fresh: SandboxProcess, devices: tuple[Device, Device]
) -> None:
    ours, theirs = devices
    codes = boxes(fresh)
    here, there = ours.desk(), theirs.desk()
    assert here.scan(carton(fresh).encode()).counted
    ours.sync()
    theirs.sync()
    assert there.command(f"damaged {codes[0]} wet").ok
    assert there.command(f"reject {codes[1]} torn").ok
    assert there.command(f"reject {codes[2]} torn").ok
    assert there.command("short 1 1 lost").ok
    theirs.sync()
    ours.sync()
    wanted = {"expected": 200, "received": 197, "short": 1, "damaged": 1, "rejected": 2, "exempt": 0}
    assert equation(here) == wanted
    assert there.command(f"undo {codes[2]}").ok
    assert there.command("short 1 0 found").ok
    theirs.sync()
    ours.sync()
    wanted |= {"received": 198, "short": 0, "rejected": 1}
    assert equation(here) == wanted
    assert here.command("close").ok
    ours.sync()
    (receipt,) = fresh.ledger(NO)["receipts"]
    assert (receipt["state"], receipt["equation"]) == ("closed", wanted)


def test_a_device_that_comes_later_begins_with_what_others_said(
    fresh: SandboxProcess, devices: tuple[Device, Device]
) -> None:
    ours, theirs = devices
    there = theirs.desk()
    there.command(f"damaged {boxes(fresh)[0]} wet")
    there.command("short 1 3 lost")
    theirs.sync()
    ours.sync()
    here = ours.desk()
    assert equation(here) | {"expected": 0} == {
        "expected": 0, "received": 0, "short": 3, "damaged": 1, "rejected": 0, "exempt": 0,
    }  # fmt: skip
    assert here.command("short 1 5 lost").ok
    assert equation(here)["short"] == 5
    assert here.command("undo").ok
    assert equation(here)["short"] == 3, "ours is undone, theirs stands"
    ours.sync()
    theirs.sync()
    assert equation(here) == equation(there)
    assert here.command("short 1 7 lost").ok
    ours.sync()
    theirs.sync()
    assert equation(there)["short"] == 7, "the later word of another device stands before ours that was heard"


def test_a_close_that_the_hospital_never_takes_leaves_the_receipt_open(
    fresh: SandboxProcess, devices: tuple[Device, Device]
) -> None:
    ours, _ = devices
    here = ours.desk()
    here.scan(carton(fresh).encode())
    ours.sync()
    assert here.command("close").ok
    rows = ours.program.writer.call(lambda: ours.program.outbox.rows(receipt=RECEIPT), write=False)
    close = next(row for row in rows if row.kind == "close")
    fresh.faults({f"poison:{close.id}": 1.0})
    ours.sync()
    assert not ours.desk().summary().closed
    fresh.faults({})
    assert ours.desk().command("close").ok
    ours.sync()
    (receipt,) = fresh.ledger(NO)["receipts"]
    assert receipt["state"] == "closed"
    assert ours.program.tasks.view().tasks[-1].state == "closed"


def test_acceptance_reaches_the_hospital_before_and_after_the_close_each_event_once(
    fresh: SandboxProcess, devices: tuple[Device, Device]
) -> None:
    ours, _ = devices
    here, acceptance = ours.desk(), ours.program.acceptance
    here.scan(carton(fresh).encode())
    acceptance.type_temperature("1002", RECEIPT, "14.5")
    acceptance.type_temperature("1002", RECEIPT, "15")
    acceptance.undo("1002", RECEIPT)
    assert here.command("close").ok
    ours.sync()
    acceptance.type_invoice("1002", RECEIPT, "F9", "C9")
    acceptance.type_licence("1002", RECEIPT, "L1", "2099-01-01")
    acceptance.conclude("1002", RECEIPT, qualified=True)
    acceptance.put_away("1002", RECEIPT, "A-03")
    fresh.faults({"plan": [{"endpoint": "items", "fault": "lost_reply", "nth": 1}]})
    ours.sync()
    fresh.faults({})
    ours.sync()
    told = fresh.ledger(NO)["acceptance"]
    assert [row["fact"] for row in told] == [
        "temperature", "temperature", "undo", "invoice", "licence", "conclusion", "put_away",
    ]  # fmt: skip
    assert {row["operator"] for row in told} == {"1002"}
    assert told[0]["says"]["least_c"] == 14.5
    assert told[2]["says"]["negates"] == told[1]["id"]
    assert told[6]["says"] == {"conclusion": told[5]["id"], "shelf": "A-03"}
    counts = ours.program.counts()
    assert (counts.refused, counts.held, counts.queued) == (0, 0, 0)
    (receipt,) = fresh.ledger(NO)["receipts"]
    assert receipt["equation"]["received"] == 200, "no quantity moves by papers"
    trail = ours.program.receipt_views.of(RECEIPT).entries
    assert next(entry.note for entry in trail if entry.what == "acceptance") == "put_away"


def test_prescription_and_price_stand_on_the_document_only_where_the_hospital_says_them(
    devices: tuple[Device, Device],
) -> None:
    ours, _ = devices
    ours.desk()
    program = ours.program
    documents = ReceiptDocuments(program.writer.database, program.catalogue)
    (line,) = program.writer.call(lambda: documents.of(RECEIPT), write=False).lines
    assert (line.rx, line.price) == ("1", "12.50")
    other = program.receiving("DEMO-20261122-12", program.sign_in("1002", PIN), holds=False)
    document = program.writer.call(lambda: documents.of(other.key.id), write=False)
    assert {(line.rx, line.price) for line in document.lines} <= {("", ""), ("1", "")}


def test_a_box_sent_back_here_that_came_in_by_another_delivery_is_still_sent_back_here(
    fresh: SandboxProcess, tmp_path: Path
) -> None:
    """One row of the feed belongs to one receipt; the other's outcome is told with the receipt."""
    other = "T-9"
    line = {"line": 1, "drug": "YP-0001", "batch": "260701", "expiry": "2029-06-30", "packs": 2}
    box, late = boxes(fresh)[:2]
    rows = [{"code": each, "level": 1, "parent": None, "line": 1} for each in (box, late)]
    note = {"delivery": other, "supplier": "演示", "manifest": "complete", "lines": [line], "packages": rows}
    fresh.seed({"deliveries": [note]})
    ours = Device(tmp_path / "one", fresh.url)
    here = ours.desk()
    assert here.command(f"reject {box} torn").ok
    ours.sync()
    there = ours.program.receiving(other, ours.program.sign_in("1002", PIN), holds=False)
    assert there.scan(box.encode()).counted
    assert there.scan(late.encode()).counted
    ours.sync()
    assert here.command(f"reject {late} torn").ok  # the other way round: it is in there already
    ours.sync()
    theirs = Device(tmp_path / "two", fresh.url)
    second = theirs.desk()
    wanted = {"expected": 200, "received": 0, "short": 0, "damaged": 0, "rejected": 2, "exempt": 0}
    assert equation(here) == equation(second) == wanted
    assert there.command("undo").ok
    assert here.command(f"undo {late}").ok
    assert there.command("undo").ok
    ours.sync()
    theirs.sync()
    assert equation(here) == equation(second) == wanted | {"rejected": 1}
    third = Device(tmp_path / "three", fresh.url)
    assert equation(third.desk()) == equation(here), "its row is this receipt's again"
    assert second.scan(carton(fresh).encode()).counted
    theirs.sync()
    assert second.command("close").ok
    theirs.sync()
    receipts = {row["id"]: row for row in fresh.ledger(NO)["receipts"]}
    assert (receipts[RECEIPT]["state"], receipts[RECEIPT]["equation"]["rejected"]) == ("closed", 1)
    for device in (ours, theirs, third):
        device.program.close()
