"""Long queues: a record that spoils its batch costs the others none of theirs; a long report counts each once."""

from dataclasses import replace
from functools import partial

import pytest

from sync import item_ids
from sync.dispatch import Dispatch
from sync.ports import Priority
from tests.sync.sync_bench import FAST, Device
from tests.sync.sync_middleware import Middleware

ITEMS, BATCH = 2_000, 100


@pytest.mark.parametrize("place", [0, 50, 777, ITEMS - 1])
def test_poison_costs_the_others_no_batch(middleware: Middleware, device: Device, place: int) -> None:
    items = [device.item() for _ in range(ITEMS)]
    device.add(*items)
    middleware.limits = {"items": BATCH, "bytes": 1_000_000}
    middleware.poison = {items[place].id}

    summary = device.drain(middleware.url)

    assert (summary.accepted, summary.refused) == (ITEMS - 1, 1)
    assert device.row(items[place].id).code == "bad_request"
    batches = device.sql("SELECT items, outcome FROM sync_batch WHERE endpoint = 'items' ORDER BY number")
    refused = [number for number, (_, outcome) in enumerate(batches) if outcome != "answered"]
    alone = next(number for number in refused if batches[number][0] == 1)
    searching = alone - refused[0] + 1 + sum(number > alone for number in refused)
    assert len(batches) - searching <= ITEMS // BATCH
    assert searching <= 2 * 7 + 3  # two for each halving of a hundred, and the three tries alone


@pytest.mark.parametrize("place", [0, 7, 219])
def test_a_damaged_record_stops_nobody(middleware: Middleware, device: Device, place: int) -> None:
    items = [device.item() for _ in range(220)]  # more than one chunk of a batch of fifty
    device.add(*items)
    undo = device.reverse(items[place].id)
    device.sql("UPDATE sync_outbox SET body = substr(body, 1, 9) WHERE id = ?", item_ids.packed(items[place].id))

    summary = device.drain(middleware.url, settings=replace(FAST, drain_items=50))

    assert (summary.accepted, summary.refused, summary.held) == (219, 0, 2)
    assert (device.row(items[place].id).state, device.row(items[place].id).code) == ("held", "body_damaged")
    assert device.row(undo).code == "waits_for_held"
    assert items[place].id not in middleware.effects


def test_nothing_but_damaged_records(middleware: Middleware, device: Device) -> None:
    for _ in range(160):
        device.scan()
    device.sql("UPDATE sync_outbox SET body = CASE WHEN n % 2 THEN 'no blob' ELSE x'01' END")
    good = device.scan()

    assert device.drain(middleware.url, settings=replace(FAST, drain_items=50)).held == 160
    assert device.row(good).state == "accepted"


def test_a_long_report_counts_each_item_once(device: Device) -> None:
    dispatch = Dispatch(device.database, hold_after=5)
    device.add(*(device.item() for _ in range(1_100)))
    device.sql("UPDATE sync_outbox SET state = CASE WHEN n <= 1050 THEN 'accepted' ELSE 'refused' END")

    parts = list(iter(partial(device.writer.call, dispatch.report, priority=Priority.SETTLE), (0, 0)))
    assert (sum(accepted for accepted, _ in parts), sum(refused for _, refused in parts)) == (1_050, 50)
    assert max(map(sum, parts)) <= 500, "a scan waits for one part"
    assert device.sql("SELECT count(*) FROM sync_outbox WHERE reported = 0") == [(0,)]


def test_the_summary_has_all_parts_of_a_long_report(middleware: Middleware, device: Device) -> None:
    device.add(*(device.item() for _ in range(1_100)))
    device.sql("UPDATE sync_outbox SET state = CASE WHEN n <= 1050 THEN 'accepted' ELSE 'refused' END")
    summary = device.drain(middleware.url)
    assert (summary.sent, summary.accepted, summary.refused) == (1_100, 1_050, 50)
    assert device.drain(middleware.url).sent == 0
