"""A throw-away index of one relation file, nameless and on disk: a large file is checked in little memory.

Made and asked on the thread that reads the file; gone when it is closed, or with the program. Not part of matou.db.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.store.failures import sorted_failures

FURTHEST = 16  # packages around a package; four are met in practice
_CACHE_KB = 32_768
_STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's machine: about a millisecond
_AT_ONCE = 2_000
_SCHEMA = """
CREATE TABLE rows (
    code TEXT NOT NULL, level INTEGER, parent TEXT, line INTEGER NOT NULL, block INTEGER NOT NULL, drug TEXT);
CREATE TABLE blocks (id INTEGER PRIMARY KEY, batch TEXT, expiry TEXT, made TEXT);
CREATE TABLE bad (code TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE aside (code TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE again (row INTEGER PRIMARY KEY);
"""
_ORDER = """
CREATE INDEX by_code ON rows (code, level, parent);
CREATE TABLE parents (code TEXT PRIMARY KEY, level INTEGER, listed INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO parents SELECT parent, NULL, 0 FROM rows WHERE parent IS NOT NULL GROUP BY parent;
UPDATE parents SET (level, listed) = (SELECT min(r.level), count(*) > 0 FROM rows r WHERE r.code = parents.code);
"""
_REPEATED = """
SELECT code, count(DISTINCT ifnull(level, 0)) > 1, count(DISTINCT ifnull(parent, '')) > 1
FROM rows GROUP BY code HAVING count(*) > 1
"""
_REPEATED_LINES = """
SELECT r.line, b.batch, r.rowid FROM rows r JOIN blocks b ON b.id = r.block WHERE r.code = ? ORDER BY r.rowid
"""
_LINKS = """
SELECT r.code, r.line, r.level, r.parent, p.level FROM rows r JOIN parents p ON p.code = r.parent
WHERE p.listed AND (r.level >= p.level OR r.level IS NULL OR p.level IS NULL)
"""
_AROUND = """
WITH RECURSIVE around(code) AS (
    SELECT parent FROM rows WHERE code = ?1 AND parent IS NOT NULL
    UNION SELECT r.parent FROM rows r JOIN around ON r.code = around.code WHERE r.parent IS NOT NULL LIMIT ?2)
SELECT count(*), max(code = ?1) FROM around
"""
_SPREAD = """
CREATE INDEX by_parent ON rows (parent, code);
WITH RECURSIVE
    around(code) AS (SELECT code FROM bad UNION
        SELECT r.parent FROM rows r JOIN around ON r.code = around.code WHERE r.parent IS NOT NULL),
    tree(code) AS (SELECT code FROM around UNION SELECT r.code FROM rows r JOIN tree ON r.parent = tree.code)
INSERT INTO aside SELECT code FROM tree;
"""
_KEPT = """
SELECT r.code, r.level, r.parent, r.drug, b.batch, b.expiry, b.made, p.code IS NOT NULL
FROM rows r JOIN blocks b ON b.id = r.block LEFT JOIN parents p ON p.code = r.code
WHERE NOT EXISTS (SELECT 1 FROM aside a WHERE a.code = r.code) ORDER BY r.rowid
"""
_COUNT = """
SELECT r.level, count(*), sum(r.parent IS NULL AND p.code IS NOT NULL)
FROM rows r LEFT JOIN parents p ON p.code = r.code
WHERE NOT EXISTS (SELECT 1 FROM aside a WHERE a.code = r.code) GROUP BY r.level ORDER BY r.level
"""


class Interrupted(Exception):
    """Whoever waits does not want it any more."""


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A row as it is checked: normalised codes, `block` as returned by `add_block`."""

    code: str
    level: int | None
    parent: str | None
    line: int
    block: int
    drug: str | None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A code that stands more than once; `lines` are all its places."""

    code: str
    levels_differ: bool
    parents_differ: bool
    batches_differ: bool
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A row and its parent, whose levels do not prove that the parent is larger."""

    code: str
    line: int
    level: int | None
    parent: str
    parent_level: int | None


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row of the answer; `holds`: another row names it as its parent."""

    code: str
    level: int | None
    parent: str | None
    drug: str | None
    batch: str | None
    expiry: str | None
    made: str | None
    holds: bool


class RelationIndex:
    """One file's rows. Use as a context manager. Raises Trouble (disk_full …), and Interrupted when `go_on` says no."""

    def __init__(self, go_on: Callable[[], bool]) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode = off", "synchronous = off", "temp_store = file", f"cache_size = -{_CACHE_KB}"):
            self._file.execute(f"PRAGMA {pragma}")
        self._file.executescript(_SCHEMA)
        self._file.set_progress_handler(lambda: not go_on(), _STEPS_BETWEEN_LOOKS)
        self._file.execute("BEGIN")
        self._waiting: list[tuple[str, int | None, str | None, int, int, str | None]] = []

    def __enter__(self) -> RelationIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add_block(self, batch: str | None, expiry: str | None, made: str | None) -> int:
        """A batch; its number."""
        with _sorted():
            found = self._file.execute(
                "INSERT INTO blocks (batch, expiry, made) VALUES (?, ?, ?)", (batch, expiry, made)
            ).lastrowid
        assert found is not None
        return found

    def add(self, row: IndexRow) -> None:
        self._waiting.append((row.code, row.level, row.parent, row.line, row.block, row.drug))
        if len(self._waiting) >= _AT_ONCE:
            self._flush()

    def spoil(self, code: str) -> None:
        """Set the whole tree around this code aside."""
        with _sorted():
            self._file.execute("INSERT OR IGNORE INTO bad VALUES (?)", (code,))

    def order(self) -> None:
        """All rows are in: from here on questions can be asked."""
        self._flush()
        with _sorted():
            self._file.execute("COMMIT")
            self._file.executescript(_ORDER)

    def repeated(self) -> Iterator[Repeated]:
        """Codes that stand more than once. Where all agree, the later rows are dropped at the end."""
        for code, levels, parents in self._ask(_REPEATED):
            places = list(self._ask(_REPEATED_LINES, str(code)))
            batches = len({batch for _, batch, _ in places}) > 1
            lines = tuple(_number(line) for line, *_ in places)
            if not levels and not parents:
                with _sorted():
                    self._file.executemany("INSERT INTO again VALUES (?)", [(row,) for *_, row in places[1:]])
            yield Repeated(str(code), bool(levels), bool(parents), batches, lines)
        with _sorted():
            self._file.execute("DELETE FROM rows WHERE rowid IN (SELECT row FROM again)")

    def holds(self, code: str) -> bool:
        """True if a row names the code as its parent."""
        return any(self._ask("SELECT 1 FROM parents WHERE code = ?", code))

    def doubtful_links(self) -> Iterator[Link]:
        for code, line, level, parent, parent_level in self._ask(_LINKS):
            yield Link(str(code), _number(line), _maybe(level), str(parent), _maybe(parent_level))

    def around(self, code: str) -> tuple[int, bool]:
        """How many packages are around it (FURTHEST + 1 at the most), and whether it is one of them itself."""
        count, itself = next(self._ask(_AROUND, code, FURTHEST + 1))
        return _number(count), bool(itself)

    def unlisted_parents(self) -> Iterator[tuple[str, int]]:
        """Parents without a row of their own, with the first line that names each."""
        for code, line in self._ask(
            "SELECT parent, min(line) FROM rows WHERE parent IN (SELECT code FROM parents WHERE NOT listed) "
            "GROUP BY parent ORDER BY 2"
        ):
            yield str(code), _number(line)

    def set_aside(self) -> int:
        """Leave out every tree that was spoilt; how many codes that is."""
        if any(self._ask("SELECT 1 FROM bad LIMIT 1")):
            with _sorted():
                self._file.executescript(_SPREAD)
        found = next(self._ask("SELECT count(DISTINCT r.code) FROM aside a JOIN rows r ON r.code = a.code"))
        return _number(found[0])

    def counts(self) -> tuple[tuple[int | None, int, int], ...]:
        """Per level: level, codes, and of them those that hold others and stand in none."""
        return tuple((_maybe(level), _number(codes), _number(tops)) for level, codes, tops in self._ask(_COUNT))

    def batches(self, most: int) -> tuple[str, ...]:
        return tuple(
            str(row[0])
            for row in self._ask(
                "SELECT DISTINCT batch FROM blocks WHERE batch IS NOT NULL AND id IN (SELECT block FROM rows) "
                "ORDER BY batch LIMIT ?", most,
            )
        )  # fmt: skip

    def kept(self) -> Iterator[KeptRow]:
        """The rows that are left, in the order of the file."""
        for code, level, parent, drug, batch, expiry, made, holds in self._ask(_KEPT):
            yield KeptRow(
                str(code), _maybe(level), _text(parent), _text(drug), _text(batch), _text(expiry), _text(made),
                bool(holds),
            )  # fmt: skip

    def _flush(self) -> None:
        with _sorted():
            self._file.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", self._waiting)
        self._waiting.clear()

    def _ask(self, statement: str, *values: str | int) -> Iterator[Sequence[object]]:
        with _sorted():
            for row in self._file.execute(statement, values):  # noqa: UP028 - it would close the cursor of a closed file
                yield row


@contextlib.contextmanager
def _sorted() -> Iterator[None]:
    with sorted_failures():
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise Interrupted from None
            raise


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def _maybe(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
