"""A receipt in which everything happened, in a real data folder, for the tests of its document."""

from __future__ import annotations

from app.flows.receipt_document import ReceiptDocument, ReceiptDocuments
from app.flows.receiving import Receiving
from sync.changes import DeliveryChange, DeliveryLine, DrugChange
from tests.fixtures.hospital import DELIVERY, NOW_MS, Dock, code, operator, packages

RECEIPT = f"{DELIVERY}-R1"
BOXES = [code("8999011", number) for number in range(10)]
CARTON = code("8999013", 0)
FOREIGN = code("8999099", 7)


def a_drug(name: str, title: str, *, exempt: str | None = None, spec: str = "0.5g×24粒/盒") -> DrugChange:
    levels = {"8999011": 1, "8999013": 2} if name == "YP-1" else {}
    return DrugChange(
        name, title, "drug", levels, spec=spec, maker="演示制药有限公司", approval_no="国药准字H20990001",
        nhsa_code="X-DEMO-0001", min_pack_unit="盒", hospital_unit="袋", exempt=exempt,
    )  # fmt: skip


def eventful(dock: Dock) -> Receiving:
    """A carton of ten: one damaged, one rejected; bags without a code, two short; a foreign code, shot twice."""
    lines = (
        DeliveryLine(1, "YP-1", "B20260101", "2029-06-30", 12, "2026-01-31"),
        DeliveryLine(2, "YP-2", "=1+1", None, 30),
    )
    dock.feed(
        operator(), a_drug("YP-1", "阿莫西林胶囊"),
        a_drug("YP-2", "=HYPERLINK(1)甘草", exempt="herbal", spec="统 500g/袋"),
        packages({CARTON: {key: {} for key in BOXES}}),
        DeliveryChange(
            DELIVERY, "演示医药有限公司", "complete", "open", lines, supplier_licence="许可1", invoice_no="0012345",
            shipped_ms=NOW_MS,
        ),
    )  # fmt: skip
    desk = dock.desk()
    desk.scan(CARTON.encode())
    desk.scan(FOREIGN.encode())
    desk.scan(FOREIGN.encode())
    desk.scan(BOXES[3].encode())
    for text in (
        f"damaged {BOXES[1]} 外箱进水", f"reject {BOXES[2]} =cmd|' /C calc'!A0", "short 1 1 少送一盒", "short 1 2 少送",
        "exempt 2 28 饮片无码", "short 2 2 @SUM(A1)",
    ):  # fmt: skip
        outcome = desk.command(text)
        assert outcome.ok, (text, outcome)
    return desk


def document_of(dock: Dock, receipt: str = RECEIPT) -> ReceiptDocument:
    writer = dock.program.writer
    documents = ReceiptDocuments(writer.database, dock.program.catalogue)
    return writer.call(lambda: documents.of(receipt), write=False)
