"""Puts what one source claims into the tables, a block at a time: what cannot be is left out and kept as evidence, what
contradicts others is written down beside it. Writer's thread.

A source that may correct itself (the hospital) replaces what it said of a code before; what that was is returned.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import cast

import peewee

from app.domain.packages import PackageClaim
from app.store.catalogue import Catalogue
from app.store.packages import Packages
from app.store.tables import Sql, Value, insert_statement

_NINES = "9" * 13
_VIRTUAL = re.compile(rf"[0-9]{{7}}{_NINES}")  # a box that was never put into a scanned carton (trace-codes.md §8.3)
_INSERT = insert_statement("packages", verb="INSERT OR IGNORE")
_REPLACE = insert_statement("packages", verb="INSERT OR REPLACE")
DISPUTE = insert_statement("disputes", verb="INSERT OR IGNORE")
_DISPUTE_ONCE = """
INSERT INTO disputes (code, source, other, kind, says, other_says) SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
    SELECT 1 FROM disputes WHERE code = ?1 AND kind = ?4 AND (source, other) IN (VALUES (?2, ?3), (?3, ?2)))"""
_SAME_CODES = """
SELECT p.code, p.source, p.level, p.parent, p.content, p.line, p.amount
  FROM json_each(?) j CROSS JOIN packages p ON p.code = j.value"""
_KNOW_PARENT = """
SELECT DISTINCT p.parent, p.source FROM json_each(?) j CROSS JOIN packages p ON p.parent = j.value
 WHERE p.source <> ?"""
_CONTRADICTED = """
SELECT DISTINCT d.source, d.other FROM json_each(?1) j
  CROSS JOIN disputes d ON d.code = j.value AND (d.source = ?2 OR d.other = ?2)"""
_CHILDREN = """
SELECT p.parent, p.code, p.level FROM json_each(?) j CROSS JOIN packages p ON p.parent = j.value
 WHERE p.source = ? AND p.level IS NOT NULL"""

Said = tuple[int | None, str | None, int | None, int | None, int | None]  # level, parent, content, line, amount
_Row = tuple[str, int, int | None, str | None, int | None, int | None, int | None]  # code, source, what is said
Contents = dict[tuple[str, str, str, str], int]  # (drug, batch, expiry, made) → its row
_CONTENTS_KEPT = 10_000
_Dispute = tuple[str, int, int, str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a source said of a code before, and what it says now: only what differs."""

    code: str
    was: dict[str, str]
    now: dict[str, str]


