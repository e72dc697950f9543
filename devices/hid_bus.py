"""The one thread that owns the HID library: lists, opens, reads and closes every HID scanner of this program.

hidapi keeps state per process, so there is one bus per process. It never waits for whoever takes the labels: the kernel
keeps 63 unread reports per scanner and throws the newer ones away. The thread lives while there is something to do.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from devices.errors import PortError
from devices.hid_layout import Described, describe
from devices.hid_pos import HidLabel, HidPosDecoder
from devices.raw import RawLog
from devices.scan import Dropped

if sys.platform == "linux":
    # The other backend of this wheel hides usage pages and detaches the kernel's driver (hidapi 0.15).
    import hidraw as hidapi  # type: ignore[import-not-found]
else:
    import hid as hidapi

_log = logging.getLogger(__name__)

LIMIT_S = 5.0
"""Longest that a caller waits for the thread; a driver of the system may hang in the kernel."""
LINGER_S = 1.5
"""How long the thread stays without work; longer than the pause between two attempts to open."""
WAIT_MS = 50
_SHARED_WAIT_MS = 5
_BURST = 256
_LISTING_HOLDS_S = 0.4
_FAULTS = (OSError, ValueError)  # ValueError: "not open"

Result = TypeVar("Result")


class Handle(Protocol):
    """What we use of an open HID device."""

    def open_path(self, path: bytes) -> None: ...
    def close(self) -> None: ...
    def set_nonblocking(self, on: int) -> object: ...
    def read(self, max_length: int, timeout_ms: int = 0) -> Sequence[int]: ...
    def get_report_descriptor(self) -> Sequence[int]: ...
    def send_feature_report(self, report: bytes) -> int: ...


class HidLibrary(Protocol):
    """What we use of hidapi."""

    def enumerate(self) -> Sequence[dict[str, Any]]: ...
    def device(self) -> Handle: ...


@dataclass(frozen=True, slots=True)
class HidEntry:
    """One collection of a HID device, as the system lists it."""

    path: bytes
    vid: int
    pid: int
    serial: str
    product: str
    page: int
    usage: int


class Lost:
    """Told once, after the last label: the device is gone."""


Event = HidLabel | Dropped | Lost


class HidLine:
    """An open device. Read on the bus thread only; `events` may be emptied by any one thread."""

    def __init__(self, handle: Handle, descriptor: bytes, now_ms: Callable[[], int]) -> None:
        self.descriptor = descriptor
        self.events: queue.SimpleQueue[tuple[Event, int]] = queue.SimpleQueue()
        self.in_step = False
        self.described: Described = describe(descriptor)
        self._handle = handle
        self._now_ms = now_ms
        self._decoder: HidPosDecoder | None = None
        self._log: RawLog | None = None
        self.is_open = True

    def listen(self, decoder: HidPosDecoder, log: RawLog) -> None:
        self._decoder, self._log = decoder, log

    def wake(self, report: bytes) -> None:
        """Send one feature report; a scanner that does not know it may refuse."""
        try:
            self._handle.send_feature_report(report)
        except _FAULTS as error:
            _log.info("the feature report was not taken: %s", error)

    def poll(self, wait_ms: int) -> bool:
        """Take what waits, for `wait_ms` at most; whether anything came. Never raises: a lost device says so once."""
        try:
            return self._poll(wait_ms)
        except _FAULTS as error:
            _log.info("lost: %s", error)
            self.close()
            self._tell((Lost(),))
            return True

    def close(self) -> None:
        """Let go at once; what is half read is told."""
        if self.is_open:
            self.is_open = False
            with contextlib.suppress(*_FAULTS):
                self._handle.close()
            if self._decoder is not None and self._log is not None:
                self._tell(self._decoder.give_up())
                self._log.rest()

    def _poll(self, wait_ms: int) -> bool:
        decoder, log = self._decoder, self._log
        if decoder is None or log is None:
            return False
        size = self.described.longest
        asked_at_s = time.monotonic()
        report = self._handle.read(size, wait_ms) if wait_ms else self._handle.read(size)
        for _ in range(_BURST):
            if not report:
                break
            came, at_ms = bytes(report), int(time.monotonic() * 1000)
            log.step("report", came, at_us=at_ms * 1000)
            self._tell(decoder.feed(came, at_ms))
            asked_at_s = time.monotonic()
            report = self._handle.read(size)
        else:
            return True
        # Empty when asked, so whatever came before that moment has been read.
        was_quiet, events = log.is_quiet, decoder.quiet(int(asked_at_s * 1000))
        if log.is_under_way and (events or not was_quiet):
            log.step("quiet", at_us=int(asked_at_s * 1000) * 1000)
        self._tell(events)
        if decoder.is_at_rest and log.is_under_way:
            log.rest()
        self.in_step = self.in_step or decoder.synchronised
        return False

    def _tell(self, events: Sequence[Event]) -> None:
        at_ms = self._now_ms() if events else 0
        for event in events:
            if self._log is not None and not isinstance(event, Lost):
                self._log.came((event.label if isinstance(event, HidLabel) else event.code,))
            self.events.put((event, at_ms))


class HidBus:
    """Jobs go in from any thread; the library is touched on one."""

    def __init__(self, library: HidLibrary) -> None:
        self._library = library
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lines: list[HidLine] = []
        self._listed: tuple[float, tuple[HidEntry, ...]] = (-_LISTING_HOLDS_S, ())

    def entries(self, *, fresh: bool = False) -> tuple[HidEntry, ...]:
        """Every HID collection of this machine; several callers within a moment share one look.

        Before something is opened the look is fresh: a name may belong to another device a moment later.
        """
        return self._ask(functools.partial(self._look, fresh=fresh))

    def open(self, path: bytes, now_ms: Callable[[], int]) -> HidLine:
        """Open one device without listening yet; OSError where the library cannot."""
        return self._ask(functools.partial(self._open, path, now_ms))

    def listen(self, line: HidLine, decoder: HidPosDecoder, log: RawLog, wake: bytes | None) -> None:
        """From now on the line hands out labels; `wake` is a feature report to send first."""

        def begin() -> None:
            if wake is not None:
                line.wake(wake)
            line.listen(decoder, log)
            self._lines.append(line)

        self._ask(begin)

    def close(self, line: HidLine) -> None:
        """Let go of a line; PortError only where the thread hangs."""

        def end() -> None:
            line.close()
            self._lines = [other for other in self._lines if other is not line]

        self._ask(end)

    def _look(self, *, fresh: bool) -> tuple[HidEntry, ...]:
        looked_at_s, entries = self._listed
        if fresh or time.monotonic() - looked_at_s >= _LISTING_HOLDS_S:
            entries = tuple(_entry(row) for row in self._library.enumerate())
            self._listed = (time.monotonic(), entries)
        return entries

    def _open(self, path: bytes, now_ms: Callable[[], int]) -> HidLine:
        handle = self._library.device()
        handle.open_path(path)
        try:
            handle.set_nonblocking(1)
            try:
                descriptor = bytes(handle.get_report_descriptor())
            except _FAULTS:
                descriptor = b""
            return HidLine(handle, descriptor, now_ms)
        except Exception:
            handle.close()
            raise

    def _ask(self, job: Callable[[], Result]) -> Result:
        answer: Future[Result] = Future()
        with self._guard:
            self._jobs.put(functools.partial(_carry_out, job, answer))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="device hid", daemon=True)
                self._thread.start()
        try:
            return answer.result(LIMIT_S)
        except TimeoutError as error:
            if answer.done():
                raise
            answer.cancel()
            raise PortError("port_fault", "hid") from error

    def _run(self) -> None:
        while True:
            job = self._next_job()
            if job is not None:
                job()
            elif self._lines:
                self._serve_lines()
            else:
                with self._guard:
                    if self._jobs.empty():
                        self._thread = None
                        return

    def _next_job(self) -> Callable[[], None] | None:
        try:
            return self._jobs.get_nowait() if self._lines else self._jobs.get(timeout=LINGER_S)
        except queue.Empty:
            return None

    def _serve_lines(self) -> None:
        """One round. A line alone is waited on; several take turns, so that none waits long for another."""
        wait_ms = WAIT_MS if len(self._lines) == 1 else _SHARED_WAIT_MS
        # All are emptied first: while one is waited on, the queues of the others fill.
        came = [line.poll(0) for line in self._lines]
        if not any(came):
            for line in self._lines:
                line.poll(wait_ms)
        self._lines = [line for line in self._lines if line.is_open]


@functools.cache
def the_bus() -> HidBus:
    """The bus of this process."""
    return HidBus(cast(HidLibrary, hidapi))


def _carry_out(job: Callable[[], Result], answer: Future[Result]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(job())
    except BaseException as error:
        answer.set_exception(error)


def _entry(row: dict[str, Any]) -> HidEntry:
    return HidEntry(
        path=bytes(row["path"]),
        vid=int(row["vendor_id"]),
        pid=int(row["product_id"]),
        serial=str(row.get("serial_number") or ""),
        product=str(row.get("product_string") or ""),
        page=int(row.get("usage_page") or 0),
        usage=int(row.get("usage") or 0),
    )
