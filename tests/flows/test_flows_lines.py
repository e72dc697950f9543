"""One line of input → a scan or a command: every form of the contract, and any bytes at all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.codes import Voucher, read_bytes
from app.flows.lines import CommandInput, ScanInput, parse_line

VOUCHER = "4240000000000000000000990000"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"89990114017572284642\n", ScanInput(b"89990114017572284642")),
        (b"89990114017572284642\r\n", ScanInput(b"89990114017572284642")),
        (b"x\n\n", ScanInput(b"x\n")),
        (b"x\r\r\n", ScanInput(b"x\r")),
        (b"", ScanInput(b"")),
        (b"\n", ScanInput(b"")),
        (b" !undo", ScanInput(b" !undo")),
        (b"!undo 3\n", CommandInput("undo 3")),
        (b"!", CommandInput("")),
        ("!short 1 2 破损".encode(), CommandInput("short 1 2 破损")),
        (b"!\xff", ScanInput(b"!\xff")),
        (b"\xd1\xdd", ScanInput(b"\xd1\xdd")),
        (b'{"payload": "!x"}', ScanInput(b"!x")),
        (b'{"payload": "a\\u001db"}', ScanInput(b"a\x1db")),
        (b'{"payload": ""}', ScanInput(b"")),
        (b'{"payload": "\\ud800"}', ScanInput(b"\xed\xa0\x80")),
        (b'{"raw_hex": "d1 DD"}', ScanInput(b"\xd1\xdd")),
        (b'{"raw_hex": "0a", "at_ms": 0, "device": "serial:X"}', ScanInput(b"\n", 0, "serial:X")),
        (b'{"payload": "x", "raw_hex": null, "at_ms": null, "device": null}', ScanInput(b"x")),
    ],
)
def test_lines(line: bytes, expected: ScanInput | CommandInput) -> None:
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"{}", b"{x}", b'{"payload": 1}', b'{"payload": "x", "raw_hex": "00"}', b'{"raw_hex": "0"}',
        b'{"raw_hex": "zz"}', b'{"payload": "x", "at_ms": -1}', b'{"payload": "x", "at_ms": 10000000000000}',
        b'{"payload": "x", "at_ms": true}', b'{"payload": "x", "at_ms": 1.5}', b'{"payload": "x", "more": 1}',
        b'{"payload": "x", "device": 1}', b'{"payload": "x", "device": "a\\nb"}', b'{"payload": "x"} y',
        b'{"payload": "x", "at_ms": ' + b"9" * 5_000 + b"}", b'{"a":' * 50_000, b'{"payload": NaN}',
    ],
)  # fmt: skip
def test_a_brace_that_begins_no_object_is_a_code(line: bytes) -> None:
    assert parse_line(line) == ScanInput(line)


@settings(deadline=None)
@given(
    st.one_of(st.binary(max_size=80), st.binary(max_size=40).map(lambda rest: b"{" + rest), st.text().map(str.encode))
)
def test_any_line_is_exactly_one_input_and_its_bytes_are_kept(line: bytes) -> None:
    found = parse_line(line)
    body = line.removesuffix(b"\n").removesuffix(b"\r")
    if isinstance(found, CommandInput):
        assert b"!" + found.text.encode() == body
    elif not body.startswith(b"{"):
        assert found == ScanInput(body)


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 10**13 - 1), st.from_regex(r"[a-z]{1,8}:[0-9]{1,4}", fullmatch=True))
def test_what_a_recording_holds_comes_back(raw: bytes, at_ms: int, device: str) -> None:
    line = json.dumps({"raw_hex": raw.hex(), "at_ms": at_ms, "device": device}).encode()
    assert parse_line(line + b"\n") == ScanInput(raw, at_ms, device)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_comes_back_from_its_object(text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    assert parse_line(json.dumps({"payload": text}).encode()) == ScanInput(raw)


@pytest.mark.parametrize(
    "line",
    [
        f'{{"payload": "{VOUCHER}"}}', f'{{"raw_hex": "{VOUCHER.encode().hex()}"}}',
        f'{{"payload": "{VOUCHER}", "x": 1}}',
        f'{{"payload": "89990114017572284642", "device": "{VOUCHER}"}}',
        f'{{"{VOUCHER}": 1}}', f'{{"payload": "{VOUCHER}',
    ],
)  # fmt: skip
def test_a_voucher_in_an_object_is_never_a_code(line: str) -> None:
    found = parse_line(line.encode())
    assert isinstance(found, ScanInput)
    assert isinstance(read_bytes(found.raw), Voucher)
    assert VOUCHER not in repr(found)
