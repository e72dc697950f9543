"""Long queues: a record that spoils its batch costs the others none of theirs; a long report counts each once."""

import pytest

from sync.dispatch import Dispatch
from sync.ports import Priority
from tests.sync.sync_bench import Device
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


def test_a_long_report_counts_each_item_once(device: Device) -> None:
    dispatch = Dispatch(device.database, hold_after=5)
    device.add(*(device.item() for _ in range(4_500)))  # more than two slices of the report
    device.sql("UPDATE sync_outbox SET state = CASE WHEN n <= 4400 THEN 'accepted' ELSE 'refused' END")

    assert device.writer.call(dispatch.report, priority=Priority.SETTLE) == (4_400, 100)
    assert device.writer.call(dispatch.report, priority=Priority.SETTLE) == (0, 0)
    assert device.sql("SELECT count(*) FROM sync_outbox WHERE reported = 0") == [(0,)]
