"""The outbox on a real file: what the program may rely on, and what a scan costs."""

from __future__ import annotations

import peewee
import pytest

from sync.dispatch import Dispatch
from sync.outbox import Counts, NewItem
from sync.ports import Priority
from sync.upload_log import AttemptLog
from sync.verdicts import Sent, refusal
from tests.fixtures.outbox import BODIES, bodies
from tests.sync.sync_bench import Device


def test_an_item_is_there_only_if_its_transaction_is(device: Device) -> None:
    def scan_that_fails() -> None:
        device.outbox.add(device.item(), "hospital-a")
        raise RuntimeError("the disk refused the scan")

    with pytest.raises(RuntimeError):
        device.writer.call(scan_that_fails, priority=Priority.SCAN)
    assert device.counts() == Counts(0, 0, 0, 0, 0, 0)
    device.scan()
    assert device.counts() == Counts(1, 0, 0, 0, 0, 0)
    assert device.counts().waiting == 1


def test_an_id_is_taken_once(device: Device) -> None:
    made = device.item()
    device.add(made)
    with pytest.raises(peewee.IntegrityError):
        device.add(made)
    assert device.counts().queued == 1


def test_the_tally_follows_every_move(device: Device) -> None:
    for _ in range(6):
        device.scan()
    for n, state in enumerate(("queued", "in_flight", "accepted", "refused", "unsure", "held"), start=1):
        device.sql("UPDATE sync_outbox SET state = ? WHERE n = ? RETURNING n", state, n)
    assert device.counts() == Counts(1, 1, 1, 1, 1, 1)
    assert device.counts().waiting == 3
    device.sql("DELETE FROM sync_outbox WHERE n > 3 RETURNING n")
    assert device.counts() == Counts(1, 1, 1, 0, 0, 0)


def test_rows_are_found_by_id_receipt_and_state_newest_first(device: Device) -> None:
    first, second, third = device.scan("A-R1"), device.scan("B-R1"), device.scan("A-R1")
    assert [row.id for row in device.rows(receipt="A-R1")] == [third, first]
    assert [row.id for row in device.rows(ids=[first, second])] == [second, first]
    assert [row.id for row in device.rows(before_n=3, limit=1)] == [second]
    assert device.rows(states=["refused"]) == ()
    row = device.row(first)
    assert (row.realm, row.seq, row.kind, row.state, row.attempts, row.code) == (
        "hospital-a", 1, "scan", "queued", 0, None,
    )  # fmt: skip


def test_a_body_travels_byte_for_byte(device: Device) -> None:
    body = '{"id": "x",  "payload": "\\u001d码"}'.encode()
    device.add(NewItem("x", "D-R1", 1, "scan", body, 5))
    assert bodies(device.sql(BODIES)) == [body]


@pytest.mark.parametrize("index", ["queue", "doubt", "open", "unreported"])
def test_settled_rows_leave_the_working_indexes(device: Device, index: str) -> None:
    for _ in range(20):
        device.scan()
    device.sql("UPDATE sync_outbox SET state = 'accepted', reported = 1 RETURNING n")
    device.sql("ANALYZE")
    assert device.sql("SELECT stat FROM sqlite_stat1 WHERE idx = ?", f"sync_outbox_{index}") == []


def test_a_settled_row_is_never_settled_again(device: Device) -> None:
    box = device.scan()
    device.sql("UPDATE sync_outbox SET state = 'accepted', result = 'accepted' RETURNING n")
    late = refusal(Sent(1, box, "D1-R1", "scan", 1), "bad_item")
    dispatch = Dispatch(device.database, hold_after=5)
    settled = device.writer.call(lambda: dispatch.settle([late], 5, lambda _: 0, 1), priority=Priority.SETTLE)
    assert (device.row(box).state, device.row(box).code) == ("accepted", None)
    assert settled == (), "the program hears of no answer that changed nothing"
    assert device.sql("SELECT * FROM sync_attempt") == []


def test_an_answer_to_what_a_person_decided_meanwhile_reaches_nobody(device: Device) -> None:
    decided, open_one = device.scan(), device.scan()
    device.sql("UPDATE sync_outbox SET state = 'unsure', code = 'ask_unavailable' RETURNING n")
    dispatch, log = Dispatch(device.database, hold_after=5), AttemptLog(device.database)
    device.writer.call(lambda: log.decide([1], 4, arrived=True), priority=Priority.SETTLE)
    late = [refusal(Sent(n, box, "D1-R1", "scan", 1), "bad_item") for n, box in ((1, decided), (2, open_one))]
    settled = device.writer.call(lambda: dispatch.settle(late, 5, lambda _: 0, 1), priority=Priority.SETTLE)
    assert [one.id for one in settled] == [open_one]
    assert device.sql("SELECT n FROM sync_attempt") == [(2,)]
    assert (device.row(decided).code, device.row(open_one).code) == ("person_arrived", "bad_item")


def test_release_touches_only_what_is_held(device: Device) -> None:
    box = device.scan()
    assert device.writer.call(lambda: device.outbox.release([box]), priority=Priority.IDLE) == 0
    assert device.writer.call(lambda: device.outbox.release([]), priority=Priority.IDLE) == 0
