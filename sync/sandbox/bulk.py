"""Codes by the hundred thousand that cost no memory, for load trials. Pure; lives on no thread.

A permutation of the numbers 0 … 10¹⁰ - 1 makes serials that look random, never repeat and can be traced back to their
number, so a million received codes need no table. First digit 8 is kept for made deliveries and 9 for made receipts;
drawn seeds use 0 to 7, so these three never meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sync.sandbox.wire import Package

_SPACE = 10**10
_FACTOR = 7_368_787_031
_BACK = pow(_FACTOR, -1, _SPACE)
_BOXES_PER_BUNDLE = 20
_BOXES_PER_CARTON = 200
MADE_DRUG = "YP-0001"
MADE_PREFIXES = {1: "8999011", 2: "8999012", 3: "8999013"}
MOST = 5_000_000
"""Codes or boxes that one call may make."""


def made_code(prefix: str, first: int, generation: int, number: int) -> str:
    """The 20 digits of the `number`-th code of one generation (0 … 99)."""
    tail = (number * _FACTOR + generation * 97_531_246_803 + 1_234_567_891) % _SPACE
    return f"{prefix}{first}{generation:02d}{tail:010d}"


@dataclass(frozen=True, slots=True)
class BulkReceipt:
    """Codes that came in earlier, known by rule instead of by list."""

    receipt: str
    delivery: str
    device: str
    generation: int
    count: int

    def code(self, number: int) -> str:
        """The code with this number, counted from 0."""
        return made_code(MADE_PREFIXES[1], 9, self.generation, number)

    def item_id(self, number: int) -> str:
        """The id of the item that brought this code in."""
        return f"01a00000-0000-7{self.generation:03x}-8000-{number:012x}"

    def number_of(self, code: str) -> int | None:
        """The number of a code, or None if it is none of these."""
        head = f"{MADE_PREFIXES[1]}9{self.generation:02d}"
        if len(code) != 20 or not code.startswith(head) or not (code.isascii() and code.isdigit()):
            return None
        shifted = (int(code[10:]) - self.generation * 97_531_246_803 - 1_234_567_891) % _SPACE
        number = shifted * _BACK % _SPACE
        return number if number < self.count else None


def made_packages(generation: int, boxes: int) -> Iterator[Package]:
    """The manifest of a made delivery: cartons of 10 bundles of 20 boxes, parents first, the last ones partial."""
    for box in range(boxes):
        carton = made_code(MADE_PREFIXES[3], 8, generation, box // _BOXES_PER_CARTON)
        bundle = made_code(MADE_PREFIXES[2], 8, generation, box // _BOXES_PER_BUNDLE)
        if box % _BOXES_PER_CARTON == 0:
            yield Package(carton, 3, None, 1)
        if box % _BOXES_PER_BUNDLE == 0:
            yield Package(bundle, 2, carton, 1)
        yield Package(made_code(MADE_PREFIXES[1], 8, generation, box), 1, bundle, 1)
