"""Time as a thing handed in: wall clock, monotonic clock, and ids that carry their moment. Any thread."""

from __future__ import annotations

import datetime as dt
import os
import re
import threading
import time
import uuid
from typing import Protocol

_ZONE = re.compile(r"([+-])([01][0-9]|2[0-3]):([0-5][0-9])")


class Clock(Protocol):
    """What the program asks about time."""

    def now_ms(self) -> int:
        """Wall time, epoch milliseconds, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class SystemClock:
    """The machine's clock, or one that starts at `start_ms` and runs on from there (trials in a sandbox only)."""

    def __init__(self, start_ms: int | None = None) -> None:
        self._offset_ms = 0 if start_ms is None else start_ms - time.time_ns() // 1_000_000

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._offset_ms

    def monotonic(self) -> float:
        return time.monotonic()

    def start_at(self, start_ms: int) -> None:
        """Set the wall time; the caller has checked that the realm is a sandbox's."""
        self._offset_ms = start_ms - time.time_ns() // 1_000_000


def parse_moment(text: str) -> int:
    """`2026-11-22T06:00:00Z` → epoch milliseconds; ValueError otherwise. A moment without zone is UTC."""
    moment = dt.datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return int(moment.timestamp() * 1000)


def zone_of(text: str) -> dt.timezone:
    """`+08:00` → a fixed offset; ValueError otherwise."""
    found = _ZONE.fullmatch(text)
    if not found:
        raise ValueError(f"not an offset: {text!r}")
    sign = 1 if found[1] == "+" else -1
    return dt.timezone(sign * dt.timedelta(hours=int(found[2]), minutes=int(found[3])))


def day_of(at_ms: int, zone: dt.tzinfo) -> dt.date:
    """The hospital's calendar day of a moment."""
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=zone).date()


class IdMaker:
    """UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, 12 bits that count up within one, 62 random bits.

    Strictly increasing within this object even when the clock stands still or goes back, so ids sort as made.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self, at_ms: int) -> str:
        """A fresh id for something that happened at `at_ms` (epoch milliseconds)."""
        with self._lock:
            stamp = max((at_ms & 0xFFFFFFFFFFFF) << 12, self._last + 1)
            self._last = stamp
        tail = int.from_bytes(os.urandom(8)) & 0x3FFFFFFFFFFFFFFF
        value = ((stamp >> 12) & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | tail
        return str(uuid.UUID(int=value))
