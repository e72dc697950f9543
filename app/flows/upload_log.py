"""What people do about uploads: their word on what nobody can be asked for, setting aside with an owner, sweeping.

Any thread; works on the writer's. Every act is logged with the person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

from app.base.errors import Trouble
from app.domain.rights import Operator
from app.domain.upload_owners import ASIDE, Owner
from app.flows.answers import Answers
from app.flows.receiving import Parts
from app.flows.upload_search import UploadSearch
from app.store.contradictions import Act
from app.store.writer import IDLE, SETTLE
from sync.item_ids import packed
from sync.verdicts import Settled

T = TypeVar("T")
ITEMS_AT_ONCE = 50
DAY_MS = 86_400_000
_SET_ASIDE = (
    "UPDATE sync_outbox SET code = ?, state = 'held' WHERE state IN ('queued', 'refused', 'held') AND id = ? "
    "RETURNING n"
)


class UploadLog(UploadSearch):
    """The log in a person's hands."""

    def __init__(self, parts: Parts) -> None:
        def run(job: Callable[[], T]) -> T:
            return parts.writer.call(job, priority=SETTLE, write=False)

        super().__init__(parts.writer.database, parts.catalogue, parts.outbox, run)
        self._parts = parts

    def decide(self, ids: Sequence[str], operator: Operator, *, arrived: bool) -> int:
        """A person's word on what nobody can be asked for; for how many it held."""
        moved = 0
        for part in _parts(ids):
            job = partial(self._decide, part, operator, arrived=arrived)
            moved += self._parts.writer.call(job, priority=SETTLE)
        if moved and not arrived:
            self._parts.nudge(True)
        return moved

    def set_aside(self, ids: Sequence[str], operator: Operator, owner: str, reason: str) -> int:
        """Hold records for an owner, with a reason; how many. Raises Trouble `reason_missing`."""
        if not reason.strip():
            raise Trouble("reason_missing")
        act = Act(0, operator.id, "set_aside", reason.strip())
        held = 0
        for part in _parts(ids):
            held += self._parts.writer.call(partial(self._set_aside, part, ASIDE[Owner(owner)], act), priority=SETTLE)
        return held

    def retried(self, ids: Sequence[str], operator: Operator) -> None:
        """Write down who sent them again."""
        act = Act(self._parts.clock.now_ms(), operator.id, "retried", None)

        def job(part: Sequence[str]) -> None:
            for row in self._parts.outbox.rows(ids=part, states=("queued",), limit=len(part)):
                self._people.act(act, item=row.n)

        for part in _parts(ids):
            self._parts.writer.call(partial(job, part), priority=SETTLE)

    def sweep(self, days: int) -> None:
        """Forget the traces of what was settled long ago, in slices between which everything else goes first."""
        before_ms = self._parts.clock.now_ms() - days * DAY_MS
        self._parts.writer.run_sliced(lambda: self._attempts.sweep(before_ms), finish=lambda: None)
        self._parts.writer.call(lambda: self._people.sweep_acts(before_ms), priority=IDLE)

    def _decide(self, ids: Sequence[str], operator: Operator, *, arrived: bool) -> int:
        now_ms = self._parts.clock.now_ms()
        rows = {row.n: row for row in self._parts.outbox.rows(ids=ids, states=("unsure",), limit=len(ids))}
        moved = self._attempts.decide(list(rows), now_ms, arrived=arrived)
        for n in moved:
            row = rows[n]
            self._people.act(Act(now_ms, operator.id, "arrived" if arrived else "not_arrived", None), item=n)
            if arrived:
                Answers(self._parts.receipts).apply(
                    [Settled(row.id, row.receipt, row.kind, "accepted", None, None, ())]
                )
        return len(moved)

    def _set_aside(self, ids: Sequence[str], code: str, act: Act) -> int:
        now_ms = self._parts.clock.now_ms()
        held = [self._sql.one(_SET_ASIDE, code, packed(item)) for item in ids]
        for found in held:
            if found is not None:
                self._people.act(replace(act, at_ms=now_ms), item=cast("int", found[0]))
        return sum(found is not None for found in held)


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + ITEMS_AT_ONCE] for start in range(0, len(ids), ITEMS_AT_ONCE)]
