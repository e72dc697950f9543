"""The upload queue in a person's hands: sending again what was refused, setting aside, and what then counts."""

from __future__ import annotations

import pytest

from app.flows.answers import Answers
from app.flows.uploads import ITEMS_AT_ONCE
from sync import Settled
from sync.dispatch import Dispatch
from sync.item_ids import packed
from tests.fixtures.hospital import NOW_MS, Dock, code, delivery, drug, line, operator, packages

BOXES = [code("8999011", number) for number in range(120)]
CARTON = code("8999013", 0)


@pytest.fixture
def stocked(dock: Dock) -> Dock:
    """A delivery of one carton with all the boxes, and a line that goes by number."""
    dock.feed(
        operator(), drug("YP-1", {"8999011": 1, "8999013": 3}), drug("YP-2", {}, exempt="免码"),
        delivery(line(1, "YP-1", len(BOXES)), line(2, "YP-2", 5)), packages({CARTON: {box: {} for box in BOXES}}),
    )  # fmt: skip
    return dock


def settle(dock: Dock, *ids: str, result: str = "refused", because: str = "unknown_line") -> None:
    """What the engine does with an answer, in one transaction."""
    database = dock.program.writer.database
    answers = Answers(dock.program.receipts)

    def job() -> None:
        for item in ids:
            row = dock.program.outbox.rows(ids=[item])[0]
            database.execute_sql(
                "UPDATE sync_outbox SET state = 'refused', result = ?, code = ?, settled_ms = 5, reported = 1 "
                "WHERE id = ?",
                (result, because, packed(item)),
            )
            answers.apply([Settled(item, row.receipt, row.kind, result, because, None, ())])

    dock.program.writer.call(job)


def queue(dock: Dock) -> list[tuple[str, str, str | None]]:
    """(kind, state, code), oldest first."""
    return [(row.kind, row.state, row.code) for row in reversed(dock.program.uploads.view().rows)]


def ids(dock: Dock) -> list[str]:
    return [row.id for row in reversed(dock.program.uploads.view().rows)]


def counts(dock: Dock, number: int = 0) -> tuple[int, int, int]:
    """(received, short, rejected) of a line."""
    found = dock.program.receipt_views.of("T-1-R1").lines[number]
    return found.received, found.short, found.rejected


def test_the_queue_shows_rows_in_words_and_pages(stocked: Dock) -> None:
    desk = stocked.desk()
    for box in BOXES[:5]:
        desk.scan(box.encode())
    desk.command("short 2 5 少")
    view = stocked.program.uploads.view(limit=4)
    older = stocked.program.uploads.view(limit=4, before=view.rows[-1].n)

    assert (view.queued, view.refused, view.held, view.accepted) == (6, 0, 0, 0)
    assert [(row.seq, row.kind, row.payload) for row in view.rows[:2]] == [
        (6, "outcome", "short 2 5 少"),
        (5, "scan", BOXES[4]),
    ]
    assert [row.seq for row in (*view.rows, *older.rows)] == [6, 5, 4, 3, 2, 1]
    assert stocked.program.uploads.view(states=["refused"]).rows == ()


def taken(dock: Dock) -> list[str]:
    """The kinds of what may leave now, batch after batch, each answered `accepted`."""
    database, found = dock.program.writer.database, []
    site = dock.program.catalogue.site()
    assert site is not None
    dispatch = Dispatch(database, hold_after=3)

    def take() -> list[str]:
        batch = dispatch.take(site.realm, NOW_MS * 2, after=0, max_items=50, max_bytes=10**6).batch
        for row in batch.rows if batch else ():
            database.execute_sql("UPDATE sync_outbox SET state = 'accepted', result = 'accepted' WHERE n = ?", (row.n,))
        return [row.kind for row in batch.rows] if batch else []

    for _ in range(3):
        found += dock.program.writer.call(take)
    return found


def test_a_scan_set_aside_and_undone_leaves_with_its_undo_and_before_the_next_scan(stocked: Dock) -> None:
    desk = stocked.desk()
    desk.scan(BOXES[0].encode())
    assert stocked.program.uploads.set_aside(ids(stocked)) == 1
    desk.command("undo")
    desk.scan(BOXES[0].encode())
    assert taken(stocked) == []

    assert stocked.program.uploads.retry(ids(stocked)) >= 2
    assert taken(stocked) == ["scan", "reversal", "scan"]
    assert counts(stocked)[0] == 1


def test_a_refused_item_that_is_set_aside_holds_up_no_reversal(stocked: Dock) -> None:
    stocked.desk().scan(BOXES[0].encode())
    stocked.desk().command("undo")
    scan, _ = ids(stocked)
    settle(stocked, scan, result="conflict", because="same_code")
    assert stocked.program.uploads.set_aside([scan]) == 1
    assert taken(stocked) == ["reversal"]


