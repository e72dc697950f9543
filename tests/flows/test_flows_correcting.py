"""The hospital corrects its own manifest while a receipt is open: the trail says so, and what counts stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages

BOXES = [code("8999011", number) for number in range(6)]
CARTON, OTHER = code("8999013", 1), code("8999013", 2)
TRAIL = (
    "SELECT kind, command, code, counted, in_force, operator, note FROM entries "
    "WHERE command = 'corrected' ORDER BY seq"
)


@pytest.fixture
def stocked(tmp_path: Path) -> Dock:
    """One drug on two lines; a carton of three boxes on the first, and three loose ones."""
    dock = Dock(tmp_path)
    dock.feed(operator(), drug("D1", {"8999011": 1, "8999013": 2}))
    dock.feed(delivery(line(1, "D1", 6), line(2, "D1", 6)))
    dock.feed(packages({CARTON: {box: {} for box in BOXES[:3]}, **{box: {} for box in BOXES[3:]}}))
    return dock


def test_who_has_the_code_in_an_open_receipt_finds_the_correction_in_the_trail(stocked: Dock) -> None:
    desk = stocked.desk()
    assert [desk.scan(one.encode()).reason for one in (BOXES[3], CARTON)] == ["ok", "ok"]
    stocked.feed(packages({OTHER: {BOXES[0]: {}, BOXES[3]: {}, BOXES[4]: {}}}))

    assert stocked.rows(TRAIL) == [
        ("command", "corrected", BOXES[0], 0, 0, "1001", f"parent {CARTON} → {OTHER}"),
        ("command", "corrected", BOXES[3], 0, 0, "1001", f"parent - → {OTHER}"),
    ]
    assert desk.summary().equation.received == 4
    assert stocked.rows("SELECT count(*) FROM sync_outbox") == [(2,)]
    again = desk.scan(BOXES[5].encode())
    assert (again.seq, again.reason) == (5, "ok")


def test_nothing_is_written_where_nobody_has_the_code(stocked: Dock) -> None:
    stocked.desk()
    stocked.feed(packages({OTHER: {BOXES[0]: {}}}))
    assert stocked.rows(TRAIL) == []
    assert stocked.rows("SELECT code FROM corrections") == [(BOXES[0],)]


def test_the_feed_told_once_more_corrects_nothing(stocked: Dock) -> None:
    desk = stocked.desk()
    desk.scan(CARTON.encode())
    stocked.feed(packages({CARTON: {box: {} for box in BOXES[:3]}, **{box: {} for box in BOXES[3:]}}))
    assert stocked.rows(TRAIL) == []
