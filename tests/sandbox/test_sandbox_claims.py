"""Rows for the insurance at the simulated hospital: each serial forward once, back after that, of closed receipts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import BOXES, CARTON, Client, Pen
from tests.sandbox.test_sandbox_contract import _validator


def row(pen: Pen, serial: str = "S-1", **more: Any) -> dict[str, Any]:
    message = json.dumps({"purcinfoDetail": [{"fixmedins_bchno": serial}]})
    said = {"infno": "3503A", "profile": "national", "serial": serial, "back": False, "message": message}
    return {**pen._base("claim"), **said, **more}


@pytest.fixture
def closed(dock: Client, pen: Pen) -> Client:
    items = [pen.scan(CARTON, packs=BOXES), pen.outcome("exempt", 2, count=5), pen.close(9, 4, 0, 0, 0, 5)]
    assert [word for word, _ in dock.results(*items)] == ["accepted"] * 3
    return dock


def test_a_row_of_an_open_receipt_waits(dock: Client, pen: Pen) -> None:
    assert dock.results(row(pen)) == [("later", "receipt_open")]


def test_each_serial_goes_forward_once_and_back_after_that(closed: Client, pen: Pen) -> None:
    first = row(pen)
    _validator("Item").validate(first)
    assert closed.results(row(pen, back=True)) == [("refused", "claim_serial_unknown")]
    assert closed.results(first, first) == [("accepted", None), ("duplicate", None)]
    assert closed.results(row(pen)) == [("refused", "claim_serial_used")]
    assert closed.results(row(pen, infno="3502A")) == [("accepted", None)], "another interface, its own serials"
    assert closed.results(row(pen, infno="3504A", back=True)) == [("accepted", None)]


def test_a_message_that_says_nothing_is_refused(closed: Client, pen: Pen) -> None:
    wrong = [row(pen, message="[]"), row(pen, message="no json"), row(pen, message='{"a":1}'), row(pen, serial="")]
    assert closed.results(*wrong) == [("refused", "bad_item")] * 4


def test_nothing_of_it_can_be_reversed(closed: Client, pen: Pen) -> None:
    first = row(pen)
    closed.send(first)
    assert closed.results(pen.undo(first))[0][0] == "refused"
