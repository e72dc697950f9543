"""A source says something else of a code than before: whoever has it in an open receipt finds that in the trail. On the
writer's thread, inside the transaction that brings it. What counts does not change by it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

from app.domain.reasons import OK
from app.flows.receiving import Parts
from app.store.receipts import Entry
from app.store.staging import Replaced
from app.store.tables import Sql

CORRECTED = "corrected"  # the command word of the entry
_IN_RECEIPTS = """
SELECT h.receipt, coalesce(max(e.operator), r.opened_by) FROM holds h
  JOIN receipts r ON r.id = h.receipt AND r.state = 'open'
  LEFT JOIN entries e ON e.receipt = h.receipt AND e.seq = h.seq WHERE h.pack = ?1 GROUP BY h.receipt
UNION
SELECT e.receipt, e.operator FROM entries e INDEXED BY entries_by_code
  JOIN receipts r ON r.id = e.receipt AND r.state = 'open' WHERE e.code = ?1 AND e.counted = 1 AND e.in_force = 1
ORDER BY 1"""
_log = logging.getLogger(__name__)


class Correcting:
    """Writes the entries."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sql = Sql(parts.writer.database)

    def heard(self, source: int, replaced: Sequence[Replaced]) -> None:
        """One entry for each code and receipt, in the name of the person who scanned it."""
        for one in replaced:
            rows = self._sql.all(_IN_RECEIPTS, one.code)
            for receipt, operator in dict(cast("list[tuple[str, str]]", rows)).items():
                self._write(receipt, operator, one)
                _log.info("source %d corrects a code of %s", source, receipt)

    def _write(self, receipt: str, operator: str, one: Replaced) -> None:
        parts = self._parts
        row = parts.receipts.find(receipt)
        assert row is not None
        at_ms = parts.clock.now_ms()
        parts.receipts.add(
            Entry(
                receipt, row.next_seq, parts.ids.new(at_ms), "command", at_ms, operator, None, OK, payload=CORRECTED,
                code=one.code, command=CORRECTED, note=_words(one),
            )
        )  # fmt: skip


def _words(one: Replaced) -> str:
    """`line 1 → 2, parent A → B`; `-` where nothing was or is said."""
    names = sorted({*one.was, *one.now})
    return ", ".join(f"{name} {one.was.get(name, '-')} → {one.now.get(name, '-')}" for name in names)
