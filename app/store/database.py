"""Opens the database file: pragmas, schema version, upgrade after a backup. Lives on the writer's thread.

The schema version is `PRAGMA user_version`. A newer file is refused untouched; an older one is copied to backups/ and
then upgraded, one transaction per version, so that a crash in the middle leaves a whole older version.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import peewee

from app.base.errors import Trouble
from app.base.paths import DataPaths
from app.store.backup import back_up
from app.store.failures import sorted_failures

# Full sync is the promise behind the good sound; when to fold the journal into the file is ours to say (writer). The
# page cache is small: it fills to its bound with whatever a long queue reads, and behind it stands the system's own.
PRAGMAS: tuple[tuple[str, int | str], ...] = (
    ("journal_mode", "wal"),
    ("synchronous", "full"),
    ("wal_autocheckpoint", 0),
    ("journal_size_limit", 16_000_000),
    ("cache_size", -2_048),
    ("temp_store", "memory"),
    ("busy_timeout", 2_000),
)

_HEADER_BYTES = 100
_HEADER_BEGINS = b"SQLite format 3\0"

# What no statement can do is done by a function; its type is loose because `sync` knows less of a database than peewee.
Migrations = Mapping[int, Sequence[str | Callable[[Any], None]]]


def open_database(
    paths: DataPaths, migrations: Sequence[Migrations], *, now_ms: Callable[[], int]
) -> peewee.SqliteDatabase:
    """The open database at the newest version.

    `migrations`: version → steps, from the store and from sync; all of one version run in one transaction.
    Raises Trouble: database_newer, database_damaged, disk_full, data_folder_read_only, data_folder_bad.
    """
    known = max(version for part in migrations for version in part)
    with sorted_failures():
        _refuse_newer(paths.database, known)
        _refuse_read_only(paths.database)
        database = peewee.SqliteDatabase(str(paths.database), pragmas=PRAGMAS, check_same_thread=False)
        try:
            database.connect()
            found = schema_version(database)
            if 0 < found < known:
                back_up(database, paths.backups, name=f"before-v{known}", now_ms=now_ms())
            for version in range(found + 1, known + 1):
                _upgrade(database, version, migrations)
            # A journal may be read-only too, and SQLite says so only at a write: not at the first scan, please.
            with immediate(database):
                database.execute_sql("DELETE FROM meta WHERE 0")
        except BaseException:
            database.close()
            raise
    return database


def open_for_reading(paths: DataPaths, migrations: Sequence[Migrations]) -> peewee.SqliteDatabase:
    """The database for looking only, beside a program that writes.

    Raises Trouble: data_folder_missing, database_newer, database_older, database_damaged.
    """
    known = max(version for part in migrations for version in part)
    if not paths.database.exists():
        raise Trouble("data_folder_missing", folder=paths.root.name)
    with sorted_failures():
        _refuse_newer(paths.database, known)
        database = peewee.SqliteDatabase(str(paths.database), pragmas=(("query_only", 1), ("busy_timeout", 2_000)))
        database.connect()
        found = schema_version(database)
        if found < known:
            database.close()
            raise Trouble("database_older", found=found, known=known)
    return database


def schema_version(database: peewee.SqliteDatabase) -> int:
    return int(database.execute_sql("PRAGMA user_version").fetchone()[0])


def _refuse_newer(path: Path, known: int) -> None:
    """Look before the first pragma: a newer file is not touched, not even its journal mode.

    The file's own header is read first, because SQLite leaves a journal behind even where it opens for reading only.
    """
    found = _version_in_header(path)
    if found <= known and _journal_of(path).exists():
        # A program that was killed may have left its upgrade in the journal.
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > known:
        raise Trouble("database_newer", found=found, known=known)


def _version_in_header(path: Path) -> int:
    """`user_version` as it stands in the file (https://sqlite.org/fileformat2.html §1.3); 0 if there is no file yet."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return 0
    except OSError as error:
        code = "data_folder_read_only" if isinstance(error, PermissionError) else "data_folder_bad"
        raise Trouble(code, why=error.strerror) from error
    if not header:
        return 0
    if len(header) < _HEADER_BYTES or not header.startswith(_HEADER_BEGINS):
        raise Trouble("database_damaged")
    return int.from_bytes(header[60:64], "big")


def _refuse_read_only(path: Path) -> None:
    """Look before SQLite does: beside a read-only file it makes a journal that is read-only too, and stays so."""
    try:
        path.open("r+b").close()
    except FileNotFoundError:
        return
    except OSError as error:
        raise Trouble("data_folder_read_only", why=error.strerror) from error


def _journal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


@contextlib.contextmanager
def immediate(database: peewee.SqliteDatabase) -> Iterator[None]:
    """One IMMEDIATE transaction around the block, kept whole or not at all. Not to be nested.

    On a full disk SQLite has rolled back by itself. peewee's `atomic` asks for it once more, and the error of that
    would hide why.
    """
    connection: sqlite3.Connection = database.connection()
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _upgrade(database: peewee.SqliteDatabase, version: int, migrations: Sequence[Migrations]) -> None:
    with immediate(database):
        for part in migrations:
            for step in part.get(version, ()):
                _ = step(database) if callable(step) else database.execute_sql(step)
        database.execute_sql(f"PRAGMA user_version = {version}")
