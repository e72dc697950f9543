"""The document of a real receipt: what stands on it, and in its csv and workbook; nothing in them is a formula."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import Trouble
from app.base.texts import Texts
from app.flows.receipt_document_tables import Words, csv_of, harmless
from app.flows.receipt_document_xlsx import xlsx_of
from app.flows.receiving import Receiving
from tests.fixtures.hospital import Dock
from tests.flows.receipt_samples import BOXES, FOREIGN, document_of, eventful

ZH, EN = Words(Texts.load(), "zh"), Words(Texts.load(), "en")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def desk(dock: Dock) -> Receiving:
    return eventful(dock)


def rows_of(table: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))


def sheets_of(book: bytes) -> dict[str, list[list[str]]]:
    """Sheet → rows of cells as text, read from the file's own parts; a formula shows as one."""
    with zipfile.ZipFile(io.BytesIO(book)) as file:
        shared = [
            "".join(part.text or "" for part in each.iter(f"{MAIN}t"))
            for each in ElementTree.fromstring(file.read("xl/sharedStrings.xml"))
        ]
        names = [
            each.attrib["name"] for each in ElementTree.fromstring(file.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        ]
        return {
            name: list(_rows(ElementTree.fromstring(file.read(f"xl/worksheets/sheet{number}.xml")), shared))
            for number, name in enumerate(names, start=1)
        }


def _rows(sheet: ElementTree.Element, shared: list[str]) -> Iterator[list[str]]:
    for row in sheet.iter(f"{MAIN}row"):
        yield [_cell(cell, shared) for cell in row]


def _cell(cell: ElementTree.Element, shared: list[str]) -> str:
    assert cell.find(f"{MAIN}f") is None, "a formula"
    value = cell.findtext(f"{MAIN}v") or ""
    return shared[int(value)] if cell.attrib.get("t") == "s" else value


def test_everything_that_happened_stands_on_it(dock: Dock, desk: Receiving) -> None:
    assert document_of(dock).closed_ms is None
    assert desk.command("close").ok
    found = document_of(dock)
    assert found.equation == desk.summary().equation
    assert [(line.received, line.short, line.damaged, line.rejected, line.exempt) for line in found.lines] == [
        (8, 2, 1, 1, 0), (0, 2, 0, 0, 28),
    ]  # fmt: skip
    assert [line.unit for line in found.lines] == ["盒", "袋"]
    assert [line.open for line in found.lines] == [0, 0]
    # The number that was corrected is not there any more: what stands is what holds.
    assert [(each.line, each.outcome, each.packs, each.why) for each in found.differences] == [
        (1, "damaged", 1, "外箱进水"), (1, "rejected", 1, "=cmd|' /C calc'!A0"), (1, "short", 2, "少送"),
        (2, "exempt", 28, "饮片无码"), (2, "short", 2, "@SUM(A1)"),
    ]  # fmt: skip
    assert {each.code: each.times for each in found.strays}[FOREIGN] == 2
    assert [each.code for each in found.codes] == [BOXES[0], *BOXES[3:]]
    assert (found.supplier, found.invoice_no, found.opened_by) == ("演示医药有限公司", "0012345", "演示员1001")
    assert found.closed_by == "演示员1001"


def test_an_undone_outcome_is_gone_from_it(dock: Dock, desk: Receiving) -> None:
    assert desk.command(f"undo {BOXES[1]}").ok
    assert [each.outcome for each in document_of(dock).differences if each.code == BOXES[1]] == []
    assert document_of(dock).lines[0].received == 9


def test_a_receipt_that_is_not_here(dock: Dock) -> None:
    with pytest.raises(Trouble, match="receipt_not_here"):
        document_of(dock, "none")


def test_the_csv_opens_in_a_spreadsheet_and_calls_nothing(dock: Dock, desk: Receiving) -> None:
    table = csv_of(document_of(dock), ZH)
    assert table.startswith(b"\xef\xbb\xbf")
    head, first, second = rows_of(table)
    assert head[:3] == ["行", "院内编码", "品名"]
    assert first[2:8] == ["阿莫西林胶囊", "0.5g×24粒/盒", "演示制药有限公司", "B20260101", "2026-01-31", "2029-06-30"]
    assert dict(zip(head, first, strict=True))["差异原因"] == "破损 1 外箱进水；拒收 1 =cmd|' /C calc'!A0；短少 2 少送"
    assert second[2] == "'=HYPERLINK(1)甘草"
    assert second[5] == "'=1+1"
    assert rows_of(csv_of(document_of(dock), EN))[0][:2] == ["Line", "Item"]


def test_the_workbook_holds_all_of_it_as_text(dock: Dock, desk: Receiving) -> None:
    book = sheets_of(xlsx_of(document_of(dock), ZH))
    assert list(book) == ["收货单", "差异", "未计入", "追溯码"]
    lines = book["收货单"]
    assert lines[0] == ["演示医院 药品收货验收单（未关闭）"]
    assert ["供应商", "演示医药有限公司"] in lines
    heading = next(row for row in lines if row[0] == "行")
    first = dict(zip(heading, lines[lines.index(heading) + 1], strict=True))
    assert (first["应收"], first["实收"], first["短少"], first["破损"], first["拒收"]) == ("12", "8", "2", "1", "1")
    assert lines[-1][0] == "合计"
    assert [row[4] for row in book["追溯码"][1:]] == [BOXES[0], *BOXES[3:]]
    assert "=HYPERLINK(1)甘草" in [row[1] for row in book["差异"]]


def test_a_receipt_without_differences_has_no_empty_sheets(dock: Dock, desk: Receiving) -> None:
    document = replace(document_of(dock), differences=(), strays=(), codes=())
    assert list(sheets_of(xlsx_of(document, ZH))) == ["收货单"]


@settings(deadline=None)
@given(st.text(max_size=12))
def test_no_text_of_a_csv_begins_like_a_formula(text: str) -> None:
    found = harmless(text)
    assert found.endswith(text)
    assert not found.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


def test_signs_that_no_file_can_hold_do_not_stop_it(dock: Dock, desk: Receiving) -> None:
    document = document_of(dock)
    odd = replace(document.lines[0], name="甲\x01\ud800\uffff乙", batch="x" * 40_000)
    document = replace(document, lines=(odd,))
    assert "乙" in rows_of(csv_of(document, ZH))[1][2]
    names = [row[2] for row in sheets_of(xlsx_of(document, ZH))["收货单"] if len(row) > 10]
    assert names[1].startswith("甲")
