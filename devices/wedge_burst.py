"""Keys that came in one go, while it is not decided who pressed them: their gaps, and which of them overlap. Pure."""

from __future__ import annotations

from devices.wedge_keys import KeyEvent, KeyKind

FEWEST = 6
"""A scanner's label has so many signs; a person never presses so many so fast."""
FAST_US, HEADLONG_US, SLOW_US, ENDLESS_US = 35_000, 20_000, 60_000, 75_000
"""Median gaps: a scanner; one beyond doubt after three keys; one that is set too slow; one where nobody types text."""
_STEPS = (HEADLONG_US, FAST_US, SLOW_US, ENDLESS_US)
_HEAD_US, _HEAD_TIMES, _HEAD_MORE_US = 20_000, 5, 5_000
_MOST_INTRUDERS = 2


class Burst:
    """Presses and releases in order. A stroke is a press that stands for a sign; an Alt code is one stroke."""

    def __init__(self, at_us: int) -> None:
        self.first_us = self.last_us = at_us
        self.events: list[KeyEvent] = []
        self.strokes: list[KeyEvent] = []
        self.composed = False
        """An input method took keys away, or put text of its own beside them."""
        self.caps_turned = False
        """Caps Lock was pressed in the midst of it."""
        self._down: dict[tuple[int, int], int] = {}
        self._since: list[int] = []
        """Per stroke: how many others were pressed while it was down."""
        self._gaps_us: list[int] = []
        self._below = dict.fromkeys(_STEPS, 0)

    def press(self, event: KeyEvent, *, stroke: bool = True) -> None:
        """Take a press; `stroke` is False for a part of something longer (the digits of an Alt code)."""
        if self.events:
            self._count(max(0, event.at_us - self.last_us))
        self.last_us = max(self.last_us, event.at_us)
        self.events.append(event)
        if stroke:
            self._add(event)

    def add_sign(self, event: KeyEvent) -> None:
        """A sign that was made of several keys, all of them taken already."""
        self.strokes.append(event)
        self._since.append(0)

    def modifier(self, event: KeyEvent) -> None:
        """Shift, Ctrl, Alt or Caps Lock went down: some scanners pause before and after it."""
        self.caps_turned |= event.kind is KeyKind.CAPS
        self.last_us = max(self.last_us, event.at_us)

    def release(self, event: KeyEvent) -> bool:
        """Take a release; False where its press is none of ours.

        Without places `!` may come up as `1`, when Shift was let go first: then it is the last one that is still down.
        """
        if event.same_key in self._down:
            del self._down[event.same_key]
        elif self._down and not event.place:
            self._down.popitem()
        else:
            return False
        self.events.append(event)
        return True

    @property
    def down(self) -> tuple[tuple[int, int], ...]:
        """Keys that are still held."""
        return tuple(self._down)

    def median_below(self, limit_us: int) -> bool:
        """Whether most gaps are shorter; `limit_us` is one of the four steps. The largest gaps are the machine's."""
        return 2 * self._below[limit_us] > len(self._gaps_us)

    @property
    def is_fast(self) -> bool:
        """Beyond doubt a scanner, even before it has sent all."""
        count = len(self.strokes)
        return (count >= FEWEST and self.median_below(FAST_US)) or (count >= 3 and self.median_below(HEADLONG_US))

    def intruders(self) -> tuple[int, ...]:
        """Strokes that stayed down while others came and went: a person's finger amid a scanner's.

        Where many overlap, the scanner presses several keys at once, and nothing can be told from that.
        """
        long = tuple(place for place, since in enumerate(self._since) if since > 1)
        return long if len(long) <= _MOST_INTRUDERS and 3 * len(long) < len(self.strokes) else ()

    def has_late_second(self) -> bool:
        """Whether the first key came alone, far before the even stream of the others."""
        if len(self._gaps_us) < FEWEST - 1:
            return False
        middle = sorted(self._gaps_us)[len(self._gaps_us) // 2]
        return self._gaps_us[0] > max(_HEAD_US, _HEAD_TIMES * middle + _HEAD_MORE_US)

    def events_of(self, places: tuple[int, ...]) -> tuple[KeyEvent, ...]:
        """Press and release of these strokes, as far as they have come."""
        keys = {self.strokes[place].same_key for place in places}
        presses = {id(self.strokes[place]) for place in places}
        return tuple(
            event for event in self.events if id(event) in presses or (not event.pressed and event.same_key in keys)
        )

    def _add(self, event: KeyEvent) -> None:
        for at in self._down.values():
            self._since[at] += 1
        self._down[event.same_key] = len(self.strokes)
        self.strokes.append(event)
        self._since.append(0)

    def _count(self, gap_us: int) -> None:
        self._gaps_us.append(gap_us)
        for limit_us in _STEPS:
            self._below[limit_us] += gap_us < limit_us
