"""What a scanned text is: every step of the recognition order, and what must hold of any text at all."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.codes import (
    GS,
    Gs1,
    OwnForm,
    ProductCode,
    Reading,
    Sscc,
    TraceCode,
    Unknown,
    Voucher,
    decode,
    key_of,
    read,
    read_bytes,
)
from app.domain.own_forms import VOUCHER as VOUCHER_PATTERN
from app.domain.own_forms import holds_voucher

GTIN = "09529999001016"
EXPIRY = "17290531"
ELEMENTS = f"01{GTIN}{EXPIRY}10SYN2605A{GS}21SYN000000001"
GS1_KEY = f"01{GTIN}21SYN000000001"
TRACE = "89990114017572284642"
VOUCHER = "4240000000000000000000990000"
OPC = "opc" + VOUCHER
FULL_WIDTH = str.maketrans({chr(sign): chr(sign + 0xFEE0) for sign in range(0x21, 0x7F)})

# Plain 20-digit codes with these beginnings pass for GS1 messages (trace-codes.md §4.2).
ALWAYS = ["8002", "8004", "8007", "8009", "8010", "8012", "8013", "8014", "8020", "8030", "8110", "8112", "8200"]
SOMETIMES = ["8003", "8005", "8011", "8019", "8111"]


def gs1(text: str) -> Gs1:
    found = read(text)
    assert isinstance(found, Gs1), found
    return found


@pytest.mark.parametrize("prefix", [*ALWAYS, *SOMETIMES])
def test_codes_that_look_like_gs1_are_trace_codes(prefix: str) -> None:
    chance = random.Random(prefix)
    for _ in range(80):
        text = prefix + "".join(chance.choices("0123456789", k=16))
        assert read(text) == TraceCode(text, text[:7])
        assert key_of(read("]C0" + text)) == text


@pytest.mark.parametrize("text", ["80023337211607258546", "80126543210987654321"])
@pytest.mark.parametrize("aim", ["]C1", "]d2", "]Q3", "]e0"])
def test_a_gs1_flag_without_an_item_key_is_distrusted(text: str, aim: str) -> None:
    assert key_of(read(aim + text)) == text
    assert isinstance(read(aim + text), TraceCode)


@pytest.mark.parametrize("aim", ["", "]C0", "]C1", "]d1", "]d2", "]Q1", "]Q3", "]e0", "]C1]C1"])
def test_gs1_with_its_separator(aim: str) -> None:
    found = gs1(aim + ELEMENTS)
    assert (found.key, found.ambiguous) == (GS1_KEY, False)
    assert (found.fields.gtin, found.fields.batch, found.fields.serial) == (GTIN, "SYN2605A", "SYN000000001")
    assert found.fields.expiry == dt.date(2029, 5, 31)


@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}10SYN2605A{EXPIRY}21SYN1",  # the batch swallows expiry and serial
        f"01{GTIN}{EXPIRY}10SYN2605A21SYN000000001",  # the batch swallows the serial
        f"01{GTIN}21SYN0000110B7",  # the serial may end where a batch begins
        f"01{GTIN}21SYN00001{EXPIRY}",
        f"01{GTIN}21SYN0000111260131",
        f"01{GTIN}{EXPIRY}",  # no serial at all
        f"01{GTIN}10B1{GS}{EXPIRY}",
    ],
)
def test_a_lost_separator_is_never_mended(text: str) -> None:
    assert gs1(text).ambiguous


def test_no_separator_is_needed_where_nothing_can_hide() -> None:
    found = gs1(f"01{GTIN}{EXPIRY}21SYN")
    assert (found.ambiguous, found.key) == (False, f"01{GTIN}21SYN")


def test_parentheses_carry_their_own_borders() -> None:
    found = gs1(f"(01){GTIN}(17)290531(10)SYN2605A(21)SYN000000001")
    assert (found.key, found.ambiguous) == (GS1_KEY, False)


def test_expiry_without_a_day_is_the_last_of_its_month() -> None:
    assert gs1(f"01{GTIN}1729050021S").fields.expiry == dt.date(2029, 5, 31)


def test_two_batches_on_one_label_are_no_reading() -> None:
    text = f"01{GTIN}10A{GS}10B{GS}21S"
    found = gs1(text)
    assert (found.key, found.ambiguous, found.fields.batch, found.fields.serial) == (text, True, None, None)


def test_a_field_that_swallowed_more_than_it_can_hold_is_ambiguous_too() -> None:
    text = f"01{GTIN}{EXPIRY}10SYN2605A21SYN000000001"  # a batch of 22 characters
    assert (gs1(text).key, gs1(text).fields.gtin, gs1(text).notes) == (text, GTIN, ("gs1_broken",))
    assert isinstance(read(f"02{GTIN}10A{GS}10B"), Unknown)


def test_unusual_order_is_ambiguous() -> None:
    found = gs1(f"{EXPIRY}01{GTIN}21SYN9")
    assert found.ambiguous
    assert "unusual_order" in found.notes


def test_digital_link() -> None:
    found = gs1(f"https://id.gs1.org/01/{GTIN}/10/SYN2605A/21/SYN000000001?17=290531")
    assert (found.key, found.ambiguous, found.fields.batch) == (GS1_KEY, False, "SYN2605A")
    assert gs1(f"https://id.gs1.org/01/{GTIN}/10/SYN2605A").ambiguous


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (f"https://www.mashangfangxin.com/drugQueryResult?code={TRACE}", ("from_url",)),
        (f"http://example.cn/?a=1&code={TRACE}#x", ("from_url",)),
        ("8999 0114 0175 7228 4642", ("grouped",)),
        ("8999011-401757228-4642", ("grouped",)),
        (TRACE.translate(FULL_WIDTH), ("full_width",)),
        (f"]C0{TRACE}\r\n", ()),
        (f"\t{TRACE}\t", ()),
        (f"]C0\t{TRACE}", ()),
    ],
)
def test_other_spellings_of_one_trace_code(text: str, notes: tuple[str, ...]) -> None:
    assert read(text) == TraceCode(TRACE, TRACE[:7], notes)


@pytest.mark.parametrize(
    "text",
    [
        f"https://e.cn/?code={TRACE}%0A",  # a line end inside the address is no digit
        f"https://e.cn/?code={TRACE}&code={TRACE}",
        f"https://e.cn/{TRACE}?and={TRACE}",
        "https://[broken",
        "8999O114017572284642",  # letter O: shown as it is, never dropped
        f"{TRACE}1",
        TRACE[:-1],
        f" {TRACE}",
        "",
        "]",
        "]C1",
        "MATOU",
        "MATOU?x",
        "数据",
        "MA.156.M0.100204",
    ],
)
def test_what_is_not_understood_stays_unknown(text: str) -> None:
    assert isinstance(read(text), Unknown)


def test_shipping_codes() -> None:
    for text in ("00095299990000000019", "00395299990000000171"):
        assert read(text) == Sscc(text, ("sscc",))
        for spelling in (text, "]C1" + text, "]C0" + text, f"(00){text[2:]}"):
            assert key_of(read(spelling)) == text
    assert gs1("00095299990000000018").ambiguous  # its check digit says that it was misread


@pytest.mark.parametrize("text", ["6901234567892", "09529999001016", "96385074", "036000291452", "]E06901234567892"])
def test_product_codes(text: str) -> None:
    assert isinstance(read(text), ProductCode)
    assert key_of(read(text)) is None


def test_benwei_and_a_wrong_check_digit() -> None:
    assert read("86900000000001") == ProductCode("86900000000001", ("benwei",))
    assert isinstance(read("6901234567893"), Unknown)


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("MATOU!undo", "command", "undo"),
        ("MATOU#1001", "badge", "1001"),
        ("MATOU=DEMO-1", "delivery", "DEMO-1"),
        ("MATOU~x=1", "set_up", "x=1"),
        ("]Q1MATOU!close\r\n", "command", "close"),
        ("MATOU!close".translate(FULL_WIDTH), "command", "close"),
    ],
)
def test_own_forms(text: str, kind: str, rest: str) -> None:
    assert read(text) == OwnForm(kind, rest)
    assert key_of(read(text)) is None


@pytest.mark.parametrize("voucher", [VOUCHER, OPC, OPC.upper(), "opc" + "aB3" * 9])
@pytest.mark.parametrize(
    "around",
    [
        "{}", "]Q1{}", "]d2{}", "{}\r\n", " {} ", "x {}", "https://e.cn/?code={}", "MATOU!undo {}", "{}" + VOUCHER,
        "{}" + OPC, "\ufeff{}", '{{"payload": "{}"}}', "{}{{", TRACE + "{}", "{}" + TRACE, "]C0" + TRACE + "{}" + TRACE,
        TRACE + TRACE + "{}", "no {}, yes", ELEMENTS + GS + "{}", GS + "{}", "https://e.cn/{}/x", "{}%20",
    ],
)  # fmt: skip
def test_a_voucher_is_a_voucher_wherever_it_stands(voucher: str, around: str) -> None:
    text = around.format(voucher)
    assert isinstance(read(text), Voucher)
    assert isinstance(read(text.translate(FULL_WIDTH)), Voucher)
    assert key_of(read(text)) is None


@pytest.mark.parametrize("voucher", [VOUCHER, OPC])
def test_a_voucher_is_seen_through_the_escapes_of_an_address(voucher: str) -> None:
    escaped = "".join(f"%{ord(sign):02X}" for sign in voucher)
    for text in (f"https://e.cn/?code={escaped}", f"https://e.cn/{escaped}", f"x {escaped[:-3]}{voucher[-1]}"):
        assert holds_voucher(text)
        assert isinstance(read(text), Voucher)
    assert not holds_voucher("100%")
    assert isinstance(read("https://e.cn/?code=" + escaped.replace("%", "%25")), Voucher)  # escaped once more


@pytest.mark.parametrize("bad", [b"\xff", "验".encode("gbk"), b"\xed\xa0\x80"])
def test_a_voucher_among_bytes_that_are_no_text(bad: bytes) -> None:
    assert isinstance(read_bytes(bad + VOUCHER.encode()), Voucher)
    assert isinstance(read_bytes(OPC.encode() + b" " + bad), Voucher)
    assert read_bytes(bad) == Unknown("", ("not_text",))
    assert decode(bad) is None


@pytest.mark.parametrize(
    "text",
    [
        VOUCHER[:-1], "1" + VOUCHER, "425" + VOUCHER[3:], "opc" + "1" * 19, "xopc" + "1" * 28,
        TRACE + TRACE, f"01{GTIN}10{'4' * 10}{GS}21424{'0' * 17}",
    ],
)  # fmt: skip
def test_what_only_resembles_a_voucher_is_none(text: str) -> None:
    assert not holds_voucher(text)
    assert not isinstance(read(text), Voucher)


@pytest.mark.parametrize("before", ["", TRACE, "]Q1", "x ", VOUCHER[:7], VOUCHER])
@pytest.mark.parametrize("behind", ["1", "6901234567892", VOUCHER[:7], VOUCHER[:-1], TRACE[:9], TRACE + "69", "0" * 99])
def test_digits_that_run_on_behind_a_voucher_do_not_make_it_a_code(before: str, behind: str) -> None:
    text = before + VOUCHER + behind
    for each in (text, text.translate(FULL_WIDTH), f"https://e.cn/?code={text}", f"{text}{OPC}"):
        assert isinstance(read(each), Voucher)
        assert key_of(read(each)) is None
    if not before.startswith("]"):
        assert VOUCHER_PATTERN.sub("", text + OPC) == ("x " if before == "x " else "")


@pytest.mark.parametrize(
    "text",
    [
        TRACE, TRACE * 3, TRACE + "424", "81424" + "0" * 15, "8" + "424" * 6 + "0",
        "04240012345678" * 2, "4240012345678", "4240012345678" * 2, "4240012345678" + "12345",
        f"01{GTIN}17290531{'10424'}{'0' * 17}", f"]d201{GTIN}21{'424' * 6}00{GS}424156", f"]C1424156{GS}01{GTIN}21S1",
        f"(01){GTIN}(10){'424' * 6}00(21){'424' * 6}00(424)156", f"01{GTIN}{EXPIRY}21{'424' * 6}00",
        "00395299990000000171", "424529999000000017", "0042452999900000001" + "7", "00424529999000000017" * 2,
        f"MA.156.M0.999902.1SYN0002.S{'424' * 6}00", f"https://e.cn/01/{GTIN}/21/{'424' * 6}00?17=290531",
        "https://e.cn/?code=" + TRACE + "&t=4241234567890", "86942400000003", "424" + "0" * 24,
    ],
)  # fmt: skip
def test_no_long_number_that_is_somebodys_code_is_taken_for_a_voucher(text: str) -> None:
    for each in (text, f"]C0{text}", f"{text}\r\n", text.translate(FULL_WIDTH)):
        assert not holds_voucher(each)
        assert not isinstance(read(each), Voucher)


def test_a_megabyte_is_answered() -> None:
    """A pattern that tried every way to split it would not come back."""
    for text in ("8" * 1_000_000, "8-1" * 333_333, "424" * 333_333, "opc" * 333_333, "８" * 300_000, "(01)" * 250_000):
        read(text)
        assert key_of(read(" " + text)) is None


def test_too_long_a_text_has_no_key() -> None:
    assert read("x" * 4_097) == Unknown("x" * 4_097, ("too_long",))
    assert key_of(read("x" * 4_097)) is None
    assert key_of(read("x" * 4_096)) == "x" * 4_096


PIECES = st.sampled_from(
    ["]C1", "]d2", "]C0", GS, "01" + GTIN, EXPIRY, "10B7", "21S1", TRACE, "8", "\t", "\r", "(01)", "MATOU!", "http://",
     "https://e.cn/01/" + GTIN + "/21/", "?code=", "%0A", "-", " ", "０１", "］", "00", "424", "opc", "\n", "x"]
)  # fmt: skip
ANY_TEXT = st.one_of(st.text(), st.lists(PIECES, max_size=8).map("".join), st.text("0123456789]Cd2(" + GS))


@settings(deadline=None)
@given(ANY_TEXT)
def test_no_text_at_all_is_too_much(text: str) -> None:
    assert isinstance(read(text), Reading)
    assert isinstance(read_bytes(text.encode("utf-8", "surrogatepass")), Reading)


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_are_too_much(raw: bytes) -> None:
    text = decode(raw)
    assert text is None or text.encode() == raw
    assert isinstance(read_bytes(raw), Reading)


@settings(deadline=None)
@given(st.from_regex(r"8[0-9]{19}", fullmatch=True), st.sampled_from(["", "]C0", "]d1", "]Q1", "]X0"]))
def test_twenty_digits_after_an_eight_are_always_a_trace_code(digits: str, aim: str) -> None:
    assert read(aim + digits) == TraceCode(digits, digits[:7])


@settings(deadline=None)
@given(ANY_TEXT)
@example("]C0]C1foo")
@example("]C0\tfoo")
@example(f"https://e.cn/?code={TRACE}%0A")
def test_a_key_is_itself_a_valid_input(text: str) -> None:
    key = key_of(read(text))
    if key is not None:
        assert key_of(read(key)) == key


@settings(deadline=None)
@given(st.text("09 aZ", max_size=9), st.sampled_from([VOUCHER, OPC]), st.text(" ,;aZ", max_size=9))
def test_a_voucher_between_other_words(before: str, voucher: str, after: str) -> None:
    assert isinstance(read(f"{before} {voucher} {after}"), Voucher)


SERIALS = st.text("ABCXYZabc0123456789-./_", min_size=1, max_size=20)


@settings(deadline=None)
@given(SERIALS, SERIALS, st.dates(dt.date(2000, 1, 1), dt.date(2049, 12, 31)))
def test_spellings_of_one_gs1_code_have_one_key(batch: str, serial: str, day: dt.date) -> None:
    expiry = f"17{day:%y%m%d}"
    spellings = (
        f"]d201{GTIN}{expiry}10{batch}{GS}21{serial}",
        f"01{GTIN}21{serial}{GS}10{batch}{GS}{expiry}",
        f"(01){GTIN}(17){day:%y%m%d}(10){batch}(21){serial}",
    )
    assert {key_of(read(text)) for text in spellings} == {f"01{GTIN}21{serial}"}
    assert {gs1(text).ambiguous for text in spellings} == {False}
    assert {gs1(text).fields.expiry for text in spellings} == {day}
