"""Changes by cursor: cursor and rows move together, whatever happens between."""

from __future__ import annotations

import pytest

from tests.sync.sync_bench import Device
from tests.sync.sync_middleware import Middleware


def fill(middleware: Middleware, rows: int) -> None:
    middleware.changes = [
        {"kind": "recall", "drug": f"d{n}", "batch": "b", "active": True, "reason": None} for n in range(rows)
    ]


def test_all_pages_are_applied_once_and_the_next_run_fetches_nothing(middleware: Middleware, device: Device) -> None:
    fill(middleware, 25)
    middleware.page_rows = 10
    assert device.drain(middleware.url).fetched == 25
    assert [change.drug for change in device.applied] == [f"d{n}" for n in range(25)]
    assert device.drain(middleware.url).fetched == 0
    assert middleware.queries[-1] == {"cursor": "25", "limit": "1000"}


def test_a_kill_in_the_middle_of_a_page_brings_the_page_again(middleware: Middleware, device: Device) -> None:
    fill(middleware, 10)
    device.steps_before_crash = 4
    with pytest.raises(RuntimeError, match="killed"):
        device.drain(middleware.url)
    assert device.sql("SELECT * FROM sync_cursor") == []
    device.steps_before_crash = None
    assert device.drain(middleware.url).fetched == 10
    assert [change.drug for change in device.applied[-10:]] == [f"d{n}" for n in range(10)]


def test_a_cursor_that_is_gone_begins_from_the_beginning(middleware: Middleware, device: Device) -> None:
    fill(middleware, 8)
    device.drain(middleware.url)
    fill(middleware, 3)
    assert device.drain(middleware.url).fetched == 3
    assert "cursor" not in middleware.queries[-1]
    assert device.sql("SELECT cursor FROM sync_cursor WHERE realm = 'hospital-a'") == [("3",)]


def test_a_page_that_does_not_decode_does_not_move_the_cursor(middleware: Middleware, device: Device) -> None:
    fill(middleware, 2)
    middleware.changes.append({"kind": "recall", "drug": "d", "batch": 7, "active": True})
    summary = device.drain(middleware.url, limit_s=0.1)
    assert (summary.trouble, summary.fetched) == ("bad_reply", 0)
    assert (device.applied, device.sql("SELECT * FROM sync_cursor")) == ([], [])


def test_a_feed_that_stands_still_is_trouble_and_not_a_loop(middleware: Middleware, device: Device) -> None:
    fill(middleware, 5)
    device.drain(middleware.url)
    middleware.page = lambda query: (200, {"changes": [], "cursor": query["cursor"], "more": True})  # type: ignore[method-assign]
    assert device.drain(middleware.url, limit_s=0.1).trouble == "bad_reply"


def test_push_goes_before_pull_and_the_background_takes_page_after_page(middleware: Middleware, device: Device) -> None:
    fill(middleware, 30)
    middleware.page_rows = 10
    device.scan()
    engine = device.engine(middleware.url)
    engine.start()
    for _ in range(5):
        assert middleware.arrived.acquire(timeout=5)
    device.wait_status(lambda status: len(device.applied) == 30)
    assert middleware.calls == ["site", "items", "changes", "changes", "changes"]


def test_the_site_is_told_to_the_program(middleware: Middleware, device: Device) -> None:
    device.drain(middleware.url)
    site = device.sites[0]
    assert (site.site_id, site.zone, site.near_expiry_days, site.limits.items) == ("hospital-a", "+08:00", 180, 500)
    assert len(device.sites) == 1
