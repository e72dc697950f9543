"""A receipt as its screen draws it when it opens and after commands. Any thread; reads on the writer's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import cast

from app.base.clock import zone_of
from app.base.errors import Trouble
from app.domain.documents import Equation, Line
from app.flows.manifest_news import refused_for
from app.flows.views import EntryView, LineView, ListedCode, ReceiptView
from app.store.catalogue import Catalogue
from app.store.facts import FactsReader, ReceiptKey
from app.store.guesses import Guesses
from app.store.receipts import Receipts
from app.store.tables import Sql
from app.store.writer import SETTLE, StoreWriter
from sync import Outbox

LATEST = 50
LISTED = 200
_ENTRIES = """
SELECT seq, at_ms, coalesce(command, kind), reason, code, payload, line, packs, counted, in_force, note
FROM entries WHERE receipt = ? ORDER BY seq DESC LIMIT ?
"""
_HEAD = """
SELECT d.number, d.supplier, coalesce(r.invoice_no, d.invoice_no, ''), coalesce(s.name, r.store_room, '')
FROM receipts r JOIN deliveries d ON d.id = r.delivery LEFT JOIN store_rooms s ON s.id = r.store_room WHERE r.id = ?
"""
_UNITS = "SELECT coalesce(spec, ''), coalesce(min_pack_unit, ''), coalesce(hospital_unit, '') FROM drugs WHERE drug = ?"


class ReceiptViews:
    """Draws receipts for the screen."""

    def __init__(
        self, writer: StoreWriter, catalogue: Catalogue, facts: FactsReader, receipts: Receipts, outbox: Outbox
    ) -> None:
        self._writer = writer
        self._sql = Sql(writer.database)
        self._catalogue = catalogue
        self._facts = facts
        self._receipts = receipts
        self._outbox = outbox
        self._guesses = Guesses(writer.database)

    def of(self, receipt: str, latest: int = LATEST) -> ReceiptView:
        """The receipt with its `latest` entries. Raises Trouble `receipt_not_here`."""
        return self._writer.call(lambda: self._of(receipt, latest), priority=SETTLE, write=False)

    def _of(self, receipt: str, latest: int) -> ReceiptView:
        row = self._receipts.find(receipt)
        head = self._sql.one(_HEAD, receipt)
        if row is None or head is None:
            raise Trouble("receipt_not_here", receipt=receipt)
        delivery, supplier, invoice_no, store_room = cast("tuple[str, str, str, str]", tuple(head))
        lines = self._facts.lines(row.key)
        refused = refused_for(self._sql, delivery)
        lists = self._receipts.lists(receipt)
        listed = self._receipts.listed(receipt, LISTED) if any(lists.values()) else []
        estimated, guessed = self._receipts.estimated(receipt), self._guesses.by_line(receipt)
        return ReceiptView(
            receipt,
            delivery,
            supplier,
            invoice_no,
            store_room,
            tuple(self._line(line, estimated.get(line.line, 0), guessed.get(line.line, 0)) for line in lines),
            Equation.of(lines),
            tuple(lists.items()),
            self._entries(row.key, latest),
            row.held,
            row.state == "closed" or self._catalogue.remote_receipt(receipt) == "closed",
            refused.code if refused is not None else None,
            tuple(ListedCode(*each) for each in listed),
            self._receipts.packs_of_others(receipt),
            self._as_of(),
        )

    def _line(self, line: Line, estimated: int, guessed: int) -> LineView:
        found = self._sql.one(_UNITS, line.drug) or ("", "", "")
        spec, pack_unit, hospital_unit = cast("tuple[str, str, str]", tuple(found))
        return LineView(
            line.line,
            line.drug,
            line.name,
            spec,
            line.batch or "",
            line.expiry.isoformat() if line.expiry else "",
            pack_unit if line.exempt_reason is None else hospital_unit,
            line.expected,
            line.received,
            line.short,
            line.damaged,
            line.rejected,
            line.exempt,
            line.exempt_reason,
            line.coded,
            line.over,
            estimated,
            guessed,
        )

    def _as_of(self) -> str:
        site = self._catalogue.site()
        fetched_ms = self._outbox.fetched_ms(site.realm) if site else None
        if site is None or fetched_ms is None:
            return ""
        return f"{dt.datetime.fromtimestamp(fetched_ms / 1000, zone_of(site.zone)):%m-%d %H:%M}"

    def _entries(self, key: ReceiptKey, latest: int) -> tuple[EntryView, ...]:
        rows = self._sql.all(_ENTRIES, key.id, latest)
        return tuple(_entry(row) for row in rows)


def _entry(row: Sequence[object]) -> EntryView:
    seq, at_ms, what, reason, code, payload, line, packs, counted, force, note = cast(
        "tuple[int, int, str, str, str | None, str | None, int | None, int | None, int, int, str | None]", tuple(row)
    )
    in_force = bool(force)
    return EntryView(seq, at_ms, what, reason, code, payload, line, packs, bool(counted), in_force, in_force, note)
