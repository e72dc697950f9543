"""What the insurance was told of a receipt, row by row, for ever; corrections name what they correct. Writer's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import peewee

from app.store.tables import Sql

_INSERT = (
    "INSERT INTO claim_rows (receipt, at_ms, operator, profile, trade, serial, generation, line, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One row as it was told; `body` is the row itself as JSON."""

    trade: str
    serial: str
    generation: int
    line: int
    body: bytes


class ClaimRows:
    """Rows are only ever added; the file refuses anything else."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)

    def add(self, receipt: str, rows: Iterable[ToldRow], *, at_ms: int, operator: str, profile: str) -> None:
        self._sql.many(
            _INSERT,
            [
                (receipt, at_ms, operator, profile, row.trade, row.serial, row.generation, row.line, row.body.decode())
                for row in rows
            ],
        )

    def of(self, receipt: str) -> tuple[bytes, ...]:
        """The bodies, in the order in which they were told."""
        rows = self._sql.all("SELECT body FROM claim_rows WHERE receipt = ? ORDER BY n", receipt)
        return tuple(str(body).encode() for (body,) in rows)
