"""Histories of one receipt on two devices against a model of sets (`receipt_model`): each seed is a history of its own.

Scans, undos, damaged, rejected, short, exempt, over, closes that must be refused, restarts and exchanges, in any order,
with the real program on a real file and the real sandbox on a real socket. After each exchange, and at the end, both
devices' equations and the hospital's ledger are held against the model; then one device closes, as the sums allow.
`python -m tests.campaign.receipt_campaign --seed N --count M`: the last line is the report; exit status 1 if something
differed. Small in the tests, large with `build/dev.py bench --receipts`. One thread beside the sandbox's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.base.errors import Trouble
from tests.campaign.campaign_device import PATIENT, CampaignDevice, made
from tests.campaign.campaign_goods import DEVICES, DRUG, PREFIX
from tests.campaign.campaign_hospital import LocalHospital
from tests.campaign.receipt_model import NUMBERS, PARTS, ReceiptModel
from tests.fixtures.sandbox import ROOT

MEMORY = Path("/dev/shm")
HISTORIES_A_HOSPITAL = 40
"""So many seeds share a hospital, each with a delivery of its own; then everything begins anew."""
STEPS = {"scan": 36, "undo": 12, "by_code": 12, "by_line": 9, "refused_close": 4, "restart": 3, "sync": 16}
WORDS = {"damaged": "damaged", "rejected": "reject"}
PARTS_HERE = (*PARTS[1:], "over")
MOST_OVER = 3
LIMIT_S, ROUNDS, LATER_MS, PACE_MS = 60.0, 6, 10_000, 50
FIRST_SERIAL = 10_000


@dataclass(slots=True)
class Report:
    """What some histories came to."""

    seed: int
    count: int
    lived: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    broken: dict[str, list[str]] = field(default_factory=dict)  # seed → words

    def add(self, other: Report) -> None:
        self.lived += other.lived
        self.counts = dict(Counter(self.counts) + Counter(other.counts))
        self.broken |= other.broken


@dataclass(slots=True)
class Goods:
    """A delivery as a manifest tells it."""

    number: str
    parents: dict[str, str | None] = field(default_factory=dict)
    level: dict[str, int] = field(default_factory=dict)
    line: dict[str, int] = field(default_factory=dict)

    @classmethod
    def draw(cls, seed: int, dice: random.Random) -> Goods:
        """One or two lines, each of a few boxes, bundles and cartons."""
        made_of = cls(f"H-{seed}")
        for line in range(1, dice.choice((2, 2, 3))):
            for _ in range(dice.randint(1, 3)):
                made_of._package(dice.choice((1, 1, 2, 3)), None, line, seed, dice)
        return made_of

    def _package(self, level: int, parent: str | None, line: int, seed: int, dice: random.Random) -> None:
        code = f"{PREFIX[level]}{FIRST_SERIAL + seed * 100 + len(self.parents):013d}"
        self.parents[code], self.level[code], self.line[code] = parent, level, line
        for _ in range(dice.randint(1, 3) if level > 1 else 0):
            self._package(dice.randint(1, level - 1), code, line, seed, dice)

    @property
    def boxes(self) -> dict[str, int]:
        """Smallest pack → line."""
        return {code: line for code, line in self.line.items() if self.level[code] == 1}

    def order(self) -> dict[str, object]:
        """What the sandbox's control door is told."""
        packs = Counter(self.boxes.values())
        lines = [
            {"line": line, "drug": DRUG, "batch": f"B{line}", "expiry": "2199-12-31", "packs": count}
            for line, count in sorted(packs.items())
        ]
        packages = [
            {"code": code, "level": self.level[code], "parent": parent, "line": self.line[code]}
            for code, parent in self.parents.items()
        ]
        delivery = {"delivery": self.number, "supplier": "演示医药", "manifest": "complete"}
        return {"deliveries": [{**delivery, "lines": lines, "packages": packages}]}


