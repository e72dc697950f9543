"""An event of acceptance on its way to the hospital: an item of the outbox, and a line of the receipt's trail. On the
writer's thread, inside the transaction that adds the event.

None is made for a hospital that does not say that it takes such items (capability `acceptance`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.domain.acceptance import Event, PutAway, Signed, Undone
from app.domain.reasons import OK
from app.flows.items import Stamp, acceptance_item
from app.flows.receiving import Parts
from app.store.receipts import Entry

ACCEPTANCE = "acceptance"
"""The capability, the kind of the item, and the command word of the entry, whose note is the fact."""


class AcceptanceItems:
    """Makes the items."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def tell(self, receipt: str, event: Event, before: Sequence[Event]) -> None:
        """`before`: the events that were there."""
        parts = self._parts
        site = parts.catalogue.site()
        row = parts.receipts.find(receipt)
        if site is None or row is None or ACCEPTANCE not in site.capabilities:
            return
        stamp = Stamp(event.id, parts.device, receipt, row.next_seq, event.at_ms, event.operator)
        parts.receipts.add(
            Entry(
                receipt, stamp.seq, event.id, "command", event.at_ms, event.operator, None, OK, payload=ACCEPTANCE,
                command=ACCEPTANCE, note=event.kind,
            )
        )  # fmt: skip
        parts.outbox.add(acceptance_item(stamp, fact=event.kind, says=says_of(event, before)), site.realm)

    def nudge(self) -> None:
        """After the commit."""
        self._parts.nudge(False)


def says_of(event: Event, before: Sequence[Event]) -> dict[str, object]:
    """The fact as the wire has it: another event is named by its id, for the numbers of the journal are ours."""
    ids = {each.seq: each.id for each in before}
    says: dict[str, object] = msgspec.to_builtins(event.fact)
    if isinstance(event.fact, Undone):
        says["negates"] = ids[event.fact.negates]
    elif isinstance(event.fact, Signed | PutAway):
        says["conclusion"] = ids[event.fact.conclusion]
    return says
