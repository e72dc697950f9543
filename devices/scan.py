"""What a device hands out: scans, states, and notes about bytes that were no whole label. Frozen facts, any thread."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RawScan:
    """One label as the scanner sent it. The payload may be a patient's credential, so it never shows in `repr`."""

    device: str
    """Stable id: the text of the scanner's spec without its options, e.g. `serial:/dev/ttyACM0`."""
    payload: bytes = field(repr=False)
    """Exactly as it came, an AIM prefix on the line included, without the configured line end."""
    at_ms: int
    """Epoch milliseconds, UTC, when the last byte was read."""
    aim: str | None = None
    """AIM identifier (`]d2`) that came beside the bytes (HID POS, camera); None: it stands in them or is unknown."""

    @property
    def label(self) -> bytes:
        """What the rules read and the store keeps: the payload, behind its AIM identifier where one came beside it."""
        return self.payload if self.aim is None else self.aim.encode() + self.payload


@dataclass(frozen=True, slots=True)
class Dropped:
    """Bytes that were thrown away because they cannot be a whole label; what they were is told to nobody."""

    code: str
    """`fragment_dropped` or `label_overlong`."""


class DeviceState(enum.Enum):
    """Where a device stands. The values are stable."""

    CLOSED = "closed"
    """Not started, stopped, or ended by itself."""
    OPENING = "opening"
    """Started, not yet open for the first time."""
    READY = "ready"
    """Open: whatever is scanned from now on arrives."""
    LOST = "lost"
    """Was ready and went away; comes back by itself."""
    TROUBLE = "trouble"
    """Cannot be opened; a device that can be plugged in is tried again by itself."""


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A change of state, or a passing note on a device.

    `code` is the cause of LOST and TROUBLE. On other states it is a note about one moment (`fragment_dropped`,
    `label_overlong`, `scan_not_taken`): the state stands as before, and `DeviceManager.statuses()` does not keep it.
    """

    device: str
    state: DeviceState
    code: str | None = None
