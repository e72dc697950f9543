"""`matou devices list|listen`: the serial ports of this machine, and what the named scanners send. No window, no store.

`listen` writes from the devices' threads, one line at a time; the main thread waits for the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from app.base.clock import SystemClock
from app.base.errors import EXIT_DONE, EXIT_WORLD_SAID_NO, Trouble, WrongUse
from app.base.options import Environment, add_scanner_option
from app.base.texts import Texts
from app.domain.own_forms import holds_voucher
from devices import DeviceError, DeviceManager, DeviceState, DeviceStatus, FoundPort, RawScan, ScannerSpec, list_ports

_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
_CONTROLS = bytes(range(0x21))
_SHOWN_CONTROLS = {0x04: "<EOT>", 0x1C: "<FS>", 0x1D: "<GS>", 0x1E: "<RS>"}
_POLL_S = 0.2


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `devices` and what stands under it."""
    parser = subparsers.add_parser("devices", help="扫码枪 (scanners)")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="列出本机串口 (serial ports of this machine)")
    listing.add_argument("--json", action="store_true", help="每个串口一行 JSON (a line of JSON per port)")
    listing.set_defaults(run=run_list)
    listening = commands.add_parser("listen", help="显示扫到的内容 (show what is scanned)")
    add_scanner_option(listening, nested=True)
    listening.add_argument("--json", action="store_true", help="每次扫码一行 JSON (a line of JSON per scan)")
    listening.set_defaults(run=run_listen)


def run_list(args: argparse.Namespace) -> int:
    """Name every port; none is opened."""
    words = _Words.read()
    lines = _Lines(sys.stdout.buffer)
    ports = list_ports()
    for port in ports:
        lines.write(json.dumps(port_entry(port)) if args.json else port_line(port, words))
    if not ports and not args.json:
        lines.write(words.line("no_serial_ports"))
    lines.raise_if_broken()
    return EXIT_DONE


def run_listen(args: argparse.Namespace) -> int:
    """Print scans until a signal, or until every named device has ended by itself; 3 if one of those failed."""
    texts: Sequence[str] = getattr(args, "scanner", None) or ()
    if not texts:
        raise WrongUse("scanner_missing")
    listener = _Listener(_Words.read(), as_json=args.json)
    try:
        manager = DeviceManager(
            [ScannerSpec.parse(text) for text in texts],
            on_scan=listener.take_scan,
            on_status=listener.take_status,
            now_ms=SystemClock().now_ms,
        )
        with _ended_by_signal() as ended:
            manager.start()
            while not (ended.is_set() or listener.is_broken or manager.wait_finished(_POLL_S)):
                pass
            manager.stop()
    except DeviceError as error:
        raise Trouble(error.code, subject=error.subject) from error
    listener.raise_if_broken()
    return EXIT_WORLD_SAID_NO if listener.failed_devices and not ended.is_set() else EXIT_DONE


def scan_entry(scan: RawScan) -> dict[str, object]:
    """A scan as JSON (contracts §3); of a patient's credential only that there was one."""
    aim = _AIM.match(scan.payload)
    entry: dict[str, object] = {
        "payload": None,
        "raw_hex": None,
        "aim": aim.group().decode() if aim else None,
        "device": scan.device,
        "at_ms": scan.at_ms,
    }
    if is_credential(scan.payload):
        return entry | {"masked": True}
    with contextlib.suppress(UnicodeDecodeError):
        entry["payload"] = scan.payload.decode()
    return entry | {"raw_hex": scan.payload.hex()}


def is_credential(payload: bytes) -> bool:
    """Whether a patient's voucher stands in the payload.

    Judged with and without AIM prefix: the digit that ends `]d2` would otherwise hide where the voucher begins.
    """
    bare = payload.lstrip(_CONTROLS)
    prefix = _AIM.match(bare)
    readings = (payload, bare[prefix.end() :]) if prefix else (payload,)
    return any(holds_voucher(reading.decode("latin-1")) for reading in readings)


def shown(payload: bytes) -> str:
    """The payload for the eye: text where it is text, controls by name or number."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return payload.hex()
    return "".join(_SHOWN_CONTROLS.get(ord(sign), sign if sign.isprintable() else ascii(sign)[1:-1]) for sign in text)


def port_entry(port: FoundPort) -> dict[str, object]:
    """A port as JSON; `scanner` is what to say after `--scanner`."""
    return {
        "port": port.port,
        "vid": _hex_id(port.vid),
        "pid": _hex_id(port.pid),
        "serial": port.serial,
        "product": port.product,
        "model": f"{port.model.maker} ({port.model.way.value})" if port.model else None,
        "scanner": f"serial:{port.stable_port}",
    }


def port_line(port: FoundPort, words: _Words) -> str:
    """A port for the eye."""
    ids = f"{_hex_id(port.vid)}:{_hex_id(port.pid)}" if port.vid is not None else "-"
    model = f"{port.model.maker} ({port.model.way.value})" if port.model else words.title("model_unknown")
    return "\t".join((f"serial:{port.stable_port}", ids, port.serial or "-", port.product or "-", model))


def _hex_id(number: int | None) -> str | None:
    return None if number is None else f"{number:04x}"


class _Words:
    """Words in the language of this run."""

    def __init__(self, texts: Texts, lang: str) -> None:
        self._texts = texts
        self._lang = lang

    @classmethod
    def read(cls) -> _Words:
        return cls(Texts.load(), Environment.read(os.environ).lang)

    def title(self, code: str) -> str:
        return self._texts.title(code, self._lang)

    def line(self, code: str) -> str:
        return self._texts.line(code, self._lang)


class _Lines:
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


class _Listener:
    """Turns scans and states into lines. Called on the devices' threads."""

    def __init__(self, words: _Words, *, as_json: bool) -> None:
        self._words = words
        self._as_json = as_json
        self._out = _Lines(sys.stdout.buffer)
        self._err = _Lines(sys.stderr.buffer)
        self.failed_devices: set[str] = set()

    @property
    def is_broken(self) -> bool:
        return self._out.is_broken

    def raise_if_broken(self) -> None:
        self._out.raise_if_broken()

    def take_scan(self, scan: RawScan) -> None:
        if self._as_json:
            self._out.write(json.dumps(scan_entry(scan)))
        elif is_credential(scan.payload):
            self._out.write(f"{scan.device}\t{self._words.title('credential_masked')}")
        else:
            self._out.write(f"{scan.device}\t{shown(scan.payload)}")

    def take_status(self, status: DeviceStatus) -> None:
        if status.state is DeviceState.TROUBLE:
            self.failed_devices.add(status.device)
        elif status.state is DeviceState.READY:
            self.failed_devices.discard(status.device)
        if status.code is None:
            self._err.write(f"{status.device} {self._words.title(f'device_{status.state.value}')}")
        else:
            self._err.write(f"{status.code}: {self._words.line(status.code)} ({status.device})")


@contextlib.contextmanager
def _ended_by_signal() -> Iterator[threading.Event]:
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
