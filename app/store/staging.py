"""Puts what one source claims into the tables, a block at a time: what cannot be is left out and kept as evidence, what
contradicts others is written down beside it. Writer's thread.

A source that may correct itself (the hospital) replaces what it said of a code before; what that was is returned.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
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
_SAME_CODES = """
SELECT p.code, p.source, p.level, p.parent, p.content, p.line, p.amount
  FROM json_each(?) j CROSS JOIN packages p ON p.code = j.value"""
_KNOW_PARENT = """
SELECT DISTINCT p.parent, p.source FROM json_each(?) j CROSS JOIN packages p ON p.parent = j.value
 WHERE p.source <> ?"""
_CONTRADICTED = """
SELECT DISTINCT d.source, d.other FROM json_each(?1) j
  CROSS JOIN disputes d ON d.code = j.value AND (d.source = ?2 OR d.other = ?2)"""

Said = tuple[int | None, str | None, int | None, int | None, int | None]  # level, parent, content, line, amount
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
        self._contents: dict[tuple[str, str, str, str], int] = {}
        self._levels: dict[str, int | None] = {}  # by prefix, for one block

    def block(
        self, source: int, claims: Sequence[PackageClaim], *, replacing: bool = False
    ) -> tuple[list[Replaced], set[tuple[int, int]]]:
        """Take claims in. `replacing`: the source may say something else of a code than before.

        What it said, and the (source, other) of which contradictions about these codes are forgotten.
        """
        self._levels.clear()
        seen = _Seen(self._sql, source, claims, replacing=replacing)
        rows: list[tuple[Value, ...]] = []
        disputes: list[_Dispute] = []
        for told in claims:
            if _virtual(told.code):  # no package; what it stands in has more in it than anybody names
                disputes.append((told.code, source, source, "virtual_parent", told.parent, None))
                continue
            claim = self._possible(told, seen, disputes, source)
            content = self._content(claim)
            if not seen.first_of(claim):
                told_else = seen.compare(claim, content, self._said)
                disputes += ((claim.code, source, *each) for each in told_else)
                lacks = seen.missing(claim)
                disputes += ((parent, source, other, "children", claim.code, None) for parent, other in lacks)
            if not seen.here(claim, content):
                rows.append((claim.code, source, claim.level, claim.parent, content, claim.line, claim.amount))
        disputes += ((parent, source, other, "shared", None, None) for parent, other in seen.shared)
        replaced = self._write(source, rows, seen.before)
        forgotten = self._forget(source, [one.code for one in replaced]) if replaced else set()
        self._sql.many(DISPUTE, disputes)
        self._turned_round(source, {str(row[0]): cast("int", row[2]) for row in rows if row[2] is not None})
        return replaced, forgotten

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

    def _write(self, source: int, rows: list[tuple[Value, ...]], before: dict[str, Said]) -> list[Replaced]:
        counts = Counter(cast("int", row[4]) for row in rows if row[2] == 1 and row[4] is not None)
        changed = []
        if before:
            counts.subtract(said[2] for said in before.values() if said[0] == 1 and said[2] is not None)
            anew = [row for row in rows if str(row[0]) in before]
            rows = [row for row in rows if str(row[0]) not in before]
            anew = [row for row in anew if before[str(row[0])] != row[2:]]
            changed = [self._replaced(str(row[0]), before[str(row[0])], cast("Said", row[2:])) for row in anew]
            self._sql.many(_REPLACE, anew)
        self._sql.many(_INSERT, rows)
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
        content = self._packages.content(row)
        if content is not None:
            found |= {"drug": content.drug, "batch": content.batch, "expiry": content.expiry, "made": content.made}
        return {name: str(value) for name, value in found.items() if value not in (None, "")}

    def _possible(
        self, claim: PackageClaim, seen: _Seen, disputes: list[_Dispute], source: int
    ) -> PackageClaim:  # fmt: skip
        """The claim with its level, and without a link that cannot be."""
        # A prefix belongs to one level (§2); but what the hospital itself says of its own delivery goes first.
        by_prefix = None if claim.line is not None and claim.level else self._level_of(claim.code)
        level = by_prefix or claim.level
        if by_prefix and claim.level and by_prefix != claim.level:
            disputes.append((claim.code, source, source, "level", str(claim.level), str(by_prefix)))
        parent, wrong = claim.parent or None, None
        if parent == claim.code:
            wrong = "self_parent"
        elif parent is not None and _virtual(parent):
            wrong = "virtual_parent"
        elif parent is not None and level is not None:
            above = seen.level(parent) if claim.line is not None else None
            above = above or self._level_of(parent) or seen.level(parent)
            wrong = "levels" if above is not None and above <= level else None
        if wrong:
            disputes.append((claim.code, source, source, wrong, parent, None))
            parent = None
        if level == claim.level and parent == claim.parent:
            return claim
        return replace(claim, level=level, parent=parent)

    def _turned_round(self, source: int, levels: dict[str, int]) -> None:
        """Children that came before a parent that is not larger than they are; `levels` of the new codes."""
        rows = self._sql.all(
            "SELECT p.parent, p.code, p.level FROM json_each(?) j CROSS JOIN packages p ON p.parent = j.value "
            "WHERE p.source = ?",
            json.dumps(list(levels)),
            source,
        )
        wrong = [
            (str(code), str(parent))
            for parent, code, level in rows
            if level is not None and cast("int", level) >= levels[str(parent)]
        ]
        for code, parent in wrong:
            self._sql.run("UPDATE packages SET parent = NULL WHERE code = ? AND source = ?", code, source)
            self._sql.run(DISPUTE, code, source, source, "levels", parent, None)

    def _content(self, claim: PackageClaim) -> int | None:
        if claim.line is not None and not claim.batch:
            return None  # the note says what is on its lines
        values = (claim.drug or self._drug_of(claim.code), claim.batch or "", claim.expiry or "", claim.made or "")
        if values == ("", "", "", ""):
            return None
        if values not in self._contents:
            if len(self._contents) > 10_000:
                self._contents.clear()
            self._sql.run("INSERT OR IGNORE INTO contents (drug, batch, expiry, made) VALUES (?, ?, ?, ?)", *values)
            row = self._sql.one(
                "SELECT id FROM contents WHERE drug = ? AND batch = ? AND expiry = ? AND made = ?", *values
            )
            assert row is not None
            self._contents[values] = cast("int", row[0])
        return self._contents[values]

    def _said(self, content: int) -> tuple[str, str]:
        """(drug, batch) of a content."""
        found = self._packages.content(content)
        assert found is not None
        return found.drug, found.batch

    def _drug_of(self, code: str) -> str:
        found = self._catalogue.prefix(_prefix(code))
        return found[0] if found else ""

    def _level_of(self, code: str) -> int | None:
        prefix = _prefix(code)
        if prefix not in self._levels:
            found = self._catalogue.prefix(prefix)
            self._levels[prefix] = found[1] if found else None
        return self._levels[prefix]


class _Seen:
    """What is here already of the codes of one block; `before`: what the source itself said, if it may say it anew."""

    def __init__(self, sql: Sql, source: int, claims: Sequence[PackageClaim], *, replacing: bool) -> None:
        self._source = source
        parents = {claim.parent for claim in claims if claim.parent}
        asked = {claim.code for claim in claims}
        self._rows: dict[str, list[tuple[int, int | None, str | None, int | None]]] = {}
        self.before: dict[str, Said] = {}
        for code, where, *said in sql.all(_SAME_CODES, json.dumps(list(asked | parents))):
            if replacing and where == source and code in asked:
                self.before[str(code)] = cast("Said", tuple(said))
                continue
            self._rows.setdefault(str(code), []).append(
                cast("tuple[int, int | None, str | None, int | None]", (where, *said[:3]))
            )
        self._levels = {claim.code: claim.level for claim in claims if claim.level}
        self.shared = [
            (str(parent), cast("int", other))
            for parent, other in sql.all(_KNOW_PARENT, json.dumps(list(parents)), source)
        ]
        self._known_by: dict[str, list[int]] = {}
        for parent, other in self.shared:
            self._known_by.setdefault(parent, []).append(other)

    def level(self, code: str) -> int | None:
        """The level of a code in this source."""
        told = self._levels.get(code)
        return told or next((level for where, level, _, _ in self._rows.get(code, ()) if where == self._source), None)

    def first_of(self, claim: PackageClaim) -> bool:
        """True if nobody named the code before, nor what is in its parent: there is nothing to hold it against."""
        return claim.code not in self._rows and claim.parent not in self._known_by

    def here(self, claim: PackageClaim, content: int | None) -> bool:
        """True if this source named the code before; else it is remembered."""
        rows = self._rows.get(claim.code)
        if rows is None:
            rows = self._rows[claim.code] = []
        elif any(where == self._source for where, *_ in rows):
            return True
        rows.append((self._source, claim.level, claim.parent, content))
        return False

    def compare(
        self, claim: PackageClaim, content: int | None, said: Callable[[int], tuple[str, str]]
    ) -> Iterator[tuple[int, str, str | None, str | None]]:
        """(other source, kind, what this one says, what the other says) for each contradiction."""
        for where, level, parent, other_content in self._rows.get(claim.code, ()):
            if claim.parent and parent and claim.parent != parent:
                yield where, "two_parents" if where == self._source else "parent", claim.parent, parent
            if claim.level and level and claim.level != level:
                yield where, "level", str(claim.level), str(level)
            if content and other_content and content != other_content:
                for mine, its in zip(said(content), said(other_content), strict=True):
                    if mine and its and mine != its:
                        yield where, "content", mine, its

    def missing(self, claim: PackageClaim) -> Iterator[tuple[str, int]]:
        """(parent, other source) where the other knows the parent's children, and this code is none of its codes."""
        if claim.parent is None:
            return
        for other in self._known_by.get(claim.parent, ()):
            if all(where != other for where, *_ in self._rows.get(claim.code, ())):
                yield claim.parent, other


def _virtual(code: str) -> bool:
    return code.endswith(_NINES) and _VIRTUAL.fullmatch(code) is not None


def _prefix(code: str) -> str:
    """Of a normalised key: seven digits, or the GTIN of `01` + GTIN + `21` + serial."""
    return code[2:16] if code.startswith("01") else code[:7]
