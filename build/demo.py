"""The demonstration: a clerk receives a delivery of 200 boxes, and everything that can go wrong does.

With a screen it is `matou --demo`, for people. Without one (or with `--offscreen`) it plays by itself, through the real
window: a hospital (the sandbox), a scanner on a real serial line (a pseudo-terminal), and a hand that clicks. On the
way: a duplicate, a foreign code, a box too many, a product code, a patient's voucher, an undo, a network that is cut
for five seconds, and a kill of the window in the middle. In the end the hospital's ledger holds every counted box once.
Every screen is pictured in both shells, both modes, at 100 and 200 %, and looked over by the automatic picture check.
Run by `python3 build/dev.py demo`; writes out/demo/summary.json. One thread; systems with pseudo-terminals.
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
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
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


class Window:
    """The real window as a child, off the screen, with a hand in it (demo_window.py) that takes orders."""

    def __init__(self, hospital: Hospital, scanner: Scanner, data: Path) -> None:
        words = ["--server", hospital.url, "--data-dir", str(data), "--scanner", scanner.spec]
        self._child = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", str(HERE / "demo_window.py"), str(OUT), *words],
            cwd=ROOT,
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._scanner = scanner
        self._heard: deque[Answer] = deque()
        self.do("ready")

    def do(self, order: str, **more: object) -> Answer:
        """Have the hand do one thing, and wait until it is done."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": order, **more}).encode() + b"\n")
        self._child.stdin.flush()
        while True:
            line = self._line()
            if line.get("did") == order:
                if "failed" in line:
                    raise SystemExit(f"the window failed at {order}: {line['failed']}")
                return line
            self._keep(line)

    def heard(self) -> Answer:
        """The next thing that was scanned or ordered, as it stands on the screen."""
        while not self._heard:
            self._keep(self._line())
        return self._heard.popleft()

    def shoot(self, code: str) -> Answer:
        """One scan over the wire, and what the window shows of it."""
        self.shoot_only(code)
        return self.heard()

    def shoot_only(self, code: str) -> None:
        """One scan that is not for the receipt."""
        self._scanner.shoot(code)

    def kill(self) -> None:
        self._child.send_signal(signal.SIGKILL)
        self._child.wait(timeout=20)

    def end(self) -> None:
        """Close the window as a person does."""
        self.do("quit")
        if self._child.wait(timeout=30) != 0:
            raise SystemExit(f"the window ended with {self._child.returncode}")

    def _line(self) -> Answer:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit(f"the window ended early ({self._child.wait()})")
        found: Answer = json.loads(line)
        return found

    def _keep(self, line: Answer) -> None:
        if "heard" in line:
            self._heard.append(line)


@dataclass(slots=True)
class Played:
    """What happened: (what was shot, reason expected, what the window showed), and what was seen on the way."""

    answers: list[tuple[str, str, Answer]] = field(default_factory=list)
    screenshots: list[str] = field(default_factory=list)
    picture_problems: list[str] = field(default_factory=list)
    restart: Answer = field(default_factory=dict)
    closed: Answer = field(default_factory=dict)

    def take(self, pictures: Answer) -> None:
        self.screenshots += pictures["files"]
        self.picture_problems += pictures["problems"]


def main() -> int:
    """With a screen: the window, for people. Without: the whole story; 0 if nothing was lost or doubled."""
    if has_screen() and "--offscreen" not in sys.argv[1:]:
        return subprocess.run([*MATOU, "--demo", *sys.argv[1:]], cwd=ROOT, check=False).returncode
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        say("演示医院和扫码枪就位")
        hospital = Hospital()
        stack.callback(hospital.close)
        scanner = Scanner()
        stack.callback(scanner.close)
        key = next(row for row in hospital.get("deliveries")["deliveries"] if row["delivery"] == DELIVERY)
        voucher = hospital.get("patients")["patients"][0]["voucher"]
        steps = story(key, hospital, voucher)
        played = Played()
        try:
            play(hospital, scanner, OUT / "data", steps, key["packages"][0]["code"], played)
        except SystemExit:
            say(f"最后的应答：{json.dumps([*surprises_of(played.answers), *played.answers[-1:]], ensure_ascii=False)}")
            raise
        say("核对医院台账")
        summary = compare(key, played, hospital.get("ledger"))
    summary["seconds"] = round(time.monotonic() - began, 1)
    (OUT / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary, ensure_ascii=False))
    good = summary["accepted"] == summary["ledger_codes"] == BOXES and summary["closed"]
    wrong = ("lost", "double", "surprises", "picture_problems")
    good = good and not any(summary[name] for name in wrong)
    say("演示完成：一盒不丢，一盒不重" if good else "演示没有通过，请看 summary.json")
    return 0 if good else 3


def has_screen() -> bool:
    """Whether people can see a window here."""
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


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
    yield "undo", "ok"
    yield boxes[bundles[1]][-1], "ok"
    yield "pictures", "receiving"
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
    yield "close", "ok"


