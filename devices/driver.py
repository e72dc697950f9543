"""The loop that every device lives in: open, read, lose, open again. One named thread per device runs it.

A kind of scanner brings a Driver (how to open) and a Source (an open device); neither knows threads or callbacks.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from devices.errors import DeviceError, PortLost
from devices.raw import RawRead, Recordable
from devices.scan import DeviceState, DeviceStatus, Dropped, RawScan

_log = logging.getLogger(__name__)

RETRY_S = 0.5
"""Between two attempts to open; a replugged scanner is to be ready within 2 s."""
JOIN_S = 3.0


class Source(Protocol):
    """An open device, used by one thread. Nobody keeps it: devices vanish."""

    @property
    def ready(self) -> bool:
        """Whether whatever is scanned from now on arrives whole."""

    def read(self) -> tuple[RawScan | Dropped, ...] | None:
        """Wait 50 ms at most; None when the device has ended by itself; DeviceError when it is lost."""

    def close(self) -> tuple[Dropped, ...]:
        """Let go at once, never raise; tells whether something was left half read."""


class Driver(Protocol):
    """How one named device is opened."""

    @property
    def device(self) -> str:
        """The stable id of the device."""

    @property
    def keeps_trying(self) -> bool:
        """Whether a failed or lost device may come back by itself."""

    def open(self) -> Source:
        """Open it now; DeviceError where the world says no."""


class DeviceThread:
    """Runs one driver until it is stopped or the device ends by itself."""

    def __init__(
        self,
        driver: Driver,
        *,
        on_scan: Callable[[RawScan], None],
        on_status: Callable[[DeviceStatus], None],
        on_raw: Callable[[RawRead], None] = lambda _: None,
    ) -> None:
        self._driver = driver
        self._on_raw = on_raw
        self._on_scan = on_scan
        self._on_status = on_status
        self._status = DeviceStatus(driver.device, DeviceState.CLOSED)
        self._stopping = threading.Event()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"device {driver.device}", daemon=True)

    @property
    def status(self) -> DeviceStatus:
        """The state as it stands, without passing notes."""
        return self._status

    def start(self) -> None:
        """Begin; at most once."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Return at once; the thread ends within about 50 ms."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the thread's end, `JOIN_S` at most: a driver of the system may hang in the kernel."""
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            return
        self._thread.join(JOIN_S)
        if self._thread.is_alive():
            _log.warning("%s does not let go of its port", self._driver.device)

    def wait_finished(self, timeout_s: float) -> bool:
        """True when the loop has ended."""
        return self._finished.wait(timeout_s)

    def _run(self) -> None:
        try:
            self._tell(DeviceState.OPENING)
            while not self._stopping.is_set() and self._serve():
                self._stopping.wait(RETRY_S)
        finally:
            if self._status.state is not DeviceState.TROUBLE or self._stopping.is_set():
                self._tell(DeviceState.CLOSED)
            self._finished.set()

    def _serve(self) -> bool:
        """Open and read until the device is lost, ends, or is to stop. True: worth another attempt."""
        try:
            source = self._driver.open()
            try:
                return self._read_until_over(source)
            finally:
                for dropped in source.close():
                    self._note(dropped.code)
                self._hand_out_raw(source)
        except PortLost as error:
            self._tell(DeviceState.LOST, error.code)
        except DeviceError as error:
            # A lost scanner that is not back yet is still lost, which says more than "not found".
            if not (self._status.state is DeviceState.LOST and error.code in ("port_not_found", "camera_not_found")):
                self._tell(DeviceState.TROUBLE, error.code)
            _log.debug("%s", error)
        except Exception:
            _log.exception("%s failed", self._driver.device)
            self._tell(DeviceState.TROUBLE, "device_fault")
        return self._driver.keeps_trying

    def _read_until_over(self, source: Source) -> bool:
        while not self._stopping.is_set():
            reading = source.read()
            if source.ready:
                self._tell(DeviceState.READY)
            if reading is None:
                return False
            for item in reading:
                if isinstance(item, RawScan):
                    self._hand_out(item)
                else:
                    self._note(item.code)
            self._hand_out_raw(source)
        return False

    def _hand_out_raw(self, source: Source) -> None:
        if not isinstance(source, Recordable):
            return
        for read in source.raw():
            try:
                self._on_raw(read)
            except Exception:
                _log.exception("what %s read was not taken", read.device)

    def _hand_out(self, scan: RawScan) -> None:
        try:
            self._on_scan(scan)
        except Exception:
            _log.exception("a scan of %s was not taken", scan.device)
            self._note("scan_not_taken")

    def _tell(self, state: DeviceState, code: str | None = None) -> None:
        status = DeviceStatus(self._driver.device, state, code)
        if status != self._status:
            self._status = status
            self._call_status(status)

    def _note(self, code: str) -> None:
        self._call_status(DeviceStatus(self._driver.device, self._status.state, code))

    def _call_status(self, status: DeviceStatus) -> None:
        try:
            self._on_status(status)
        except Exception:
            _log.exception("a status of %s was not taken", status.device)
