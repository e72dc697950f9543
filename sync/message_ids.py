"""Numbers of messages to the insurance: institution, time, sequence; 30 signs, never twice. Any thread."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime, timedelta

from sync.errors import SyncError

_CODE = 12
_SEQUENCES = 10_000


class MessageIds:
    """Gives numbers out of this device's own share of each second's sequence.

    `slot` of `slots` is that share: two devices of one hospital need different ones, which only the site can promise;
    without it, the device's name decides. A clock that goes back, and a second that is used up, take the next second.
    """

    def __init__(self, institution: str, device: str, slot: int | None = None, slots: int = 100) -> None:
        """Raises SyncError envelope_too_long: an institution's code of other than 12 signs makes no such number."""
        if len(institution) != _CODE:
            raise SyncError("envelope_too_long", "fixmedins_code", subject="msgid")
        if not 1 <= slots <= _SEQUENCES or not 0 <= (slot or 0) < slots:
            raise ValueError("slot lies within slots, of which there are 1 to 10000")
        named = int.from_bytes(hashlib.sha256(device.encode()).digest()[:8], "big") % slots
        self._institution = institution
        self._share = _SEQUENCES // slots
        self._first = (named if slot is None else slot) * self._share
        self._lock = threading.Lock()
        self._second = datetime.min.replace(tzinfo=UTC)
        self._used = 0

    def next(self, at: datetime) -> str:
        """The next number; `at` in the zone of the institution."""
        with self._lock:
            second = at.replace(microsecond=0, tzinfo=UTC)
            if second > self._second:
                self._second, self._used = second, 0
            elif self._used == self._share:
                self._second, self._used = self._second + timedelta(seconds=1), 0
            sequence = self._first + self._used
            self._used += 1
            return f"{self._institution}{self._second:%Y%m%d%H%M%S}{sequence:04}"
