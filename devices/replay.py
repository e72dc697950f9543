"""Plays a recording as if it were scanned. Parsing is pure; playing is used by its device thread.

A line that begins with `{` is JSON: `{"raw_hex": "…"}` or `{"payload": "…"}`, with an optional `at_ms` whose
differences are the gaps. Any other line is a code as it stands. What `matou devices listen --json` prints is such a
recording. What a device read (`kind` raw) and keys of a scanner that types (`keys`) go through their decoders once
more, so a recorded fault is seen again as long as it is there. Of a camera its scans are played, not its frames
(`sightings`; `devices.played_again` judges those), and `status` is not played.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from devices.errors import RecordingError
from devices.raw_lines import RawLine, read_raw
from devices.scan import Dropped, RawScan
from devices.spec import ScannerSpec
from devices.wedge import Outcome, Refused, Scanned, WedgeDecoder
from devices.wedge_reading import WedgeProfile
from devices.wedge_recorder import KeysLine, read_keys

_WAIT_S = 0.05
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RecordedScan:
    """One line of a recording."""

    payload: bytes = field(repr=False)
    at_ms: int | None = None
    refused: str | None = None
    """Why a label that was typed is not taken; it has no payload then."""


@dataclass(frozen=True, slots=True)
class TypedAgain:
    """A recorded label of keys: what came of it then, and what comes of its keys now (person's keys left out)."""

    where: str
    then: Scanned | Refused
    now: tuple[Outcome, ...]


class ReplayDriver:
    """Opens one recording, once."""

    keeps_trying = False

    def __init__(self, spec: ScannerSpec, now_ms: Callable[[], int]) -> None:
        self._spec = spec
        self._now_ms = now_ms

    @property
    def device(self) -> str:
        return self._spec.device

    def open(self) -> ReplaySource:
        """Read the whole recording; RecordingError where it is missing or a line of it is wrong."""
        address = self._spec.address
        try:
            content = Path(address).read_bytes()
        except FileNotFoundError as error:
            raise RecordingError("recording_not_found", address) from error
        except OSError as error:
            raise RecordingError("recording_unreadable", address) from error
        return ReplaySource(self._spec, parse_recording(content, address), self._now_ms)


class ReplaySource:
    """A recording being played."""

    ready = True

    def __init__(self, spec: ScannerSpec, scans: tuple[RecordedScan, ...], now_ms: Callable[[], int]) -> None:
        self._device = spec.device
        self._scans = scans
        self._due_s = due_times(scans, spec.replay_speed())
        self._now_ms = now_ms
        self._began_s = time.monotonic()
        self._next = 0
        self._pause = threading.Event()

    def read(self) -> tuple[RawScan | Dropped, ...] | None:
        """The next scan once its time has come; None after the last."""
        if self._next == len(self._scans):
            return None
        wait_s = self._began_s + self._due_s[self._next] - time.monotonic()
        if wait_s > 0:
            self._pause.wait(min(wait_s, _WAIT_S))
            if wait_s > _WAIT_S:
                return ()
        scan = self._scans[self._next]
        self._next += 1
        if scan.refused is not None:
            return (Dropped(scan.refused),)
        return (RawScan(self._device, scan.payload, self._now_ms()),)

    def close(self) -> tuple[Dropped, ...]:
        return ()


def due_times(scans: tuple[RecordedScan, ...], speed: float) -> tuple[float, ...]:
    """Seconds from the start at which each scan is due.

    A line without a time follows at once, and so does one whose clock went back.
    """
    due: list[float] = []
    elapsed_ms = 0
    last_ms: int | None = None
    for scan in scans:
        if scan.at_ms is not None:
            elapsed_ms += max(0, scan.at_ms - last_ms) if last_ms is not None else 0
            last_ms = scan.at_ms
        due.append(elapsed_ms / 1000 / speed if speed > 0 else 0.0)
    return tuple(due)


def parse_recording(content: bytes, name: str) -> tuple[RecordedScan, ...]:
    """All scans of a recording; empty and masked lines are none. RecordingError names `name` and the line."""
    scans: list[RecordedScan] = []
    decoder = WedgeDecoder(WedgeProfile())
    for where, line in lines_of(content, name):
        entry = entry_of_line(line, where)
        if entry is None:
            scans.append(RecordedScan(line))
        elif entry.get("kind") == "raw":
            scans += [_recorded(item, at_ms) for item, at_ms in _raw_of(entry, where).decode()]
        elif entry.get("kind") is None or entry.get("kind") == "keys":
            scans += _scans_of(entry, where, decoder)
    return tuple(scan for scan in scans if scan.payload or scan.refused is not None)


def _recorded(item: bytes | str, at_ms: int) -> RecordedScan:
    return RecordedScan(item, at_ms) if isinstance(item, bytes) else RecordedScan(b"", at_ms, item)


def typed_again(content: bytes, name: str) -> tuple[TypedAgain, ...]:
    """Every label of keys whose keys were recorded, decoded anew: `then` and `now` side by side make a test."""
    found = []
    decoder = WedgeDecoder(WedgeProfile())
    for where, line in lines_of(content, name):
        entry = entry_of_line(line, where)
        if entry is not None and entry.get("kind") == "keys":
            keys = _keys_of(entry, where)
            now = keys.decode(decoder)
            if keys.came is not None and keys.steps:
                found.append(TypedAgain(where, keys.came, now))
    return tuple(found)


def lines_of(content: bytes, name: str) -> list[tuple[str, bytes]]:
    """Every line of a recording with its place in words."""
    lines = content.removeprefix(_BOM).split(b"\n")
    return [(f"{name}:{number}", line.removesuffix(b"\r")) for number, line in enumerate(lines, start=1)]


def entry_of_line(line: bytes, where: str) -> dict[str, object] | None:
    """None: a code as it stands. RecordingError names `where`."""
    if not line.startswith(b"{"):
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        # Without the cause: its text would show the line, which may hold a credential.
        raise RecordingError("bad_recording", where) from None
    if not isinstance(entry, dict):
        raise RecordingError("bad_recording", where)
    return entry


def _keys_of(entry: dict[str, object], where: str) -> KeysLine:
    try:
        return read_keys(entry)
    except ValueError:
        raise RecordingError("bad_recording", where) from None


def _raw_of(entry: dict[str, object], where: str) -> RawLine:
    try:
        return read_raw(entry)
    except ValueError:
        raise RecordingError("bad_recording", where) from None


def _scans_of(entry: dict[str, object], where: str, decoder: WedgeDecoder) -> list[RecordedScan]:
    at_ms = entry.get("at_ms")
    if at_ms is not None and (not isinstance(at_ms, int) or isinstance(at_ms, bool)):
        raise RecordingError("bad_recording", where)
    if entry.get("kind") == "keys":
        return [
            RecordedScan(one.payload, at_ms) if isinstance(one, Scanned) else RecordedScan(b"", at_ms, one.code)
            for one in _keys_of(entry, where).decode(decoder)
            if isinstance(one, Scanned | Refused)
        ]
    if entry.get("masked") is True:
        return []
    try:
        return [RecordedScan(_payload_of(entry.get("raw_hex"), entry.get("payload")), at_ms)]
    except ValueError:
        raise RecordingError("bad_recording", where) from None


def _payload_of(raw_hex: object, payload: object) -> bytes:
    if isinstance(raw_hex, str):
        return bytes.fromhex(raw_hex)
    if raw_hex is None and isinstance(payload, str):
        return payload.encode()
    raise ValueError("neither raw_hex nor payload")
