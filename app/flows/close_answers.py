"""What the hospital's answer to a close means here: refused for good, the receipt is open again, for a person with the
reason. On the writer's thread, inside the transaction that settles it.
"""

from __future__ import annotations

import logging

from app.domain.acceptance import Concluded, Event, PutAway, Undone, in_force
from app.domain.reasons import OK
from app.flows.acceptance_items import AcceptanceItems
from app.flows.receiving import Parts
from app.flows.restating import Restating
from app.store.acceptance import AcceptanceJournal
from app.store.receipts import Entry
from sync import Settled

REOPENED = "reopened"  # the command word of the entry; its note is why
CLOSED_THERE = "receipt_closed"  # somebody else closed it: that is no reason to open it here
_log = logging.getLogger(__name__)


class CloseAnswers:
    """Follows the answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._restating = Restating(parts)
        self._journal = AcceptanceJournal(parts.writer.database)
        self._items = AcceptanceItems(parts)

    def heard(self, answer: Settled, receipt: str, seq: int) -> None:
        """`receipt` and `seq` are those of the close."""
        row = self._parts.receipts.find(receipt)
        if row is None:
            return
        if answer.state == "accepted":
            if row.state == "open":  # opened again meanwhile, and sent again by a person
                self._parts.receipts.close_as(receipt, seq)
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
        _log.warning("the close of %s was not taken (%s): it is open again", receipt, answer.code)
        self._parts.receipts.others.hear_again(receipt)
        self._restating.opened_again(receipt)
        self._take_acceptance_back(receipt, who, now_ms)

    def _take_acceptance_back(self, receipt: str, who: str, now_ms: int) -> None:
        """It was about goods that can change now; its papers stay."""
        events = self._journal.events(receipt)
        for kind in (PutAway, Concluded):
            for target in [event for event in in_force(events) if isinstance(event.fact, kind)]:
                undone = Event(len(events) + 1, self._parts.ids.new(now_ms), now_ms, who, Undone(target.seq))
                self._journal.add(receipt, undone)
                self._items.tell(receipt, undone, events)
                events = (*events, undone)
