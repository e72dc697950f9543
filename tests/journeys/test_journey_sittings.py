"""How a sitting begins, is interrupted and ends: scanners, signals, holds, clocks; and looking while it goes on."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.journeys.journey_program import COMMAND, Talk, matou
from tests.journeys.journey_wire import closed_port

NO = "DEMO-20261122-11"
RECEIPT = f"{NO}-R1"
HERE = ("receive", "--offline", "--delivery", NO, "--operator", "1001")
NOW, NOW_MS = "2026-11-22T06:00:00Z", 1_795_327_200_000


@pytest.fixture(scope="module")
def boxes(shared_hospital: SandboxProcess) -> list[str]:
    """The boxes of the delivery."""
    packages = shared_hospital.deliveries()[NO]["packages"]
    return [row["code"] for row in packages if row["level"] == 1]


def entries(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(folder / "matou.db")) as file:
        return file.execute(f"SELECT {columns} FROM entries WHERE receipt = ? ORDER BY seq", (RECEIPT,)).fetchall()


def end_line(received: int, lists: dict[str, int] | None = None) -> dict[str, Any]:
    names = ("extra", "foreign", "duplicate", "offered", "conflict", "already", "wrong_batch", "expired", "recalled",
             "near_expiry", "to_clear")  # fmt: skip
    equation = {"expected": 200, "received": received, "short": 0, "damaged": 0, "rejected": 0, "exempt": 0}
    return {
        "kind": "end", "closed": False, "receipt": RECEIPT, "equation": equation,
        "lists": {**dict.fromkeys(names, 0), **(lists or {})},
    }  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- the end


def test_no_input_at_all(data: Path) -> None:
    done = matou(*HERE, "--data-dir", data)

    assert (done.status, done.err, done.lines) == (0, "", [end_line(0)])


def test_standard_input_that_is_closed(data: Path) -> None:
    """Started without any standard input, as by a service."""
    words = ("-c", 'exec 0<&-; exec "$@"', "sh", *COMMAND, *HERE, "--data-dir", data)
    done = matou(*words, command=("sh",))
    assert (done.status, done.err, done.lines) == (0, "", [end_line(0)])

    without_pin = matou(*words, command=("sh",), variables={"MATOU_PIN": None})
    assert (without_pin.complaint, without_pin.status) == ("pin_missing", 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_sitting_with_its_line(data: Path, boxes: list[str], number: signal.Signals) -> None:
    with Talk(*HERE, "--data-dir", data) as talk:
        assert talk.ask(boxes[0])["received"] == 1
        talk.signal(number)
        end = talk.answer()
        status = talk.process.wait(30)
        assert talk.said == []

    assert (status, end) == (0, end_line(1))
    assert [row[0] for row in entries(data, "payload")] == [boxes[0]]


def test_a_signal_among_many_inputs_loses_no_answered_box(data: Path, boxes: list[str]) -> None:
    """What was answered is kept, what was not is not half there, and the sums are those of the answers."""
    with Talk(*HERE, "--data-dir", data) as talk:
        talk.say(*boxes)
        first = talk.answer()
        talk.signal()
        status, rest = talk.end()
    answered = [first, *(line for line in rest if line["kind"] == "scan")]

    assert status == 0
    assert rest[-1] == end_line(len(answered))
    assert [row[0] for row in entries(data, "payload")] == [line["payload"] for line in answered]


def test_a_reader_that_goes_away_is_no_fault(data: Path, boxes: list[str]) -> None:
    script = f'"$@" < {data}/lines | head -n 3'
    (data / "lines").write_text("".join(f"{box}\n" for box in boxes))
    done = matou("-c", script, "sh", *COMMAND, *HERE, "--data-dir", data, command=("sh",))

    assert done.err == ""
    assert [line["seq"] for line in done.lines] == [1, 2, 3]
    assert matou(*HERE, "--data-dir", data).status == 0


def test_lines_without_an_end_and_with_a_windows_end(data: Path, boxes: list[str]) -> None:
    done = matou(*HERE, "--data-dir", data, stdin=f"{boxes[0]}\r\n{boxes[1]}".encode())

    assert [(line["payload"], line["reason"]) for line in done.lines[:-1]] == [(boxes[0], "ok"), (boxes[1], "ok")]


# ---------------------------------------------------------------------------------------------------------- scanners


def test_a_scanner_that_is_not_there_yet(data: Path, boxes: list[str], tmp_path: Path) -> None:
    """The program says so, waits, and takes it when it comes."""
    with PtyPort(tmp_path) as port:
        port.unplug()
        with Talk(*HERE, "--data-dir", data, "--scanner", port.spec) as talk:
            talk.wait_said("port_not_found")
            port.replug()
            talk.wait_said("device_ready")
            port.write(boxes[0].encode() + b"\r\n")
            assert talk.answer()["received"] == 1
            talk.signal()
            status, (end,) = talk.end()
            said = [line.partition(": ")[0] for line in talk.said]

    assert (status, end) == (0, end_line(1))
    assert said == ["port_not_found", "device_ready"]


def test_a_scanner_keeps_every_byte(data: Path, tmp_path: Path) -> None:
    """GS, other controls and bytes that are no text are kept as they came; only the line end is the scanner's."""
    labels = (b"]d2010952999900202021AB\x1d10B\x1dC", b"\x1e\x04mid\x1dend", b"\xd1\xdd\xca\xbe001", " 空 格 ".encode())
    with PtyPort(tmp_path) as port, Talk(*HERE, "--data-dir", data, "--scanner", f"{port.spec}?suffix=CR") as talk:
        talk.wait_said("device_ready")
        for label in labels:
            port.write(label + b"\r")
            talk.answer()
        talk.signal()
        assert talk.end()[0] == 0

    kept = entries(data, "payload, raw, scanner")
    assert [payload.encode() if raw is None else raw for payload, raw, _ in kept] == list(labels)
    assert {scanner for _, _, scanner in kept} == {port.spec}


