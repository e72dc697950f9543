"""A lock file per device: two programs of ours never read one scanner, where the system would give both every label.

The lock dies with its program; the file stays and holds nothing. Any thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)
_FOR_EVERYBODY = 0o666


def lock_folder() -> Path:
    """A folder that all accounts of this machine share."""
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA") or tempfile.gettempdir())
    shared = Path("/run/lock")
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


class DeviceLock:
    """Held by one open device at a time, whoever opens it."""

    def __init__(self, device_path: str, folder: Path | None = None) -> None:
        name = hashlib.sha256(device_path.encode()).hexdigest()[:16]
        self._path = (folder or lock_folder()) / f"matou-scanner-{name}.lock"
        self._handle: int | None = None

    def take(self) -> bool:
        """False where somebody else holds it. One that cannot be made is logged and goes for held."""
        try:
            handle = _open(self._path)
        except OSError as error:
            _log.warning("no lock on %s: %s", self._path, error.strerror)
            return True
        try:
            _hold(handle)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Let go; may be called again."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _open(path: Path) -> int:
    flags = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    # In a sticky folder of everybody Linux refuses to *create* over somebody else's file: so open comes first.
    for more in (0, os.O_CREAT | os.O_EXCL, 0):
        try:
            handle = os.open(path, flags | more, _FOR_EVERYBODY)
        except (FileNotFoundError, FileExistsError):
            continue
        if more and sys.platform != "win32":
            with contextlib.suppress(OSError):
                os.fchmod(handle, _FOR_EVERYBODY)  # whatever the umask was
        return handle
    raise FileNotFoundError(path)


if sys.platform == "win32":
    import msvcrt

    def _hold(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _hold(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
