"""The worked example of the contract, line for line: the program, the hospital and its books."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import outbox
from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.journeys.journey_program import ROOT, Done, Talk, matou, until

HERE = Path(__file__).resolve().parent / "example"
SANDBOX_SIDE = ROOT / "tests" / "sandbox" / "example"
NO = "DEMO-20261122-01"
NOW = "2026-11-22T06:00:00Z"
SCANS = (HERE / "scans.txt").read_bytes().split(b"\n")[:-1]
COUNTS = {"sent": 16, "accepted": 16, "refused": 0, "held": 0, "unsure": 0, "waiting": 0}


def load(name: str) -> Any:
    return json.loads((SANDBOX_SIDE / name).read_text("utf-8"))


def answers() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / "answers.jsonl").read_text("utf-8").splitlines()]


def bare(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Any wording will do, but there must be one."""
    if answer["kind"] != "end":
        assert answer["text"]
    return {name: value for name, value in answer.items() if name != "text"}


@pytest.fixture
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as sandbox:
        sandbox.seed({**load("delivery.json"), **load("setting.json")})
        yield sandbox


@pytest.fixture
def common(hospital: SandboxProcess, tmp_path: Path) -> tuple[str, ...]:
    """Where the data is and where the hospital is; the data has been fetched."""
    words = ("--server", hospital.url, "--data-dir", str(tmp_path / "data"))
    assert matou("sync", "--until-empty", *words).status == 0
    return words


def receive_words(common: tuple[str, ...]) -> tuple[str, ...]:
    return ("receive", "--delivery", NO, "--operator", "1001", *common)


def finish(common: tuple[str, ...]) -> dict[str, Any]:
    """The last `sync`: its one line, without what is not compared."""
    done = matou("sync", "--until-empty", *common)
    assert (done.status, done.err) == (0, "")
    (line,) = done.lines
    assert line.pop("fetched") >= 0
    return line


def items_by_seq(common: tuple[str, ...]) -> dict[int, dict[str, Any]]:
    """The items of the outbox as they travelled, by the seq of their entry."""
    with contextlib.closing(sqlite3.connect(Path(common[3]) / "matou.db")) as file:
        bodies = outbox.bodies(file.execute(outbox.BODIES))
    return {item["seq"]: item for item in map(json.loads, bodies)}


def meaning(item: Mapping[str, Any], seq_of: Mapping[str, int]) -> dict[str, Any]:
    """An item without ids, device and moment; what it negates by seq."""
    kept = {name: value for name, value in item.items() if name not in ("id", "device", "at_ms")}
    return kept | ({"negates": seq_of[item["negates"]]} if "negates" in item else {})


def books(ledger: Mapping[str, Any], seq_of: Mapping[str, int]) -> dict[str, list[str]]:
    """The two receipts of the example as sets of rows; items by the seq they had, devices left out."""
    numbers = {NO, "DEMO-20261109-07"}
    found: dict[str, list[str]] = {}
    for name in ("receipts", "codes", "quantities"):
        rows = [dict(row) for row in ledger[name] if row["delivery"] in numbers]
        for row in rows:
            row.pop("devices", None)
            if "effects" in row:
                row["effects"] = [seq_of.get(effect, effect) for effect in row["effects"]]
        found[name] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    return found | {"conflicts": ledger["conflicts"]}


def assert_as_in_the_example(hospital: SandboxProcess, common: tuple[str, ...]) -> None:
    """The outbox holds the items of the example and the hospital's books are those of the example."""
    wanted = {item["seq"]: item for item in load("batch-request.json")["items"]}
    wanted_seqs = {item["id"]: seq for seq, item in wanted.items()}
    got = items_by_seq(common)
    got_seqs = {item["id"]: seq for seq, item in got.items()}
    assert len({item["device"] for item in got.values()}) == 1
    assert {seq: meaning(item, got_seqs) for seq, item in got.items()} == {
        seq: meaning(item, wanted_seqs) for seq, item in wanted.items()
    }
    assert books(hospital.ledger(), got_seqs) == books(load("ledger.json"), wanted_seqs)


def assert_answers(done: Done) -> None:
    assert (done.status, done.err) == (0, "")
    assert [bare(line) for line in done.lines] == [bare(line) for line in answers()]


