"""What the hospital's answer to a close means here: refused for good, the receipt is open again, for a person with the
reason. On the writer's thread, inside the transaction that settles it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.domain.acceptance import Concluded, Event, PutAway, Undone, in_force
from app.domain.reasons import OK
from app.flows.acceptance_items import AcceptanceItems
from app.flows.receiving import Parts
from app.flows.restating import Restating
from app.store.acceptance import AcceptanceJournal
from app.store.receipts import Entry
from app.store.reopened import ReopenedNotes
from app.store.tables import Sql
from sync import Settled
from sync.item_ids import unpacked

REOPENED = "reopened"  # the command word of the entry; its note is why
CLOSED_THERE = "receipt_closed"  # somebody else closed it: that is no reason to open it here
_OTHER_CLOSES = """
SELECT o.id FROM entries e CROSS JOIN sync_outbox o ON o.id = e.id
 WHERE e.receipt = ? AND e.command = 'close' AND e.reason = 'ok' AND e.seq <> ? AND o.state IN ('held', 'refused')"""
_log = logging.getLogger(__name__)


class CloseAnswers:
    """Follows the answers."""

    def __init__(self, parts: Parts, taken: Callable[[str], None] = lambda _: None) -> None:
        """`taken` hears of every receipt that the hospital has closed by a close of ours."""
        self._parts = parts
        self._taken = taken
        self._restating = Restating(parts)
        self._journal = AcceptanceJournal(parts.writer.database)
        self._items = AcceptanceItems(parts)
        self._sql = Sql(parts.writer.database)
        self._notes = ReopenedNotes(parts.writer.database)

    def heard(self, answer: Settled, receipt: str, seq: int) -> None:
        """`receipt` and `seq` are those of the close."""
        row = self._parts.receipts.find(receipt)
        if row is None:
            return
        if answer.state == "accepted":
            if row.state == "open":  # opened again meanwhile, and sent again by a person
                self._parts.receipts.close_as(receipt, seq)
            self._end_earlier(receipt, seq)
            self._notes.take_away(receipt)
            self._taken(receipt)
            return
        self._parts.receipts.mark(receipt, seq, remote=answer.state)
        if row.state != "closed" or answer.code == CLOSED_THERE:
            return
        self._parts.receipts.reopen(receipt)
        now_ms, who = self._parts.clock.now_ms(), self._parts.receipts.operator_of(receipt, seq)
        self._parts.receipts.add(
            Entry(
                receipt, row.next_seq, self._parts.ids.new(now_ms), "command", now_ms, who, None, OK, payload=REOPENED,
                command=REOPENED, note=answer.code or answer.state,
            )
        )  # fmt: skip
        self._notes.put(receipt, why=answer.code or answer.state, closed_by=who, at_ms=now_ms)
        _log.warning("the close of %s was not taken (%s): it is open again", receipt, answer.code)
        self._parts.receipts.others.hear_again(receipt)
        self._restating.opened_again(receipt)
        self._take_acceptance_back(receipt, who, now_ms)

    def _end_earlier(self, receipt: str, seq: int) -> None:
        """Closes of this receipt that were held or refused wait for nobody any more: this one stands in their place."""
        found = self._sql.all(_OTHER_CLOSES, receipt, seq)
        self._parts.outbox.supersede([unpacked(item) for (item,) in found], self._parts.clock.now_ms())

    def _take_acceptance_back(self, receipt: str, who: str, now_ms: int) -> None:
        """It was about goods that can change now; its papers stay."""
        events = self._journal.events(receipt)
        for kind in (PutAway, Concluded):
            for target in [event for event in in_force(events) if isinstance(event.fact, kind)]:
                undone = Event(len(events) + 1, self._parts.ids.new(now_ms), now_ms, who, Undone(target.seq))
                self._journal.add(receipt, undone)
                self._items.tell(receipt, undone, events)
                events = (*events, undone)
