"""GS1 messages: our walk against biip's own parser, what a lost separator may hide, how a text could be split."""

from __future__ import annotations

import datetime as dt

import pytest
from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_element_strings import GS1ElementString
from biip.gs1_messages import GS1Message
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.codes import GS, Gs1, ambiguities_of, key_of, read, split_candidates
from app.domain.gs1 import (
    COMMON,
    Elements,
    Gs1Fields,
    check_digit_fits,
    date_of,
    elements_of,
    key_of_fields,
    open_ended,
)
from app.domain.lost_separators import MOST_SPLITS, splits_of
from tests.domain.code_fuzz import fault_of, strings

GTIN = "09529999001016"
HEAD = f"01{GTIN}"
EXPIRY = "17290531"
FUZZ = 20_000


def gs1(text: str) -> Gs1:
    found = read(text)
    assert isinstance(found, Gs1), found
    return found


def biip_elements(text: str) -> Elements | None:
    try:
        found = GS1Message.parse(text).element_strings
    except (ParseError, ValueError):
        return None
    return tuple((element.ai.ai, element.value) for element in found) or None


# ----------------------------------------------------------------------------------------------- the oracle of biip

ELEMENT = st.sampled_from(
    [HEAD, "01", "00395299990000000171", "02" + GTIN, EXPIRY, "17290500", "17290231", "17291301", "11260101", "11",
     "10B7", "10", "21S1", "21", "30", "3012", "37200", "240X", "250Y", "3103001234", "3910978123", "8004A", "8003",
     "7003", "70032901011200", "99", "05", "A", GS, "1", "0"]
)  # fmt: skip
MESSAGES = st.one_of(st.lists(ELEMENT, max_size=7).map("".join), st.text("0123789AB" + GS, max_size=60))


@settings(deadline=None, max_examples=400)
@given(MESSAGES)
@example(HEAD + EXPIRY + "10SYN2605A" + GS + "21SYN000000001")
@example(HEAD + "10" + "A" * 20 + "21S")
@example(HEAD + GS + GS + "21S" + GS)
def test_our_walk_reads_what_biip_reads(text: str) -> None:
    assert elements_of(text) == biip_elements(text)


@pytest.mark.parametrize("ai", COMMON)
def test_the_common_identifiers_are_matched_as_in_the_table(ai: str) -> None:
    entry = GS1ApplicationIdentifier.extract(ai)
    ours = COMMON[ai]
    assert (f"^{ours.pattern.pattern}$", ours.open_ended) == (entry.pattern, entry.separator_required)


def biip_date(value: str) -> dt.date | None:
    try:
        return GS1ElementString.extract(f"17{value}").date
    except ParseError:
        return None


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 99), st.integers(0, 13), st.integers(0, 32))
@example(0, 2, 0)  # the last of February of a leap year
@example(76, 1, 1)
@example(77, 1, 1)
def test_a_date_is_the_one_that_biip_reads(year: int, month: int, day: int) -> None:
    value = f"{year:02}{month:02}{day:02}"
    assert date_of(value) == biip_date(value)


def test_every_year_of_two_digits_lies_in_the_century_that_biip_says() -> None:
    values = [f"{year:02}0100" for year in range(100)]
    assert [date_of(value) for value in values] == [biip_date(value) for value in values]


@given(st.text("0123456789", min_size=2, max_size=18))
def test_a_check_digit_is_the_one_that_biip_counts(text: str) -> None:
    assert check_digit_fits(text, len(text)) == (gs1_standard_check_digit(text[:-1]) == int(text[-1]))


@pytest.mark.parametrize("text", [f"{HEAD}21S ", f" {HEAD}21S", f"{HEAD}10A B", f"(01){GTIN}(10)A B(21)S"])
def test_a_blank_is_never_dropped_without_a_word(text: str) -> None:
    found = read(text)
    assert not isinstance(found, Gs1) or "gs1_broken" in found.doubts


@pytest.mark.parametrize(
    "text", [f"( 01){GTIN}(21)S", f"(01){GTIN}21S", f"(01){GTIN}(17)290531X", f"(01){GTIN[:-1]}", "(99"]
)
def test_a_bracket_form_that_does_not_fit(text: str) -> None:
    assert not isinstance(read(text), Gs1)


def test_a_bracket_form_as_people_print_it() -> None:
    found = gs1(f"(01) {GTIN} (17) 290531 (10)SYN2605A (21)SYN1")
    assert (found.key, found.ambiguous, found.fields.batch) == (f"{HEAD}21SYN1", False, "SYN2605A")
    assert gs1(f"(01){GTIN}(10)SYN2605A17290531(21)SYN1").ambiguous is False
    assert key_of(read("(00)395299990000000171")) == "00395299990000000171"


# --------------------------------------------------------------------------------------------------------- doubts


