"""What an input method makes of a scanner's keys: told from a person's composing by its pace. Pure.

A method that is on keeps the keys, shows what it thinks they mean, and puts text in at the end. A person changes that
text a few times a second; a scanner many times within a blink. Some texts (a capital letter first) a method keeps
without showing anything: there the time since the last key that it let through must do, for so many signs.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from devices.wedge_burst import FAST_US, FEWEST

FEWEST_CHANGES = 4
_BREAK_US = 300_000
_LANDED_US = 2_000_000
"""A refusal may come so long after the first sign of a label."""
_RUN_US = 100_000
"""After text that was shot, keys that follow so soon are the rest of it."""


class ComposedPace:
    """Follows the text under composition in the part with the focus."""

    def __init__(self) -> None:
        self._text = ""
        self._changes_us: list[int] = []
        self._shot_us: int | None = None
        self._key_us: int | None = None
        self._landed: list[str] = []
        self._landed_us = 0

    def key(self, at_us: int) -> None:
        """A key went down that the method let through."""
        self._key_us = at_us

    def shown(self, text: str, at_us: int) -> None:
        """The method shows this text now."""
        if text == self._text:
            return
        self._text = text
        if self._changes_us and at_us - self._changes_us[-1] > _BREAK_US:
            self._changes_us.clear()
        self._changes_us.append(at_us)

    def put(self, text: str, at_us: int) -> bool:
        """The method puts this text in; whether that is a scanner's, so that it must not get there."""
        shot = self._is_fast() or self._was_kept(text, at_us) or self.goes_on(at_us)
        self._changes_us.clear()
        self._text = ""
        if shot:
            self._shot_us = at_us
            return True
        if at_us - self._landed_us > _BREAK_US:
            self._landed.clear()
        self._landed.append(text)
        self._landed_us = at_us
        return False

    def _is_fast(self) -> bool:
        gaps = [late - early for early, late in pairwise(self._changes_us)]
        return len(gaps) >= FEWEST_CHANGES and median(gaps) < FAST_US

    def _was_kept(self, text: str, at_us: int) -> bool:
        """More signs, each with a key of its own, than fingers press in the time; nothing of it was shown before."""
        if self._changes_us or self._key_us is None or len(text) < FEWEST or not text.isascii():
            return False
        return at_us - self._key_us < len(text) * FAST_US

    def goes_on(self, at_us: int) -> bool:
        """Whether a key now is the rest of what was shot; if so, the next one may be, too."""
        if self._shot_us is None or at_us - self._shot_us > _RUN_US:
            self._shot_us = None
            return False
        self._shot_us = at_us
        return True

    def end_rest(self) -> None:
        """The rest of what was shot is over: a key ended it."""
        self._shot_us = None

    def forget_landed(self, at_us: int, before_cursor: str) -> str:
        """What was put in since the keys last rested, as far as it stands before the cursor: it has to go again."""
        landed, self._landed = self._landed, []
        if at_us - self._landed_us > _LANDED_US:
            return ""
        tails = ("".join(landed[start:]) for start in range(len(landed)))
        return next((tail for tail in tails if before_cursor.endswith(tail)), "")
