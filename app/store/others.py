"""What other devices made of a receipt's packs and lines, as the hospital tells it: damaged, short … Writer's thread.

Such an outcome stands beside ours under the seq `OTHERS`, which is before every seq of ours; ours goes before it while
it is in force. What the hospital says because of this device is nobody else's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

import peewee

from app.store.scope import Scope
from app.store.tables import Sql, insert_statement

OTHERS = 0  # the seq of a hold or an outcome that another device of the same receipt has
_INSERT = insert_statement("outcomes", verb="INSERT OR REPLACE")
_ON_ITS_WAY = "('queued', 'in_flight', 'unsure', 'held')"
# A number of ours, in force, that the hospital may not know.
_UNHEARD = f"""
SELECT 1 FROM entries e CROSS JOIN sync_outbox o ON o.id = e.id
 WHERE e.receipt = ?1 AND e.line = ?2 AND e.outcome = ?3 AND e.in_force = 1 AND o.state IN {_ON_ITS_WAY} LIMIT 1"""  # noqa: S608 - words of our own
# An undo that the hospital may not know, of a number that it does or may know.
_UNDO_UNHEARD = f"""
SELECT 1 FROM entries e CROSS JOIN entries u ON u.receipt = e.receipt AND u.negates = e.seq AND u.reason = 'ok'
  CROSS JOIN sync_outbox o ON o.id = u.id CROSS JOIN sync_outbox n ON n.id = e.id
 WHERE e.receipt = ?1 AND e.line = ?2 AND e.outcome = ?3 AND e.in_force = 0 AND o.state IN {_ON_ITS_WAY}
   AND n.state IN ('accepted', 'in_flight', 'unsure') LIMIT 1"""  # noqa: S608 - words of our own
_OURS = "SELECT packs FROM outcomes WHERE pack = ? AND receipt = ? AND seq > ? ORDER BY seq DESC LIMIT 1"
Recount = Callable[[str, Counter[tuple[int, str]]], None]


class OthersOutcomes:
    """Takes them into the equation; `recount` moves the counters by what became different of the scope."""

    def __init__(self, database: peewee.SqliteDatabase, scope: Scope, recount: Recount) -> None:
        self._sql = Sql(database)
        self._scope = scope
        self._recount = recount

    def begin(self, receipt: str) -> None:
        """A receipt is opened here: what others already said of it counts from the start."""
        given = self._sql.all(
            "SELECT code, line, outcome, packs FROM known_codes WHERE receipt = ? AND outcome IS NOT NULL", receipt
        )
        for code, line, outcome, packs in cast("list[tuple[str, int, str, int]]", given):
            self.give(receipt, code, line, outcome, packs)
        numbers = self._sql.all("SELECT line, outcome, packs FROM known_numbers WHERE receipt = ?", receipt)
        for line, outcome, packs in cast("list[tuple[int, str, int]]", numbers):
            self._set_number(receipt, line, outcome, packs)

    def give(self, receipt: str, code: str, line: int, outcome: str, packs: int) -> None:
        """Another device found the pack damaged, or sends it back."""
        self._scope.of((code,))
        before = self._scope.sums(receipt)
        self._sql.run(_INSERT, code, receipt, OTHERS, line, outcome, packs)
        self._recount(receipt, before)

    def take_away(self, receipt: str, code: str) -> None:
        """No other device says so any more."""
        if self._sql.one("SELECT 1 FROM outcomes WHERE pack = ? AND receipt = ? AND seq = ?", code, receipt, OTHERS):
            self._scope.of((code,))
            before = self._scope.sums(receipt)
            self._sql.run("DELETE FROM outcomes WHERE pack = ? AND receipt = ? AND seq = ?", code, receipt, OTHERS)
            self._recount(receipt, before)

    def hear_numbers(self, receipt: str, numbers: Sequence[tuple[int, str, int]]) -> None:
        """The hospital's numbers of a receipt, of all devices together: (line, short | over | exempt, packs).

        One that differs from a number of ours which the hospital knows is later and stands before it; one of ours that
        it may not know stands before the hospital's, which comes back with the undo of ours.
        """
        self._sql.run("DELETE FROM known_numbers WHERE receipt = ?", receipt)
        self._sql.many(
            insert_statement("known_numbers"), [(receipt, line, outcome, packs) for line, outcome, packs in numbers]
        )
        if self._sql.one("SELECT 1 FROM receipts WHERE id = ? AND state = 'open'", receipt) is None:
            return
        for line, outcome, packs in numbers:
            if self._sql.one(_UNDO_UNHEARD, receipt, line, outcome) is None:
                unheard = self._sql.one(_UNHEARD, receipt, line, outcome) is not None
                self._set_number(receipt, line, outcome, packs, unheard=unheard)

    def _set_number(self, receipt: str, line: int, outcome: str, packs: int, *, unheard: bool = False) -> None:
        place = place_of(outcome, line)
        ours = self._sql.one(_OURS, place, receipt, OTHERS)
        same = ours is not None and not unheard and ours[0] == packs
        self._scope.of((place,))
        before = self._scope.sums(receipt)
        if same or unheard:
            self._sql.run("DELETE FROM outcomes WHERE pack = ? AND receipt = ? AND seq = ?", place, receipt, OTHERS)
        else:
            self._sql.run("DELETE FROM outcomes WHERE pack = ? AND receipt = ?", place, receipt)
        if packs and not same:
            self._sql.run(_INSERT, place, receipt, OTHERS, line, outcome, packs)
        self._recount(receipt, before)


def place_of(outcome: str, line: int) -> str:
    """Where a line's number stands among the packs; no code looks like this (codes have no blank)."""
    return f"line {line} {outcome}"