@pytest.mark.parametrize(
    ("text", "hidden", "doubts"),
    [
        (f"{HEAD}10SYN2605A{EXPIRY}", (("10", "17"),), ("no_serial", "hidden_expiry")),
        (f"{HEAD}{EXPIRY}10SYN26A21SYN1", (("10", "21"),), ("no_serial", "hidden_serial")),
        (f"{HEAD}21SYN0000110B7", (("21", "10"),), ("hidden_batch",)),
        (f"{HEAD}21SYN00001{EXPIRY}", (("21", "17"),), ("hidden_expiry",)),
        (f"{HEAD}21SYN0000111260131", (("21", "11"),), ("hidden_made",)),
        (f"{HEAD}{EXPIRY}21SYN240XX", (("21", "240"),), ("hidden_other",)),
        (f"{HEAD}21S371", (("21", "37"),), ("hidden_other",)),
        (f"{HEAD}21S10B17290531", (("21", "10"), ("21", "17")), ("hidden_batch", "hidden_expiry")),
        (f"{HEAD}10B{GS}21S10B17290531", (), ()),  # a separator came: none was lost
        (f"(01){GTIN}(21)S10B", (), ()),
        (f"{HEAD}{EXPIRY}21SYN", (), ()),
        (f"{HEAD}{EXPIRY}21SYN{EXPIRY}", (), ()),  # there is an expiry already
        (f"{HEAD}{EXPIRY}", (), ("no_serial",)),
        (f"]d20109529999001017{EXPIRY}21SYN", (), ("check_digit",)),
        (f"{EXPIRY}{HEAD}21SYN9", (), ("unusual_order",)),
        (f"{HEAD}10A{GS}10B{GS}21S", (), ("gs1_broken",)),
        ("3103001234" + HEAD + "21SYN", (), ("unusual_order",)),
        (f"{HEAD}8004A10B", (("8004", "10"),), ("no_serial", "hidden_batch")),
    ],
)
def test_why_a_message_is_doubtful(text: str, hidden: tuple[tuple[str, str], ...], doubts: tuple[str, ...]) -> None:
    found = gs1(text)
    assert (found.hidden, ambiguities_of(found), found.ambiguous) == (hidden, doubts, bool(doubts))


def test_identifiers_without_a_fixed_length() -> None:
    assert [ai for ai in ("01", "10", "11", "17", "21", "3103", "8004") if open_ended(ai)] == ["10", "21", "8004"]


# ----------------------------------------------------------------------------------------------------------- splits


def keys(text: str) -> set[str | None]:
    return {key_of_fields(fields) for fields in split_candidates(read(text))}


def test_a_lost_separator_can_be_held_against_a_delivery() -> None:
    text = f"{HEAD}{EXPIRY}10SYN2605A21SYN000000001"  # a batch of 22 characters: broken
    assert split_candidates(read(text)) == (
        Gs1Fields(GTIN, "SYN2605A", "SYN000000001", dt.date(2029, 5, 31), None, item=True),
    )
    assert keys("010952999900202017270331" + "10SYN2611B21INS0000002") == {"010952999900202021INS0000002"}
    assert f"{HEAD}21SYN1" in keys(f"{HEAD}10SYN2605A{EXPIRY}21SYN1")
    assert keys(f"{HEAD}10SYN2605A{EXPIRY}") == {f"{HEAD}10SYN2605A"}


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}{EXPIRY}21SYN",  # nothing can hide
        f"{HEAD}10SYN{GS}21S{EXPIRY}",
        f"(01){GTIN}(10)SYN{EXPIRY}",
        f"{HEAD}10A{GS}10B",
        f"{HEAD}10SYN17290231",  # no such day: the tail is no date after all
        f"{HEAD}8004A10B",
        HEAD + "10" + "A1" * 90,
        "89990114017572284642",
        "hello",
    ],
)
def test_no_splits_where_none_can_be_known(text: str) -> None:
    assert split_candidates(read(text)) == ()


def test_splits_of_other_text() -> None:
    assert splits_of(f"{HEAD}10数17290531") == ()
    assert splits_of("") == ()
    assert splits_of(HEAD) == ()


def test_many_ways_to_split_come_to_an_end() -> None:
    assert len(splits_of(HEAD + "10" + "1021" * 4 + EXPIRY)) <= MOST_SPLITS
    for text in ("1021240250" * 14, HEAD + "10" + "21240250" * 13 + "~", "10" + "A21" * 40):
        assert len(splits_of(text)) <= MOST_SPLITS


BATCHES = st.text("ABCXYZ2345", min_size=1, max_size=8)
PARTS = st.permutations(["batch", "serial", "expiry", "made"])


@settings(deadline=None)
@given(BATCHES, BATCHES, PARTS)
def test_the_true_reading_is_among_the_splits(batch: str, serial: str, order: list[str]) -> None:
    values = {"batch": f"10{batch}", "serial": f"21{serial}", "expiry": EXPIRY, "made": "11260131"}
    right = gs1(HEAD + GS.join(values[part] for part in order))
    lost = gs1(HEAD + "".join(values[part] for part in order))
    assert not right.ambiguous
    if lost.fields != right.fields:
        assert lost.ambiguous
        assert right.fields in split_candidates(lost)


def test_no_string_gets_a_wrong_reading() -> None:
    """The small size of `bench recognise`."""
    faults = [(text, fault) for text in strings(26, FUZZ) if (fault := fault_of(text)) is not None]
    assert faults == []
