"""What other devices made of a receipt's packs and lines, as the hospital tells it: damaged, short … Writer's thread.

Such an outcome stands beside ours under the seq `OTHERS`, which is before every seq of ours; ours goes before it while
it is in force. What the hospital says because of this device is nobody else's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

import peewee

from app.store.scope import DEPTH, Scope
from app.store.tables import Sql, insert_statement

OTHERS = 0  # the seq of a hold or an outcome that another device of the same receipt has
_INSERT = insert_statement("outcomes", verb="INSERT OR REPLACE")
_ON_ITS_WAY = "('queued', 'in_flight', 'unsure', 'held')"
_KNOWN_THERE = "('accepted', 'in_flight', 'unsure')"
# A number of ours, in force, that the hospital may not know.
_UNHEARD = f"""
SELECT 1 FROM entries e CROSS JOIN sync_outbox o ON o.id = e.id
 WHERE e.receipt = ?1 AND e.line = ?2 AND e.outcome = ?3 AND e.in_force = 1 AND o.state IN {_ON_ITS_WAY} LIMIT 1"""  # noqa: S608 - words of our own
# What an undo takes back that the hospital may not know, of a number that it does or may know.
_UNDO_UNHEARD = f"""
SELECT e.packs FROM entries e CROSS JOIN entries u ON u.receipt = e.receipt AND u.negates = e.seq AND u.reason = 'ok'
  CROSS JOIN sync_outbox o ON o.id = u.id CROSS JOIN sync_outbox n ON n.id = e.id
 WHERE e.receipt = ?1 AND e.line = ?2 AND e.outcome = ?3 AND e.in_force = 0 AND o.state IN {_ON_ITS_WAY}
   AND n.state IN {_KNOWN_THERE}"""  # noqa: S608 - words of our own
# The same of a pack, whose outcome was given to itself or to a package around it.
_PACK_UNDO_UNHEARD = f"""
WITH RECURSIVE around(code, depth) AS (
    SELECT ?2, 1 UNION SELECT p.parent, around.depth + 1 FROM around CROSS JOIN packages p ON p.code = around.code
     WHERE p.parent IS NOT NULL AND around.depth < {DEPTH})
