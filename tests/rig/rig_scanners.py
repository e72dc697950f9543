"""Scanners that the guest's kernel makes out of nothing: HID from user space, keyboards, USB gadgets with a plug."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.devices.evdev_typing import Key

GADGETS = Path("/sys/kernel/config/usb_gadget")
CONTROLLERS = Path("/sys/class/udc")

# linux/uhid.h
_DESTROY, _START, _OPEN, _CLOSE = 1, 2, 4, 5
_GET_REPORT, _GET_REPLY, _CREATE, _INPUT, _SET_REPORT, _SET_REPLY = 9, 10, 11, 12, 13, 14
_UHID_EVENT_BYTES = 4380
_USB = 3

# linux/uinput.h
_SET_EVENT_BIT, _SET_KEY_BIT, _SET_LED_BIT = 0x4004_5564, 0x4004_5565, 0x4004_5569
_CREATE_INPUT, _DESTROY_INPUT = 0x5501, 0x5502
_KEY, _LED = 0x01, 0x11
EVENT = struct.Struct("@llHHi")


class _Device:
    """Something that lives from `with` to its end."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class UhidScanner(_Device):
    """A HID device made by this process; the kernel gives it a hidraw node."""

    def __init__(self, descriptor: bytes, *, vid: int = 0x0C2E, pid: int = 0x0B81, serial: str = "") -> None:
        self.features: list[bytes] = []
        self.started = threading.Event()
        self._ending = False
        self._handle = os.open("/dev/uhid", os.O_RDWR | os.O_CLOEXEC)
        words = (
            _CREATE,
            b"Rig HID scanner",
            b"rig/0",
            serial.encode(),
            len(descriptor),
            _USB,
            vid,
            pid,
            0,
            0,
            descriptor,
        )
        os.write(self._handle, struct.pack("<I128s64s64sHHIIII4096s", *words))
        self._thread = threading.Thread(target=self._answer, name="uhid", daemon=True)
        self._thread.start()

    def send(self, *reports: bytes) -> None:
        for report in reports:
            os.write(self._handle, struct.pack("<IH4096s", _INPUT, len(report), report))

    def close(self) -> None:
        if not self._ending:
            self._ending = True
            os.write(self._handle, struct.pack("<I", _DESTROY))
            self._thread.join()
            os.close(self._handle)

    def _answer(self) -> None:
        while not self._ending:
            if not select.select([self._handle], [], [], 0.05)[0]:
                continue
            event = os.read(self._handle, _UHID_EVENT_BYTES)
            kind, number = struct.unpack_from("<II", event)
            if kind == _START:
                self.started.set()
            elif kind == _SET_REPORT:
                (size,) = struct.unpack_from("<H", event, 10)
                self.features.append(event[12 : 12 + size])
                os.write(self._handle, struct.pack("<IIH", _SET_REPLY, number, 0))
            elif kind == _GET_REPORT:
                os.write(self._handle, struct.pack("<IIHH", _GET_REPLY, number, 5, 0))


class WedgeScanner(_Device):
    """A scanner that types, with a Caps Lock lamp."""

    def __init__(self, *, vid: int = 0x05E0, pid: int = 0x1200) -> None:
        self._handle = os.open("/dev/uinput", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        for event in (_KEY, _LED):
            fcntl.ioctl(self._handle, _SET_EVENT_BIT, event)
        for code in range(1, 128):
            fcntl.ioctl(self._handle, _SET_KEY_BIT, code)
        fcntl.ioctl(self._handle, _SET_LED_BIT, 1)
        head = struct.pack("<80sHHHHI", b"Rig wedge scanner", _USB, vid, pid, 1, 0)
        os.write(self._handle, head + bytes(4 * 64 * 4))
        fcntl.ioctl(self._handle, _CREATE_INPUT)

    def type(self, keys: Iterable[Key], gap_ms: float = 1.0) -> None:
        """Press and release; `gap_ms` of pause after each change, as the reports of a real one have."""
        pause = threading.Event()
        for code, value in keys:
            os.write(self._handle, EVENT.pack(0, 0, _KEY, code, value) + EVENT.pack(0, 0, 0, 0, 0))
            if gap_ms:
                pause.wait(gap_ms / 1000)

    def lamps(self) -> list[tuple[int, int]]:
        """What the system has told the lamps since the last look."""
        told = []
        with contextlib.suppress(BlockingIOError):
            while True:
                for _, _, kind, code, value in EVENT.iter_unpack(os.read(self._handle, 64 * EVENT.size)):
                    told += [(code, value)] if kind == _LED else []
        return told

    def close(self) -> None:
        if self._handle >= 0:
            fcntl.ioctl(self._handle, _DESTROY_INPUT)
            os.close(self._handle)
            self._handle = -1


class Gadget(_Device):
    """A USB device in a socket of the dummy host controller, with a plug that can be pulled."""

    def __init__(self, function: str, *, vid: int, pid: int, serial: str, socket: int = 0) -> None:
        """`function` is acm (a serial line) or hid."""
        self._controller = f"dummy_udc.{socket}"
        self._name = f"rig{socket}"
        self.folder = GADGETS / self._name
        self.function = self.folder / "functions" / f"{function}.{self._name}"
        self._written = [self.folder, self.folder / "strings/0x409", self.folder / "configs/c.1", self.function]
        for folder in self._written:
            folder.mkdir(parents=True)
        for name, value in (("idVendor", f"{vid:#06x}"), ("idProduct", f"{pid:#06x}"), ("bcdUSB", "0x0200")):
            (self.folder / name).write_text(value)
        for name, value in (("manufacturer", "Rig"), ("product", "Rig scanner"), ("serialnumber", serial)):
            (self.folder / "strings/0x409" / name).write_text(value)

    def finish(self) -> None:
        """The function is set up: join it to the device."""
        (self.folder / "configs/c.1" / self.function.name).symlink_to(self.function)

    def plug(self) -> None:
        (self.folder / "UDC").write_text(self._controller)

    def unplug(self) -> None:
        with contextlib.suppress(OSError):  # it is not plugged in
            (self.folder / "UDC").write_text("\n")

    def close(self) -> None:
        self.unplug()
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "configs/c.1" / self.function.name).unlink()
        for folder in reversed(self._written):
            with contextlib.suppress(FileNotFoundError):
                folder.rmdir()


class SerialGadget(Gadget):
    """A scanner on USB-CDC."""

    def __init__(self, *, socket: int = 0) -> None:
        super().__init__("acm", vid=0x05E0, pid=0x1701, serial=f"RIG{socket}", socket=socket)
        self.finish()
        self._line = Path(f"/dev/ttyGS{(self.function / 'port_num').read_text().strip()}")

    def write(self, data: bytes) -> None:
        handle = os.open(self._line, os.O_WRONLY | os.O_NOCTTY)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)


class HidGadget(Gadget):
    """A scanner on USB HID POS."""

    def __init__(self, descriptor: bytes, *, serial: str = "RIG", socket: int = 0) -> None:
        super().__init__("hid", vid=0x0C2E, pid=0x0B81, serial=serial, socket=socket)
        for name, value in (
            ("protocol", b"0"),
            ("subclass", b"0"),
            ("report_length", b"64"),
            ("report_desc", descriptor),
        ):
            (self.function / name).write_bytes(value)
        self.finish()
        self._device = tuple(int(it) for it in (self.function / "dev").read_text().split(":"))

    def send(self, *reports: bytes) -> None:
        node = Path(f"/dev/hidg{self._device[1]}")
        handle = os.open(node, os.O_WRONLY)
        try:
            for report in reports:
                os.write(handle, report)
        finally:
            os.close(handle)
