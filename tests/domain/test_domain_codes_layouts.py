"""Codes with a layout of their own: devices in the MA scheme, and the templates that a hospital names for makers."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.codes import (
    GS,
    Label,
    MakerCode,
    MakerPatterns,
    Udi,
    Unknown,
    ambiguities_of,
    identifies_batch,
    key_of,
    label_of,
    read,
    read_bytes,
)
from app.domain.maker_codes import NONE, BadPattern, RefusedPattern, problem_of, usable

GTIN = "09529999001016"
TRACE = "89990114017572284642"
STENT = "MA.156.M0.999902.1SYN0002"
PATTERNS = MakerPatterns((("DMZY-########", "YP-0011"), ("ABC@@-****-\\#1", "YP-0012")))


# --------------------------------------------------------------------------------------------------- MA, public data


@pytest.mark.parametrize(
    ("text", "key", "batch", "made", "expires", "valid_until"),
    [
        ("MA.156.M0.100204.13351764", None, None, None, None, None),
        ("MA.156.M0.100472.11103316", None, None, None, None, None),
        (
            "MA.156.M0.100761.21234561.Sx00008.M220117.L20220117.D20220118.E220130.V220117.C3",
            "MA.156.M0.100761.21234561.Sx00008",
            "20220117",
            dt.date(2022, 1, 17),
            dt.date(2022, 1, 30),
            dt.date(2022, 1, 17),
        ),
        (
            "MA.156.M0.100350.01004YA10017.SLMSAGAAAC.M210628.LAY21062803.E220628.V220627.C3",
            "MA.156.M0.100350.01004YA10017.SLMSAGAAAC",
            "AY21062803",
            dt.date(2021, 6, 28),
            dt.date(2022, 6, 28),
            dt.date(2022, 6, 27),
        ),
        (
            "MA.156.M0.100011.2cscp023.Ste002.M200206.L343432.D555555.E200228.V200307.C9",
            "MA.156.M0.100011.2cscp023.Ste002",
            "343432",
            dt.date(2020, 2, 6),
            dt.date(2020, 2, 28),
            dt.date(2020, 3, 7),
        ),
    ],
)
def test_public_ma_strings(text, key, batch, made, expires, valid_until) -> None:
    found = read(text)
    assert isinstance(found, Udi)
    assert (found.key, found.batch, found.made) == (key, batch, made)
    assert (found.expires, found.valid_until) == (expires, valid_until)
    assert found.di == ".".join(text.split(".")[:5])
    assert found.doubts == (() if key else ("product_only",))
    assert set(found.notes) <= {"ma_check"}


def test_the_check_character_is_a_note_and_nothing_more() -> None:
    assert read("MA.156.M0.100472.11103316").notes == ()  # the two that the rule fits
    assert read("MA.156.M0.100472.11103316.S1576130942.P190101.LABS20191201.E191201.C7").notes == ()
    assert read("MA.156.M0.100472.11103310").notes == ("ma_check",)
    wrong = read("MA.156.M0.100472.11103316.S1576130942.P190101.LABS20191201.E191201.C8")
    assert (wrong.notes, wrong.doubts) == (("ma_check",), ())
    assert read("MA.156.M0.100472.11103316.S`.C8").notes == ()  # a sign without a weight: nothing can be said


def test_the_segments_of_ma_have_no_order() -> None:
    parts = ("S7", "L2", "M260101", "E281231", "V281230", "D9")
    found = {read(".".join((STENT, *parts[at:], *parts[:at]))) for at in range(len(parts))}
    assert len(found) == 1
    (one,) = found
    assert (one.serial, one.batch, one.sterile_batch, one.key) == ("7", "2", "9", f"{STENT}.S7")
    assert label_of(one) == Label("2", "7", dt.date(2028, 12, 30), dt.date(2026, 1, 1), "V")


def test_which_of_two_expiries_was_read() -> None:
    assert label_of(read(f"{STENT}.S7.E281231")).expiry_from == "E"
    assert label_of(read(f"{STENT}.S7.E281231")).expiry == dt.date(2028, 12, 31)  # as it stands, no day taken off
    assert label_of(read(f"{STENT}.S7")).expiry_from == ""
    assert label_of(read(f"{STENT}.S7.P260101")).made == dt.date(2026, 1, 1)


@pytest.mark.parametrize(
    ("segments", "doubts", "notes"),
    [
        (".S1.2", ("ma_segment",), ()),  # a point inside a serial, or a segment of its own: nobody knows
        (".S1.X9", ("ma_segment",), ()),
        (".S1..L2", ("ma_segment",), ()),
        (".S1.", ("ma_segment",), ()),
        (".S1.L", ("ma_segment",), ()),
        (".S1.L ", ("ma_segment",), ()),
        (".S1.S2", ("ma_twice",), ()),
        (".S1.S1", (), ()),
        (".M260101", ("product_only",), ()),
        (".S1.E281331", (), ("ma_date",)),
        (".S1.E20281231", (), ("ma_date",)),
    ],
)
def test_doubts_about_ma(segments: str, doubts: tuple[str, ...], notes: tuple[str, ...]) -> None:
    found = read(STENT + segments)
    assert (ambiguities_of(found), found.notes) == (doubts, notes)


@pytest.mark.parametrize("text", ["MA.", "MA.156.M0.1002.1", "MA.156.M0.100204.13 1", "MA.156.M0.100204.数", "MA.x"])
def test_what_only_begins_like_ma(text: str) -> None:
    assert read(text) == Unknown(text, ("ma_broken",))


def test_a_batch_of_devices_has_a_key_that_many_pieces_share() -> None:
    syringe = read(f"01{GTIN}172905311" + "0LOT7")
    assert (key_of(syringe), identifies_batch(syringe)) == (f"01{GTIN}10LOT7", True)
    assert ambiguities_of(syringe) == ("no_serial",)
    tube = read("MA.156.M0.999901.10000011.L7.V281231")
    assert (key_of(tube), identifies_batch(tube)) == ("MA.156.M0.999901.10000011.L7", True)
    for piece in (f"01{GTIN}10B{GS}21S", f"01{GTIN}17290531", f"{STENT}.S1.L2", STENT, TRACE, "hello"):
        assert not identifies_batch(read(piece))


# ---------------------------------------------------------------------------------------------------- makers' layouts


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("DMZY-########", None),
        ("6523############", None),
        ("A-@@@@-\\##", None),
        ("DM-#####", None),
        ("DMZY-[0-9A-HJ-NP-Z]{11}", None),
        ("DMZ#{8}", None),
        ("D{3}[A]{5}", None),
        ("DMZ[9-0]{8}", "pattern_sign"),
        ("DMZ[0-9{8}", "pattern_sign"),
        ("DMZ#{0}1234567", "pattern_sign"),
        ("DMZ#{8", "pattern_sign"),
        ("DMZ#{2}{3}##", "pattern_sign"),
        ("DMZ[^0]{8}", "pattern_sign"),
        ("DMZ\\d{8}", "pattern_sign"),  # nothing else of regular expressions
        ("DMZ#{62}", "pattern_length"),
        ("6901[0-9]{9}", "pattern_taken"),
        ("8999011[1-9]{13}", "pattern_taken"),
        ("DM-####", "pattern_length"),
        ("DMZ" + "#" * 62, "pattern_length"),
        ("", "pattern_length"),
        ("DM ########", "pattern_sign"),
        ("演示########", "pattern_sign"),
        ("DMZY-####\x1d####", "pattern_sign"),
        ("DMZY-########\\", "pattern_sign"),
        ("DM##########", "pattern_too_wide"),
        ("********************", "pattern_too_wide"),
        ("DMZY-12345###", "pattern_no_serial"),
        ("DMZY-12345678", "pattern_no_serial"),
        ("MATOU!########", "pattern_taken"),
        ("MA.156.M0.********", "pattern_taken"),
        ("matou#########", "pattern_taken"),
        ("https://e.cn/####", "pattern_taken"),
        ("8999011#############", "pattern_taken"),
        ("690123#######", "pattern_taken"),  # a tenth of its codes would be product codes
        ("01095299990010##21********", "pattern_taken"),
        ("0039529999#########*", "pattern_taken"),
        ("424" + "#" * 25, "pattern_taken"),
        ("opc" + "*" * 28, "pattern_taken"),
        ("M{1}ATOU!########", "pattern_taken"),
    ],
)
def test_a_template_is_taken_or_refused_with_a_reason(pattern: str, reason: str | None) -> None:
    assert problem_of(pattern, "YP-1") == reason
    if reason is None:
        assert MakerPatterns(((pattern, "YP-1"),)).pairs == ((pattern, "YP-1"),)
    else:
        with pytest.raises(BadPattern, match=reason):
            MakerPatterns(((pattern, "YP-1"),))


def test_one_bad_template_holds_up_no_other() -> None:
    patterns, refused = usable([("(a+)+$", "YP-1"), ("DMZY-########", "YP-2"), ("DMZY-########", "")])
    assert patterns == MakerPatterns((("DMZY-########", "YP-2"),))
    assert refused == (
        RefusedPattern("(a+)+$", "YP-1", "pattern_length"),
        RefusedPattern("DMZY-########", "", "pattern_no_drug"),
    )
    assert usable([]) == (NONE, ())


def test_templates_say_what_each_sign_may_be() -> None:
    patterns = MakerPatterns((("a.\\#\\*\\@\\\\-##@@**", "YP-1"),))
    assert key_of(read("a.#*@\\-12xY~!", patterns)) == "a.#*@\\-12xY~!"
    for text in ("a.#*@\\-12xY~! ", "a.#*@\\-12x1~!", "a.#*@\\-１2xY~!x", "ab#*@\\-12xY~!", "a.#*@\\-12xY~"):
        assert not isinstance(read(text, patterns), MakerCode)
    assert isinstance(read_bytes(b"]C0a.#*@\\-12xY~!\r\n", patterns), MakerCode)
    assert read("a.#*@\\-12xY~!") == Unknown("a.#*@\\-12xY~!")


def test_the_templates_of_two_drugs_leave_the_drug_open() -> None:
    patterns = MakerPatterns((("DMZY-########", "YP-1"), ("DMZY-1#######", "YP-2"), ("DMZY-12######", "YP-2")))
    found = read("DMZY-12345678", patterns)
    assert found == MakerCode("DMZY-12345678", None, (), ("YP-1", "YP-2"))
    assert ambiguities_of(found) == ("several_makers",)
    assert read("DMZY-82345678", patterns) == MakerCode("DMZY-82345678", "YP-1", (), ("YP-1",))


def test_templates_are_values() -> None:
    again = MakerPatterns((("DMZY-########", "YP-0011"), ("ABC@@-****-\\#1", "YP-0012")))
    assert (again, hash(again)) == (PATTERNS, hash(PATTERNS))
    assert PATTERNS != NONE


SIGNS = "".join(chr(sign) for sign in range(0x21, 0x7F))


def test_sets_and_counts() -> None:
    patterns = MakerPatterns((("DMZY-[0-9A-HJ-NP-Z]{11}", "YP-0011"), ("X{3}\\{\\[#{4}\\]\\}", "YP-2")))
    assert patterns.drugs_of("DMZY-ABCDEFGH0JK") == ("YP-0011",)
    for text in ("DMZY-ABCDEFGHIJK", "DMZY-ABCDEFGH0J", "DMZY-ABCDEFGH0JKL", "DMZY-abcdefgh0jk"):
        assert patterns.drugs_of(text) == ()
    assert patterns.drugs_of("XXX{[1234]}") == ("YP-2",)
    equal = [MakerPatterns(((pattern, "YP-1"),)) for pattern in ("DMZY-########", "DMZY-#{8}", "DMZY-[0-9]{8}")]
    assert {one.drugs_of("DMZY-12345678") for one in equal} == {("YP-1",)}


@settings(deadline=None)
@given(st.text("#@*ABab-.\\0129", min_size=8, max_size=24), st.data())
def test_a_code_made_from_a_template_fits_it(pattern: str, data: st.DataObject) -> None:
    if problem_of(pattern, "YP-1") is not None:
        return
    free = {"#": "0123456789", "@": "ABCxyz", "*": SIGNS}
    text, signs = "", iter(pattern)
    for sign in signs:
        text += next(signs) if sign == "\\" else data.draw(st.sampled_from(free.get(sign, sign)))
    patterns = MakerPatterns(((pattern, "YP-1"),))
    assert patterns.drugs_of(text) == ("YP-1",)
    assert patterns.drugs_of(text + "0") == ()


MA_VALUES = st.text("ABCxyz0189-/_", min_size=1, max_size=20)


@settings(deadline=None)
@given(MA_VALUES, MA_VALUES, st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), st.permutations("SLMEV"))
def test_ma_there_and_back(serial: str, batch: str, day: dt.date, order: list[str]) -> None:
    values = {"S": serial, "L": batch} | dict.fromkeys("MEV", f"{day:%y%m%d}")
    found = read(".".join((STENT, *(key + values[key] for key in order))))
    assert isinstance(found, Udi)
    assert (found.serial, found.batch, found.made, found.expires, found.valid_until) == (serial, batch, day, day, day)
    assert read(found.key or "") == Udi(f"{STENT}.S{serial}", STENT, serial)
