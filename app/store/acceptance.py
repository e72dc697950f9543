"""The journal of acceptance and the goods it is about. Writer's thread; rows are only ever added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import msgspec
import peewee

from app.domain.acceptance import KINDS, Event, Goods, GoodsLine, Undone
from app.domain.temperature import Range
from app.store.tables import Sql, insert_statement

_HEAD = """
SELECT d.number, d.supplier, coalesce(r.store_room, d.store_room), coalesce(r.state, k.state, 'open'), d.invoice_no,
    d.invoice_code, d.supplier_licence, d.supplier_licence_expiry, d.id
FROM receipts r JOIN deliveries d ON d.id = r.delivery LEFT JOIN known_receipts k ON k.id = r.id WHERE r.id = ?
"""
_LINES = """
SELECT l.line, coalesce(g.name, l.drug), coalesce(l.batch, ''), coalesce(l.expiry, ''), l.packs,
    coalesce(r.received, 0), coalesce(r.damaged, 0), coalesce(r.rejected, 0), coalesce(r.over, 0),
    g.storage, coalesce(g.special, 0)
FROM delivery_lines l LEFT JOIN receipt_lines r ON r.receipt = ?1 AND r.line = l.line
LEFT JOIN drugs g ON g.drug = l.drug WHERE l.delivery = ?2 ORDER BY l.line
"""
_EVENTS = "SELECT seq, id, at_ms, operator, kind, body FROM acceptance_events WHERE receipt = ? ORDER BY seq"
# Newest first; what is put into stock is told by the rules, not by a query.
_RECEIPTS = """
SELECT r.id FROM receipts r LEFT JOIN known_receipts k ON k.id = r.id
WHERE r.state = 'closed' OR k.state = 'closed' ORDER BY r.closed_ms DESC, r.id DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class AcceptanceHead:
    """A receipt with its delivery, and the goods as counted."""

    receipt: str
    delivery: str
    supplier: str
    goods: Goods


class AcceptanceJournal:
    """Reads and adds; whoever calls holds the transaction."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)

    def head(self, receipt: str, range_of: Callable[[str | None], Range | None]) -> AcceptanceHead | None:
        """The receipt, or None; `range_of` reads a storage condition."""
        found = self._sql.one(_HEAD, receipt)
        if found is None:
            return None
        number, supplier, room, state, invoice_no, invoice_code, licence, licence_expiry, row = found
        lines = tuple(
            GoodsLine(
                line, name, batch, expiry, packs, received, damaged, rejected, over, range_of(storage), bool(special)
            )
            for line, name, batch, expiry, packs, received, damaged, rejected, over, storage, special in cast(
                "list[tuple[int, str, str, str, int, int, int, int, int, str | None, int]]",
                self._sql.all(_LINES, receipt, row),
            )
        )
        texts = (str(text or "") for text in (invoice_no, invoice_code, licence, licence_expiry))
        goods = Goods(lines, state == "closed", None if room is None else str(room), *texts)
        return AcceptanceHead(receipt, str(number), str(supplier), goods)

    def events(self, receipt: str) -> tuple[Event, ...]:
        """All that was ever written, in order."""
        rows = cast("list[tuple[int, str, int, str, str, str]]", self._sql.all(_EVENTS, receipt))
        return tuple(
            Event(seq, item, at_ms, operator, msgspec.json.decode(body, type=KINDS[kind]))
            for seq, item, at_ms, operator, kind, body in rows
        )

    def add(self, receipt: str, event: Event) -> None:
        """Append; its seq is one that no event of the receipt has."""
        negates = event.fact.negates if isinstance(event.fact, Undone) else None
        self._sql.run(
            insert_statement("acceptance_events"), receipt, event.seq, event.id, event.kind, event.at_ms,
            event.operator, msgspec.json.encode(event.fact).decode(), negates,
        )  # fmt: skip

    def closed_receipts(self, limit: int) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self._sql.all(_RECEIPTS, limit))
