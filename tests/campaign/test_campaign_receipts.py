"""Histories of one receipt on two devices against a model that stands alone, and programs that lie and are caught.

MATOU_HISTORIES_COUNT is how many (300): the run with Qt lives through the first half, the run without it through the
second. The seeds begin at 1, so that a failure can be lived through again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.campaign import receipt_model
from tests.campaign.receipt_campaign import run_campaign
from tests.campaign.receipt_model import ReceiptModel
from tests.fixtures.sandbox import ROOT

COUNT = int(os.environ.get("MATOU_HISTORIES_COUNT", "300")) // 2
FIRST_SEED = 1 if find_spec("PySide6") else COUNT + 1
CAUGHT_WITHIN = 30
MOST_LINES = 200


def test_both_devices_and_the_ledger_say_what_the_model_says() -> None:
    found = run_campaign(FIRST_SEED, COUNT, jobs=2)

    assert found.broken == {}
    assert found.lived == COUNT
    for what in ("scan", "certain", "undo", "by_code", "by_line", "sync", "restart", "refused_close", "closed"):
        assert found.counts[what] > COUNT // 5, what


def test_the_model_is_small_and_stands_alone() -> None:
    text = Path(receipt_model.__file__).read_text(encoding="utf-8")

    assert len(text.splitlines()) < MOST_LINES
    assert re.findall(r"^(?:from|import) (\S+)", text, re.MULTILINE) == [
        "__future__", "collections.abc", "dataclasses",
    ]  # fmt: skip


# An undo of an outcome is told as done, and nothing is taken back.
UNDO_THAT_DOES_NOTHING = """
import sys
from app.store.receipts import Receipts
from tests.campaign.receipt_campaign import main
real = Receipts.take_back
def take_back(self, receipt, seq, **more):
    if seq % 4:
        real(self, receipt, seq, **more)
Receipts.take_back = take_back
sys.exit(main())
"""

# What another device found damaged is not in the equation here.
DEAF_TO_THE_OTHERS = """
import sys
from app.store.others import OthersOutcomes
from tests.campaign.receipt_campaign import main
OthersOutcomes.hear = lambda *_: None
sys.exit(main())
"""

# The hospital takes a second scan of the same code as another pack of it.
FORGETFUL_LEDGER = """
import sys
from sync.sandbox.judging import Judge
from tests.campaign.receipt_campaign import main
real = Judge._check_scan
def check(self, item, book, delivery):
    book.scans.pop(item.code, None)
    real(self, item, book, delivery)
Judge._check_scan = check
sys.exit(main())
"""


@pytest.mark.parametrize(
    "liar", [UNDO_THAT_DOES_NOTHING, DEAF_TO_THE_OTHERS, FORGETFUL_LEDGER], ids=["undo", "deaf", "ledger"]
)
def test_the_model_catches_a_program_that_lies(liar: str) -> None:
    command = [sys.executable, "-c", liar, "--seed", "1", "--count", str(CAUGHT_WITHIN), "--jobs", "1", "--job", "0"]
    done = subprocess.run(
        [*command, "--stop"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300, check=False
    )

    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["broken"]


def test_the_later_word_stands_wherever_it_was_said() -> None:
    """One box: damaged here, then rejected there; the first word arrives last."""
    model = ReceiptModel({"box": None}, {"box": 1})
    model.say("a", "damaged", code="box")
    model.say("b", "rejected", code="box")
    model.meet("b")
    model.meet("a")

    for device in ("a", "b"):
        assert model.equation(model.known_to(device))["rejected"] == 1
    assert model.undo("b")
    assert model.equation(model.known_to("b"))["rejected"] == 0
    assert model.equation(model.known_to("a"))["rejected"] == 1
    for device in ("b", "a"):
        model.meet(device)
        assert model.equation(model.known_to(device))["damaged"] == 1


def test_two_scans_of_one_box_are_one_box_and_a_conflict() -> None:
    model = ReceiptModel({"carton": None, "one": "carton", "two": "carton"}, {"one": 1, "two": 1})
    for device in ("a", "b"):
        model.say(device, "scan", code="one")
        model.meet(device)

    assert model.conflicts == {"one"}
    assert model.judge([{"code": "one", "state": "in", "times": 1}], ["one"]) == []
    assert model.judge([{"code": "one", "state": "in", "times": 2}], []) != []
    assert model.counts("b", "carton")
