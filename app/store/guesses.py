"""Counted scans of open receipts whose line is a guess: their drug is on several lines, and nobody said the batch.

Writer's thread. A scan keeps the mark until a source, or the hospital, says on which line it is.
"""

from __future__ import annotations

from typing import cast

import peewee

from app.store.receipts import GUESSED_LINE, Estimate
from app.store.tables import Sql
from sync.item_ids import unpacked

_GUESSES = """
SELECT e.receipt, e.seq, e.id, e.payload, e.code, e.at_ms, e.operator, e.scanner, e.packs, e.line
  FROM entries e INDEXED BY {index} JOIN receipts r ON r.id = e.receipt AND r.state = 'open'
 WHERE e.counted = 1 AND e.in_force = 1 AND e.note = 'line_guessed'"""
_NAMED_BY = f"""{_GUESSES.format(index="entries_guessed")}
   AND EXISTS (SELECT 1 FROM packages p WHERE p.code = e.code AND p.source = ?) ORDER BY e.receipt, e.seq"""  # noqa: S608 - words of our own
_OF_RECEIPT = _GUESSES.format(index="entries_guessed") + " AND e.receipt = ? ORDER BY e.seq"
_OF_CODE = _GUESSES.format(index="entries_by_code") + " AND e.receipt = ? AND e.code = ?"


class Guesses:
    """Reads them, and ends them."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)

    def named_by(self, source: int) -> tuple[Estimate, ...]:
        """Those whose code a source names."""
        return self._found(_NAMED_BY, source)

    def of(self, receipt: str, code: str) -> Estimate | None:
        """The one of this code."""
        return next(iter(self._found(_OF_CODE, receipt, code)), None)

    def of_receipt(self, receipt: str) -> tuple[Estimate, ...]:
        """All of a receipt."""
        return self._found(_OF_RECEIPT, receipt)

    def told_line(self, guess: Estimate) -> int | None:
        """Where the hospital has it, if it ever said."""
        row = self._sql.one(
            "SELECT line FROM known_codes WHERE code = ? AND receipt = ? AND state = 'in'", guess.code, guess.receipt
        )
        return None if row is None else cast("int", row[0])

    def by_line(self, receipt: str) -> dict[int, int]:
        """Line → packs that are counted on it by a guess."""
        rows = self._sql.all(
            "SELECT line, sum(packs) FROM entries INDEXED BY entries_guessed "
            "WHERE receipt = ? AND counted = 1 AND in_force = 1 AND note = 'line_guessed' GROUP BY line",
            receipt,
        )
        return dict(cast("list[tuple[int, int]]", rows))

    def settle(self, guess: Estimate) -> None:
        """It was right: the mark goes, nothing else changes."""
        self._sql.run(
            "UPDATE entries SET note = NULL WHERE receipt = ? AND seq = ? AND note = ?",
            guess.receipt,
            guess.seq,
            GUESSED_LINE,
        )

    def _found(self, statement: str, *values: str | int) -> tuple[Estimate, ...]:
        return tuple(
            Estimate(*row[:2], unpacked(row[2]), *row[3:])  # type: ignore[arg-type, call-arg]
            for row in self._sql.all(statement, *values)
        )
