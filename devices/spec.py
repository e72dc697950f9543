"""The text that names a scanner (`serial:/dev/ttyACM0?suffix=CR`), checked as a whole when it is read. Any thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from devices.errors import SpecError
from devices.framing import Profile, Suffix

_SUFFIXES = {suffix.value.lower(): suffix for suffix in Suffix}
_PREFIXES = {"none": b"", "stx": b"\x02"}


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """How a serial port is opened and read; 8 data bits, no parity, one stop bit, no flow control."""

    baud: int = 9600
    """Ignored by USB-CDC devices."""
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True)
class ScannerSpec:
    """One scanner as people name it: kind, address and options."""

    kind: str
    address: str
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> ScannerSpec:
        """Read `KIND:ADDRESS?name=value&…`; SpecError (`bad_scanner_spec`) where any part of it is unknown.

        serial:PORT     suffix=auto|CR|LF|CRLF|TAB|ETX|none  prefix=none|STX  idle_ms  idle_reset_ms  baud
        replay:FILE     speed=0 (as fast as possible), 1 (as recorded), 2 (twice as fast) …
        hid:VID:PID, keys, camera:N     no options yet
        """
        head, mark, query = text.partition("?")
        kind, _, address = head.partition(":")
        checks = _KINDS.get(kind)
        if checks is None or not checks.address.fullmatch(address) or (mark and not query):
            raise SpecError(text)
        options = tuple(_option(text, part) for part in query.split("&")) if query else ()
        names = [name for name, _ in options]
        if len(set(names)) != len(names):
            raise SpecError(text)
        for name, value in options:
            check = checks.options.get(name)
            if check is None or not check(value):
                raise SpecError(text)
        return cls(kind, address, options)

    @property
    def device(self) -> str:
        """The stable id of the device: the text without options."""
        return f"{self.kind}:{self.address}" if self.address else self.kind

    def serial_settings(self) -> SerialSettings:
        """The options of a `serial` scanner, with defaults for what is not said."""
        given = dict(self.options)
        plain = Profile()
        profile = Profile(
            suffix=_SUFFIXES[given.get("suffix", "auto").lower()],
            prefix=_PREFIXES[given.get("prefix", "none").lower()],
            idle_ms=int(given.get("idle_ms", plain.idle_ms)),
            idle_reset_ms=int(given.get("idle_reset_ms", plain.idle_reset_ms)),
        )
        return SerialSettings(baud=int(given.get("baud", SerialSettings().baud)), profile=profile)

    def replay_speed(self) -> float:
        """The speed factor of a `replay` scanner; 0 is as fast as possible."""
        return float(dict(self.options).get("speed", "1"))


@dataclass(frozen=True, slots=True)
class _Kind:
    address: re.Pattern[str]
    options: Mapping[str, Callable[[str], bool]]


def _option(text: str, part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise SpecError(text)
    return name, value


def _within(lowest: int, highest: int) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        return re.fullmatch(r"[0-9]{1,9}", value) is not None and lowest <= int(value) <= highest

    return check


def _is_factor(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value) is not None


_SERIAL_OPTIONS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "suffix": lambda value: value.lower() in _SUFFIXES,
        "prefix": lambda value: value.lower() in _PREFIXES,
        "idle_ms": _within(10, 5_000),
        "idle_reset_ms": _within(100, 60_000),
        "baud": _within(300, 4_000_000),
    }
)
_NO_OPTIONS: Mapping[str, Callable[[str], bool]] = MappingProxyType({})

_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "serial": _Kind(re.compile(r"[^\x00]+"), _SERIAL_OPTIONS),
        "replay": _Kind(re.compile(r"[^\x00]+"), MappingProxyType({"speed": _is_factor})),
        "hid": _Kind(re.compile(r"[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}"), _NO_OPTIONS),
        "keys": _Kind(re.compile(r""), _NO_OPTIONS),
        "camera": _Kind(re.compile(r"[0-9]{1,3}"), _NO_OPTIONS),
    }
)
