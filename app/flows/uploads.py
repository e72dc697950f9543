"""The upload queue: what waits, what was refused and why, sending again, setting aside. Any thread; on the writer's.

Contract: the hospital judges a refused item afresh, and answers one in conflict with the same conflict for ever (only a
reversal ends it). So a conflict is not sent again; the box is scanned again once the other record is gone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from app.domain.codes import Reading, read
from app.domain.documents import OUTCOMES_BY_LINE
from app.flows.contradictions import Contradictions
from app.flows.receiving import Parts
from app.flows.upload_log import UploadLog
from app.flows.views import UploadFilter, UploadRow, UploadsView
from app.store.tables import Sql
from app.store.writer import SETTLE
from sync import OutboxRow
from sync.item_ids import unpacked

DUE = "claims_due"  # stands for rows of the insurance that lack something; never sent itself
ITEMS_AT_ONCE = 50  # in one transaction: a scan never waits for more
_PAYLOADS = """
SELECT e.receipt, e.seq, e.payload FROM json_each(?) j
  CROSS JOIN entries e ON e.receipt = json_extract(j.value, '$[0]') AND e.seq = json_extract(j.value, '$[1]')"""
_ENTRY = """
SELECT receipt, seq, kind, payload, code, line, packs, outcome, in_force, remote, EXISTS (
    SELECT 1 FROM entries u WHERE u.receipt = e.receipt AND u.negates = e.seq AND u.reason = 'ok')
