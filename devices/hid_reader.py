"""USB HID POS scanners: finds one by its ids, opens it on the bus thread, hands out its labels on its device thread.

Only devices of the bar code scanner's usage page are opened. Nothing is written to them but the one feature report that
some makers' scanners wait for.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from devices.catalog import Quirk, recognise
from devices.device_lock import DeviceLock
from devices.errors import DeviceError, PortError, PortLost
from devices.hid_bus import HidBus, HidEntry, HidLine, Lost, the_bus
from devices.hid_layout import FORMS, SCANNER_PAGE, SCANNER_USAGE, VENDOR, WITHOUT_AIM
from devices.hid_pos import Habits, HidLabel, HidPosDecoder
from devices.ports import Found
from devices.raw import HidSetup, RawLog, RawRead
from devices.scan import Dropped, RawScan
from devices.spec import ScannerSpec, UsbAddress
from devices.usb_socket import same_socket, socket_of

_WAIT_S = 0.05
_ANSWERS = frozenset({"]X0", "]Z6"})
_WAKE_ID = 0xFE
_VENDOR_PAGES = range(0xFF00, 0x10000)
_NODES = Path("/sys/class/hidraw")


class HidDriver:
    """Opens one named scanner, again and again."""

    keeps_trying = True

    def __init__(
        self,
        spec: ScannerSpec,
        now_ms: Callable[[], int],
        bus: HidBus | None = None,
        lock_folder: Path | None = None,
    ) -> None:
        address = spec.usb_address()
        if address is None:
            raise ValueError(f"{spec.device} names no HID device")
        self._spec = spec
        self._address = address
        self._now_ms = now_ms
        self._bus = bus or the_bus()
        self._lock_folder = lock_folder

    @property
    def device(self) -> str:
        return self._spec.device

    def open(self) -> HidSource:
        """Open it now: the first that answers to the name and is free; PortError with the reason otherwise."""
        trouble: DeviceError = PortError("port_not_found", self.device)
        for entry in self._candidates():
            lock = DeviceLock(entry.path.decode(errors="replace"), self._lock_folder)
            if not lock.take():
                trouble = PortError("port_busy", self.device)
                continue
            try:
                return self._open(entry, lock)
            except DeviceError as error:
                trouble = error
                lock.release()
            except BaseException:
                lock.release()
                raise
        raise trouble

    def _candidates(self) -> tuple[HidEntry, ...]:
        here = self._here(fresh=False) and self._here(fresh=True)
        fit = {entry.path: entry for entry in here if self._may_open(entry)}
        if here and not fit:
            raise PortError("hid_not_pos", self.device)
        return tuple(fit[path] for path in sorted(fit))

    def _here(self, *, fresh: bool) -> tuple[HidEntry, ...]:
        try:
            entries = self._bus.entries(fresh=fresh)
        except OSError as error:
            raise PortError("port_fault", self.device) from error
        return tuple(entry for entry in entries if _answers_to(self._address, entry))

    def _may_open(self, entry: HidEntry) -> bool:
        if FORMS.get(self._spec.option("form")) is VENDOR:
            return entry.page in _VENDOR_PAGES
        return (entry.page, entry.usage) == (SCANNER_PAGE, SCANNER_USAGE)

    def _open(self, entry: HidEntry, lock: DeviceLock) -> HidSource:
        try:
            line = self._bus.open(entry.path, self._now_ms)
        except OSError as error:
            raise PortError(open_code(entry.path), self.device) from error
        quirks = _quirks(entry)
        habits = Habits(
            answers=_ANSWERS if Quirk.REPLIES_AS_LABELS in quirks else frozenset(),
            form=FORMS.get(self._spec.option("form")),
            likely_form=WITHOUT_AIM if Quirk.HID_NO_AIM in quirks else None,
        )
        profile = self._spec.profile()
        decoder = HidPosDecoder(line.described, profile, habits, midstream=True)

        def setup() -> HidSetup:
            return HidSetup(profile, decoder.is_unsure, line.descriptor, habits)

        log = RawLog(self.device, setup, self._now_ms)
        self._bus.listen(line, decoder, log, self._wake_report(line, quirks))
        return HidSource(self.device, self._bus, line, lock, log)

    def _wake_report(self, line: HidLine, quirks: frozenset[Quirk]) -> bytes | None:
        """Feature report 0xFE = 01, where the maker's scanners may need it and this one has it, or the site says so."""
        choice = self._spec.option("wake", "auto")
        size = line.described.feature_sizes.get(_WAKE_ID)
        wanted = choice == "on" or (choice == "auto" and Quirk.HID_WAKE in quirks and size is not None)
        return bytes((_WAKE_ID, 1)).ljust(size or 2, b"\0") if wanted else None


