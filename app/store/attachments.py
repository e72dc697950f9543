"""Photos and papers in the data folder, each under the digest of its content; whole or not at all. Any thread.

A file is written beside its place, synced and put there by its name, so a full disk or a kill leaves nothing half. The
same picture twice is one file. What is read is held against its name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from pathlib import Path

from app.base.errors import Trouble
from app.base.paths import DataPaths

MOST_BYTES = 20_000_000
# How files of a kind begin (JPEG, PNG, PDF, WebP within RIFF).
_KINDS = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"%PDF-", ".pdf"), (b"RIFF", ".webp"))


class Attachments:
    """The files of one data folder."""

    def __init__(self, paths: DataPaths) -> None:
        self._folder = paths.root / "attachments"

    def keep(self, content: bytes) -> str:
        """Its digest (SHA-256, hex), once it lies on the disk.

        Raises Trouble: attachment_empty, attachment_too_large, attachment_kind_unknown, disk_full,
        data_folder_read_only, data_folder_bad.
        """
        suffix = _suffix_of(content)
        digest = hashlib.sha256(content).hexdigest()
        place = self._place(digest, suffix)
        try:
            if _is_there(place, digest):
                return digest
            place.parent.mkdir(parents=True, exist_ok=True)
            _write(place, content)
        except OSError as error:
            raise _trouble_of(error, self._folder) from error
        return digest

    def keep_table(self, content: bytes) -> str:
        """The same for a logger's file, whatever it begins with."""
        digest = hashlib.sha256(content).hexdigest()
        place = self._place(digest, ".csv")
        try:
            if not _is_there(place, digest):
                place.parent.mkdir(parents=True, exist_ok=True)
                _write(place, content)
        except OSError as error:
            raise _trouble_of(error, self._folder) from error
        return digest

    def path_of(self, digest: str) -> Path:
        """Raises Trouble: attachment_missing, attachment_damaged."""
        place = next(iter(sorted((self._folder / digest[:2]).glob(f"{digest}.*"))), None)
        if place is None or place.suffix == ".part":
            raise Trouble("attachment_missing", name=digest[:12])
        if not _is_there(place, digest):
            raise Trouble("attachment_damaged", name=digest[:12])
        return place

    def sweep(self) -> int:
        """Remove what a kill left half; how many. Called once at the start, before anybody writes."""
        halves = list(self._folder.glob("*/*.part"))
        for half in halves:
            with contextlib.suppress(OSError):
                half.unlink()
        return len(halves)

    def _place(self, digest: str, suffix: str) -> Path:
        return self._folder / digest[:2] / f"{digest}{suffix}"


def _suffix_of(content: bytes) -> str:
    if not content:
        raise Trouble("attachment_empty")
    if len(content) > MOST_BYTES:
        raise Trouble("attachment_too_large", most=MOST_BYTES // 1_000_000)
    found = next((suffix for begins, suffix in _KINDS if content.startswith(begins)), None)
    if found is None or (found == ".webp" and content[8:12] != b"WEBP"):
        raise Trouble("attachment_kind_unknown")
    return found


def _is_there(place: Path, digest: str) -> bool:
    try:
        with place.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except FileNotFoundError:
        return False


def _write(place: Path, content: bytes) -> None:
    part = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    if os.name != "nt":  # the name is on disk, too; Windows has no such call and needs none
        handle = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _trouble_of(error: OSError, folder: Path) -> Trouble:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Trouble("disk_full")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return Trouble("data_folder_read_only", folder=folder.name)
    return Trouble("data_folder_bad", folder=folder.name, why=error.strerror)
