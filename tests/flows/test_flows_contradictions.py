"""What contradicts a beeped scan reaches the person who scanned, and what they answer is logged."""

from __future__ import annotations

import pytest

from app.base.errors import Trouble
from app.flows.answers import Answers
from app.flows.contradictions import OWNERS, ConflictView
from sync import Settled
from sync.changes import CodeRow, CodesChange, ReceiptChange
from tests.fixtures.hospital import NOW_MS, Dock, code, delivery, drug, line, operator, packages

BOXES = [code("8999011", number) for number in range(6)]
CARTON = code("8999013", 0)
RECEIPT = "T-1-R1"
THEIR_ITEM = "01a201d7-0000-7000-8000-0000000000aa"


@pytest.fixture
def stocked(dock: Dock) -> Dock:
    dock.feed(
        operator(), operator("1002", rights=("receive", "undo")), operator("1009", rights=("receive",)),
        drug("YP-1", {"8999011": 1, "8999013": 3}), delivery(line(1, "YP-1", len(BOXES))),
        packages({CARTON: {box: {} for box in BOXES}}),
    )  # fmt: skip
    return dock


def feed(dock: Dock, *changes: CodesChange | ReceiptChange) -> None:
    """As the exchange brings them."""
    program = dock.program
    take_in = program.uploads.contradictions.watch
    program.writer.run_sliced(lambda: take_in(program._replica.apply, changes), finish=lambda: None)


def row(box: str, state: str = "in", *, receipt: str = RECEIPT, at_ms: int = NOW_MS + 10**7, **more: object) -> CodeRow:
    return CodeRow(box, receipt, receipt.removesuffix("-R1"), 1, state, "pda-9", at_ms=at_ms, **more)  # type: ignore[arg-type]


def settle(dock: Dock, item: str, result: str, because: str | None = None, other: tuple[str, ...] = ()) -> None:
    """What the engine does with an answer."""
    database = dock.program.writer.database
    answers = Answers(dock.program.receipts, dock.program.uploads.contradictions.of_answer)
    found = dock.program.outbox

    def job() -> None:
        entry = found.rows(ids=[item])[0]
        database.execute_sql(
            "UPDATE sync_outbox SET state = ?, result = ?, code = ? WHERE n = ?",
            ("refused" if result == "conflict" else result, result, because, entry.n),
        )
        answers.apply([Settled(item, entry.receipt, entry.kind, result, because, None, other)])

    dock.program.writer.call(job)


def scanned(dock: Dock, box: str) -> str:
    """Scan a code; the id of its item."""
    dock.desk().scan(box.encode())
    return dock.program.uploads.view().rows[0].id


def only(dock: Dock) -> ConflictView:
    (found,) = dock.program.uploads.contradictions.view().rows
    return found


def received(dock: Dock) -> int:
    return dock.program.receipt_views.of(RECEIPT).equation.received


def trail(dock: Dock) -> list[tuple[str, str | None]]:
    return [(entry.what, entry.note) for entry in reversed(dock.program.receipt_views.of(RECEIPT).entries)]


def test_a_conflict_answer_is_told_with_both_sides(stocked: Dock) -> None:
    item = scanned(stocked, BOXES[0])
    settle(stocked, item, "conflict", "same_code", (THEIR_ITEM,))
    told = only(stocked)
    assert (told.kind, told.code, told.owner, told.drug) == ("same_code", BOXES[0], OWNERS["same_code"], "药YP-1")
    assert (told.ours.operator, told.ours.receipt, told.ours.device) == (
        "演示员1001 1001",
        RECEIPT,
        stocked.program.device,
    )
    assert (told.other.device, told.other.at_ms) == (None, int(THEIR_ITEM.replace("-", "")[:12], 16))
    assert trail(stocked) == [("scan", None), ("contradicted", "same_code")]
    assert received(stocked) == 0

    feed(stocked, CodesChange((row(BOXES[0], item=THEIR_ITEM, operator="1002", at_ms=77),)))
    told = only(stocked)
    assert (told.other.operator, told.other.device, told.other.at_ms) == ("演示员1002 1002", "pda-9", 77)
    assert stocked.program.uploads.contradictions.count(stocked.person("1001")) == 1
    assert stocked.program.uploads.contradictions.count(stocked.person("1009")) == 0, "somebody else's"


