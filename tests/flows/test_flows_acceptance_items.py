"""Acceptance that was written down before the hospital takes such items arrives once it does: all of it, in order."""

from __future__ import annotations

import json

import pytest

from app.flows.acceptance_items import AcceptanceItems
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages, site
from tests.fixtures.outbox import BODIES, bodies

BOX = code("8999011", 1)
RECEIPT = "T-1-R1"


@pytest.fixture
def early(dock: Dock) -> Dock:
    """Two readings, of which one was taken back, at a hospital that does not take such items."""
    dock.feed(operator(rights=("receive", "close", "accept")), drug("D1", {"8999011": 1}), packages({BOX: {}}))
    dock.feed(delivery(line(1, "D1", 1)))
    assert dock.desk().scan(BOX.encode()).counted
    acceptance = dock.program.acceptance
    acceptance.type_temperature("1001", RECEIPT, "4")
    acceptance.type_temperature("1001", RECEIPT, "5")
    acceptance.undo("1001", RECEIPT)
    return dock


def takes(dock: Dock, *capabilities: str) -> None:
    dock.program.writer.call(lambda: dock.program._replica.site(site(capabilities=capabilities)))


def told(dock: Dock) -> list[tuple[str, str]]:
    """(fact, id) of the items, in order."""
    found = [json.loads(body) for body in bodies(dock.rows(BODIES))]
    return [(item["fact"], item["id"]) for item in found if item["kind"] == "acceptance"]


def test_they_arrive_in_their_order_when_the_hospital_takes_them(early: Dock) -> None:
    items = AcceptanceItems(early.program._parts)
    items.work()
    assert told(early) == []
    takes(early, "acceptance")
    items.work()
    known = [str(item) for (item,) in early.rows("SELECT id FROM acceptance_events ORDER BY seq")]
    assert told(early) == list(zip(("temperature", "temperature", "undo"), known, strict=True))
    items.work()
    early.program.acceptance.type_temperature("1001", RECEIPT, "6")
    items.work()
    assert [fact for fact, _ in told(early)] == ["temperature", "temperature", "undo", "temperature"]
    trail = [entry.note for entry in early.program.receipt_views.of(RECEIPT).entries if entry.what == "acceptance"]
    assert len(trail) == 4


def test_one_that_comes_before_they_were_sent_waits_behind_them(early: Dock) -> None:
    takes(early, "acceptance")
    early.program.acceptance.type_temperature("1001", RECEIPT, "6")
    assert told(early) == []
    early.restart()
    AcceptanceItems(early.program._parts).work()
    assert [fact for fact, _ in told(early)] == ["temperature", "temperature", "undo", "temperature"]


def test_a_hospital_that_stops_taking_them_gets_the_rest_later(early: Dock) -> None:
    takes(early, "acceptance")
    AcceptanceItems(early.program._parts).work()
    takes(early)
    early.program.acceptance.type_temperature("1001", RECEIPT, "6")
    AcceptanceItems(early.program._parts).work()
    assert len(told(early)) == 3
    takes(early, "acceptance")
    AcceptanceItems(early.program._parts).work()
    assert len(told(early)) == len(set(told(early))) == 4
