"""The worked example over HTTP: its batch with the exempt item put off, sent again, and the ledger that follows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.sandbox import SandboxProcess
from tests.sandbox.conftest import EXAMPLE, Client

FOLDER = Path(__file__).resolve().parent / "example"


def _load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


@pytest.fixture
def loaded(sandbox: SandboxProcess) -> SandboxProcess:
    sandbox.seed({**_load("delivery.json"), **_load("setting.json")})
    return sandbox


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _same_ledger(got: dict[str, Any], wanted: dict[str, Any]) -> None:
    numbers = {row["delivery"] for row in wanted["receipts"]}
    for name in ("receipts", "codes", "quantities"):
        assert _rows([row for row in got[name] if row["delivery"] in numbers]) == _rows(wanted[name])
    assert got["conflicts"] == wanted["conflicts"]


def test_batch_is_answered_as_in_the_example(loaded: SandboxProcess, client: Client):
    request, reply = _load("batch-request.json"), _load("batch-reply.json")
    client.send(*request["items"][:2])
    loaded.faults({"plan": [{"endpoint": "items", "fault": "half_refused:exempt"}]})

    assert client.send(*request["items"]) == reply["items"]


def test_ledger_is_that_of_the_example_after_sending_again(loaded: SandboxProcess, client: Client):
    items = _load("batch-request.json")["items"]
    client.send(*items[:2])
    loaded.faults({"plan": [{"endpoint": "items", "fault": "half_refused:exempt"}]})
    client.send(*items)

    assert client.results(*items[-2:]) == [("accepted", None), ("accepted", None)]
    _same_ledger(loaded.ledger(), _load("ledger.json"))


@pytest.mark.parametrize("size", [1, 3, 16])
def test_how_items_are_cut_into_batches_does_not_matter(loaded: SandboxProcess, client: Client, size: int):
    items = _load("batch-request.json")["items"]
    for start in range(0, len(items), size):
        results = client.results(*items[start : start + size])
        assert {result for result, _ in results} == {"accepted"}

    _same_ledger(loaded.ledger(), _load("ledger.json"))


def test_the_feed_tells_everybody_what_came_in(loaded: SandboxProcess, client: Client):
    client.send(*_load("batch-request.json")["items"])

    rows = {row["code"]: row for change in client.changes() if change["kind"] == "codes" for row in change["rows"]}
    wanted = {row["code"]: row for row in _load("ledger.json")["codes"]}
    for code, row in wanted.items():
        assert rows[code]["state"] == row["state"]
        assert rows[code]["via"] == row["via"]
        assert rows[code]["delivery"] == row["delivery"]
        assert rows[code]["item"] == row["effects"][-1]
    receipts = [change for change in client.changes() if change["kind"] == "receipt" and change["delivery"] == EXAMPLE]
    assert receipts[-1]["state"] == "closed"
    assert receipts[-1]["equation"]["received"] == 12
