"""Deletes the rows of sources that nobody asks any more: dropped, withdrawn, superseded. Writer's thread, small steps.

Who they were and why they went stays in `sources`, what they had said before in `corrections`. A contradiction is shown
while both its sources are complete, so those of a dead source go with it. A kill in the middle costs nothing: every
step is whole, and the next run goes on from the place of the last deletion.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import cast

import peewee

from app.store.tables import Sql

STEP_ROWS = 500
PAUSE_S = 600.0  # single answers of a relay take the place of earlier ones all day
_PLACE = "sweep"
_DEAD_ONES = "SELECT id FROM sources WHERE swept = 0 AND state IN ('dropped', 'withdrawn', 'superseded')"
_STILL_DEAD = """
SELECT s.id FROM json_each(?) j CROSS JOIN sources s ON s.id = j.value
 WHERE s.state IN ('dropped', 'withdrawn', 'superseded')"""
_NEXT = "SELECT code, source FROM packages WHERE (code, source) > (?, ?) ORDER BY code, source LIMIT ?"
_ABOUT = """
DELETE FROM {table} WHERE (code, source, other, {more}) IN (
    SELECT code, source, other, {more} FROM {table}
     WHERE source IN (SELECT value FROM json_each(?1)) OR other IN (SELECT value FROM json_each(?1)) LIMIT ?2)"""
_CONTRADICTIONS = (_ABOUT.format(table="disputes", more="kind"), _ABOUT.format(table="doubts", more="because"))


class Sweeping:
    """One sweep at a time; `steps` is driven by `StoreWriter.sweep`."""

    def __init__(self, database: peewee.SqliteDatabase, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sql = Sql(database)
        self._monotonic = monotonic
        self._running = False
        self._rests_until: float | None = None

    def steps(self) -> Iterator[None]:
        """Sweep until no dead source has rows; nothing to do while it rests or runs already."""
        if self._running or (self._rests_until is not None and self._monotonic() < self._rests_until):
            return
        self._running = True
        try:
            while dead := self._dead():
                yield from self._delete(dead)
                self._rests_until = self._monotonic() + PAUSE_S
        finally:
            self._running = False

    def _dead(self) -> list[int]:
        """Those of the sweep that was cut short, else all."""
        kept = self._place()
        return kept[0] if kept else [cast("int", row[0]) for row in self._sql.all(_DEAD_ONES)]

    def _delete(self, dead: list[int]) -> Iterator[None]:
        names = json.dumps(dead)
        kept = self._place()
        after = (kept[1], kept[2]) if kept else ("", 0)
        while rows := cast("list[tuple[str, int]]", self._sql.all(_NEXT, *after, STEP_ROWS)):
            after = rows[-1]
            gone = self._still_dead(names)
            theirs = [row for row in rows if row[1] in gone]
            if theirs:
                self._sql.many("DELETE FROM packages WHERE code = ? AND source = ?", theirs)
                self._keep_place(dead, after)
            yield
        names = json.dumps(sorted(self._still_dead(names)))
        for statement in _CONTRADICTIONS:
            while self._sql.run(statement, names, STEP_ROWS):
                yield
        names = json.dumps(sorted(self._still_dead(names)))
        self._sql.run("DELETE FROM source_counts WHERE source IN (SELECT value FROM json_each(?))", names)
        self._sql.run("UPDATE sources SET swept = 1 WHERE id IN (SELECT value FROM json_each(?))", names)
        self._sql.run("DELETE FROM meta WHERE key = ?", _PLACE)
        yield

    def _still_dead(self, names: str) -> frozenset[int]:
        """A file that is taken in once more brings its source back to life."""
        rows = self._sql.all(_STILL_DEAD, names)
        return frozenset(cast("int", row[0]) for row in rows)

    def _place(self) -> tuple[list[int], str, int] | None:
        row = self._sql.one("SELECT value FROM meta WHERE key = ?", _PLACE)
        return None if row is None else cast("tuple[list[int], str, int]", tuple(json.loads(str(row[0]))))

    def _keep_place(self, dead: list[int], after: tuple[str, int]) -> None:
        self._sql.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", _PLACE, json.dumps([dead, *after]))
