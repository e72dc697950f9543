"""One endpoint in trouble does not stop another: breakers, their states in the status, and who waits for whom."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.breaker import Breaker
from sync.endpoints.declared import CHANGES, ITEMS
from sync.errors import SyncError
from sync.ports import SyncSettings
from tests.sync.sync_bench import FAST, Device
from tests.sync.sync_middleware import Middleware

BROKEN = SyncError("server_error")
LONG = 10_000


def breaker(endpoint=ITEMS) -> Breaker:
    return Breaker(endpoint, base_s=1.0, cap_s=60.0, nudge_gap_s=2.0)


def test_it_opens_after_five_lets_one_probe_through_and_closes_when_that_is_answered() -> None:
    one, now = breaker(), 100.0
    for _ in range(ITEMS.opens_after - 1):
        one.fail(BROKEN, now, 0.5)
        assert one.state(now) == "closed"
        now = one.due_s()
    one.fail(BROKEN, now, 0.5)
    assert one.state(now) == "open"
    assert one.due_s() - now == pytest.approx(ITEMS.probe_s * 0.75)
    assert one.due_s(hurried=True) == one.due_s()
    now = one.due_s()
    assert one.state(now) == "half_open"
    one.fail(BROKEN, now, 0.0)
    assert (one.state(now), one.due_s() - now) == ("open", ITEMS.probe_s / 2)
    one.succeed()
    assert (one.state(now), one.error, one.status(now, 0)) == ("closed", None, None)


def test_the_status_says_since_when_how_often_and_when_it_is_tried_again() -> None:
    one = breaker()
    one.fail(BROKEN, 100.0, 0.0)
    one.fail(SyncError("throttled", subject="items", retry_after_s=90), 130.0, 0.0)
    status = one.status(140.0, 1_000_000)
    assert status is not None
    assert (status.trouble, status.subject, status.failures) == ("throttled", "items", 2)
    assert (status.since_ms, status.again_ms) == (960_000, 1_080_000)
    one.succeed()
    one.fail(BROKEN, 200.0, 0.0)
    again = one.status(200.0, 1_100_000)
    assert again is not None
    assert (again.since_ms, again.failures) == (1_100_000, 1)


def test_a_nudge_shortens_the_back_off_but_not_what_the_server_ordered() -> None:
    one = breaker()
    for _ in range(4):
        one.fail(BROKEN, 100.0, 0.9)
    assert one.due_s() == pytest.approx(107.2)
    assert one.due_s(hurried=True) == 102.0
    one.fail(SyncError("throttled", retry_after_s=90), 100.0, 0.9)
    assert one.due_s(hurried=True) == one.due_s() == 190.0


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1, exclude_max=True), st.integers(0, 50)), max_size=40))
def test_it_never_waits_for_ever_and_never_not_at_all(story: list[tuple[bool, float, int]]) -> None:
    one, now = breaker(CHANGES), 0.0
    for fails, jitter, ordered in story:
        if fails:
            one.fail(SyncError("throttled", retry_after_s=ordered), now, jitter)
            assert max(0.25, ordered) - 1e-6 <= one.due_s() - now <= max(60.0, ordered) + 1e-6
            now = one.due_s()
        else:
            one.succeed()
            assert one.due_s() <= now


@pytest.mark.parametrize("fault", ["status:500", "garbage", "html:200", "drop", "retry_after:3600", "status:401"])
def test_a_feed_in_trouble_does_not_slow_the_items(middleware: Middleware, device: Device, fault: str) -> None:
    """In the background: scans go at their own pace while the feed is left alone, and the status says so."""
    middleware.faults["changes"].extend([fault] * LONG)
    engine = device.engine(
        middleware.url, replace(FAST, backoff_base_s=30.0, backoff_cap_s=600.0, pull_interval_s=0.05)
    )
    engine.start()
    device.wait_status(lambda status: bool(status.endpoints), limit_s=30)
    calls = middleware.count("changes")
    for number in range(1, 6):
        device.scan()
        engine.nudge()
        wait_until(lambda wanted=number: device.counts().accepted == wanted)
    assert middleware.count("changes") - calls <= 2  # a nudge may try it once more
    status = engine.status()
    assert [(one.name, one.breaker) for one in status.endpoints] == [("changes", "closed")]
    assert status.trouble == status.endpoints[0].trouble


@pytest.mark.parametrize("fault", ["status:500", "garbage", "drop", "retry_after:3600"])
def test_items_in_trouble_do_not_stop_the_feed(middleware: Middleware, device: Device, fault: str) -> None:
    middleware.faults["items"].extend([fault] * LONG)
    device.scan()
    settings = replace(FAST, backoff_base_s=30.0, backoff_cap_s=600.0, pull_interval_s=0.05)
    engine = device.engine(middleware.url, settings)
    engine.start()
    device.wait_status(lambda status: any(one.name == "items" for one in status.endpoints), limit_s=30)
    middleware.changes.append({"kind": "recall", "drug": "d", "batch": "b", "active": True})
    wait_until(lambda: len(device.applied) == 1)
    assert middleware.count("items") <= 2


def test_it_opens_is_probed_and_closes_again_on_the_wire(middleware: Middleware, device: Device) -> None:
    middleware.faults["items"].extend(["status:403"] * (ITEMS.opens_after + 2))
    device.scan()
    engine = device.engine(middleware.url, SyncSettings(linger_s=0.01, backoff_base_s=0.01, backoff_cap_s=0.05))
    engine.start()
    opened = device.wait_status(lambda status: any(one.breaker != "closed" for one in status.endpoints), limit_s=30)
    assert (opened.trouble, opened.network) == ("call_refused", "online")
    device.wait_status(lambda status: not status.endpoints and status.waiting == 0, limit_s=30)
    assert device.counts().accepted == 1
    assert middleware.count("items") == ITEMS.opens_after + 3


def test_asking_in_trouble_does_not_stop_new_items(middleware: Middleware, device: Device) -> None:
    middleware.faults["ask"].extend(["status:500"] * LONG)
    doubtful = device.scan()
    device.sql("UPDATE sync_outbox SET state = 'in_flight' RETURNING n")
    engine = device.engine(middleware.url)
    engine.start()
    device.wait_status(lambda status: any(one.name == "ask" for one in status.endpoints), limit_s=30)
    device.scan()
    engine.nudge(urgent=True)
    wait_until(lambda: device.counts().accepted == 1)
    assert device.row(doubtful).state == "unsure"
    middleware.faults["ask"].clear()
    wait_until(lambda: device.counts().accepted == 2)


def wait_until(wanted, limit_s: float = 30.0) -> None:
    until = time.monotonic() + limit_s
    while not wanted():
        assert time.monotonic() < until


def test_a_hospital_that_is_gone_is_tried_again_at_a_moment_that_is_told(
    middleware: Middleware, device: Device
) -> None:
    middleware.close()
    engine = device.engine(middleware.url, replace(FAST, backoff_base_s=30.0, backoff_cap_s=600.0))
    engine.start()
    gone = device.wait_status(lambda status: status.again_ms is not None, limit_s=30)
    assert (gone.network, [one.name for one in gone.endpoints]) == ("offline", ["site"])
    assert gone.again_ms is not None
    assert 0 < gone.again_ms - gone.endpoints[0].since_ms <= 40_000
