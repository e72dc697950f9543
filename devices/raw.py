"""What a device read, piece by piece and with its times, between two moments at which nothing was half read.

A source keeps a `RawLog` beside its decoder; whoever records takes from it what is decided, so a label that comes in
many pieces is seen as a whole before a byte of it is written. Filled on the thread that reads, emptied by any one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from devices.evdev_keys import Typing
from devices.framing import Profile
from devices.hid_pos import Habits

KINDS = frozenset({"serial", "hid", "evdev"})
"""Kinds of scanners that are recorded so."""
MOST_STEPS, MOST_BYTES = 20_000, 100_000
"""Far more than a label: what goes on for longer is told without its pieces."""
_MOST_WAITING = 256


@dataclass(frozen=True, slots=True)
class RawStep:
    """One thing that a device brought, or that it brought nothing."""

    at_us: int
    """Any steady clock."""
    kind: str
    """serial: bytes, silence · hid: report, quiet · evdev: event, held, quiet."""
    data: bytes = field(default=b"", repr=False)
    numbers: tuple[int, ...] = field(default=(), repr=False)
    """silence: milliseconds waited · event: type, code, value · held: the keys that are down."""


@dataclass(frozen=True, slots=True)
class SerialSetup:
    """How a line was read when the first piece came."""

    profile: Profile
    midstream: bool
    by_silence: bool
    """Whether silence ends a label: EITHER learns that."""


@dataclass(frozen=True, slots=True)
class HidSetup:
    """How reports were read when the first one came."""

    profile: Profile
    midstream: bool
    descriptor: bytes
    habits: Habits


@dataclass(frozen=True, slots=True)
class TypingSetup:
    """How keys were read when the first one came."""

    typing: Typing
    midstream: bool
    caps_lock: bool


Setup = SerialSetup | HidSetup | TypingSetup
Came = bytes | str
"""A label as the rules read it, or the code of why there is none."""


@dataclass(frozen=True, slots=True)
class RawRead:
    """Pieces from the first to the one after which nothing was half read, and what came of them."""

    device: str
    at_ms: int
    """Epoch milliseconds, UTC, of the first piece."""
    setup: Setup
    steps: tuple[RawStep, ...] | None = field(repr=False)
    """None: more than could be kept."""
    came: tuple[Came, ...] = field(repr=False)
    ended_ms: int = 0
    """Epoch milliseconds, UTC, at which it was decided; 0: not known."""


@runtime_checkable
class Recordable(Protocol):
    """A source that tells what it read, beside what came of it."""

    def raw(self) -> tuple[RawRead, ...]:
        """What was read and is decided since the last call."""


class RawLog:
    """Collects the pieces of one open device."""

    def __init__(self, device: str, setup: Callable[[], Setup], now_ms: Callable[[], int]) -> None:
        """`setup` is asked when a first piece comes, before it is decoded."""
        self._device = device
        self._ask_setup = setup
        self._now_ms = now_ms
        self._waiting: deque[RawRead] = deque(maxlen=_MOST_WAITING)
        self._setup: Setup | None = None
        self._at_ms = 0
        self._steps: list[RawStep] = []
        self._came: list[Came] = []
        self._bytes = 0
        self._is_whole = True

    @property
    def is_under_way(self) -> bool:
        """Whether pieces wait for what will come of them."""
        return self._setup is not None

    @property
    def is_quiet(self) -> bool:
        """Whether the last piece was a silence."""
        return bool(self._steps) and self._steps[-1].kind in ("silence", "quiet")

    def step(self, kind: str, data: bytes = b"", numbers: tuple[int, ...] = (), at_us: int | None = None) -> None:
        """Something came; called before it is decoded."""
        if self._setup is None:
            self._setup, self._at_ms = self._ask_setup(), self._now_ms()
        self._bytes += len(data)
        if self._is_whole and len(self._steps) < MOST_STEPS and self._bytes <= MOST_BYTES:
            self._steps.append(RawStep(now_us() if at_us is None else at_us, kind, data, numbers))
        else:
            self._is_whole = False
            self._steps.clear()

    def silence(self, waited_ms: int) -> None:
        """Nothing came for so long; silences in a row are one."""
        if self.is_quiet:
            last = self._steps[-1]
            self._steps[-1] = RawStep(last.at_us, last.kind, b"", (last.numbers[0] + waited_ms,))
        elif self.is_under_way:
            self.step("silence", numbers=(waited_ms,))

    def came(self, items: Iterable[Came]) -> None:
        """What came of the pieces so far."""
        self._came.extend(items)

    def rest(self) -> None:
        """Nothing is half read now. Pieces of which nothing came, such as a second line end, are not told."""
        if self._setup is not None and self._came:
            steps = tuple(self._steps) if self._is_whole else None
            came = tuple(self._came)
            self._waiting.append(RawRead(self._device, self._at_ms, self._setup, steps, came, self._now_ms()))
        self._setup, self._is_whole, self._bytes = None, True, 0
        self._steps.clear()
        self._came.clear()

    def take(self) -> tuple[RawRead, ...]:
        """What is decided, oldest first."""
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return tuple(taken)


def now_us() -> int:
    """The steady clock of this machine."""
    return time.monotonic_ns() // 1000