def test_a_refused_scan_that_is_sent_again_counts_again(stocked: Dock) -> None:
    stocked.desk().scan(CARTON.encode())
    (carton,) = ids(stocked)
    settle(stocked, carton)
    assert counts(stocked) == (0, 0, 0)

    assert stocked.program.uploads.retry([carton]) == 1

    assert counts(stocked) == (len(BOXES), 0, 0)
    assert queue(stocked) == [("scan", "queued", None)]
    assert stocked.rows("SELECT in_force, remote FROM entries") == [(1, None)]
    assert stocked.rows("SELECT reported, settled_ms, result FROM sync_outbox") == [(0, None, None)]
    settle(stocked, carton)
    assert counts(stocked) == (0, 0, 0), "refused once more"


def test_refused_outcomes_come_back_too(stocked: Dock) -> None:
    desk = stocked.desk()
    desk.command(f"reject {BOXES[0]} 破")
    desk.command("short 2 3 少")
    settle(stocked, *ids(stocked))
    assert (counts(stocked), counts(stocked, 1)) == ((0, 0, 0), (0, 0, 0))

    assert stocked.program.uploads.retry(ids(stocked)) == 2

    assert (counts(stocked), counts(stocked, 1)) == ((0, 0, 1), (0, 3, 0))


def test_an_item_in_conflict_stays(stocked: Dock) -> None:
    stocked.desk().scan(BOXES[0].encode())
    (box,) = ids(stocked)
    settle(stocked, box, result="conflict", because="same_code")
    assert stocked.program.uploads.retry([box]) == 0
    assert (queue(stocked), counts(stocked)) == ([("scan", "refused", "same_code")], (0, 0, 0))
    assert stocked.program.uploads.set_aside([box]) == 1
    assert stocked.program.uploads.retry([box]) == 0


def test_what_was_undone_here_is_not_sent_again(stocked: Dock) -> None:
    desk = stocked.desk()
    desk.scan(BOXES[0].encode())
    desk.command("undo")
    box, reversal = ids(stocked)
    settle(stocked, box)
    settle(stocked, reversal, because="negates_unknown")
    assert stocked.program.uploads.retry([box, reversal]) == 1
    assert queue(stocked) == [("scan", "refused", "unknown_line"), ("reversal", "queued", None)]
    assert counts(stocked) == (0, 0, 0)


def test_a_box_that_was_scanned_again_is_not_sent_twice(stocked: Dock) -> None:
    desk = stocked.desk()
    desk.scan(BOXES[0].encode())
    (first,) = ids(stocked)
    settle(stocked, first)
    assert desk.scan(BOXES[0].encode()).reason == "ok"
    assert stocked.program.uploads.retry([first]) == 0
    assert counts(stocked) == (1, 0, 0)


def test_a_box_whose_carton_came_meanwhile_counts_once(stocked: Dock) -> None:
    desk = stocked.desk()
    desk.scan(BOXES[0].encode())
    (box,) = ids(stocked)
    settle(stocked, box)
    desk.scan(CARTON.encode())
    assert stocked.program.uploads.retry([box]) == 1
    assert counts(stocked) == (len(BOXES), 0, 0)
    desk.command(f"undo {CARTON}")
    assert counts(stocked) == (1, 0, 0), "the box stands by itself again"


def test_setting_aside_holds_and_counts_as_before(stocked: Dock) -> None:
    desk = stocked.desk()
    desk.scan(BOXES[0].encode())
    desk.scan(BOXES[1].encode())
    waiting, refused = ids(stocked)
    settle(stocked, refused)

    assert stocked.program.uploads.set_aside([waiting, refused, "nobody"]) == 2

    assert queue(stocked) == [("scan", "held", "set_aside"), ("scan", "held", "unknown_line")]
    assert counts(stocked) == (1, 0, 0)
    assert stocked.program.uploads.view().held == 2
    assert stocked.program.uploads.retry([waiting, refused]) == 2
    assert (queue(stocked), counts(stocked)) == ([("scan", "queued", None)] * 2, (2, 0, 0))


@pytest.mark.parametrize("state", ["queued", "in_flight", "accepted", "unsure"])
def test_only_what_was_refused_or_held_is_sent_again(stocked: Dock, state: str) -> None:
    stocked.desk().scan(BOXES[0].encode())
    database = stocked.program.writer.database
    stocked.program.writer.call(lambda: database.execute_sql("UPDATE sync_outbox SET state = ?", (state,)))
    assert stocked.program.uploads.retry(ids(stocked)) == 0
    assert stocked.program.uploads.set_aside(ids(stocked)) == (state == "queued")


def test_a_long_queue_is_sent_again_as_a_whole(stocked: Dock) -> None:
    desk = stocked.desk()
    for box in BOXES:
        desk.scan(box.encode())
    assert len(BOXES) > 2 * ITEMS_AT_ONCE
    settle(stocked, *ids(stocked))
    assert stocked.program.uploads.retry(ids(stocked)) == len(BOXES)
    assert counts(stocked) == (len(BOXES), 0, 0)
