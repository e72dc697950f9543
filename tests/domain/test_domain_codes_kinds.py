"""Every step of the recognition order beside plain GS1, every trap of it, and the questions that each kind answers."""

from __future__ import annotations

import datetime as dt

import pytest

from app.base.texts import LANGUAGES, Texts
from app.domain.codes import (
    GS,
    Gs1,
    Label,
    MakerCode,
    MakerPatterns,
    OtherTrace,
    ProductCode,
    Reading,
    Sscc,
    TraceCode,
    Unknown,
    ambiguities_of,
    issuer_of,
    key_of,
    label_of,
    product_key_of,
    read,
)
from app.domain.readings import AMBIGUITIES, NOTES

GTIN = "09529999001016"
TRACE = "89990114017572284642"
SSCC = "00395299990000000171"
STENT = "MA.156.M0.999902.1SYN0002"
PATTERNS = MakerPatterns((("DMZY-########", "YP-0011"), ("ABC@@-****-\\#1", "YP-0012")))


def kind(text: str) -> str:
    return type(read(text, PATTERNS)).__name__


# ------------------------------------------------------------------------------------------ the order of the steps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MATOU!undo", "OwnForm"),  # 0
        ("4240000000000000000000990000", "Voucher"),
        (f"]d201{GTIN}21S", "Gs1"),  # 2
        (f"]C1{TRACE}", "TraceCode"),
        (f"https://id.gs1.org/01/{GTIN}/21/S", "Gs1"),  # 3
        (f"https://demo.example/drugQueryResult?code={TRACE}", "TraceCode"),
        (TRACE, "TraceCode"),  # 4
        ("80023337211607258546", "TraceCode"),  # GS1 takes it for identifier 8002
        ("80126543210987654321", "TraceCode"),
        (STENT, "Udi"),  # 5
        (f"01{GTIN}21S", "Gs1"),  # 6
        (f"(01){GTIN}(21)S", "Gs1"),
        (f"10B{GS}01{GTIN}", "Gs1"),
        (SSCC, "Sscc"),  # 7
        ("6901234567892", "ProductCode"),  # 8
        ("86900000000001", "ProductCode"),  # 9
        (f"1729053101{GTIN}21S", "Gs1"),  # 10
        ("DMZY-12345678", "MakerCode"),  # 11
        ("ABCxy-a%9!-#1", "MakerCode"),
        ("YPZS2026A0001-000017", "OtherTrace"),
        ("12345678901234567890", "OtherTrace"),
        ("DMZY-1234567X", "Unknown"),  # 12
        ("hello", "Unknown"),
    ],
)
def test_the_first_step_that_fits_names_the_kind(text: str, expected: str) -> None:
    assert kind(text) == expected


@pytest.mark.parametrize(
    "aim", ["]C1", "]d2", "]d5", "]d8", "]dB", "]Q3", "]Q4", "]e0", "]e1", "]e2", "]e3", "]z1", GS, "]Q1" + GS]
)
def test_a_gs1_flag_makes_a_message_of_what_is_none_without_it(aim: str) -> None:
    assert isinstance(read(f"{aim}10B7"), Gs1)
    for other in ("", "]C0", "]C2", "]d1", "]Q1", "]z0", "]E0"):
        assert isinstance(read(f"{other}10B7"), Unknown)


def test_a_separator_at_the_front_is_a_flag_and_is_noted() -> None:
    found = read(f"{GS}]d2{GS}01{GTIN}21S")
    assert isinstance(found, Gs1)
    assert (found.key, found.notes) == (f"01{GTIN}21S", ("leading_separator",))
    assert read(GS) == Unknown("", ("leading_separator",))


# -------------------------------------------------------------------------------------------------- damaged entries


@pytest.mark.parametrize("text", ["8999O114017572284642", "8999o114017572284642", "8999Ol1401757228464I"])
def test_a_letter_for_a_digit_is_shown_and_never_mended(text: str) -> None:
    assert read(text) == Unknown(text, ("letter_for_digit",))
    found = read(f"https://e.cn/?code={text}")
    assert isinstance(found, Unknown)
    assert found.notes == ("from_url", "letter_for_digit")


