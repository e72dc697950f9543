"""What the kill campaign feeds, and what must be true afterwards: worked out from inputs and printed answers.

Knows no code of ours: packs are sets, a carton is the set of what the answer key puts under it. Pure; the campaign's
thread.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UNDO = "!undo "
FOREIGN_PREFIX = "8999999"
ALREADY_HERE = "duplicate_in_receipt"
UNDONE = ("ok", "nothing_to_undo")


@dataclass(frozen=True, slots=True)
class Goods:
    """The codes of one delivery: every smallest pack, and which of them stand under each code."""

    boxes: tuple[str, ...]
    under: Mapping[str, frozenset[str]]
    cartons: tuple[str, ...]
    bundles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """A scan whose line was printed as counted: a promise."""

    seq: int
    code: str
    reason: str


def goods_of(packages: Sequence[Mapping[str, object]]) -> Goods:
    """From the `packages` of the sandbox's answer key."""
    parents = {str(row["code"]): row["parent"] for row in packages}
    levels = {str(row["code"]): row["level"] for row in packages}
    under: dict[str, set[str]] = {code: set() for code in parents}
    boxes = tuple(code for code, level in levels.items() if level == 1)
    for box in boxes:
        code: object = box
        while code is not None:
            under[str(code)].add(box)
            code = parents[str(code)]
    return Goods(
        boxes,
        {code: frozenset(found) for code, found in under.items()},
        tuple(code for code, level in levels.items() if level == 3),
        tuple(code for code, level in levels.items() if level == 2),
    )


def make_feed(goods: Goods, codes: int, rng: random.Random) -> list[str]:
    """About `codes` lines: boxes, one carton in ten, some bundles, boxes scanned twice, codes of nobody, undos.

    An undo names its code, so that a line lost to a kill can be fed again without undoing something else; half of what
    is undone is scanned again later.
    """
    wide = [*rng.sample(goods.cartons, max(1, len(goods.cartons) // 10)), *rng.sample(goods.bundles, 8)]
    lines = rng.sample(goods.boxes, min(codes, len(goods.boxes)))
    lines += wide
    lines += rng.sample(lines, max(1, len(lines) // 50))
    lines += [f"{FOREIGN_PREFIX}{rng.randrange(10**13):013d}" for _ in range(max(1, codes // 200))]
    rng.shuffle(lines)
    for code in [*rng.sample(lines, max(1, len(lines) // 20)), *rng.sample(wide, 3)]:
        at = rng.randrange(lines.index(code) + 1, len(lines) + 1)
        lines.insert(at, UNDO + code)
        if rng.random() < 0.5:
            lines.insert(rng.randrange(at + 1, len(lines) + 1), code)
    return lines


class Truth:
    """What the printed lines promise. `take` an input with the answer that was printed for it."""

    def __init__(self, goods: Goods) -> None:
        self._goods = goods
        self._in_force: set[str] = set()
        self.promises: list[Printed] = []
        self.shot: set[str] = set()
        self.refed_and_known = 0

    def take(self, line: str, answer: Mapping[str, object], *, fed_again: bool) -> None:
        """Raises ValueError if the answer is not one to this input."""
        if line.startswith(UNDO):
            if answer["kind"] != "command" or answer["reason"] not in UNDONE:
                raise ValueError(f"{line} answered {json.dumps(answer, ensure_ascii=False)}")
            self._in_force.discard(line.removeprefix(UNDO))
            self.refed_and_known += fed_again and answer["reason"] != "ok"
            return
        if answer["kind"] != "scan" or answer["payload"] != line or answer["seq"] is None:
            raise ValueError(f"{line} answered {json.dumps(answer, ensure_ascii=False)}")
        self.shot.add(line)
        if answer["counted"]:
            self.promises.append(Printed(int(str(answer["seq"])), line, str(answer["reason"])))
            self._in_force.add(line)
        elif answer["reason"] == ALREADY_HERE:
            # Committed, but its line was lost to a kill; or simply scanned twice, and then it is in force already.
            self._in_force.add(line)
            self.refed_and_known += fed_again

    def packs_in(self) -> frozenset[str]:
        """Every smallest pack that a scan in force stands for."""
        return self._under(self._in_force)

    def packs_shot(self) -> frozenset[str]:
        """Every smallest pack that was ever in a hand."""
        return self._under(self.shot)

    def _under(self, codes: set[str]) -> frozenset[str]:
        return frozenset().union(*(self._goods.under.get(code, frozenset()) for code in codes))
