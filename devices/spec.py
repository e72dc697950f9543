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
_HEX_BYTES = re.compile(r"0x((?:[0-9A-Fa-f]{2}){1,16})")
_USB_ADDRESS = re.compile(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::([^\x00@]+))?(?:@([0-9A-Za-z.:-]+))?")


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """How a serial port is opened and read. Everything but `profile` is ignored by USB-CDC devices."""

    baud: int = 9600
    profile: Profile = field(default_factory=Profile)
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1
    rtscts: bool = False
    """Hardware flow control; XON/XOFF is never on, because it eats bytes of the data."""
    dtr: bool = True
    rts: bool = True


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """A device named by what it is, not by where it is plugged in."""

    vid: int
    pid: int
    serial: str | None = None
    """None: any device with these ids."""
    location: str | None = None
    """The socket it is plugged into, for devices that have no serial number."""

    def __str__(self) -> str:
        serial = "" if self.serial is None else f":{self.serial}"
        location = "" if self.location is None else f"@{self.location}"
        return f"{self.vid:04X}:{self.pid:04X}{serial}{location}"


@dataclass(frozen=True, slots=True)
class ScannerSpec:
    """One scanner as people name it: kind, address and options."""

    kind: str
    address: str
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> ScannerSpec:
        """Read `KIND:ADDRESS?name=value&…`; SpecError (`bad_scanner_spec`) where any part of it is unknown.

        serial:PORT, serial:VID:PID[:SERIAL][@SOCKET]
                        suffix=auto|either|CR|LF|CRLF|TAB|ETX|none  prefix=none|STX|0x…  idle_ms  idle_reset_ms
                        baud  bits=7|8  parity=N|E|O|M|S  stop=1|2  rtscts=on|off  dtr=on|off  rts=on|off
        hid:VID:PID[:SERIAL][@SOCKET]       suffix  prefix  form=auto|a|b|c|d  wake=auto|on|off
        evdev:VID:PID[:SERIAL][@SOCKET]     suffix  prefix  gap_ms  gs=none|f1|…|f12
        keys                                suffix  prefix  gap_ms  layout|host=us|zh|de|fr|be  gs=none|f1|…|f12|~|^ …
        camera:N        also=itf,pdf417
        replay:FILE     speed=0 (as fast as possible), 1 (as recorded), 2 (twice as fast) …
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

    def option(self, name: str, default: str = "") -> str:
        """The value of one option as it was written."""
        return dict(self.options).get(name, default)

    def usb_address(self) -> UsbAddress | None:
        """Vendor, product and serial number; None where the address is a path, a file or a number."""
        found = _USB_ADDRESS.fullmatch(self.address)
        if found is None:
            return None
        return UsbAddress(int(found[1], 16), int(found[2], 16), found[3], found[4])

    def unframed(self) -> ScannerSpec:
        """The same scanner, handing out everything between two silences as one label: for looking at its settings."""
        if self.kind not in ("serial", "hid"):
            return self
        kept = tuple((name, value) for name, value in self.options if name not in ("suffix", "prefix", "idle_ms"))
        silence = (("suffix", "none"), ("idle_ms", "100")) if self.kind == "serial" else (("suffix", "none"),)
        return ScannerSpec(self.kind, self.address, kept + silence)

    def serial_settings(self, plain: SerialSettings = SerialSettings()) -> SerialSettings:
        """The options of a `serial` scanner; `plain` (a maker's preset) holds for what is not said."""
        return SerialSettings(
            baud=int(self.option("baud", str(plain.baud))),
            profile=self.profile(plain.profile),
            data_bits=int(self.option("bits", str(plain.data_bits))),
            parity=self.option("parity", plain.parity).upper(),
            stop_bits=int(self.option("stop", str(plain.stop_bits))),
            rtscts=self._switch("rtscts", plain.rtscts),
            dtr=self._switch("dtr", plain.dtr),
            rts=self._switch("rts", plain.rts),
        )

    def profile(self, plain: Profile = Profile()) -> Profile:  # noqa: B008 - frozen
        """How this scanner marks its labels; `plain` holds for what is not said."""
        suffix, prefix = self.option("suffix"), self.option("prefix")
        return Profile(
            suffix=_SUFFIXES[suffix.lower()] if suffix else plain.suffix,
            prefix=_prefix(prefix) if prefix else plain.prefix,
            idle_ms=int(self.option("idle_ms", str(plain.idle_ms))),
            idle_reset_ms=int(self.option("idle_reset_ms", str(plain.idle_reset_ms))),
            limit_bytes=plain.limit_bytes,
        )

    def replay_speed(self) -> float:
        """The speed factor of a `replay` scanner; 0 is as fast as possible."""
        return float(self.option("speed", "1"))

    def _switch(self, name: str, default: bool) -> bool:
        return self.option(name, "on" if default else "off").lower() == "on"


@dataclass(frozen=True, slots=True)
class _Kind:
    address: re.Pattern[str]
    options: _Options


def _option(text: str, part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise SpecError(text)
    return name, value


def _within(lowest: int, highest: int) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        return re.fullmatch(r"[0-9]{1,9}", value) is not None and lowest <= int(value) <= highest

    return check


def _prefix(value: str) -> bytes:
    found = _HEX_BYTES.fullmatch(value)
    return bytes.fromhex(found[1]) if found else _PREFIXES[value.lower()]


def _is_prefix(value: str) -> bool:
    return value.lower() in _PREFIXES or _HEX_BYTES.fullmatch(value) is not None


def _one_of(*choices: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in choices


def _are_formats(value: str) -> bool:
    return re.fullmatch(r"(itf|pdf417)(,(itf|pdf417))?", value) is not None


def _is_factor(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value) is not None


_Options = Mapping[str, Callable[[str], bool]]
_FRAMING: _Options = MappingProxyType({"suffix": _one_of(*_SUFFIXES), "prefix": _is_prefix})
_SERIAL: _Options = MappingProxyType(
    {
        **_FRAMING,
        "idle_ms": _within(10, 5_000),
        "idle_reset_ms": _within(100, 60_000),
        "baud": _within(300, 4_000_000),
        "bits": _one_of("7", "8"),
        "parity": _one_of("n", "e", "o", "m", "s"),
        "stop": _one_of("1", "2"),
        "rtscts": _one_of("on", "off"),
        "dtr": _one_of("on", "off"),
        "rts": _one_of("on", "off"),
    }
)
_TYPED: _Options = MappingProxyType({**_FRAMING, "gap_ms": _within(1, 1_000)})
_HID: _Options = MappingProxyType(
    {**_FRAMING, "form": _one_of("auto", "a", "b", "c", "d"), "wake": _one_of("auto", "on", "off")}
)
_EVDEV: _Options = MappingProxyType({**_TYPED, "gs": _one_of("none", *(f"f{number}" for number in range(1, 13)))})
_LAYOUTS = ("us", "zh", "de", "fr", "be")
_GS_SIGNS = ("~", "^", "|", "#", "@", "$", "{", "}", "`")  # none of those that GS1 allows in a label
_KEYS: _Options = MappingProxyType(
    {
        **_TYPED,
        "layout": _one_of(*_LAYOUTS),
        "host": _one_of(*_LAYOUTS),
        "gs": _one_of("none", *(f"f{number}" for number in range(1, 13)), *_GS_SIGNS),
    }
)
_NO_OPTIONS: _Options = MappingProxyType({})
_ANY = re.compile(r"[^\x00]+")

# What may be written for each kind; a kind's owner adds its options here.
_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "serial": _Kind(_ANY, _SERIAL),
        "replay": _Kind(_ANY, MappingProxyType({"speed": _is_factor})),
        "hid": _Kind(_USB_ADDRESS, _HID),
        "evdev": _Kind(_USB_ADDRESS, _EVDEV),
        "keys": _Kind(re.compile(r""), _KEYS),
        "camera": _Kind(re.compile(r"[0-9]{1,3}"), MappingProxyType({"also": _are_formats})),
    }
)
