"""A file that is there whole or not at all: written beside its place, synced, and put there. Any thread."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from app.base.errors import Trouble

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file that a person asked for; an older one of that name stays until the new one is whole.

    Raises Trouble: file_disk_full, file_folder_missing, file_not_allowed, file_not_written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            file.writelines((content,) if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _trouble_of(error, path) from error
        raise


def _trouble_of(error: OSError, path: Path) -> Trouble:
    if error.errno in _FULL:
        return Trouble("file_disk_full", file=path.name)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Trouble("file_folder_missing", file=path.name, folder=str(path.parent))
    if isinstance(error, PermissionError | IsADirectoryError) or error.errno == errno.EROFS:
        return Trouble("file_not_allowed", file=path.name)  # on Windows also: another program has it open
    return Trouble("file_not_written", file=path.name, why=error.strerror or type(error).__name__)
