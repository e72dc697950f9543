"""Key events → labels: every printable character by every road, and what is not certain is refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.evdev_keys import CAPS_LOCK, FUNCTION_KEYS, REPEATED, US, Typing, Typist
from devices.framing import Label, Profile, Suffix
from devices.scan import Dropped
from tests.devices.evdev_typing import ALT, CAPS, CTRL, ENTER, F8, NUM_LOCK, SHIFT, TAB, Key, alt_code, keys, tap

PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))
GS1 = "]d2010690123456789210LotAbC-09\x1d21S1"
UNKNOWN, LOST = Dropped("evdev_key_unknown"), Dropped("evdev_keys_lost")
texts = st.text(st.sampled_from(PRINTABLE + "\x1d"), min_size=1, max_size=60)


def typist(suffix: Suffix = Suffix.AUTO, **more: object) -> Typist:
    return Typist(Typing(Profile(suffix), **more))


def run(reader: Typist, typed: list[Key], *, start_ms: int = 1_000, gap_ms: int = 2) -> list[Label | Dropped]:
    return [
        event
        for number, (code, value) in enumerate(typed)
        for event in reader.key(code, value, start_ms + number * gap_ms)
    ]


@given(st.lists(texts, max_size=5), st.sampled_from(["ctrl", "alt", "f8"]), st.booleans(), st.booleans())
def test_any_text_comes_back_by_every_road(labels, gs, caps, keypad):
    reader = typist(gs_key=FUNCTION_KEYS["f8"])
    typed = tap(CAPS) if caps else []
    for text in labels:
        typed += [*keys(text, gs=gs, caps=caps, keypad=keypad), *tap(ENTER)]
    assert run(reader, typed) == [Label(text.encode()) for text in labels]
    assert reader.caps_lock is caps


@given(texts, st.integers(0, 99))
def test_without_suffix_silence_ends_a_label(text, gap_ms):
    reader = typist(Suffix.NONE)
    typed = keys(text)
    assert run(reader, typed, gap_ms=gap_ms) == []
    last_ms = 1_000 + (len(typed) - 1) * gap_ms
    assert reader.quiet(last_ms + 99) == ()
    assert reader.quiet(last_ms + 100) == (Label(text.encode()),)
    assert reader.quiet(last_ms + 9_000) == ()


def test_the_map_has_every_printable_character_once():
    signs = [sign for plain, shifted in US.values() for sign in {plain, shifted}]
    assert sorted(signs) == sorted(PRINTABLE)
    assert CAPS_LOCK == CAPS


@pytest.mark.parametrize(
    ("suffix", "end"),
    [
        *((suffix, tap(ENTER)) for suffix in (Suffix.AUTO, Suffix.EITHER, Suffix.CR, Suffix.LF, Suffix.CRLF)),
        (Suffix.AUTO, tap(96)),
        (Suffix.AUTO, tap(36, CTRL)),
        (Suffix.AUTO, tap(50, CTRL)),
        (Suffix.AUTO, alt_code("013")),
        (Suffix.CRLF, tap(ENTER) + tap(36, CTRL)),
        (Suffix.TAB, tap(TAB)),
        (Suffix.ETX, tap(46, CTRL)),
    ],
)
def test_every_suffix_ends_a_label_once(suffix, end):
    assert run(typist(suffix), [*keys(GS1), *end, *keys("B"), *end]) == [Label(GS1.encode()), Label(b"B")]


def test_prefix_is_taken_off_and_a_tab_is_data():
    reader = Typist(Typing(Profile(Suffix.CR, prefix=b"\x02")))
    assert run(reader, [*tap(48, CTRL), *keys("A\tB\r")]) == [Label(b"A\tB")]


@pytest.mark.parametrize(
    ("typed", "byte"),
    [(tap(26, CTRL), 0x1B), (tap(43, CTRL), 0x1C), (tap(7, CTRL), 0x1E), (tap(12, CTRL), 0x1F), (tap(3, CTRL), 0)],
)
def test_control_characters_are_data(typed, byte):
    assert run(typist(), [*typed, *tap(ENTER)]) == [Label(bytes([byte]))]


def test_repeats_buttons_and_lock_keys_change_nothing():
    typed = [*tap(NUM_LOCK), (30, 1), (30, REPEATED), (30, REPEATED), (30, 0), (0x110, 1), (0x110, 0), *tap(ENTER)]
    assert run(typist(), typed) == [Label(b"a")]


def test_a_shift_that_repeats_stays_down():
    typed = [(SHIFT, 1), (SHIFT, REPEATED), *tap(30), (SHIFT, 0), *tap(30)]
    assert run(typist(), [*typed, *tap(ENTER)]) == [Label(b"Aa")]


def test_both_shifts_and_caps_with_shift():
    typed = [(SHIFT, 1), (54, 1), (SHIFT, 0), *tap(30), (54, 0), *tap(CAPS), *tap(30), *tap(30, SHIFT), *tap(2)]
    assert run(typist(), [*typed, *tap(ENTER)]) == [Label(b"AAa1")]


@pytest.mark.parametrize(
    "unknown",
    [
        tap(F8),
        tap(86),
        tap(103),
        tap(2, CTRL),
        tap(79, CTRL),
        tap(30, ALT),
        tap(30, 125),
        alt_code("0163"),
        alt_code("00029"),
        [(ALT, 1), *tap(2), *tap(10), (ALT, 0)],
    ],
)
def test_a_label_with_a_key_without_meaning_is_refused_once_and_the_next_one_is_whole(unknown):
    typed = [*keys("AB"), *unknown, *unknown, *keys("CD"), *tap(ENTER), *keys("NEXT"), *tap(ENTER)]
    assert run(typist(), typed) == [UNKNOWN, Label(b"NEXT")]


def test_alt_alone_and_alt_029_without_the_zero():
    assert run(typist(), [*keys("A"), (ALT, 1), (ALT, 0), *alt_code("29"), *keys("B\r")]) == [Label(b"A\x1dB")]


def test_keys_the_kernel_threw_away_spoil_their_label_and_trust_comes_back_with_silence():
    reader = typist()
    assert run(reader, keys("HEAD")) == []
    assert reader.lost(frozenset({SHIFT})) == (LOST,)
    assert not reader.synchronised
    assert run(reader, [*keys("TAIL\r"), *keys("AT ONCE\r")], start_ms=2_000) == [LOST, LOST]
    assert reader.quiet(3_000) == ()
    assert reader.synchronised
    assert run(reader, [(SHIFT, 0), *keys("next\r")], start_ms=3_500) == [Label(b"next")]


def test_both_halves_of_a_line_end_tell_a_spoilt_label_once():
    reader = typist()
    reader.lost(frozenset())
    assert run(reader, [*keys("TAIL"), *tap(ENTER), *tap(36, CTRL)]) == [LOST]


def test_a_slow_scanner_gets_no_tail_of_a_spoilt_label_through():
    reader = typist()
    run(reader, keys("HEAD"))
    reader.lost(frozenset())
    assert run(reader, keys("SLOW TAIL\r"), start_ms=2_000, gap_ms=300) == [LOST]


def test_a_caps_lock_that_was_lost_never_inverts_a_later_label():
    reader = typist()
    run(reader, tap(CAPS))
    reader.lost(frozenset())
    run(reader, keys("x\r"), start_ms=2_000)
    reader.quiet(3_000)
    assert not reader.caps_lock
    assert run(reader, keys("LotAbC\r"), start_ms=4_000) == [Label(b"LotAbC")]


def test_a_label_without_its_end_is_given_up_and_never_meets_the_next():
    reader = typist(Suffix.CR)
    run(reader, keys("HALF"), start_ms=0)
    assert reader.quiet(1_900) == ()
    assert reader.quiet(5_000) == (Dropped("fragment_dropped"),)
    assert run(reader, keys("WHOLE\r"), start_ms=6_000) == [Label(b"WHOLE")]
    run(reader, keys("HALF"), start_ms=7_000)
    assert run(reader, keys("WHOLE\r"), start_ms=10_000) == [Dropped("fragment_dropped"), Label(b"WHOLE")]


def test_either_takes_enter_and_silence():
    reader = typist(Suffix.EITHER)
    assert run(reader, keys("A\rB"), start_ms=0) == [Label(b"A")]
    assert reader.quiet(500) == (Label(b"B"),)


def test_a_refused_label_without_suffix_is_over_after_silence():
    reader = typist(Suffix.NONE)
    assert run(reader, [*keys("A"), *tap(F8), *keys("B")], start_ms=0) == [UNKNOWN]
    assert reader.quiet(500) == ()
    run(reader, keys("NEXT"), start_ms=600)
    assert reader.quiet(900) == (Label(b"NEXT"),)


def test_the_first_keys_after_the_grab_may_be_half_a_label():
    reader = Typist(Typing(), midstream=True)
    assert run(reader, keys("TAIL\rWHOLE\r"), start_ms=0) == [Dropped("fragment_dropped"), Label(b"WHOLE")]
    settled = Typist(Typing(), midstream=True)
    assert settled.quiet(0) == settled.quiet(99) == settled.quiet(100) == ()
    assert settled.synchronised
    assert run(settled, keys("WHOLE\r"), start_ms=200) == [Label(b"WHOLE")]


def test_an_overlong_label_is_told_once():
    reader = Typist(Typing(Profile(Suffix.CR, limit_bytes=8)))
    assert run(reader, keys("123456789ABC\rNEXT\r")) == [Dropped("label_overlong"), Label(b"NEXT")]


def test_half_a_label_at_the_moment_of_loss_is_told_once():
    reader = typist()
    run(reader, keys("HALF"))
    assert reader.give_up() == (Dropped("fragment_dropped"),)
    assert reader.give_up() == ()


@given(st.lists(st.tuples(st.integers(0, 0x2FF), st.integers(0, 2), st.integers(0, 400)), max_size=80), st.booleans())
def test_any_events_give_labels_or_reasons(events, midstream):
    reader = Typist(Typing(Profile(Suffix.EITHER)), midstream=midstream)
    at_ms = 0
    for code, value, gap_ms in events:
        at_ms += gap_ms
        for event in (*reader.key(code, value, at_ms), *reader.quiet(at_ms)):
            assert isinstance(event, Label | Dropped)
    reader.lost(frozenset({SHIFT}))
    reader.give_up()
