"""Known scanners as data: who made the thing behind a vendor and product id, and how it speaks. Pure.

Vendor lists as published by the makers and seen in public use. A generic bridge is offered to people but never opened
without being named: a modem, a UPS or an analyser may sit behind it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Way(enum.Enum):
    """How a model hands out its labels."""

    CDC = "cdc"
    HID_POS = "hid_pos"
    KEYBOARD = "keyboard"
    BRIDGE = "bridge"
    UNKNOWN = "unknown"
    """A scanner by its vendor; the interface depends on the model."""


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


CATALOG = (
    Model("Zebra/Symbol", 0x05E0, Way.CDC, pids=(0x1701, 0x0600)),
    Model("Zebra/Symbol", 0x05E0, Way.KEYBOARD, pids=(0x1200,)),
    Model("Zebra/Symbol", 0x05E0, Way.UNKNOWN),
    Model("Honeywell/Metrologic", 0x0C2E, Way.UNKNOWN),
    Model("Youjie (Honeywell)", 0x23D0, Way.UNKNOWN),
    Model("Intermec", 0x067E, Way.HID_POS, pids=(0x0809,)),
    Model("Intermec", 0x067E, Way.UNKNOWN),
    Model("Datalogic", 0x05F9, Way.CDC, pids=(0x4204,)),
    Model("Datalogic", 0x05F9, Way.KEYBOARD, pids=(0x2210, 0x220D)),
    Model("Datalogic", 0x05F9, Way.UNKNOWN),
    Model("Newland", 0x1EAB, Way.CDC, low_byte=0x06),
    Model("Newland", 0x1EAB, Way.HID_POS, low_byte=0x10),
    Model("Newland", 0x1EAB, Way.UNKNOWN),
    Model("Mindeo", 0x27DD, Way.UNKNOWN),
    Model("Mertech/IDZOR", 0x2DD6, Way.UNKNOWN),
    Model("Atol", 0x1F3A, Way.UNKNOWN),
    Model("GigaDevice", 0x28E9, Way.CDC, pids=(0x018A,)),
    Model("WCH", 0x1A86, Way.BRIDGE),
    Model("FTDI", 0x0403, Way.BRIDGE),
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