def test_the_hospitals_own_list_goes_before_that_guess() -> None:
    patterns = MakerPatterns((("8OO#############II#", "YP-1"), ("8OIL############II##", "YP-2")))
    assert read("8OIL123456789012II12", patterns) == MakerCode("8OIL123456789012II12", "YP-2", (), ("YP-2",))


@pytest.mark.parametrize(
    "text",
    ["AHM0001.BN20260101.SN0007.MD20260101", "(BN)A1(SN)7(ED)20280101", "BN=A1;ED=280101", f"XX{GS}BNA1{GS}MD260101"],
)
def test_what_resembles_an_ahm_string_is_kept_and_asked(text: str) -> None:
    assert read(text) == Unknown(text, ("ahm_like",))


@pytest.mark.parametrize("text", ["BN12", "ABN1.ASN2", "BN1.BN2", "MD1.ED2", "SN", "BN.SN"])
def test_what_does_not_resemble_one(text: str) -> None:
    assert read(text) == Unknown(text)


def test_an_ahm_like_text_of_twenty_signs_is_no_trace_code() -> None:
    assert read("BN01.SN007.MD2601010") == Unknown("BN01.SN007.MD2601010", ("ahm_like",))
    assert read("BM01.SM007.MD2601010") == OtherTrace("BM01.SM007.MD2601010", ("layout_unknown",))


# ------------------------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"https://e.cn/?code={TRACE}", TRACE),
        (f"HTTPS://E.CN/Q?CODE={TRACE}&X=1", TRACE),
        (f"https://e.cn/?kode={TRACE}", TRACE),
        (f"https://e.cn/t/{TRACE}", TRACE),
        (f"https://e.cn/t/%20{TRACE}", TRACE),
        (f"https://e.cn/#/{TRACE}", TRACE),
        ("https://www.mashangfangxin.com/rqQueryResult?code=01234567890123456789", "01234567890123456789"),
        (f"https://e.cn/?code={SSCC}", SSCC),
        (f"https://e.cn/00/{SSCC[2:]}", SSCC),
        (f"https://e.cn/?code=01{GTIN}10B1%1D21S1", f"01{GTIN}21S1"),
        (f"https://e.cn/?code={STENT}.S1", f"{STENT}.S1"),
        ("https://e.cn/?code=DMZY-12345678", "DMZY-12345678"),
        (f"https://e.cn/8004/abc?code={TRACE}", TRACE),  # a link to an asset, not to a drug
        ("https://e.cn/?code=6901234567892", None),
    ],
)
def test_an_address_carries_a_code(text: str, key: str | None) -> None:
    found = read(text, PATTERNS)
    assert not isinstance(found, Unknown)
    assert key_of(found) == key
    assert "from_url" in found.notes


@pytest.mark.parametrize(
    "text",
    [
        f"https://e.cn/{TRACE}?code=",  # the parameter is there, and it says nothing
        f"https://e.cn/?code=https://e.cn/?code={TRACE}",
        "https://e.cn/?code=MATOU!undo",
        f"https://e.cn/{TRACE}9",
        "https://e.cn/about",
        f"https://e.cn/01/{GTIN}/21/S\n1",  # the sign in the middle would be dropped
        f"https://e.cn/?code={TRACE[:9]}\t{TRACE[9:]}",
        f"ftp://e.cn/?code={TRACE}",
    ],
)
def test_an_address_without_one(text: str) -> None:
    assert isinstance(read(text, PATTERNS), Unknown)
    assert key_of(read(text, PATTERNS)) == text


# --------------------------------------------------------------------------------- shipping labels, product numbers


def test_a_shipping_label_that_says_more() -> None:
    found = read(f"]C1{SSCC}02{GTIN}10B7{GS}37200")
    assert isinstance(found, Sscc)
    assert (found.key, label_of(found).batch) == (SSCC, "B7")
    assert read(f"]C1{SSCC}10B717290531") == Sscc(SSCC, ("sscc",))  # what the batch may hide is not said
    assert read(f"10B7{GS}{SSCC}").notes == ("sscc",)
    assert read(f"17290531{SSCC}").notes == ("sscc", "unusual_order")
    assert label_of(read(SSCC)) == Label()


