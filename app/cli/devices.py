"""`matou devices list|listen|record|replay|probe|doctor`: what is plugged in, and what it sends. No window, no store.

Lines are written from the devices' threads, one at a time; the main thread waits for the end.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from app.base.clock import SystemClock
from app.base.errors import EXIT_DONE, EXIT_WORLD_SAID_NO, Trouble
from app.base.options import add_scanner_option
from app.cli import devices_doctor, devices_probe, devices_replay
from app.cli.device_lines import (
    POLL_S,
    Lines,
    ScanLines,
    StateLines,
    Words,
    ended_by_signal,
    named_specs,
    opened,
)
from app.flows.credentials import CredentialJudge
from devices import DeviceStatus, Found, RawRead, RawScan, list_scanners
from devices.raw import KINDS
from devices.recorder import Recording


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `devices` and what stands under it."""
    parser = subparsers.add_parser("devices", help="扫码枪 (scanners)")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="列出本机的扫码枪和串口 (scanners and ports of this machine)")
    listing.add_argument("--json", action="store_true", help="每个一行 JSON (a line of JSON each)")
    listing.set_defaults(run=run_list)
    listening = commands.add_parser("listen", help="显示扫到的内容 (show what is scanned)")
    add_scanner_option(listening, nested=True)
    listening.add_argument("--json", action="store_true", help="每次扫码一行 JSON (a line of JSON per scan)")
    listening.set_defaults(run=run_listen)
    recording = commands.add_parser("record", help="把扫到的内容录成文件 (record what is scanned)")
    add_scanner_option(recording, nested=True)
    recording.add_argument(
        "--to", type=Path, metavar="FILE", required=True, help="录制文件，不覆盖 (never overwritten)"
    )
    recording.add_argument("--seconds", type=float, metavar="S", help="录多久 (how long; default: until Ctrl+C)")
    recording.add_argument("--json", action="store_true", help="结束时一行 JSON (a line of JSON at the end)")
    recording.set_defaults(run=run_record)
    devices_replay.register(commands)
    devices_probe.register(commands)
    devices_doctor.register(commands)


def run_list(args: argparse.Namespace) -> int:
    """Name everything that may be a scanner; nothing is opened."""
    words = Words.read()
    lines = Lines(sys.stdout.buffer)
    found = list_scanners()
    for each in found:
        lines.write(json.dumps(found_entry(each)) if args.json else found_line(each, words))
    if not found and not args.json:
        lines.write(words.line("no_serial_ports"))
    lines.raise_if_broken()
    return EXIT_DONE


def run_listen(args: argparse.Namespace) -> int:
    """Print scans until a signal, or until every named device has ended by itself; 3 if one of those failed."""
    listener = ScanLines(Words.read(), as_json=args.json)
    with opened(named_specs(args), listener.take_scan, listener.take_status) as manager, ended_by_signal() as ended:
        while not (ended.is_set() or listener.is_broken or manager.wait_finished(POLL_S)):
            pass
        manager.stop()
    listener.raise_if_broken()
    return EXIT_WORLD_SAID_NO if listener.failed_devices and not ended.is_set() else EXIT_DONE


def run_record(args: argparse.Namespace) -> int:
    """Record until a signal, the time given, or until every device has ended; 3 if one failed or the disk refused."""
    specs, words = named_specs(args), Words.read()
    with _new_file(args.to) as stream:
        states = StateLines(words)
        taking = _Taking(Recording(stream, CredentialJudge()), states)
        with opened(specs, taking.take, taking.take_status, taking.take_raw) as manager, ended_by_signal() as ended:
            deadline_s = time.monotonic() + args.seconds if args.seconds else float("inf")
            while not (ended.is_set() or taking.refused.is_set() or time.monotonic() > deadline_s):
                if manager.wait_finished(POLL_S):
                    break
            manager.stop()
    if taking.refused.is_set():
        raise Trouble("recording_unwritable", subject=args.to.name)
    recording = taking.recording
    summary = {"kind": "end", "scans": recording.scans, "masked": recording.masked, "file": str(args.to)}
    lines = Lines(sys.stdout.buffer)
    done = words.line("recording_done", scans=recording.scans, masked=recording.masked, subject=args.to)
    lines.write(json.dumps(summary) if args.json else done)
    return EXIT_WORLD_SAID_NO if states.failed_devices and not ended.is_set() else EXIT_DONE


class _Taking:
    """Stops the recording when the disk refuses or the file is full. Called on the devices' threads."""

    def __init__(self, recording: Recording, states: StateLines) -> None:
        self.recording = recording
        self.refused = threading.Event()
        self._states = states
        self._now_ms = SystemClock().now_ms

    def take(self, scan: RawScan) -> None:
        if scan.device.partition(":")[0] not in KINDS:  # of those what they read is taken
            self._write(lambda: self.recording.take(scan))

    def take_raw(self, read: RawRead) -> None:
        self._write(lambda: self.recording.take_raw(read))

    def take_status(self, status: DeviceStatus) -> None:
        self._states.take_status(status)
        self._write(lambda: self.recording.take_status(status, self._now_ms()))

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError:
            self.refused.set()


def found_entry(found: Found) -> dict[str, object]:
    """One line of the list as JSON; `scanner` is what to say after `--scanner`."""
    return {
        "kind": found.kind,
        "port": found.port,
        "vid": _hex_id(found.vid),
        "pid": _hex_id(found.pid),
        "serial": found.serial,
        "product": found.product,
        "model": f"{found.model.maker} ({found.model.way.value})" if found.model else None,
        "scanner": found.spec,
        "trouble": found.trouble,
    }


def found_line(found: Found, words: Words) -> str:
    """One line of the list for the eye."""
    ids = f"{_hex_id(found.vid)}:{_hex_id(found.pid)}" if found.vid is not None else "-"
    model = f"{found.model.maker} ({found.model.way.value})" if found.model else words.title("model_unknown")
    trouble = (words.title(found.trouble),) if found.trouble else ()
    return "\t".join((found.spec, ids, found.serial or "-", found.product or "-", model, *trouble))


def _hex_id(number: int | None) -> str | None:
    return None if number is None else f"{number:04x}"


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there; Trouble otherwise."""
    try:
        stream = path.open("xb")
    except FileExistsError:
        raise Trouble("recording_exists", subject=path.name) from None
    except OSError as error:
        raise Trouble("recording_unwritable", subject=path.name) from error
    with stream:
        yield stream