class Staging:
    """Writes claims."""

    def __init__(self, database: peewee.SqliteDatabase, catalogue: Catalogue, packages: Packages) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._packages = packages

    def block(
        self, source: int, claims: Sequence[PackageClaim], contents: Contents, *, replacing: bool = False
    ) -> tuple[list[Replaced], set[tuple[int, int]]]:
        """Take claims in. `contents`: those that the blocks before have written; a transaction that fails takes them
        back, and whoever drives it must forget them. `replacing`: the source may say something else than before.

        What it said, and the (source, other) of which contradictions about these codes are forgotten.
        """
        replaced, disputes = self._take_in(source, claims, contents, replacing=replacing)
        forgotten = self._forget(source, [one.code for one in replaced]) if replaced else set()
        self._sql.many(DISPUTE, disputes)
        return replaced, forgotten

    def again(self, source: int, claims: Sequence[PackageClaim]) -> None:
        """Take in once more what the source said, now that more is known of its prefixes. It names no other packages,
        and what the other source wrote down already is not turned round.
        """
        _, disputes = self._take_in(source, claims, {}, replacing=True)
        self._sql.many(_DISPUTE_ONCE, (each for each in disputes if each[3] not in ("children", "shared")))

    def _take_in(
        self, source: int, claims: Sequence[PackageClaim], contents: Contents, *, replacing: bool
    ) -> tuple[list[Replaced], list[_Dispute]]:
        seen = _Seen(self._sql, source, claims, self._levels_of, replacing=replacing)
        rows: list[_Row] = []
        disputes: list[_Dispute] = []
        for told in claims:
            if told.code in seen.virtual:  # no package; what it stands in has more in it than anybody names
                disputes.append((told.code, source, source, "virtual_parent", told.parent, None))
                continue
            level, parent = self._possible(told, seen, disputes, source)
            row = (told.code, source, level, parent, self._content(told, contents), told.line, told.amount)
            if not seen.is_first(row):
                disputes += ((row[0], source, *each) for each in seen.compare(row, self._said))
                disputes += ((around, source, other, "children", row[0], None) for around, other in seen.missing(row))
                if not seen.take(row):
                    continue
            rows.append(row)
        disputes += ((parent, source, other, "shared", None, None) for parent, other in seen.shared)
        rows = self._turned_round(source, rows, seen, disputes)
        return self._write(source, rows, seen.before), disputes

    def _forget(self, source: int, codes: Sequence[str]) -> set[tuple[int, int]]:
        """The contradictions about codes of which something else is said now; what is still one is found anew."""
        names = json.dumps(list(codes))
        pairs = self._sql.all(_CONTRADICTED, names, source)
        self._sql.run(
            "DELETE FROM disputes WHERE code IN (SELECT value FROM json_each(?1)) AND (source = ?2 OR other = ?2)",
            names,
            source,
        )
        return set(cast("list[tuple[int, int]]", pairs))

    def _write(self, source: int, rows: list[_Row], before: dict[str, Said]) -> list[Replaced]:
        counts = Counter([row[4] for row in rows if row[2] == 1 and row[4] is not None])
        changed = []
        if before:
            counts.subtract(said[2] for said in before.values() if said[0] == 1 and said[2] is not None)
            anew = [row for row in rows if row[0] in before and before[row[0]] != row[2:]]
            rows = [row for row in rows if row[0] not in before]
            changed = [self._replaced(row[0], before[row[0]], row[2:]) for row in anew]
            self._sql.many(_REPLACE, anew)
        self._sql.many(_INSERT, sorted(rows, key=itemgetter(0)))  # neighbours in the file come one after the other
        self._sql.many(
            "INSERT INTO source_counts VALUES (?1, ?2, ?3) "
            "ON CONFLICT (source, content) DO UPDATE SET packs = packs + ?3",
            ((source, content, packs) for content, packs in counts.items() if packs),
        )
        return changed

    def _replaced(self, code: str, was: Said, now: Said) -> Replaced:
        before, after = self._told(was), self._told(now)
        differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        return Replaced(
            code,
            {name: value for name, value in before.items() if name in differ},
            {name: value for name, value in after.items() if name in differ},
        )

    def _told(self, said: Said) -> dict[str, str]:
        """Name → value, without what was not said."""
        level, parent, row, line, amount = said
        found: dict[str, Value] = {"level": level, "parent": parent, "line": line, "amount": amount}
        content = self._sql.one("SELECT drug, batch, expiry, made FROM contents WHERE id = ?", row)
        if content is not None:
            found |= dict(zip(("drug", "batch", "expiry", "made"), content, strict=True))
        return {name: str(value) for name, value in found.items() if value not in (None, "")}

    def _possible(
        self, claim: PackageClaim, seen: _Seen, disputes: list[_Dispute], source: int
    ) -> tuple[int | None, str | None]:  # fmt: skip
        """(level, parent) of the claim, without a link that cannot be."""
        # A prefix belongs to one level (§2); but what the hospital itself says of its own delivery goes first.
        in_delivery = claim.line is not None
        by_prefix = None if in_delivery and claim.level else seen.by_prefix[claim.code]
        level = by_prefix or claim.level
        if by_prefix and claim.level and by_prefix != claim.level:
            disputes.append((claim.code, source, source, "level", str(claim.level), str(by_prefix)))
        parent, wrong = claim.parent or None, None
        if parent is None:
            return level, None
        if parent == claim.code:
            wrong = "self_parent"
        elif parent in seen.virtual:
            wrong = "virtual_parent"
        elif level is not None:
            above = seen.level(parent, in_delivery=in_delivery)
            wrong = "levels" if above is not None and above <= level else None
        if wrong is None:
            return level, parent
        disputes.append((claim.code, source, source, wrong, parent, None))
        return level, None

    def _turned_round(
        self, source: int, rows: list[_Row], seen: _Seen, disputes: list[_Dispute]
    ) -> list[_Row]:  # fmt: skip
        """The rows without links to a parent that is not larger; children that came before their parent lose theirs."""
        levels = {row[0]: row[2] for row in rows if row[2] is not None}
        children = self._sql.all(_CHILDREN, json.dumps(list(levels)), source)
        for parent, code, level in cast("list[tuple[str, str, int]]", children):
            if level >= levels[parent] and code not in seen.before:
                self._sql.run("UPDATE packages SET parent = NULL WHERE code = ? AND source = ?", code, source)
                disputes.append((code, source, source, "levels", parent, None))
        wrong = {row[0] for row in rows if row[3] in levels and row[2] is not None and row[2] >= levels[row[3]]}
        if not wrong:
            return rows
        disputes += ((row[0], source, source, "levels", row[3], None) for row in rows if row[0] in wrong)
        return [(*row[:3], None, *row[4:]) if row[0] in wrong else row for row in rows]

    def _content(self, claim: PackageClaim, contents: Contents) -> int | None:
        if claim.line is not None and not claim.batch:
            return None  # the note says what is on its lines
        values = (claim.drug or self._drug_of(claim.code), claim.batch or "", claim.expiry or "", claim.made or "")
        if values == ("", "", "", ""):
            return None
        known = contents.get(values)
        return self._new_content(values, contents) if known is None else known

    def _new_content(self, values: tuple[str, str, str, str], contents: Contents) -> int:
        if len(contents) > _CONTENTS_KEPT:
            contents.clear()
        self._sql.run("INSERT OR IGNORE INTO contents (drug, batch, expiry, made) VALUES (?, ?, ?, ?)", *values)
        row = self._sql.one("SELECT id FROM contents WHERE drug = ? AND batch = ? AND expiry = ? AND made = ?", *values)
        assert row is not None
        contents[values] = cast("int", row[0])
        return contents[values]

    def _said(self, content: int) -> tuple[str, str]:
        """(drug, batch) of a content, from the file: it may be new, and not stay."""
        found = self._sql.one("SELECT drug, batch FROM contents WHERE id = ?", content)
        assert found is not None
        return str(found[0]), str(found[1])

    def _drug_of(self, code: str) -> str:
        """By the hospital's table, else as a clerk said it of the prefix."""
        prefix = _prefix(code)
        found = self._catalogue.prefix(prefix) or self._packages.learned(prefix)
        return found[0] if found else ""

    def _levels_of(self, codes: Iterable[str]) -> dict[str, int | None]:
        """What the prefixes of the codes say, each asked for once."""
        by_prefix: dict[str, int | None] = {}
        levels: dict[str, int | None] = {}
        for code in codes:
            prefix = _prefix(code)
            if prefix not in by_prefix:
                found = self._catalogue.prefix(prefix)
                by_prefix[prefix] = found[1] if found else None
            levels[code] = by_prefix[prefix]
        return levels


