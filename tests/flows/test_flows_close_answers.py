"""What the hospital says of a close: refused for good, the receipt is open again for a person, with the reason."""

from __future__ import annotations

import msgspec
import pytest

from app.domain.acceptance_rules import Area, Stage
from app.flows.answers import Answers
from app.flows.close_answers import CloseAnswers
from app.flows.views import UploadFilter
from sync import Settled
from sync.changes import NumbersRow, ReceiptChange
from tests.fixtures.hospital import DELIVERY, Dock, closed, code, delivery, drug, line, operator, packages, received_by

BOXES = [code("8999011", n) for n in range(2)]
RECEIPT = f"{DELIVERY}-R1"


@pytest.fixture
def done(dock: Dock) -> Dock:
    """Two boxes, received and closed here; the close is not answered yet."""
    dock.feed(operator(), drug("D1", {"8999011": 1}), packages({key: {} for key in BOXES}), delivery(line(1, "D1", 2)))
    desk = dock.desk()
    for key in BOXES:
        assert desk.scan(key.encode()).counted
    assert desk.command("close").ok
    return dock


def answer(dock: Dock, state: str, reason: str | None, place: int = -1) -> None:
    """As the engine settles it."""
    program = dock.program
    rows = program.writer.call(lambda: program.outbox.rows(receipt=RECEIPT), write=False)
    item = sorted((row for row in rows if row.kind == "close"), key=lambda row: row.seq)[place]
    settled = Settled(item.id, RECEIPT, "close", state, reason, None, ())
    apply = Answers(program.receipts, None, CloseAnswers(program._parts).heard).apply
    program.writer.call(lambda: apply([settled]))


def state(dock: Dock) -> object:
    return dock.rows("SELECT state FROM receipts")[0][0]


@pytest.mark.parametrize(
    ("word", "reason"), [("refused", "equation_open"), ("refused", "poisoned"), ("held", "close_differs"),
                         ("conflict", None)]
)  # fmt: skip
def test_a_refused_close_is_open_again_with_the_reason_and_can_be_closed_anew(
    done: Dock, word: str, reason: str | None
) -> None:
    answer(done, word, reason)
    assert state(done) == "open"
    assert done.rows("SELECT closed_ms, closed_by FROM receipts") == [(None, None)]
    assert done.rows("SELECT remote FROM entries WHERE command = 'close'") == [(word,)]
    told = done.rows("SELECT command, note, operator FROM entries ORDER BY seq DESC LIMIT 1")
    assert told == [("reopened", reason or word, "1001")]
    (task,) = done.program.tasks.view(done.person()).tasks
    assert (task.state, task.reopened) == ("paused", reason or word)
    (note,) = done.program.tasks.reopened()
    assert (note.delivery, note.why, note.closed_by) == (DELIVERY, reason or word, "1001")
    done.restart()
    assert done.program.tasks.reopened() == (note,)
    desk = done.desk()
    assert not desk.summary().closed
    assert desk.command("undo").ok
    assert desk.scan(BOXES[1].encode()).counted
    assert desk.command("close").ok
    assert state(done) == "closed"
    assert done.program.tasks.reopened() == ()
    answer(done, "accepted", None)
    assert state(done) == "closed"
    assert done.rows("SELECT count(*) FROM meta WHERE key LIKE 'reopened %'") == [(0,)]


def test_a_close_that_was_held_ends_when_a_later_one_is_taken(done: Dock) -> None:
    answer(done, "held", "close_differs")
    done.program.writer.call(
        lambda: done.program.writer.database.execute_sql(
            "UPDATE sync_outbox SET state = 'held', code = 'close_differs' WHERE kind = 'close'"
        )
    )
    assert done.desk().command("close").ok
    assert done.program.counts().held == 1
    answer(done, "accepted", None)
    (old,) = [row for row in done.program.uploads.log.every(UploadFilter()) if row.code is not None]
    assert (old.kind, old.state, old.code, old.owner) == ("close", "accepted", "superseded", "nobody")
    assert done.program.counts().held == 0
    assert done.program.uploads.retry([old.id]) == 0


def test_what_somebody_else_closed_stays_closed(done: Dock) -> None:
    answer(done, "refused", "receipt_closed")
    assert state(done) == "closed"
    assert done.rows("SELECT count(*) FROM entries WHERE command = 'reopened'") == [(0,)]


def test_the_same_answer_twice_opens_it_once(done: Dock) -> None:
    answer(done, "refused", "equation_open")
    answer(done, "refused", "equation_open")
    assert done.rows("SELECT count(*) FROM entries WHERE command = 'reopened'") == [(1,)]


def test_an_old_close_that_is_taken_after_all_closes_it(done: Dock) -> None:
    answer(done, "held", "close_differs")
    answer(done, "accepted", None)
    assert state(done) == "closed"
    assert done.rows("SELECT closed_by FROM receipts") == [("1001",)]
    done.feed(closed())
    assert [task.state for task in done.program.tasks.view().tasks] == ["closed"]


