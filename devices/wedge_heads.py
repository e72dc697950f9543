"""What a label that was typed may be the rest of: keys given back to a person before it, halves of labels. Pure.

A scanner that pauses amid its first signs is taken for a person. A patient's code that begins so is known only with
them; so they are remembered for a while, in memory, until a line end shows that nothing of it is under way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from devices.wedge_burst import FEWEST
from devices.wedge_keys import KeyEvent

REST_US = 10_000_000
"""The longest pause of a scanner amid a label."""
_MOST_SIGNS = 128
_AIM = r"(?:.?[A-Za-z][0-9A-Za-z]|1)?"
"""Of `]Q1` the first signs may be gone, and the bracket may have become another sign."""
_OPEN = re.compile(_AIM + r"(?:424[0-9]{0,24}|opc[0-9A-Z]*)", re.IGNORECASE)
_OPEN_END = re.compile(_OPEN.pattern + r"\Z", re.IGNORECASE)
_DIGITS = re.compile(_AIM + r"424[0-9]{25}(?![0-9])")
_WHOLE = re.compile(_DIGITS.pattern + r"|" + _AIM + r"opc[0-9A-Z]{20,}", re.IGNORECASE)
_PREFIX = re.compile(r"\][A-Z][0-9A-Z](?=424|opc)", re.IGNORECASE)
# A person's own key may stand between two of a scanner's.
_HEADS = (
    (re.compile(r"4.?2.?4", re.DOTALL), re.compile(r"[0-9]")),
    (re.compile(r"4.?2.?\Z", re.DOTALL), re.compile(r"4")),
    (re.compile(r"4.?\Z", re.DOTALL), re.compile(r"24")),
    (re.compile(r"o.?p.?c", re.DOTALL | re.IGNORECASE), re.compile(r"[0-9A-Z]", re.IGNORECASE)),
    (re.compile(r"o.?p.?\Z", re.DOTALL | re.IGNORECASE), re.compile(r"c", re.IGNORECASE)),
    (re.compile(r"o.?\Z", re.DOTALL | re.IGNORECASE), re.compile(r"pc", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Keys that were decided together, without a line end behind them."""

    strokes: tuple[KeyEvent, ...] = field(repr=False)
    is_label: bool
    """A scanner's; else they were given back to a person."""

    @property
    def is_long(self) -> bool:
        """Long enough for a label of its own."""
        return self.is_label and len(self.strokes) >= FEWEST


class Heads:
    """What one window's keys have left open."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []

    def add(self, strokes: Sequence[KeyEvent], *, is_label: bool) -> None:
        """These came, and no line end behind them."""
        if strokes:
            self._pieces = [*self.before(strokes[0].at_us), Piece(tuple(strokes), is_label)]
            while sum(len(piece.strokes) for piece in self._pieces) > _MOST_SIGNS:
                del self._pieces[0]

    def before(self, at_us: int) -> tuple[Piece, ...]:
        """What may be the head of something that begins then."""
        if self._pieces and at_us - self._pieces[-1].strokes[-1].at_us > REST_US:
            self._pieces.clear()
        return tuple(self._pieces)

    def clear(self) -> None:
        """A line end: nothing is open."""
        self._pieces.clear()


def head_of(pieces: Iterable[tuple[str, bool]]) -> str:
    """Of pieces (text, whether a label) what the next label may be the rest of. A label counts only where a patient's
    code begins or goes on in it, and has not come to its end."""
    head = ""
    for text, is_label in pieces:
        if not is_label:
            head += text
        elif goes_on(head, text):
            head = "" if _spans(_DIGITS, head, text) else head + text
        else:
            head = text if opens(text) else ""
    return head


def opens(text: str) -> bool:
    """Whether a patient's code begins with this text and does not end in it."""
    return _OPEN.fullmatch(text.strip()) is not None


def goes_on(head: str, text: str) -> bool:
    """Whether the text may be the rest of a patient's code that begins in the head: rather too often than too rarely,
    for a recording asks."""
    if any(before.search(head) and rest.match(text) for before, rest in _HEADS):
        return True
    return any(found.start() < len(head) <= found.end() for found in _PREFIX.finditer(head + text))


def is_open(head: str, text: str) -> bool:
    """Whether a patient's code begins in the head and does not end in the text, beyond doubt."""
    return _spans(_OPEN_END, head, text)


def ends_one(head: str, text: str) -> bool:
    """Whether the two are a patient's code together, beyond doubt."""
    return _spans(_WHOLE, head, text)


def _spans(pattern: re.Pattern[str], head: str, text: str) -> bool:
    return any(found.start() < len(head) < found.end() for found in pattern.finditer(head + text))