class History:
    """One seed."""

    def __init__(self, hospital: LocalHospital, devices: dict[str, CampaignDevice], seed: int) -> None:
        self._dice = random.Random(seed)
        self._goods = Goods.draw(seed, self._dice)
        self._hospital, self._devices = hospital, devices
        self._model = ReceiptModel(self._goods.parents, self._goods.boxes, DEVICES)
        self._codes = sorted(self._goods.parents)
        self._now = devices["a"].program.clock.now_ms()
        self.counts: Counter[str] = Counter()
        self.broken: list[str] = []
        self._steps: dict[str, Callable[[str], None]] = {
            "scan": self._scan, "undo": self._undo, "by_code": self._by_code, "by_line": self._by_line,
            "refused_close": self._refused_close, "restart": self._restart, "sync": self._sync,
        }  # fmt: skip

    def live(self) -> None:
        """Live through it; what differs is in `broken`."""
        self._hospital.seed(self._goods.order())
        for name in DEVICES:
            self._sync(name)
        for _ in range(self._dice.randint(10, 50)):
            (what,) = self._dice.choices(tuple(STEPS), tuple(STEPS.values()))
            self.counts[what] += 1
            self._steps[what](self._dice.choice(DEVICES))
            if self.broken:
                return
        for name in (*DEVICES, *DEVICES):  # the second time each hears what the other sent last
            self._sync(name)
        if not self.broken:
            self._close(self._dice.choice(DEVICES))

    # ------------------------------------------------------------------------------------------------- the steps

    def _scan(self, name: str) -> None:
        code = self._dice.choice(self._codes)
        found = self._devices[name].desk(self._goods.number).scan(code.encode(), at_ms=self._tick())
        wanted = self._model.counts(name, code)
        certain = not self._model.in_both_hands(code)
        self._hold(not certain or found.counted == wanted, name, "scan", code, found.reason, "should count:", wanted)
        self.counts["certain"] += certain
        if found.counted:
            self._model.say(name, "scan", code=code)

    def _undo(self, name: str) -> None:
        code = self._dice.choice((None, self._dice.choice(self._codes)))
        wanted = self._model.undo(name, code)
        self._order(name, f"undo {code or ''}".strip(), worked=wanted)

    def _by_code(self, name: str) -> None:
        kind, code = self._dice.choice(sorted(WORDS)), self._dice.choice(self._codes)
        self._model.say(name, kind, code=code)
        self._order(name, f"{WORDS[kind]} {code} 压坏")

    def _by_line(self, name: str) -> None:
        kind, line = self._dice.choice(NUMBERS), self._dice.choice(self._model.lines())
        most = MOST_OVER if kind == "over" else self._model.of_line([], line)["expected"]
        self._number(name, kind, line, self._dice.randint(0, most))

    def _refused_close(self, name: str) -> None:
        if self._model.adds_up(self._model.known_to(name)):
            return
        self._order(name, "close", worked=False)

    def _restart(self, name: str) -> None:
        before = self._sums(name)
        self._devices[name].close()
        self._devices[name].open()
        self._hold(self._sums(name) == before, name, "had", before, "and after a restart", self._sums(name))

    def _sync(self, name: str) -> None:
        device = self._devices[name]
        for _ in range(ROUNDS):
            trouble = device.run(LIMIT_S).trouble
            if trouble is None and not device.waiting():
                break
            device.jump(LATER_MS)
        self._hold(not device.waiting(), name, "still has", device.waiting(), "to send")
        self._model.meet(name)
        self._compare(name)

    def _close(self, name: str) -> None:
        """What is missing is short; a line with too much keeps the receipt open."""
        model, known = self._model, self._model.at_hospital()
        for line in model.lines():
            missing = model.missing(known, line)
            if missing > 0:
                self._number(name, "short", line, model.number(known, line, "short") + missing)
        closes = model.adds_up(model.known_to(name))
        sums = model.equation(model.known_to(name))
        self._order(name, "close", worked=closes)
        for each in (name, *DEVICES):
            self._sync(each)
        self.counts["closed"] += closes
        book = next((row for row in self._ledger()["receipts"] if row["id"] == self._receipt), None)
        if book is None:
            self._hold(not self._model.events, "the hospital has no receipt")
            return
        self._hold(book["state"] == ("closed" if closes else "open"), "the receipt is", book["state"])
        self._hold(book["equation"] == sums, "the hospital has", book["equation"], "and not", sums)
        for each in DEVICES if closes else ():
            self._devices[each]._desks.clear()
            try:
                self._devices[each].desk(self._goods.number)
                self._hold(False, each, "opens a closed receipt")
            except Trouble as trouble:
                self._hold(trouble.code == "receipt_closed", each, trouble.code)

    # ------------------------------------------------------------------------------------------------ behind them

    @property
    def _receipt(self) -> str:
        return f"{self._goods.number}-R1"

    def _number(self, name: str, kind: str, line: int, count: int) -> None:
        self._model.say(name, kind, line=line, count=count)
        self._order(name, f"{kind} {line} {count} 少货")

    def _order(self, name: str, text: str, *, worked: bool = True) -> None:
        found = self._devices[name].desk(self._goods.number).command(text, at_ms=self._tick())
        self._hold(found.ok == worked, name, text, found.reason, "and should work:", worked)

    def _tick(self) -> int:
        self._now += PACE_MS
        return self._now

    def _compare(self, name: str) -> None:
        """The device and, of what has reached it, the hospital."""
        model, device = self._model, self._devices[name]
        known = model.known_to(name)
        sums = model.equation(known) | {"over": sum(model.number(known, line, "over") for line in model.lines())}
        if device.sql(f"SELECT 1 FROM receipts WHERE id = '{self._receipt}'"):
            wanted = [sums[part] for part in PARTS_HERE]
            self._hold(self._sums(name) == wanted, name, "has", self._sums(name), "and not", wanted)
        ledger = self._ledger()
        conflicts = {row["code"] for row in ledger["conflicts"]}
        self.broken += [f"{name}: {words}" for words in model.judge(ledger["codes"], conflicts)]

    def _sums(self, name: str) -> list[object]:
        sums = ", ".join(f"coalesce(sum({part}), 0)" for part in PARTS_HERE)
        return list(self._devices[name].sql(f"SELECT {sums} FROM receipt_lines WHERE receipt = '{self._receipt}'")[0])

    def _ledger(self) -> dict[str, list[dict[str, object]]]:
        books = self._hospital.ledger(self._goods.number)
        conflicts = [row for row in books["conflicts"] if row["code"] in self._goods.parents]
        return {**books, "conflicts": conflicts}

    def _hold(self, promise: bool, *words: object) -> None:
        if not promise:
            self.broken.append(" ".join(map(str, words)))


