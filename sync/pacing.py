"""When the next cycle is due: nudges, linger, interval and back-off in one moment. Pure; under the engine's lock.

All times are seconds of a monotonic clock. There is one slot for nudges: however many come, one cycle follows.
"""

from __future__ import annotations

import math

from sync.backoff import delay_s
from sync.ports import SyncSettings


class Pacing:
    """The engine's alarm clock. A new one is due at once: what an earlier run left is sent without a nudge."""

    def __init__(self, settings: SyncSettings) -> None:
        self._settings = settings
        self._pull_at = -math.inf
        self._push_at = math.inf
        self._again_at = math.inf
        self._last_try = -math.inf
        self._quiet_until = -math.inf
        self._ordered_until = -math.inf
        self._failures = 0
        self._nudges = 0
        self._asked = False  # somebody wanted to hear what is new since the last cycle began

    @property
    def failures(self) -> int:
        """Cycles in a row in which the hospital as a whole was in trouble."""
        return self._failures

    @property
    def nudged(self) -> bool:
        """Somebody nudged since the last cycle began."""
        return self._nudges > 0

    def nudge(self, now: float, *, urgent: bool, fetch: bool = False) -> None:
        """There is something to send: at once, when company is complete, or after the linger. `fetch`: and to hear."""
        if fetch:
            self._asked, self._pull_at = True, min(self._pull_at, now)
        self._nudges += 1
        at_once = urgent or self._nudges >= self._settings.batch_items
        self._push_at = min(self._push_at, now if at_once else now + self._settings.linger_s)

    def due_at(self) -> float:
        """The moment of the next cycle.

        In trouble nothing goes before the back-off is over; a nudge may shorten it, though not below `nudge_gap_s` and
        not below what the server itself ordered.
        """
        wanted = min(self._pull_at, self._push_at, self._again_at)
        if not self._failures:
            return wanted
        quiet = self._quiet_until
        if self._nudges:
            quiet = min(quiet, self._last_try + self._settings.nudge_gap_s)
        return max(wanted, quiet, self._ordered_until)

    def begin(self, now: float) -> bool:
        """A cycle begins and takes the nudges with it; True if it should pull."""
        self._nudges, self._asked = 0, False
        self._push_at = self._again_at = math.inf
        self._last_try = now
        return self._pull_at <= now

    def succeed(
        self, now: float, *, pulled: bool, more: bool, again_in_s: float | None, pull_in_s: float | None = None
    ) -> None:
        """The hospital is there. `more`: another page can be had at once; `again_in_s`: a row, or a call that is in
        trouble, is due then; `pull_in_s`: the feed is in trouble and may be tried then."""
        self._failures = 0
        if pull_in_s is not None:
            self._pull_at = now + pull_in_s
        elif pulled:
            self._pull_at = now if more or self._asked else now + self._settings.pull_interval_s
        if again_in_s is not None:
            self._again_at = now + max(again_in_s, self._settings.backoff_base_s / 4)

    def fail(self, now: float, jitter: float, *, retry_after_s: int | None) -> None:
        """No call to this hospital would fare better: be quiet for a while, then try again, nudged or not."""
        self._failures += 1
        base_s, cap_s = self._settings.backoff_base_s, self._settings.backoff_cap_s
        self._quiet_until = now + delay_s(self._failures, jitter, base_s=base_s, cap_s=cap_s)
        self._ordered_until = now + (retry_after_s or 0)
        self._again_at = min(self._again_at, self._quiet_until)
