"""Whether a patient's code may stand in what a scanner sent, though no label shows it: in pieces, or dropped. Pure.

A code may be cut into several labels by a pause, or lose its head or its end. What may be a piece of one is treated as
one: a recording says too little rather than too much.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from devices.evdev_events import KEY
from devices.evdev_keys import DOWN, US
from devices.raw import RawRead, RawStep, TypingSetup

REST_MS = 2_000
"""So long after one piece the next is awaited."""
_ANY_REST = 64
"""Signs that may follow where nobody knows what went before."""
_HEAD_LOST = frozenset(
    {"hid_reports_lost", "hid_report_bad", "hid_report_short", "hid_label_cut", "hid_layout_unclear", "evdev_keys_lost"}
)
"""Notes after which the beginning or the middle of a label may be missing."""
_MARKS = (b"424", b"opc")
_CUT_MARKS = tuple((mark[:at], mark[at:]) for mark in _MARKS for at in (1, 2))
_KEYPAD = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
_REST = re.compile(rb"[0-9A-Za-z]+(?:\Z|[^0-9A-Za-z\x1d])")
"""A rest, alone or with something glued to it; a GS1 label is none."""
_RUNS = re.compile(rb"[0-9A-Za-z]+")


class Judge(Protocol):
    """What is known of patients' codes; whoever records brings it."""

    def is_credential(self, payload: bytes) -> bool:
        """Whether a whole one stands in it."""

    def missing_signs(self, payload: bytes) -> int:
        """How many signs are missing of one that begins in it and does not end there."""


@dataclass(slots=True)
class Suspicion:
    """What one scanner may still send of a patient's code."""

    judge: Judge
    _missing: int = field(default=0, init=False)
    _until_ms: int = field(default=0, init=False)
    _tail: bytes = field(default=b"", init=False, repr=False)
    """The last two signs of what came before."""

    def hides(self, label: bytes, began_ms: int, until_ms: int) -> bool:
        """Whether a label is a patient's, or a piece of one, whose rest may come until then. Labels in their order."""
        bare = label.strip(bytes(range(0x21)))
        joined = self._head_of(bare, began_ms) + bare
        is_whole = self.judge.is_credential(label) or self.judge.is_credential(joined)
        goes_on = not is_whole and self.awaits(began_ms) and _REST.match(bare) is not None
        begins = max(self.judge.missing_signs(label), self.judge.missing_signs(joined))
        self._missing = max(begins, self._missing - len(bare) if goes_on else 0)
        self._tail = ((self._tail if began_ms <= self._until_ms else b"") + bare)[-2:]
        self._until_ms = until_ms
        return is_whole or goes_on or begins > 0

    def _head_of(self, bare: bytes, began_ms: int) -> bytes:
        """What stood at the end of something else and begins a patient's code together with this."""
        if began_ms <= self._until_ms:
            for head, rest in _CUT_MARKS:
                if self._tail.lower().endswith(head) and bare.lower().startswith(rest):
                    return head
        return b""

    def awaits(self, began_ms: int) -> bool:
        """Whether what began then may be the rest of a patient's."""
        return self._missing > 0 and began_ms <= self._until_ms

    def expect(self, until_ms: int) -> None:
        """Something was a piece of a patient's, nobody knows which: until then any rest of it may come."""
        self._missing, self._until_ms = _ANY_REST, until_ms

    def clear(self, read: RawRead) -> tuple[bytes, ...] | None:
        """None where all of what was read may be told; else the labels that may, and no piece."""
        labels = [item for item in read.came if isinstance(item, bytes)]
        until_ms = _rest_until_ms(read)
        clear = tuple(label for label in labels if not self.hides(label, read.at_ms, until_ms))
        if len(labels) < len(read.came) and self._may_be_dropped(read):
            self.expect(until_ms)
            return clear
        hidden = len(clear) < len(labels) or self.judge.is_credential(_text_of(read.steps or ()))
        return clear if hidden else None

    def _may_be_dropped(self, read: RawRead) -> bool:
        """Of a label that was dropped nobody knows more than its pieces."""
        if read.steps is None or self.awaits(read.at_ms):
            return True
        text = _text_of(read.steps)
        self._tail = text.rstrip()[-2:]
        if self.judge.is_credential(text) or self.judge.missing_signs(text) > 0:
            return True
        if any(mark in text.lower() for mark in _MARKS):
            return True
        headless = read.setup.midstream or not _HEAD_LOST.isdisjoint(read.came)
        runs = _RUNS.findall(text) if headless else []
        # With letters, too, may be one that begins with opc, unless the scanner says that it is no QR code.
        return any(run.isdigit() for run in runs) or (bool(runs) and (b"]Q" in text or b"]" not in text))


def size_of(read: RawRead) -> int:
    """How many signs or bytes came."""
    return sum(len(step.data) for step in read.steps or ()) or len(_text_of(read.steps or ()))


def _rest_until_ms(read: RawRead) -> int:
    """A line that waits for its suffix gives up after `idle_reset_ms` of silence: a rest may come later than that."""
    steps = read.steps or ()
    span_ms = (steps[-1].at_us - steps[0].at_us) // 1000 if steps else 0
    profile = read.setup.typing.profile if isinstance(read.setup, TypingSetup) else read.setup.profile
    return max(read.ended_ms, read.at_ms + span_ms) + REST_MS + profile.idle_reset_ms


def _text_of(steps: tuple[RawStep, ...]) -> bytes:
    """The signs of what was read, whatever the decoder makes of them."""
    return b"".join(_signs_of(step) for step in steps)


def _signs_of(step: RawStep) -> bytes:
    if step.kind == "bytes":
        return step.data
    if step.kind == "report":
        return bytes(sign for sign in step.data[1:] if 0x20 < sign < 0x7F)
    if step.kind == "event" and step.numbers[0] == KEY and step.numbers[2] == DOWN:
        sign = _KEYPAD.get(step.numbers[1]) or US.get(step.numbers[1], ("", ""))[0]
        return sign.encode() or b" "
    return b""
