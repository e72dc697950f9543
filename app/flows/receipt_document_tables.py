"""The words and rows of a receipt's document, and its lines as a csv. Pure.

What a person or a supplier wrote can begin like a formula: in a csv it is made harmless by a sign before it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from dataclasses import dataclass

from app.base.clock import zone_of
from app.base.texts import Texts
from app.flows.receipt_document import ReceiptDocument

Cell = str | int
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
COUNTS = ("expected", "received", "short", "damaged", "rejected", "exempt", "over")
LINE_COLUMNS = (
    ("line", 6), ("drug", 12), ("name", 28), ("spec", 22), ("maker", 24), ("batch", 14), ("made", 12), ("expiry", 12),
    ("unit", 6), *((name, 8) for name in COUNTS), ("why", 40),
)  # fmt: skip


_WHERE_KNOWN = (("rx", 8), ("price", 10))  # columns that are there only where the hospital says something


@dataclass(frozen=True, slots=True)
class Words:
    """The document's words in one language."""

    texts: Texts
    lang: str

    def column(self, name: str) -> str:
        return self.texts.title(f"receipt_column_{name}", self.lang)

    def outcome(self, name: str) -> str:
        return self.texts.title(f"receipt_column_{name}", self.lang)

    def rx(self, value: str) -> str:
        """A code that is not one of the national ones is shown as it is."""
        code = f"receipt_rx_{value}"
        return self.texts.title(code, self.lang) if self.texts.has(code) else value

    def reason(self, reason: str) -> str:
        return self.texts.title(f"reason_{reason}", self.lang)


def moment(at_ms: int | None, zone: str) -> str:
    """As the hospital's clock shows it."""
    if at_ms is None:
        return ""
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=zone_of(zone)).strftime("%Y-%m-%d %H:%M:%S")


def head_of(document: ReceiptDocument, words: Words) -> tuple[tuple[str, str], ...]:
    """(label, value) of everything above the lines; what nobody said stays empty, to be written by hand."""
    values = {
        "receipt": document.receipt, "delivery": document.delivery, "supplier": document.supplier,
        "supplier_licence": document.supplier_licence, "invoice_no": document.invoice_no,
        "invoice_code": document.invoice_code, "store_room": document.store_room,
        "opened": f"{moment(document.opened_ms, document.zone)} {document.opened_by}",
        "closed": f"{moment(document.closed_ms, document.zone)} {document.closed_by}".strip(),
    }  # fmt: skip
    return tuple((words.column(name), value) for name, value in values.items())


def reasons_of(document: ReceiptDocument, words: Words) -> dict[int, str]:
    """Line → why not all of it came in."""
    found: dict[int, list[str]] = defaultdict(list)
    for each in document.differences:
        found[each.line].append(f"{words.outcome(each.outcome)} {each.packs} {each.why}".strip())
    return {line: "；".join(parts) if words.lang == "zh" else "; ".join(parts) for line, parts in found.items()}


def columns_of(document: ReceiptDocument) -> tuple[tuple[str, int], ...]:
    """(name, width) of the table of lines."""
    known = [each for each in _WHERE_KNOWN if any(getattr(line, each[0]) for line in document.lines)]
    return (*LINE_COLUMNS[:-1], *known, LINE_COLUMNS[-1])


def line_rows(document: ReceiptDocument, words: Words) -> list[list[Cell]]:
    """The rows of the table of lines."""
    why, names = reasons_of(document, words), [name for name, _ in columns_of(document)]
    rows = []
    for line in document.lines:
        cells = {"rx": words.rx(line.rx), "why": why.get(line.line, "")}
        rows.append([cells[name] if name in cells else getattr(line, name) for name in names])
    return rows


def csv_of(document: ReceiptDocument, words: Words) -> bytes:
    """UTF-8 with a mark, so that a spreadsheet reads Chinese; every text harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([words.column(name) for name, _ in columns_of(document)])
    for row in line_rows(document, words):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig", "replace")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def title_of(document: ReceiptDocument, words: Words) -> str:
    """The document's name; a document of an open receipt says that it is one."""
    code = "receipt_title" if document.closed_ms is not None else "receipt_title_open"
    title = words.texts.title(code, words.lang, hospital=document.hospital).strip()
    return f"{title} {words.texts.title('receipt_gift', words.lang)}" if document.gift else title
