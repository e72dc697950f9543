"""A drug on several lines of a note, and boxes that cannot say their batch: counted, marked, and told when known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.flows.outcomes import ScanOutcome
from sync.changes import CodeRow, CodesChange
from tests.fixtures.hospital import DELIVERY
from tests.fixtures.outbox import BODIES, bodies
from tests.flows.package_desk import PackageDock, box, carton, carton_of, row

RECEIPT = f"{DELIVERY}-R1"
TRAIL = "SELECT seq, coalesce(command, kind), line, in_force, note FROM entries ORDER BY seq"


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[PackageDock]:
    with PackageDock(tmp_path) as found:
        found.set_up(lines={"B1": 2, "B2": 6})
        yield found


def shoot(dock: PackageDock, text: str) -> ScanOutcome:
    return dock.desk().scan(text.encode())


def on_lines(dock: PackageDock) -> list[tuple[object, ...]]:
    return dock.rows("SELECT line, received FROM receipt_lines ORDER BY line")


def sent(dock: PackageDock) -> list[dict[str, Any]]:
    return [json.loads(body) for body in bodies(dock.rows(BODIES))]


def test_good_boxes_are_never_stopped_and_say_that_their_line_is_a_guess(dock: PackageDock) -> None:
    answers = [shoot(dock, box(number)) for number in range(9)]
    assert [answer.reason for answer in answers] == ["ok"] * 8 + ["over_quantity"]
    assert {answer.guess for answer in answers[:8]} == {"line"}
    assert on_lines(dock) == [(1, 2), (2, 6)]
    assert [item["line_guessed"] for item in sent(dock)] == [True] * 8
    view = dock.program.receipt_views.of(RECEIPT)
    assert [line.guessed for line in view.lines] == [2, 6]
    assert (view.entries[1].note, dock.desk().summary().guessed) == ("line_guessed", {1: 2, 2: 6})


def test_one_line_or_a_batch_on_the_label_is_no_guess(tmp_path: Path) -> None:
    with PackageDock(tmp_path) as dock:
        dock.set_up()
        answer = shoot(dock, box(1))
        assert (answer.reason, answer.guess) == ("ok", None)
        assert "line_guessed" not in sent(dock)[0]


def test_a_carton_goes_to_the_line_that_has_room_for_it(dock: PackageDock) -> None:
    answer = shoot(dock, carton())  # four by the ratio, and the first line has two
    assert (answer.reason, answer.line, answer.packs, answer.guess) == ("ok", 2, 4, "ratio")


@pytest.mark.parametrize("lines", [{"B1": 10}, {"B1": 2, "B2": 6}])
def test_a_manifest_without_batches_covers_and_stops_nobody(tmp_path: Path, lines: dict[str, int]) -> None:
    with PackageDock(tmp_path) as dock:
        dock.set_up(lines=lines)
        dock.tell([row(carton(), batch=None), *(row(box(number), carton(), batch=None) for number in range(3))])
        answer = shoot(dock, carton())
        assert (answer.reason, answer.packs, answer.line) == ("ok", 3, len(lines))
        assert answer.guess == ("line" if len(lines) > 1 else None)
        assert shoot(dock, box(1)).reason == "covered_by_parent"


def test_the_manifest_comes_and_only_wrong_guesses_are_told_anew(dock: PackageDock) -> None:
    for number in range(3):
        shoot(dock, box(number))
    assert on_lines(dock) == [(1, 2), (2, 1)]
    dock.tell(carton_of((0, 1, 2), batch="B2"))
    assert on_lines(dock) == [(1, 0), (2, 3)]
    assert dock.rows(TRAIL) == [
        (1, "scan", 1, 0, "line_guessed"), (2, "scan", 1, 0, "line_guessed"), (3, "scan", 2, 1, None),
        (4, "restated", None, 0, "line 1 → 2"), (5, "scan", 2, 1, None),
        (6, "restated", None, 0, "line 1 → 2"), (7, "scan", 2, 1, None),
    ]  # fmt: skip
    kinds = [(item["kind"], item.get("line")) for item in sent(dock)]
    assert kinds == [
        ("scan", 1), ("scan", 1), ("scan", 2), ("reversal", None), ("scan", 2), ("reversal", None), ("scan", 2),
    ]  # fmt: skip
    assert dock.desk().summary().guessed == {}


def test_the_hospital_knows_better_and_nothing_is_sent_again(dock: PackageDock) -> None:
    desk = dock.desk()
    desk.scan(box(0).encode())
    desk.scan(box(1).encode())
    rows = tuple(
        CodeRow(box(number), RECEIPT, DELIVERY, line, "in", dock.program.device) for number, line in ((0, 2), (1, 1))
    )
    writer, program = dock.program.writer, dock.program
    for _ in range(2):  # a page may come twice
        writer.run_sliced(
            lambda: program._restating.after(program._replica.apply)((CodesChange(rows),)), finish=lambda: None
        )
    assert on_lines(dock) == [(1, 1), (2, 1)]
    assert len(sent(dock)) == 2
    assert dock.rows(TRAIL) == [(1, "scan", 2, 1, None), (2, "scan", 1, 1, None), (3, "restated", 2, 0, "line 1 → 2")]
    assert desk.command(f"undo {box(0)}").ok
    assert on_lines(dock) == [(1, 1), (2, 0)]