def play(
    hospital: Hospital, scanner: Scanner, data: Path, steps: Iterator[tuple[str, str]], carton: str, played: Played
) -> None:
    """Shoot one after the other, each after the answer to the one before was painted."""
    window = open_window(hospital, scanner, data, "pocket", played)
    played.take(window.do("pictures", screens=["tasks"]))
    window.do("open", delivery=DELIVERY)
    for what, expected in steps:
        if what == "cut":
            say(f"网络断开 {CUT_S} 秒，继续扫码")
            hospital.cut_network(CUT_S)
        elif what == "pictures":
            shells = ["small", "pocket", "desk"] if expected == "receiving" else ["pocket", "desk"]
            played.take(window.do("pictures", screens=["receiving"], name=expected, shells=shells))
        elif what == "restart":
            window = restart(window, hospital, scanner, data, played)
        elif what in ("undo", "close"):
            done = window.do(what)
            played.answers.append((what, expected, window.heard()))
            played.closed = done if what == "close" else played.closed
        else:
            shoot(window, what, expected, played)
            time.sleep(PACE_S)
    say("查询、上传、冲突、验收、摄像头、设备、设置、关于")
    look_around(window, carton, played)
    window.end()


def open_window(hospital: Hospital, scanner: Scanner, data: Path, shell: str, played: Played) -> Window:
    """A person comes to the window and signs in."""
    first = not played.screenshots
    window = Window(hospital, scanner, data)
    window.do("shape", shell=shell)
    if first:
        played.take(window.do("pictures", screens=["sign_in"]))
        window.do("choose_person", operator=OPERATOR)
        played.take(window.do("pictures", screens=["sign_in"], name="sign_in_pin"))
    window.do("sign_in", operator=OPERATOR, pin=PIN)
    return window


def shoot(window: Window, code: str, expected: str, played: Played) -> None:
    """One box. A stop is confirmed by its button, as soon as a picture of it was taken."""
    answer = window.shoot(code)
    played.answers.append((code, expected, answer))
    if answer["holding"]:
        if not any(name.startswith("receiving_stop") for name in played.screenshots):
            played.take(window.do("pictures", screens=["receiving"], name="receiving_stop"))
        window.do("confirm")
        played.answers.append(("confirm", "ok", window.heard()))


def restart(window: Window, hospital: Hospital, scanner: Scanner, data: Path, played: Played) -> Window:
    """The power is gone in the middle; then the same line with the same numbers stands there again."""
    say("窗口被强行结束，重新打开，接着扫")
    last = next(answer for _, _, answer in reversed(played.answers) if answer.get("counted"))
    window.kill()
    again = open_window(hospital, scanner, data, "desk", played)
    opened = again.do("open", delivery=DELIVERY)
    played.restart = {
        "line": last["line"], "before": last["row"], "after": opened["rows"][str(last["line"])],
        "received_before": last["received"], "received_after": opened["received"],
    }  # fmt: skip
    return again


def look_around(window: Window, carton: str, played: Played) -> None:
    """The other screens, each with something on it."""
    for screen in ("lookup", "devices"):
        window.do("go", screen=screen)
        window.shoot_only(carton)
        window.do("seen", screen=screen)
    window.do("send")
    others = ["lookup", "uploads", "conflicts", "acceptance", "camera", "devices", "settings", "about"]
    played.take(window.do("pictures", screens=others))


def compare(key: Answer, played: Played, ledger: Answer) -> Answer:
    """Every counted box is in the ledger once, and nothing else is; the window said what the story says."""
    codes = {row["code"]: row for row in ledger["codes"] if row["delivery"] == DELIVERY}
    inside = {code for code, row in codes.items() if row["state"] == "in"}
    expected = {row["code"] for row in key["packages"] if row["level"] == 1}
    answers = played.answers
    surprises = surprises_of(answers)
    again = played.restart
    if again["before"] != again["after"] or again["received_before"] != again["received_after"]:
        surprises.append({"restart": again})
    return {
        "accepted": played.closed["received"],
        "ledger_codes": len(inside),
        "lost": sorted(expected - inside),
        "double": sorted(code for code, row in codes.items() if row["times"] != 1),
        "screenshots": [f"out/demo/{name}" for name in played.screenshots],
        "seconds": 0.0,
        "picture_problems": played.picture_problems,
        "scans": sum(answer["heard"] == "scan" for _, _, answer in answers),
        "counted": sum(bool(answer.get("counted")) for _, _, answer in answers),
        "reasons": dict(sorted(count(answer["reason"] for _, _, answer in answers).items())),
        "closed": played.closed["closed"],
        "restart": again,
        "surprises": surprises,
    }


def surprises_of(answers: list[tuple[str, str, Answer]]) -> list[Answer]:
    """Where the window said something else than the story."""
    return [
        {"shot": "***" if reason == "voucher_at_dock" else code, "expected": reason, "answered": answer["reason"]}
        for code, reason, answer in answers
        if answer["reason"] != reason
    ]


def count(words: Iterator[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def say(sentence: str) -> None:
    print(f"· {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
