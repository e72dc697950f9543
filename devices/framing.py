"""Bytes of a serial line → labels. Pure: no port, no clock, no thread; one Framer per port.

GS, RS, EOT and FS are data (GS1, ISO 15434): only the configured prefix and suffix are taken off, nothing is stripped.
How the bytes were cut into chunks never changes the labels.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from devices.scan import Dropped


class Suffix(enum.Enum):
    """What ends a label."""

    AUTO = "auto"
    """CR, LF or CR LF."""
    EITHER = "either"
    """As AUTO; until a line end has been seen, silence ends a label, too: many makers leave the suffix off."""
    CR = "CR"
    LF = "LF"
    CRLF = "CRLF"
    TAB = "TAB"
    ETX = "ETX"
    NONE = "none"
    """Silence."""


_ENDS = {
    Suffix.AUTO: (rb"[\r\n]", 1),
    Suffix.EITHER: (rb"[\r\n]", 1),
    Suffix.CR: (rb"\r", 1),
    Suffix.LF: (rb"\n", 1),
    Suffix.CRLF: (rb"\r\n", 2),
    Suffix.TAB: (rb"\t", 1),
    Suffix.ETX: (rb"\x03", 1),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How one port marks its labels."""

    suffix: Suffix = Suffix.AUTO
    prefix: bytes = b""
    """Taken off where a label begins with it; a label without it stays whole."""
    idle_ms: int = 50
    """Silence that ends a label when there is no suffix."""
    idle_reset_ms: int = 2000
    """Silence after which a label that still waits for its suffix is given up, so that it never meets the next one."""
    limit_bytes: int = 8192
    """Longest label; a DataMatrix holds 3116 digits, a QR code 7089."""


@dataclass(frozen=True, slots=True)
class Label:
    """One whole label, without prefix and suffix."""

    payload: bytes = field(repr=False)


class Framer:
    """Cuts one stream into labels.

    With `midstream` the first bytes may be the tail of a label whose head was never read (the port was opened while the
    scanner was sending). Unless `idle_ms` of silence come first, they are dropped up to the next end of a label.
    """

    def __init__(self, profile: Profile, *, midstream: bool = False, by_silence: bool | None = None) -> None:
        """`by_silence`: what another Framer of this line had learned."""
        self._profile = profile
        pattern, end_bytes = _ENDS.get(profile.suffix, (None, 1))
        self._end = None if pattern is None else re.compile(pattern)
        self._tail_bytes = end_bytes - 1
        self._silence_ends = profile.suffix in (Suffix.NONE, Suffix.EITHER) if by_silence is None else by_silence
        self._learns = profile.suffix is Suffix.EITHER
        self._pending = bytearray()
        self._silent_ms = 0
        self._unsure = midstream
        self._skipping = False
        self._skip_until_silent_ms = 0

    @property
    def synchronised(self) -> bool:
        """True while the next byte is known to belong to a label that will be handed out whole."""
        return not (self._unsure or self._skipping)

    @property
    def by_silence(self) -> bool:
        """Whether silence ends a label, as far as is known by now."""
        return self._silence_ends

    @property
    def is_unsure(self) -> bool:
        """Whether the next byte may stand in the middle of a label."""
        return self._unsure

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is half read."""
        return not self._pending and self.synchronised

    def feed(self, chunk: bytes) -> tuple[Label | Dropped, ...]:
        """Take the bytes of one read; labels and drops in the order of the line."""
        if not chunk:
            return ()
        self._silent_ms = 0
        return tuple(self._cut(chunk))

    def silence(self, waited_ms: int) -> tuple[Label | Dropped, ...]:
        """Nothing came for `waited_ms` (added up until the next feed).

        The caller counts only time in which it was waiting on the line: time spent elsewhere says nothing about it.
        """
        self._silent_ms += waited_ms
        if self._unsure:
            self._unsure = self._silent_ms < self._profile.idle_ms
            return ()
        if self._skipping:
            if self._silent_ms >= self._skip_until_silent_ms:
                self._skipping = False
                self._pending.clear()
            return ()
        if self._silence_ends and self._silent_ms >= self._profile.idle_ms:
            return tuple(self._take_pending())
        if not self._silence_ends and self._silent_ms >= self._profile.idle_reset_ms:
            dropped = self.give_up()
            # Perhaps what looked like a line end stood inside a code: the next label may end as the first ones did.
            self._silence_ends = self._learns and bool(dropped)
            return dropped
        return ()

    def give_up(self) -> tuple[Dropped, ...]:
        """The line is gone: what waits for its end will never be whole."""
        waiting = bool(self._pending) and not self._skipping
        self._pending.clear()
        return (Dropped("fragment_dropped"),) if waiting else ()

    def _cut(self, chunk: bytes) -> Iterator[Label | Dropped]:
        if self._unsure:
            self._unsure = False
            self._skip(self._profile.idle_ms)
            yield Dropped("fragment_dropped")
        self._pending += chunk
        if self._end is not None:
            yield from self._cut_at_ends(self._end)
        if self._skipping:
            self._keep_tail()
        elif len(self._pending) > self._profile.limit_bytes + len(self._profile.prefix) + self._tail_bytes:
            self._skip(self._silence_after_overlong_ms())
            self._keep_tail()
            yield Dropped("label_overlong")

    def _cut_at_ends(self, end: re.Pattern[bytes]) -> Iterator[Label | Dropped]:
        received = bytes(self._pending)
        start = 0
        for found in end.finditer(received):
            # Whoever sends line ends sends them always: from here on a label without one is a piece.
            self._silence_ends = False
            if self._skipping:
                self._skipping = False
            else:
                yield from self._finish(received[start : found.start()])
            start = found.end()
        del self._pending[:start]

    def _take_pending(self) -> Iterator[Label | Dropped]:
        raw = bytes(self._pending)
        self._pending.clear()
        return self._finish(raw)

    def _finish(self, raw: bytes) -> Iterator[Label | Dropped]:
        payload = raw.removeprefix(self._profile.prefix)
        if len(payload) > self._profile.limit_bytes:
            yield Dropped("label_overlong")
        elif payload:
            yield Label(payload)

    def _skip(self, until_silent_ms: int) -> None:
        self._skipping = True
        self._skip_until_silent_ms = until_silent_ms

    def _silence_after_overlong_ms(self) -> int:
        return self._profile.idle_ms if self._silence_ends else self._profile.idle_reset_ms

    def _keep_tail(self) -> None:
        # Of a skipped label only what may be the first half of CR LF matters.
        del self._pending[: len(self._pending) - self._tail_bytes]
