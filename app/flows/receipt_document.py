"""A receipt as a document to sign and to keep: who, what, how much, and why not all of it. Reads the store; one thread.

The same document is drawn on paper and written into tables (`receipt_document_tables`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import peewee

from app.base.errors import Trouble
from app.domain.documents import Equation
from app.domain.packages import code_of
from app.domain.reasons import SCAN_REASONS
from app.store.catalogue import DEFAULT_ZONE, Catalogue
from app.store.tables import Sql

_HEAD = """
SELECT d.number, d.supplier, coalesce(r.supplier_licence, d.supplier_licence, ''),
       coalesce(r.invoice_no, d.invoice_no, ''), coalesce(r.invoice_code, d.invoice_code, ''),
       coalesce(s.name, r.store_room, ''), r.gift OR d.gift, r.opened_ms, coalesce(o.name, r.opened_by), r.closed_ms,
       coalesce(c.name, r.closed_by, ''), d.id
  FROM receipts r JOIN deliveries d ON d.id = r.delivery LEFT JOIN store_rooms s ON s.id = r.store_room
  LEFT JOIN operators o ON o.id = r.opened_by LEFT JOIN operators c ON c.id = r.closed_by WHERE r.id = ?
"""
_LINES = """
SELECT l.line, l.drug, coalesce(g.name, l.drug), coalesce(g.spec, ''), coalesce(g.maker, ''), coalesce(l.batch, ''),
       coalesce(l.made, ''), coalesce(l.expiry, ''),
       coalesce(CASE WHEN g.exempt IS NULL THEN g.min_pack_unit ELSE g.hospital_unit END, ''), l.packs,
       coalesce(c.received, 0), coalesce(c.short, 0), coalesce(c.damaged, 0), coalesce(c.rejected, 0),
       coalesce(c.exempt, 0), coalesce(c.over, 0), coalesce(g.rx, ''), coalesce(l.price, '')
  FROM delivery_lines l LEFT JOIN receipt_lines c ON c.receipt = ?1 AND c.line = l.line
  LEFT JOIN drugs g ON g.drug = l.drug WHERE l.delivery = ?2 ORDER BY l.line
"""
_DIFFERENCES = """
SELECT o.line, o.outcome, sum(o.packs), coalesce(e.code, ''), coalesce(e.note, ''), coalesce(p.name, e.operator),
       e.at_ms
  FROM outcomes o JOIN entries e ON e.receipt = o.receipt AND e.seq = o.seq LEFT JOIN operators p ON p.id = e.operator
 WHERE o.receipt = ?1 AND NOT EXISTS (
     SELECT 1 FROM outcomes later WHERE later.pack = o.pack AND later.receipt = ?1 AND later.seq > o.seq)
 GROUP BY o.seq, o.line, o.outcome HAVING sum(o.packs) > 0 ORDER BY o.line, o.seq
"""
_STRAYS = """
SELECT e.reason, coalesce(e.code, e.payload, hex(e.raw), ''), count(*), max(e.at_ms), coalesce(p.name, e.operator)
  FROM entries e LEFT JOIN operators p ON p.id = e.operator
 WHERE e.receipt = ?1 AND e.kind = 'scan' AND e.counted = 0 AND e.reason IN (SELECT value FROM json_each(?2))
 GROUP BY e.reason, 2 ORDER BY e.reason, min(e.seq)
"""
_CODES = """
SELECT h.line, h.pack, max(h.packs) FROM holds h
 WHERE h.receipt = ?1 AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.pack = h.pack AND o.receipt = ?1)
 GROUP BY h.pack ORDER BY h.line, h.pack
