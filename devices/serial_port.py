"""A scanner on a serial line (USB-CDC, RS-232): a thin end over pyserial, used by its device thread.

Nothing is ever written to the port. Bytes that arrive while the port is being set up are not trusted, because the line
discipline may have changed them (CR → LF, EOT eaten) and the serial library throws them away, perhaps in the middle of
a label: so the port counts as ready only after a moment of silence, and a label cut in half by that is told as dropped.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import serial  # type: ignore[import-untyped]

from devices.catalog import Model
from devices.errors import PortError, PortLost
from devices.framing import Framer, Label, Profile, Suffix
from devices.ports import FoundPort, address_of, list_ports
from devices.raw import RawLog, RawRead, SerialSetup
from devices.scan import Dropped, RawScan
from devices.spec import ScannerSpec, SerialSettings

try:
    import termios
except ImportError:  # Windows
    PORT_FAULTS: tuple[type[Exception], ...] = (OSError,)
else:
    # termios.error is not an OSError, and a port that has gone raises either.
    PORT_FAULTS = (OSError, termios.error)

_WAIT_MS = 50
_LOOK_S = 0.5

_CODES_BY_ERRNO = {
    errno.ENOENT: "port_not_found",
    errno.ENODEV: "port_not_found",
    errno.ENXIO: "port_not_found",
    errno.EIO: "port_not_found",
    errno.ENOTDIR: "port_not_found",
    errno.EACCES: "port_denied",
    errno.EPERM: "port_denied",
    errno.EBUSY: "port_busy",
    errno.EAGAIN: "port_busy",
    errno.ENOTTY: "not_a_port",
    errno.EISDIR: "not_a_port",
    errno.EINVAL: "port_settings_refused",
}


class Tty(Protocol):
    """What we use of pyserial's port."""

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read without waiting."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, waiting no longer than the port's time limit."""

    def fileno(self) -> int:
        """The file descriptor (POSIX)."""

    def close(self) -> None:
        """Let go of the port."""


class SerialDriver:
    """Opens one named port, again and again."""

    keeps_trying = True

    def __init__(
        self,
        spec: ScannerSpec,
        now_ms: Callable[[], int],
        ports: Callable[[], tuple[FoundPort, ...]] = list_ports,
    ) -> None:
        self._spec = spec
        self._now_ms = now_ms
        self._ports = ports

    @property
    def device(self) -> str:
        return self._spec.device

    def open(self) -> SerialSource:
        """Find the port and open it now; PortError with the reason otherwise."""
        address, model = address_of(self._spec, self._ports)
        if address is None:
            raise PortError("port_not_found", self._spec.address)
        _refuse_what_is_no_port(address)
        settings = settings_for(self._spec, model)
        try:
            tty = _open_tty(address, settings)
        except ValueError as error:
            raise PortError("port_settings_refused", self._spec.address) from error
        except PORT_FAULTS as error:
            raise PortError(open_code(error), self._spec.address) from error
        # A COM name says nothing about what stands behind it.
        path = WatchedPath(address, tty) if os.name == "posix" else None
        return SerialSource(self._spec, tty, path, self._now_ms, settings.profile)


def settings_for(spec: ScannerSpec, model: Model | None) -> SerialSettings:
    """What the spec says, and the maker's habits where it says nothing."""
    suffix = Suffix.AUTO if model is None else model.suffix
    return spec.serial_settings(SerialSettings(profile=Profile(suffix)))


