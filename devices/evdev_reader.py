"""Scanners that type, read past the window (Linux): the named event device, grabbed, on its device thread.

Grabbed, its keys reach nobody else: no focus, no input method, no layout. The kernel holds 64 events per reader (16
signs) and throws all away when they are not fetched in time; a label that this happened to is rejected.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devices.catalog import Way, recognise
from devices.errors import DeviceError, PortError, PortLost
from devices.evdev_events import LED, SYN, SYN_REPORT, EventReader
from devices.evdev_keys import FUNCTION_KEYS, Typing, Typist
from devices.framing import Label
from devices.ports import Found
from devices.raw import RawLog, RawRead, TypingSetup
from devices.scan import Dropped, RawScan
from devices.spec import ScannerSpec, UsbAddress
from devices.usb_socket import same_socket, socket_of

_WAIT_MS = 50
_EVENT = struct.Struct("@llHHi")  # input_event: seconds, microseconds, type, code, value
_BATCH = 64 * _EVENT.size
_CAPS_LED = 1
_MONOTONIC = 1

# linux/input.h; the numbers of x86 and ARM.
_GRAB = 0x4004_4590
_CLOCK = 0x4004_45A0
_KEY_BYTES, _LED_BYTES = 96, 8
_HELD = 0x8000_4518 | _KEY_BYTES << 16
_LEDS = 0x8000_4519 | _LED_BYTES << 16

_NODES, _FILES = Path("/sys/class/input"), Path("/dev/input")
_NEEDED_KEYS = (*range(2, 12), 28)  # the digits and Enter
_WORD_BITS = 8 * struct.calcsize("l")

_CODES_BY_ERRNO = {
    errno.EACCES: "evdev_denied",
    errno.EPERM: "evdev_denied",
    errno.EBUSY: "port_busy",
    errno.ENOENT: "port_not_found",
    errno.ENODEV: "port_not_found",
    errno.ENXIO: "port_not_found",
}


@dataclass(frozen=True, slots=True)
class KeyNode:
    """An event device as /sys lists it, known without rights and without opening it."""

    file: Path
    vid: int
    pid: int
    serial: str
    product: str
    socket: str | None
    has_keys: bool
    """Whether it has what a code is typed with; one scanner may have other devices beside."""


class Keyboard(Protocol):
    """What we ask of an open event device beside its events."""

    def held(self) -> frozenset[int]:
        """The keys that are down now."""

    def show_caps_lock(self, on: bool) -> None:
        """Tell the scanner how its Caps Lock stands, as the system would: some invert letters by it."""


class EvdevDriver:
    """Opens one named scanner, again and again."""

    keeps_trying = True

    def __init__(
        self, spec: ScannerSpec, now_ms: Callable[[], int], nodes: Path = _NODES, files: Path = _FILES
    ) -> None:
        address = spec.usb_address()
        if address is None:
            raise ValueError(f"{spec.device} names no event device")
        self._spec = spec
        self._address = address
        self._now_ms = now_ms
        self._nodes = nodes
        self._files = files

    @property
    def device(self) -> str:
        return self._spec.device

    def open(self) -> EvdevSource | GroupedSource:
        """Open and grab it now; PortError with the reason otherwise."""
        here = [node for node in list_nodes(self._nodes, self._files) if _answers_to(self._address, node)]
        if here and not any(node.has_keys for node in here):
            raise PortError("evdev_not_keys", self.device)
        trouble: DeviceError = PortError("port_not_found", self.device)
        for node in here:
            if node.has_keys:
                try:
                    return self._open_all(beside(node, here))
                except OSError as error:
                    trouble = PortError(_CODES_BY_ERRNO.get(error.errno or 0, "port_fault"), self.device)
        raise trouble

    def _open_all(self, nodes: Sequence[KeyNode]) -> EvdevSource | GroupedSource:
        opened: list[EvdevSource] = []
        try:
            opened += (self._open(node, _WAIT_MS // len(nodes)) for node in nodes)
        except BaseException:
            for source in opened:
                source.close()
            raise
        return opened[0] if len(opened) == 1 else GroupedSource(opened)

    def _open(self, node: KeyNode, wait_ms: int) -> EvdevSource:
        handle = os.open(node.file, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.ioctl(handle, _CLOCK, struct.pack("i", _MONOTONIC))
            fcntl.ioctl(handle, _GRAB, 1)
            keyboard = GrabbedKeyboard(handle)
            keyboard.show_caps_lock(on=False)
            return EvdevSource(self.device, handle, typing_of(self._spec), keyboard, self._now_ms, wait_ms)
        except BaseException:
            os.close(handle)
            raise


class EvdevSource:
    """A grabbed scanner. Events → labels, each with the time of its last key."""

    def __init__(
        self,
        device: str,
        handle: int,
        typing: Typing,
        keyboard: Keyboard,
        now_ms: Callable[[], int],
        wait_ms: int = _WAIT_MS,
    ) -> None:
        self._device = device
        self._wait_ms = wait_ms
        self._handle = handle
        self._typing = typing
        self._typist = Typist(typing, midstream=True)
        self._events = EventReader(self._typist, self._held)
        self._keyboard = keyboard
        self._now_ms = now_ms
        self._log = RawLog(device, self._setup, now_ms)
        self._shown_caps = False
        self._in_step = False
        self._open = True

    @property
    def ready(self) -> bool:
        """Grabbed, and silent for a moment at least once."""
        return self._in_step

    def read(self) -> tuple[RawScan | Dropped, ...]:
        """Wait `wait_ms` at most; PortLost when the scanner has gone."""
        asked_at_ms = int(time.monotonic() * 1000)
        told: list[Label | Dropped] = []
        try:
            waiting, _, _ = select.select([self._handle], [], [], self._wait_ms / 1000)
            if waiting:
                for seconds, micros, kind, code, value in _EVENT.iter_unpack(self._fetch()):
                    told += self._take(kind, code, value, seconds * 1_000_000 + micros)
            else:
                told += self._quiet(asked_at_ms + self._wait_ms)
        except OSError as error:
            raise PortLost(self._device) from error
        self._follow_caps_lock()
        self._in_step = self._in_step or self._typist.synchronised
        at_ms = self._now_ms() if told else 0
        return tuple(RawScan(self._device, it.payload, at_ms) if isinstance(it, Label) else it for it in told)

    def close(self) -> tuple[Dropped, ...]:
        """Let go at once, so that the scanner can come back; the grab ends with it."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):
                os.close(self._handle)
        dropped = self._typist.give_up()
        self._log.came(event.code for event in dropped)
        self._log.rest()
        return dropped

    def raw(self) -> tuple[RawRead, ...]:
        return self._log.take()

    def _fetch(self) -> bytes:
        try:
            events = os.read(self._handle, _BATCH)
        except BlockingIOError:
            return b""
        if not events:
            raise OSError(errno.ENODEV, "end of events")
        return events[: len(events) // _EVENT.size * _EVENT.size]

    def _take(self, kind: int, code: int, value: int, at_us: int) -> tuple[Label | Dropped, ...]:
        if kind != SYN or code != SYN_REPORT or self._log.is_under_way:
            self._log.step("event", numbers=(kind, code, value), at_us=at_us)
        return self._noted(self._events.take(kind, code, value, at_us // 1000))

    def _quiet(self, at_ms: int) -> tuple[Label | Dropped, ...]:
        was_quiet, events = self._log.is_quiet, self._typist.quiet(at_ms)
        if self._log.is_under_way and (events or not was_quiet):
            self._log.step("quiet", at_us=at_ms * 1000)
        return self._noted(events)

    def _noted(self, events: tuple[Label | Dropped, ...]) -> tuple[Label | Dropped, ...]:
        self._log.came(event.payload if isinstance(event, Label) else event.code for event in events)
        if self._events.is_at_rest and self._log.is_under_way:
            self._log.rest()
        return events

    def _held(self) -> frozenset[int]:
        held = self._keyboard.held()
        self._log.step("held", numbers=tuple(sorted(held)))
        return held

    def _setup(self) -> TypingSetup:
        return TypingSetup(self._typing, self._typist.is_unsure, self._typist.caps_lock)

    def _follow_caps_lock(self) -> None:
        if self._typist.caps_lock is not self._shown_caps:
            self._shown_caps = self._typist.caps_lock
            self._keyboard.show_caps_lock(on=self._shown_caps)


class GroupedSource:
    """All keyboards of one scanner, grabbed: which of them a label comes from is the scanner's affair."""

    def __init__(self, parts: Sequence[EvdevSource]) -> None:
        self._parts = tuple(parts)

    @property
    def ready(self) -> bool:
        return all(part.ready for part in self._parts)

    def read(self) -> tuple[RawScan | Dropped, ...]:
        """Wait 50 ms at most; PortLost when the scanner has gone."""
        told: list[RawScan | Dropped] = []
        for part in self._parts:
            try:
                told += part.read()
            except PortLost:
                if not told:
                    raise
                break  # what came is handed out first; the next read says it again
        return tuple(told)

    def close(self) -> tuple[Dropped, ...]:
        return tuple(dropped for part in self._parts for dropped in part.close())

    def raw(self) -> tuple[RawRead, ...]:
        return tuple(read for part in self._parts for read in part.raw())


class GrabbedKeyboard:
    """The controls of a grabbed event device."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def held(self) -> frozenset[int]:
        bits = int.from_bytes(fcntl.ioctl(self._handle, _HELD, bytes(_KEY_BYTES)), "little")
        return frozenset(code for code in range(8 * _KEY_BYTES) if bits >> code & 1)

    def show_caps_lock(self, on: bool) -> None:
        with contextlib.suppress(OSError):  # a scanner without lamps
            leds = int.from_bytes(fcntl.ioctl(self._handle, _LEDS, bytes(_LED_BYTES)), "little")
            if bool(leds >> _CAPS_LED & 1) is not on:
                events = _EVENT.pack(0, 0, LED, _CAPS_LED, int(on)) + _EVENT.pack(0, 0, SYN, SYN_REPORT, 0)
                os.write(self._handle, events)


def typing_of(spec: ScannerSpec) -> Typing:
    """How the scanner types, with defaults for what the spec does not say."""
    gap_ms = spec.option("gap_ms")
    return Typing(
        profile=spec.profile(),
        gap_ms=int(gap_ms) if gap_ms else Typing().gap_ms,
        gs_key=FUNCTION_KEYS.get(spec.option("gs").lower()),
    )


def beside(node: KeyNode, nodes: Sequence[KeyNode]) -> tuple[KeyNode, ...]:
    """The keyboards of the device that this one belongs to: those in its USB socket."""
    if node.socket is None:
        return (node,)
    return tuple(it for it in nodes if it.has_keys and it.socket == node.socket)


def list_nodes(nodes: Path = _NODES, files: Path = _FILES) -> tuple[KeyNode, ...]:
    """Every event device with USB ids, in the order of their numbers; none is opened."""
    if not nodes.is_dir():
        return ()
    entries = sorted(nodes.glob("event[0-9]*"), key=lambda entry: int(entry.name.removeprefix("event")))
    return tuple(_nodes_of(entries, files))


def list_found() -> tuple[Found, ...]:
    """Scanners of known makers that type; other keyboards are not listed, for a grabbed one types for nobody else."""
    return tuple(
        Found(
            kind="evdev",
            spec=f"evdev:{_name_of(node)}",
            port=str(node.file),
            product=node.product or None,
            vid=node.vid,
            pid=node.pid,
            serial=node.serial or None,
            model=model,
            trouble=None if os.access(node.file, os.R_OK | os.W_OK, effective_ids=True) else "evdev_denied",
        )
        for node in list_nodes()
        if node.has_keys and (model := recognise(node.vid, node.pid)) and model.way is not Way.BRIDGE
    )


def _nodes_of(entries: list[Path], files: Path) -> Iterator[KeyNode]:
    for entry in entries:
        device = entry / "device"
        try:
            vid, pid = (int(_word(device / "id" / name), 16) for name in ("vendor", "product"))
            keys = _bits(_word(device / "capabilities" / "key"))
            serial, product = _word(device / "uniq"), _word(device / "name")
        except (OSError, ValueError):
            continue  # it went while we looked
        has_keys = all(keys >> code & 1 for code in _NEEDED_KEYS)
        yield KeyNode(files / entry.name, vid, pid, serial, product, socket_of(entry), has_keys)


def _word(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _bits(words: str) -> int:
    """A bit set as /sys writes it: words of the kernel's size, the highest first."""
    bits = 0
    for word in words.split():
        bits = bits << _WORD_BITS | int(word, 16)
    return bits


def _answers_to(address: UsbAddress, node: KeyNode) -> bool:
    return (
        (node.vid, node.pid) == (address.vid, address.pid)
        and address.serial in (None, node.serial)
        and same_socket(address.location, node.socket)
    )


def _name_of(node: KeyNode) -> UsbAddress:
    serial = node.serial if node.serial and not set(node.serial) & set("\0@?") else None
    return UsbAddress(node.vid, node.pid, serial, None if serial else node.socket)
