"""Two devices beeped for one box: the second one's scan goes, and the box stays in by the first one's."""

from __future__ import annotations

import pytest

from app.flows.answers import Answers
from sync import Settled
from tests.fixtures.hospital import Dock, code, delivery, drug, line, packages, received_by
from tests.fixtures.hospital import operator as person

BOXES = [code("8999011", number) for number in range(4)]
CARTON = code("8999013", 0)
RECEIPT = "T-1-R1"


@pytest.fixture
def dock(dock: Dock) -> Dock:
    dock.feed(
        person(), drug("YP-1", {"8999011": 1, "8999013": 3}), delivery(line(1, "YP-1", len(BOXES))),
        packages({CARTON: {box: {} for box in BOXES}}),
    )  # fmt: skip
    return dock


def settle(dock: Dock, seq: int, kind: str, state: str) -> None:
    item = dock.program.writer.call(lambda: dock.program.outbox.rows(receipt=RECEIPT), write=False)
    found = next(row for row in item if row.seq == seq)
    answer = Settled(found.id, RECEIPT, kind, state, None, None, ())
    dock.program.writer.call(lambda: Answers(dock.program.receipts).apply([answer]))


def received(dock: Dock) -> int:
    return dock.desk().summary().equation.received


@pytest.mark.parametrize("told_first", [True, False])
def test_a_box_in_conflict_stays_in_by_the_other_device(dock: Dock, told_first: bool) -> None:
    dock.desk().scan(BOXES[0].encode())
    if told_first:
        dock.feed(received_by("pda-9", BOXES[0]))
    settle(dock, 1, "scan", "conflict")
    if not told_first:
        dock.feed(received_by("pda-9", BOXES[0]))

    assert received(dock) == 1
    assert dock.desk().scan(BOXES[0].encode()).reason == "duplicate_in_receipt"


def test_a_carton_in_conflict_stays_in_by_the_other_device(dock: Dock) -> None:
    dock.desk().scan(CARTON.encode())
    dock.feed(received_by("pda-9", *BOXES, via=CARTON))
    settle(dock, 1, "scan", "conflict")

    assert received(dock) == len(BOXES)


def test_a_bundle_of_one_box_stays_in_by_the_other_device(dock: Dock) -> None:
    bundle, box = code("8999012", 1), code("8999011", 90)
    dock.feed(
        drug("YP-1", {"8999011": 1, "8999012": 2, "8999013": 3}), delivery(line(1, "YP-1", len(BOXES) + 1)),
        packages({bundle: {box: {}}}),
    )  # fmt: skip
    dock.desk().scan(bundle.encode())
    dock.feed(received_by("pda-9", box, via=bundle))
    settle(dock, 1, "scan", "conflict")

    assert received(dock) == 1


def test_a_refused_box_does_not_read_what_others_have_of_the_receipt(dock: Dock) -> None:
    """Three hundred conflicts of a receipt of four thousand codes would hold up scans."""
    dock.desk().scan(BOXES[0].encode())
    dock.feed(received_by("pda-9", *(code("8999011", 1_000 + number) for number in range(4_000))))
    database = dock.program.writer.database
    steps = [0]

    def refused() -> None:
        database.connection().set_progress_handler(lambda: steps.append(steps.pop() + 1), 10)
        try:
            dock.program.receipts.leave_to_others(RECEIPT, 1)
        finally:
            database.connection().set_progress_handler(None, 0)

    dock.program.writer.call(refused)
    assert steps[0] < 100, "some hundreds of SQLite's own steps"


def test_a_box_that_was_undone_before_its_conflict_was_known(dock: Dock) -> None:
    desk = dock.desk()
    desk.scan(BOXES[0].encode())
    desk.command(f"undo {BOXES[0]}")
    dock.feed(received_by("pda-9", BOXES[0]))
    settle(dock, 1, "scan", "conflict")
    settle(dock, 2, "reversal", "accepted")

    assert received(dock) == 1


def test_a_box_that_nobody_else_has_is_out(dock: Dock) -> None:
    dock.desk().scan(BOXES[0].encode())
    dock.feed(received_by("pda-9", BOXES[1]))
    settle(dock, 1, "scan", "refused")

    assert received(dock) == 1
    assert dock.desk().scan(BOXES[0].encode()).counted
