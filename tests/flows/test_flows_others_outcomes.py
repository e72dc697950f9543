"""Outcomes that other devices of a receipt named: which of two stands, whatever was undone, lost on the way or heard
late. `tests/campaign` asks the same of a hospital with books."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.flows.answers import Answers
from app.flows.close_answers import CloseAnswers
from sync import Settled
from sync.changes import CodeRow, CodesChange, NumbersRow, ReceiptChange
from sync.item_ids import packed
from sync.upload_log import NO_ANSWER, AttemptLog
from tests.fixtures.hospital import DELIVERY, Dock, code, delivery, drug, line, operator, packages

RECEIPT = f"{DELIVERY}-R1"
CARTON = code("8999013", 1)
BOXES = [code("8999011", n) for n in range(4)]  # line 1: three in a carton, one loose
OTHER = "pda-9"


class Side:
    """This device, and what the hospital tells it."""

    def __init__(self, dock: Dock) -> None:
        self.dock = dock
        dock.feed(
            operator(), drug("D1", {"8999011": 1, "8999013": 3}), drug("D2", {}, exempt="中药饮片"),
            packages({CARTON: {box: {} for box in BOXES[:3]}, BOXES[3]: {}}),
            delivery(line(1, "D1", 4), line(2, "D2", 5), line(3, "D2", 5)),
        )  # fmt: skip
        self.desk = dock.desk()

    def do(self, text: str) -> int:
        outcome = self.desk.command(text)
        assert outcome.seq is not None
        assert outcome.ok, outcome.reason
        return outcome.seq

    def shoot(self, key: str) -> int:
        outcome = self.desk.scan(key.encode())
        assert outcome.seq is not None
        assert outcome.counted
        return outcome.seq

    def answered(self, seq: int, state: str = "accepted", reason: str | None = None) -> None:
        """As the engine settles it."""
        program = self.dock.program
        item, kind = self._item(seq)
        settled = Settled(item, RECEIPT, kind, state, reason, None, ())

        def job() -> None:
            self._move(item, "refused" if state == "conflict" else state)
            Answers(program.receipts, None, CloseAnswers(program._parts).heard).apply([settled])

        program.writer.call(job)

    def lost(self, seq: int) -> None:
        """It was sent, and no reply came."""
        program, (item, _) = self.dock.program, self._item(seq)

        def job() -> None:
            self._move(item, "unsure")
            (n,) = program.writer.database.execute_sql(
                "SELECT n FROM sync_outbox WHERE id = ?", (packed(item),)
            ).fetchone()
            AttemptLog(program.writer.database).put([(n, 1, NO_ANSWER, "timeout", None)])

        program.writer.call(job)

    def told(self, box: str, outcome: str | None, *, device: str = OTHER, state: str = "reversed") -> None:
        row = CodeRow(box, RECEIPT, DELIVERY, 1, state, device, None, None, None, 1, False, outcome)
        self.dock.feed(CodesChange((row,)))

    def numbers(self, *rows: tuple[int, int]) -> None:
        """(line, short) of all lines with a number."""
        lines = tuple(NumbersRow(number, short, 0, 0) for number, short in rows)
        self.dock.feed(ReceiptChange(RECEIPT, DELIVERY, "open", None, lines))

    def counts(self) -> tuple[int, int, int, int]:
        found = self.desk.summary().equation
        return found.received, found.short, found.damaged, found.rejected

    def _item(self, seq: int) -> tuple[str, str]:
        program = self.dock.program
        rows = program.writer.call(lambda: program.outbox.rows(receipt=RECEIPT), write=False)
        return next((row.id, row.kind) for row in rows if row.seq == seq)

    def _move(self, item: str, state: str) -> None:
        self.dock.program.writer.database.execute_sql(
            "UPDATE sync_outbox SET state = ? WHERE id = ?", (state, packed(item))
        )


@pytest.fixture
def side(dock: Dock) -> Iterator[Side]:
    yield Side(dock)
    lines = dock.rows("SELECT sum(received), sum(short), sum(damaged), sum(rejected) FROM receipt_lines")
    assert min(int(str(number)) for number in lines[0]) >= 0


def test_an_outcome_is_anothers_whoever_last_changed_the_pack(side: Side) -> None:
    """We shot the box and took it back; the row names us although another device found it damaged."""
    own = side.dock.program.device
    side.answered(side.shoot(BOXES[3]))
    side.told(BOXES[3], None, device=own, state="in")
    side.answered(side.do("undo"))
    side.told(BOXES[3], None, device=own)
    side.told(BOXES[3], "damaged", device=own)
    assert side.counts() == (0, 0, 1, 0)
    assert not side.desk.scan(BOXES[3].encode()).counted
    side.told(BOXES[3], None, device=own)
    assert side.counts() == (0, 0, 0, 0)


@pytest.mark.parametrize("key", [BOXES[0], CARTON])
def test_our_own_outcome_does_not_come_back_while_its_undo_is_unheard(side: Side, key: str) -> None:
    outcome = side.do(f"damaged {key} wet")
    side.answered(outcome)
    side.told(BOXES[0], "damaged")
    undo = side.do("undo")
    side.told(BOXES[0], "damaged")
    assert side.counts() == (0, 0, 0, 0)
    side.lost(undo)
    side.told(BOXES[0], "damaged")
    assert side.counts() == (0, 0, 0, 0)
    side.answered(undo)
    side.told(BOXES[0], None)
    assert side.counts() == (0, 0, 0, 0)


def test_the_same_outcome_of_another_device_stays_when_ours_is_undone(side: Side) -> None:
    """The hospital says nothing anew: the pack was damaged before and is damaged now."""
    side.answered(side.do(f"damaged {BOXES[0]} wet"))
    side.told(BOXES[0], "damaged")
    undo = side.do("undo")
    assert side.counts() == (0, 0, 0, 0)
    side.answered(undo)
    assert side.counts() == (0, 0, 1, 0)


def test_of_two_outcomes_of_a_pack_the_hospital_s_stands(side: Side) -> None:
    outcome = side.do(f"damaged {CARTON} wet")
    side.told(BOXES[0], "rejected")
    assert side.counts() == (0, 0, 3, 0)  # ours is not heard yet
    side.answered(outcome)
    side.told(BOXES[0], "rejected")
    assert side.counts() == (0, 0, 2, 1)
    side.do("undo")
    assert side.counts() == (0, 0, 0, 1)


def test_an_outcome_that_turned_out_to_be_the_earlier_one_gives_way(side: Side) -> None:
    """Another device's clock is ahead: nothing changes at the hospital when it takes ours, so it tells nothing."""
    side.told(BOXES[0], "rejected")
    outcome = side.do(f"damaged {BOXES[0]} wet")
    assert side.counts() == (0, 0, 1, 0)
    side.answered(outcome)
    assert side.counts() == (0, 0, 0, 1)


