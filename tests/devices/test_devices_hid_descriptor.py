"""Report descriptors: every known form found where it stands, nonsense refused, nothing else raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.hid_descriptor import LONGEST_BITS, BadDescriptor, Field, Kind, parse, report_bits, report_ids
from devices.hid_layout import COMMON, SHIFTED, WITHOUT_AIM, Described, LabelLayout, describe
from tests.devices.hid_scanner import COLLECTION, COUNT, DATA, END, FORMS, INPUT, PAGE, REPORT, SIZE, USAGE, item
from tests.devices.hid_scanner import descriptor as scanner_descriptor

BOOT_KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508"
    "150025650507190029658100c0"
)


@pytest.mark.parametrize(("form", "layout"), [("a", COMMON), ("b", WITHOUT_AIM), ("c", SHIFTED)])
def test_every_known_form_is_read_from_its_descriptor(form, layout):
    described = describe(scanner_descriptor(FORMS[form]))
    assert described.layouts == (layout,)
    assert described.input_ids == {2}
    assert described.longest == 64
    assert described.feature_sizes == {}


def test_another_report_id_and_a_feature_report_are_seen():
    described = describe(scanner_descriptor(FORMS["a"], wake=True, report_id=7))
    assert [layout.report_id for layout in described.layouts] == [7]
    assert described.feature_sizes == {0xFE: 2}


def test_without_report_ids_everything_stands_one_byte_earlier():
    parts = scanner_descriptor(FORMS["a"]).replace(item(REPORT, 2), b"", 1)
    (layout,) = describe(parts).layouts
    assert layout == LabelLayout(None, 63, 0, (1, 2, 3), 4, 56, 62)


def test_the_identifier_may_be_one_field_of_three_bytes():
    one = item(PAGE, 0x8C) + item(USAGE, 2) + item(COLLECTION, 1) + item(REPORT, 2) + item(SIZE, 8)
    one += item(COUNT, 1) + item(PAGE, 1) + item(USAGE, 0x3B) + item(INPUT, DATA) + item(PAGE, 0x8C)
    names = b"".join(item(USAGE, usage) for usage in (0xFB, 0xFC, 0xFD))
    data = item(USAGE, 0xFE) + item(COUNT, 20) + item(INPUT, DATA) + END
    for aim in (names, item(USAGE, 0xFB)):
        (layout,) = describe(one + aim + item(COUNT, 3) + item(INPUT, DATA) + data).layouts
        assert (layout.aim_at, layout.data_at, layout.data_bytes, layout.more_at) == ((2, 3, 4), 5, 20, None)
        assert layout.size == 25


def test_a_length_without_a_name_is_the_byte_in_front():
    named = scanner_descriptor(FORMS["b"])
    nameless = named.replace(item(PAGE, 1) + item(USAGE, 0x3B), item(PAGE, 0xFF00) + item(USAGE, 0x01), 1)
    assert describe(nameless).layouts == (WITHOUT_AIM,)


def test_a_report_that_says_no_length_carries_no_label():
    head = item(PAGE, 0x8C) + item(USAGE, 2) + item(COLLECTION, 1) + item(SIZE, 8) + item(COUNT, 56)
    assert describe(head + item(USAGE, 0xFE) + item(INPUT, DATA) + END).layouts == ()
    off_by_a_bit = item(SIZE, 1) + item(COUNT, 1) + item(INPUT, 3) + item(SIZE, 8) + item(COUNT, 56)
    assert describe(head + off_by_a_bit + item(USAGE, 0xFE) + item(INPUT, DATA) + END).layouts == ()


def test_the_bit_of_continuation_is_found_in_the_middle_of_a_byte():
    shifted = scanner_descriptor(FORMS["a"]).replace(
        item(USAGE, 0xFF) + item(0x24, 1) + item(SIZE, 1) + item(COUNT, 1) + item(INPUT, DATA),
        item(SIZE, 3) + item(COUNT, 1) + item(INPUT, 3) + item(USAGE, 0xFF) + item(SIZE, 1) + item(INPUT, DATA),
    )
    (layout,) = describe(shifted).layouts
    assert (layout.more_at, layout.more_mask) == (63, 0b1000)


def test_a_keyboard_says_nothing_about_labels():
    fields = parse(BOOT_KEYBOARD)
    assert report_ids(fields, Kind.INPUT) == {None}
    assert report_bits(fields, Kind.INPUT, None) == 64
    assert report_bits(fields, Kind.OUTPUT, None) == 8
    assert describe(BOOT_KEYBOARD).layouts == ()


def test_push_and_pop_bring_the_globals_back():
    pushed = item(PAGE, 1) + item(SIZE, 8) + item(COUNT, 2) + b"\xa4" + item(SIZE, 4) + b"\xb4" + item(INPUT, DATA)
    assert parse(pushed) == (Field(Kind.INPUT, None, 1, None, 0, 16),)


def test_a_usage_of_four_bytes_brings_its_page_and_a_long_item_is_passed_over():
    words = b"\xfe\x02\x10ab" + item(PAGE, 1) + item(SIZE, 8) + item(COUNT, 1) + item(USAGE, 0x8C_00FE)
    assert parse(words + item(INPUT, DATA)) == (Field(Kind.INPUT, None, 0x8C, 0xFE, 0, 8),)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x05",
        b"\x27\x01\x02",
        b"\xfe\x09\x10a",
        END,
        item(COLLECTION, 1),
        b"\xb4",
        item(REPORT, 0),
        item(REPORT, 0x1FF),
        item(SIZE, 255) + item(COUNT, 60_000) + item(INPUT, DATA),
    ],
)
def test_nonsense_is_refused_and_says_nothing(nonsense):
    with pytest.raises(BadDescriptor):
        parse(nonsense)
    assert describe(nonsense) == Described()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_descriptor_or_refused(noise):
    try:
        fields = parse(noise)
    except BadDescriptor:
        return
    assert all(it.bits > 0 and 0 <= it.bit_at <= LONGEST_BITS - it.bits for it in fields)
    for layout in describe(noise).layouts:
        assert max(layout.length_at, layout.data_at + layout.data_bytes - 1, *layout.aim_at, 0) < layout.size


@given(st.data())
def test_a_damaged_descriptor_never_leads_out_of_the_report(data):
    good = bytearray(scanner_descriptor(FORMS[data.draw(st.sampled_from("abc"))], wake=True))
    for _ in range(data.draw(st.integers(1, 3))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    for layout in describe(bytes(good)).layouts:
        assert layout.data_at + layout.data_bytes <= layout.size
        assert all(at < layout.size for at in (layout.length_at, layout.more_at or 0, *layout.aim_at))