def live(seeds: Iterable[int]) -> Iterator[Report]:
    """One history after the other, in this process. One that ends in an exception is broken, too."""
    logging.disable()
    try:
        waiting = list(seeds)
        while waiting:
            some, waiting = waiting[:HISTORIES_A_HOSPITAL], waiting[HISTORIES_A_HOSPITAL:]
            for report in _with_a_hospital(some):
                some = some[1:]
                yield report
            waiting = some + waiting
    finally:
        logging.disable(logging.NOTSET)


def _with_a_hospital(seeds: list[int]) -> Iterator[Report]:
    """Ends after a history that went wrong, because what it leaves behind would speak in the next ones."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="matou-receipts-") as place:
        root = Path(place)
        with LocalHospital(root / "hospital") as hospital, contextlib.ExitStack() as stack:
            devices = {name: _device(name, root, hospital, stack) for name in DEVICES}
            for seed in seeds:
                history = History(hospital, devices, seed)
                try:
                    history.live()
                except Exception:
                    history.broken.append(traceback.format_exc(limit=-4))
                broken = {str(seed): history.broken[:10]} if history.broken else {}
                yield Report(seed, 1, 1, 0.0, dict(history.counts), broken)
                if broken:
                    return


def _device(name: str, root: Path, hospital: LocalHospital, stack: contextlib.ExitStack) -> CampaignDevice:
    made(root / name, hospital.url)
    device = CampaignDevice(name, root / name, hospital.url)
    device.settings = PATIENT
    stack.callback(device.close)
    return device


def run_campaign(seed: int, count: int, jobs: int) -> Report:
    """So many seeds from `seed` on, shared by so many processes."""
    began, found = time.monotonic(), Report(seed, count)
    words = [sys.executable, "-m", "tests.campaign.receipt_campaign", "--seed", str(seed), "--count", str(count)]
    children = [
        subprocess.Popen(
            [*words, "--jobs", str(jobs), "--job", str(job)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for job in range(jobs)
    ]  # fmt: skip
    for child in children:
        out, _ = child.communicate()
        if child.returncode not in (0, 1) or not out:
            raise RuntimeError(f"a part of the campaign ended with {child.returncode}")
        found.add(Report(**json.loads(out.splitlines()[-1])))
    found.seconds = round(time.monotonic() - began, 1)
    return found


def _part(args: argparse.Namespace) -> Report:
    """The share of one process; what fails is said at once."""
    began, found = time.monotonic(), Report(args.seed, args.count)
    for report in live(range(args.seed + args.job, args.seed + args.count, args.jobs)):
        found.add(report)
        for seed, words in report.broken.items():
            sys.stderr.write(f"receipts: seed {seed}: {'; '.join(words[:5])}\n")
            sys.stderr.flush()
        if report.broken and args.stop:
            break
    found.seconds = round(time.monotonic() - began, 1)
    return found


def main() -> int:
    """The large size."""
    parser = argparse.ArgumentParser(prog="receipt_campaign")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--job", type=int, default=None, help="only this share of them, in this process")
    parser.add_argument("--stop", action="store_true", help="with --job: at the first that fails")
    args = parser.parse_args()
    found = run_campaign(args.seed, args.count, args.jobs) if args.job is None else _part(args)
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
