"""Names of members that the hospital sends and this version does not know, as rows of `meta`. Writer's thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import peewee

from app.store.tables import Sql
from sync.unknown import Unknown

MOST = 200
"""Names that are kept; whoever sends more makes them up, and they are counted as one."""
OTHERS = "…"
_PREFIX, _END = "unknown ", "unknown!"


@dataclass(frozen=True, slots=True)
class UnknownMember:
    """One by its place, with how often it came, since when, and one example."""

    member: str
    times: int
    first_ms: int
    last_ms: int
    example: str | None


class UnknownMembers:
    """Kept with the rows that they came in, so that what was passed over can be named."""

    def __init__(self, database: peewee.SqliteDatabase, now_ms: Callable[[], int]) -> None:
        self._sql = Sql(database)
        self._now_ms = now_ms

    def keep(self, found: Sequence[Unknown]) -> None:
        """Inside the caller's transaction."""
        now_ms, known = self._now_ms(), {one.member: one for one in self.all()}
        for one in found:
            name = one.member if one.member in known or len(known) < MOST else OTHERS
            before = known.get(name)
            times = one.times + (before.times if before else 0)
            known[name] = UnknownMember(name, times, before.first_ms if before else now_ms, now_ms, one.example)
            value = json.dumps([times, known[name].first_ms, now_ms, one.example], ensure_ascii=False)
            self._sql.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", f"{_PREFIX}{name}", value)

    def all(self) -> tuple[UnknownMember, ...]:
        rows = self._sql.all("SELECT key, value FROM meta WHERE key > ? AND key < ? ORDER BY key", _PREFIX, _END)
        return tuple(_member(str(key).removeprefix(_PREFIX), json.loads(str(value))) for key, value in rows)


def _member(name: str, value: Sequence[object]) -> UnknownMember:
    times, first_ms, last_ms, example = value
    return UnknownMember(name, *cast("tuple[int, int, int]", (times, first_ms, last_ms)), cast("str | None", example))
