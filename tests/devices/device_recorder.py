"""Collects what devices tell, and waits for it with a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable

from devices import DeviceState, DeviceStatus, RawScan

LIMIT_S = 20.0


class Recorder:
    """Callbacks for a DeviceManager."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.scans: list[RawScan] = []
        self.statuses: list[DeviceStatus] = []
        self.clock_ms = 1_700_000_000_000

    def on_scan(self, scan: RawScan) -> None:
        with self._changed:
            self.scans.append(scan)
            self._changed.notify_all()

    def on_status(self, status: DeviceStatus) -> None:
        with self._changed:
            self.statuses.append(status)
            self._changed.notify_all()

    def now_ms(self) -> int:
        return self.clock_ms

    @property
    def payloads(self) -> list[bytes]:
        with self._changed:
            return [scan.payload for scan in self.scans]

    def codes(self) -> list[str]:
        with self._changed:
            return [status.code for status in self.statuses if status.code]

    def wait(self, condition: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, limit_s)

    def wait_scans(self, count: int, limit_s: float = LIMIT_S) -> list[bytes]:
        """The payloads so far once there are `count` of them."""
        assert self.wait(lambda: len(self.scans) >= count, limit_s), f"{len(self.scans)} of {count} scans came"
        return self.payloads

    def wait_status(
        self, state: DeviceState, code: str | None = None, *, times: int = 1, limit_s: float = LIMIT_S
    ) -> None:
        """Until this state with this code was told `times` times."""

        def told() -> bool:
            return sum(1 for status in self.statuses if (status.state, status.code) == (state, code)) >= times

        assert self.wait(told, limit_s), f"{state} {code} did not come: {self.statuses}"
