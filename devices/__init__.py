"""Hands out scans; knows neither Qt nor the program nor the exchange. What others may use stands here.

It is loaded on first use, so that the first paint does not wait for the serial library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devices.errors import CODES, DeviceError
    from devices.manager import DeviceManager
    from devices.ports import Found, FoundPort, list_ports, list_scanners
    from devices.raw import RawRead
    from devices.registry import DriverFactory
    from devices.scan import DeviceState, DeviceStatus, RawScan
    from devices.spec import ScannerSpec

__all__ = [
    "CODES",
    "DeviceError",
    "DeviceManager",
    "DeviceState",
    "DeviceStatus",
    "DriverFactory",
    "Found",
    "FoundPort",
    "RawRead",
    "RawScan",
    "ScannerSpec",
    "list_ports",
    "list_scanners",
]

_HOMES = {
    "errors": ("CODES", "DeviceError"),
    "manager": ("DeviceManager",),
    "ports": ("Found", "FoundPort", "list_ports", "list_scanners"),
    "raw": ("RawRead",),
    "registry": ("DriverFactory",),
    "scan": ("DeviceState", "DeviceStatus", "RawScan"),
    "spec": ("ScannerSpec",),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found: object = getattr(import_module(f"devices.{module}"), name)
            return found
    raise AttributeError(f"module 'devices' has no attribute {name!r}")