def test_our_own_earlier_outcome_does_not_push_the_later_one_away(side: Side) -> None:
    side.answered(side.do(f"damaged {BOXES[0]} wet"))
    side.told(BOXES[0], "damaged")
    later = side.do(f"reject {BOXES[0]} wet")
    side.answered(later)
    assert side.counts() == (0, 0, 0, 1)


def test_an_outcome_that_is_not_taken_leaves_what_others_said(side: Side) -> None:
    outcome = side.do(f"damaged {BOXES[0]} wet")
    side.lost(outcome)
    side.told(BOXES[0], "damaged")
    side.answered(outcome, "refused", "poisoned")
    assert side.counts() == (0, 0, 1, 0)


def test_a_number_heard_while_an_undo_was_in_doubt_is_not_lost(side: Side) -> None:
    side.numbers((2, 3))
    number = side.do("short 2 5 why")
    side.answered(number)
    side.numbers((2, 5))
    undo = side.do("undo")
    side.lost(undo)
    side.numbers((2, 3))
    side.answered(undo)
    assert side.counts() == (0, 3, 0, 0)


def test_the_same_number_of_another_device_heard_while_an_undo_was_in_doubt_is_not_lost(side: Side) -> None:
    number = side.do("short 2 5 why")
    side.answered(number)
    undo = side.do("undo")
    side.lost(undo)
    side.numbers((2, 5))
    assert side.counts() == (0, 0, 0, 0)  # it may be ours
    side.answered(undo)
    assert side.counts() == (0, 5, 0, 0)


def test_a_number_of_ours_does_not_come_back_after_its_undo(side: Side) -> None:
    number = side.do("short 2 5 why")
    side.lost(number)
    side.numbers((2, 5))
    side.answered(number)
    undo = side.do("undo")
    assert side.counts() == (0, 0, 0, 0)
    side.answered(undo)
    assert side.counts() == (0, 0, 0, 0)


def test_a_number_of_ours_that_was_taken_stands_until_the_hospital_tells(side: Side) -> None:
    side.numbers((2, 3))
    side.answered(side.do("short 2 5 why"))
    assert side.counts() == (0, 5, 0, 0)
    side.numbers((2, 4))
    assert side.counts() == (0, 4, 0, 0)


@pytest.mark.parametrize("closed", [False, True])
def test_a_line_that_the_hospital_does_not_name_any_more_has_no_number(side: Side, closed: bool) -> None:
    side.numbers((2, 3))
    assert side.counts() == (0, 3, 0, 0)
    if closed:
        side.dock.program.writer.call(
            lambda: side.dock.program.receipts.close(RECEIPT, operator="1001", at_ms=1)
        )  # fmt: skip
    side.numbers((3, 1))
    if closed:
        side.dock.program.writer.call(lambda: side.dock.program.receipts.reopen(RECEIPT))
        side.dock.program.writer.call(lambda: side.dock.program.receipts.others.hear_again(RECEIPT))
    assert side.counts() == (0, 1, 0, 0)
    side.numbers()
    assert side.counts() == (0, 0, 0, 0)
