"""The recording that a technician makes in the window: everything that scanners send, until it is stopped. Any thread.

Scans and states come on the devices' threads, frames on the camera's, keys on the window's. It never holds any of them
up but for one line to a file, and a disk that refuses ends the recording, not the scanning.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import localtime, strftime
from typing import TYPE_CHECKING, BinaryIO

from PySide6.QtCore import QObject, Signal

from app.base.errors import Trouble
from app.ui.bridge import Bridge
from devices import DeviceStatus, RawScan

if TYPE_CHECKING:
    from devices.camera import CameraView
    from devices.raw import RawRead
    from devices.recorder import Recording
    from devices.wedge_recorder import TypedLabel

MOST_IN_FOLDER = 200_000_000
BY_WHAT_THEY_READ = frozenset({"serial", "hid", "evdev", "keys"})
"""Kinds that are recorded by their bytes, reports, events and keys; what came of these stands beside them."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingView:
    """The recording as it stands, or how the last one ended."""

    active: bool = False
    path: str = ""
    scans: int = 0
    refused: int = 0
    masked: int = 0
    code: str = ""
    """Why it ended: recording_over, recording_full, recording_unwritable; empty before the first one."""


class ScannerRecording(QObject):
    """At most one at a time."""

    changed = Signal(object)
    """RecordingView, on the UI thread."""

    def __init__(self, bridge: Bridge, now_ms: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._now_ms = bridge, now_ms
        self._lock = threading.Lock()
        self._recording: Recording | None = None
        self._stream: BinaryIO | None = None
        self._view = RecordingView()

    @property
    def view(self) -> RecordingView:
        return self._view

    def begin(self, folder: Path) -> None:
        """Begin a file of its own. Raises Trouble: recording_unwritable, recording_folder_full."""
        from app.flows.credentials import CredentialJudge  # noqa: PLC0415 - nobody waits for it at the start
        from devices.recorder import Recording  # noqa: PLC0415

        with self._lock:
            if self._recording is not None:
                return
            self._stream, path = _new_file(folder, self._now_ms())
            self._recording = Recording(self._stream, CredentialJudge())
            self._show(RecordingView(True, str(path)))
        _log.info("a recording of all scanners begins")

    def end(self, code: str = "recording_over") -> None:
        """Close the file; nothing is under way afterwards."""
        with self._lock:
            self._end(code)

    def take(self, scan: RawScan) -> None:
        """A scan of any scanner that is not recorded by what it read."""
        if scan.device.partition(":")[0] not in BY_WHAT_THEY_READ:
            self._write(lambda recording: recording.take(scan))

    def take_raw(self, read: RawRead) -> None:
        """What a scanner read, piece by piece."""
        self._write(lambda recording: recording.take_raw(read))

    def take_typed(self, label: TypedLabel) -> None:
        """A label that came as keys, or was refused."""
        self._write(lambda recording: recording.take_typed(label, self._now_ms()))

    def take_view(self, device: str, view: CameraView) -> None:
        """What a camera read in one frame."""
        self._write(lambda recording: recording.take_view(device, view, self._now_ms()))

    def take_status(self, status: DeviceStatus) -> None:
        """A scanner came, went, or dropped something."""
        self._write(lambda recording: recording.take_status(status, self._now_ms()))

    def _write(self, write: Callable[[Recording], None]) -> None:
        with self._lock:
            if self._recording is None:
                return
            try:
                write(self._recording)
            except OSError as error:
                from devices.recorder import RecordingFull  # noqa: PLC0415 - it is there since the recording began

                _log.warning("the recording ends: %s", type(error).__name__)
                self._end("recording_full" if isinstance(error, RecordingFull) else "recording_unwritable")
            else:
                self._show(self._counted(True, self._view.path, ""))

    def _end(self, code: str) -> None:
        if self._recording is None or self._stream is None:
            return
        self._show(self._counted(False, self._view.path, code))
        stream, self._stream, self._recording = self._stream, None, None
        with contextlib.suppress(OSError):
            stream.close()

    def _counted(self, active: bool, path: str, code: str) -> RecordingView:
        assert self._recording is not None
        recording = self._recording
        return RecordingView(active, path, recording.scans, recording.refused, recording.masked, code)

    def _show(self, view: RecordingView) -> None:
        """Only what a person would see: thirty frames a second change nothing."""
        if view != self._view:
            self._view = view
            self._bridge.post(partial(self.changed.emit, view))


def _new_file(folder: Path, now_ms: int) -> tuple[BinaryIO, Path]:
    """A file named by the minute, never one that is there."""
    name = strftime("scan-%Y%m%d-%H%M%S", localtime(now_ms / 1000))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if sum(one.stat().st_size for one in folder.iterdir() if one.is_file()) > MOST_IN_FOLDER:
            raise Trouble("recording_folder_full", subject=str(folder))
        for number in range(1, 100):
            path = folder / (f"{name}.jsonl" if number == 1 else f"{name}-{number}.jsonl")
            with contextlib.suppress(FileExistsError):
                return path.open("xb"), path
    except OSError as error:
        raise Trouble("recording_unwritable", subject=name) from error
    raise Trouble("recording_unwritable", subject=name)
