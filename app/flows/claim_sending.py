"""Hands the insurance's rows of a closed receipt to the hospital, each as an item of the outbox.

That a receipt has something to tell is written down on the writer's thread, inside the transaction that settles the
close or brings a page of the feed; its rows are worked out after the exchange, on the engine's thread, for ten thousand
codes take half a second. What cannot go yet stands in the upload log as one held item of the receipt, which says what
is missing; it is looked at again when the feed tells something of it. A row that was refused is not sent again by
itself as long as it would be the same one. None is made for a hospital that does not say that it takes them (capability
`claims`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from app.base.errors import Trouble
from app.base.texts import Texts
from app.domain.documents import receipt_id
from app.domain.reasons import OK
from app.flows.items import Stamp, claim_item, claims_due_item
from app.flows.receiving import Parts
from app.store.receipts import Entry
from app.store.tables import Sql, select
from app.store.writer import SETTLE
from sync.changes import Change, CodesChange, DeliveryChange, DrugChange

if TYPE_CHECKING:
    from app.flows.claim_messages import ClaimPreview
    from app.flows.claim_rows import ClaimRow
    from app.flows.claims import Claims, Written, WrittenRow

Apply = Callable[[Sequence[Change]], Iterator[None]]
CAPABILITY = "claims"
CLAIM, DUE = "claim", "claims_due"
"""Kinds of items, and the command words of their entries."""
INCOMPLETE = "claim_incomplete"
TEXT_SIGNS = 600
_MARKS = "claims_todo "  # keys of `meta`; behind it stands a receipt with something to tell
_MARKS_END = "claims_todo!"
_DUE = "claims_due "  # … with rows that lack something; the value names the held item and says what
_DUE_END = "claims_due!"
_REFUSED = (
    "SELECT DISTINCT receipt FROM sync_outbox INDEXED BY sync_outbox_trouble "
    "WHERE state IN ('refused', 'held') AND kind = 'claim'"
)
_log = logging.getLogger(__name__)


class ClaimSending:
    """Makes the items."""

    def __init__(self, parts: Parts, claims: Callable[[], Claims]) -> None:
        self._parts = parts
        self._claims = claims
        self._sql = Sql(parts.writer.database)
        self._may_be_some = True  # an earlier run may have left some

    @cached_property
    def _texts(self) -> Texts:
        return Texts.load()

    def closed(self, receipt: str) -> None:
        """The hospital has taken the close. Writer's thread."""
        if self._are_taken():
            self._mark(receipt)

    def again(self, receipt: str) -> bool:
        """A person asks for what waits: it is worked out anew after the next exchange. Writer's thread."""
        self.closed(receipt)
        return self._are_taken()

    def after(self, apply: Apply) -> Apply:
        """Takes a page of the feed in as `apply` does, then marks the receipts that it is about. Writer's thread."""

        def take_in(changes: Sequence[Change]) -> Iterator[None]:
            yield from apply(changes)
            for receipt in self._concerned(changes) if self._are_taken() else ():
                self._mark(receipt)
                yield

        return take_in

    def work(self) -> None:
        """Queue the rows of every receipt that has something to tell. Any thread but the writer's; takes its time."""
        if not self._may_be_some:
            return
        self._may_be_some = False
        writer = self._parts.writer
        for receipt in writer.call(self._marked, priority=SETTLE, write=False):
            try:
                self._tell(receipt)
            except Exception:  # one receipt holds up no exchange; it stays marked, and the next run tries again
                _log.exception("what %s tells the insurance could not be worked out", receipt)

    def _mark(self, receipt: str) -> None:
        self._parts.catalogue.set_meta(_MARKS + receipt, "1")
        self._may_be_some = True

    def _marked(self) -> list[str]:
        found = self._sql.all("SELECT key FROM meta WHERE key >= ? AND key < ? ORDER BY key", _MARKS, _MARKS_END)
        return [str(key).removeprefix(_MARKS) for (key,) in found]

    def _are_taken(self) -> bool:
        site = self._parts.catalogue.site()
        return site is not None and CAPABILITY in site.capabilities

    def _concerned(self, changes: Sequence[Change]) -> list[str]:
        """Receipts with rows that wait, where what they lack may be told; and those told of by other devices."""
        known = any(isinstance(change, DrugChange | DeliveryChange | CodesChange) for change in changes)
        waiting = self._all_waiting() if known else set[str]()
        found: set[str] = set()
        for change in changes:
            if isinstance(change, DrugChange):
                found |= waiting
            elif isinstance(change, DeliveryChange):
                found |= {receipt_id(change.delivery)} & waiting
            elif isinstance(change, CodesChange):
                named = {row.receipt for row in change.rows if row.device != self._parts.device}
                found |= {receipt for receipt in named if receipt in waiting or self._was_told(receipt)}
        return sorted(found)

    def _was_told(self, receipt: str) -> bool:
        return self._sql.one("SELECT 1 FROM claim_rows WHERE receipt = ? LIMIT 1", receipt) is not None

    def _tell(self, receipt: str) -> None:
        told: Written | None = None
        try:
            told = self._claims().written(receipt)
            lacks = self._lacks(told.preview)
        except Trouble as trouble:
            lacks = self._texts.line(trouble.code, **dict(trouble.values))
        self._parts.writer.call(partial(self._keep, receipt, told, lacks), priority=SETTLE)

    def _keep(self, receipt: str, told: Written | None, lacks: str) -> None:
        """Writer's thread. What changed while it was worked out is worked out again."""
        row = self._parts.receipts.find(receipt)
        if row is not None and row.state == "closed":
            if told is not None and not self._send_all(told):
                self._may_be_some = True
                return
            self._wait(receipt, lacks)
        self._sql.run("DELETE FROM meta WHERE key = ?", _MARKS + receipt)

    def _send_all(self, told: Written) -> bool:
        """False: rows were told meanwhile, or refused."""
        claims, receipt = self._claims(), told.preview.receipt
        if claims.told_of(receipt) != told.told:
            return False
        refused = claims.refused(receipt)
        fresh = [each for each in told.rows if not any(_says_the_same(each.row, old) for old in refused)]
        for each in fresh:
            self._send(claims, told.preview, each)
        places = {(each.row.trade, each.row.line) for each in fresh}
        self._supersede([old.item for old in refused if (old.trade, old.line) in places])
        if fresh:
            _log.info("%d rows of %s go to the insurance", len(fresh), receipt)
            self._parts.nudge(False)
        return True

    def _send(self, claims: Claims, preview: ClaimPreview, written: WrittenRow) -> None:
        row, stamp, realm = written.row, *self._stamp(preview.receipt)
        back = row.trade != row.forward
        self._note(stamp, CLAIM, f"{written.infno} {row.serial}", row.line)
        self._parts.outbox.add(
            claim_item(
                stamp, infno=written.infno, profile=preview.profile, serial=row.serial, back=back,
                message=written.message,
            ),
            realm,
        )  # fmt: skip
        claims.keep(preview, (replace(row, item=stamp.id),), stamp.operator)

    def _wait(self, receipt: str, lacks: str) -> None:
        """One held item says what is missing; none where nothing is."""
        item, said = self._waiting(receipt) or ("", "")
        if lacks == said:
            return
        if item:
            self._supersede([item])
            self._sql.run("DELETE FROM meta WHERE key = ?", _DUE + receipt)
        if lacks:
            stamp, realm = self._stamp(receipt)
            self._note(stamp, DUE, lacks, None)
            self._parts.outbox.add(claims_due_item(stamp), realm)
            self._parts.outbox.hold(stamp.id, INCOMPLETE, lacks)
            self._parts.catalogue.set_meta(_DUE + receipt, json.dumps([stamp.id, lacks]))

    def _waiting(self, receipt: str) -> tuple[str, str] | None:
        """The item that stands for what waits, and what it says."""
        found = self._parts.catalogue.meta(_DUE + receipt)
        return None if found is None else tuple(json.loads(found))

    def _all_waiting(self) -> set[str]:
        """Receipts with rows that lack something, or were refused."""
        lacking = self._sql.all("SELECT key FROM meta WHERE key >= ? AND key < ?", _DUE, _DUE_END)
        refused = self._sql.all(_REFUSED)
        return {str(key).removeprefix(_DUE) for (key,) in lacking} | {str(receipt) for (receipt,) in refused}

    def _supersede(self, items: Sequence[str]) -> None:
        self._parts.outbox.supersede(items, self._parts.clock.now_ms())

    def _lacks(self, preview: ClaimPreview) -> str:
        """What keeps rows back, in a sentence: each thing once, with the lines that it is about."""
        from app.flows.claim_messages import sentence  # noqa: PLC0415 - most devices have no rows to tell

        lines: dict[str, list[int]] = {}
        for aside in preview.set_aside:
            for problem in aside.problems:
                of = lines.setdefault(sentence(problem, self._texts), [])
                of += [aside.row.line] if aside.row.line not in of else []
        lines |= {sentence(note, self._texts): [] for note in preview.notes if note.code == "claim_route_unknown"}
        said = (self._texts.title("claim_of_lines", lines="、".join(map(str, of)), why=why) if of else why
                for why, of in lines.items())  # fmt: skip
        return "；".join(said)[:TEXT_SIGNS]

    def _stamp(self, receipt: str) -> tuple[Stamp, str]:
        """In the name of the person who closed it; and the hospital's realm."""
        parts, now_ms = self._parts, self._parts.clock.now_ms()
        row, site = parts.receipts.find(receipt), parts.catalogue.site()
        head = select(parts.writer.database, "receipts", id=receipt).first()
        assert row is not None
        assert site is not None
        who = str(head["closed_by"] or head["opened_by"])
        return Stamp(parts.ids.new(now_ms), parts.device, receipt, row.next_seq, now_ms, who), site.realm

    def _note(self, stamp: Stamp, command: str, note: str, line: int | None) -> None:
        self._parts.receipts.add(
            Entry(
                stamp.receipt, stamp.seq, stamp.id, "command", stamp.at_ms, stamp.operator, None, OK, line=line,
                command=command, note=note,
            )
        )  # fmt: skip


def _says_the_same(row: ClaimRow, other: ClaimRow) -> bool:
    """Of the same goods, whatever serial it has."""
    return replace(row, item="", serial="", generation=0, notes=()) == replace(
        other, item="", serial="", generation=0, notes=()
    )
