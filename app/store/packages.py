"""What the sources say of packages: claims, their trees, and which of them may not be trusted. Writer's thread.

Only complete sources are asked. Where several know a code, what is bound to the delivery goes first, then trust
(trace-codes.md §8.5 R12), then the newest. Kept in memory: what a scan asks of sources, until `forget`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import peewee

from app.store.tables import Sql

# Larger is believed first (R12). A platform's own answer would stand above them all.
TRUST = {"relay": 40, "line_file": 35, "middleware": 30, "clerk": 10}
HIGHEST = 4  # box, bundle, carton, pallet

_CLAIMS = """
SELECT p.code, p.source, p.level, p.parent, p.content, p.line, p.amount, s.delivery, s.kind, s.trust
  FROM packages p CROSS JOIN sources s ON s.id = p.source AND s.state = 'complete'
 WHERE p.code = ? ORDER BY s.trust DESC, s.made_ms DESC, s.id DESC"""
_SMALLEST = """
WITH RECURSIVE under(code, level, depth) AS (
    SELECT code, level, 1 FROM packages WHERE code = ?1 AND source = ?2
    UNION ALL SELECT p.code, p.level, under.depth + 1 FROM under
      CROSS JOIN packages p ON p.parent = under.code AND p.source = ?2 WHERE under.depth < 6 AND under.level IS NOT 1)
SELECT count(*) FROM under WHERE level = 1"""
# The kinds stand as they do in the two indexes, or these are not used.
_DISPUTES = """
WITH about(code, source, other, kind, says, other_says) AS (
    SELECT d.code, d.source, d.other, d.kind, d.says, d.other_says FROM json_each(?1) j
      CROSS JOIN disputes d ON d.code = j.value AND d.kind <> 'shared'
    UNION SELECT d.code, d.source, d.other, d.kind, d.says, d.other_says FROM json_each(?1) j
      CROSS JOIN disputes d INDEXED BY disputes_by_says ON d.says = j.value
       AND d.kind IN ('levels', 'parent', 'two_parents', 'virtual_parent')
    UNION SELECT d.code, d.source, d.other, d.kind, d.says, d.other_says FROM json_each(?1) j
      CROSS JOIN disputes d INDEXED BY disputes_by_other ON d.other_says = j.value
       AND d.kind IN ('levels', 'parent', 'two_parents', 'virtual_parent'))
SELECT d.code, d.kind, d.source, d.other, d.says, d.other_says FROM about d
  CROSS JOIN sources a ON a.id = d.source AND a.state = 'complete'
  CROSS JOIN sources b ON b.id = d.other AND b.state = 'complete' ORDER BY d.code, d.kind, d.source, d.other LIMIT ?2"""
_CORRECTIONS = """
SELECT c.code, s.kind, s.name, c.at_ms, c.was, c.now FROM json_each(?1) j
  CROSS JOIN corrections c ON c.code = j.value CROSS JOIN sources s ON s.id = c.source ORDER BY c.n DESC LIMIT ?2"""
_PLACE = """
SELECT c.id, min(l.line) FROM source_counts n CROSS JOIN contents c ON c.id = n.content
  JOIN delivery_lines l ON l.delivery = ?2 AND l.drug = c.drug AND (l.batch = c.batch OR l.batch IS NULL)
 WHERE n.source = ?1 GROUP BY c.id"""


@dataclass(frozen=True, slots=True)
class PackageRow:
    """What one source claims of a code; `level` 1 is the smallest coded pack. `delivery`: the note it was made for."""

    code: str
    source: int
    level: int | None
    parent: str | None
    content: int | None
    line: int | None
    amount: int | None
    delivery: int | None
    kind: str
    trust: int


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a smallest pack; empty words where the source is silent."""

    drug: str
    batch: str
    expiry: str
    made: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """A contradiction about a code. `source` and `other` are the same where a source contradicts itself.

    `kind`: parent, two_parents, level, content, children (`says` is what the other lacks); and of one source alone
    levels (in a package that is not larger: `says`), self_parent, virtual_parent (in a carton that nobody scanned).
    """

    code: str
    kind: str
    source: int
    other: int
    says: str | None
    other_says: str | None

    @property
    def within_one_source(self) -> bool:
        return self.source == self.other


@dataclass(frozen=True, slots=True)
class Correction:
    """A source says something else of a code than before; `changes`: (what, before, now), of level, parent, line,
    amount, drug, batch, expiry and made; None where it was silent.
    """

    code: str
    kind: str  # of the source: middleware, relay …
    name: str
    at_ms: int
    changes: tuple[tuple[str, str | None, str | None], ...]


