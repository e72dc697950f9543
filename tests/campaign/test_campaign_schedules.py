"""Days of two devices against an independent model, and programs that break the promise and are caught.

MATOU_CAMPAIGN_COUNT is how many (300): the run with Qt lives through the first half, the run without it through the
second. The seeds begin at 1, so that a failure can be lived through again.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.campaign.campaign_goods import CODES, OWN, PARENTS, POISONED, SHARED
from tests.campaign.campaign_model import Model, Story
from tests.campaign.schedule_campaign import run_campaign
from tests.fixtures.sandbox import ROOT

COUNT = int(os.environ.get("MATOU_CAMPAIGN_COUNT", "300")) // 2
FIRST_SEED = 1 if find_spec("PySide6") else COUNT + 1
CAUGHT_WITHIN = 40
FIRST, SECOND = CODES[SHARED][0], CODES[SHARED][1]


def test_every_beep_takes_effect_once_whatever_happens() -> None:
    found = run_campaign(FIRST_SEED, COUNT, jobs=2)

    assert found.broken == {}
    assert found.lived == COUNT
    for what in ("deaths", "conflicts", "double_beeps", "poison_records", "undos", "close", "hospital", "clock"):
        assert found.counts[what] > COUNT // 30, what


# Every item is taken for accepted when its request leaves, whatever comes back.
SETTLES_BEFORE_THE_REPLY = """
import sys
from sync.push import Push
from sync.verdicts import Answer, judge_batch
from tests.campaign.schedule_campaign import main
real = Push._exchange
def exchange(self, batch):
    answers = tuple(Answer(row.id, "accepted") for row in batch.rows)
    self._write(lambda: self._answered(batch, judge_batch(batch.rows, answers)))
    return real(self, batch)
Push._exchange = exchange
sys.exit(main())
"""

# Answers are given before their commit: the transaction stays open over ten jobs.
BEEPS_TOO_EARLY = """
import sys
from app.store.writer import StoreWriter
from tests.campaign.schedule_campaign import main
jobs = [0]
def run(self, job, *, write):
    if not write:
        return job()
    connection = self.database.connection()
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")
    result = job()
    jobs[0] += 1
    if jobs[0] % 10 == 0:
        connection.execute("COMMIT")
    return result
def close(self, real=StoreWriter.close):
    self._worker.submit(lambda: self.database.connection().commit()).result()
    real(self)
StoreWriter._run, StoreWriter.close = run, close
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("liar", "words"),
    [(SETTLES_BEFORE_THE_REPLY, "was promised and is not in|poison records of"), (BEEPS_TOO_EARLY, "has entries")],
    ids=["settles-before-the-reply", "beeps-too-early"],
)
def test_the_campaign_catches_a_program_that(liar: str, words: str) -> None:
    command = [sys.executable, "-c", liar, "--seed", "1", "--count", str(CAUGHT_WITHIN), "--jobs", "1", "--job", "0"]
    done = subprocess.run(
        [*command, "--stop"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False
    )

    assert done.returncode == 1, done.stderr
    broken = json.loads(done.stdout.splitlines()[-1])["broken"]
    assert any(re.search(words, line) for lines in broken.values() for line in lines), broken


def test_two_beeps_for_one_code_are_one_effect_and_one_conflict() -> None:
    story = Story()
    story.happened("a", "scan")
    story.happened("b", "scan")
    for device in OWN:
        story.drained(device)

    assert story.ends() == {(True, 1)}


def test_an_undo_between_two_beeps_leaves_three_ends() -> None:
    story = Story()
    for device, what in (("a", "scan"), ("a", "undo"), ("b", "scan")):
        story.happened(device, what)
    for device in OWN:
        story.drained(device)

    assert story.ends() == {(True, 0), (False, 1)}


def test_what_has_arrived_before_is_known() -> None:
    story = Story()
    story.happened("a", "scan")
    story.drained("a")
    story.happened("b", "scan")
    story.drained("b")
    story.happened("a", "undo")
    story.drained("a")

    assert story.ends() == {(False, 1)}


def test_the_model_judges_books() -> None:
    model = Model(PARENTS, POISONED)
    model.beeped("a", FIRST)
    model.drained("a")
    row = {"code": FIRST, "state": "in", "times": 1}

    assert model.judge([row], []) == []
    assert any("not in" in words for words in model.judge([], []))
    assert any("times 2" in words for words in model.judge([row | {"times": 2}], []))
    assert any("never shot" in words for words in model.judge([row, row | {"code": SECOND}], []))
    assert any("conflicts" in words for words in model.judge([row], [FIRST]))


def test_a_poisoned_code_is_never_in() -> None:
    model = Model(PARENTS, POISONED)
    for code in itertools.chain(POISONED, POISONED):
        model.beeped("a", code)

    assert model.poison_records == 2 * len(POISONED)
    assert model.judge([], []) == []
    assert model.judge([{"code": POISONED[0], "state": "in", "times": 1}], []) != []
