"""The list of deliveries: what waits, what is under way, what needs attention. Any thread; reads on the writer's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

from app.domain.documents import receipt_id
from app.domain.rights import Operator, may_open
from app.flows.manifest_news import refused_manifests
from app.flows.views import DeliveryTask, TasksView
from app.store.catalogue import Catalogue
from app.store.reopened import Reopened, ReopenedNotes
from app.store.tables import Sql
from app.store.writer import SETTLE, StoreWriter
from sync import Outbox

CLOSED_SHOWN = 20
_ORDER = ("under_way", "paused", "waiting", "closed")

# A receipt's id is made from its delivery's number, so that one look-up by key answers for each delivery.
_TASKS = """
WITH tasks AS (
SELECT d.id, d.number, d.supplier, d.shipped_ms, d.gift, d.manifest, d.store_room,
    CASE WHEN r.state = 'closed' OR k.state = 'closed' THEN 'closed' WHEN r.paused = 1 THEN 'paused'
         WHEN r.id IS NOT NULL OR k.id IS NOT NULL THEN 'under_way' ELSE 'waiting' END AS task, r.id AS receipt
FROM deliveries d LEFT JOIN receipts r ON r.id = d.number || ?1 LEFT JOIN known_receipts k ON k.id = d.number || ?1
WHERE d.state = 'open')
SELECT id, number, supplier, shipped_ms, gift, manifest, store_room, task, receipt FROM tasks
"""
_PENDING = f"{_TASKS} WHERE task <> 'closed'"
_CLOSED = f"{_TASKS} WHERE task = 'closed' ORDER BY id DESC LIMIT ?2"
_NAMED_BY = f"""{_TASKS} WHERE task <> 'closed' AND id IN (
    SELECT s.delivery FROM packages p JOIN sources s ON s.id = p.source WHERE p.code = ?2 AND s.state = 'complete')
 ORDER BY number"""  # noqa: S608 - words of our own
_LINES = """
SELECT l.line, l.packs, coalesce(g.name, l.drug), coalesce(g.special, 0)
FROM delivery_lines l LEFT JOIN drugs g ON g.drug = l.drug WHERE l.delivery = ? ORDER BY l.line
"""
_ACCOUNTED = (
    "SELECT coalesce(sum(received + short + damaged + rejected + exempt), 0) FROM receipt_lines WHERE receipt = ?"
)
_OTHERS = "SELECT coalesce(sum(packs), 0) FROM known_codes WHERE receipt = ? AND state = 'in'"


class Tasks:
    """Reads the task list."""

    def __init__(self, writer: StoreWriter, catalogue: Catalogue, outbox: Outbox) -> None:
        self._writer = writer
        self._sql = Sql(writer.database)
        self._catalogue = catalogue
        self._outbox = outbox
        self._reopened = ReopenedNotes(writer.database)

    def reopened(self) -> tuple[Reopened, ...]:
        """Receipts whose close the hospital did not take, and that nobody has closed again."""
        return self._writer.call(self._reopened.open, priority=SETTLE, write=False)

    def view(self, operator: Operator | None = None) -> TasksView:
        """Under way first, then paused, then waiting by age, then the CLOSED_SHOWN newest closed ones.

        With `operator`: only deliveries for store rooms in which this person may receive.
        """
        return self._writer.call(lambda: self._view(operator), priority=SETTLE, write=False)

    def deliveries_of(self, code: str) -> tuple[str, ...]:
        """Numbers of the deliveries still to be received whose manifest names this code."""
        return self._writer.call(lambda: self._named_by(code), priority=SETTLE, write=False)

    def _view(self, operator: Operator | None) -> TasksView:
        suffix = receipt_id("")
        rows = self._sql.all(_PENDING, suffix) + self._sql.all(_CLOSED, suffix, CLOSED_SHOWN)
        refused = refused_manifests(self._sql)
        why = {each.delivery: each.code for each in reversed(refused)}
        again = {each.receipt: each.why for each in self._reopened.open()}
        tasks = [self._task(row, why.get(str(row[1])), again) for row in rows if _is_for(operator, row)]
        counts = self._outbox.counts()
        site = self._catalogue.site()
        return TasksView(
            tuple(sorted(tasks, key=_place)),
            counts.refused,
            counts.held,
            counts.waiting,
            self._outbox.fetched_ms(site.realm) if site else None,
            refused,
        )

    def _task(self, row: Sequence[object], manifest_refused: str | None, again: Mapping[str, str]) -> DeliveryTask:
        delivery, number, supplier, shipped_ms, gift, manifest, _, state, receipt = cast(
            "tuple[int, str, str, int | None, int, str, str | None, str, str | None]", tuple(row)
        )
        lines = cast("list[tuple[int, int, str, int]]", self._sql.all(_LINES, delivery))
        accounted = self._sql.one(_ACCOUNTED if receipt else _OTHERS, receipt or receipt_id(number))
        return DeliveryTask(
            number,
            supplier,
            state,
            len(lines),
            sum(packs for _, packs, _, _ in lines),
            cast("int", accounted[0]) if accounted else 0,
            lines[0][2] if lines else "",
            shipped_ms,
            any(special for *_, special in lines),
            bool(gift),
            manifest,
            manifest_refused,
            again.get(receipt or ""),
        )

    def _named_by(self, code: str) -> tuple[str, ...]:
        return tuple(str(row[1]) for row in self._sql.all(_NAMED_BY, receipt_id(""), code))


def _is_for(operator: Operator | None, row: Sequence[object]) -> bool:
    return operator is None or may_open(operator, cast("str | None", row[6]))


def _place(task: DeliveryTask) -> tuple[int, float, str]:
    """Oldest first, except what is closed: there the newest stands on top."""
    age = math.inf if task.shipped_ms is None else float(task.shipped_ms)
    return _ORDER.index(task.state), -age if task.state == "closed" else age, task.delivery
