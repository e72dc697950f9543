"""The pieces of a code that names a batch only (a consumable's UDI without a serial), as one receipt counts them.

Writer's thread, inside its transaction. Each counted scan is a pack of its own (`domain.packages.piece_of`).
"""

from __future__ import annotations

import peewee

from app.domain.codes import Reading, identifies_batch, key_of
from app.domain.packages import is_piece
from app.store.tables import Sql

_IN_FORCE = """
FROM entries e INDEXED BY entries_by_code
 WHERE e.receipt = ?1 AND e.code > ?2 || '#' AND e.code < ?2 || '$' AND e.in_force = 1 AND e.counted = 1"""
_WITHOUT_OUTCOME = (
    "AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.pack = e.code AND o.receipt = e.receipt) "
    "ORDER BY e.seq DESC LIMIT 1"
)


class Pieces:
    """Finds them."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)

    def count(self, receipt: str, key: str) -> int:
        """How many of this batch were counted."""
        row = self._sql.one(f"SELECT count(*) {_IN_FORCE}", receipt, key)
        return 0 if row is None else int(str(row[0]))

    def latest(self, receipt: str, key: str, *, whole: bool = False) -> str | None:
        """The piece that came last; with `whole` of those that have no outcome."""
        rest = _WITHOUT_OUTCOME if whole else "ORDER BY e.seq DESC LIMIT 1"
        row = self._sql.one(f"SELECT e.code {_IN_FORCE} {rest}", receipt, key)
        return None if row is None else str(row[0])


def batch_key(reading: Reading) -> str | None:
    """The key, where it names a batch and not a piece already."""
    key = key_of(reading)
    return key if key and identifies_batch(reading) and not is_piece(key) else None
