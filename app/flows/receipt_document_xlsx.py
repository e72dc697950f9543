"""A receipt's document as a workbook: lines, differences, codes that did not count, codes that did. Pure.

Every text is stored as a text, so that none is taken for a formula, a link or a number.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from app.base.errors import Trouble
from app.flows.receipt_document import DocumentLine, ReceiptDocument
from app.flows.receipt_document_tables import (
    COUNTS,
    LINE_COLUMNS,
    Cell,
    Words,
    columns_of,
    head_of,
    line_rows,
    moment,
    title_of,
)

_MOST_ROWS = 1_048_576  # of a sheet
_MOST_SIGNS = 32_767  # of a cell
_UNWRITABLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
_SHEETS: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = (
    ("differences", (
        ("line", 6), ("name", 28), ("outcome", 10), ("packs", 8), ("code", 26), ("why", 40), ("operator", 12),
        ("at", 20),
    )),
    ("strays", (("reason", 24), ("code", 40), ("times", 8), ("operator", 12), ("at", 20))),
    ("codes", (("line", 6), ("name", 28), ("batch", 14), ("expiry", 12), ("code", 40), ("packs", 8))),
)  # fmt: skip


def xlsx_of(document: ReceiptDocument, words: Words) -> bytes:
    """The file. Raises Trouble `table_too_large`."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    bold = book.add_format({"bold": True, "bg_color": "#EEF2F6", "border": 1, "text_wrap": True, "valign": "vcenter"})
    plain = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
    title = book.add_format({"bold": True, "font_size": 16})
    sheet = book.add_worksheet(words.texts.title("receipt_sheet_lines", words.lang))
    sheet.write_string(0, 0, _plain(title_of(document, words)), title)
    head = head_of(document, words)
    for number, (label, value) in enumerate(head, start=1):
        sheet.write_string(number, 0, label)
        sheet.write_string(number, 2, _plain(value))
    top = len(head) + 2
    _table(sheet, top, columns_of(document), line_rows(document, words), words, (bold, plain))
    _sums(sheet, top + len(document.lines) + 1, document, words, bold)
    for name, columns in _SHEETS:
        rows = _rows(name, document, words)
        if rows:
            part = book.add_worksheet(words.texts.title(f"receipt_sheet_{name}", words.lang))
            _table(part, 0, columns, rows, words, (bold, plain))
    book.close()
    return out.getvalue()


def _rows(name: str, document: ReceiptDocument, words: Words) -> list[list[Cell]]:
    lines: dict[int, DocumentLine] = {line.line: line for line in document.lines}
    if name == "differences":
        return [
            [
                each.line, lines[each.line].name if each.line in lines else "", words.outcome(each.outcome), each.packs,
                each.code, each.why, each.operator, moment(each.at_ms, document.zone),
            ]
            for each in document.differences
        ]  # fmt: skip
    if name == "strays":
        return [
            [words.reason(each.reason), each.code, each.times, each.operator, moment(each.at_ms, document.zone)]
            for each in document.strays
        ]
    return [
        [each.line, line.name, line.batch, line.expiry, each.code, each.packs]
        for each in document.codes
        if (line := lines.get(each.line)) is not None
    ]


def _table(
    sheet: Worksheet,
    top: int,
    columns: Sequence[tuple[str, int]],
    rows: Sequence[Sequence[Cell]],
    words: Words,
    formats: tuple[object, object],
) -> None:
    if top + len(rows) >= _MOST_ROWS:
        raise Trouble("table_too_large", count=len(rows))
    bold, plain = formats
    for column, (name, width) in enumerate(columns):
        sheet.set_column(column, column, width)
        sheet.write_string(top, column, words.column(name), bold)
    for number, row in enumerate(rows, start=top + 1):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(number, column, cell, plain)
            else:
                sheet.write_string(number, column, _plain(cell), plain)
    sheet.freeze_panes(top + 1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)


def _sums(sheet: Worksheet, row: int, document: ReceiptDocument, words: Words, bold: object) -> None:
    sums = {**document.equation.as_dict(), "over": sum(line.over for line in document.lines)}
    names = [name for name, _ in LINE_COLUMNS]
    sheet.write_string(row, 0, words.texts.title("receipt_sum", words.lang), bold)
    for name in COUNTS:
        sheet.write_number(row, names.index(name), sums[name], bold)


def _plain(text: str) -> str:
    """Without signs that the file's format has no way to write."""
    return _UNWRITABLE.sub("?", text)[:_MOST_SIGNS]
