"""One breaker per remote call: closed, open after so many failures in a row, half-open for one probe. Pure.

While closed a failure is followed by a back-off with jitter, which a nudge may shorten; an open breaker lets one call
through after its probe time, nudged or not. What the server itself ordered (`Retry-After`) nothing shortens. All times
are seconds of a monotonic clock; the owner's thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from sync.backoff import delay_s
from sync.endpoints.endpoint import Endpoint
from sync.errors import SyncError
from sync.status import BreakerState, EndpointStatus


class Breaker:
    """The breaker of one endpoint."""

    def __init__(self, endpoint: Endpoint, *, base_s: float, cap_s: float, nudge_gap_s: float) -> None:
        self._endpoint = endpoint
        self._base_s = base_s
        self._cap_s = cap_s
        self._nudge_gap_s = nudge_gap_s
        self._failures = 0
        self._first_s = self._last_s = -math.inf
        self._quiet_until = -math.inf
        self._ordered_until = -math.inf
        self.error: SyncError | None = None
        """What it met last; None: it is well."""

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return self._failures

    def due_s(self, *, hurried: bool = False) -> float:
        """From when on a call may go."""
        if self.error is None:
            return -math.inf
        quiet = self._quiet_until
        if hurried and not self._is_open():
            quiet = min(quiet, self._last_s + self._nudge_gap_s)
        return max(quiet, self._ordered_until)

    def state(self, now: float) -> BreakerState:
        """As the status shows it."""
        if not self._is_open():
            return "closed"
        return "half_open" if now >= self.due_s() else "open"

    def succeed(self) -> None:
        """A call was answered as agreed."""
        self._failures = 0
        self._quiet_until = self._ordered_until = -math.inf
        self.error = None

    def fail(self, error: SyncError, now: float, jitter: float) -> None:
        """A call was not; `jitter` is a random number in [0, 1)."""
        self._failures += 1
        self._first_s = now if self._failures == 1 else self._first_s
        self._last_s = now
        self.error = error
        wait_s = delay_s(self._failures, jitter, base_s=self._base_s, cap_s=self._cap_s)
        if self._is_open():
            # Between half and whole of it: forty devices must not probe in the same second.
            wait_s = min(self._cap_s, self._endpoint.probe_s) * (1 + jitter) / 2
        self._quiet_until = now + wait_s
        self._ordered_until = now + (error.retry_after_s or 0)

    def status(self, now: float, now_ms: int) -> EndpointStatus | None:
        """None while all is well. `now_ms`: the same moment as people count it."""
        if self.error is None:
            return None
        since_ms, again_ms = (now_ms + round((at_s - now) * 1000) for at_s in (self._first_s, self.due_s()))
        return EndpointStatus(
            self._endpoint.name,
            self.state(now),
            self.error.code,
            self.error.subject,
            self._failures,
            since_ms,
            again_ms,
        )

    def _is_open(self) -> bool:
        return self._failures >= self._endpoint.opens_after


class Breakers:
    """The breakers of one remote, by the name of the endpoint."""

    def __init__(self, endpoints: Iterable[Endpoint], *, base_s: float, cap_s: float, nudge_gap_s: float) -> None:
        self._all: Mapping[str, Breaker] = {
            endpoint.name: Breaker(endpoint, base_s=base_s, cap_s=cap_s, nudge_gap_s=nudge_gap_s)
            for endpoint in endpoints
        }

    def __getitem__(self, name: str) -> Breaker:
        return self._all[name]

    def wait_s(self, names: Iterable[str], now: float) -> float | None:
        """Seconds until the first of these that is in trouble may be tried; None: all are well."""
        waits = [self._all[name].due_s() - now for name in names if self._all[name].error is not None]
        return max(0.0, min(waits)) if waits else None

    def first_error(self, names: Iterable[str]) -> SyncError | None:
        """The trouble of the first of these that is in trouble."""
        return next((self._all[name].error for name in names if self._all[name].error is not None), None)

    def statuses(self, now: float, now_ms: int) -> tuple[EndpointStatus, ...]:
        """Those that are in trouble."""
        return tuple(status for one in self._all.values() if (status := one.status(now, now_ms)) is not None)
