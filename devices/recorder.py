"""Writes what scanners send as a recording that `replay` plays back: a line of JSON per scan. Called on device threads.

A patient's credential is masked before it reaches the stream: of it only the moment and the device are written.
Besides scans there are lines with a `kind`: `raw` (what a device read, piece by piece, and what came of it), `keys` (a
label as it was typed, key by key), `sightings` (the codes of one frame of a camera), `status` (a scanner that came,
went or dropped something).
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from devices.raw import RawRead
from devices.raw_lines import raw_entry
from devices.raw_masking import REST_MS, Judge, Suspicion, size_of
from devices.scan import DeviceStatus, RawScan
from devices.text_of import Encoding, text_of
from devices.wedge import Scanned
from devices.wedge_keys import KeyEvent
from devices.wedge_recorder import TypedLabel, keys_entry

if TYPE_CHECKING:
    from devices.camera import CameraView
    from devices.symbols import Symbol

MOST_BYTES = 20_000_000
"""Some four thousand labels of a scanner that types, or an hour of codes before a camera."""
HIDDEN = b"\x00"
"""Stands for every patient's code before a camera: in its place, but without a sign of it."""
_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")


def aim_of(scan: RawScan) -> str | None:
    """The AIM identifier, whether it came beside the bytes or in front of them."""
    if scan.aim is not None:
        return scan.aim
    found = _AIM.match(scan.payload)
    return found.group().decode() if found else None


def entry_of(scan: RawScan, *, masked: bool) -> dict[str, object]:
    """A scan as JSON; `payload` is null where the bytes are no UTF-8, and both are where it is `masked`."""
    entry: dict[str, object] = {
        "payload": None,
        "raw_hex": None,
        "aim": aim_of(scan),
        "device": scan.device,
        "at_ms": scan.at_ms,
    }
    if masked:
        return entry | {"masked": True}
    entry["raw_hex"] = scan.label.hex()
    with contextlib.suppress(UnicodeDecodeError):
        entry["payload"] = scan.label.decode()
    read = text_of(scan.label)
    if read.encoding is Encoding.GB18030:
        entry |= {"text": read.text, "encoding": read.encoding.value}
    return entry


def sightings_entry(
    device: str, view: CameraView, at_ms: int, is_credential: Callable[[bytes], bool]
) -> dict[str, object]:
    """One frame: each code with text, symbology and place, whether the manifest has it, and whether it became a scan.

    Pictures are never kept: a patient may stand before the camera.
    """

    def code(symbol: Symbol) -> dict[str, object]:
        said: dict[str, object] = {"aim": symbol.aim, "place": [[round(x, 1), round(y, 1)] for x, y in symbol.place]}
        said |= {"expected": symbol.label in view.expected, "counted": symbol in view.counted}
        if is_credential(symbol.label):
            return said | {"masked": True}
        said |= {"raw_hex": symbol.payload.hex(), "payload": None}
        with contextlib.suppress(UnicodeDecodeError):
            said["payload"] = symbol.payload.decode()
        return said

    return {
        "kind": "sightings",
        "device": device,
        "at_ms": at_ms,
        "at_us": round(view.at_s * 1_000_000),
        "size": [view.width, view.height],
        "codes": [code(symbol) for symbol in view.read],
        "forgotten": [_hidden(label).hex() if is_credential(label) else label.hex() for label in view.forgotten],
    }


def _hidden(label: bytes) -> bytes:
    return (label[:3] if label[:1] == b"]" else b"") + HIDDEN


def _began_ms(label: TypedLabel, at_ms: int) -> int:
    """When its first key was pressed; it is told of after its last."""
    times_us = [step.at_us for step in label.steps or () if isinstance(step, KeyEvent)] or label.times_us
    return at_ms - (times_us[-1] - times_us[0]) // 1000 if times_us else at_ms


class RecordingFull(OSError):
    """The recording has reached its size; what stands in it is whole."""


class Recording:
    """A recording under way. Whole lines only, each flushed; any thread. Every method: OSError where the disk refuses,
    RecordingFull at the end of its size."""

    def __init__(self, stream: BinaryIO, judge: Judge, *, most_bytes: int = MOST_BYTES) -> None:
        self._stream = stream
        self._judge = judge
        self._suspicions: dict[str, Suspicion] = {}
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self.scans = 0
        self.masked = 0
        self.refused = 0
        """Labels that were typed and not taken."""
        self.size = 0

    def take(self, scan: RawScan) -> None:
        """Write one scan."""
        masked = self._suspicion_of(scan.device).hides(scan.label, scan.at_ms, scan.at_ms + REST_MS)
        self._write(entry_of(scan, masked=masked), scans=1, masked=int(masked))

    def take_raw(self, read: RawRead) -> None:
        """Write what a device read, and what came of it: the scans of such a device are not written beside."""
        labels = sum(isinstance(item, bytes) for item in read.came)
        clear = self._suspicion_of(read.device).clear(read)
        if clear is None:
            self._write(raw_entry(read), scans=labels)
            return
        codes = [item for item in read.came if isinstance(item, str)]
        self._write({"kind": "raw", "device": read.device, "at_ms": read.at_ms, "masked": True, "labels": labels,
                     "dropped": codes, "bytes": size_of(read)}, scans=labels, masked=labels - len(clear))  # fmt: skip
        for label in clear:
            self._write(entry_of(RawScan(read.device, label, read.at_ms), masked=False))

    def take_typed(self, label: TypedLabel, at_ms: int) -> None:
        """Write a label that came as keys, or why it was not taken."""
        taken = isinstance(label.came, Scanned)
        if self._hides_typed(label, at_ms):
            label = replace(label, steps=None, is_patients=True, times_us=())
        entry = keys_entry(label) | {"at_ms": at_ms}
        self._write(entry, scans=int(taken), masked=int(label.is_patients), refused=int(not taken))

    def take_view(self, device: str, view: CameraView, at_ms: int) -> None:
        """Write what was read in one frame; a frame without codes says nothing."""
        if view.read or view.forgotten:
            self._write(sightings_entry(device, view, at_ms, self._judge.is_credential))

    def take_status(self, status: DeviceStatus, at_ms: int) -> None:
        """Write that a scanner moved."""
        self._write({"kind": "status", "device": status.device, "at_ms": at_ms, "state": status.state.value,
                     "code": status.code})  # fmt: skip

    def _hides_typed(self, label: TypedLabel, at_ms: int) -> bool:
        """Whether it is a patient's, or a piece of one. Of a refused one nobody knows which piece it was."""
        suspicion, until_ms = self._suspicion_of("keys"), at_ms + REST_MS
        if isinstance(label.came, Scanned):
            return suspicion.hides(label.came.payload, _began_ms(label, at_ms), until_ms) or label.is_patients
        hidden = label.is_patients or suspicion.awaits(_began_ms(label, at_ms))
        if hidden:
            suspicion.expect(until_ms)
        return hidden

    def _suspicion_of(self, device: str) -> Suspicion:
        with self._lock:
            return self._suspicions.setdefault(device, Suspicion(self._judge))

    def _write(self, entry: dict[str, object], *, scans: int = 0, masked: int = 0, refused: int = 0) -> None:
        line = json.dumps(entry).encode() + b"\n"
        with self._lock:
            if self.size + len(line) > self._most_bytes:
                raise RecordingFull
            self._stream.write(line)
            self._stream.flush()
            self.size += len(line)
            self.scans += scans
            self.masked += masked
            self.refused += refused
