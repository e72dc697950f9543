"""Whole copies of the database: before an upgrade, and on demand. Runs where it is called; the file stays usable."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import sqlite3
from pathlib import Path

import peewee

from app.base.errors import Trouble
from app.store.failures import sorted_failures

BACKUPS_KEPT = 5
_CODES = {errno.ENOSPC: "disk_full", errno.EACCES: "data_folder_read_only", errno.EROFS: "data_folder_read_only"}


def back_up(database: peewee.SqliteDatabase, folder: Path, *, name: str, now_ms: int) -> Path:
    """Copy the open database into `folder`; keeps the newest BACKUPS_KEPT. Returns the new file.

    The copy appears under its name only when it is whole and passes SQLite's quick check. Raises Trouble:
    database_damaged, disk_full and the like.
    """
    try:
        return _copy(database, folder, name, now_ms)
    except OSError as error:
        raise Trouble(_CODES.get(error.errno or 0, "disk_error"), why=error.strerror, folder=folder.name) from error


def _copy(database: peewee.SqliteDatabase, folder: Path, name: str, now_ms: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("matou-*.part"):
        left.unlink(missing_ok=True)
    stamp = dt.datetime.fromtimestamp(now_ms / 1000, tz=dt.UTC).strftime("%Y%m%dT%H%M%S")
    target = folder / f"matou-{stamp}-{name}.db"
    part = target.with_suffix(".part")
    try:
        with sorted_failures(), contextlib.closing(sqlite3.connect(part)) as copy:
            database.connection().backup(copy)
            answer = copy.execute("PRAGMA quick_check").fetchone()[0]
        if answer != "ok":
            raise Trouble("database_damaged", why=answer)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(target)
    # The clock may have gone back: the copy just made stays, whatever its name says of its age.
    others = sorted(path for path in folder.glob("matou-*.db") if path != target)
    for old in others[: 1 - BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
    return target
