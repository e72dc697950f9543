"""What the hospital says of a close: refused for good, the receipt is open again for a person, with the reason."""

from __future__ import annotations

import pytest

from app.flows.answers import Answers
from app.flows.close_answers import CloseAnswers
from sync import Settled
from tests.fixtures.hospital import DELIVERY, Dock, closed, code, delivery, drug, line, operator, packages

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
    assert task.state == "paused"
    done.restart()
    desk = done.desk()
    assert not desk.summary().closed
    assert desk.command("undo").ok
    assert desk.scan(BOXES[1].encode()).counted
    assert desk.command("close").ok
    assert state(done) == "closed"
    answer(done, "accepted", None)
    assert state(done) == "closed"


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
