"""Where a headless receipt gets its inputs: lines of a stream, or scanners. Main thread; SIGINT and SIGTERM end it."""

from __future__ import annotations

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import IO, TypeVar

from app.base.crash import say_line
from app.base.errors import Trouble, WrongUse
from app.base.texts import Texts
from app.flows.lines import CommandInput, ScanInput, parse_line
from devices import DeviceError, DeviceManager, DeviceState, DeviceStatus, RawScan, ScannerSpec

T = TypeVar("T")
_POLL_S = 0.1


class Interrupted(Exception):
    """Somebody asked the program to end."""


class Interrupts:
    """SIGINT and SIGTERM end the waiting for input, but never an answer that is under way. Use as a context manager."""

    def __init__(self) -> None:
        self._waiting = False
        self._asked = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def wait(self, source: Iterator[T]) -> T | None:
        """The next input; None at their end. Raises Interrupted."""
        # Waiting is said before it is asked for: a signal between the two would otherwise wait for the next input.
        self._waiting = True
        try:
            if self._asked:
                raise Interrupted
            return next(source, None)
        finally:
            self._waiting = False

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked = True
        if self._waiting:
            raise Interrupted


def lines_of(stream: IO[bytes]) -> Iterator[ScanInput | CommandInput]:
    """One input per line."""
    for line in stream:
        yield parse_line(line)


@contextlib.contextmanager
def scans_of(scanners: Sequence[str], now_ms: Callable[[], int]) -> Iterator[Iterator[ScanInput | CommandInput]]:
    """Inputs of scanners; ends when all of them have ended by themselves (recordings do, wires do not).

    Raises WrongUse or Trouble for a scanner that cannot be.
    """
    inbox: queue.SimpleQueue[RawScan] = queue.SimpleQueue()
    texts = Texts.load()
    try:
        specs = [ScannerSpec.parse(text) for text in scanners]
        manager = DeviceManager(
            specs,
            on_scan=inbox.put,
            on_status=lambda status: _say_status(texts, status),
            now_ms=now_ms,
        )
        manager.start()
    except DeviceError as error:
        kind = WrongUse if error.code == "bad_scanner_spec" else Trouble
        raise kind(error.code, subject=error.subject) from error
    try:
        yield _drain(manager, inbox)
    finally:
        manager.stop()


def _drain(manager: DeviceManager, inbox: queue.SimpleQueue[RawScan]) -> Iterator[ScanInput]:
    while True:
        ended = manager.wait_finished(0)
        try:
            scan = inbox.get(timeout=_POLL_S)
        except queue.Empty:
            if ended:
                return
            continue
        yield ScanInput(scan.label, scan.at_ms, scan.device)


def _say_status(texts: Texts, status: DeviceStatus) -> None:
    if status.state is DeviceState.READY:
        say_line("device_ready", f"{status.device} {texts.line('device_ready')}")
    elif status.code is not None:
        say_line(status.code, texts.line(status.code, subject=status.device))