class HidSource:
    """An open scanner; the bus thread reads it, the device thread takes the labels from here."""

    def __init__(self, device: str, bus: HidBus, line: HidLine, lock: DeviceLock, log: RawLog) -> None:
        self._device = device
        self._bus = bus
        self._line = line
        self._lock = lock
        self._log = log

    @property
    def ready(self) -> bool:
        """Open, and silent for a moment at least once."""
        return self._line.in_step

    def read(self) -> tuple[RawScan | Dropped, ...]:
        """Wait 50 ms at most; PortLost when the scanner has gone."""
        taken: list[RawScan | Dropped] = []
        for event in self._events(_WAIT_S):
            if not isinstance(event, Lost):
                taken.append(event)
            elif taken:
                self._line.events.put((event, 0))
                break
            else:
                raise PortLost(self._device)
        return tuple(taken)

    def close(self) -> tuple[Dropped, ...]:
        """Let go at once, so that the scanner can come back; what was read and not handed out is told."""
        with contextlib.suppress(DeviceError):
            self._bus.close(self._line)
        self._lock.release()
        left = [event for event in self._events(0) if not isinstance(event, Lost)]
        return tuple(event if isinstance(event, Dropped) else Dropped("scan_not_taken") for event in left)

    def raw(self) -> tuple[RawRead, ...]:
        return self._log.take()

    def _events(self, wait_s: float) -> Iterator[RawScan | Dropped | Lost]:
        with contextlib.suppress(queue.Empty):
            event, at_ms = self._line.events.get(timeout=wait_s) if wait_s else self._line.events.get_nowait()
            while True:
                yield RawScan(self._device, event.payload, at_ms, event.aim) if isinstance(event, HidLabel) else event
                event, at_ms = self._line.events.get_nowait()


def list_found(bus: HidBus | None = None) -> tuple[Found, ...]:
    """Every HID POS scanner that is plugged in; none is opened."""
    entries = (bus or the_bus()).entries(fresh=True)
    scanners = {entry.path: entry for entry in entries if (entry.page, entry.usage) == (SCANNER_PAGE, SCANNER_USAGE)}
    return tuple(
        Found(
            kind="hid",
            spec=f"hid:{_name_of(entry)}",
            port=entry.path.decode(errors="replace"),
            product=entry.product or None,
            vid=entry.vid,
            pid=entry.pid,
            serial=entry.serial or None,
            model=recognise(entry.vid, entry.pid),
            trouble=open_code(entry.path) if _may_not_open(entry.path) else None,
        )
        for _, entry in sorted(scanners.items())
    )


def open_code(path: bytes) -> str:
    """Why a device could not be opened; the library itself keeps the number (hidapi 0.15: "open failed")."""
    if sys.platform != "linux":
        return "hid_denied"
    if not Path(os.fsdecode(path)).exists():
        return "port_not_found"
    return "hid_denied" if _may_not_open(path) else "port_fault"


def _may_not_open(path: bytes) -> bool:
    return sys.platform == "linux" and not os.access(path, os.R_OK | os.W_OK, effective_ids=True)


def _answers_to(address: UsbAddress, entry: HidEntry) -> bool:
    return (
        (entry.vid, entry.pid) == (address.vid, address.pid)
        and address.serial in (None, entry.serial)
        and (address.location is None or same_socket(address.location, _socket(entry)))
    )


def _socket(entry: HidEntry) -> str | None:
    return socket_of(_NODES / Path(os.fsdecode(entry.path)).name)


def _quirks(entry: HidEntry) -> frozenset[Quirk]:
    model = recognise(entry.vid, entry.pid)
    return model.quirks if model else frozenset()


def _name_of(entry: HidEntry) -> UsbAddress:
    serial = entry.serial if entry.serial and not set(entry.serial) & set("\0@?") else None
    return UsbAddress(entry.vid, entry.pid, serial, None if serial else _socket(entry))