"""
# Scans that did not count and that somebody has to know of; what is in already is nobody's business.
_TOLD = tuple(reason for reason, row in SCAN_REASONS.items() if row.shows_in and not row.counted)


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line of the delivery and what came of it, in `unit`."""

    line: int
    drug: str
    name: str
    spec: str
    maker: str
    batch: str
    made: str
    expiry: str
    unit: str
    expected: int
    received: int
    short: int
    damaged: int
    rejected: int
    exempt: int
    over: int
    rx: str = ""  # 处方药标志 as the hospital codes it; empty where it does not say
    price: str = ""  # of one pack, as the hospital says it; empty where it does not

    @property
    def open(self) -> int:
        """What has no outcome yet; 0 in a closed receipt."""
        return self.expected - self.received - self.short - self.damaged - self.rejected - self.exempt


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a number of packs did not come in."""

    line: int
    outcome: str  # short, over, damaged, rejected, exempt
    packs: int
    code: str  # empty for a number
    why: str
    operator: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Stray:
    """A code that was shot and did not count."""

    reason: str
    code: str
    times: int
    at_ms: int
    operator: str


@dataclass(frozen=True, slots=True)
class ReceivedCode:
    """An accepted code; `packs` is more than 1 where nobody names what is in it, or many pieces carry it."""

    line: int
    code: str
    packs: int


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    """Everything that stands on the document."""

    receipt: str
    delivery: str
    supplier: str
    supplier_licence: str
    invoice_no: str
    invoice_code: str
    store_room: str
    gift: bool
    opened_ms: int
    opened_by: str
    closed_ms: int | None
    closed_by: str
    hospital: str
    synthetic: bool
    zone: str
    lines: tuple[DocumentLine, ...]
    differences: tuple[Difference, ...]
    strays: tuple[Stray, ...]
    codes: tuple[ReceivedCode, ...]

    @property
    def equation(self) -> Equation:
        """The sums of all lines."""
        names = ("expected", "received", "short", "damaged", "rejected", "exempt")
        return Equation(*(sum(getattr(line, name) for line in self.lines) for name in names))


class ReceiptPaper(Protocol):
    """Puts the document on paper; only the window's side can."""

    def write_receipt(self, path: Path, document: ReceiptDocument, lang: str) -> int:
        """A PDF; how many pages. Raises Trouble as `whole_file.write_whole`."""

    def print_receipt(self, document: ReceiptDocument, printer: str | None, lang: str) -> int:
        """On a printer of the system, its default one if None; how many pages.

        Raises Trouble: printer_missing, printer_unknown, printer_stopped, print_failed.
        """


class ReceiptDocuments:
    """Makes documents of receipts, in a folder that another program may be using."""

    def __init__(self, database: peewee.SqliteDatabase, catalogue: Catalogue) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue

    def of(self, receipt: str) -> ReceiptDocument:
        """Raises Trouble `receipt_not_here`."""
        head = self._sql.one(_HEAD, receipt)
        if head is None:
            raise Trouble("receipt_not_here", receipt=receipt)
        number, supplier, licence, invoice_no, invoice_code, room, gift, *signed, delivery = head
        opened_ms, opened, closed_ms, closed = signed
        site = self._catalogue.site()
        reasons = json.dumps(_TOLD)
        return ReceiptDocument(
            receipt,
            str(number),
            str(supplier),
            str(licence),
            str(invoice_no),
            str(invoice_code),
            str(room),
            bool(gift),
            cast("int", opened_ms),
            str(opened),
            cast("int | None", closed_ms),
            str(closed),
            site.name if site else "",
            bool(site and site.synthetic),
            site.zone if site else DEFAULT_ZONE,
            tuple(_line(row) for row in self._sql.all(_LINES, receipt, delivery)),
            tuple(_difference(row) for row in self._sql.all(_DIFFERENCES, receipt)),
            tuple(_stray(row) for row in self._sql.all(_STRAYS, receipt, reasons)),
            _received(self._sql.all(_CODES, receipt)),
        )


def _line(row: Sequence[object]) -> DocumentLine:
    return DocumentLine(*row)  # type: ignore[arg-type]


def _difference(row: Sequence[object]) -> Difference:
    line, outcome, packs, code, *rest = row
    return Difference(line, outcome, packs, code_of(str(code)), *rest)  # type: ignore[arg-type]


def _stray(row: Sequence[object]) -> Stray:
    return Stray(*row)  # type: ignore[arg-type]


def _received(rows: Sequence[Sequence[object]]) -> tuple[ReceivedCode, ...]:
    """Pieces that have the same code printed on them are one row."""
    found: Counter[tuple[int, str]] = Counter()
    for line, pack, packs in cast("Sequence[tuple[int, str, int]]", rows):
        found[line, code_of(pack)] += packs
    return tuple(ReceivedCode(line, code, packs) for (line, code), packs in found.items())
