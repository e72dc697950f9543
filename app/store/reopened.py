"""Receipts that are open again because the hospital did not take their close: why, and whose close it was.

Writer's thread. A note stands until the hospital takes a close of the receipt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import peewee

from app.store.tables import Sql

_KEY, _END = "reopened ", "reopened!"  # keys of `meta`; behind it stands the receipt


@dataclass(frozen=True, slots=True)
class Reopened:
    """`why` is the code of the hospital's answer; `delivery` the number of the note."""

    receipt: str
    delivery: str
    why: str
    closed_by: str
    at_ms: int


class ReopenedNotes:
    """Writes and reads them."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)

    def put(self, receipt: str, *, why: str, closed_by: str, at_ms: int) -> None:
        body = json.dumps([why, closed_by, at_ms])
        self._sql.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", _KEY + receipt, body)

    def take_away(self, receipt: str) -> None:
        self._sql.run("DELETE FROM meta WHERE key = ?", _KEY + receipt)

    def open(self) -> tuple[Reopened, ...]:
        """Those that nobody has closed again, oldest first."""
        rows = self._sql.all(
            "SELECT r.id, d.number, m.value FROM meta m JOIN receipts r ON r.id = substr(m.key, ?) "
            "JOIN deliveries d ON d.id = r.delivery WHERE m.key >= ? AND m.key < ? AND r.state = 'open'",
            len(_KEY) + 1,
            _KEY,
            _END,
        )
        found = (Reopened(str(receipt), str(number), *json.loads(str(body))) for receipt, number, body in rows)
        return tuple(sorted(found, key=lambda one: (one.at_ms, one.receipt)))
