"""An event of acceptance on its way to the hospital: an item of the outbox, and a line of the receipt's trail. On the
writer's thread, inside the transaction that adds the event.

None is made for a hospital that does not say that it takes such items (capability `acceptance`). What was written down
before it says so is told then, in its order, under the ids and the moments that it has.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

import msgspec

from app.domain.acceptance import Event, PutAway, Signed, Undone
from app.domain.reasons import OK
from app.flows.items import Stamp, acceptance_item
from app.flows.receiving import Parts
from app.store.acceptance import AcceptanceJournal
from app.store.receipts import Entry
from app.store.tables import Sql
from app.store.writer import SETTLE
from sync.item_ids import unpacked

ACCEPTANCE = "acceptance"
"""The capability, the kind of the item, and the command word of the entry, whose note is the fact."""

_UNTOLD = "acceptance_untold "  # keys of `meta`; behind it stands a receipt with events that no item carries
_UNTOLD_END = "acceptance_untold!"
_log = logging.getLogger(__name__)


class AcceptanceItems:
    """Makes the items."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sql = Sql(parts.writer.database)
        self._journal = AcceptanceJournal(parts.writer.database)

    def tell(self, receipt: str, event: Event, before: Sequence[Event]) -> None:
        """`before`: the events that were there."""
        parts = self._parts
        site = parts.catalogue.site()
        row = parts.receipts.find(receipt)
        if site is None or row is None:
            return
        if ACCEPTANCE not in site.capabilities:
            parts.catalogue.set_meta(_UNTOLD + receipt, "1")
            return
        if parts.catalogue.meta(_UNTOLD + receipt) is not None:
            return  # earlier ones go first, and this one with them
        self._add(receipt, event, before)

    def work(self) -> None:
        """Tell what was not told, a receipt at a time; nothing where the hospital does not take it. After an exchange,
        on the engine's thread.
        """
        writer = self._parts.writer
        for receipt in writer.call(self._untold, priority=SETTLE, write=False):
            writer.call(partial(self._tell_all, receipt), priority=SETTLE)
            _log.info("the acceptance of %s is told now", receipt)
            self._parts.nudge(False)

    def _untold(self) -> list[str]:
        site = self._parts.catalogue.site()
        if site is None or ACCEPTANCE not in site.capabilities:
            return []
        found = self._sql.all("SELECT key FROM meta WHERE key >= ? AND key < ?", _UNTOLD, _UNTOLD_END)
        return [str(key).removeprefix(_UNTOLD) for (key,) in found]

    def _tell_all(self, receipt: str) -> None:
        told = self._sql.all("SELECT id FROM entries WHERE receipt = ? AND command = ?", receipt, ACCEPTANCE)
        known = {unpacked(item) for (item,) in told}
        events = self._journal.events(receipt)
        for place, event in enumerate(events):
            if event.id not in known:
                self._add(receipt, event, events[:place])
        self._sql.run("DELETE FROM meta WHERE key = ?", _UNTOLD + receipt)

    def _add(self, receipt: str, event: Event, before: Sequence[Event]) -> None:
        parts = self._parts
        site, row = parts.catalogue.site(), parts.receipts.find(receipt)
        assert site is not None
        assert row is not None
        stamp = Stamp(event.id, parts.device, receipt, row.next_seq, event.at_ms, event.operator)
        parts.receipts.add(
            Entry(
                receipt, stamp.seq, event.id, "command", event.at_ms, event.operator, None, OK,
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
