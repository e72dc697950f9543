"""The receipt on paper: Chinese words that can be read back, and printers that are not there or stand still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPrintSupport import QPrinter

from app.base.errors import Trouble
from app.flows.receipt_document import ReceiptDocument
from app.ui.printers import Printers
from app.ui.receipt_paper import ReceiptPrinter
from tests.fixtures.hospital import Dock
from tests.flows.receipt_samples import BOXES, FOREIGN, document_of, eventful

A4_PT = (595, 842)


@pytest.fixture
def document(tmp_path: Path) -> Iterator[ReceiptDocument]:
    with Dock(tmp_path / "data") as dock:
        desk = eventful(dock)
        assert desk.command("close").ok
        yield document_of(dock)


@pytest.fixture
def paper(qapp: object) -> ReceiptPrinter:
    return ReceiptPrinter()


def pages_of(path: Path) -> list[str]:
    pdf = QPdfDocument()
    assert pdf.load(str(path)) == QPdfDocument.Error.None_
    found = [pdf.getAllText(page).text() for page in range(pdf.pageCount())]
    sizes = {
        (round(pdf.pagePointSize(page).width()), round(pdf.pagePointSize(page).height())) for page in range(len(found))
    }
    assert sizes == {A4_PT}
    pdf.close()
    return found


def picture(path: Path, page: int = 0) -> QImage:
    pdf = QPdfDocument()
    pdf.load(str(path))
    drawn = pdf.render(page, QSize(A4_PT[0] * 2, A4_PT[1] * 2))
    image = QImage(drawn.size(), QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.drawImage(0, 0, drawn)
    painter.end()
    pdf.close()
    return image


def inked(image: QImage) -> tuple[int, int, int, int]:
    """The smallest box around everything that is not white: left, top, right, bottom."""
    white = QColor("white").rgb()
    found = [
        (x, y) for y in range(0, image.height(), 2) for x in range(0, image.width(), 2) if image.pixel(x, y) != white
    ]
    return (
        min(x for x, _ in found), min(y for _, y in found), max(x for x, _ in found), max(y for _, y in found),
    )  # fmt: skip


def test_one_page_says_everything(paper: ReceiptPrinter, document: ReceiptDocument, tmp_path: Path) -> None:
    assert paper.write_receipt(tmp_path / "r.pdf", document, "zh") == 1
    (text,) = pages_of(tmp_path / "r.pdf")
    for word in (
        "演示医院 药品收货验收单", "演示数据", "演示医药有限公司", "0012345", "阿莫西林胶囊", "B20260101", "短少",
        "外箱进水", "饮片无码", FOREIGN, BOXES[1], "收货人", "验收人", "复核人", "送货人", "第 1 页，共 1 页",
        "应收 42 = 实收 8 + 短少 4 + 破损 1 + 拒收 1 + 免扫 28",
    ):  # fmt: skip
        assert word in text, word


def test_it_stays_on_the_paper(paper: ReceiptPrinter, document: ReceiptDocument, tmp_path: Path) -> None:
    paper.write_receipt(tmp_path / "r.pdf", document, "zh")
    image = picture(tmp_path / "r.pdf")
    left, top, right, bottom = inked(image)
    margin = round(11 / 25.4 * 72 * 2)
    assert left > margin
    assert top > margin
    assert right < image.width() - margin
    assert bottom < image.height() - margin


def test_many_lines_go_on_over_the_pages_under_their_heading(
    paper: ReceiptPrinter, document: ReceiptDocument, tmp_path: Path
) -> None:
    many = tuple(replace(document.lines[0], line=number, batch=f"B{number:05}") for number in range(1, 301))
    strays = tuple(replace(document.strays[0], code=f"{number:020}") for number in range(100))
    document = replace(document, lines=many, strays=strays)
    count = paper.write_receipt(tmp_path / "r.pdf", document, "zh")
    pages = pages_of(tmp_path / "r.pdf")
    assert len(pages) == count > 5
    whole = "".join(pages)
    assert [number for number in range(1, 301) if whole.count(f"B{number:05}") != 1] == []
    for number, text in enumerate(pages, start=1):
        assert f"第 {number} 页，共 {count} 页" in text
    of_lines = [text for text in pages if "B00" in text]
    assert all(text.index("批号") < text.index("B00") for text in of_lines)
    assert "还有 40 条，见表格文件" in whole
    assert sum("收货人" in text and "送货人" in text for text in pages) == 1, "signatures are never torn apart"


def test_ten_thousand_differences_are_left_to_the_table(
    paper: ReceiptPrinter, document: ReceiptDocument, tmp_path: Path
) -> None:
    many = tuple(replace(document.differences[0], code=f"{number:020}") for number in range(10_000))
    assert paper.write_receipt(tmp_path / "r.pdf", replace(document, differences=many), "zh") < 30
    assert "还有 9500 条，见表格文件" in "".join(pages_of(tmp_path / "r.pdf"))


def test_a_long_word_is_broken_and_never_cut(paper: ReceiptPrinter, document: ReceiptDocument, tmp_path: Path) -> None:
    long = "X" * 90
    line = replace(document.lines[0], batch=long, name="很长的药名" * 20)
    paper.write_receipt(tmp_path / "r.pdf", replace(document, lines=(line,)), "zh")
    text = "".join(pages_of(tmp_path / "r.pdf")).replace("\r", "").replace("\n", "")
    assert text.count("X") == 90


def test_in_english_and_while_it_is_open(paper: ReceiptPrinter, document: ReceiptDocument, tmp_path: Path) -> None:
    line = replace(document.lines[0], received=5)
    document = replace(document, closed_ms=None, closed_by="", lines=(line,), differences=(), strays=(), gift=True)
    paper.write_receipt(tmp_path / "r.pdf", document, "en")
    text = pages_of(tmp_path / "r.pdf")[0]
    for word in ("goods receipt (open)", "(gift)", "still have no outcome", "no differences", "page 1 of 1"):
        assert word in text


def test_a_file_that_cannot_be_written(paper: ReceiptPrinter, document: ReceiptDocument, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="file_folder_missing"):
        paper.write_receipt(tmp_path / "none" / "r.pdf", document, "zh")


class PaperPrinters(Printers):
    """Printers on paper: what the system would say of them, and a real job that lands in a file."""

    def __init__(self, file: Path, *names: str, states: tuple[QPrinter.PrinterState, ...] = ()) -> None:
        self._file, self._names = file, names
        self._states = list(states)

    def names(self) -> tuple[str, ...]:
        return self._names

    def state(self, name: str) -> QPrinter.PrinterState:
        return self._states.pop(0) if self._states else QPrinter.PrinterState.Idle

    def device(self, name: str) -> QPrinter:
        device = QPrinter(QPrinter.PrinterMode.HighResolution)
        device.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        device.setOutputFileName(str(self._file))
        return device


def test_a_printer_gets_the_same_pages(qapp: object, document: ReceiptDocument, tmp_path: Path) -> None:
    paper = ReceiptPrinter(PaperPrinters(tmp_path / "p.pdf", "库房", "药房"))
    assert paper.print_receipt(document, None, "zh") == 1
    assert paper.print_receipt(document, "药房", "zh") == 1
    paper.write_receipt(tmp_path / "w.pdf", document, "zh")
    assert pages_of(tmp_path / "p.pdf") == pages_of(tmp_path / "w.pdf")


@pytest.mark.parametrize(
    ("names", "states", "wanted", "code"),
    [
        ((), (), None, "printer_missing"),
        (("库房",), (), "药房", "printer_unknown"),
        (("库房",), (QPrinter.PrinterState.Error,), None, "printer_stopped"),
        (("库房",), (QPrinter.PrinterState.Idle, QPrinter.PrinterState.Error), None, "printer_stopped"),
    ],
)
def test_a_printer_that_is_not_there_or_stands_still(
    qapp: object,
    document: ReceiptDocument,
    tmp_path: Path,
    names: tuple[str, ...],
    states: tuple[QPrinter.PrinterState, ...],
    wanted: str | None,
    code: str,
) -> None:
    paper = ReceiptPrinter(PaperPrinters(tmp_path / "p.pdf", *names, states=states))
    with pytest.raises(Trouble) as caught:
        paper.print_receipt(document, wanted, "zh")
    assert caught.value.code == code


@pytest.mark.qt_log_ignore("QPainter::begin", extend=True)
def test_a_device_that_refuses_the_job(qapp: object, document: ReceiptDocument, tmp_path: Path) -> None:
    paper = ReceiptPrinter(PaperPrinters(tmp_path / "none" / "p.pdf", "库房"))
    with pytest.raises(Trouble, match="print_failed"):
        paper.print_receipt(document, None, "zh")


def test_the_systems_own_printers_can_be_asked(qapp: object) -> None:
    assert isinstance(Printers().names(), tuple)
