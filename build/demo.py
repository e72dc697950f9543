"""The demonstration: a clerk receives a delivery of 200 boxes, and everything that can go wrong does.

A hospital (the sandbox), a scanner on a real serial line (a pseudo-terminal) and `matou receive` as a program of its
own. On the way: a duplicate, a foreign code, a box too many, a product code, a patient's voucher, an undo, a network
that is cut for five seconds, and a kill in the middle. In the end the hospital's ledger must hold every counted box
once. Run by `python3 build/dev.py demo`; writes out/demo/summary.json. Linux and other systems with pseudo-terminals.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tty
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "demo"
DELIVERY = "DEMO-20261122-11"
OPERATOR, PIN = "1001", "1234"
BOXES = 200
CUT_S = 5
PACE_S = 0.03  # a quick clerk's hand, and time for the cut to be felt
MATOU = (sys.executable, "-m", "app")
Answer = dict[str, Any]


class Hospital:
    """`matou sandbox` as a child; ends when its standard input closes."""

    def __init__(self) -> None:
        self._child = subprocess.Popen([*MATOU, "sandbox"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit("the demo hospital did not start")
        first = json.loads(line)
        self.url: str = first["url"]
        self._control: str = first["control"]

    def close(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(timeout=20)

    def get(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self._control}/{what}", timeout=30) as reply:  # noqa: S310 - loopback
            return json.load(reply)

    def cut_network(self, seconds: int) -> None:
        plan = {"plan": [{"fault": "refuse_connection", "for_s": seconds}]}
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self._control}/faults", json.dumps(plan).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            pass


class Scanner:
    """A scanner on a serial line: what is shot goes out with a carriage return, byte for byte."""

    def __init__(self) -> None:
        self._gun, self._port = os.openpty()
        tty.setraw(self._port)
        self.spec = f"serial:{os.ttyname(self._port)}"

    def shoot(self, code: str) -> None:
        os.write(self._gun, code.encode("utf-8") + b"\r")

    def close(self) -> None:
        os.close(self._gun)
        os.close(self._port)


class Receiving:
    """`matou receive` as a child that listens to the scanner."""

    def __init__(self, hospital: Hospital, scanner: Scanner, data: Path) -> None:
        self._child = subprocess.Popen(
            [*MATOU, "receive", "--delivery", DELIVERY, "--operator", OPERATOR, "--server", hospital.url,
             "--data-dir", str(data), "--scanner", scanner.spec],
            cwd=ROOT, env=os.environ | {"MATOU_PIN": PIN}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self._child.stderr is not None
        for line in self._child.stderr:  # what is shot before the port is open would be lost on any serial line
            if line.startswith(b"device_ready"):
                return
            sys.stderr.write(line.decode("utf-8", "replace"))
        raise SystemExit(f"matou receive ended early ({self._child.wait()})")

    def answer(self) -> Answer:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit(f"matou receive ended early ({self._child.wait()})")
        found: Answer = json.loads(line)
        return found

    def kill(self) -> None:
        self._child.send_signal(signal.SIGKILL)
        self._child.wait(timeout=20)

    def end(self) -> Answer:
        """The end line, after the close."""
        line = self.answer()
        status = self._child.wait(timeout=30)
        if status != 0:
            raise SystemExit(f"matou receive ended with {status}")
        return line


def main() -> int:
    """Play the whole story; 0 if nothing was lost or doubled."""
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        say("演示医院和扫码枪就位")
        hospital = Hospital()
        stack.callback(hospital.close)
        scanner = Scanner()
        stack.callback(scanner.close)
        data = OUT / "data"
        sync(hospital, data)
        key = next(row for row in hospital.get("deliveries")["deliveries"] if row["delivery"] == DELIVERY)
        voucher = hospital.get("patients")["patients"][0]["voucher"]
        answers, end = play(hospital, scanner, data, story(key, hospital, voucher))
        say("同步到医院，核对台账")
        sync(hospital, data)
        summary = compare(key, answers, end, hospital.get("ledger"))
    summary["seconds"] = round(time.monotonic() - began, 1)
    (OUT / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary, ensure_ascii=False))
    good = summary["accepted"] == summary["ledger_codes"] == BOXES and summary["closed"]
    good = good and not (summary["lost"] or summary["double"] or summary["surprises"])
    say("演示完成：一盒不丢，一盒不重" if good else "演示没有通过，请看 summary.json")
    return 0 if good else 3


def story(key: Answer, hospital: Hospital, voucher: str) -> Iterator[tuple[str, str]]:
    """What happens, as (what is shot or done, reason expected)."""
    packages = key["packages"]
    bundles = [row["code"] for row in packages if row["level"] == 2]
    boxes = {bundle: [row["code"] for row in packages if row["parent"] == bundle] for bundle in bundles}
    ledger = hospital.get("ledger")["codes"]
    earlier = next(row["code"] for row in ledger if row["code"].startswith("8999011"))
    for box in boxes[bundles[0]]:
        yield box, "ok"
    yield boxes[bundles[0]][0], "duplicate_in_receipt"
    yield "89990710335974782423", "not_in_delivery"  # a drug of another delivery
    yield "89990117840170011135", "over_quantity"  # this drug, but nobody sent it
    yield earlier, "already_received"
    yield "6901234567892", "product_code"
    yield voucher, "voucher_at_dock"
    for box in boxes[bundles[1]]:
        yield box, "ok"
    yield "MATOU!undo", "ok"
    yield boxes[bundles[1]][-1], "ok"
    yield "cut", ""
    for bundle in bundles[2:5]:
        for box in boxes[bundle]:
            yield box, "ok"
    yield "restart", ""
    yield boxes[bundles[4]][-1], "duplicate_in_receipt"
    for bundle in bundles[5:8]:
        for box in boxes[bundle]:
            yield box, "ok"
    yield bundles[8], "ok"
    yield boxes[bundles[8]][0], "covered_by_parent"
    yield next(row["code"] for row in packages if row["level"] == 3), "ok"  # the carton brings the last bundle
    yield "MATOU!close", "ok"


def play(
    hospital: Hospital, scanner: Scanner, data: Path, steps: Iterator[tuple[str, str]]
) -> tuple[list[tuple[str, str, Answer]], Answer]:
    """Shoot one after the other, each after the answer to the one before. Returns the answers and the end line."""
    receiving = Receiving(hospital, scanner, data)
    answers: list[tuple[str, str, Answer]] = []
    for code, expected in steps:
        if code == "cut":
            say(f"网络断开 {CUT_S} 秒，继续扫码")
            hospital.cut_network(CUT_S)
        elif code == "restart":
            say("程序被强行结束，重新打开，接着扫")
            receiving.kill()
            receiving = Receiving(hospital, scanner, data)
        else:
            scanner.shoot(code)
            answers.append((code, expected, receiving.answer()))
            time.sleep(PACE_S)
    return answers, receiving.end()


def compare(key: Answer, answers: list[tuple[str, str, Answer]], end: Answer, ledger: Answer) -> Answer:
    """Every counted box is in the ledger once, and nothing else is."""
    codes = {row["code"]: row for row in ledger["codes"] if row["delivery"] == DELIVERY}
    inside = {code for code, row in codes.items() if row["state"] == "in"}
    expected = {row["code"] for row in key["packages"] if row["level"] == 1}
    surprises = [
        {"shot": "***" if reason == "voucher_at_dock" else code, "expected": reason, "answered": answer["reason"]}
        for code, reason, answer in answers
        if answer["reason"] != reason
    ]
    return {
        "accepted": end["equation"]["received"],
        "ledger_codes": len(inside),
        "lost": sorted(expected - inside),
        "double": sorted(code for code, row in codes.items() if row["times"] != 1),
        "screenshots": [],
        "seconds": 0.0,
        "scans": sum(answer["kind"] == "scan" for _, _, answer in answers),
        "counted": sum(bool(answer.get("counted")) for _, _, answer in answers),
        "reasons": dict(sorted(count(answer["reason"] for _, _, answer in answers).items())),
        "closed": end["closed"],
        "surprises": surprises,
    }


def count(words: Iterator[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def sync(hospital: Hospital, data: Path) -> None:
    child = subprocess.run(
        [*MATOU, "sync", "--until-empty", "--server", hospital.url, "--data-dir", str(data)],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if child.returncode != 0:
        raise SystemExit(f"matou sync ended with {child.returncode}: {child.stderr.decode('utf-8', 'replace')}")


def say(sentence: str) -> None:
    print(f"· {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