SELECT 1 FROM around CROSS JOIN entries e INDEXED BY entries_by_code ON e.code = around.code AND e.receipt = ?1
  CROSS JOIN sync_outbox n ON n.id = e.id
  CROSS JOIN entries u ON u.receipt = e.receipt AND u.seq > e.seq AND u.negates = e.seq AND u.reason = 'ok'
  CROSS JOIN sync_outbox o ON o.id = u.id
 WHERE e.outcome = ?3 AND e.in_force = 0 AND n.state IN {_KNOWN_THERE} AND o.state IN {_ON_ITS_WAY} LIMIT 1"""  # noqa: S608 - words of our own
# The outcome of ours that stands for a pack, and how far its item is.
_OURS_OF_PACK = """
SELECT x.outcome, o.state FROM outcomes x CROSS JOIN entries e ON e.receipt = x.receipt AND e.seq = x.seq
  CROSS JOIN sync_outbox o ON o.id = e.id
 WHERE x.pack = ? AND x.receipt = ? AND x.seq > ? ORDER BY x.seq DESC LIMIT 1"""
# Packs of which the hospital says something else than an outcome of ours that it has taken. What it says may be an
# earlier word of ours: then it tells of the later one by itself, unless nobody knew for a while what it had.
_SAID_OTHERWISE = """
SELECT k.code, k.line, k.outcome, k.packs FROM outcomes x CROSS JOIN known_codes k ON k.code = x.pack
 WHERE x.receipt = ?1 AND x.seq = ?2 AND k.receipt = ?1 AND k.outcome IS NOT NULL AND k.outcome <> x.outcome
   AND (?3 OR NOT EXISTS (SELECT 1 FROM outcomes y
         WHERE y.pack = x.pack AND y.receipt = ?1 AND y.seq > 0 AND y.outcome = k.outcome))"""
# … than what stands here, anywhere in the receipt: an outcome of ours is gone, and with it which packs it was about.
_SAID_ANYWHERE = """
SELECT k.code, k.line, k.outcome, k.packs FROM known_codes k INDEXED BY known_codes_by_receipt
 WHERE k.receipt = ?1 AND k.outcome IS NOT NULL AND k.outcome IS NOT
   (SELECT x.outcome FROM outcomes x WHERE x.pack = k.code AND x.receipt = ?1 ORDER BY x.seq DESC LIMIT 1)"""
# The item of this entry was sent and not simply accepted.
_DOUBTED = """
SELECT 1 FROM entries e CROSS JOIN sync_outbox o ON o.id = e.id CROSS JOIN sync_attempt a ON a.n = o.n
 WHERE e.receipt = ? AND e.seq = ? LIMIT 1"""
_OURS = "SELECT packs FROM outcomes WHERE pack = ? AND receipt = ? AND seq > ? ORDER BY seq DESC LIMIT 1"
_ELSEWHERE = "given_elsewhere "  # key of `meta`; behind it stands the receipt
_HERE_AGAIN = "SELECT 1 FROM known_codes WHERE code = ? AND receipt = ? AND outcome IS NOT NULL"
_KNOWN_NUMBER = "SELECT packs FROM known_numbers WHERE receipt = ? AND line = ? AND outcome = ?"
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
        for code, line, outcome, packs in (
            *cast("list[tuple[str, int, str, int]]", given),
            *self._elsewhere(receipt),
        ):
            self.give(receipt, code, line, outcome, packs)
        numbers = self._sql.all("SELECT line, outcome, packs FROM known_numbers WHERE receipt = ?", receipt)
        for line, outcome, packs in cast("list[tuple[int, str, int]]", numbers):
            self._set_number(receipt, line, outcome, packs)

    def hear(self, receipt: str, code: str, line: int, outcome: str, packs: int) -> None:
        """The hospital holds the pack damaged or rejected, whoever said so.

        One of ours that it may not know stands before it. One that it knows and that differs is older and gives way.
        What an undo of ours is on its way to take back is not somebody else's.
        """
        ours = self._sql.one(_OURS_OF_PACK, code, receipt, OTHERS)
        stands, state = ours or (None, None)
        if stands == outcome:
            if state in ("queued", "held"):
                self.give(receipt, code, line, outcome, packs)
            return
        if self._sql.one(_PACK_UNDO_UNHEARD, receipt, code, outcome) is None:
            self.give(receipt, code, line, outcome, packs, alone=state == "accepted")

    def give(self, receipt: str, code: str, line: int, outcome: str, packs: int, *, alone: bool = False) -> None:
        """Another device found the pack damaged, or sends it back; `alone`: ours gives way to it."""
        self._scope.of((code,))
        before = self._scope.sums(receipt)
        if alone:
            self._sql.run("DELETE FROM outcomes WHERE pack = ? AND receipt = ?", code, receipt)
        self._sql.run(_INSERT, code, receipt, OTHERS, line, outcome, packs)
        self._recount(receipt, before)

    def take_away(self, receipt: str, code: str) -> None:
        """No other device says so any more."""
        if self._sql.one("SELECT 1 FROM outcomes WHERE pack = ? AND receipt = ? AND seq = ?", code, receipt, OTHERS):
            self._scope.of((code,))
            before = self._scope.sums(receipt)
            self._sql.run("DELETE FROM outcomes WHERE pack = ? AND receipt = ? AND seq = ?", code, receipt, OTHERS)
            self._recount(receipt, before)

    def hear_elsewhere(self, receipt: str, rows: Sequence[tuple[str, int, str, int]]) -> None:
        """All packs with an outcome in this receipt that another receipt has now: (code, line, outcome, packs). The
        rows of these codes are the other's, so this list is kept for a receipt that opens here later.
        """
        before = self._elsewhere(receipt)
        if before == list(rows):
            return
        self._sql.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", _ELSEWHERE + receipt, json.dumps(rows))
        if not self._sql.one("SELECT 1 FROM receipts WHERE id = ?", receipt):
            return
        for code, line, outcome, packs in rows:
            self.hear(receipt, code, line, outcome, packs)
        for code in {row[0] for row in before} - {row[0] for row in rows}:
            if self._sql.one(_HERE_AGAIN, code, receipt) is None:
                self.take_away(receipt, code)

    def _elsewhere(self, receipt: str) -> list[tuple[str, int, str, int]]:
        found = self._sql.one("SELECT value FROM meta WHERE key = ?", _ELSEWHERE + receipt)
        return (
            []
            if found is None
            else [(code, line, outcome, packs) for code, line, outcome, packs in json.loads(str(found[0]))]
        )

    def hear_numbers(self, receipt: str, numbers: Sequence[tuple[int, str, int]]) -> None:
        """The hospital's numbers of a receipt, of all devices together: (line, short | over | exempt, packs).

        One that differs from a number of ours which the hospital knows is later and stands before it; one of ours that
        it may not know stands before the hospital's, which comes back with the undo of ours.
        """
        named = {(line, outcome): packs for line, outcome, packs in numbers}
        known = self._sql.all("SELECT line, outcome FROM known_numbers WHERE receipt = ?", receipt)
        # A line that it does not name any more has no number any more.
        kept = dict.fromkeys(cast("list[tuple[int, str]]", known), 0) | named
        self._sql.run("DELETE FROM known_numbers WHERE receipt = ?", receipt)
        self._sql.many(
            insert_statement("known_numbers"),
            [(receipt, line, outcome, packs) for (line, outcome), packs in kept.items()],
        )
        self.hear_again(receipt)

    def hear_again(self, receipt: str) -> None:
        """Take in what the hospital last told of the numbers of an open receipt."""
        if not self._is_open(receipt):
            return
        known = self._sql.all("SELECT line, outcome, packs FROM known_numbers WHERE receipt = ?", receipt)
        for line, outcome, packs in cast("list[tuple[int, str, int]]", known):
            self._hear_number(receipt, line, outcome, packs)

    def settled(self, receipt: str, seq: int, *, answered: int, taken: bool) -> None:
        """The hospital answered the outcome with that seq, or the undo of it: `answered` is the seq of the one that it
        answered. `taken`: the outcome stands there now.

        What it told while nobody knew whether it had the item can be understood now.
        """
        entry = self._sql.one("SELECT line, outcome, code FROM entries WHERE receipt = ? AND seq = ?", receipt, seq)
        if entry is None or entry[1] is None:
            return
        line, outcome, code = cast("tuple[int, str, str | None]", tuple(entry))
        doubted = self._sql.one(_DOUBTED, receipt, answered) is not None
        if code is not None:
            found = (
                self._sql.all(_SAID_OTHERWISE, receipt, seq, doubted) if taken
                else self._sql.all(_SAID_ANYWHERE, receipt)
            )  # fmt: skip
            for told in cast("list[tuple[str, int, str, int]]", found):
                self.hear(receipt, *told)
        elif doubted and self._is_open(receipt):  # otherwise it tells the number after this answer
            known = self._sql.one(_KNOWN_NUMBER, receipt, line, outcome)
            if known is not None:
                self._hear_number(receipt, line, outcome, cast("int", known[0]))

    def _is_open(self, receipt: str) -> bool:
        return self._sql.one("SELECT 1 FROM receipts WHERE id = ? AND state = 'open'", receipt) is not None

    def _hear_number(self, receipt: str, line: int, outcome: str, packs: int) -> None:
        if (packs,) not in self._sql.all(_UNDO_UNHEARD, receipt, line, outcome):
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
