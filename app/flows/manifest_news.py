"""What became of manifests: what came for the receipt under the hand, and what was refused. Any thread; reads on the
writer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from app.domain.documents import DeliveryNo, receipt_id
from app.flows.views import RefusedManifest
from app.store.tables import Sql
from app.store.writer import SETTLE, StoreWriter

REFUSED_SHOWN = 20
_SOURCE = """
SELECT s.kind, d.number FROM sources s LEFT JOIN deliveries d ON d.id = s.delivery
WHERE s.id = ? AND s.state = 'complete'
"""
# A manifest of which a version is here, or that was taken back, is nobody's business any more.
_REFUSED = """
SELECT s.name, coalesce(d.number, ''), s.says, max(s.made_ms)
FROM sources s LEFT JOIN deliveries d ON d.id = s.delivery
WHERE s.kind = 'relay' AND s.state = 'dropped' AND s.says LIKE 'manifest%' AND NOT EXISTS (
    SELECT 1 FROM sources n WHERE n.kind = s.kind AND n.name = s.name AND n.state IN ('complete', 'withdrawn'))
GROUP BY s.name ORDER BY max(s.made_ms) DESC, s.name LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Came:
    """A source became complete. `receipts`: of the estimates that it settled, one for each scan."""

    source: int
    receipts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a source means for one receipt. `restated`: scans of it that were counted anew."""

    kind: str
    restated: int


class ManifestNews:
    """Reads them."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer
        self._sql = Sql(writer.database)

    def arrival(self, came: Came, receipt: str) -> Arrival | None:
        """None if it has nothing to do with the receipt, or did not stay after all."""
        row = self._writer.call(lambda: self._sql.one(_SOURCE, came.source), priority=SETTLE, write=False)
        if row is None:
            return None
        kind, number = cast("tuple[str, str | None]", tuple(row))
        restated = came.receipts.count(receipt)
        meant = number is not None and receipt_id(DeliveryNo(number)) == receipt
        return Arrival(kind, restated) if meant or restated else None

    def refused(self) -> tuple[RefusedManifest, ...]:
        """The newest first."""
        return self._writer.call(lambda: refused_manifests(self._sql), priority=SETTLE, write=False)


def refused_manifests(sql: Sql, *, most: int = REFUSED_SHOWN) -> tuple[RefusedManifest, ...]:
    """The newest first. Writer's thread."""
    return tuple(
        RefusedManifest(name, number, says.partition(":")[0], made_ms)
        for name, number, says, made_ms in cast("list[tuple[str, str, str, int]]", sql.all(_REFUSED, most))
    )


def refused_for(sql: Sql, delivery: str) -> RefusedManifest | None:
    """The one that was meant for this delivery. Writer's thread."""
    return next((each for each in refused_manifests(sql, most=-1) if each.delivery == delivery), None)
