"""A consumable's code that names a batch only: every scan is one more piece, undone one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.packages import code_of, is_piece, piece_of
from sync.changes import CodeRow, CodesChange, DrugChange
from tests.fixtures.hospital import DELIVERY, Dock, delivery, line, operator
from tests.fixtures.outbox import BODIES, bodies

GTIN, DI = "09529999003034", "MA.156.M0.999901.10000011"
RECEIPT = f"{DELIVERY}-R1"
LABEL = f"01{GTIN}10LOT7\x1d17290630"
KEY = f"01{GTIN}10LOT7"
TUBE = f"{DI}.LT9.V290630"


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    with Dock(tmp_path) as found:
        set_up(found)
        yield found


def set_up(dock: Dock) -> None:
    dock.feed(
        operator(),
        DrugChange("HC1", "注射器", "consumable", {GTIN: 1}),
        DrugChange("HC2", "导管", "consumable", {DI: 1}),
        DrugChange("D1", "药", "drug", {"09529999001016": 1}),
        delivery(
            line(1, "HC1", 5, batch="LOT7"), line(2, "HC2", 3, batch="T9"), line(3, "D1", 3), manifest="missing"
        ),
    )  # fmt: skip


def received(dock: Dock) -> list[int]:
    return [int(str(count)) for (count,) in dock.rows("SELECT received FROM receipt_lines ORDER BY line")]


def sent(dock: Dock) -> list[dict[str, Any]]:
    return [json.loads(body) for body in bodies(dock.rows(BODIES))]


@pytest.mark.parametrize(("label", "place", "most"), [(LABEL, 0, 5), (TUBE, 1, 3)])
def test_every_scan_is_one_more_piece_until_the_line_is_full(dock: Dock, label: str, place: int, most: int) -> None:
    desk = dock.desk()
    answers = [desk.scan(label.encode()) for _ in range(most + 1)]
    assert [answer.reason for answer in answers] == ["ok"] * most + ["over_quantity"]
    assert [answer.pieces for answer in answers] == [*range(1, most + 1), 0]
    assert received(dock)[place] == most
    codes = [item["code"] for item in sent(dock)]
    assert len(set(codes)) == most
    assert [item["code"] == piece_of(code_of(item["code"]), item["id"]) for item in sent(dock)] == [True] * most


def test_undo_takes_one_piece_back(dock: Dock) -> None:
    desk = dock.desk()
    for _ in range(3):
        desk.scan(LABEL.encode())
    assert desk.command(f"undo {KEY}").ok
    assert desk.command(f"undo {LABEL}").ok
    assert received(dock)[0] == 1
    assert desk.command("undo").ok
    assert desk.command(f"undo {KEY}").reason == "nothing_to_undo"
    assert [item["kind"] for item in sent(dock)] == ["scan"] * 3 + ["reversal"] * 3


def test_damaged_is_a_piece_that_came_else_one_more(dock: Dock) -> None:
    desk = dock.desk()
    desk.scan(LABEL.encode())
    assert [desk.command(f"damaged {KEY} wet").ok for _ in range(2)] == [True, True]
    [one] = [view for view in dock.program.receipt_views.of(RECEIPT).lines if view.line == 1]
    assert (one.received, one.damaged, one.missing) == (0, 2, 3)
    assert desk.scan(LABEL.encode()).reason == "ok"
    piece = str(dock.rows("SELECT code FROM entries ORDER BY seq DESC LIMIT 1")[0][0])
    assert desk.command(f"reject {piece} late").ok
    [one] = [view for view in dock.program.receipt_views.of(RECEIPT).lines if view.line == 1]
    assert (one.received, one.damaged, one.rejected) == (0, 2, 1)


def test_a_drug_without_its_serial_stays_doubtful(dock: Dock) -> None:
    assert dock.desk().scan(b"010952999900101610B1").reason == "ambiguous"


def test_a_tail_that_may_hide_another_field_stays_doubtful(dock: Dock) -> None:
    assert dock.desk().scan(f"01{GTIN}10LOT717290630".encode()).reason == "ambiguous"


def test_pieces_of_another_device_are_counted_beside_ours(dock: Dock) -> None:
    desk = dock.desk()
    desk.scan(LABEL.encode())
    mine = sent(dock)[0]["code"]
    theirs = piece_of(KEY, "0192f0c1-aaaa-7bbb-8ccc-0123456789ab")
    rows = tuple(CodeRow(code, RECEIPT, DELIVERY, 1, "in", "pda-2") for code in (mine, theirs))
    dock.feed(CodesChange(rows))
    assert received(dock)[0] == 2
    assert desk.scan(LABEL.encode()).received == 3


def test_the_look_up_finds_its_pieces(dock: Dock) -> None:
    desk = dock.desk()
    desk.scan(LABEL.encode())
    desk.scan(LABEL.encode())
    view = dock.program.look_up(LABEL)
    assert (view.key, len(view.history), view.name) == (KEY, 2, "注射器")
    assert dock.program.look_up(sent(dock)[0]["code"]).key == KEY


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["scan", "undo"]), max_size=14))
def test_scans_and_undos_add_up(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    with Dock(tmp_path_factory.mktemp("pieces")) as dock:
        set_up(dock)
        desk, count = dock.desk(), 0
        for step in steps:
            if step == "scan":
                counted = desk.scan(LABEL.encode()).counted
                assert counted == (count < 5)
                count += counted
            else:
                assert desk.command(f"undo {KEY}").ok == (count > 0)
                count = max(0, count - 1)
        assert received(dock)[0] == count


def test_a_piece_is_told_from_its_code() -> None:
    piece = piece_of(KEY, "0192f0c1-aaaa-7bbb-8ccc-0123456789ab")
    assert (code_of(piece), is_piece(piece)) == (KEY, True)
    assert [is_piece(code) for code in (KEY, "A#B", f"{KEY}#", "8" * 20)] == [False] * 4
