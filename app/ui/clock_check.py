"""Whether this machine's clock goes with the hospital's, and how far off it is in words. Pure; any thread."""

from __future__ import annotations

from app.base.errors import Trouble

TOLERATED_MS = 5 * 60_000
ABOUT_CLOCK = "clock"
"""What the notice is about: a later one stands in its place."""
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000
_UNITS = (("days", _DAY_MS, 2 * _DAY_MS), ("hours", _HOUR_MS, 2 * _HOUR_MS), ("minutes", _MINUTE_MS, 0))
CODES = tuple(f"clock_{way}_{unit}" for way in ("fast", "slow") for unit, _, _ in _UNITS)


def clock_trouble(off_ms: int) -> Trouble | None:
    """The trouble of a clock that is `off_ms` before the hospital's (negative: behind); None within five minutes."""
    if abs(off_ms) <= TOLERATED_MS:
        return None
    unit, one_ms, _ = next(row for row in _UNITS if abs(off_ms) >= row[2])
    return Trouble(f"clock_{'fast' if off_ms > 0 else 'slow'}_{unit}", count=round(abs(off_ms) / one_ms))
