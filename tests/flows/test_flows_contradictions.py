"""What contradicts a beeped scan reaches the person who scanned, and what they answer is logged."""

from __future__ import annotations

import pytest

from app.base.errors import Trouble
from app.flows.answers import Answers
from app.flows.contradictions import OWNERS, ConflictView
from sync import Settled
from sync.changes import CodeRow, CodesChange, ReceiptChange
from sync.item_ids import packed
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
    contradictions = dock.program.uploads.contradictions
    settled = contradictions.after(Answers(dock.program.receipts, contradictions.of_answer).apply)
    found = dock.program.outbox

    def job() -> None:
        entry = found.rows(ids=[item])[0]
        database.execute_sql(
            "UPDATE sync_outbox SET state = ?, result = ?, code = ? WHERE n = ?",
            ("refused" if result == "conflict" else result, result, because, entry.n),
        )
        settled([Settled(item, entry.receipt, entry.kind, result, because, None, other)])

    dock.program.writer.call(job)


def become(dock: Dock, item: str, state: str) -> None:
    database = dock.program.writer.database
    dock.program.writer.call(
        lambda: database.execute_sql("UPDATE sync_outbox SET state = ? WHERE id = ?", (state, packed(item)))
    )


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
    ("change", "counted"),
    [
        (row(BOXES[0], "reversed", outcome="damaged"), 0),
        (row(BOXES[0], "reversed", at_ms=5), 1),
        (row(BOXES[0], "in"), 1),
        (row(BOXES[0], "dispensed"), 1),
    ],
)
def test_what_contradicts_nothing_is_not_told(stocked: Dock, change: CodeRow, counted: int) -> None:
    settle(stocked, scanned(stocked, BOXES[0]), "accepted")
    feed(stocked, CodesChange((change,)))
    assert stocked.program.uploads.contradictions.view().rows == ()
    assert received(stocked) == counted


def test_what_has_no_answer_yet_waits_for_its_own(stocked: Dock) -> None:
    scanned(stocked, BOXES[0])
    feed(stocked, CodesChange((row(BOXES[0], "reversed"),)))
    assert stocked.program.uploads.contradictions.view().rows == ()
    assert received(stocked) == 1


def ours(dock: Dock, box: str, item: str) -> CodeRow:
    return CodeRow(box, RECEIPT, "T-1", 1, "in", dock.program.device, item=item, at_ms=NOW_MS)


@pytest.mark.parametrize("same_page", [True, False])
def test_the_order_of_the_feed_goes_before_the_clock_of_the_other_device(stocked: Dock, same_page: bool) -> None:
    item = scanned(stocked, BOXES[0])
    settle(stocked, item, "accepted")
    rows = ours(stocked, BOXES[0], item), row(BOXES[0], "reversed", at_ms=NOW_MS - 60_000)
    for part in [rows] if same_page else [(one,) for one in rows]:
        feed(stocked, CodesChange(part))
    assert only(stocked).kind == "reversed_elsewhere"
    assert received(stocked) == 0


@pytest.mark.parametrize("state", ["unsure", "in_flight"])
def test_a_scan_of_which_the_feed_told_is_in_doubt_no_more(stocked: Dock, state: str) -> None:
    item = scanned(stocked, CARTON)
    become(stocked, item, state)
    feed(stocked, CodesChange(tuple(ours(stocked, box, item) for box in BOXES)))
    feed(stocked, CodesChange(tuple(row(box, "reversed", at_ms=5) for box in BOXES)))
    assert only(stocked).kind == "reversed_elsewhere"
    assert received(stocked) == 0
    settle(stocked, item, "accepted")
    assert only(stocked).kind == "reversed_elsewhere"
    assert received(stocked) == 0


@pytest.mark.parametrize("restart", [True, False])
def test_what_was_reversed_while_nobody_knew_is_told_with_the_answer(stocked: Dock, restart: bool) -> None:
    item = scanned(stocked, CARTON)
    become(stocked, item, "unsure")
    feed(stocked, CodesChange(tuple(row(box, "reversed", item=THEIR_ITEM, operator="1002") for box in BOXES)))
    assert received(stocked) == len(BOXES), "perhaps the hospital never had it"
    if restart:
        stocked.restart()
    settle(stocked, item, "accepted")
    assert (only(stocked).kind, only(stocked).other.operator) == ("reversed_elsewhere", "演示员1002 1002")
    assert received(stocked) == 0
    settle(stocked, item, "accepted")
    assert len(stocked.program.uploads.contradictions.view().rows) == 1


@pytest.mark.parametrize("end", ["queued", "told_since", "undone"])
def test_a_doubt_that_ends_otherwise_contradicts_nothing(stocked: Dock, end: str) -> None:
    item = scanned(stocked, BOXES[0])
    become(stocked, item, "unsure")
    feed(stocked, CodesChange((row(BOXES[0], "reversed", item=THEIR_ITEM),)))
    if end == "told_since":
        feed(stocked, CodesChange((ours(stocked, BOXES[0], item),)))
    elif end == "undone":
        stocked.desk().command("undo")
    settle(stocked, item, "queued" if end == "queued" else "accepted")
    settle(stocked, item, "accepted")
    assert stocked.program.uploads.contradictions.view().rows == ()
    assert received(stocked) == (0 if end == "undone" else 1)
    assert stocked.rows("SELECT key FROM meta WHERE key LIKE 'contradicted%'") == []


@pytest.mark.parametrize("outcome", ["damaged", "rejected"])
@pytest.mark.parametrize("same_page", [True, False])
def test_what_another_device_gave_away_may_come_in_by_another_delivery(
    stocked: Dock, outcome: str, same_page: bool
) -> None:
    item = scanned(stocked, CARTON)
    settle(stocked, item, "accepted")
    feed(stocked, CodesChange(tuple(ours(stocked, box, item) for box in BOXES)))
    rows = row(BOXES[0], "reversed", outcome=outcome), row(BOXES[0], receipt="T-9-R1")
    for part in [rows] if same_page else [(one,) for one in rows]:
        feed(stocked, CodesChange(part))
    assert stocked.program.uploads.contradictions.view().rows == ()
    assert received(stocked) == len(BOXES) - 1, "the carton brings the others"


def test_what_was_taken_back_and_came_in_elsewhere_is_told_once(stocked: Dock) -> None:
    item = scanned(stocked, BOXES[0])
    settle(stocked, item, "accepted")
    feed(stocked, CodesChange((row(BOXES[0], "reversed"), row(BOXES[0], receipt="T-9-R1"))))
    assert only(stocked).kind == "reversed_elsewhere"
    assert received(stocked) == 0


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