def test_a_scan_that_is_taken_changes_nothing_about_the_close(done: Dock) -> None:
    answer(done, "accepted", None)
    assert state(done) == "closed"


def test_numbers_that_came_while_it_was_closed_count_when_it_is_open_again(dock: Dock) -> None:
    """Otherwise the same sums would be sent again and again."""
    dock.feed(operator(), drug("D2", {}, exempt="中药饮片"), delivery(line(1, "D2", 5)))
    desk = dock.desk()
    assert desk.command("exempt 1 5 why").ok
    database = dock.program.writer.database
    dock.program.writer.call(lambda: database.execute_sql("UPDATE sync_outbox SET state = 'accepted'"))
    assert desk.command("close").ok
    dock.feed(ReceiptChange(RECEIPT, DELIVERY, "open", None, (NumbersRow(1, 2, 0, 5),)))
    answer(dock, "held", "close_differs")
    desk = dock.desk()
    assert (desk.summary().equation.exempt, desk.summary().equation.short) == (5, 2)
    assert desk.command("close").reason == "outcome_missing"
    assert desk.command("short 1 0 found").ok
    assert desk.command("close").ok


def test_a_carton_whose_content_was_told_while_it_was_closed_is_counted_anew(dock: Dock) -> None:
    carton, boxes = code("8999013", 0), [code("8999011", n) for n in range(8)]
    dock.feed(operator(), drug("D1", {"8999011": 1, "8999012": 2, "8999013": 3}, ratio="1:2:10"))
    dock.feed(delivery(line(1, "D1", 10), manifest="late"))
    desk = dock.desk()
    assert desk.scan(carton.encode()).packs == 10
    assert desk.command("close").ok
    dock.feed(packages({carton: {box: {} for box in boxes}}), delivery(line(1, "D1", 10)))
    answer(dock, "held", "close_differs")
    desk = dock.desk()
    assert desk.summary().equation.received == 8
    assert desk.summary().estimated == {}
    assert desk.command("short 1 2 lost").ok
    assert desk.command("close").ok
    kinds = dock.rows("SELECT kind FROM sync_outbox ORDER BY n")
    assert [str(kind) for (kind,) in kinds] == ["scan", "close", "reversal", "scan", "outcome", "close"]


@pytest.mark.parametrize("by", ["manifest", "feed"])
def test_a_line_that_was_told_while_it_was_closed_is_the_one(dock: Dock, by: str) -> None:
    box = BOXES[0]
    dock.feed(operator(), drug("D1", {"8999011": 1}))
    note = (line(1, "D1", 1, batch="X"), line(2, "D1", 1, batch="Y"))
    dock.feed(delivery(*note, manifest="late"))
    desk = dock.desk()
    assert desk.scan(box.encode()).line == 1
    assert desk.command("short 2 1 lost").ok
    assert desk.command("close").ok
    if by == "feed":
        dock.feed(received_by("pda-9", box, at_line=2))
    else:
        dock.feed(packages({box: {}}, line_no=2), delivery(*note))
    answer(dock, "held", "close_differs")
    assert dock.rows("SELECT line, received FROM receipt_lines ORDER BY line") == [(1, 0), (2, 1)]


@pytest.mark.parametrize("put_away", [False, True])
def test_an_acceptance_of_goods_that_may_change_again_is_taken_back(dock: Dock, put_away: bool) -> None:
    dock.feed(operator(rights=("receive", "close", "accept", "put_away", "undo")), drug("D1", {"8999011": 1}))
    note = delivery(line(1, "D1", 2), store_room="YK")
    note = msgspec.structs.replace(note, invoice_no="F1", supplier_licence="L1", supplier_licence_expiry="2027-01-01")
    dock.feed(packages({key: {} for key in BOXES}), note)
    desk = dock.desk()
    assert desk.scan(BOXES[0].encode()).counted
    assert desk.command("short 1 1 lost").ok
    assert desk.command("close").ok
    acceptance = dock.program.acceptance
    acceptance.conclude("1001", RECEIPT, qualified=True)
    if put_away:
        assert acceptance.put_away("1001", RECEIPT).stage is Stage.STOCKED
    answer(dock, "held", "close_differs")
    desk = dock.desk()
    assert desk.command("undo").ok
    assert desk.scan(BOXES[1].encode()).counted
    assert desk.command("close").ok
    view = acceptance.view(RECEIPT, dock.person())
    assert view.stage is Stage.TO_ACCEPT
    assert dict(view.areas)[Area.PENDING] == 2
    acceptance.conclude("1001", RECEIPT, qualified=True)
    assert acceptance.put_away("1001", RECEIPT).stage is Stage.STOCKED
