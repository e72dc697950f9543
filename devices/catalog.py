"""Known scanners as data: who made the thing behind a vendor and product id, how it speaks, what is odd about it. Pure.

Vendor lists as published by the makers and seen in public use. A generic bridge is offered to people but never opened
without being named: a modem, a UPS or an analyser may sit behind it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from devices.framing import Suffix


class Way(enum.Enum):
    """How a model hands out its labels."""

    CDC = "cdc"
    HID_POS = "hid_pos"
    KEYBOARD = "keyboard"
    BRIDGE = "bridge"
    UNKNOWN = "unknown"
    """A scanner by its vendor; the interface depends on the model and on how it is set."""


class Quirk(enum.Enum):
    """What a maker's devices do beside sending labels."""

    SUFFIX_OFF = "suffix_off"
    """Leaves the factory without a line end: silence ends a label until a line end has been seen."""
    REPLIES_IN_LINE = "replies_in_line"
    """Answers to set-up commands come on the same stream as labels."""
    REPLIES_AS_LABELS = "replies_as_labels"
    """Answers to commands are HID reports with AIM `]X0` or `]Z6`: no labels."""
    HID_WAKE = "hid_wake"
    """May need feature report 0xFE = 01 once after opening."""
    HID_SHIFTED = "hid_shifted"
    """Some models put one more byte before the AIM identifier of a HID report."""
    HID_NO_AIM = "hid_no_aim"
    """HID reports carry no AIM identifier."""
    AIM_OTHER = "aim_other"
    """Older models report UPC and some 2-of-5 codes as `]X…`."""
    LATENCY_TIMER = "latency_timer"
    """The bridge holds bytes back for 16 ms unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the catalogue: a vendor, or one product of it."""

    maker: str
    vid: int
    way: Way
    pids: tuple[int, ...] = ()
    """Empty: every product of this vendor that has no row of its own."""
    low_byte: int | None = None
    """Products whose id ends in this byte (Newland counts its interfaces so)."""
    suffix: Suffix = Suffix.AUTO
    """What ends a label unless the scanner's spec says otherwise."""
    quirks: frozenset[Quirk] = frozenset()

    @property
    def opens_by_itself(self) -> bool:
        """Whether a serial port of this model may be opened without being named: the very product is known."""
        return self.way in (Way.CDC, Way.UNKNOWN) and bool(self.pids or self.low_byte is not None)


_ZEBRA = frozenset({Quirk.SUFFIX_OFF, Quirk.HID_SHIFTED})
_HONEYWELL = frozenset({Quirk.SUFFIX_OFF, Quirk.REPLIES_AS_LABELS, Quirk.HID_WAKE})
_DATALOGIC = frozenset({Quirk.AIM_OTHER, Quirk.HID_SHIFTED})
_NEWLAND = frozenset({Quirk.REPLIES_IN_LINE, Quirk.HID_NO_AIM})
_FTDI = frozenset({Quirk.LATENCY_TIMER})
_HONEYWELL_PIDS = (0x0206, 0x0720, *range(0x0B81, 0x0B90), 0x0CA1, 0x0CAA, 0x0CCF, 0x0CD4, 0x1014)

CATALOG = (
    Model("Zebra/Symbol", 0x05E0, Way.CDC, pids=(0x1701, 0x0600), suffix=Suffix.EITHER, quirks=_ZEBRA),
    Model("Zebra/Symbol", 0x05E0, Way.KEYBOARD, pids=(0x1200,), suffix=Suffix.EITHER, quirks=_ZEBRA),
    Model("Zebra/Symbol", 0x05E0, Way.UNKNOWN, suffix=Suffix.EITHER, quirks=_ZEBRA),
    Model("Honeywell/Metrologic", 0x0C2E, Way.UNKNOWN, _HONEYWELL_PIDS, suffix=Suffix.EITHER, quirks=_HONEYWELL),
    Model("Honeywell/Metrologic", 0x0C2E, Way.UNKNOWN, suffix=Suffix.EITHER, quirks=_HONEYWELL),
    Model("Youjie (Honeywell)", 0x23D0, Way.UNKNOWN, pids=(0x0C82,), suffix=Suffix.EITHER, quirks=_HONEYWELL),
    Model("Youjie (Honeywell)", 0x23D0, Way.UNKNOWN, suffix=Suffix.EITHER, quirks=_HONEYWELL),
    Model("Intermec", 0x067E, Way.HID_POS, pids=(0x0809,)),
    Model("Intermec", 0x067E, Way.UNKNOWN),
    Model("Datalogic", 0x05F9, Way.CDC, pids=(0x4204,), quirks=_DATALOGIC),
    Model("Datalogic", 0x05F9, Way.KEYBOARD, pids=(0x2210, 0x220D), quirks=_DATALOGIC),
    Model("Datalogic", 0x05F9, Way.UNKNOWN, quirks=_DATALOGIC),
    Model("Newland", 0x1EAB, Way.CDC, low_byte=0x06, quirks=_NEWLAND),
    Model("Newland", 0x1EAB, Way.HID_POS, low_byte=0x10, quirks=_NEWLAND),
    Model("Newland", 0x1EAB, Way.UNKNOWN, quirks=_NEWLAND),
    Model("Mindeo", 0x27DD, Way.UNKNOWN),
    Model("Mertech/IDZOR", 0x2DD6, Way.UNKNOWN),
    Model("Atol", 0x1F3A, Way.UNKNOWN),
    Model("GigaDevice", 0x28E9, Way.CDC, pids=(0x018A,)),
    Model("WCH", 0x1A86, Way.BRIDGE),
    Model("FTDI", 0x0403, Way.BRIDGE, quirks=_FTDI),
    Model("Silicon Labs CP210x", 0x10C4, Way.BRIDGE),
    Model("Prolific", 0x067B, Way.BRIDGE),
)


def recognise(vid: int | None, pid: int | None) -> Model | None:
    """The most exact row for these USB ids; None for a stranger or a port without ids."""
    rows = [model for model in CATALOG if model.vid == vid]
    for model in rows:
        if pid in model.pids or (pid is not None and model.low_byte == pid & 0xFF):
            return model
    return next((model for model in rows if not model.pids and model.low_byte is None), None)
