"""A real window on a screen that nobody sees, and a scanner and a person who type into it. Used by the keyboard tests.

The window is a process of its own (Qt's X11 platform), the keys come through the X server.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.devices.wedge_typist import GS1_SIGNS, homes
from tests.fixtures.xtyping import ALT, ALT_GR, CAPS, CONTROL, ENTER, F8, KEYPAD, SHIFT, TAB, Keyboard, Screen

ROOT = Path(__file__).resolve().parent.parent.parent
WAIT_S = 20.0
GS = "\x1d"
_HELD = {"plain": (), "shift": (SHIFT,), "alt_gr": (ALT_GR,)}
_BRACKET = 27


@dataclass(frozen=True, slots=True)
class Shot:
    """One label, as a scanner types it."""

    text: str
    layout: str = "us"
    separator: str = "ctrl"
    gap_ms: int = 2
    end: int | None = ENTER


class WindowUnderKeys:
    """One window in front of one keyboard. `words` names the scanner, as after --scanner."""

    def __init__(
        self,
        screen: Screen,
        words: str = "keys",
        *,
        more: dict[str, str] | None = None,
        module: str = "tests.ui.wedge_child",
    ) -> None:
        surroundings = {**os.environ, "DISPLAY": screen.display, "QT_QPA_PLATFORM": "xcb", **(more or {})}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, words],
            cwd=ROOT, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="keyboard window", daemon=True)
        self._reader.start()
        self._asked: dict[str, Any] = {}
        self.keyboard = Keyboard(screen.display)
        self.next_line()

    def next_line(self) -> dict[str, Any]:
        """The next thing that the window says."""
        return self._lines.get(timeout=WAIT_S)

    def ask(self, word: str = "ask") -> dict[str, Any]:
        """Move the focus (`field`, `plain`, `button`, `pad`), and see what there is; `also`: what was heard since."""
        self._write(word)
        also = []
        while "label" in (line := self.next_line()) or "refused" in line:
            also.append(line)
        return {**line, "also": also}

    def ask_until(self, key: str, value: object) -> dict[str, Any]:
        """Ask until it is so."""
        until_s = time.monotonic() + WAIT_S
        while True:
            seen = self.ask()
            if seen.get(key) == value:
                return seen
            assert time.monotonic() < until_s, (key, value, seen)

    def shoot(self, shot: Shot) -> dict[str, Any]:
        """Type a label and give what the window made of it."""
        self.put(shot)
        self.keyboard.sync()
        return self.next_line()

    def put(self, shot: Shot) -> None:
        """Put all keys of a label into the server's queue; the server keeps the gaps."""
        for sign in shot.text:
            if sign == GS:
                self._separator(shot)
            else:
                place, way = homes(shot.layout)[sign]
                self.keyboard.tap(place, *_HELD[way], after_ms=shot.gap_ms)
        if shot.end is not None:
            self.keyboard.tap(shot.end, after_ms=shot.gap_ms)

    def person(self, places: Sequence[int], *, each_ms: int, held_ms: int = 30) -> None:
        """Fingers: every key is down for a while."""
        for place in places:
            self.keyboard.key(place, True, after_ms=max(0, each_ms - held_ms))
            self.keyboard.key(place, False, after_ms=held_ms)
        self.keyboard.sync()

    def _separator(self, shot: Shot) -> None:
        if shot.separator == "f8":
            self.keyboard.tap(F8, after_ms=shot.gap_ms)
        elif shot.separator == "ctrl":
            self.keyboard.tap(_BRACKET, CONTROL, after_ms=shot.gap_ms)
        else:
            self.keyboard.key(ALT, True, after_ms=shot.gap_ms)
            for digit in "029":
                self.keyboard.tap(KEYPAD[digit], after_ms=shot.gap_ms)
            self.keyboard.key(ALT, False)

    def _write(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def __enter__(self) -> WindowUnderKeys:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._write("end")
        self._process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self.keyboard.close()


PAIRED = {
    "layout": ("us", "de", "fr", "be", "cn"),
    "caps": (False, True),
    "focus": ("plain", "field", "button"),
    "separator": ("ctrl", "alt", "f8"),
    "gap_ms": (0, 1, 5, 20, 50),
    "end": (ENTER, TAB),
    "text": (
        "]d2010952999900101617290531" + "10SYN2605A" + GS + "21SYN000000001",
        "]C1" + GS1_SIGNS[:30] + GS + GS1_SIGNS[30:56],
        GS1_SIGNS[40:] + GS + "0123456789",
        "89990110000000000001",
        "000011112222333344445555",
        "MATOU!undo",
    ),
}
"""What a label at a window depends on."""


def pairwise(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """So many cases that every two values of different kinds meet in one of them, as far as they reach."""
    dice = random.Random(seed)
    names = list(PAIRED)
    missing = {
        ((one, a), (other, b))
        for one, other in itertools.combinations(range(len(names)), 2)
        for a in range(len(PAIRED[names[one]]))
        for b in range(len(PAIRED[names[other]]))
    }
    rows: list[tuple[int, ...]] = []
    while len(rows) < count:
        tries = [tuple(dice.randrange(len(values)) for values in PAIRED.values()) for _ in range(40)]
        best = max(tries, key=lambda row: len(_pairs(row) & missing))
        missing -= _pairs(best)
        rows.append(best)
    assert count < 60 or not missing
    rows.sort()  # layouts and Caps Lock change seldom
    return [{name: PAIRED[name][place] for name, place in zip(names, row, strict=True)} for row in rows]


def _pairs(row: tuple[int, ...]) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    return set(itertools.combinations(enumerate(row), 2))


def shoot_pairs(screen: Screen, window: WindowUnderKeys, cases: Sequence[dict[str, Any]]) -> Counter[str]:
    """Shoot all cases; `equal`, `changed`, `shown` in the field beside a scan, `pressed` the button, or why not."""
    found: Counter[str] = Counter()
    now: tuple[str, bool] = ("us", False)
    for case in cases:
        if case["layout"] != now[0]:
            screen.set_layout(case["layout"])
        if case["caps"] != now[1]:
            window.keyboard.tap(CAPS)
            window.keyboard.sync()
        now = (case["layout"], case["caps"])
        before = window.ask(case["focus"])["clicks"]
        said = window.shoot(Shot(case["text"], "us", case["separator"], case["gap_ms"], case["end"]))
        seen = window.ask()
        if "label" in said:
            equal = bytes.fromhex(said["label"]) == case["text"].encode() and not seen["also"]
            found["equal" if equal else f"changed {case}"] += 1
            found[f"shown {case}"] += bool(seen["text"])
        else:
            found[said["refused"]] += 1
            found[f"changed {case}"] += any("label" in line for line in seen["also"])
        found[f"pressed {case}"] += seen["clicks"] != before
    if now[1]:
        window.keyboard.tap(CAPS)
        window.keyboard.sync()
    return +found


__all__ = ["CAPS", "ENTER", "TAB", "Shot", "WindowUnderKeys"]
