"""A beep is a promise: the small kill campaign, and programs that break the promise, which the campaign must catch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.fixtures.sandbox import ROOT, SandboxProcess
from tests.journeys.kill_campaign import PROGRAM, run_campaign
from tests.journeys.kill_feed import Truth, goods_of, make_feed

# Answers are printed before their commit: the transaction stays open over fifty jobs.
BEEPS_TOO_EARLY = """
import sys
from app.__main__ import main
from app.store.writer import StoreWriter
jobs = [0]
def run(self, job, *, write):
    if not write:
        return job()
    connection = self.database.connection()
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")
    result = job()
    jobs[0] += 1
    if jobs[0] % 50 == 0:
        connection.execute("COMMIT")
    return result
if "receive" in sys.argv:
    StoreWriter._run = run
sys.exit(main())
"""

# The item goes into the outbox only with the next scan, in a transaction that is not its own.
SENDS_TOO_LATE = """
import sys
from app.__main__ import main
from sync.outbox import Outbox
put, waiting = Outbox.add, []
def add(self, item, realm):
    if waiting:
        put(self, *waiting.pop())
    waiting.append((item, realm))
Outbox.add = add
sys.exit(main())
"""

SMALL = "DEMO-20261122-11"
PACKAGES = [
    {"code": "C", "level": 3, "parent": None, "line": 1},
    {"code": "B", "level": 2, "parent": "C", "line": 1},
    {"code": "b1", "level": 1, "parent": "B", "line": 1},
    {"code": "b2", "level": 1, "parent": "B", "line": 1},
    {"code": "b3", "level": 1, "parent": "C", "line": 1},
]


def scan_answer(code: str, seq: int, *, counted: bool = True, reason: str = "ok") -> dict[str, object]:
    return {"seq": seq, "kind": "scan", "payload": code, "reason": reason, "counted": counted}


def undo_answer(seq: int, reason: str = "ok") -> dict[str, object]:
    return {"seq": seq, "kind": "command", "command": "undo", "reason": reason, "ok": reason == "ok"}


def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    report = run_campaign(20, Random().randrange(10**6), tmp_path)

    assert report.kills >= 20
    assert report.promises > 1_000
    assert (report.lost, report.double, report.strangers) == ((), (), ())
    assert (report.unfinished, report.refused) == (0, 0)
    assert report.ledger_codes > 1_000


@pytest.mark.parametrize(
    ("liar", "where"),
    [(BEEPS_TOO_EARLY, "printed, not in the store"), (SENDS_TOO_LATE, "in force, not in the ledger")],
    ids=["beeps-too-early", "sends-too-late"],
)
def test_the_campaign_catches_a_program_that(liar: str, where: str, tmp_path: Path) -> None:
    report = run_campaign(6, 7, tmp_path, codes=300, program=(sys.executable, "-c", liar))

    assert not report.kept
    assert any(where in lost for lost in report.lost)


def test_a_box_scanned_again_after_an_undo_that_was_put_off_is_not_lost(tmp_path: Path) -> None:
    with SandboxProcess() as hospital:
        box = next(row["code"] for row in hospital.deliveries()[SMALL]["packages"] if row["level"] == 1)
        common = ("--data-dir", str(tmp_path / "data"), "--server", hospital.url)
        receive = ("receive", "--offline", "--delivery", SMALL, "--operator", "1001", *common, "-")
        sync = ("sync", "--until-empty", *common)
        matou(*sync)
        matou(*receive, lines=(box,))
        matou(*sync)
        hospital.faults({"plan": [{"endpoint": "items", "fault": "half_refused:reversal", "nth": 1}]})
        matou(*receive, lines=(f"!undo {box}", box))

        summary = json.loads(matou(*sync))

        rows = {row["code"]: (row["state"], row["times"]) for row in hospital.ledger(SMALL)["codes"]}
    assert (summary["accepted"], summary["refused"]) == (2, 0)
    assert rows == {box: ("in", 1)}


def matou(*words: str, lines: tuple[str, ...] = ()) -> str:
    done = subprocess.run(
        [*PROGRAM, *words],
        cwd=ROOT,
        env={**os.environ, "MATOU_PIN": "1234"},
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return done.stdout


def test_the_truth_knows_sets() -> None:
    truth = Truth(goods_of(PACKAGES))
    truth.take("b1", scan_answer("b1", 1), fed_again=False)
    truth.take("B", scan_answer("B", 2), fed_again=False)
    truth.take("b2", scan_answer("b2", 3, counted=False, reason="covered_by_parent"), fed_again=False)
    assert truth.packs_in() == {"b1", "b2"}

    truth.take("!undo B", undo_answer(4), fed_again=False)

    assert truth.packs_in() == {"b1"}
    assert truth.packs_shot() == {"b1", "b2"}
    assert [(one.seq, one.code) for one in truth.promises] == [(1, "b1"), (2, "B")]


def test_a_scan_whose_line_was_lost_counts_when_it_is_fed_again() -> None:
    truth = Truth(goods_of(PACKAGES))

    truth.take("b3", scan_answer("b3", 2, counted=False, reason="duplicate_in_receipt"), fed_again=True)
    truth.take("!undo C", undo_answer(3, "nothing_to_undo"), fed_again=True)

    assert truth.packs_in() == {"b3"}
    assert truth.promises == []
    assert truth.refed_and_known == 2


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("b1", scan_answer("b2", 1)),
        ("b1", undo_answer(1)),
        ("b1", scan_answer("b1", 1) | {"seq": None, "reason": "not_recorded"}),
        ("!undo b1", undo_answer(1, "no_right")),
    ],
)
def test_an_answer_to_another_question_is_no_answer(line: str, answer: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="answered"):
        Truth(goods_of(PACKAGES)).take(line, answer, fed_again=False)


def test_the_same_seed_makes_the_same_feed() -> None:
    packages = (
        [{"code": f"C{c}", "level": 3, "parent": None, "line": 1} for c in range(2)]
        + [{"code": f"B{b}", "level": 2, "parent": f"C{b % 2}", "line": 1} for b in range(8)]
        + [{"code": f"b{n}", "level": 1, "parent": f"B{n % 8}", "line": 1} for n in range(80)]
    )
    goods = goods_of(packages)

    feed = make_feed(goods, 80, Random(3))

    assert feed == make_feed(goods, 80, Random(3))
    assert set(goods.boxes) <= set(feed)
    undone = [line.removeprefix("!undo ") for line in feed if line.startswith("!undo ")]
    assert undone
    assert all(feed.index(code) < feed.index(f"!undo {code}") for code in undone)
