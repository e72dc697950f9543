"""Where a relation file may lie: what was plugged in (a USB stick, a card) and the download folder.

Looked through on a thread of its own (`file-finder`), because a stick may take its time; found on the UI thread.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QStorageInfo, Signal

from app.ui.bridge import Bridge

SHOWN = 30
LOOKED_AT = 2_000  # entries of one place: a folder with more is not searched to its end
SUFFIX = ".xml"
PLUGGED_IN = ("/media/", "/run/media/", "/mnt/")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that may be a relation file. `place`: the folder that it lies in, as people know it."""

    path: Path
    place: str
    size_bytes: int
    changed_ms: int


def usual_places() -> tuple[Path, ...]:
    """What is plugged in now, then the downloads."""
    system = os.environ.get("SystemDrive", "C:").upper()  # noqa: SIM112 - as Windows writes it
    found = []
    for volume in QStorageInfo.mountedVolumes():
        root = volume.rootPath()
        plugged = not root.upper().startswith(system) if os.name == "nt" else root.startswith(PLUGGED_IN)
        if volume.isReady() and plugged:
            found.append(Path(root))
    downloads = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
    return (*found, Path(downloads)) if downloads else tuple(found)


def files_in(places: tuple[Path, ...]) -> tuple[FoundFile, ...]:
    """Files in the places and their folders, the newest first; what cannot be read is passed over."""
    found = {file.path: file for place in places for file in _files(place)}
    return tuple(sorted(found.values(), key=lambda file: -file.changed_ms)[:SHOWN])


def _files(place: Path) -> Iterator[FoundFile]:
    left = LOOKED_AT
    folders = [place]
    while folders and left > 0:
        folder = folders.pop(0)
        try:
            for entry in os.scandir(folder):
                left -= 1
                if entry.is_dir(follow_symlinks=False):
                    if folder == place and not entry.name.startswith("."):
                        folders.append(Path(entry.path))
                elif entry.name.lower().endswith(SUFFIX):
                    known = entry.stat()
                    yield FoundFile(Path(entry.path), folder.name or str(folder), known.st_size,
                        int(known.st_mtime * 1000))  # fmt: skip
        except OSError as error:
            _log.info("a folder cannot be looked through: %s", error.strerror)


class FileFinder(QObject):
    """One search at a time."""

    found = Signal(object)
    """tuple[FoundFile, …]."""

    def __init__(self, parent: QObject | None = None, *, places: Callable[[], tuple[Path, ...]] = usual_places) -> None:
        super().__init__(parent)
        self.places = places
        self._bridge = Bridge(self)
        self._looking = False

    def look(self) -> None:
        """Answer: `found`. While a search is under way nothing more is asked."""
        if not self._looking:
            self._looking = True
            threading.Thread(target=self._search, name="file-finder", daemon=True).start()

    def _search(self) -> None:
        """On its own thread."""
        files = files_in(self.places())
        try:
            self._bridge.post(partial(self._tell, files))
        except RuntimeError:  # the window was closed meanwhile, and Qt's half of the bridge with it
            _log.info("nobody waits for the files any more")

    def _tell(self, files: tuple[FoundFile, ...]) -> None:
        self._looking = False
        self.found.emit(files)
