"""Events as Linux hands them out → labels; knows what the kernel threw away. Pure: no device, no clock, no thread."""

from __future__ import annotations

from collections.abc import Callable

from devices.evdev_keys import Typist
from devices.framing import Label
from devices.scan import Dropped

SYN, KEY, LED = 0x00, 0x01, 0x11
SYN_REPORT, SYN_DROPPED = 0, 3


class EventReader:
    """Feeds one scanner's keys to its Typist."""

    def __init__(self, typist: Typist, held: Callable[[], frozenset[int]]) -> None:
        """`held` tells the keys that are down now; asked after events were thrown away."""
        self._typist = typist
        self._held = held
        self._discarding = False

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is half read."""
        return not self._discarding and self._typist.is_at_rest

    def needs_held(self, kind: int, code: int) -> bool:
        """Whether this event, if it comes now, makes it ask for the keys that are down."""
        return self._discarding and (kind, code) == (SYN, SYN_REPORT)

    def take(self, kind: int, code: int, value: int, at_ms: int) -> tuple[Label | Dropped, ...]:
        """One event with the time the kernel gave it."""
        if kind == SYN:
            if code == SYN_DROPPED:
                self._discarding = True
            elif code == SYN_REPORT and self._discarding:
                self._discarding = False
                return self._typist.lost(self._held())
            return ()
        if kind != KEY or self._discarding:
            return ()
        return self._typist.key(code, value, at_ms)
