"""Codes through the framer in random pieces: the test runs some, `build/dev.py bench framing` a million."""

from __future__ import annotations

import random
from collections.abc import Iterator

from devices.framing import Framer, Label, Profile, Suffix

SUFFIXES_IN_USE = (Suffix.AUTO, Suffix.EITHER, Suffix.CR, Suffix.CRLF)
_ENDS = {Suffix.AUTO: b"\r\n", Suffix.EITHER: b"\r", Suffix.CR: b"\r", Suffix.CRLF: b"\r\n"}
_BATCH = 500


def codes_unchanged(*, count: int, seed: int) -> dict[Suffix, tuple[int, int]]:
    """Per suffix: how many codes came back, and how many of them were changed, lost or made up."""
    return {suffix: _run(suffix, count, random.Random(seed)) for suffix in SUFFIXES_IN_USE}


def _run(suffix: Suffix, count: int, dice: random.Random) -> tuple[int, int]:
    framer, came, wrong = Framer(Profile(suffix)), 0, 0
    for batch in _batches(count, dice):
        stream = b"".join(code + _ENDS[suffix] for code in batch)
        told: list[object] = []
        at = 0
        while at < len(stream):
            step = dice.choice((1, 7, 64, 500, 4096))
            told += framer.feed(stream[at : at + step])
            at += step
        came += len(told)
        wrong += sum(1 for code, event in zip(batch, told, strict=False) if event != Label(code))
        wrong += abs(len(batch) - len(told))
    return came, wrong


def _batches(count: int, dice: random.Random) -> Iterator[list[bytes]]:
    for begin in range(0, count, _BATCH):
        yield [_code(dice) for _ in range(min(_BATCH, count - begin))]


def _code(dice: random.Random) -> bytes:
    """A trace code, or a GS1 code with its separator."""
    if dice.random() < 0.7:
        return b"8999%016d" % dice.randrange(10**16)
    return b"]d201%014d10L%05x\x1d21%08d" % (dice.randrange(10**14), dice.randrange(16**5), dice.randrange(10**8))
