"""What the insurance was told stays in the file, and a correction goes back under the serial that it was told by."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest

from app.base.errors import Trouble
from app.domain.rights import Operator
from app.flows.claims import Claims
from sync.changes import DeliveryChange, DeliveryLine, DrugChange
from tests.fixtures.hospital import DELIVERY, NOW_MS, Dock, code, operator, packages

RECEIPT = f"{DELIVERY}-R1"
BOXES = [code("8999011", number) for number in range(3)]


@pytest.fixture
def closed(dock: Dock) -> Dock:
    """Three boxes received and closed; the hospital names prescription and price."""
    note = DeliveryChange(
        DELIVERY, "演示医药", "complete", "open",
        (DeliveryLine(1, "D1", "B1", "2029-06-30", 3, "2026-01-31", price="12.5"),), supplier_licence="L1",
        invoice_no="F1", invoice_code="C1", shipped_ms=NOW_MS,
    )  # fmt: skip
    dock.feed(
        operator(), operator("1002", rights=("export",)),
        DrugChange(
            "D1", "药", "drug", {"8999011": 1}, spec="1×1", maker="厂", approval_no="国药准字H20990001",
            nhsa_code="X-1", min_pack_unit="盒", rx="2",
        ),
        packages({key: {} for key in BOXES}), note,
    )  # fmt: skip
    desk = dock.desk()
    for key in BOXES:
        assert desk.scan(key.encode()).counted
    assert desk.command("close").ok
    settings = dock.program.settings
    dock.program.settings = type(settings)({**settings.values, "collection_model": "one_with_codes"})
    return dock


def claims(dock: Dock) -> Claims:
    return dock.program.claims()


def rows(dock: Dock) -> list[tuple[str, str, tuple[str, ...] | int]]:
    """(trade, batch serial, codes or, where the message has no place for them, their number)."""
    found = claims(dock).preview(RECEIPT)
    assert found.set_aside == ()
    return [
        (row.trade, row.serial, tuple(each.code for each in row.codes) or row.loose)
        for message in found.messages for row in message.rows
    ]  # fmt: skip


def person(dock: Dock) -> Operator:
    return dock.person("1002")


def test_prescription_and_price_come_from_the_feed_and_are_never_guessed(closed: Dock) -> None:
    (goods,) = {line.goods for line in closed.program.writer.call(lambda: claims(closed).snapshot(RECEIPT)).lines}
    assert (goods.rx, str(goods.price)) == ("2", "12.5")
    closed.feed(DrugChange("D1", "药", "drug", {"8999011": 1}))
    (goods,) = {line.goods for line in closed.program.writer.call(lambda: claims(closed).snapshot(RECEIPT)).lines}
    assert goods.rx is None


@pytest.mark.parametrize("price", ["12,5", "-1", "1e3", "", "1.1234567"])
def test_a_price_that_is_none_is_refused_at_the_door(price: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {"line": 1, "drug": "D1", "batch": None, "expiry": None, "packs": 1, "price": price}, type=DeliveryLine
        )


def test_after_it_was_told_nothing_is_left_to_tell(closed: Dock) -> None:
    before = rows(closed)
    assert {codes for _, _, codes in before} >= {tuple(BOXES), 3}
    told = claims(closed).told(claims(closed).preview(RECEIPT), person(closed))
    assert told == len(before) > 0
    assert rows(closed) == []
    kept = closed.rows("SELECT receipt, operator, trade, serial FROM claim_rows ORDER BY n")
    assert kept == [(RECEIPT, "1002", trade, serial) for trade, serial, _ in before]
    settings = closed.program.settings
    closed.restart()
    closed.program.settings = settings
    assert rows(closed) == []


def test_what_changes_after_the_close_goes_back_under_the_serial_it_was_told_by(closed: Dock) -> None:
    before = rows(closed)
    claims(closed).told(claims(closed).preview(RECEIPT), person(closed))
    program = closed.program
    scan = 2  # the hospital takes the second scan back after the close
    program.writer.call(lambda: program.receipts.take_back(RECEIPT, scan, remote="conflict"))
    back = rows(closed)
    opposite = {"purchase": "purchase_return", "stock_in": "stock_out", "sale": "sale_return"}
    assert sorted(back, key=str) == sorted(
        ((opposite[trade], serial, 1 if what == 3 else (BOXES[1],)) for trade, serial, what in before), key=str
    )
    claims(closed).told(claims(closed).preview(RECEIPT), person(closed))
    assert rows(closed) == []
    program.writer.call(lambda: program.receipts.others.give(RECEIPT, BOXES[0], 1, "damaged", 1))
    again = {(serial, what) for _, serial, what in rows(closed)}
    assert again == {(serial, 1 if what == 3 else (BOXES[0],)) for _, serial, what in before}


def test_only_a_closed_receipt_by_somebody_who_may_and_only_what_still_is_so(closed: Dock, dock: Dock) -> None:
    preview = claims(closed).preview(RECEIPT)
    with pytest.raises(Trouble, match="no_right"):
        claims(closed).told(preview, closed.person("1001"))
    claims(closed).told(preview, person(closed))
    with pytest.raises(Trouble, match="claim_preview_old"):
        claims(closed).told(preview, person(closed))
    program = closed.program
    program.writer.call(lambda: program.receipts.reopen(RECEIPT))
    with pytest.raises(Trouble, match="claim_not_closed"):
        claims(closed).told(claims(closed).preview(RECEIPT), person(closed))


def test_the_file_refuses_to_forget_what_was_told(closed: Dock) -> None:
    claims(closed).told(claims(closed).preview(RECEIPT), person(closed))
    for words in ("UPDATE claim_rows SET serial = 'x'", "DELETE FROM claim_rows"):
        connection = sqlite3.connect(closed.program.paths.database)
        with pytest.raises(sqlite3.IntegrityError, match="what was told"):
            connection.execute(words)
        connection.close()
