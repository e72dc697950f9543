"""Writes what scanners send as a recording that `replay` plays back: a line of JSON per scan. Called on device threads.

A patient's credential is masked before it reaches the stream: of it only the moment and the device are written.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable
from typing import BinaryIO

from devices.scan import RawScan
from devices.text_of import Encoding, text_of

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


class Recording:
    """A recording under way. Whole lines only, each flushed; any thread."""

    def __init__(self, stream: BinaryIO, is_credential: Callable[[bytes], bool]) -> None:
        """`is_credential` judges a label's bytes."""
        self._stream = stream
        self._is_credential = is_credential
        self._lock = threading.Lock()
        self.scans = 0
        self.masked = 0

    def take(self, scan: RawScan) -> None:
        """Write one scan. OSError where the disk refuses."""
        masked = self._is_credential(scan.label)
        line = json.dumps(entry_of(scan, masked=masked)).encode() + b"\n"
        with self._lock:
            self._stream.write(line)
            self._stream.flush()
            self.scans += 1
            self.masked += masked
