"""What the hospital's answer to a close means here: refused for good, the receipt is open again, for a person with the
reason. On the writer's thread, inside the transaction that settles it.
"""

from __future__ import annotations

import logging

from app.domain.reasons import OK
from app.flows.receiving import Parts
from app.store.receipts import Entry
from sync import Settled

REOPENED = "reopened"  # the command word of the entry; its note is why
CLOSED_THERE = "receipt_closed"  # somebody else closed it: that is no reason to open it here
_log = logging.getLogger(__name__)


class CloseAnswers:
    """Follows the answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

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
        now_ms = self._parts.clock.now_ms()
        self._parts.receipts.add(
            Entry(
                receipt, row.next_seq, self._parts.ids.new(now_ms), "command", now_ms,
                self._parts.receipts.operator_of(receipt, seq), None, OK, payload=REOPENED, command=REOPENED,
                note=answer.code or answer.state,
            )
        )  # fmt: skip
        _log.warning("the close of %s was not taken (%s): it is open again", receipt, answer.code)
