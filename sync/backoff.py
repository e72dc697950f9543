"""When to try again: exponential back-off with full jitter. Pure."""

from __future__ import annotations


def delay_s(failures: int, jitter: float, *, base_s: float, cap_s: float) -> float:
    """Seconds to wait after `failures` failures in a row (1 = the first); `jitter` is a random number in [0, 1).

    Drawn evenly from nothing to the ceiling, so that forty devices do not come back at once, but never under a
    quarter of `base_s`: a zero would be a busy loop.
    """
    if failures <= 0:
        return 0.0
    ceiling = min(cap_s, base_s * 2.0 ** min(failures - 1, 30))
    return max(min(base_s / 4, cap_s), ceiling * jitter)
