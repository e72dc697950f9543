"""Takes in what sources claim of packages: staged out of sight, checked against itself and against the others, then
visible as a whole. Writer's thread, in small steps.

A link that cannot be (a package in itself, or in one that is not larger) is not taken, and kept as evidence; two
sources that contradict each other both stay, and the packages concerned may not stand for their content
(trace-codes.md §8.5 R2, R3, R12, R13).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

import peewee

from app.domain.packages import PackageClaim
from app.store.catalogue import Catalogue
from app.store.packages import TRUST, Packages
from app.store.staging import Contents, Replaced, Staging
from app.store.tables import Sql, insert_statement
from app.store.unnamed import Unnamed

STEP_ROWS = 100
_DOUBT = insert_statement("doubts", verb="INSERT OR IGNORE")
_DISPUTES = "SELECT source, other, code, kind, says, other_says FROM disputes WHERE source = ?"
_DISPUTES_ABOUT = """
SELECT d.source, d.other, d.code, d.kind, d.says, d.other_says FROM json_each(?2) j
  CROSS JOIN disputes d ON d.code = j.value AND d.source = ?1"""
# A package that the other source did not name, or not all of whose content it named: perhaps not yet.
_UNRIPE = "kind IN ('children', 'shared')"
_UNRIPE_DOUBTS = "SELECT * FROM doubts WHERE source = ? AND other = ? AND because IN ('children', 'shared')"
_UNRIPE_PAIRS = f"""
SELECT source, other FROM disputes WHERE source = ?1 AND other <> ?1 AND {_UNRIPE}
 UNION SELECT source, other FROM disputes WHERE other = ?1 AND source <> ?1 AND {_UNRIPE}"""  # noqa: S608 - our words
_NAMED_SINCE = """
DELETE FROM disputes WHERE source = ?1 AND other = ?2 AND kind = 'children' AND NOT EXISTS (
    SELECT 1 FROM packages mine WHERE mine.parent = disputes.code AND mine.source = ?1
       AND NOT EXISTS (SELECT 1 FROM packages theirs WHERE theirs.code = mine.code AND theirs.source = ?2))"""


@dataclass(frozen=True, slots=True)
class Found:
    """A source that is here."""

    id: int
    state: str  # staged, complete, superseded, withdrawn, dropped
    rows: int


@dataclass(frozen=True, slots=True)
class Same:
    """A source with the same content."""

    id: int
    name: str
    at_ms: int  # when it was taken in


class PackageSources:
    """Writes claims."""

    def __init__(
        self, database: peewee.SqliteDatabase, catalogue: Catalogue, packages: Packages, now_ms: Callable[[], int]
    ) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._packages = packages
        self._staging = Staging(database, catalogue, packages)
        self._unnamed = Unnamed(database, self._staging)
        self._now_ms = now_ms
        self._came: Callable[[int], None] = lambda _: None
        self._ended: Callable[[], None] = lambda: None
        self._named_soon: Callable[[], None] = lambda: None
        self._corrected: Callable[[int, Sequence[Replaced]], None] = lambda _, __: None

    def listen(self, came: Callable[[int], None]) -> None:
        """`came` is called with every source that becomes complete, in the same transaction."""
        self._came = came

    def hear_corrections(self, corrected: Callable[[int, Sequence[Replaced]], None]) -> None:
        """`corrected` is called with a source and what it says anew, in the same transaction."""
        self._corrected = corrected

    def hear_of_ends(self, ended: Callable[[], None]) -> None:
        """`ended` is called when sources are asked no more, in the same transaction: their rows can go."""
        self._ended = ended

    def hear_of_unnamed(self, named_soon: Callable[[], None]) -> None:
        """`named_soon` drives `name` when nobody waits for anything; it is called now, for what a kill left over."""
        self._named_soon = named_soon
        named_soon()

    def find(self, kind: str, name: str, version: int) -> Found | None:
        row = self._sql.one(
            "SELECT id, state, rows FROM sources WHERE kind = ? AND name = ? AND version = ?", kind, name, version
        )
        return None if row is None else Found(*cast("tuple[int, str, int]", tuple(row)))

    def same(self, kind: str, digest: str) -> Same | None:
        """The complete source of this kind whose name ends in the digest of its content: a copy under another name."""
        row = self._sql.one(
            "SELECT id, name, at_ms FROM sources WHERE kind = ?1 AND state = 'complete' "
            "AND substr(name, -length(?2) - 1) = ' ' || ?2 ORDER BY id LIMIT 1",
            kind,
            digest,
        )
        return None if row is None else Same(*cast("tuple[int, str, int]", tuple(row)))

    def newest(self, kind: str, name: str) -> int | None:
        """The version that is complete here."""
        row = self._sql.one(
            "SELECT max(version) FROM sources WHERE kind = ? AND name = ? AND state = 'complete'", kind, name
        )
        return None if row is None else cast("int | None", row[0])

    def begin(self, kind: str, name: str, version: int, *, at_ms: int, delivery: str | None = None) -> int:
        """The id of a source to stage into; one that was staged before is gone on with, one that was superseded is
        staged anew: the sweep may be deleting it.

        `at_ms`: when the source was made. `delivery`: the note that it was made for.
        """
        found = self.find(kind, name, version)
        if found is not None and found.state != "superseded":
            return found.id
        if found is not None:
            self._sql.run("UPDATE sources SET version = -id WHERE id = ?", found.id)
        row = None if delivery is None else self.delivery_row(delivery)
        self._sql.run(
            "INSERT INTO sources (kind, name, version, delivery, trust, state, rows, made_ms, at_ms) "
            "VALUES (?, ?, ?, ?, ?, 'staged', 0, ?, ?)",
            kind, name, version, row, TRUST[kind], at_ms, at_ms,
        )  # fmt: skip
        made = self.find(kind, name, version)
        assert made is not None
        return made.id

    def stage(
        self, source: int, claims: Iterable[PackageClaim], *, counting: bool = False, replacing: bool = False
    ) -> Iterator[None]:
        """Take claims in; the same claim may come twice. `counting`: the source remembers how many rows it was told.

        `replacing`: the source may say something else of a code than before; what it said is kept as a correction.
        """
        left, contents = iter(claims), Contents()
        while part := list(islice(left, STEP_ROWS)):
            replaced, forgotten = self._staging.block(source, part, contents, replacing=replacing)
            if replaced:
                self._correct(source, replaced, forgotten)
            if counting:
                self._sql.run("UPDATE sources SET rows = rows + ? WHERE id = ?", len(part), source)
            yield

    def complete(self, source: int, *, about: Iterable[str] | None = None) -> None:
        """From now on it is asked; earlier versions of it are not. `about`: only these codes are new since the last."""
        if about is None:
            self._doubt(self._sql.all(f"{_DISPUTES} AND NOT {_UNRIPE}", source))
            for _ in self._weigh(source):
                pass
        else:
            self._doubt(self._sql.all(_DISPUTES_ABOUT, source, _json(list(about))))
        superseded = self._sql.run(
            "UPDATE sources SET state = 'superseded' WHERE state = 'complete' AND id <> ?1 AND (kind, name) = "
            "(SELECT kind, name FROM sources WHERE id = ?1)",
            source,
        )
        self._sql.run("UPDATE sources SET state = 'complete' WHERE id = ?", source)
        self._packages.forget()
        if superseded:
            self._ended()
        self._came(source)

    def weigh(self, kind: str, name: str) -> Iterator[None]:
        """A source that came in pieces is whole now: what was doubted only because the rest was missing is doubted no
        more. In small steps.
        """
        row = self._sql.one("SELECT id FROM sources WHERE kind = ? AND name = ? AND state = 'complete'", kind, name)
        if row is not None:
            yield from self._weigh(cast("int", row[0]))

    def _weigh(self, source: int) -> Iterator[None]:
        """Hold it once more against the sources that came while it was not whole, or that it met before they were."""
        for pair in self._sql.all(_UNRIPE_PAIRS, source):
            self._sql.run(_NAMED_SINCE, *pair)
            found: set[tuple[str, int, int, str]] = set()
            disputes = iter(self._sql.all(f"{_DISPUTES} AND other = ? AND {_UNRIPE}", *pair))
            while part := list(islice(disputes, STEP_ROWS)):
                found |= self._doubt(part)
                yield
            doubted = self._sql.all(_UNRIPE_DOUBTS, *pair)
            gone = [doubt for doubt in doubted if doubt not in found]
            self._sql.many("DELETE FROM doubts WHERE code = ? AND source = ? AND other = ? AND because = ?", gone)

    def expect(self, prefixes: Mapping[str, str]) -> None:
        """Something else is known of these prefixes now than the drug that they were taken for (none: nothing was);
        what follows from it is for `name`.
        """
        self._unnamed.expect(prefixes)

    def learn(self, prefixes: Mapping[str, str]) -> None:
        """As `expect`, and somebody drives `name` soon."""
        self._unnamed.expect(prefixes)
        self._named_soon()

    def unknown(self, prefixes: Iterable[str]) -> dict[str, str]:
        """Of these prefixes those that the hospital never told of, and the drug that a clerk took them for."""
        new = [prefix for prefix in prefixes if self._catalogue.prefix(prefix) is None]
        return {prefix: known[0] if (known := self._packages.learned(prefix)) else "" for prefix in new}

    def name(self) -> Iterator[None]:
        """Packages that came before get the drug of the expected prefixes, and their level. In small steps."""
        for named in self._unnamed.steps():
            for source, codes in named.items():
                self._doubt(self._sql.all(_DISPUTES_ABOUT, source, _json(list(codes))))
            yield
        for source in self._unnamed.end():
            self._packages.forget()
            self._came(source)

    def drop(self, source: int, *, why: str | None = None) -> None:
        """It is not asked, and its name is free for another try."""
        self._sql.run("UPDATE sources SET state = 'dropped', version = -id, says = ? WHERE id = ?", why, source)
        self._packages.forget()
        self._ended()

    def withdraw(self, kind: str, name: str) -> None:
        """Whoever made it takes it back, all versions; unknown here: nothing to do."""
        self._sql.run(
            "UPDATE sources SET state = 'withdrawn', version = CASE WHEN version > 0 THEN -id ELSE version END "
            "WHERE kind = ? AND name = ? AND state IN ('staged', 'complete', 'superseded')",
            kind,
            name,
        )
        self._packages.forget()
        self._ended()

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

    def _correct(self, source: int, replaced: Sequence[Replaced], forgotten: set[tuple[int, int]]) -> None:
        """Keep what was said before; what is doubted because of a contradiction that is no more is weighed anew."""
        at_ms = self._now_ms()
        self._sql.many(
            "INSERT INTO corrections (code, source, at_ms, was, now) VALUES (?, ?, ?, ?, ?)",
            [(one.code, source, at_ms, _json(one.was), _json(one.now)) for one in replaced],
        )
        for pair in forgotten:
            self._sql.run("DELETE FROM doubts WHERE source = ? AND other = ?", *pair)
            self._doubt(self._sql.all(f"{_DISPUTES} AND other = ?", *pair))
        self._corrected(source, replaced)

    def _doubt(self, disputes: Iterable[Sequence[object]]) -> set[tuple[str, int, int, str]]:
        """Which packages may not stand for their content because of these contradictions."""
        found: set[tuple[str, int, int, str]] = set()
        for source, other, code, kind, says, other_says in disputes:
            here, there = (cast("int", source), cast("int", other))
            chains: set[str] = set()
            if kind in ("parent", "two_parents"):
                chains = self._chain(str(says), here) ^ self._chain(str(other_says), there)
            elif kind == "virtual_parent":
                chains = self._chain(str(says), here) if says else set()
            elif kind in ("levels", "self_parent"):
                chains = {str(code)} | self._chain(str(says), here)
            elif kind in ("children", "level", "content") or self._differ(kind, str(code), here, there):
                chains = self._chain(str(code), here) | self._chain(str(code), there)
            found |= {(each, here, there, str(kind)) for each in chains}
        self._sql.many(_DOUBT, found)
        return found

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


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
