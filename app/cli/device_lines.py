"""What the `matou devices` commands have in common: words, whole lines, masked scans, an end by signal. Any thread."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from app.base.clock import SystemClock
from app.base.errors import Trouble, WrongUse
from app.base.options import Environment
from app.base.texts import Texts
from app.flows.credentials import is_credential
from devices import DeviceError, DeviceManager, DeviceState, DeviceStatus, RawRead, RawScan, ScannerSpec
from devices.recorder import entry_of
from devices.text_of import Encoding, text_of

POLL_S = 0.2
_SHOWN_CONTROLS = {0x04: "<EOT>", 0x1C: "<FS>", 0x1D: "<GS>", 0x1E: "<RS>"}


def scan_entry(scan: RawScan) -> dict[str, object]:
    """A scan as JSON (contracts §3); of a patient's credential only that there was one."""
    return entry_of(scan, masked=is_credential(scan.label))


def shown(payload: bytes) -> str:
    """The payload for the eye: text where it is text (guessed GBK is marked), controls by name or number."""
    read = text_of(payload)
    if read.encoding is Encoding.NONE:
        return payload.hex()
    mark = " (GB18030?)" if read.is_guess else ""
    return "".join(map(_sign, read.text)) + mark


def _sign(sign: str) -> str:
    return _SHOWN_CONTROLS.get(ord(sign), sign if sign.isprintable() else ascii(sign)[1:-1])


class Words:
    """Words in the language of this run."""

    def __init__(self, texts: Texts, lang: str) -> None:
        self._texts = texts
        self.lang = lang

    @classmethod
    def read(cls) -> Words:
        return cls(Texts.load(), Environment.read(os.environ).lang)

    def title(self, code: str, **values: object) -> str:
        return self._texts.title(code, self.lang, **values)

    def line(self, code: str, **values: object) -> str:
        return self._texts.line(code, self.lang, **values)

    def has(self, code: str) -> bool:
        return self._texts.has(code)


class Lines:
    """Whole lines, UTF-8 whatever the console is, flushed at once; any thread. Remembers that nobody reads any more."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.is_broken = False

    def write(self, line: str) -> None:
        """Write one line; after the reader has gone, nothing."""
        with self._lock:
            try:
                self._stream.write(line.encode("utf-8", "backslashreplace") + b"\n")
                self._stream.flush()
            except BrokenPipeError:
                self.is_broken = True

    def raise_if_broken(self) -> None:
        """BrokenPipeError, for the one place that knows how to end quietly."""
        if self.is_broken:
            raise BrokenPipeError


class StateLines:
    """States and notes of devices on standard error. Called on the devices' threads."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._err = Lines(sys.stderr.buffer)
        self.failed_devices: set[str] = set()

    def say(self, line: str) -> None:
        """A line for the person, beside the states."""
        self._err.write(line)

    def take_status(self, status: DeviceStatus) -> None:
        if status.state is DeviceState.TROUBLE:
            self.failed_devices.add(status.device)
        elif status.state is DeviceState.READY:
            self.failed_devices.discard(status.device)
        if status.code is None:
            self._err.write(f"{status.device} {self._words.title(f'device_{status.state.value}')}")
        else:
            self._err.write(f"{status.code}: {self._words.line(status.code)} ({status.device})")


class ScanLines(StateLines):
    """Scans on standard output, for a program or for the eye. Called on the devices' threads."""

    def __init__(self, words: Words, *, as_json: bool) -> None:
        super().__init__(words)
        self._as_json = as_json
        self._out = Lines(sys.stdout.buffer)

    @property
    def is_broken(self) -> bool:
        return self._out.is_broken

    def raise_if_broken(self) -> None:
        self._out.raise_if_broken()

    def take_scan(self, scan: RawScan) -> None:
        if self._as_json:
            self._out.write(json.dumps(scan_entry(scan)))
        elif is_credential(scan.label):
            self._out.write(f"{scan.device}\t{self._words.title('credential_masked')}")
        else:
            self._out.write(f"{scan.device}\t{shown(scan.label)}")


@contextlib.contextmanager
def ended_by_signal() -> Iterator[threading.Event]:
    """An event that SIGINT or SIGTERM sets, while inside."""
    ended = threading.Event()
    before = [
        (number, signal.signal(number, lambda _number, _frame: ended.set()))
        for number in (signal.SIGINT, signal.SIGTERM)
    ]
    try:
        yield ended
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def named_specs(args: argparse.Namespace) -> list[ScannerSpec]:
    """The scanners that were named. WrongUse where none was, Trouble where one cannot be understood."""
    texts: Sequence[str] = getattr(args, "scanner", None) or ()
    if not texts:
        raise WrongUse("scanner_missing")
    return parsed(texts)


def parsed(texts: Sequence[str]) -> list[ScannerSpec]:
    """Specs; Trouble where one cannot be understood."""
    try:
        return [ScannerSpec.parse(text) for text in texts]
    except DeviceError as error:
        raise Trouble(error.code, subject=error.subject) from error


@contextlib.contextmanager
def opened(
    specs: Sequence[ScannerSpec],
    on_scan: Callable[[RawScan], None],
    on_status: Callable[[DeviceStatus], None],
    on_raw: Callable[[RawRead], None] = lambda _: None,
) -> Iterator[DeviceManager]:
    """Scanners that are listened to while inside; Trouble where one cannot be opened here at all."""
    try:
        manager = DeviceManager(specs, on_scan=on_scan, on_status=on_status, now_ms=SystemClock().now_ms, on_raw=on_raw)
        manager.start()
    except DeviceError as error:
        raise Trouble(error.code, subject=error.subject) from error
    try:
        yield manager
    finally:
        manager.stop()
