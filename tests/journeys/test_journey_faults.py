"""A carton of two hundred boxes over a bad network, and over a good one: the books are right, and the calls are few."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.journeys.journey_program import Talk, matou, until, with_times

NO = "DEMO-20261122-11"
RECEIPT = f"{NO}-R1"
BAD_NETWORK = {"lost_reply": 0.2, "status:503": 0.15, "half_refused": 0.1, "reset_mid_reply": 0.1}
MOST_REQUESTS = 12  # for 200 boxes in 20 seconds
GAP_S = 0.1


def drain(common: tuple[str | Path, ...]) -> tuple[dict[str, int], dict[str, int]]:
    """Synchronise until all is done, however often that takes; what was sent in all, and the last line."""
    sums = {"sent": 0, "accepted": 0}
    for _ in range(10):
        done = matou("sync", "--until-empty", "--limit", "30", *common)
        line: dict[str, int] = json.loads(done.out)
        sums = {name: count + line[name] for name, count in sums.items()}
        if done.status == 0:
            return sums, line
    raise AssertionError(sums)


def boxes_of(hospital: SandboxProcess) -> list[str]:
    return [row["code"] for row in hospital.deliveries()[NO]["packages"] if row["level"] == 1]


def test_a_bad_network_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Boxes, some undone or damaged while their first scan may be on its way, and an exchange in the background."""
    with SandboxProcess() as hospital:
        boxes = boxes_of(hospital)
        common = ("--server", hospital.url, "--data-dir", tmp_path / "data")
        assert matou("sync", "--until-empty", *common).status == 0
        hospital.faults(BAD_NETWORK)
        feed = [*boxes, f"!undo {boxes[7]}", f"!damaged {boxes[8]} 破损", boxes[7], f"!undo {boxes[9]}"]
        done = matou(
            "receive", "--delivery", NO, "--operator", "1001", *common,
            stdin="".join(f"{line}\n" for line in feed).encode(),
        )  # fmt: skip
        assert done.status == 0
        sums, line = drain(common)
        ledger = hospital.ledger(NO)
        calls = hospital.calls()["calls"]

    assert sums == {"sent": 204, "accepted": 204}
    assert (line["refused"], line["held"], line["unsure"], line["waiting"]) == (0, 0, 0, 0)
    rows = with_times(ledger["codes"])
    assert rows == {code: ("reversed" if code in (boxes[8], boxes[9]) else "in", 1) for code in boxes}
    assert ledger["conflicts"] == []
    assert calls["items"]["count"] > 1


def test_two_hundred_boxes_in_twenty_seconds_are_few_requests(tmp_path: Path) -> None:
    """The one slow test: a scanner at ten boxes a second, in real time."""
    with SandboxProcess() as hospital, PtyPort(tmp_path) as port:
        boxes = boxes_of(hospital)
        common = ("--server", hospital.url, "--data-dir", tmp_path / "data")
        assert matou("sync", "--until-empty", *common).status == 0
        words = ("receive", "--delivery", NO, "--operator", "1001", *common, "--scanner", port.spec)
        with Talk(*words) as talk:
            talk.wait_said("device_ready")
            until(lambda: hospital.calls()["calls"].get("changes", {}).get("count", 0) >= 2)
            hospital.reset_calls()
            hand = threading.Thread(target=shoot, args=(port, boxes))
            hand.start()
            answers = [talk.answer() for _ in boxes]
            hand.join()
            calls = hospital.calls()
            port.write(b"MATOU!close\r")
            assert talk.answer()["ok"] is True
            status, (end,) = talk.end()
        assert matou("sync", "--until-empty", *common).status == 0
        rows = with_times(hospital.ledger(NO)["codes"])

    assert [answer["received"] for answer in answers] == list(range(1, 201))
    assert (status, end["closed"], end["equation"]["received"]) == (0, True, 200)
    assert 0 < calls["total"] <= MOST_REQUESTS, calls
    assert calls["calls"]["items"]["count"] >= 3, calls
    assert rows == dict.fromkeys(boxes, ("in", 1))


def shoot(port: PtyPort, boxes: list[str]) -> None:
    pace = threading.Event()
    for box in boxes:
        port.write(box.encode() + b"\r")
        pace.wait(GAP_S)
