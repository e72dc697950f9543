"""Who pressed the keys: scanner and person told apart, mixed, cut, slow, repeated, pasted. Pure; times are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from devices.wedge import Answer, Refused, Scanned, Typed, WedgeDecoder, pasted_label
from devices.wedge_keys import CONTROL, KeyEvent
from devices.wedge_layouts import US
from devices.wedge_reading import WedgeProfile
from tests.devices.wedge_typist import (
    ENTER,
    SHIFT,
    START_US,
    Composed,
    Heard,
    Setting,
    Typist,
    hear,
    recorded,
)

CODE = "89990110000000000001"
GS1 = "]d20109529999001016\x1d21SYN1"
SPACE, BACKSPACE, RETURN = 57, 0x01000003, 0x01000004
MS = 1_000


def scan(text: str = CODE, start_us: int = START_US, **setting: object) -> list[KeyEvent | Composed]:
    return list(Typist(replace(Setting(), **setting)).label(text, start_us))


def press(place: int, at_us: int, *, up_us: int | None = None, repeat: bool = False) -> list[KeyEvent]:
    """A finger on a key; `up_us` None: it stays there."""
    key, text, _ = (RETURN, "\r", 0) if place == ENTER else recorded()["us plain"][place]
    down = KeyEvent(key, text, at_us, place=place, caps_lock=False, auto_repeat=repeat)
    return [down] if up_us is None else [down, replace(down, pressed=False, at_us=up_us)]


def merged(*streams: Sequence[KeyEvent | Composed]) -> list[KeyEvent | Composed]:
    return sorted((one for stream in streams for one in stream), key=lambda one: one.at_us)


def heard(
    stream: Sequence[KeyEvent | Composed], profile: WedgeProfile | None = None, *, editing: bool = False
) -> Heard:
    return hear(WedgeDecoder(profile or WedgeProfile()), stream, editing=editing)


def letters(events: Sequence[KeyEvent]) -> str:
    return "".join(event.text for event in events if event.pressed)


@pytest.mark.parametrize("editing", [False, True])
@pytest.mark.parametrize("gap_us", [0, 1, 20_000, 34_000])
def test_a_scan_is_swallowed_whole(gap_us: int, editing: bool) -> None:
    got = heard(scan(gap_us=gap_us), editing=editing)
    assert (got.labels, got.refusals, got.shown) == ([CODE.encode()], [], [])


def test_batches_of_a_cordless_scanner_keep_their_order() -> None:
    typist = Typist(Setting(gap_us=0))
    codes = [f"8999011{number:013d}" for number in range(50)]
    stream = [one for code in codes for one in typist.label(code, typist.end_us + 1)]
    assert heard(stream).labels == [code.encode() for code in codes]


@pytest.mark.parametrize("editing", [False, True])
def test_a_person_loses_nothing_and_waits_for_40_ms_at_most(editing: bool) -> None:
    decoder = WedgeDecoder(WedgeProfile())
    word = [16, 17, SPACE, 18, ENTER]
    stream = [one for at, place in enumerate(word) for one in press(place, at * 120 * MS, up_us=(at * 120 + 70) * MS)]
    got = hear(decoder, stream, editing=editing)
    assert letters(got.shown) == "qw e\r"
    assert (got.labels, got.refusals) == ([], [])
    decoder.feed(press(16, 10_000 * MS)[0], editing=editing)
    assert decoder.wait_us == (40 * MS if editing else 100 * MS)


def test_keys_that_are_no_text_pass_at_once() -> None:
    decoder = WedgeDecoder(WedgeProfile())
    for place in (1, 14, 103, 66, ENTER):
        key, text, _ = {1: (0x01000000, "", 0), 14: (BACKSPACE, "\b", 0), 103: (0x01000013, "", 0)}.get(
            place, (RETURN, "\r", 0) if place == ENTER else recorded()["us plain"][66]
        )
        assert decoder.feed(KeyEvent(key, text, place * MS * 100, place=place), editing=True) == Answer(keep=False)
    copy = KeyEvent(0x43, "\x03", 99_000 * MS, modifiers=CONTROL, place=46)
    assert not decoder.would_keep(copy)
    assert decoder.feed(copy, editing=True) == Answer(keep=False)


@pytest.mark.parametrize("gap_us", [0, 2_000, 15_000])
@pytest.mark.parametrize("down_ms", [-30, 5, 25])
def test_a_finger_amid_a_scan_spoils_the_scan_and_nothing_else(gap_us: int, down_ms: int) -> None:
    finger = press(44, START_US + down_ms * MS + 1, up_us=START_US + (down_ms + 110) * MS)
    stream = merged(scan(gap_us=gap_us), finger)
    got = heard(stream, editing=True)
    assert letters(got.shown) == "z"
    if got.labels:
        assert got.labels == [CODE.encode()], "the finger came before or after"
    else:
        assert got.refusals == ["wedge_typing"]
    assert sum(event.place == 44 for event in got.shown) == 2, "pressed and let go"


def test_a_key_right_before_a_scan_is_not_glued_to_it() -> None:
    tap = press(44, START_US - 22 * MS, up_us=START_US - 15 * MS)
    plain = heard(merged(tap, scan(gap_us=1_000)), editing=True)
    assert (plain.labels, plain.refusals) == ([], ["wedge_typing"])
    headed = heard(merged(tap, scan(GS1, gap_us=1_000)), editing=True)
    assert (headed.labels, letters(headed.shown)) == ([GS1.encode()], "z")


def test_a_scan_right_after_typing_may_have_lost_its_head() -> None:
    typed = press(44, START_US - 90 * MS, up_us=START_US - 60 * MS)
    assert heard(merged(typed, scan()), editing=True).refusals == ["wedge_typing"]
    assert heard(merged(typed, scan(GS1)), editing=True).labels == [GS1.encode()]
    long_before = press(44, START_US - 400 * MS, up_us=START_US - 350 * MS)
    assert heard(merged(long_before, scan()), editing=True).labels == [CODE.encode()]


def test_shift_that_a_person_holds_is_seen() -> None:
    shift = KeyEvent(0x01000020, "", START_US - 300 * MS, place=SHIFT)
    held = [replace(one, modifiers=one.modifiers | (1 << 25)) for one in scan() if isinstance(one, KeyEvent)]
    assert heard([shift, *held]).refusals == ["wedge_typing"]


def test_the_same_sign_twice_within_a_millisecond_is_no_repeat() -> None:
    """Qt under X11 marks the second `0` of a fast scanner as repeated."""
    events = [one for one in scan("000011112222000000", gap_us=0) if isinstance(one, KeyEvent)]
    stream = [events[0]]
    for before, one, after in zip(events, events[1:], [*events[2:], events[0]], strict=False):
        other = before if one.pressed else after
        stream.append(replace(one, auto_repeat=other.key == one.key))
    assert heard(stream).labels == [b"000011112222000000"]


def test_a_held_key_is_no_scan() -> None:
    stream = press(30, START_US)
    for number in range(40):
        at_us = START_US + (300 + 33 * number) * MS
        stream += [replace(stream[0], pressed=False, at_us=at_us, auto_repeat=True), *press(30, at_us, repeat=True)]
    stream.append(replace(stream[0], pressed=False, at_us=START_US + 3_000 * MS))
    got = heard(stream, editing=True)
    assert (got.labels, got.refusals) == ([], [])
    assert letters(got.shown) == "a" * 41
    without_head = heard([one for one in stream if one.auto_repeat], editing=True)
    assert (without_head.labels, letters(without_head.shown)) == ([], "") or not without_head.labels


def test_an_enter_that_belongs_to_the_scan_presses_nothing() -> None:
    stream = scan()
    end_us = stream[-1].at_us
    echo = press(ENTER, end_us + 20 * MS, up_us=end_us + 21 * MS)
    persons = press(ENTER, end_us + 900 * MS, up_us=end_us + 950 * MS)
    got = heard([*stream, *echo, *persons])
    assert letters(got.shown) == "\r"
    assert got.shown[0].at_us == end_us + 900 * MS


def test_silence_ends_a_label_until_one_ended_with_enter() -> None:
    decoder = WedgeDecoder(WedgeProfile())
    assert hear(decoder, scan(end=None)).labels == [CODE.encode()]
    assert hear(decoder, scan(start_us=START_US * 5, end=None)).labels == [CODE.encode()]
    assert hear(decoder, scan(start_us=START_US * 10)).labels == [CODE.encode()]
    assert hear(decoder, scan(start_us=START_US * 20, end=None)).refusals == ["wedge_cut"]
    always = WedgeDecoder(WedgeProfile(by_silence=True))
    assert hear(always, [*scan(), *scan(start_us=START_US * 5, end=None)]).labels == [CODE.encode()] * 2


def test_two_halves_of_a_label_are_not_two_labels() -> None:
    decoder = WedgeDecoder(WedgeProfile(by_silence=False))
    stream = scan("ABCDEF1234567890")
    halves = [replace(one, at_us=one.at_us + (400 * MS if one.at_us > START_US + 16 * MS else 0)) for one in stream]
    got = hear(decoder, halves)
    assert got.labels == []
    assert set(got.refusals) == {"wedge_cut"}


@pytest.mark.parametrize("gap_ms", [50, 120, 400])
def test_a_slow_scanner_presses_no_button(gap_ms: int) -> None:
    got = heard(scan("8999 0110 0000 0000", gap_us=gap_ms * MS))
    assert got.labels in ([], [b"8999 0110 0000 0000"])
    assert got.labels or got.refusals == ["wedge_slow"]
    assert letters(got.shown)[4:].count(" ") == 0
    assert "\r" not in letters(got.shown)


def test_a_slow_scanner_is_named_in_a_field_and_heard_where_the_site_says_so() -> None:
    assert heard(scan(gap_us=50 * MS), editing=True).refusals == ["wedge_slow"]
    patient = WedgeProfile(gap_ms=90)
    assert heard(scan(gap_us=50 * MS), patient, editing=True).labels == [CODE.encode()]


@pytest.mark.parametrize("method", ["eats", "composes"])
def test_what_an_input_method_touched_is_refused(method: str) -> None:
    assert heard(scan(GS1, input_method=method)).refusals[:1] == ["wedge_ime"]
    assert heard(scan(CODE, input_method=method)).labels == [CODE.encode()]


def test_full_width_signs_are_refused() -> None:
    wide = [replace(one, text="】" if one.text == "]" else one.text) for one in scan(GS1)]
    assert heard(wide).refusals == ["wedge_ime"]


def test_caps_lock_is_turned_back_where_the_places_tell_and_else_refused() -> None:
    assert heard(scan("]d2LotAbC-09", caps=True)).labels == [b"]d2LotAbC-09"]
    profile = WedgeProfile(host=US)
    for knows in (True, False):
        unplaced = scan("]d2LotAbC-09", caps=True, places=False, knows_caps=knows)
        assert heard(unplaced, profile).refusals == ["wedge_caps_lock"]
    assert heard(scan(CODE, caps=True, places=False), profile).labels == [CODE.encode()]


def test_a_scanner_that_turns_the_case_round_itself_shows_it_by_its_prefix() -> None:
    assert heard(scan("]D2lOTaBc", caps=True)).refusals == ["wedge_caps_lock"]


def test_caps_lock_pressed_amid_a_scan_is_refused() -> None:
    caps = KeyEvent(0x01000024, "", START_US + 9 * MS, place=58)
    assert heard(merged(scan(), [caps])).refusals == ["wedge_caps_lock"]


def test_caps_lock_pressed_in_the_millisecond_before_a_scan_leaves_it_whole() -> None:
    caps = KeyEvent(0x01000024, "", START_US, place=58)
    label = scan("]d2LotAbC-09", caps=True, gap_us=0)
    assert heard([caps, replace(caps, pressed=False), *label]).labels == [b"]d2LotAbC-09"]


@pytest.mark.parametrize(("gs_keys", "label"), [(frozenset(), []), (frozenset({0x01000037}), [GS1.encode()])])
def test_a_function_key_is_a_separator_only_where_the_site_says_so(gs_keys: frozenset[int], label: list[bytes]) -> None:
    got = heard(scan(GS1, separator="f8"), WedgeProfile(gs_keys=gs_keys))
    assert got.labels == label
    assert label or got.refusals == ["wedge_gs_lost"]


def test_a_trigger_key_is_not_bound() -> None:
    key, text, _ = recorded()["us plain"][66]
    trigger = KeyEvent(key, text, START_US - 5 * MS, place=66)
    got = heard([trigger, replace(trigger, pressed=False), *scan()])
    assert got.labels == [CODE.encode()]
    assert [one.place for one in got.shown] == [66, 66]


def test_a_printable_sign_can_stand_for_the_separator() -> None:
    assert heard(scan(GS1.replace("\x1d", "~")), WedgeProfile(gs_sign="~")).labels == [GS1.encode()]


def test_a_prefix_is_required_where_the_site_set_one() -> None:
    profile = WedgeProfile(prefix="~")
    assert heard(scan("~" + CODE), profile).labels == [CODE.encode()]
    assert heard(scan(CODE), profile).refusals == ["wedge_prefix_missing"]


def test_an_alt_code_and_its_echo_are_one_sign() -> None:
    stream = scan(GS1, separator="alt")
    ups = [at for at, one in enumerate(stream) if isinstance(one, KeyEvent) and one.key == 0x01000023]
    echo = KeyEvent(0, "\x1d", stream[ups[-1]].at_us, literal=True)
    assert heard([*stream[: ups[-1] + 1], echo, *stream[ups[-1] + 1 :]]).labels == [GS1.encode()]


def test_signs_put_in_past_the_keyboard_are_taken_as_they_are() -> None:
    literal = [
        KeyEvent(ord(sign.upper()), sign, START_US + at * MS, literal=True, pressed=pressed)
        for at, sign in enumerate(GS1)
        for pressed in (True, False)
    ]
    end = press(ENTER, literal[-1].at_us + MS, up_us=literal[-1].at_us + 2 * MS)
    assert heard([*literal, *end]).labels == [GS1.encode()]


def test_a_window_that_comes_or_goes_amid_a_scan() -> None:
    decoder = WedgeDecoder(WedgeProfile())
    stream = [one for one in scan() if isinstance(one, KeyEvent)]
    for one in stream[:20]:
        decoder.feed(one, editing=False)
    assert decoder.left() == (Refused("wedge_focus_lost"),)
    decoder.entered(START_US + 20 * MS)
    late = [one for one in stream if one.at_us > START_US + 22 * MS]
    assert hear(decoder, late).refusals == ["wedge_focus_lost"]
    assert decoder.feed(press(16, 9_000 * MS)[0], editing=True).keep
    (typed,) = decoder.left()
    assert isinstance(typed, Typed)
    assert letters(typed.events) == "q"


def test_the_mouse_comes_after_what_was_typed_and_stops_no_scan() -> None:
    decoder = WedgeDecoder(WedgeProfile())
    decoder.feed(press(16, START_US)[0], editing=True)
    (typed,) = decoder.give_back()
    assert isinstance(typed, Typed)
    stream = [one for one in scan(start_us=START_US * 3) if isinstance(one, KeyEvent)]
    for one in stream[:20]:
        decoder.feed(one, editing=True)
    assert decoder.give_back() == ()
    rest = [decoder.feed(one, editing=True) for one in stream[20:]]
    assert [outcome for answer in rest for outcome in answer.outcomes] == [Scanned(CODE.encode())]


def test_a_label_beyond_all_measure_is_named() -> None:
    assert heard(scan("A" * 8193, gap_us=0)).refusals == ["label_overlong"]


@pytest.mark.parametrize(
    ("text", "editing", "label"),
    [
        (CODE + "\r\n", True, CODE.encode()),
        (GS1 + "\t", True, GS1.encode()),
        (CODE, True, None),
        (CODE, False, CODE.encode()),
        ("12345\n", False, None),
        (f"{CODE}\n{CODE}\n", False, None),
        ("阿莫西林胶囊\n", False, None),
    ],
)
def test_a_paste_that_ends_as_labels_do_is_a_scan(text: str, editing: bool, label: bytes | None) -> None:
    assert pasted_label(text, WedgeProfile(), editing=editing) == label


def test_nothing_that_was_scanned_shows_in_a_trace() -> None:
    shown = repr([*scan(), Scanned(CODE.encode()), heard(scan()).shown])
    assert CODE not in shown
    assert "text" not in shown