def test_a_scan_that_another_device_took_back_does_not_count_any_more(stocked: Dock) -> None:
    item = scanned(stocked, CARTON)
    settle(stocked, item, "accepted")
    assert received(stocked) == len(BOXES)
    feed(stocked, CodesChange(tuple(row(box, "reversed", operator="1002") for box in BOXES)))
    told = only(stocked)
    assert (told.kind, told.code, told.other.operator) == ("reversed_elsewhere", CARTON, "演示员1002 1002")
    assert not told.may_take_back
    assert received(stocked) == 0
    feed(stocked, CodesChange(tuple(row(box, "reversed") for box in BOXES)))
    assert only(stocked).id == told.id, "told once"
    assert stocked.desk().scan(CARTON.encode()).reason == "ok", "it can be scanned again"


@pytest.mark.parametrize(
    "change",
    [
        row(BOXES[0], "reversed", outcome="damaged"),
        row(BOXES[0], "reversed", at_ms=5),
        row(BOXES[0], "in"),
        row(BOXES[0], "dispensed"),
    ],
)
def test_what_contradicts_nothing_is_not_told(stocked: Dock, change: CodeRow) -> None:
    settle(stocked, scanned(stocked, BOXES[0]), "accepted")
    feed(stocked, CodesChange((change,)))
    assert stocked.program.uploads.contradictions.view().rows == ()
    assert received(stocked) == 1


def test_what_has_no_answer_yet_waits_for_its_own(stocked: Dock) -> None:
    scanned(stocked, BOXES[0])
    feed(stocked, CodesChange((row(BOXES[0], "reversed"),)))
    assert stocked.program.uploads.contradictions.view().rows == ()
    assert received(stocked) == 1


def test_a_receipt_that_was_closed_elsewhere_is_told(stocked: Dock) -> None:
    scanned(stocked, BOXES[0])
    feed(stocked, ReceiptChange(RECEIPT, "T-1", "closed"))
    told = only(stocked)
    assert (told.kind, told.seq, told.ours.operator) == ("closed_elsewhere", 0, "演示员1001 1001")
    feed(stocked, ReceiptChange(RECEIPT, "T-1", "closed"))
    assert only(stocked).id == told.id


def test_our_side_gives_way(stocked: Dock) -> None:
    item = scanned(stocked, BOXES[0])
    settle(stocked, item, "conflict", "same_code", (THEIR_ITEM,))
    desk, mine = stocked.program.uploads.contradictions, stocked.person("1001")
    with pytest.raises(Trouble, match="no_right"):
        desk.take_back(only(stocked).id, stocked.person("1009"))
    desk.take_back(only(stocked).id, mine)
    reversal = stocked.program.uploads.view().rows[0]
    assert (reversal.kind, reversal.state) == ("reversal", "queued")
    assert stocked.program.outbox.rows(ids=[reversal.id])[0].negates == item
    told = only(stocked)
    assert (told.answer, told.answered_by, told.may_take_back) == ("taken_back", "演示员1001 1001", False)
    assert [act.act for act in told.acts] == ["taken_back"]
    with pytest.raises(Trouble, match="conflict_answered"):
        desk.take_back(told.id, mine)
    assert desk.view().open == 0


def test_asking_and_leaving_are_logged(stocked: Dock) -> None:
    settle(stocked, scanned(stocked, BOXES[0]), "conflict", "other_receipt")
    desk, boss = stocked.program.uploads.contradictions, stocked.person("1002")
    desk.ask(only(stocked).id, boss)
    assert only(stocked).asked_ms is not None
    assert desk.view().open == 1
    with pytest.raises(Trouble, match="reason_missing"):
        desk.leave(only(stocked).id, boss, "  ")
    desk.leave(only(stocked).id, boss, "对方已收")
    assert [(act.act, act.operator, act.note) for act in only(stocked).acts] == [
        ("asked", "演示员1002 1002", None),
        ("left", "演示员1002 1002", "对方已收"),
    ]


def test_an_unknown_kind_of_conflict_is_told_too(stocked: Dock) -> None:
    settle(stocked, scanned(stocked, BOXES[0]), "conflict", "a_word_of_tomorrow")
    assert only(stocked).kind == "other_conflict"


def test_a_rejected_box_may_come_in_by_another_delivery_and_leaves_its_carton_alone(stocked: Dock) -> None:
    settle(stocked, scanned(stocked, CARTON), "accepted")
    stocked.desk().command(f"reject {BOXES[0]} 破")
    settle(stocked, stocked.program.uploads.view().rows[0].id, "accepted")
    assert received(stocked) == len(BOXES) - 1

    feed(stocked, CodesChange((row(BOXES[0], receipt="T-9-R1"),)))
    assert received(stocked) == len(BOXES) - 1
    assert stocked.program.uploads.contradictions.view().rows == ()
