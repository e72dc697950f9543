"""Finds scanners on the serial ports and the other buses of this machine without opening any. Any thread.

A scanner is remembered by its ids and serial number, else by a name that survives replugging, never by ttyACM0.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from serial.tools.list_ports import comports  # type: ignore[import-untyped]

from devices.catalog import Model, recognise
from devices.spec import ScannerSpec, UsbAddress

_log = logging.getLogger(__name__)
_BY_ID = Path("/dev/serial/by-id")
_NOT_IN_A_SPEC = re.compile(r"[\x00@?]")

BUSES = (("devices.hid_reader", "list_found"), ("devices.evdev_reader", "list_found"))
"""Modules beside the serial line that can name what is plugged in: a function without arguments → Found, …"""


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A serial port of this machine, known without opening it."""

    port: str
    stable_port: str
    """A name that survives replugging where the system gives one, else the port itself."""
    vid: int | None
    pid: int | None
    serial: str | None
    product: str | None
    model: Model | None
    location: str | None = None
    """The USB socket."""

    @property
    def spec(self) -> str:
        """What to write after `--scanner`."""
        usb = self._usb()
        return f"serial:{self.stable_port if usb is None else usb}"

    def _usb(self) -> UsbAddress | None:
        """Ids that find the scanner again; None where a stable name does, or where it has no ids."""
        if self.stable_port != self.port or self.vid is None or self.pid is None:
            return None
        serial = self.serial if self.serial and not _NOT_IN_A_SPEC.search(self.serial) else None
        if serial is None and self.location is None:
            return None
        return UsbAddress(self.vid, self.pid, serial, None if serial else self.location)


@dataclass(frozen=True, slots=True)
class Found:
    """Something on any bus that may be a scanner, known without opening it."""

    kind: str
    spec: str
    """What to write after `--scanner`."""
    port: str | None = None
    """Where it is now, for people who look for it."""
    product: str | None = None
    vid: int | None = None
    pid: int | None = None
    serial: str | None = None
    model: Model | None = None
    trouble: str | None = None
    """The code of what keeps this account from opening it, where that is known already."""

    @classmethod
    def of_port(cls, port: FoundPort) -> Found:
        return cls("serial", port.spec, port.port, port.product, port.vid, port.pid, port.serial, port.model)


def list_ports() -> tuple[FoundPort, ...]:
    """Every serial port that the system names; none is opened or written to."""
    stable = dict(_stable_names(_BY_ID))
    return tuple(
        FoundPort(
            port=str(info.device),
            stable_port=stable.get(str(info.device), str(info.device)),
            vid=info.vid,
            pid=info.pid,
            serial=info.serial_number,
            product=info.product,
            model=recognise(info.vid, info.pid),
            location=info.location,
        )
        for info in sorted(comports())
    )


def list_scanners(ports: Callable[[], tuple[FoundPort, ...]] = list_ports) -> tuple[Found, ...]:
    """All that may be a scanner, on every bus this machine has a part for; a bus that fails keeps nobody else away."""
    found = [Found.of_port(port) for port in ports()]
    for module, name in BUSES:
        try:
            found += getattr(importlib.import_module(module), name)()
        except (ImportError, AttributeError, OSError) as error:
            _log.info("%s lists nothing: %s", module, error)
    return tuple(found)


def address_of(
    spec: ScannerSpec, ports: Callable[[], tuple[FoundPort, ...]] = list_ports
) -> tuple[str | None, Model | None]:
    """Where the scanner is now (None: not plugged in), and its row of the catalogue."""
    usb = spec.usb_address()
    if usb is None:
        same = (port for port in ports() if spec.address in (port.port, port.stable_port))
        return spec.address, next((port.model for port in same), None)
    for port in ports():
        here = (port.vid, port.pid) == (usb.vid, usb.pid)
        if here and usb.serial in (None, port.serial) and usb.location in (None, port.location):
            return port.port, port.model
    return None, recognise(usb.vid, usb.pid)


def scanner_ports(ports: Callable[[], tuple[FoundPort, ...]] = list_ports) -> tuple[ScannerSpec, ...]:
    """The ports that can be nothing but scanners: what may be opened without anybody naming it."""
    return tuple(ScannerSpec.parse(port.spec) for port in ports() if port.model and port.model.opens_by_itself)


def _stable_names(folder: Path) -> Iterator[tuple[str, str]]:
    if folder.is_dir():
        for link in sorted(folder.iterdir()):
            yield str(link.resolve()), str(link)