def test_a_shipping_label_beside_a_serial_is_the_serials() -> None:
    assert key_of(read(f"]C1{SSCC}01{GTIN}21S")) == f"01{GTIN}21S"
    wrong = read(f"]C1{SSCC[:-1]}2")
    assert isinstance(wrong, Gs1)
    assert ambiguities_of(wrong) == ("no_serial", "check_digit")


def test_a_number_may_be_a_gtin_and_a_national_drug_number_at_once() -> None:
    both = read("86900000000003")
    assert both == ProductCode("86900000000003", (), ("gtin", "benwei"))
    assert (ambiguities_of(both), issuer_of(both)) == (("gtin_or_benwei",), None)
    alone = read("86900000000001")
    assert alone == ProductCode("86900000000001", ("benwei",))
    assert (ambiguities_of(alone), issuer_of(alone)) == ((), None)


def test_an_add_on_is_left_aside() -> None:
    assert read("]E3690123456789212") == ProductCode("6901234567892", ("add_on",))
    assert read("]E3690123456789212345") == ProductCode("6901234567892", ("add_on",))
    assert read("]E3690123456789312") == Unknown("690123456789312")
    assert read("]E36901234567892") == ProductCode("6901234567892")


# ------------------------------------------------------------------------------------------- the same few questions


@pytest.mark.parametrize(
    ("text", "key", "product", "issuer"),
    [
        (TRACE, TRACE, "8999011", "mashang"),
        (f"]d201{GTIN}1729053110B{GS}21S", f"01{GTIN}21S", GTIN, "gs1"),
        (SSCC, SSCC, None, "gs1"),
        (f"{STENT}.S1", f"{STENT}.S1", STENT, "ma"),
        ("DMZY-12345678", "DMZY-12345678", None, "maker"),
        ("12345678901234567890", "12345678901234567890", None, None),
        ("6901234567892", None, "06901234567892", "gs1"),
        ("86900000000001", None, "86900000000001", None),
        ("MATOU!undo", None, None, None),
        ("opc4240000000000000000000990000", None, None, None),
        ("hello", "hello", None, None),
    ],
)
def test_every_kind_answers(text: str, key: str | None, product: str | None, issuer: str | None) -> None:
    found = read(text, PATTERNS)
    assert (key_of(found), product_key_of(found), issuer_of(found)) == (key, product, issuer)
    assert ambiguities_of(found) == ()


def test_the_label_of_a_drug() -> None:
    found = read(f"01{GTIN}11260601172905311" + f"0SYN2605A{GS}21SYN000000001")
    assert label_of(found) == Label("SYN2605A", "SYN000000001", dt.date(2029, 5, 31), dt.date(2026, 6, 1), "17")
    assert label_of(read(TRACE)) == Label()


# --------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_note_and_doubt_has_words(lang: str) -> None:
    texts = Texts.load()
    kinds = ("trace20", "gs1", "sscc", "udi", "maker_code", "other_trace", "product_code", "voucher", "own_form")
    issuers = ("mashang", "gs1", "ma", "maker")
    reasons = ("length", "sign", "too_wide", "no_serial", "taken", "no_drug")
    wanted = {f"{door}_kind_{one}" for one in (*kinds, "unknown") for door in ("show", "lookup")}
    wanted |= {f"lookup_note_{one}" for one in NOTES} | {f"code_doubt_{one}" for one in AMBIGUITIES}
    wanted |= {f"code_issuer_{one}" for one in issuers} | {f"pattern_{one}" for one in reasons}
    assert {code for code in wanted if not texts.has(code) or not texts.title(code, lang)} == set()


def test_every_kind_is_a_reading() -> None:
    assert {one.__name__ for one in Reading.__args__} == {
        "TraceCode", "Gs1", "Sscc", "Udi", "MakerCode", "OtherTrace", "ProductCode", "OwnForm", "Voucher", "Unknown",
    }  # fmt: skip
    assert isinstance(read(TRACE), TraceCode)
