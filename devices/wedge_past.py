"""What went before a burst of keys and says something about it: modifiers, lost keys, slow typing. Pure."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from devices.wedge_burst import FEWEST, SLOW_US
from devices.wedge_keys import KeyEvent, KeyKind

_TAP_US = 15_000
"""Qt 6.8 under X11 calls it a repeat, too, when a key is released and pressed again within one millisecond, as scanners
do with `00`: two signs. A key that is held and repeated stays down for longer between two of its signs."""
_ALT_ECHO_US = 20_000
_RUN_BREAKS_US = 1_000_000
_SLOW_FEWEST_IN_FIELD = 10
_SLOW_FEWEST_BESIDE_IME = 4
"""Signs that came through while an input method ate the others."""
_MOST_KEPT = 64
_LONG_AGO_US = -(1 << 62)


class Past:
    """Short memory of one window's keys."""

    def __init__(self) -> None:
        self.composed_us = _LONG_AGO_US
        self.alt_code_us = _LONG_AGO_US
        self._shifts: dict[tuple[int, int], int] = {}
        self._pressed_us: dict[tuple[int, int], int] = {}
        self._repeating: set[tuple[int, int]] = set()
        self._tapped: set[tuple[int, int]] = set()
        self._run_us: list[int] = []

    def forget_keys(self) -> None:
        """Releases that come from now on go elsewhere."""
        self._shifts.clear()
        self._pressed_us.clear()
        self._repeating.clear()
        self._tapped.clear()

    def modifier(self, event: KeyEvent) -> None:
        """A modifier went down or up."""
        if event.kind is KeyKind.SHIFT:
            if not event.pressed:
                self._shifts.pop(event.same_key, None)
            elif not event.auto_repeat:
                self._shifts[event.same_key] = event.at_us

    def repeats(self, event: KeyEvent) -> bool:
        """Whether this is a held key that the system repeats."""
        key = event.same_key
        if event.pressed:
            return self._repeats_press(event, key)
        since_us = self._pressed_us.pop(key, None)
        if not event.auto_repeat:
            self._repeating.discard(key)
            return False
        if key not in self._repeating and since_us is not None and event.at_us - since_us < _TAP_US:
            self._tapped.add(key)
            return False
        self._repeating.add(key)
        return True

    def _repeats_press(self, event: KeyEvent, key: tuple[int, int]) -> bool:
        if event.auto_repeat and key not in self._tapped:
            self._repeating.add(key)
            return True
        self._tapped.discard(key)
        self._repeating.discard(key)
        self._pressed_us[key] = event.at_us
        return False

    def shift_held(self, first: KeyEvent, limit_us: int) -> bool:
        """Whether Shift was down long before the first sign of a label."""
        if not first.shift:
            return False
        return any(first.at_us - since_us > limit_us for since_us in self._shifts.values())

    def lost_keys_since(self, at_us: int) -> bool:
        """Whether an input method has put text in, or a key was released that was never pressed here."""
        return self.composed_us >= at_us

    def is_alt_echo(self, event: KeyEvent) -> bool:
        """Whether this is the sign that the system made of an Alt code, once."""
        echo = 0 <= event.at_us - self.alt_code_us <= _ALT_ECHO_US
        self.alt_code_us = _LONG_AGO_US
        return echo

    def other_key(self, event: KeyEvent) -> None:
        """A key that is no text: after Backspace and its like, what was typed before is no label."""
        if event.kind is KeyKind.OTHER:
            self._run_us.clear()

    def typed(self, events: tuple[KeyEvent, ...], *, editing: bool) -> tuple[KeyEvent, ...]:
        """Note what is given back, and give it back: without blanks where they would press a button amid a text."""
        amid = len(self._run_us) >= 3 and bool(events) and events[0].at_us - self._run_us[-1] <= _RUN_BREAKS_US
        for event in events:
            if event.pressed and event.kind is KeyKind.SIGN:
                if self._run_us and event.at_us - self._run_us[-1] > _RUN_BREAKS_US:
                    self._run_us.clear()
                self._run_us.append(event.at_us)
        del self._run_us[:-_MOST_KEPT]
        return tuple(event for event in events if event.text != " ") if amid and not editing else events

    def was_slow_scan(self, at_us: int, *, editing: bool) -> bool:
        """Whether an Enter now ends what a scanner with long pauses has typed: too even and too fast for a person, or a
        text where there is no field for it."""
        run, self._run_us = self._run_us, []
        if not run or at_us - run[-1] > _RUN_BREAKS_US:
            return False
        if not editing:
            return len(run) >= FEWEST
        fewest = _SLOW_FEWEST_BESIDE_IME if self.lost_keys_since(at_us - _RUN_BREAKS_US) else _SLOW_FEWEST_IN_FIELD
        return len(run) >= fewest and median(late - early for early, late in pairwise(run)) < SLOW_US
