"""The campaigns of the wire: two hundred devices at once, and every fault in every pair everywhere. One thread."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping

from measuring import PYTHON, Measure

from tests.fixtures.sandbox import ROOT

DEVICES, BOXES, CHILDREN = 200, 6, 4


def devices(_: int) -> list[Measure]:
    """Two hundred devices on one delivery of one middleware, over a bad line."""
    told = json.loads(_said("tests.sync.wire_devices", "--devices", str(DEVICES), "--children", str(CHILDREN)))
    return [
        Measure("ids that two items share", "", (told["ids"] - told["different"],), target=0),
        Measure("boxes that are not in", "", (told["missing"],), target=0),
        Measure("boxes that are in twice", "", (told["double"],), target=0),
        Measure("items without an answer", "", (told["ids"] - told["accepted"] - told["conflicts"],), target=0),
        Measure("requests", "", (told["requests"],)),
        Measure("time", "s", (told["seconds"],)),
    ]


def faults(_: int) -> list[Measure]:
    """All faults, alone and in pairs, at all endpoints; some twenty minutes."""
    *failed, last = _said("tests.sync.wire_matrix").splitlines()
    for line in failed:
        print(line)
    words = last.split()
    return [
        Measure("cases", "", (int(words[0]),)),
        Measure("cases that did not end well", "", (int(words[2]),), target=0),
        Measure("time", "s", (int(words[4]),)),
    ]


def _said(module: str, *words: str) -> str:
    done = subprocess.run(
        [*PYTHON, "-m", module, *words], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False
    )
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{module} failed")
    return done.stdout


FIGURES: Mapping[str, Callable[[int], list[Measure]]] = {"devices": devices, "faults": faults}
