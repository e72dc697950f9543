"""The packs that one event is about, as a temporary table: ten thousand of them are counted, held and released by a
handful of statements. Writer's thread; filled anew for each event, inside its transaction.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from typing import cast

import peewee

from app.domain.documents import Pack, PackKey, PackSet
from app.store.tables import Sql

DEPTH = 5  # box, bundle, carton, pallet, and one more; nothing is followed deeper (trace-codes.md §8.5 R3)

_CREATE = """CREATE TEMP TABLE IF NOT EXISTS scope (
    pack TEXT PRIMARY KEY, line INTEGER, packs INTEGER, level INTEGER, content INTEGER) WITHOUT ROWID"""
# What stands under a package in one source. A package that is not the smallest, and of which no content is named, is
# counted as itself; how much is in it is filled in afterwards.
_FILL = """
INSERT OR IGNORE INTO scope (pack, line, packs, level, content)
WITH RECURSIVE under(code, level, line, content, amount, depth) AS (
    SELECT code, level, line, content, amount, 1 FROM packages WHERE parent = ?1 AND source = ?2
    UNION ALL
    SELECT p.code, p.level, p.line, p.content, p.amount, under.depth + 1 FROM under
      CROSS JOIN packages p ON p.parent = under.code AND p.source = ?2
     WHERE under.depth < ?3 AND under.level IS NOT 1)
SELECT u.code, coalesce(CASE WHEN ?4 THEN u.line END, (SELECT line FROM places WHERE places.content = u.content)),
       CASE WHEN u.level IS 1 THEN 1 ELSE u.amount END, u.level, u.content
  FROM under u
 WHERE u.level IS 1 OR NOT EXISTS (SELECT 1 FROM packages c WHERE c.parent = u.code AND c.source = ?2)"""
_CREATE_PLACES = "CREATE TEMP TABLE IF NOT EXISTS places (content INTEGER PRIMARY KEY, line INTEGER NOT NULL)"
_PLACE = """
UPDATE scope SET line = coalesce(
    (SELECT p.line FROM packages p CROSS JOIN sources s ON s.id = p.source
      WHERE p.code = scope.pack AND p.line IS NOT NULL AND s.delivery = ? AND s.state = 'complete' LIMIT 1), line)"""
_HERE = """
SELECT s.pack, s.line, s.packs FROM scope s
 WHERE EXISTS (SELECT 1 FROM holds h WHERE h.pack = s.pack AND h.receipt = ?1)
    OR EXISTS (SELECT 1 FROM outcomes o WHERE o.pack = s.pack AND o.receipt = ?1)"""
_HELD_ELSEWHERE = "SELECT s.pack, h.receipt FROM scope s CROSS JOIN holds h ON h.pack = s.pack WHERE h.receipt <> ?"
_KNOWN = "SELECT s.pack, k.receipt, k.state FROM scope s CROSS JOIN known_codes k ON k.code = s.pack"
_HOLDERS = "SELECT seq FROM holds WHERE pack = ? AND receipt = ? ORDER BY seq"
_OUTCOME = "SELECT outcome FROM outcomes WHERE pack = ? AND receipt = ? ORDER BY seq DESC LIMIT 1"
# Which counter each pack is in: its latest outcome, else received if anything holds it.
_SUMS = """
SELECT 'received', h.line, sum(h.packs) FROM scope s CROSS JOIN holds h ON h.pack = s.pack AND h.receipt = ?1
 WHERE NOT EXISTS (SELECT 1 FROM holds y WHERE y.pack = s.pack AND y.receipt = ?1 AND y.seq < h.seq)
   AND NOT EXISTS (SELECT 1 FROM outcomes x WHERE x.pack = s.pack AND x.receipt = ?1)
 GROUP BY h.line
 UNION ALL
