"""Calls per endpoint with sizes and times, so that tests can hold a budget. Lives on the sandbox's event loop."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_REMEMBERED = 10_000
"""Times kept per endpoint for the median."""


@dataclass(slots=True)
class _Tally:
    count: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    ms_max: float = 0.0
    times_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class Calls:
    """The counters of one sandbox."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}

    def note(self, endpoint: str, bytes_in: int, bytes_out: int, ms: float) -> None:
        """Count one call; sizes are of the bodies."""
        tally = self._tallies.setdefault(endpoint, _Tally())
        tally.count += 1
        tally.bytes_in += bytes_in
        tally.bytes_out += bytes_out
        tally.ms_max = max(tally.ms_max, ms)
        tally.times_ms.append(ms)

    def reset(self) -> None:
        """Start again from nothing."""
        self._tallies.clear()

    def report(self) -> dict[str, object]:
        """The counters as the control door shows them; times in milliseconds."""
        calls = {
            name: {
                "count": tally.count,
                "bytes_in": tally.bytes_in,
                "bytes_out": tally.bytes_out,
                "ms_p50": round(sorted(tally.times_ms)[len(tally.times_ms) // 2], 3),
                "ms_max": round(tally.ms_max, 3),
            }
            for name, tally in sorted(self._tallies.items())
        }
        return {"calls": calls, "total": sum(tally.count for tally in self._tallies.values())}
