"""Sorts what SQLite raises into the two kinds: the world's fault (Trouble) or our bug (left as it is)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import peewee

from app.base.errors import Trouble

# Primary result codes, https://sqlite.org/rescode.html
_WORLD = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "data_folder_read_only",
    sqlite3.SQLITE_PERM: "data_folder_read_only",
    sqlite3.SQLITE_CANTOPEN: "data_folder_bad",
    sqlite3.SQLITE_BUSY: "database_busy",
    sqlite3.SQLITE_LOCKED: "database_busy",
    sqlite3.SQLITE_CORRUPT: "database_damaged",
    sqlite3.SQLITE_NOTADB: "database_damaged",
    sqlite3.SQLITE_IOERR: "disk_error",
}
# Extended codes that say more than their primary one: the index of the journal could not be made larger.
_WORLD_EXACTLY = {sqlite3.SQLITE_IOERR_SHMSIZE: "disk_full"}


def trouble_of(error: BaseException) -> Trouble | None:
    """The trouble behind a database error; None if it is our bug."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, sqlite3.Error):
        # peewee 4 raises its own kind without saying `from`.
        found = found.__cause__ or found.__context__
    code = getattr(found, "sqlite_errorcode", None)
    name = _WORLD_EXACTLY.get(code, _WORLD.get(code & 0xFF)) if isinstance(code, int) else None
    return Trouble(name, why=getattr(found, "sqlite_errorname", "?"), folder="") if name else None


@contextlib.contextmanager
def sorted_failures() -> Iterator[None]:
    """Raises Trouble for what the world did; lets bugs through."""
    try:
        yield
    except (sqlite3.Error, peewee.PeeweeException) as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        raise trouble from error
