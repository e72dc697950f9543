"""Hard deliveries whose packages the relay tells: two data folders, no network any more, any order of shots.

Whatever is shot first, the same packs are in; a carton stands for its true boxes or gives a reason, and never for a box
that is not there. Then one folder meets the hospital, and its books say the same. Main thread; the sandbox is a process
of its own. Small in the tests, large with `python -m tests.journeys.package_campaign --seed N --count 50`; the last
line of standard output is the report, exit status 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from app.base.options import Environment
from app.domain.rights import Operator
from app.flows.outcomes import ScanOutcome
from app.flows.receiving import Receiving
from app.wiring import Call, Program
from tests.fixtures.hospital import NOW_MS
from tests.fixtures.sandbox import SandboxProcess

LIMIT_S = 120
SHOTS = 12  # packages and boxes that the second folder shoots before it shoots every box
IN = frozenset({"ok", "near_expiry"})
IN_ALREADY = frozenset({"covered_by_parent", "children_all_in", "duplicate_in_receipt"})
# Why a package of a right manifest may be stopped, by the case that the delivery was drawn for.
STOPPED: Mapping[str, str] = {"opened_carton": "parent_opened", "two_parent_claim": "source_conflict"}
# What a package may be answered whose manifest is wrong or never came.
DOUBTS = frozenset(
    {"source_conflict", "parent_opened", "wrong_batch", "over_quantity", "not_in_delivery", "unknown_code", "ambiguous"}
)


@dataclass(frozen=True)
class Goods:
    """One delivery as it really stands at the dock: the answer key."""

    number: str
    manifest: str  # complete, late, wrong, missing
    cases: tuple[str, ...]
    levels: Mapping[str, int]
    parents: Mapping[str, str | None]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Goods:
        packages = row["packages"]
        return cls(
            row["delivery"], row["manifest"], tuple(row["cases"]),
            {one["code"]: one["level"] for one in packages}, {one["code"]: one["parent"] for one in packages},
        )  # fmt: skip

    @property
    def receipt(self) -> str:
        return f"{self.number}-R1"

    @property
    def boxes(self) -> list[str]:
        return sorted(code for code, level in self.levels.items() if level == 1)

    @property
    def cartons(self) -> list[str]:
        """Everything that is no box."""
        return sorted(code for code, level in self.levels.items() if level > 1)

    @cached_property
    def inside(self) -> Mapping[str, set[str]]:
        """The true boxes of every package; of a box itself."""
        found: dict[str, set[str]] = defaultdict(set)
        for box in self.boxes:
            above: str | None = box
            while above is not None:
                found[above].add(box)
                above = self.parents[above]
        return found

    def may_be_stopped(self, reason: str) -> bool:
        """True if a package of this delivery may be answered so, and the boxes are shot instead."""
        if self.manifest in ("wrong", "missing"):
            return reason in DOUBTS
        return reason in {STOPPED.get(case) for case in self.cases}


@dataclass(slots=True)
class Report:
    """What a campaign came to. `broken`: every promise that was not kept, in words."""

    seed: int
    deliveries: int = 0
    boxes: int = 0
    packages_shot: int = 0
    packages_counted: int = 0
    packages_stopped: int = 0
    estimates: int = 0
    boxes_unclear: int = 0  # nobody told of them, and their text can be read in two ways
    boxes_on_wrong_line: int = 0  # nobody told their batch: the hospital knows it, and refuses
    conflicts: int = 0
    ledger_codes: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)

    def hold(self, promise: bool, *words: object) -> None:
        """Note a promise that is not kept."""
        if not promise:
            self.broken.append(" ".join(str(word) for word in words))


class Folder:
    """One device: its data folder, with or without a hospital."""

    def __init__(self, root: Path, server: str | None = None) -> None:
        self.program = Program(Call("campaign", root, server, Environment(now_ms=NOW_MS)))

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.program.close()

    def sync(self) -> None:
        """Everything there and back. AssertionError if the world is in the way."""
        done = self.program.engine().run_until_empty(limit_s=LIMIT_S, until_empty=True)
        assert done.trouble is None, done

    @cached_property
    def clerk(self) -> Operator:
        return self.program.sign_in("1001", "1234")

    def desk(self, number: str) -> Receiving:
        return self.program.receiving(number, self.clerk, holds=False)

    def shoot(self, desk: Receiving, codes: Sequence[str]) -> list[ScanOutcome]:
        """Many scans in one transaction: what each of them costs alone is measured elsewhere."""
        return self.program.writer.call(lambda: [desk.scan(code.encode()) for code in codes])

    def held(self, receipt: str, seq: int | None = None) -> set[str]:
        """The packs that a receipt, or one scan of it, stands for."""
        rows = self.rows(
            "SELECT DISTINCT pack FROM holds WHERE receipt = ?1 AND (?2 IS NULL OR seq = ?2)", receipt, seq
        )
        return {str(row[0]) for row in rows}

    def counters(self, receipt: str) -> list[tuple[Any, ...]]:
        return self.rows("SELECT * FROM receipt_lines WHERE receipt = ? ORDER BY line", receipt)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        database = self.program.writer.database
        return self.program.writer.call(lambda: database.execute_sql(statement, values).fetchall(), write=False)


class Campaign:
    """One run in an empty folder."""

    def __init__(self, hospital: SandboxProcess, root: Path, seed: int) -> None:
        self._hospital = hospital
        self._root = root
        self._drawn = random.Random(seed)
        self._conflicting: set[str] = set()
        self._unclear: dict[str, set[str]] = {}
        self.report = Report(seed)

    def run(self, count: int) -> Report:
        """Draw so many deliveries, tell them to two folders, shoot them, and hold the hospital's books against it."""
        began = time.perf_counter()
        goods = self._told(count)
        with Folder(self._root / "a") as one, Folder(self._root / "b") as other:
            for each in goods:
                self._receive(one, other, each)
        with Folder(self._root / "b", self._hospital.url) as other:
            other.sync()
            self._books(other, goods)
        self.report.seconds = round(time.perf_counter() - began, 1)
        return self.report

    def _told(self, count: int) -> list[Goods]:
        hospital, seed = self._hospital, self.report.seed
        hospital.seed({"hard": count, "seed": seed, "knowledge": "relay"})
        goods = [Goods.of(row) for row in hospital.deliveries().values() if row.get("knowledge") == "relay"]
        for each in goods:
            if each.manifest == "late":
                hospital._call("POST", "/relay", {"release": each.number})
        for name in ("a", "b"):
            with Folder(self._root / name, hospital.url) as folder:
                folder.sync()
        self.report.deliveries = len(goods)
        return goods

    def _receive(self, one: Folder, other: Folder, goods: Goods) -> None:
        """All boxes in one folder; in the other packages and boxes as they come, then all boxes."""
        self.report.boxes += len(goods.boxes)
        answers = one.shoot(one.desk(goods.number), goods.boxes)
        unclear = {str(each.payload) for each in answers if each.reason == "ambiguous" and goods.manifest == "missing"}
        self._unclear[goods.number] = unclear
        self.report.boxes_unclear += len(unclear)
        for each in answers:
            clear = each.reason in IN or each.payload in unclear
            self.report.hold(clear, goods.number, goods.cases, "box", each.payload, each.reason)
        desk = other.desk(goods.number)
        if goods.manifest == "missing":
            self._estimate(desk, goods)
        else:
            self._mixed(other, desk, goods)
        for each in other.shoot(desk, self._drawn.sample(goods.boxes, len(goods.boxes))):
            clear = each.reason in IN | IN_ALREADY or each.payload in unclear
            self.report.hold(clear, goods.number, goods.cases, "box", each.payload, each.reason)
        held = one.held(goods.receipt)
        self.report.hold(held == {*goods.boxes} - unclear, goods.number, goods.cases, "boxes are not in, or others are")
        self.report.hold(held == other.held(goods.receipt), goods.number, goods.cases, "the folders differ in packs")
        same = one.counters(goods.receipt) == other.counters(goods.receipt)
        self.report.hold(same, goods.number, goods.cases, "the folders differ in counters")

    def _mixed(self, folder: Folder, desk: Receiving, goods: Goods) -> None:
        shots = self._drawn.sample(sorted(goods.levels), min(len(goods.levels), SHOTS))
        # A carton is one of a hundred codes, and the dock shoots it first: some are always among the shots.
        shots += self._drawn.sample(goods.cartons, min(len(goods.cartons), SHOTS // 3))
        self._drawn.shuffle(shots)
        for code in shots:
            [outcome] = folder.shoot(desk, [code])
            self._judge(folder, goods, code, outcome)

    def _judge(self, folder: Folder, goods: Goods, code: str, outcome: ScanOutcome) -> None:
        report, words = self.report, (goods.number, goods.cases, code, outcome.reason)
        package = goods.levels[code] > 1
        report.packages_shot += package
        if outcome.reason in IN:
            assert outcome.seq is not None
            held, true = folder.held(goods.receipt, outcome.seq), goods.inside[code]
            report.packages_counted += package
            report.hold(held <= true, *words, "stands for boxes that are not in it:", *sorted(held - true))
            if goods.manifest == "wrong" and held < true:
                self._conflicting.add(code)  # the hospital knows better, and says so
            else:
                report.hold(held == true, *words, f"stands for {len(held)} of {len(true)} boxes")
        elif outcome.reason not in IN_ALREADY:
            report.packages_stopped += package
            report.hold(package and goods.may_be_stopped(outcome.reason), *words, "is no answer here")

    def _estimate(self, desk: Receiving, goods: Goods) -> None:
        """No manifest will come: a carton is an estimate, which the receipt says, and can be taken back."""
        shots = self._drawn.sample(goods.cartons, min(len(goods.cartons), SHOTS // 3))
        for code in shots:
            outcome = desk.scan(code.encode())
            words = (goods.number, goods.cases, code, outcome.reason)
            self.report.packages_shot += 1
            if outcome.reason not in IN:
                self.report.packages_stopped += 1
                self.report.hold(outcome.reason in DOUBTS, *words, "is no answer here")
                continue
            self.report.estimates += 1
            told = desk.summary().estimated
            self.report.hold(told == {outcome.line: outcome.packs}, *words, f"{outcome.packs} estimated, {told} told")
            self.report.hold(desk.command(f"undo {code}").ok, *words, "cannot be taken back")
            self.report.hold(not desk.summary().estimated, *words, "is still told as an estimate")

    def _books(self, folder: Folder, goods: Sequence[Goods]) -> None:
        ledger = self._hospital.ledger()
        codes: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in ledger["codes"]:
            codes[row["delivery"]].append(row)
        for each in goods:
            rows = codes[each.number]
            there = {row["code"] for row in rows if row["state"] == "in"}
            self.report.ledger_codes += len(there)
            twice = [row["code"] for row in rows if row["times"] != 1]
            self.report.hold(not twice, each.number, each.cases, "not once in the ledger:", *twice)
            guessed = [row["code"] for row in rows if row.get("estimated") and row["state"] == "in"]
            self.report.hold(not guessed, each.number, each.cases, "estimates in the ledger:", *guessed)
            held = folder.held(each.receipt)
            self.report.hold(there == held, each.number, each.cases, f"ledger {len(there)}, here {len(held)}")
            excused = self._refused(folder, each) | self._unclear[each.number] | self._contested(each)
            lost, strange = {*each.boxes} - there - excused, there - {*each.boxes}
            self.report.hold(not lost | strange, each.number, each.cases, "lost:", *lost, "strange:", *strange)
        found = Counter(row["code"] for row in ledger["conflicts"])
        self.report.conflicts = found.total()
        self.report.hold(set(found) == self._conflicting, "conflicts", dict(found), "expected", self._conflicting)

    def _contested(self, goods: Goods) -> set[str]:
        """Boxes of packages about which the hospital knows better than their wrong manifest."""
        return set().union(*(goods.inside[code] for code in goods.cartons if code in self._conflicting))

    def _refused(self, folder: Folder, goods: Goods) -> set[str]:
        """What the hospital refused: only codes whose batch nobody told, where a drug is on several lines.

        A package that it expands to other boxes is a conflict, which is counted there.
        """
        rows = folder.rows(
            "SELECT e.code, o.code FROM sync_outbox o JOIN entries e ON e.id = o.id "
            "WHERE o.receipt = ? AND o.state = 'refused' AND o.code <> 'different_children'",
            goods.receipt,
        )
        found = {str(code) for code, why in rows if why == "wrong_line" and goods.manifest == "missing"}
        self.report.hold(len(found) == len(rows), goods.number, goods.cases, "refused:", *rows)
        self.report.boxes_on_wrong_line += len(found & {*goods.boxes})
        return found


def run_campaign(seed: int, count: int, root: Path) -> Report:
    """Run one campaign in an empty folder, with a sandbox of its own."""
    with SandboxProcess() as hospital:
        return Campaign(hospital, root, seed).run(count)


def main() -> int:
    """The large size."""
    parser = argparse.ArgumentParser(prog="package_campaign")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--count", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        report = run_campaign(args.seed, args.count, Path(root))
    sys.stdout.write(json.dumps(asdict(report), ensure_ascii=False) + "\n")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
