"""Which driver opens which kind of scanner, in one table. A kind's module is imported when a scanner of it is named.

Kinds that only a window can feed (its keys, its camera) are handed in by the window as factories of its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from devices.driver import Driver
from devices.errors import KindNotSupported, NeedsWindow
from devices.spec import ScannerSpec

DriverFactory = Callable[[ScannerSpec, Callable[[], int]], Driver]
"""Makes the driver of one spec; the second argument tells epoch milliseconds, UTC."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the driver of a kind stands."""

    module: str
    name: str
    needs_window: bool = False
    """Only a factory handed in by the window can open it."""


DRIVERS: Mapping[str, Entry] = MappingProxyType(
    {
        "serial": Entry("devices.serial_port", "SerialDriver"),
        "hid": Entry("devices.hid_reader", "HidDriver"),
        "evdev": Entry("devices.evdev_reader", "EvdevDriver"),
        "keys": Entry("devices.keyboard", "KeysDriver", needs_window=True),
        "camera": Entry("devices.camera", "CameraDriver", needs_window=True),
        "replay": Entry("devices.replay", "ReplayDriver"),
    }
)

NO_FACTORIES: Mapping[str, DriverFactory] = MappingProxyType({})


def driver_for(
    spec: ScannerSpec, now_ms: Callable[[], int], factories: Mapping[str, DriverFactory] = NO_FACTORIES
) -> Driver:
    """A driver, not opened yet. KindNotSupported or NeedsWindow where nobody here can open the kind."""
    given = factories.get(spec.kind)
    if given is not None:
        return given(spec, now_ms)
    entry = DRIVERS.get(spec.kind)
    if entry is None:
        raise KindNotSupported(spec.device)
    if entry.needs_window:
        raise NeedsWindow(spec.device)
    return _load(entry, spec)(spec, now_ms)


def _load(entry: Entry, spec: ScannerSpec) -> DriverFactory:
    try:
        module = importlib.import_module(entry.module)
    except ImportError as error:
        # The part itself, or a system library that it stands on, is not on this machine.
        raise KindNotSupported(spec.device) from error
    return cast(DriverFactory, getattr(module, entry.name))