@pytest.mark.parametrize("way", ["file", "standard input", "offline"])
def test_the_example_line_for_line(hospital: SandboxProcess, common: tuple[str, ...], way: str) -> None:
    words = receive_words(common)
    if way == "file":
        done = matou(*words, HERE / "scans.txt", variables={"MATOU_NOW": NOW})
    elif way == "offline":
        done = matou(*words, "--offline", HERE / "scans.txt", variables={"MATOU_NOW": NOW})
        assert hospital.ledger(NO)["codes"] == []
    else:
        done = matou(*words, stdin=HERE / "scans.txt", variables={"MATOU_NOW": NOW})

    assert_answers(done)
    assert finish(common) == COUNTS
    assert_as_in_the_example(hospital, common)
    calls = hospital.calls()["calls"]
    assert calls["items"]["count"] <= 3
    assert finish(common) == {**COUNTS, "sent": 0, "accepted": 0}
    assert hospital.calls()["calls"]["items"]["count"] == calls["items"]["count"]


@pytest.mark.parametrize("first", [3, 15])
def test_the_example_with_an_exchange_that_had_sent_some_already(
    hospital: SandboxProcess, common: tuple[str, ...], first: int
) -> None:
    """Undone, damaged and rejected at the hospital after they were accepted there."""
    with Talk(*receive_words(common), MATOU_NOW=NOW) as talk:
        got = [talk.ask(line) for line in SCANS[:first]]
        until(lambda: hospital.calls()["calls"].get("items", {}).get("count", 0) > 0)
        until(lambda: len(hospital.ledger(NO)["codes"]) >= 10)
        got += [talk.ask(line) for line in SCANS[first:]]
        status, rest = talk.end()

    assert status == 0
    assert [bare(line) for line in (*got, *rest)] == [bare(line) for line in answers()]
    assert finish(common) == COUNTS
    assert_as_in_the_example(hospital, common)


def test_the_example_in_three_sittings(hospital: SandboxProcess, common: tuple[str, ...]) -> None:
    """Numbers and sets survive restarts; each sitting ends with a line that says how far it is."""
    got: list[dict[str, Any]] = []
    for part in (SCANS[:10], SCANS[10:20], SCANS[20:]):
        done = matou(
            *receive_words(common), stdin=b"".join(line + b"\n" for line in part), variables={"MATOU_NOW": NOW}
        )
        assert (done.status, done.err) == (0, "")
        got += done.lines
    ends = [line for line in got if line["kind"] == "end"]

    assert [end["closed"] for end in ends] == [False, False, True]
    assert [bare(line) for line in got if line["kind"] != "end"] == [bare(line) for line in answers()[:-1]]
    assert ends[-1] == answers()[-1]
    assert finish(common) == COUNTS
    assert_as_in_the_example(hospital, common)


def test_the_example_when_the_first_reply_is_lost(hospital: SandboxProcess, common: tuple[str, ...]) -> None:
    """As in the example's own batch: taken, but the answer dropped; asked for, and never taken twice."""
    assert_answers(matou(*receive_words(common), "--offline", HERE / "scans.txt", variables={"MATOU_NOW": NOW}))
    hospital.faults({"plan": [{"endpoint": "items", "fault": "lost_reply", "nth": 1}]})

    assert finish(common) == COUNTS
    assert_as_in_the_example(hospital, common)


def test_the_example_from_a_scanner_with_printed_commands(
    hospital: SandboxProcess, common: tuple[str, ...], tmp_path: Path
) -> None:
    """The same boxes through a serial line, GS as a byte; commands are printed codes; once it is pulled out."""
    with PtyPort(tmp_path) as port, Talk(*receive_words(common), "--scanner", port.spec, MATOU_NOW=NOW) as talk:
        talk.wait_said("device_ready")
        got = [scanned(port, talk, line) for line in SCANS[:11]]
        port.unplug()
        talk.wait_said("port_lost")
        port.replug()
        talk.wait_said("device_ready", times=2)
        got += [scanned(port, talk, line) for line in SCANS[11:]]
        status, rest = talk.end()

    assert status == 0
    assert [bare(line) for line in (*got, *rest)] == [bare(line) for line in answers()]
    assert finish(common) == COUNTS
    assert_as_in_the_example(hospital, common)


def scanned(port: PtyPort, talk: Talk, line: bytes) -> dict[str, Any]:
    """What a line of the example would be as a label, sent by the scanner; its answer."""
    label = line
    if line.startswith(b"!"):
        label = b"MATOU" + line
    elif line.startswith(b"{"):
        found = json.loads(line)
        label = bytes.fromhex(found["raw_hex"]) if "raw_hex" in found else found["payload"].encode()
    port.write(label + b"\r")
    return talk.answer()
