"""Random days: items, faults and kills in any order end settled exactly once, and the rules of order are kept."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.endpoints.registry import ENDPOINTS
from tests.fixtures.outbox import bodies
from tests.sync.sync_bench import FAST, Device
from tests.sync.sync_middleware import Middleware

FAULTS = (
    "lost", "drop", "status:500", "status:503", "status:400", "status:429", "status:404", "status:302", "html:200",
    "garbage", "deep", "truncated", "wrong_schema", "missing", "twice", "strangers", "bad_word", "bad_type",
    "retry_after:0",
)  # fmt: skip
steps = st.one_of(
    st.tuples(st.just("scan"), st.integers(0, 2)),
    st.tuples(st.just("undo"), st.integers(0, 30)),
    st.tuples(st.just("later"), st.integers(0, 30)),
    st.tuples(st.just("fault"), st.sampled_from(["site", "items", "items", "items", "ask", "changes"]),
              st.sampled_from(FAULTS)),
    st.tuples(st.just("kill"), st.booleans()),
    st.tuples(st.just("run"), st.none()),
)  # fmt: skip


def play(device: Device, middleware: Middleware, schedule: list[tuple[object, ...]]) -> dict[str, str | None]:
    """Live through the day; the items with what each negates."""
    made: dict[str, str | None] = {}
    for name, *values in schedule:
        ids = list(made)
        if name == "scan":
            made[device.scan(f"D{values[0]}-R1")] = None
        elif name == "undo" and ids:
            target = ids[int(values[0]) % len(ids)]
            made[device.reverse(target, device.row(target).receipt)] = target
        elif name == "later" and ids:
            middleware.later[ids[int(values[0]) % len(ids)]].append("busy")
        elif name == "fault":
            middleware.faults[str(values[0])].append(str(values[1]))
        elif name == "kill":
            killed(device, middleware, arrived=bool(values[0]))
        elif name == "run":
            device.drain(middleware.url, limit_s=0.02)
    return made


def killed(device: Device, middleware: Middleware, *, arrived: bool) -> None:
    """A process ends between marking one item as in flight and reading its answer."""
    found = device.sql(
        "UPDATE sync_outbox SET state = 'in_flight' WHERE n = (SELECT min(n) FROM sync_outbox WHERE state = 'queued' "
        "AND negates IS NULL) RETURNING id, receipt, seq, kind, created_ms, body"
    )
    if found and arrived:
        with middleware.lock:
            middleware.take([json.loads(body) for body in bodies(found)])


def closes(device: Device) -> dict[str, list[str]]:
    """Close every receipt; close → what must be settled before it."""
    wanted: dict[str, list[str]] = {}
    for receipt in ("D0-R1", "D1-R1", "D2-R1"):
        before = [row.id for row in device.rows(receipt=receipt, limit=1000)]
        wanted[device.close_receipt(receipt)] = before
    return wanted


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=40))
def test_every_item_takes_effect_once_and_in_order(schedule: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        device, middleware = Device(Path(folder) / "matou.db"), Middleware()
        try:
            made = play(device, middleware, schedule)
            waiting_for = closes(device)
            summary = device.drain(middleware.url)
            places = {item_id: place for place, item_id in enumerate(middleware.order)}
            assert (summary.trouble, summary.waiting, summary.unsure, summary.refused) == (None, 0, 0, 0)
            assert device.counts().accepted == len(made) + 3
            assert {item_id: middleware.effects[item_id] for item_id in [*made, *waiting_for]} == dict.fromkeys(
                [*made, *waiting_for], 1
            )
            assert all(target is None or places[target] < places[item_id] for item_id, target in made.items())
            assert all(places[one] < places[close] for close, before in waiting_for.items() for one in before)
            told = [one.id for one in device.settled if one.state == "accepted"]
            assert sorted(told) == sorted([*made, *waiting_for])
        finally:
            device.close()
            middleware.close()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("endpoint", [endpoint.name for endpoint in ENDPOINTS])
def test_every_endpoint_survives_every_fault(middleware: Middleware, device: Device, endpoint: str, fault: str) -> None:
    middleware.changes = [{"kind": "recall", "drug": "d", "batch": "b", "active": True}]
    middleware.faults[endpoint].extend([fault, fault])
    if endpoint == "ask":
        middleware.faults["items"].append("lost")
    boxes = [device.scan() for _ in range(5)]
    summary = device.drain(middleware.url, settings=FAST)
    assert (summary.accepted, summary.trouble) == (5, None)
    assert len(device.applied) == 1
    assert {item_id: middleware.effects[item_id] for item_id in boxes} == dict.fromkeys(boxes, 1)
