"""What happens when the disk refuses, when there is a bug, and that a patient's voucher leaves no trace anywhere."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from app.flows.lines import CommandInput, parse_line
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.receiving import Receiving
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages

BOX = "8999011"
B = [code(BOX, n) for n in range(6)]
DIGITS = "4240000000000000000000990000"
VOUCHERS = (DIGITS, "opc" + DIGITS, "OPCaB3aB3aB3aB3aB3aB3aB3aB3x")
FULL_WIDTH = str.maketrans({chr(sign): chr(sign + 0xFEE0) for sign in range(0x21, 0x7F)})
FAULTS = {
    "disk_full": ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"),
    "data_folder_read_only": ("PRAGMA query_only = 1", "PRAGMA query_only = 0"),
    "bug": (
        "CREATE TRIGGER spoil BEFORE INSERT ON sync_outbox BEGIN SELECT RAISE(ABORT, 'spoilt'); END",
        "DROP TRIGGER spoil",
    ),
}


@pytest.fixture
def desk(dock: Dock) -> Receiving:
    dock.feed(operator(), drug("D1", {BOX: 1}), packages({key: {} for key in B}), delivery(line(1, "D1", 6)))
    return dock.desk()


def say(dock: Dock, statement: str) -> None:
    """To the connection itself, outside any transaction."""
    database = dock.program.writer.database
    dock.program.writer.call(lambda: database.execute_sql(statement), write=False)


def state(dock: Dock) -> list[object]:
    """All that a scan may change."""
    tables = ("entries", "holds", "outcomes", "sync_outbox", "receipt_lines", "receipts")
    return [dock.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]


def until_full(desk: Receiving) -> ScanOutcome:
    """A file has room left in its last pages: large scans use it up."""
    found = (desk.scan(f"{n:04}".encode() * 1_000) for n in range(200))
    return next(outcome for outcome in found if outcome.reason == "not_recorded")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_written_whole_is_not_written_at_all(dock: Dock, desk: Receiving, fault: str) -> None:
    assert desk.scan(B[0].encode()).reason == "ok"
    say(dock, FAULTS[fault][0])
    if fault == "disk_full":
        assert until_full(desk).trouble == fault
    before = state(dock)
    found = desk.scan(B[1].encode() if fault != "disk_full" else b"x" * 4_000)
    assert (found.reason, found.trouble, found.seq, found.counted) == ("not_recorded", fault, None, False)
    done = desk.command(f"damaged {B[0]} {'wet' * (1_500 if fault == 'disk_full' else 1)}")
    assert (done.reason, done.text, done.trouble, done.seq) == ("not_recorded", "not_recorded", fault, None)
    assert state(dock) == before
    say(dock, FAULTS[fault][1])
    again = desk.scan(B[1].encode())
    assert (again.reason, again.received) == ("ok", 2)
    assert [row[0] for row in dock.rows("SELECT seq FROM entries ORDER BY seq")] == list(range(1, (again.seq or 0) + 1))


def test_a_scan_and_its_item_are_one(dock: Dock, desk: Receiving) -> None:
    for key in B[:4]:
        desk.scan(key.encode())
    desk.command("undo")
    desk.scan(B[0].encode())
    rows = dock.rows(
        "SELECT e.seq, o.kind FROM entries e LEFT JOIN sync_outbox o ON o.id = e.id AND o.seq = e.seq ORDER BY e.seq"
    )
    assert rows == [(1, "scan"), (2, "scan"), (3, "scan"), (4, "scan"), (5, "reversal"), (6, None)]


def test_a_program_that_has_ended_records_nothing(dock: Dock, desk: Receiving) -> None:
    dock.program.close()
    assert desk.scan(B[0].encode()).reason == "not_recorded"
    assert desk.command("undo").reason == "not_recorded"


def spellings(voucher: str) -> list[bytes]:
    """A voucher as it may reach `receive`."""
    plain = voucher.encode()
    return [
        plain, b"]Q1" + plain, b"]d2" + plain + b"\r\n", plain + plain, B[0].encode() + plain, plain + B[0].encode(),
        voucher.translate(FULL_WIDTH).encode(), b"\xff" + plain, b"MATOU!undo " + plain, b"!undo " + plain,
        b"!" + plain, b"!damaged " + B[0].encode() + b" " + plain, b"!short 1 1 x" + b" " + plain + b" y",
        b"!reject " + voucher.translate(FULL_WIDTH).encode() + b" x", b"!\xff " + plain,
        b'{"payload": "' + plain + b'"}', b'{"raw_hex": "' + plain.hex().encode() + b'"}',
        b'{"payload": "' + plain + b'", "x": 1}', b'{"payload": "x", "device": "' + plain + b'"}',
        b"https://e.cn/?code=" + plain,
    ]  # fmt: skip


def feed(desk: Receiving, raw: bytes) -> ScanOutcome | CommandOutcome:
    found = parse_line(raw)
    if isinstance(found, CommandInput):
        return desk.command(found.text)
    return desk.scan_or_command(found.raw, at_ms=found.at_ms, scanner=found.scanner)


def files_with(folder: Path, *words: str) -> set[str]:
    """Files of the folder that hold one of the words, in any of the forms that a text may be kept in."""
    forms = {
        form
        for word in words
        for form in (
            word.encode(),
            word.encode().hex().encode(),
            word.translate(FULL_WIDTH).encode(),
            word.lower().encode(),
        )
    }
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.name for path in files if any(form in path.read_bytes() for form in forms)}


@pytest.mark.parametrize("holds", [False, True])
def test_a_voucher_leaves_no_trace(dock: Dock, desk: Receiving, tmp_path: Path, holds: bool) -> None:
    desk = dock.desk(holds=holds)
    logging.getLogger("tests.flows").warning("seen %s", DIGITS)  # the log is not ours alone
    desk.scan(b"a trace to find")
    for raw in [raw for voucher in VOUCHERS for raw in spellings(voucher)]:
        found = feed(desk, raw)
        assert (found.reason, found.seq, found.trouble) == ("voucher_at_dock", None, None), raw
        assert DIGITS not in repr(found)
        if isinstance(found, ScanOutcome):
            assert (found.payload, found.raw) == (None, None)
    assert dock.rows("SELECT count(*) FROM entries") == [(1,)]
    assert files_with(tmp_path, "a trace to find")
    assert files_with(tmp_path, *VOUCHERS) == set()
    dock.program.close()
    assert files_with(tmp_path, *VOUCHERS) == set()


def test_a_voucher_is_kept_out_even_when_nothing_can_be_written(dock: Dock, tmp_path: Path) -> None:
    dock.feed(operator(), drug("D1", {BOX: 1}), delivery(line(1, "D1", 6)))
    desk = dock.desk(holds=True)
    say(dock, "PRAGMA query_only = 1")
    assert desk.scan(DIGITS.encode()).reason == "voucher_at_dock"
    say(dock, "PRAGMA query_only = 0")
    assert files_with(tmp_path, DIGITS) == set()