class _Seen:
    """What is here already of the codes of one block; `before`: what the source itself said, if it may say it anew."""

    def __init__(
        self,
        sql: Sql,
        source: int,
        claims: Sequence[PackageClaim],
        levels_of: Callable[[Iterable[str]], dict[str, int | None]],
        *,
        replacing: bool,
    ) -> None:
        self._source = source
        parents = {claim.parent for claim in claims if claim.parent}
        asked = {claim.code for claim in claims}
        names = asked | parents
        self.virtual = {code for code in names if code.endswith(_NINES) and _VIRTUAL.fullmatch(code)}
        self.by_prefix = levels_of(names)
        self._rows: dict[str, list[_Row]] = {}
        self.before: dict[str, Said] = {}
        for row in cast("list[_Row]", sql.all(_SAME_CODES, json.dumps(list(names)))):
            if replacing and row[1] == source and row[0] in asked:
                self.before[row[0]] = row[2:]
            else:
                self._rows.setdefault(row[0], []).append(row)
        self._levels = {claim.code: claim.level for claim in claims if claim.level}
        self.shared = [
            (str(parent), cast("int", other))
            for parent, other in sql.all(_KNOW_PARENT, json.dumps(list(parents)), source)
        ]
        self._known_by: dict[str | None, list[int]] = {}
        for parent, other in self.shared:
            self._known_by.setdefault(parent, []).append(other)

    def level(self, code: str, *, in_delivery: bool) -> int | None:
        """The level of a package around: as its prefix says, unless the hospital speaks of its own delivery."""
        by_prefix = self.by_prefix[code]
        return by_prefix if by_prefix and not in_delivery else self._told(code) or by_prefix

    def is_first(self, row: _Row) -> bool:
        """Take a row that there is nothing to hold against: nobody named the code before, nor what is in its parent."""
        if row[0] in self._rows or row[3] in self._known_by:
            return False
        self._rows[row[0]] = [row]
        return True

    def take(self, row: _Row) -> bool:
        """True if this source did not name the code before; from now on it did."""
        rows = self._rows.setdefault(row[0], [])
        if any(each[1] == self._source for each in rows):
            return False
        rows.append(row)
        return True

    def compare(
        self, row: _Row, said: Callable[[int], tuple[str, str]]
    ) -> Iterator[tuple[int, str, str | None, str | None]]:
        """(other source, kind, what this one says, what the other says) for each contradiction."""
        code, _, level, parent, content, _, _ = row
        for _, where, its_level, its_parent, its_content, _, _ in self._rows.get(code, ()):
            if parent and its_parent and parent != its_parent:
                yield where, "two_parents" if where == self._source else "parent", parent, its_parent
            if level and its_level and level != its_level:
                yield where, "level", str(level), str(its_level)
            if content and its_content and content != its_content:
                for mine, its in zip(said(content), said(its_content), strict=True):
                    if mine and its and mine != its:
                        yield where, "content", mine, its

    def missing(self, row: _Row) -> Iterator[tuple[str, int]]:
        """(parent, other source) where the other knows the parent's children, and this code is none of its codes."""
        code, parent = row[0], row[3]
        if parent is None:
            return
        for other in self._known_by.get(parent, ()):
            if all(where != other for _, where, *_ in self._rows.get(code, ())):
                yield parent, other

    def _told(self, code: str) -> int | None:
        """The level of a code in this source."""
        told = self._levels.get(code)
        return told or next((row[2] for row in self._rows.get(code, ()) if row[1] == self._source), None)


def _prefix(code: str) -> str:
    """Of a normalised key: seven digits, or the GTIN of `01` + GTIN + `21` + serial."""
    return code[2:16] if code[:2] == "01" else code[:7]