class Packages:
    """Reads of the claims."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)
        self._places: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
        self._covered: dict[int, frozenset[int]] = {}
        self._contents: dict[int, Content] = {}

    def forget(self) -> None:
        """A source, a delivery or an event came, or what was read was undone: ask anew."""
        self._places.clear()
        self._covered.clear()
        self._contents.clear()

    def of(self, code: str) -> tuple[PackageRow, ...]:
        """What every complete source says of the code, the most trusted first."""
        return tuple(PackageRow(*row) for row in self._sql.all(_CLAIMS, code))  # type: ignore[arg-type]

    def has_children(self, claim: PackageRow) -> bool:
        """True if the claim's source names something in it."""
        return (
            self._sql.one("SELECT 1 FROM packages WHERE parent = ? AND source = ?", claim.code, claim.source)
            is not None
        )

    def children(self, claim: PackageRow, *, most: int = -1) -> tuple[str, ...]:
        """The codes directly in it, as the claim's source says."""
        rows = self._sql.all(
            "SELECT code FROM packages WHERE parent = ? AND source = ? ORDER BY code LIMIT ?",
            claim.code,
            claim.source,
            most,
        )
        return tuple(str(row[0]) for row in rows)

    def smallest(self, claim: PackageRow) -> int:
        """How many smallest packs the claim's source names under it, itself among them."""
        row = self._sql.one(_SMALLEST, claim.code, claim.source)
        return 0 if row is None else cast("int", row[0])

    def best_tree(self, claims: Iterable[PackageRow]) -> PackageRow | None:
        """Of these claims the first whose source knows what is inside."""
        return next((claim for claim in claims if claim.level != 1 and self.has_children(claim)), None)

    def places(self, source: int, delivery: int) -> tuple[tuple[int, int], ...]:
        """(content, line of the delivery) for what a source names: the same drug and batch."""
        if (source, delivery) not in self._places:
            rows = self._sql.all(_PLACE, source, delivery)
            self._places[source, delivery] = tuple(cast("list[tuple[int, int]]", rows))
        return self._places[source, delivery]

    def covered_lines(self, delivery: int) -> frozenset[int]:
        """Lines of which a source made for this delivery names exactly as many smallest packs as the note has."""
        if delivery not in self._covered:
            rows = self._sql.all(
                "SELECT n.source, n.content, n.packs FROM sources s JOIN source_counts n ON n.source = s.id "
                "WHERE s.delivery = ? AND s.state = 'complete' AND s.kind <> 'middleware'",
                delivery,
            )
            named: dict[tuple[int, int], int] = {}
            for source, content, packs in cast("list[tuple[int, int, int]]", rows):
                line = dict(self.places(source, delivery)).get(content)
                if line is not None:
                    named[source, line] = named.get((source, line), 0) + packs
            lines = dict(
                cast(
                    "list[tuple[int, int]]",
                    self._sql.all("SELECT line, packs FROM delivery_lines WHERE delivery = ?", delivery),
                )
            )
            self._covered[delivery] = frozenset(line for (_, line), packs in named.items() if lines[line] == packs)
        return self._covered[delivery]

    def content(self, row: int | None) -> Content | None:
        """Drug, batch and dates."""
        if row is None:
            return None
        if row not in self._contents:
            found = self._sql.one("SELECT drug, batch, expiry, made FROM contents WHERE id = ?", row)
            assert found is not None
            self._contents[row] = Content(*(str(value) for value in found))
        return self._contents[row]

    def ancestors(self, claims: Iterable[PackageRow]) -> tuple[str, ...]:
        """The packages around a code in all complete sources, nearest first."""
        found: list[str] = []
        waiting = [(claim.parent, claim.source) for claim in claims]
        while waiting:
            parent, source = waiting.pop(0)
            if parent is None or len(found) >= HIGHEST * 4:
                continue
            if parent not in found:
                found.append(parent)
            row = self._sql.one("SELECT parent FROM packages WHERE code = ? AND source = ?", parent, source)
            step = None if row is None else cast("str | None", row[0])
            if step not in found:
                waiting.append((step, source))
        return tuple(found)

    def doubted(self, code: str) -> bool:
        """True if complete sources contradict each other about what the code stands for."""
        found = self._sql.one(
            "SELECT 1 FROM doubts d CROSS JOIN sources a ON a.id = d.source AND a.state = 'complete' "
            "CROSS JOIN sources b ON b.id = d.other AND b.state = 'complete' WHERE d.code = ?",
            code,
        )
        return found is not None

    def disputes(self, codes: Iterable[str], *, most: int = 20) -> tuple[Dispute, ...]:
        """What complete sources contradict, each other or themselves, about these codes or about what is in them."""
        rows = self._sql.all(_DISPUTES, json.dumps(list(codes)), most)
        return tuple(Dispute(*row) for row in rows)  # type: ignore[arg-type]

    def corrections(self, codes: Iterable[str], *, most: int = 20) -> tuple[Correction, ...]:
        """What sources said before of these codes, the newest first."""
        rows = self._sql.all(_CORRECTIONS, json.dumps(list(codes)), most)
        return tuple(
            Correction(code, kind, name, at_ms, _changes(was, now))
            for code, kind, name, at_ms, was, now in cast("list[tuple[str, str, str, int, str, str]]", rows)
        )

    def opened(self, code: str) -> bool:
        """True if the package was opened, or something was taken out of it."""
        return self._sql.one("SELECT 1 FROM opened WHERE code = ?", code) is not None

    def replaced_by(self, code: str) -> str | None:
        """The code that took the place of this one."""
        row = self._sql.one("SELECT new FROM aliases WHERE old = ?", code)
        return None if row is None else str(row[0])

    def learned(self, prefix: str) -> tuple[str, int] | None:
        """(drug, level) that a clerk gave to this prefix."""
        row = self._sql.one("SELECT drug, level FROM learned_prefixes WHERE prefix = ?", prefix)
        return None if row is None else cast("tuple[str, int]", tuple(row))


def _changes(was: str, now: str) -> tuple[tuple[str, str | None, str | None], ...]:
    before, after = json.loads(was), json.loads(now)
    return tuple((what, before.get(what), after.get(what)) for what in sorted({*before, *after}))