def test_a_recording_ends_the_sitting_by_itself(data: Path) -> None:
    done = matou(*HERE, "--data-dir", data, "--scanner", "replay:/nowhere/at/all")

    assert done.status in (0, 3)
    assert "Traceback" not in done.err
    assert done.err.count("\n") >= 1


# -------------------------------------------------------------------------------------------------------------- holds


def test_a_stop_holds_until_it_is_confirmed_also_over_a_restart(data: Path, boxes: list[str]) -> None:
    held = (*HERE, "--hold", "--data-dir", data)
    with Talk(*held) as talk:
        assert talk.ask(boxes[0])["reason"] == "ok"
        assert talk.ask("89990110000000000000")["reason"] == "over_quantity"
        assert talk.ask(boxes[1])["reason"] == "held_by_stop"
        assert talk.end()[0] == 0
    with Talk(*held) as talk:
        assert talk.ask(boxes[1])["reason"] == "held_by_stop"
        assert talk.ask("!confirm")["ok"] is True
        assert talk.ask("!confirm")["reason"] == "nothing_to_confirm"
        assert talk.ask(boxes[1])["received"] == 2
        assert talk.end() == (0, [end_line(2, {"extra": 1})])


def test_a_sitting_without_hold_is_not_held(data: Path, boxes: list[str]) -> None:
    with Talk(*HERE, "--data-dir", data) as talk:
        assert talk.ask("89990110000000000000")["reason"] == "over_quantity"
        assert talk.ask(boxes[1])["reason"] == "ok"


# -------------------------------------------------------------------------------------------------------------- clock


def test_the_clock_can_be_set_in_a_sandbox_only(data: Path, boxes: list[str]) -> None:
    assert matou(*HERE, "--data-dir", data, stdin=boxes[0].encode(), variables={"MATOU_NOW": NOW}).status == 0
    with contextlib.closing(sqlite3.connect(data / "matou.db")) as file, file:
        (site,) = file.execute("SELECT value FROM meta WHERE key = 'site'").fetchone()
        real = json.dumps({**json.loads(site), "synthetic": False})
        file.execute("UPDATE meta SET value = ? WHERE key = 'site'", (real,))
    before_ms = time.time_ns() // 1_000_000
    assert matou(*HERE, "--data-dir", data, stdin=boxes[1].encode(), variables={"MATOU_NOW": NOW}).status == 0
    after_ms = time.time_ns() // 1_000_000

    (sandbox_ms,), (real_ms,) = entries(data, "at_ms")
    assert NOW_MS <= sandbox_ms < NOW_MS + 60_000
    assert before_ms <= real_ms <= after_ms


# ------------------------------------------------------------------------------------------- looking from beside it


def test_show_beside_a_program_that_writes(data: Path, boxes: list[str]) -> None:
    with Talk(*HERE, "--data-dir", data) as talk:
        assert talk.ask(boxes[0])["reason"] == "ok"
        shown = matou("show", boxes[0], "--json", "--data-dir", data)
        words = matou("show", boxes[0], "--data-dir", data)
        assert talk.ask(boxes[1])["reason"] == "ok"
        assert talk.end()[0] == 0

    (found,) = shown.lines
    assert (shown.status, shown.err, words.status) == (0, "", 0)
    assert [(event["what"], event["reason"], event["in_force"]) for event in found["history"]] == [("scan", "ok", True)]
    assert found["manifests"][0]["delivery"] == NO
    assert NO in words.out.decode()


@pytest.mark.parametrize("code", ["", "no such code", b"\xd1\xdd", "4240000000000000000000990000", "x" * 5000, "\n"])
def test_show_of_anything_is_an_answer(data: Path, code: str | bytes) -> None:
    done = matou("show", "--json", "--data-dir", data, "--", code)

    assert (done.status, done.err) == (0, "")
    (found,) = done.lines
    assert found["known"] is False
    assert "424000000" not in done.out.decode()


@pytest.mark.parametrize("way", ["without", "dead", "alive"])
def test_self_test(data: Path, shared_hospital: SandboxProcess, way: str) -> None:
    server = {"without": (), "dead": ("--server", f"http://127.0.0.1:{closed_port()}")}.get(
        way, ("--server", shared_hospital.url)
    )
    done = matou("self-test", "--json", "--data-dir", data, *server)
    words = matou("self-test", "--data-dir", data, *server)

    (found,) = done.lines
    states = {check["check"]: check["state"] for check in found["checks"]}
    assert states["server"] == {"without": "attention", "dead": "fail", "alive": "pass"}[way]
    assert all(
        states[name] == "pass" for name in ("python", "sqlite", "texts", "folder", "database", "commit", "queue")
    )
    assert all(check["cure"] for check in found["checks"] if check["state"] != "pass")
    assert found["passed"] is (way != "dead")
    assert done.status == words.status == (3 if way == "dead" else 0)
    assert len(words.out.decode().splitlines()) == len(found["checks"])
    if way == "dead":
        assert done.complaint == words.complaint == "self_test_failed"


def test_self_test_of_a_damaged_folder(data: Path) -> None:
    with (data / "matou.db").open("r+b") as file:
        file.truncate(5_000)
    done = matou("self-test", "--json", "--data-dir", data)

    (found,) = done.lines
    assert (done.complaint, done.status, found["passed"]) == ("self_test_failed", 3, False)
    assert {check["check"]: check["state"] for check in found["checks"]}["folder"] == "fail"