FROM entries e WHERE receipt = ? AND seq = ?
"""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Journal:
    """The entry behind an item."""

    receipt: str
    seq: int
    kind: str
    payload: str | None
    code: str | None
    line: int | None
    packs: int | None
    outcome: str | None
    in_force: int
    remote: str | None
    undone: int

    @property
    def taken_back(self) -> bool:
        """It was in force until the hospital said no."""
        return not self.in_force and self.remote is not None and (self.kind == "scan" or self.outcome is not None)


class Uploads:
    """The outbox in a person's hands."""

    def __init__(self, parts: Parts, claims_again: Callable[[str], bool] = lambda _: False) -> None:
        """`claims_again` looks again at what a receipt could not tell the insurance; True: nothing waits any more."""
        self._parts = parts
        self._claims_again = claims_again
        self.log = UploadLog(parts)
        self.contradictions = Contradictions(parts)
        self._sql = Sql(parts.writer.database)

    def view(self, states: Sequence[str] = (), limit: int = 200, before: int | None = None) -> UploadsView:
        """Totals, and the newest rows in one of `states` (all if empty); page on with `before=rows[-1].n`."""
        return self._parts.writer.call(lambda: self._view(states, limit, before), priority=SETTLE, write=False)

    def found(self, wanted: UploadFilter, limit: int = 200, before: int | None = None) -> UploadsView:
        """Totals, whose turn it is, and a page of what the filter finds."""
        page = self.log.page(wanted, limit, before)
        totals = self._parts.writer.call(self._parts.outbox.counts, priority=SETTLE, write=False)
        return UploadsView(
            totals.queued, totals.in_flight, totals.accepted, totals.refused, totals.unsure, totals.held, page.rows,
            tuple(self.log.owners().items()), wanted, page.next,
        )  # fmt: skip

    def retry(self, ids: Sequence[str]) -> int:
        """Queue held and refused items again; how many.

        What the hospital's refusal had taken back counts again from the same moment: the code is looked up anew. Left
        as they are: items in conflict, items undone here, and codes that meanwhile came in by another scan.
        """
        again = 0
        for part in _parts(ids):
            again += self._parts.writer.call(partial(self._retry, part), priority=SETTLE)
        if again:
            self._parts.nudge(True)
        _log.info("%d of %d items are sent again", again, len(ids))
        return again

    def set_aside(self, ids: Sequence[str]) -> int:
        """Hold queued and refused items until somebody sends them again; how many. They count here as before."""
        held = 0
        for part in _parts(ids):
            held += self._parts.writer.call(partial(self._parts.outbox.set_aside, part), priority=SETTLE)
        _log.info("%d of %d items are set aside", held, len(ids))
        return held

    def _view(self, states: Sequence[str], limit: int, before: int | None) -> UploadsView:
        counts = self._parts.outbox.counts()
        rows = self._parts.outbox.rows(states=states, before_n=before, limit=limit)
        found = self._sql.all(_PAYLOADS, json.dumps([(row.receipt, row.seq) for row in rows]))
        payloads = {(receipt, seq): cast("str | None", payload) for receipt, seq, payload in found}
        return UploadsView(
            counts.queued,
            counts.in_flight,
            counts.accepted,
            counts.refused,
            counts.unsure,
            counts.held,
            tuple(_row(row, payloads.get((row.receipt, row.seq))) for row in rows),
        )

    def _retry(self, ids: Sequence[str]) -> int:
        rows = self._parts.outbox.rows(ids=ids, states=("held", "refused"), limit=len(ids))
        return sum(self._retry_one(row) for row in reversed(rows))

    def _retry_one(self, row: OutboxRow) -> bool:
        found = self._sql.one(_ENTRY, row.receipt, row.seq)
        if row.result == "conflict" or found is None:
            return False
        if row.kind == DUE:
            return self._claims_again(row.receipt)
        entry = _Journal(*cast("tuple[str, int, str, str, str, int, int, str, int, str, int]", tuple(found)))
        if entry.undone and row.kind in ("scan", "outcome"):
            return row.state == "held" and self._send_with_its_undo(row, entry)
        if entry.taken_back and not self._reinstate(entry):
            return False
        self._sql.run("UPDATE entries SET remote = NULL WHERE receipt = ? AND seq = ?", entry.receipt, entry.seq)
        return self._parts.outbox.retry([row.id]) == 1

    def _send_with_its_undo(self, row: OutboxRow, entry: _Journal) -> bool:
        """What was set aside and then undone leaves together with its undo: else a new scan would wait for both."""
        undo = self._sql.one(
            "SELECT id FROM entries WHERE receipt = ? AND negates = ? AND reason = 'ok'", entry.receipt, entry.seq
        )
        both = [row.id] if undo is None else [row.id, unpacked(undo[0])]
        return self._parts.outbox.retry(both) >= 1

    def _reinstate(self, entry: _Journal) -> bool:
        """Put a scan or an outcome in force again, as things stand now; False if it cannot stand."""
        receipts = self._parts.receipts
        if entry.outcome in OUTCOMES_BY_LINE:
            if entry.line is None or entry.packs is None:
                return False
            receipts.set_quantity(entry.receipt, entry.seq, entry.outcome, entry.line, entry.packs)
            return self._in_force(entry)
        row = receipts.find(entry.receipt)
        if row is None:
            return False
        facts = self._parts.facts.of(self._read(entry), row.key)
        if not facts.packs or (entry.kind == "scan" and facts.counted_here):
            return False
        if entry.outcome is None:
            receipts.hold(entry.receipt, entry.seq, facts.packs.gains)
        else:
            receipts.set_outcome(entry.receipt, entry.seq, entry.outcome)
        return self._in_force(entry)

    def _read(self, entry: _Journal) -> Reading:
        return read(entry.payload if entry.kind == "scan" else entry.code, self._parts.catalogue.patterns())

    def _in_force(self, entry: _Journal) -> bool:
        return self._sql.run(
            "UPDATE entries SET in_force = 1 WHERE receipt = ? AND seq = ?", entry.receipt, entry.seq
        ) == 1  # fmt: skip


def _row(row: OutboxRow, payload: str | None) -> UploadRow:
    return UploadRow(
        row.id, row.receipt, row.seq, row.kind, row.state, row.code, row.text, payload, row.attempts, row.created_ms,
        row.n,
    )  # fmt: skip


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + ITEMS_AT_ONCE] for start in range(0, len(ids), ITEMS_AT_ONCE)]
