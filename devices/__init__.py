"""Hands out scans; knows neither Qt nor the program nor the exchange. What others may use stands here."""

from devices.errors import CODES, DeviceError
from devices.manager import DeviceManager, FoundPort, list_ports
from devices.scan import DeviceState, DeviceStatus, RawScan
from devices.spec import ScannerSpec

__all__ = [
    "CODES",
    "DeviceError",
    "DeviceManager",
    "DeviceState",
    "DeviceStatus",
    "FoundPort",
    "RawScan",
    "ScannerSpec",
    "list_ports",
]