class SerialSource:
    """An open port. Bytes → labels, each with the time of its last byte."""

    def __init__(
        self, spec: ScannerSpec, tty: Tty, path: WatchedPath | None, now_ms: Callable[[], int], profile: Profile
    ) -> None:
        self._spec = spec
        self._tty = tty
        self._path = path
        self._profile = profile
        self._framer = Framer(profile, midstream=True)
        self._log = RawLog(spec.device, self._setup, now_ms)
        self._wait_ms = read_wait_ms(profile)
        self._now_ms = now_ms
        self._last_byte_ms = 0
        self._in_step = False

    @property
    def ready(self) -> bool:
        """Open, and in step with the line at least once."""
        return self._in_step

    def read(self) -> tuple[RawScan | Dropped, ...]:
        """Wait 50 ms at most; PortLost when the port has gone."""
        try:
            chunk = self._tty.read(max(1, self._tty.in_waiting))
        except PORT_FAULTS as error:
            raise PortLost(self._spec.address) from error
        if chunk:
            self._last_byte_ms = self._now_ms()
            self._log.step("bytes", chunk)
            events = self._framer.feed(chunk)
        elif self._path is not None and self._path.is_gone():
            raise PortLost(self._spec.address)
        else:
            # The nominal wait, not the measured one: time in which this thread got no processor is no silence.
            self._log.silence(self._wait_ms)
            events = self._framer.silence(self._wait_ms)
        self._note(events)
        self._in_step = self._in_step or self._framer.synchronised
        return tuple(self._stamped(event) for event in events)

    def close(self) -> tuple[Dropped, ...]:
        """Let go at once, so that the scanner can come back under its name."""
        with contextlib.suppress(*PORT_FAULTS):
            self._tty.close()
        dropped = self._framer.give_up()
        self._log.came(event.code for event in dropped)
        self._log.rest()
        return dropped

    def raw(self) -> tuple[RawRead, ...]:
        return self._log.take()

    def _note(self, events: tuple[Label | Dropped, ...]) -> None:
        self._log.came(event.payload if isinstance(event, Label) else event.code for event in events)
        if self._framer.is_at_rest and self._log.is_under_way:
            self._log.rest()

    def _setup(self) -> SerialSetup:
        return SerialSetup(self._profile, self._framer.is_unsure, self._framer.by_silence)

    def _stamped(self, event: Label | Dropped) -> RawScan | Dropped:
        if isinstance(event, Label):
            return RawScan(self._spec.device, event.payload, self._last_byte_ms)
        return event


class WatchedPath:
    """Notices that a port's name now leads elsewhere or nowhere, for drivers that keep a dead handle silent."""

    def __init__(self, address: str, tty: Tty) -> None:
        self._path = Path(address)
        self._opened = os.fstat(tty.fileno()).st_rdev
        self._look_at_s = time.monotonic() + _LOOK_S
        self._missing_looks = 0

    def is_gone(self) -> bool:
        """Look twice a second. A name may be missing for one look: links are remade while a device stays."""
        if time.monotonic() < self._look_at_s:
            return False
        self._look_at_s = time.monotonic() + _LOOK_S
        try:
            leads_elsewhere = self._path.stat().st_rdev != self._opened
        except OSError:
            self._missing_looks += 1
            return self._missing_looks > 1
        self._missing_looks = 0
        return leads_elsewhere


def read_wait_ms(profile: Profile) -> int:
    """How long one read waits: 50 ms at most, and a whole fraction of the silence that ends a label, rounded up."""
    return -(-profile.idle_ms // -(-profile.idle_ms // _WAIT_MS))


def open_code(error: BaseException) -> str:
    """Sort what opening a port raised (pyserial 3.5: SerialException, with the number often only in its cause)."""
    seen: BaseException | None = error
    while seen is not None:
        if seen.args and isinstance(seen.args[0], int):
            return _CODES_BY_ERRNO.get(seen.args[0], "port_fault")
        seen = seen.__cause__ or seen.__context__
    # Windows: pyserial quotes the system's error in its text and keeps no number.
    if "FileNotFoundError" in str(error):
        return "port_not_found"
    return "port_busy" if "PermissionError" in str(error) else "port_fault"


def _refuse_what_is_no_port(address: str) -> None:
    if os.name != "posix":
        return
    try:
        mode = Path(address).stat().st_mode
    except OSError as error:
        raise PortError(open_code(error), address) from error
    if not stat.S_ISCHR(mode):
        raise PortError("not_a_port", address)


def _open_tty(address: str, settings: SerialSettings) -> Tty:
    tty = serial.Serial(
        baudrate=settings.baud,
        bytesize=settings.data_bits,
        parity=settings.parity,
        stopbits=settings.stop_bits,
        timeout=read_wait_ms(settings.profile) / 1000,
        exclusive=True,
        xonxoff=False,
        rtscts=settings.rtscts,
        dsrdtr=False,
    )
    # Said before opening: a line that drops and rises again can reset the device behind it.
    tty.dtr, tty.rts = settings.dtr, settings.rts
    tty.port = address
    tty.open()
    # Bridges hold bytes back for 16 ms; Linux only, and not every driver can be told.
    with contextlib.suppress(AttributeError, ValueError, *PORT_FAULTS):
        tty.set_low_latency_mode(True)
    opened: Tty = tty
    return opened
