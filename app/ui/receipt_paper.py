"""A receipt on paper: as a PDF, and on a printer of the system. Made on the main thread, with or without a window;
draws on any one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
from PySide6.QtGui import QGuiApplication, QPagedPaintDevice, QPageLayout, QPageSize, QPdfWriter

from app.base.errors import Trouble
from app.base.texts import Texts
from app.flows.receipt_document import ReceiptDocument
from app.flows.receipt_document_tables import COUNTS, Words, head_of, moment, title_of
from app.flows.whole_file import write_whole
from app.ui.fonts import load_fonts
from app.ui.printers import Printers
from app.ui.receipt_pages import (
    MARGIN_MM,
    Block,
    Column,
    Ink,
    draw_pages,
    gap,
    pages_of,
    pairs,
    paragraph,
    signatures,
    sum_row,
    table,
)

_DPI = 300
_TITLE, _TEXT, _CELL = 6.0, 3.4, 3.0
_HEADING = {"zh": 3.0, "en": 2.5}  # the longer words of English in the same columns
_BREAK = "\u2028"  # a new line in the same cell
_DIFFERENCES, _STRAYS = 500, 60  # so many on paper; the table has all of them, and the lines have the sums
_LINE_COLUMNS = (
    ("line", 9.0), ("name", 47.0), ("batch", 22.0), ("expiry", 19.0), ("unit", 9.0), ("expected", 13.5),
    ("received", 13.5), ("short", 13.0), ("damaged", 14.0), ("rejected", 13.5), ("exempt", 12.5),
)  # fmt: skip
_DIFFERENCE_COLUMNS = (
    ("line", 9.0), ("name", 38.0), ("outcome", 17.0), ("packs", 12.0), ("code", 42.0), ("why", 34.0),
    ("operator", 34.0),
)  # fmt: skip
_STRAY_COLUMNS = (("reason", 64.0), ("code", 76.0), ("times", 12.0), ("operator", 34.0))
_SIGNERS = ("receiver", "acceptor", "second", "supplier")


class ReceiptPrinter:
    """Fills `flows.receipt_document.ReceiptPaper`. Makes a Qt of its own where no window runs."""

    def __init__(self, printers: Printers | None = None) -> None:
        self._qt = QGuiApplication.instance() or QGuiApplication(["matou", "-platform", "offscreen"])
        load_fonts()
        self._texts = Texts.load()
        self._printers = printers or Printers()

    def write_receipt(self, path: Path, document: ReceiptDocument, lang: str) -> int:
        """Raises Trouble as `write_whole`."""
        words = Words(self._texts, lang)
        paper = QBuffer()
        paper.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QPdfWriter(paper)
        writer.setTitle(f"{title_of(document, words)} {document.receipt}")
        writer.setCreator("Matou")
        writer.setResolution(_DPI)
        writer.setPageLayout(_layout())
        pages = self._draw(writer, document, words)
        if pages is None:
            raise Trouble("print_failed", printer="PDF")
        write_whole(path, bytes(paper.data().data()))
        return pages

    def print_receipt(self, document: ReceiptDocument, printer: str | None, lang: str) -> int:
        """Raises Trouble: printer_missing, printer_unknown, printer_stopped, print_failed."""
        words = Words(self._texts, lang)
        device, name = self._printers.open(printer, f"{title_of(document, words)} {document.receipt}")
        device.setPageLayout(_layout())
        pages = self._draw(device, document, words)
        if pages is None:
            raise Trouble("print_failed", printer=name)
        self._printers.check(device, name)
        return pages

    def _draw(self, device: QPagedPaintDevice, document: ReceiptDocument, words: Words) -> int | None:
        ink = Ink(device)
        pages = pages_of(self._blocks(ink, document, words))

        def foot(number: int) -> tuple[str, str]:
            left = f"{document.receipt}  {document.supplier}"
            return left, words.texts.title("receipt_page", words.lang, page=number, pages=len(pages))

        return len(pages) if draw_pages(device, ink, pages, foot) else None

    def _blocks(self, ink: Ink, document: ReceiptDocument, words: Words) -> list[Block]:
        say = words.texts.title
        blocks = [paragraph(ink, title_of(document, words), _TITLE, bold=True, after=1.5)]
        if document.synthetic:
            blocks.append(paragraph(ink, say("receipt_demo", words.lang), _TEXT))
        blocks += [gap(1), *pairs(ink, head_of(document, words), _TEXT), gap(3)]
        blocks += [*_lines(ink, document, words), gap(3)]
        blocks.append(paragraph(ink, say("receipt_equation", words.lang, **document.equation.as_dict()), _TEXT))
        left_open = sum(line.open for line in document.lines)
        if left_open:
            blocks.append(paragraph(ink, say("receipt_equation_open", words.lang, count=left_open), _TEXT, bold=True))
        blocks += _differences(ink, document, words)
        blocks += _strays(ink, document, words)
        names = [say(f"receipt_sign_{name}", words.lang) for name in _SIGNERS]
        return [*blocks, gap(4), signatures(ink, names, say("receipt_sign_date", words.lang), _TEXT)]


def _layout() -> QPageLayout:
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    size = QPageSize(QPageSize.PageSizeId.A4)
    return QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)


def _columns(columns: Sequence[tuple[str, float]], words: Words) -> list[Column]:
    numbers = {*COUNTS, "line", "packs", "times"}
    return [Column(words.column(name), width, name in numbers) for name, width in columns]


def _lines(ink: Ink, document: ReceiptDocument, words: Words) -> list[Block]:
    columns = _columns(_LINE_COLUMNS, words)
    rows = []
    for line in document.lines:
        price = words.texts.title("receipt_price", words.lang, price=line.price) if line.price else ""
        rx = words.rx(line.rx) if line.rx else ""
        name = " ".join(part for part in (line.name, line.spec, rx, price) if part)
        counts = (str(getattr(line, count)) for count, _ in _LINE_COLUMNS[5:])
        rows.append([str(line.line), name, line.batch, line.expiry, line.unit, *counts])
    sums = document.equation.as_dict()
    last = ["", words.texts.title("receipt_sum", words.lang), "", "", ""]
    return [
        *table(ink, columns, rows, _CELL, _HEADING[words.lang]),
        sum_row(ink, columns, [*last, *(str(sums[name]) for name, _ in _LINE_COLUMNS[5:])], _CELL),
    ]


def _differences(ink: Ink, document: ReceiptDocument, words: Words) -> list[Block]:
    if not document.differences:
        return [paragraph(ink, words.texts.title("receipt_nothing_else", words.lang), _TEXT)]
    names = {line.line: line.name for line in document.lines}
    rows = [
        [
            str(each.line), names.get(each.line, ""), words.outcome(each.outcome), str(each.packs), each.code, each.why,
            f"{each.operator}{_BREAK}{moment(each.at_ms, document.zone)[:16]}",
        ]
        for each in document.differences[:_DIFFERENCES]
    ]  # fmt: skip
    title = paragraph(ink, words.texts.title("receipt_sheet_differences", words.lang), _TEXT, bold=True, after=1)
    blocks = [gap(2), title, *table(ink, _columns(_DIFFERENCE_COLUMNS, words), rows, _CELL, _HEADING[words.lang])]
    return [*blocks, *_more(ink, words, len(document.differences) - _DIFFERENCES)]


def _strays(ink: Ink, document: ReceiptDocument, words: Words) -> list[Block]:
    if not document.strays:
        return []
    rows = [
        [
            words.reason(each.reason),
            each.code,
            str(each.times),
            f"{each.operator}{_BREAK}{moment(each.at_ms, document.zone)[:16]}",
        ]
        for each in document.strays[:_STRAYS]
    ]
    title = paragraph(ink, words.texts.title("receipt_sheet_strays", words.lang), _TEXT, bold=True, after=1)
    blocks = [gap(3), title, *table(ink, _columns(_STRAY_COLUMNS, words), rows, _CELL, _HEADING[words.lang])]
    return [*blocks, *_more(ink, words, len(document.strays) - _STRAYS)]


def _more(ink: Ink, words: Words, count: int) -> list[Block]:
    """How many rows the paper leaves to the table."""
    return [paragraph(ink, words.texts.title("receipt_more", words.lang, count=count), _CELL)] if count > 0 else []
