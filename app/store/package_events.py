"""What happened to packages after they were made: opened, taken out, put in, replaced, learnt. A log that is never
shortened, and what follows from it. Writer's thread, inside its transaction.

The verbs are those of EPCIS aggregation (trace-codes.md §8.6). Whatever stood before stays in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import peewee

from app.store.packages import Packages
from app.store.tables import Sql, Value, insert_statement

ADD, DELETE, OBSERVE, DECLARE_ERROR = VERBS = ("add", "delete", "observe", "declare_error")
LEARNT = "clerk"  # the kind of source of what a person said of a code
# A box that was taken out need not come with the delivery: its source counts on one less, until that proves an error.
_LESS = """
UPDATE source_counts SET packs = packs - 1
 WHERE (source, content) IN (SELECT source, content FROM packages WHERE code = ? AND parent = ? AND level = 1)"""
_MORE = """
UPDATE source_counts SET packs = packs + 1
 WHERE (source, content) IN (SELECT source, content FROM packages WHERE code = ? AND parent IS NULL AND level = 1)"""


@dataclass(frozen=True, slots=True)
class PackageEventRow:
    """One event on one code. `origin`: clerk, relay or middleware; `declares`: the event that never was true.

    `add`: `code` stands in `parent` from then on; with `replaces` in the place of that dead code. `delete`: `code` left
    `parent`; without a code the parent was opened. `observe`: a person says what the code is (drug and level).
    """

    id: str
    at_ms: int
    origin: str
    verb: str
    parent: str | None = None
    code: str | None = None
    operator: str | None = None
    device: str | None = None
    level: int | None = None
    drug: str | None = None
    prefix: str | None = None
    replaces: str | None = None
    declares: str | None = None
    note: str | None = None


def spread(event: PackageEventRow, children: Sequence[str]) -> Iterator[PackageEventRow]:
    """An event on several children as one event for each; the first keeps the id."""
    if not children:
        yield event
    for place, child in enumerate(children):
        yield replace(event, code=child, id=event.id if place == 0 else f"{event.id}/{place}")


class PackageEvents:
    """Takes events in; telling one twice is the same as once."""

    def __init__(self, database: peewee.SqliteDatabase, packages: Packages) -> None:
        self._sql = Sql(database)
        self._packages = packages
        self._learnt: Callable[[Mapping[str, str]], None] = lambda _: None
        self._doers = {ADD: self._add, DELETE: self._delete, OBSERVE: self._observe, DECLARE_ERROR: self._declare_error}

    def hear_lessons(self, learnt: Callable[[Mapping[str, str]], None]) -> None:
        """`learnt` is called with a prefix and the drug that it was taken for, when a person says otherwise."""
        self._learnt = learnt

    def apply(self, event: PackageEventRow) -> None:
        """Write it down, and what follows from it. A verb that nobody knows is kept and changes nothing."""
        values: tuple[Value, ...] = (
            event.id, event.at_ms, event.origin, event.operator, event.device, event.verb, event.parent, event.code,
            event.level, event.drug, event.prefix, event.replaces, event.declares, event.note,
        )  # fmt: skip
        if self._sql.run(insert_statement("package_events", verb="INSERT OR IGNORE"), *values) and (
            event.verb in self._doers
        ):
            self._doers[event.verb](event)
            self._packages.forget()

    def _add(self, event: PackageEventRow) -> None:
        if event.code is None:
            return
        if event.replaces is not None:
            self._replace(event.replaces, event.code, event.id)
        if event.parent is None:
            return
        for claim in self._packages.of(event.code):
            if claim.parent is not None and claim.parent != event.parent:
                self._open(claim.parent, event.id)
        level = next((claim.level for claim in self._packages.of(event.code)), None)
        self._sql.run("UPDATE packages SET parent = NULL WHERE code = ? AND parent <> ?", event.code, event.parent)
        for claim in self._packages.of(event.parent):
            self._sql.run(
                "INSERT INTO packages (code, source, level, parent) VALUES (?1, ?2, ?3, ?4) "
                "ON CONFLICT (code, source) DO UPDATE SET parent = ?4",
                event.code, claim.source, level, event.parent,
            )  # fmt: skip

    def _replace(self, old: str, new: str, event: str) -> None:
        """The new code stands wherever the old one stood; the old one is asked for under its new name."""
        self._sql.run(
            "INSERT OR IGNORE INTO packages (code, source, level, parent, content, line, amount) "
            "SELECT ?, source, level, parent, content, line, amount FROM packages WHERE code = ?",
            new,
            old,
        )
        self._sql.run("UPDATE packages SET parent = ? WHERE parent = ?", new, old)
        self._sql.run("DELETE FROM packages WHERE code = ?", old)
        self._sql.run("INSERT OR REPLACE INTO aliases (old, new, event) VALUES (?, ?, ?)", old, new, event)

    def _delete(self, event: PackageEventRow) -> None:
        if event.parent is None:
            return
        self._open(event.parent, event.id)
        if event.code is not None:
            self._sql.run(_LESS, event.code, event.parent)
            self._sql.run("UPDATE packages SET parent = NULL WHERE code = ? AND parent = ?", event.code, event.parent)

    def _observe(self, event: PackageEventRow) -> None:
        if event.drug is None or event.level is None:
            return
        if event.prefix is not None:
            self._learnt({event.prefix: self._taken_for(event.prefix)})
            self._sql.run(
                insert_statement("learned_prefixes", verb="INSERT OR REPLACE"),
                event.prefix, event.drug, event.level, event.id,
            )  # fmt: skip
        elif event.code is not None:
            self._sql.run(
                "INSERT OR IGNORE INTO contents (drug, batch, expiry, made) VALUES (?, '', '', '')", event.drug
            )
            self._sql.run(
                "INSERT OR REPLACE INTO packages (code, source, level, content) SELECT ?, ?, ?, id FROM contents "
                "WHERE drug = ? AND batch = '' AND expiry = '' AND made = ''",
                event.code, self._learnt_source(event.at_ms), event.level, event.drug,
            )  # fmt: skip

    def _declare_error(self, event: PackageEventRow) -> None:
        """What an event brought is taken back: an opening, a lesson, a replacement. The log keeps both."""
        declared = event.declares
        self._sql.run("DELETE FROM opened WHERE event = ?", declared)
        for (prefix,) in self._sql.all("SELECT prefix FROM learned_prefixes WHERE event = ?", declared):
            self._learnt({str(prefix): self._taken_for(str(prefix))})
        self._sql.run("DELETE FROM learned_prefixes WHERE event = ?", declared)
        row = self._sql.one("SELECT verb, parent, code, prefix, replaces FROM package_events WHERE id = ?", declared)
        if row is None:
            return
        verb, parent, code, prefix, replaces = cast(
            "tuple[str, str | None, str | None, str | None, str | None]", tuple(row)
        )
        if verb == OBSERVE and prefix is None:
            self._sql.run("DELETE FROM packages WHERE code = ? AND source = ?", code, self._learnt_source(event.at_ms))
        elif verb == DELETE and code is not None:
            self._sql.run(_MORE, code)
            self._sql.run("UPDATE packages SET parent = ? WHERE code = ? AND parent IS NULL", parent, code)
        elif verb == ADD and replaces is not None and code is not None:
            self._replace(code, replaces, event.id)
            self._sql.run("DELETE FROM aliases WHERE old IN (?, ?)", replaces, code)
        elif verb == ADD:
            self._sql.run("UPDATE packages SET parent = NULL WHERE code = ? AND parent = ?", code, parent)

    def _taken_for(self, prefix: str) -> str:
        """The drug that a person said before, or none."""
        known = self._packages.learned(prefix)
        return known[0] if known else ""

    def _open(self, code: str, event: str) -> None:
        """The package and all around it stand for their content no more (§8.5 R7)."""
        around = self._packages.ancestors(self._packages.of(code))
        self._sql.many(insert_statement("opened", verb="INSERT OR IGNORE"), ((each, event) for each in (code, *around)))

    def _learnt_source(self, at_ms: int) -> int:
        self._sql.run(
            "INSERT OR IGNORE INTO sources (kind, name, version, trust, state, rows, made_ms, at_ms) "
            "VALUES (?1, ?1, 1, 10, 'complete', 0, ?2, ?2)",
            LEARNT,
            at_ms,
        )
        row = self._sql.one("SELECT id FROM sources WHERE kind = ?1 AND name = ?1", LEARNT)
        assert row is not None
        return cast("int", row[0])
