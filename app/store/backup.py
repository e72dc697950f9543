"""Whole copies of the database: before an upgrade, and on demand. Runs where it is called; the file stays usable."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from pathlib import Path

import peewee

BACKUPS_KEPT = 5


def back_up(database: peewee.SqliteDatabase, folder: Path, *, name: str, now_ms: int) -> Path:
    """Copy the open database into `folder`; keeps the newest BACKUPS_KEPT. Returns the new file.

    The copy appears under its name only when it is whole and passes SQLite's quick check.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = dt.datetime.fromtimestamp(now_ms / 1000, tz=dt.UTC).strftime("%Y%m%dT%H%M%S")
    target = folder / f"matou-{stamp}-{name}.db"
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(part)) as copy:
        database.connection().backup(copy)
        answer = copy.execute("PRAGMA quick_check").fetchone()[0]
    if answer != "ok":
        part.unlink()
        raise sqlite3.DatabaseError(f"backup failed its check: {answer}")
    part.replace(target)
    for old in sorted(folder.glob("matou-*.db"))[:-BACKUPS_KEPT]:
        old.unlink(missing_ok=True)
    return target
