"""A HID library without a kernel: what hidapi's hidraw backend does as measured, and proof that one thread owns it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

QUEUE_REPORTS = 63


@dataclass
class FakeScanner:
    """One collection of a plugged-in device."""

    path: bytes
    descriptor: bytes
    vid: int = 0x0C2E
    pid: int = 0x0B81
    serial: str = ""
    page: int = 0x8C
    usage: int = 2
    refuses: bool = False
    plugged: bool = True
    handles: list[FakeHandle] = field(default_factory=list)
    features: list[bytes] = field(default_factory=list)

    def send(self, *reports: bytes) -> None:
        """Reach every open handle; each keeps 63 unread reports and drops the newest."""
        for handle in [handle for handle in self.handles if handle.is_open]:
            handle.put(reports)


class FakeHandle:
    """An open device."""

    def __init__(self, library: FakeLibrary) -> None:
        self._library = library
        self._scanner: FakeScanner | None = None
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self.is_open = False
        self.nonblocking = False

    def put(self, reports: tuple[bytes, ...]) -> None:
        with self._changed:
            self._queue += reports[: QUEUE_REPORTS - len(self._queue)]
            self._changed.notify_all()

    def open_path(self, path: bytes) -> None:
        self._library.touch()
        scanner = next((it for it in self._library.scanners if it.path == path and it.plugged), None)
        if scanner is None or scanner.refuses:
            raise OSError("open failed")
        scanner.handles.append(self)
        self._scanner, self.is_open = scanner, True

    def close(self) -> None:
        self._library.touch()
        self.is_open = False

    def set_nonblocking(self, on: int) -> int:
        self.nonblocking = bool(on)
        return 0

    def read(self, max_length: int, timeout_ms: int = 0) -> list[int]:
        self._library.touch()
        assert self.nonblocking or timeout_ms, "would block for ever"
        with self._changed:
            self._changed.wait_for(lambda: self._queue or not self._alive, timeout_ms / 1000)
            if not self._alive:
                raise OSError("read error")
            return list(self._queue.popleft()[:max_length]) if self._queue else []

    def get_report_descriptor(self) -> list[int]:
        assert self._scanner is not None
        if not self._scanner.descriptor:
            raise OSError("no descriptor")
        return list(self._scanner.descriptor)

    def send_feature_report(self, report: bytes) -> int:
        self._library.touch()
        assert self._scanner is not None
        self._scanner.features.append(bytes(report))
        return len(report)

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    @property
    def _alive(self) -> bool:
        return self.is_open and self._scanner is not None and self._scanner.plugged


class FakeLibrary:
    """What we use of hidapi, with every use counted by thread."""

    def __init__(self, *scanners: FakeScanner) -> None:
        self.scanners = list(scanners)
        self.threads: set[str] = set()
        self.looks = 0
        self.fault: OSError | None = None

    def touch(self) -> None:
        self.threads.add(threading.current_thread().name)

    def enumerate(self) -> list[dict[str, Any]]:
        self.touch()
        self.looks += 1
        if self.fault:
            raise self.fault
        return [
            {
                "path": it.path,
                "vendor_id": it.vid,
                "product_id": it.pid,
                "serial_number": it.serial or None,
                "product_string": "Fake scanner",
                "usage_page": it.page,
                "usage": it.usage,
            }
            for it in self.scanners
            if it.plugged
        ]

    def device(self) -> FakeHandle:
        return FakeHandle(self)


def unplug(scanner: FakeScanner) -> None:
    scanner.plugged = False
    for handle in scanner.handles:
        handle.wake()


def wait_until(condition: Callable[[], bool], limit_s: float = 10.0) -> bool:
    """For what no callback tells."""
    pause = threading.Event()
    end_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        pause.wait(0.005)
    return True