SELECT o.outcome, o.line, sum(o.packs) FROM scope s CROSS JOIN outcomes o ON o.pack = s.pack AND o.receipt = ?1
 WHERE NOT EXISTS (SELECT 1 FROM outcomes x WHERE x.pack = s.pack AND x.receipt = ?1 AND x.seq > o.seq)
 GROUP BY o.outcome, o.line"""
_ELSEWHERE = {"in": "received", "dispensed": "dispensed"}


class Scope:
    """The packs under one hand."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)
        self._made = False

    def one(self, pack: str, line: int | None, packs: int) -> None:
        """A smallest pack, or a carton that stands for itself."""
        self._empty()
        self._sql.run("INSERT INTO scope (pack, line, packs, level) VALUES (?, ?, ?, 1)", pack, line, packs)

    def tree(self, code: str, source: int, places: Iterable[tuple[int, int]], *, named_lines: bool) -> None:
        """Everything under a code in one source.

        `places`: which content is on which line of the delivery. `named_lines`: the source names these lines itself.
        """
        self._empty()
        self._sql.run("DELETE FROM places")
        self._sql.many("INSERT INTO places (content, line) VALUES (?, ?)", places)
        self._sql.run(_FILL, code, source, DEPTH, named_lines)

    def place(self, delivery: int) -> None:
        """Put each pack on the line that a source of this delivery names for it: two lines may have one content."""
        self._sql.run(_PLACE, delivery)

    def of_entry(self, receipt: str, seq: int) -> None:
        """What a scan holds or an outcome was given to."""
        self._empty()
        self._sql.run(
            "INSERT OR IGNORE INTO scope (pack) SELECT pack FROM holds WHERE receipt = ?1 AND seq = ?2 "
            "UNION SELECT pack FROM outcomes WHERE receipt = ?1 AND seq = ?2",
            receipt,
            seq,
        )

    def of(self, packs: Iterable[str]) -> None:
        """These packs."""
        self._empty()
        self._sql.many("INSERT OR IGNORE INTO scope (pack) VALUES (?)", ((pack,) for pack in packs))

    def contents(self) -> tuple[int, ...]:
        """The contents (drug, batch, dates) that stand in it."""
        rows = self._sql.all("SELECT DISTINCT content FROM scope WHERE content IS NOT NULL")
        return tuple(cast("int", row[0]) for row in rows)

    def estimate(self, count: Callable[[str, int | None], int]) -> bool:
        """Fill in how much is in the packages whose content nobody names; True if there is any such package."""
        rows = self._sql.all("SELECT pack, level, packs FROM scope WHERE level IS NOT 1")
        for pack, level, packs in rows:
            if packs is None:
                number = count(str(pack), cast("int | None", level))
                self._sql.run("UPDATE scope SET packs = ? WHERE pack = ?", number, pack)
        return bool(rows)

    def seen_from(self, receipt: str, key: str, *, children_known: bool) -> PackSet:
        """The numbers of the packs as this receipt sees them."""
        sums = self._sql.all("SELECT line, count(*), sum(packs) FROM scope GROUP BY line")
        here = self._sql.all(_HERE, receipt)
        gains = Counter({line: cast("int", packs) for line, _, packs in sums if line is not None})
        for _, line, packs in here:
            if line is not None:
                gains[line] -= cast("int", packs)
        elsewhere = self._elsewhere(receipt)
        codes = sum(cast("int", row[1]) for row in sums)
        own = self._own(receipt, key, elsewhere) if codes == 1 else None
        return PackSet(
            codes,
            sum(cast("int", row[2]) for row in sums),
            len(here),
            sum(where == "received" for where in elsewhere.values()),
            sum(where == "dispensed" for where in elsewhere.values()),
            tuple(sorted((cast("int", line), packs) for line, packs in gains.items() if packs)),
            sum(cast("int", count) for line, count, _ in sums if line is None),
            own,
            self._digest() if own is None and children_known and codes else None,
            not children_known,
        )

    def hold(self, receipt: str, seq: int) -> None:
        """From now on this scan stands for these packs."""
        self._sql.run(
            "INSERT OR IGNORE INTO holds (pack, receipt, seq, line, packs) SELECT pack, ?, ?, line, packs FROM scope "
            "WHERE line IS NOT NULL",
            receipt,
            seq,
        )

    def give(self, receipt: str, seq: int, outcome: str) -> None:
        """From now on these packs have this outcome."""
        self._sql.run(
            "INSERT INTO outcomes (pack, receipt, seq, line, outcome, packs) SELECT pack, ?, ?, line, ?, packs "
            "FROM scope WHERE line IS NOT NULL",
            receipt,
            seq,
            outcome,
        )

    def held_by(self, receipt: str, seq: int) -> bool:
        """True if this scan stands for every one of these packs."""
        found = self._sql.one(
            "SELECT 1 FROM scope s WHERE NOT EXISTS "
            "(SELECT 1 FROM holds h WHERE h.pack = s.pack AND h.receipt = ? AND h.seq = ?)",
            receipt,
            seq,
        )
        return found is None

    def sums(self, receipt: str) -> Counter[tuple[int, str]]:
        """(line, counter) → packs, of these packs alone."""
        rows = self._sql.all(_SUMS, receipt)
        return Counter({(cast("int", line), str(counter)): cast("int", packs) for counter, line, packs in rows})

    def _empty(self) -> None:
        if not self._made:
            self._sql.run(_CREATE)
            self._sql.run(_CREATE_PLACES)
            self._made = True
        self._sql.run("DELETE FROM scope")

    def _elsewhere(self, receipt: str) -> dict[str, str]:
        """Packs that another receipt has: as the hospital says, or as another receipt on this device counts them."""
        known = {str(pack): (str(where), str(state)) for pack, where, state in self._sql.all(_KNOWN)}
        found: dict[str, str] = {}
        for pack, where in self._sql.all(_HELD_ELSEWHERE, receipt):
            if known.get(str(pack)) != (where, "returned") and not self._has_outcome(str(pack), str(where)):
                found[str(pack)] = "received"
        for pack, (where, state) in known.items():
            if state in _ELSEWHERE and (where != receipt or state != "in"):
                found[pack] = _ELSEWHERE[state]
        return found

    def _has_outcome(self, code: str, receipt: str) -> bool:
        return self._sql.one("SELECT 1 FROM outcomes WHERE pack = ? AND receipt = ?", code, receipt) is not None

    def _own(self, receipt: str, key: str, elsewhere: dict[str, str]) -> Pack | None:
        row = self._sql.one("SELECT line, packs FROM scope WHERE pack = ?", key)
        if row is None:
            return None
        holders = tuple(cast("int", seq) for (seq,) in self._sql.all(_HOLDERS, key, receipt))
        outcome = self._sql.one(_OUTCOME, key, receipt)
        line, packs = cast("tuple[int | None, int]", tuple(row))
        return Pack(
            PackKey(key), line or 0, packs, holders, None if outcome is None else str(outcome[0]), elsewhere.get(key)
        )

    def _digest(self) -> str:
        keys = self._sql.all("SELECT pack FROM scope ORDER BY pack")
        return hashlib.sha256("\n".join([str(row[0]) for row in keys]).encode("utf-8")).hexdigest()
