"""Packages that came before anybody could tell what drug their prefix is: taken in once more when it is told, by the
hospital or by a clerk, or when what the clerk said was an error. Writer's thread, small steps.

Which prefixes are still to be looked through is kept beside the tables, so that a kill in the middle costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import cast

import peewee

from app.domain.packages import PackageClaim
from app.store.staging import Staging
from app.store.tables import Sql

STEP_ROWS = 100
_PLACE = "unnamed"
_ANY = "SELECT 1 FROM packages WHERE code >= ? AND code < ? LIMIT 1"
_NEXT = """
SELECT p.code, p.source, s.state, p.level, p.parent, c.drug, c.batch, c.expiry, c.made, p.amount, p.line
  FROM (SELECT * FROM packages WHERE code < ?3 AND (code, source) > (?1, ?2) ORDER BY code, source LIMIT ?4) p
  CROSS JOIN sources s ON s.id = p.source LEFT JOIN contents c ON c.id = p.content ORDER BY p.code, p.source"""
_ASKED = ("staged", "complete")
_Row = tuple[
    str, int, str, int | None, str | None, str | None, str | None, str | None, str | None, int | None, int | None
]


class Unnamed:
    """Finds them and has them named."""

    def __init__(self, database: peewee.SqliteDatabase, staging: Staging) -> None:
        self._sql = Sql(database)
        self._staging = staging

    def expect(self, prefixes: Mapping[str, str]) -> None:
        """Something else is known of these prefixes now than the drug that they were taken for (none: nothing was);
        those of packages that are here are looked through.
        """
        here = [(prefix, was) for prefix, was in prefixes.items() if self._sql.one(_ANY, *_range(prefix))]
        if here:
            waiting, named = self._place()
            self._keep_place([*waiting, *(each for each in here if each not in waiting)], named)

    def steps(self) -> Iterator[dict[int, set[str]]]:
        """Look through what is expected. After each step: of which complete sources something is known better, and
        the codes that it is about.
        """
        while (place := self._place())[0]:
            first, named = place[0][0], place[1]
            for found in self._look_through(*first):
                if new := found.keys() - set(named):
                    named = [*named, *new]
                    self._keep_place(self._place()[0], named)
                yield found
            self._keep_place([each for each in self._place()[0] if each != first], named)

    def end(self) -> list[int]:
        """The sources of which something is known better since the last end."""
        _, named = self._place()
        if named:
            self._sql.run("DELETE FROM meta WHERE key = ?", _PLACE)
        return named

    def _look_through(self, prefix: str, was: str) -> Iterator[dict[int, set[str]]]:
        first, end = _range(prefix)
        after: tuple[str, int] = (first, -1)
        while rows := cast("list[_Row]", self._sql.all(_NEXT, *after, end, STEP_ROWS)):
            after = rows[-1][:2]
            found: dict[int, set[str]] = {}
            unnamed = [row for row in rows if _is_unnamed(row, was)]
            for source in {row[1] for row in unnamed}:
                mine = [row for row in unnamed if row[1] == source]
                self._staging.again(source, [_claim(row, was) for row in mine])
                if mine[0][2] == "complete":
                    found[source] = {row[0] for row in mine} | {row[4] for row in mine if row[4]}
            yield found

    def _place(self) -> tuple[list[tuple[str, str]], list[int]]:
        """Prefixes to be looked through and what they were taken for; sources of which something is known better."""
        row = self._sql.one("SELECT value FROM meta WHERE key = ?", _PLACE)
        waiting, named = ([], []) if row is None else json.loads(str(row[0]))
        return [(prefix, was) for prefix, was in waiting], named

    def _keep_place(self, waiting: list[tuple[str, str]], named: list[int]) -> None:
        self._sql.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", _PLACE, json.dumps([waiting, named]))


def _range(prefix: str) -> tuple[str, str]:
    """The first code of a prefix (seven digits, or a GTIN-14), and the first that is none of it any more."""
    first = f"01{prefix}" if len(prefix) == 14 else prefix
    return first, first[:-1] + chr(ord(first[-1]) + 1)


def _is_unnamed(row: _Row, was: str) -> bool:
    """Without a drug that its source named, or without a level; what is on a line has its drug from the note."""
    _, _, state, level, _, drug, *_, line = row
    return state in _ASKED and (level is None or (drug in (None, "", was) and line is None))


def _claim(row: _Row, was: str) -> PackageClaim:
    code, _, _, level, parent, drug, batch, expiry, made, amount, line = row
    named = drug if drug and drug != was else None
    return PackageClaim(code, level, parent, named, batch or None, expiry or None, made or None, amount, line)
