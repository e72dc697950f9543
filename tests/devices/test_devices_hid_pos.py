"""HID POS reports → labels: every byte of every label in every form, and no two halves ever glued."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.framing import Profile, Suffix
from devices.hid_layout import COMMON, VENDOR, WITHOUT_AIM, Described, describe
from devices.hid_pos import JOIN_MS, QUEUE_REPORTS, SETTLE_MS, Habits, HidLabel, HidPosDecoder, unmarked
from devices.scan import Dropped
from tests.devices.hid_scanner import FORMS, descriptor, reports

AIM = b"]d2"
SHORT = b"010690123456789210LotAbC-09\x1d21S\x1e\x04\x1c "
LONG = bytes(range(0x20, 0x7F)) * 2
PLAIN = Profile(Suffix.NONE)
A, B, C = (FORMS[name] for name in "abc")
DESCRIBED = {name: describe(descriptor(FORMS[name])) for name in "abc"}
NO_HABITS = Habits()
HONEYWELL = Habits(answers=frozenset({"]X0", "]Z6"}))


def decoder(
    described: Described = DESCRIBED["a"], profile: Profile = PLAIN, habits: Habits = NO_HABITS
) -> HidPosDecoder:
    return HidPosDecoder(described, profile, habits)


def run(reader: HidPosDecoder, sent: list[bytes], gap_ms: int = 1) -> list[HidLabel | Dropped]:
    return [event for number, report in enumerate(sent) for event in reader.feed(report, number * gap_ms)]


def label(payload: bytes, aim: str | None = "]d2") -> HidLabel:
    return HidLabel(payload, aim)


@settings(max_examples=300)
@given(
    st.sampled_from("abc"),
    st.booleans(),
    st.lists(
        st.tuples(st.sampled_from([b"]d2", b"]C1", b"]E0", b"]Q3"]), st.binary(min_size=1, max_size=300)), max_size=5
    ),
    st.integers(1, 56),
)
def test_any_labels_in_any_form_and_any_size_of_report_come_back_byte_for_byte(name, midstream, labels, size):
    form = FORMS[name]
    reader = HidPosDecoder(DESCRIBED[name], PLAIN, Habits(), midstream=midstream)
    assert reader.quiet(0) == reader.quiet(SETTLE_MS) == ()
    sent = [report for aim, payload in labels for report in reports(form, aim, payload, size=size)]
    assert len(sent) <= QUEUE_REPORTS or size < 56
    events = []
    for at_ms, report in enumerate(sent):
        events += reader.feed(report, SETTLE_MS + at_ms)
        events += reader.quiet(SETTLE_MS + at_ms)
    assert events == [label(payload, aim.decode() if form.aim else None) for aim, payload in labels]
    assert reader.give_up() == ()


@given(st.sampled_from("abc"), st.binary(min_size=1, max_size=200))
def test_without_a_descriptor_a_label_is_read_right_or_not_at_all(name, payload):
    form = FORMS[name]
    events = run(decoder(Described()), reports(form, AIM, payload))
    right = label(payload, "]d2" if form.aim else None)
    assert [it for it in events if isinstance(it, HidLabel)] in ([right], [])
    assert right in events or Dropped("hid_layout_unclear") in events


@pytest.mark.parametrize("name", "abc")
def test_without_a_descriptor_ordinary_labels_are_read_in_every_form(name):
    form = FORMS[name]
    for payload in (b"1", SHORT, LONG, b"x" * 56, b"0" * 57, b"]" + SHORT):
        expected = label(payload, "]d2" if form.aim else None)
        assert run(decoder(Described()), reports(form, AIM, payload)) == [expected]


@pytest.mark.parametrize("payload", [b"]d2" + SHORT, b"]d2" + LONG[:53], b"X]d2" + SHORT, b"]C1"])
def test_an_identifier_in_the_data_of_the_form_without_one_is_never_taken_for_the_other_form(payload):
    sent = reports(B, AIM, payload)
    assert run(decoder(Described()), sent) == [Dropped("hid_layout_unclear")]
    assert run(decoder(Described(), habits=Habits(likely_form=WITHOUT_AIM)), sent) == [label(payload, None)]


@pytest.mark.parametrize("length", [1, 20, 55, 56])
def test_a_missing_identifier_never_moves_the_label(length):
    sent = reports(A, b"", b"7" * length)
    assert run(decoder(Described()), sent) == [Dropped("hid_layout_unclear")]
    assert run(decoder(), sent) == [label(b"7" * length, None)]


def test_the_vendor_form_has_one_report_per_label():
    report = bytes([1, 62]) + b"9" * 62
    assert run(decoder(Described(), habits=Habits(form=VENDOR)), [report]) == [label(b"9" * 62, None)]
    assert run(decoder(Described(), habits=Habits(form=VENDOR)), [bytes([2, 1]) + b"9" * 62]) == [
        Dropped("hid_report_bad")
    ]


def test_a_named_form_holds_against_the_descriptor():
    named = Habits(form=COMMON)
    assert run(decoder(DESCRIBED["b"], habits=named), reports(A, AIM, SHORT)) == [label(SHORT)]


def test_zero_bytes_are_data_and_padding_is_not():
    payload = b"\0A\0\0B\0"
    assert run(decoder(), reports(A, AIM, payload)) == [label(payload)]


@pytest.mark.parametrize(
    ("suffix", "ends"),
    [
        (Suffix.AUTO, (b"", b"\r", b"\n", b"\r\n")),
        (Suffix.EITHER, (b"", b"\r", b"\n", b"\r\n")),
        (Suffix.CR, (b"", b"\r")),
        (Suffix.CRLF, (b"", b"\r\n")),
        (Suffix.TAB, (b"", b"\t")),
        (Suffix.ETX, (b"", b"\x03")),
        (Suffix.NONE, (b"",)),
    ],
)
def test_the_configured_end_is_taken_off_once_and_nothing_else(suffix, ends):
    for end in ends:
        profile = Profile(suffix, prefix=b"\x02")
        assert run(decoder(profile=profile), reports(A, AIM, b"\x02" + SHORT + end)) == [label(SHORT)]
    assert unmarked(b" A\r\r", Profile(Suffix.CR)) == b" A\r"
    assert unmarked(b"A\r\n", Profile(Suffix.NONE)) == b"A\r\n"
    assert run(decoder(profile=Profile(Suffix.CR)), reports(A, AIM, b"\r")) == []


def test_another_identifier_begins_another_label_and_the_half_is_told():
    first, _, last = reports(A, AIM, LONG[:150])
    other = reports(A, b"]C1", SHORT)
    assert run(decoder(), [first, *other]) == [Dropped("hid_label_cut"), label(SHORT, "]C1")]
    assert run(decoder(), [first, last[:2] + b"\0\0\0" + last[5:]])[0].payload.startswith(LONG[:56])


def test_silence_ends_a_half_label_and_the_next_one_is_whole():
    reader = decoder()
    first = reports(A, AIM, LONG)[0]
    assert reader.feed(first, 1_000) == ()
    assert reader.quiet(1_000 + JOIN_MS - 1) == ()
    assert reader.quiet(1_000 + JOIN_MS) == (Dropped("hid_label_cut"),)
    assert reader.quiet(9_000) == ()
    assert reader.feed(reports(A, AIM, SHORT)[0], 9_000) == (label(SHORT),)


def test_a_reader_that_was_late_joins_what_waited_for_it():
    # Only an empty queue tells of silence: here the second report was in it all the time.
    reader = decoder()
    first, second = reports(A, AIM, LONG[:100])
    assert reader.feed(first, 0) == ()
    assert reader.feed(second, 5_000) == (label(LONG[:100]),)


def test_half_a_label_at_the_moment_of_loss_is_told_once():
    reader = decoder()
    reader.feed(reports(A, AIM, LONG)[0], 0)
    assert reader.give_up() == (Dropped("fragment_dropped"),)
    assert reader.give_up() == ()


@pytest.mark.parametrize("kept_bytes", [0, 1, 2, 30, 63])
@pytest.mark.parametrize("broken", [0, 1, 2])
def test_half_a_report_spoils_its_label_and_no_other(kept_bytes, broken):
    sent = reports(A, AIM, LONG[:150])
    assert len(sent) == 3
    sent[broken] = sent[broken][:kept_bytes]
    reader = decoder()
    events = run(reader, sent)
    assert events[0] == Dropped("hid_report_bad" if kept_bytes == 0 else "hid_report_short")
    assert not [it for it in events if isinstance(it, HidLabel)]
    reader.quiet(10_000)
    assert run(reader, reports(A, AIM, SHORT)) == [label(SHORT)]


def test_a_length_beyond_the_report_is_told():
    (report,) = reports(A, AIM, SHORT)
    sent = [report[:1] + b"\x39" + report[2:], *reports(A, AIM, SHORT)]
    assert run(decoder(), sent) == [Dropped("hid_report_bad"), label(SHORT)]
    first, second = reports(A, AIM, LONG[:100])
    sent = [first[:1] + b"\xff" + first[2:], second, *reports(A, AIM, SHORT)]
    assert run(decoder(), sent) == [Dropped("hid_report_bad"), label(SHORT)]


def test_reports_of_another_kind_are_passed_over_if_the_device_has_them_and_told_if_not():
    described = Described(DESCRIBED["a"].layouts, frozenset({2, 5}))
    assert run(decoder(described), [b"\x05\x01"]) == []
    assert run(decoder(described), [b"\x06\x01"]) == [Dropped("hid_report_bad")]
    assert run(decoder(Described()), [b"\x06".ljust(64, b"\0")]) == [Dropped("hid_report_bad")]


def test_answers_to_commands_are_no_labels_where_the_maker_sends_them_so():
    for aim in (b"]X0", b"]Z6"):
        assert run(decoder(habits=HONEYWELL), reports(A, aim, b"ACK")) == [Dropped("hid_answer")]
        assert run(decoder(), reports(A, aim, b"ACK")) == [label(b"ACK", aim.decode())]
    first, second = reports(A, b"]X0", LONG[:100])
    assert run(decoder(habits=HONEYWELL), [first, second[:2] + b"\0\0\0" + second[5:]]) == [Dropped("hid_answer")]


def test_an_answer_between_two_reports_leaves_the_label_whole():
    first, second = reports(A, AIM, LONG[:100])
    (answer,) = reports(A, b"]X0", b"ACK")
    assert run(decoder(habits=HONEYWELL), [first, answer, second]) == [Dropped("hid_answer"), label(LONG[:100])]


def test_a_label_of_the_limit_is_whole_and_a_longer_one_is_told_once():
    profile = Profile(Suffix.NONE, limit_bytes=200)
    longest, overlong = reports(A, AIM, b"7" * 200), reports(A, AIM, b"8" * 500)
    after = reports(A, AIM, SHORT)
    assert run(decoder(profile=profile), longest + overlong + after) == [
        label(b"7" * 200),
        Dropped("label_overlong"),
        label(SHORT),
    ]


def test_the_first_reports_after_opening_may_be_half_a_label():
    reader = HidPosDecoder(DESCRIBED["a"], PLAIN, Habits(), midstream=True)
    assert not reader.synchronised
    tail = reports(A, AIM, LONG)[1:]
    assert run(reader, [*tail, *reports(A, AIM, SHORT)]) == [Dropped("fragment_dropped"), label(SHORT)]
    assert reader.synchronised


def test_a_queue_that_may_have_been_full_is_told_and_nothing_is_joined_over_the_gap():
    reader = decoder()
    one = reports(A, AIM, SHORT)
    first, second = reports(A, AIM, LONG[:100])
    events = run(reader, one * (QUEUE_REPORTS - 1) + [first])
    assert events == [label(SHORT)] * (QUEUE_REPORTS - 1)
    assert reader.quiet(100) == (Dropped("hid_reports_lost"),)
    # Whatever comes at once may be the second half of a label whose first half is gone.
    assert reader.feed(second, 101) == (Dropped("fragment_dropped"),)
    assert reader.feed(one[0], 102) == (label(SHORT),)


def test_beyond_a_full_queue_nothing_is_trusted_until_it_was_empty():
    reader = decoder()
    one = reports(A, AIM, SHORT)
    events = run(reader, one * (QUEUE_REPORTS + 2))
    assert events == [label(SHORT)] * QUEUE_REPORTS + [Dropped("hid_reports_lost")] * 2
    assert reader.quiet(1_000) == (Dropped("hid_reports_lost"),)
    assert reader.quiet(1_000 + JOIN_MS) == ()
    assert reader.feed(one[0], 2_000) == (label(SHORT),)


@given(st.sampled_from("abc"), st.booleans(), st.lists(st.binary(max_size=70), max_size=30))
def test_any_reports_give_labels_or_reasons(name, told, noise):
    reader = decoder(DESCRIBED[name] if told else Described(), habits=HONEYWELL)
    for at_ms, report in enumerate(noise):
        for event in reader.feed(report, at_ms):
            assert isinstance(event, HidLabel | Dropped)
    reader.give_up()


def test_a_label_never_shows_in_a_trace():
    assert "424" not in repr(HidLabel(b"424", None))
