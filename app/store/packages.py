"""The manifests: which code stands under which, per delivery. Writer's thread; asked at every scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import peewee

from app.store.tables import Sql

_LEAVES = """
WITH RECURSIVE under(code, level, line, depth) AS (
    SELECT code, level, line, 1 FROM packages WHERE parent = ?1 AND delivery = ?2
    UNION SELECT p.code, p.level, p.line, under.depth + 1 FROM packages p
      JOIN under ON p.parent = under.code WHERE p.delivery = ?2 AND under.depth < 5)
SELECT code, line FROM under WHERE level = 1
"""


@dataclass(frozen=True, slots=True)
class PackageRow:
    """A code in one delivery's manifest; `level` 1 is the smallest coded pack."""

    code: str
    delivery: int
    level: int
    parent: str | None
    line: int


class Packages:
    """Reads of the manifests."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)

    def of(self, code: str) -> tuple[PackageRow, ...]:
        """The code in every manifest that names it."""
        rows = self._sql.all("SELECT code, delivery, level, parent, line FROM packages WHERE code = ?", code)
        return tuple(PackageRow(*cast("tuple[str, int, int, str | None, int]", row)) for row in rows)

    def smallest(self, package: PackageRow) -> tuple[tuple[str, int], ...]:
        """(code, line) of the smallest packs under it, sorted; itself if it is one; empty if nobody knows them."""
        if package.level == 1:
            return ((package.code, package.line),)
        rows = self._sql.all(_LEAVES, package.code, package.delivery)
        return tuple(sorted(cast("list[tuple[str, int]]", rows)))

    def parents(self, package: PackageRow) -> tuple[str, ...]:
        """The packages around it, nearest first (at most four levels, whatever the source claims)."""
        found: list[str] = []
        parent = package.parent
        while parent is not None and parent not in found and len(found) < 4:
            found.append(parent)
            row = self._sql.one("SELECT parent FROM packages WHERE code = ? AND delivery = ?", parent, package.delivery)
            parent = None if row is None else cast("str | None", row[0])
        return tuple(found)

    def children(self, package: PackageRow) -> tuple[str, ...]:
        """The codes directly in it."""
        rows = self._sql.all(
            "SELECT code FROM packages WHERE parent = ? AND delivery = ? ORDER BY code", package.code, package.delivery
        )
        return tuple(str(row[0]) for row in rows)
