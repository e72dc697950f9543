"""The next batch is chosen while one is away: that it is, and that nothing of it stays when it is not sent."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from sync.ports import SyncSettings
from tests.sync.sync_bench import FAST, Device
from tests.sync.sync_middleware import Middleware

TWOS: SyncSettings = replace(FAST, drain_items=2, batch_items=2)
UNTIL_S = 20.0
IN_FLIGHT = "SELECT count(*) FROM sync_outbox WHERE state = 'in_flight'"
AS_IF_NEVER_TAKEN = "SELECT count(*) FROM sync_outbox WHERE state = 'queued' AND attempts = 0 AND batch IS NULL"


def until(device: Device, statement: str, wanted: int) -> bool:
    """Ask again until the file says so; False if it never does."""
    over = threading.Event()
    timer = threading.Timer(UNTIL_S, over.set)
    timer.start()
    try:
        while not over.is_set():
            if device.sql(statement) == [(wanted,)]:
                return True
        return False
    finally:
        timer.cancel()


def test_the_next_batch_is_chosen_while_one_is_away(middleware: Middleware, device: Device) -> None:
    boxes = [device.scan() for _ in range(6)]
    answer, seen = middleware.take, []

    def watched(items: list[dict]) -> list[dict]:
        seen.append(until(device, IN_FLIGHT, 4) if not seen else True)
        return answer(items)

    middleware.take = watched  # type: ignore[method-assign]
    assert device.drain(middleware.url, settings=TWOS).accepted == 6
    assert (seen, middleware.order) == ([True] * 3, boxes)


@pytest.mark.parametrize(
    ("fault", "times"),
    [("status:500", 1000), ("status:400", 1), ("status:413", 1), ("missing", 1000), ("drop", 1000), ("lost", 1000)],
)
def test_what_was_chosen_and_not_sent_goes_back_as_it_was(
    middleware: Middleware, device: Device, fault: str, times: int
) -> None:
    middleware.faults["items"].extend([fault] * times)
    middleware.faults["ask"].extend(["status:503"] * 1000)
    for _ in range(6):
        device.scan()
    device.drain(middleware.url, settings=TWOS, limit_s=0.2, until_empty=False)
    tried = {n for (n,) in device.sql("SELECT n FROM sync_outbox WHERE attempts > 0 OR batch IS NOT NULL")}
    sent = len(device.sql("SELECT 1 FROM sync_batch WHERE endpoint = 'items'"))
    assert device.sql(IN_FLIGHT) == [(0,)]
    assert device.sql(AS_IF_NEVER_TAKEN) == [(6 - len(tried),)]
    assert sent == middleware.count("items")
    middleware.faults.clear()
    assert device.drain(middleware.url, settings=TWOS).waiting == 0
    assert set(middleware.effects.values()) == {1}
    assert len(middleware.effects) == 6


def test_what_was_passed_over_while_a_batch_was_away_follows_at_once(middleware: Middleware, device: Device) -> None:
    """No nudge and no interval comes to the help of the reversal and the close."""
    first, second = device.scan(), device.scan()
    undo = device.reverse(second)
    third, end = device.scan(), device.close_receipt()
    engine = device.engine(middleware.url, replace(TWOS, pull_interval_s=600.0))
    engine.start()
    device.wait_status(lambda _: device.counts().accepted == 5, UNTIL_S)
    assert sorted(middleware.order) == sorted([first, second, undo, third, end])
    assert middleware.order.index(second) < middleware.order.index(undo)
    assert middleware.order[-1] == end


def test_what_was_chosen_before_a_refusal_is_not_larger_than_the_refusal_allows(
    middleware: Middleware, device: Device
) -> None:
    middleware.faults["items"].append("status:413")
    for _ in range(6):
        device.scan()
    assert device.drain(middleware.url, settings=TWOS).accepted == 6
    assert device.sql("SELECT items FROM sync_batch WHERE endpoint = 'items' ORDER BY number") == [(2,), *[(1,)] * 6]


def test_while_scans_come_batches_are_small_and_none_is_chosen_ahead(
    middleware: Middleware, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = replace(device.hooks(), scans_come=lambda: True)
    monkeypatch.setattr(device, "hooks", lambda: hooks)
    answer, in_flight = middleware.take, []

    def watched(items: list[dict]) -> list[dict]:
        in_flight.extend(device.sql(IN_FLIGHT))
        return answer(items)

    middleware.take = watched  # type: ignore[method-assign]
    for _ in range(6):
        device.scan()
    assert device.drain(middleware.url, settings=replace(TWOS, drain_items=6)).accepted == 6
    assert in_flight == [(2,)] * 3
