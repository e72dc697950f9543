"""Takes in what sources claim of packages: staged out of sight, checked against itself and against the others, then
visible as a whole. Writer's thread, in small steps.

A link that cannot be (a package in itself, or in one that is not larger) is not taken, and kept as evidence; two
sources that contradict each other both stay, and the packages concerned may not stand for their content
(trace-codes.md §8.5 R2, R3, R12, R13).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import cast

import peewee

from app.domain.packages import PackageClaim
from app.store.catalogue import Catalogue
from app.store.packages import TRUST, Packages
from app.store.tables import Sql, insert_statement

STEP_ROWS = 100
_NINES = "9" * 13
_VIRTUAL = re.compile(rf"[0-9]{{7}}{_NINES}")  # a box that was never put into a scanned carton (trace-codes.md §8.3)
_INSERT = insert_statement("packages", verb="INSERT OR IGNORE")
_DISPUTE = insert_statement("disputes", verb="INSERT OR IGNORE")
_SAME_CODES = """
SELECT p.code, p.source, p.level, p.parent, p.content FROM json_each(?) j CROSS JOIN packages p ON p.code = j.value"""
_KNOW_PARENT = """
SELECT DISTINCT p.parent, p.source FROM json_each(?) j CROSS JOIN packages p ON p.parent = j.value
 WHERE p.source <> ?"""


@dataclass(frozen=True, slots=True)
class Found:
    """A source that is here."""

    id: int
    state: str  # staged, complete, superseded, withdrawn, dropped
    rows: int


class PackageSources:
    """Writes claims."""

    def __init__(self, database: peewee.SqliteDatabase, catalogue: Catalogue, packages: Packages) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._packages = packages
        self._contents: dict[tuple[str, str, str, str], int] = {}
        self._came: Callable[[int], None] = lambda _: None

    def listen(self, came: Callable[[int], None]) -> None:
        """`came` is called with every source that becomes complete, in the same transaction."""
        self._came = came

    def find(self, kind: str, name: str, version: int) -> Found | None:
        row = self._sql.one(
            "SELECT id, state, rows FROM sources WHERE kind = ? AND name = ? AND version = ?", kind, name, version
        )
        return None if row is None else Found(*cast("tuple[int, str, int]", tuple(row)))

    def newest(self, kind: str, name: str) -> int | None:
        """The version that is complete here."""
        row = self._sql.one(
            "SELECT max(version) FROM sources WHERE kind = ? AND name = ? AND state = 'complete'", kind, name
        )
        return None if row is None else cast("int | None", row[0])

    def begin(self, kind: str, name: str, version: int, *, at_ms: int, delivery: str | None = None) -> int:
        """The id of a source to stage into; one that was staged before is gone on with.

        `at_ms`: when the source was made. `delivery`: the note that it was made for.
        """
        found = self.find(kind, name, version)
        if found is not None:
            return found.id
        row = None if delivery is None else self.delivery_row(delivery)
        self._sql.run(
            "INSERT INTO sources (kind, name, version, delivery, trust, state, rows, made_ms, at_ms) "
            "VALUES (?, ?, ?, ?, ?, 'staged', 0, ?, ?)",
            kind, name, version, row, TRUST[kind], at_ms, at_ms,
        )  # fmt: skip
        made = self.find(kind, name, version)
        assert made is not None
        return made.id

    def stage(self, source: int, claims: Sequence[PackageClaim], *, counting: bool = False) -> Iterator[None]:
        """Take claims in; the same claim may come twice. `counting`: the source remembers how many rows it was told."""
        left = iter(claims)
        while part := list(islice(left, STEP_ROWS)):
            self._block(source, part)
            if counting:
                self._sql.run("UPDATE sources SET rows = rows + ? WHERE id = ?", len(part), source)
            yield

    def complete(self, source: int) -> None:
        """From now on it is asked; earlier versions of it are not."""
        self._weigh(source)
        self._sql.run(
            "UPDATE sources SET state = 'superseded' WHERE state = 'complete' AND id <> ?1 AND (kind, name) = "
            "(SELECT kind, name FROM sources WHERE id = ?1)",
            source,
        )
        self._sql.run("UPDATE sources SET state = 'complete' WHERE id = ?", source)
        self._packages.forget()
        self._came(source)

    def drop(self, source: int, *, why: str | None = None) -> None:
        """It is not asked, and its name is free for another try."""
        self._sql.run("UPDATE sources SET state = 'dropped', version = -id, says = ? WHERE id = ?", why, source)
        self._packages.forget()

    def withdraw(self, kind: str, name: str) -> None:
        """Whoever made it takes it back, all versions; unknown here: nothing to do."""
        self._sql.run(
            "UPDATE sources SET state = 'withdrawn', version = CASE WHEN version > 0 THEN -id ELSE version END "
            "WHERE kind = ? AND name = ? AND state IN ('staged', 'complete', 'superseded')",
            kind,
            name,
        )
        self._packages.forget()

    def drop_claims(self, source: int, codes: Sequence[str]) -> None:
        """The source does not name these codes any more."""
        self._sql.run(
            "DELETE FROM packages WHERE source = ? AND code IN (SELECT value FROM json_each(?))",
            source,
            json.dumps(list(codes)),
        )

    def forget(self) -> None:
        """A delivery changed: what was worked out about its lines is asked anew."""
        self._packages.forget()

    def delivery_row(self, number: str) -> int:
        """The short stand-in for a delivery number; packages may come before their delivery."""
        found = self._sql.one("SELECT id FROM deliveries WHERE number = ?", number)
        if found is None:
            self._sql.run(
                "INSERT INTO deliveries (number, supplier, gift, synthetic, manifest, state) "
                "VALUES (?, '', 0, 0, 'late', 'announced')",
                number,
            )
            found = self._sql.one("SELECT id FROM deliveries WHERE number = ?", number)
        assert found is not None
        return int(str(found[0]))

    def _block(self, source: int, claims: list[PackageClaim]) -> None:
        seen = _Seen(self._sql, source, claims)
        rows: list[tuple[str, int, int | None, str | None, int | None, int | None, int | None]] = []
        disputes: list[tuple[str, int, int, str, str | None, str | None]] = []
        counts: Counter[int] = Counter()
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
                if claim.level == 1 and content is not None:
                    counts[content] += 1
        disputes += ((parent, source, other, "shared", None, None) for parent, other in seen.shared)
        self._sql.many(_INSERT, rows)
        self._sql.many(_DISPUTE, disputes)
        self._sql.many(
            "INSERT INTO source_counts VALUES (?1, ?2, ?3) "
            "ON CONFLICT (source, content) DO UPDATE SET packs = packs + ?3",
            ((source, content, packs) for content, packs in counts.items()),
        )
        self._turned_round(source, {row[0]: row[2] for row in rows if row[2] is not None})

    def _possible(
        self,
        claim: PackageClaim,
        seen: _Seen,
        disputes: list[tuple[str, int, int, str, str | None, str | None]],
        source: int,
    ) -> PackageClaim:
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
            self._sql.run(_DISPUTE, code, source, source, "levels", parent, None)

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
        found = self._by_prefix(code)
        return found[0] if found else ""

    def _level_of(self, code: str) -> int | None:
        found = self._by_prefix(code)
        return found[1] if found else None

    def _by_prefix(self, code: str) -> tuple[str, int] | None:
        """What the prefix of a normalised key tells: seven digits, or the GTIN of `01` + GTIN + `21` + serial."""
        return self._catalogue.prefix(code[2:16] if code.startswith("01") else code[:7])

    def _weigh(self, source: int) -> None:
        """Which packages may not stand for their content because of what this source contradicts."""
        for code, other, kind, says, other_says in self._sql.all(
            "SELECT code, other, kind, says, other_says FROM disputes WHERE source = ?", source
        ):
            here, there = (source, cast("int", other))
            chains: set[str] = set()
            if kind in ("parent", "two_parents"):
                chains = self._chain(str(says), here) ^ self._chain(str(other_says), there)
            elif kind == "virtual_parent":
                chains = self._chain(str(says), here) if says else set()
            elif kind in ("levels", "self_parent"):
                chains = {str(code)} | self._chain(str(says), here)
            elif kind in ("children", "level", "content") or self._differ(kind, str(code), here, there):
                chains = self._chain(str(code), here) | self._chain(str(code), there)
            self._sql.many(
                insert_statement("doubts", verb="INSERT OR IGNORE"), ((each, here, there, kind) for each in chains)
            )

    def _chain(self, code: str, source: int) -> set[str]:
        """The code and the packages around it in one source."""
        found: set[str] = set()
        step: str | None = code
        while step is not None and step not in found:
            found.add(step)
            row = self._sql.one("SELECT parent FROM packages WHERE code = ? AND source = ?", step, source)
            step = None if row is None else cast("str | None", row[0])
        return found

    def _differ(self, kind: object, parent: str, source: int, other: int) -> bool:
        """True if two sources name different children; that each of ours is there too was seen while staging."""
        if kind != "shared":
            return False
        counts = self._sql.all(
            "SELECT source, count(*) FROM packages WHERE parent = ? AND source IN (?, ?) GROUP BY source",
            parent, source, other,
        )  # fmt: skip
        return len({count for _, count in counts}) != 1 or len(counts) != 2


class _Seen:
    """What is here already of the codes of one block."""

    def __init__(self, sql: Sql, source: int, claims: list[PackageClaim]) -> None:
        self._source = source
        parents = {claim.parent for claim in claims if claim.parent}
        asked = {claim.code for claim in claims} | parents
        self._rows: dict[str, list[tuple[int, int | None, str | None, int | None]]] = {}
        for code, *row in sql.all(_SAME_CODES, json.dumps(list(asked))):
            self._rows.setdefault(str(code), []).append(
                cast("tuple[int, int | None, str | None, int | None]", tuple(row))
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
        rows = self._rows.setdefault(claim.code, [])
        if rows and any(where == self._source for where, *_ in rows):
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
