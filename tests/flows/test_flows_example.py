"""The worked example of contracts §3, fed line by line through the flow over a real file, without any network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.base.texts import Texts
from app.flows.lines import CommandInput, parse_line
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.receiving import Receiving
from app.flows.wording import command_sentence, scan_sentence
from sync.changes import CodeRow, CodesChange, DeliveryChange, DeliveryLine, DrugChange, PackageRow, PackagesChange
from tests.fixtures import outbox
from tests.fixtures.hospital import Dock, operator

HERE = Path(__file__).resolve().parent / "example"
SEED = Path(__file__).resolve().parents[1] / "sandbox" / "example"
DELIVERY = "DEMO-20261122-01"
SCANS = (HERE / "scans.txt").read_bytes().splitlines()
ANSWERS: list[dict[str, Any]] = [json.loads(row) for row in (HERE / "answers.jsonl").read_text("utf-8").splitlines()]


def load(dock: Dock) -> None:
    """The delivery, the catalogue and the earlier receipt of the example."""
    setting = json.loads((SEED / "setting.json").read_text("utf-8"))["setting"]
    found = json.loads((SEED / "delivery.json").read_text("utf-8"))["deliveries"][0]
    dock.feed(operator())
    for row in setting["catalogue"]:
        exempt = None if row["levels"] else "herbal"
        dock.feed(DrugChange(row["drug"], row["name"], "drug", row["levels"], spec=row["spec"], exempt=exempt))
    dock.feed(PackagesChange(DELIVERY, tuple(PackageRow(**row) for row in found["packages"])))
    lines = tuple(DeliveryLine(**row) for row in found["lines"])
    dock.feed(DeliveryChange(DELIVERY, found["supplier"], found["manifest"], "open", lines))
    earlier = tuple(
        CodeRow(row["code"], f"{row['delivery']}-R1", row["delivery"], row["line"], row["state"], "demo-pda-02")
        for row in setting["earlier"]["codes"]
    )
    dock.feed(CodesChange(earlier))


def answer(desk: Receiving, line: bytes) -> dict[str, Any]:
    """The answer as the contract writes it, without its text."""
    found = parse_line(line)
    if isinstance(found, CommandInput):
        done = desk.command(found.text)
        return {"seq": done.seq, "kind": "command", "command": done.command, "ok": done.ok, "reason": done.reason}
    scan = desk.scan(found.raw, at_ms=found.at_ms, scanner=found.scanner)
    row = {
        "seq": scan.seq, "kind": "scan", "payload": scan.payload, "verdict": str(scan.verdict), "reason": scan.reason,
        "counted": scan.counted, "line": scan.line, "packs": scan.packs, "received": scan.received,
        "expected": scan.expected,
    }  # fmt: skip
    return row | ({"raw_hex": scan.raw.hex()} if scan.raw is not None else {})


def wanted(number: int) -> dict[str, Any]:
    return {name: value for name, value in ANSWERS[number].items() if name != "text"}


@pytest.mark.parametrize("restarts", [False, True])
def test_every_line_of_the_example(dock: Dock, restarts: bool) -> None:
    load(dock)
    desk = dock.desk(DELIVERY)
    for number, line in enumerate(SCANS):
        if restarts and number % 7 == 3:
            dock.restart()
            desk = dock.desk(DELIVERY)
        assert answer(desk, line) == wanted(number), f"line {number + 1}"
    end = desk.summary()
    assert {"kind": "end", "closed": end.closed, "receipt": end.receipt, "equation": end.equation.as_dict(),
            "lists": dict(end.lists)} == wanted(-1)  # fmt: skip


def test_the_example_s_items_wait_in_the_outbox_in_order(dock: Dock) -> None:
    load(dock)
    desk = dock.desk(DELIVERY)
    for line in SCANS:
        answer(desk, line)
    bodies = [json.loads(body) for body in outbox.bodies(dock.rows(outbox.BODIES))]
    sample = json.loads((SEED / "batch-request.json").read_text("utf-8"))["items"]
    ids = {mine["id"]: theirs["id"] for mine, theirs in zip(bodies, sample, strict=False)}
    loose = {"id", "device", "at_ms", "negates"}
    assert len(bodies) == 16
    for mine, theirs in zip(bodies, sample, strict=False):
        assert {key: mine[key] for key in mine.keys() - loose} == {key: theirs[key] for key in theirs.keys() - loose}
        assert ids.get(mine.get("negates")) == theirs.get("negates")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_sentence_of_the_example_has_an_empty_place(dock: Dock, lang: str) -> None:
    load(dock)
    desk = dock.desk(DELIVERY)
    texts = Texts.load()
    for line in SCANS:
        found = parse_line(line)
        outcome: ScanOutcome | CommandOutcome
        outcome = desk.command(found.text) if isinstance(found, CommandInput) else desk.scan(found.raw)
        said = (
            scan_sentence(texts, outcome, lang)
            if isinstance(outcome, ScanOutcome)
            else command_sentence(texts, outcome, lang)
        )
        assert said
        assert "{" not in said
