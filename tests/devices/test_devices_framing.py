"""Bytes → labels: whatever the chunks, the same labels; nothing stripped, nothing glued."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.framing import Framer, Label, Profile, Suffix
from devices.scan import Dropped

ENDS = {
    Suffix.AUTO: b"\r\n",
    Suffix.CR: b"\r",
    Suffix.LF: b"\n",
    Suffix.CRLF: b"\r\n",
    Suffix.TAB: b"\t",
    Suffix.ETX: b"\x03",
}
GS1 = b"]d2010690123456789210LotAbC-09\x1d21S1\x1e\x04\x1c "
suffixes = st.sampled_from(sorted(ENDS, key=lambda suffix: suffix.value))


def run(profile: Profile, chunks: list[bytes]) -> list[Label | Dropped]:
    framer = Framer(profile)
    return [event for chunk in chunks for event in framer.feed(chunk)]


def chunked(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    return [stream[begin:end] for begin, end in itertools.pairwise(edges)]


@given(suffixes, st.lists(st.binary(max_size=40), max_size=12), st.lists(st.integers(0, 500), max_size=40))
def test_any_chunking_of_any_labels_gives_the_same_labels(suffix, labels, cuts):
    end = ENDS[suffix]
    # A label that holds its own end, or meets it half way (…CR + CR LF), is two labels on any scanner.
    forbidden = b"\r\n" if suffix in (Suffix.AUTO, Suffix.CRLF) else end
    labels = [label.translate(None, forbidden) for label in labels]
    stream = b"".join(label + end for label in labels)
    events = run(Profile(suffix), chunked(stream, cuts))
    assert events == [Label(label) for label in labels if label]


@given(suffixes, st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=60), st.integers(1, 12))
def test_any_stream_is_cut_alike_in_one_piece_and_in_many(suffix, stream, cuts, limit_bytes):
    profile = Profile(suffix, prefix=b"\x02", limit_bytes=limit_bytes)
    labels = [event for event in run(profile, [stream]) if isinstance(event, Label)]
    assert [event for event in run(profile, chunked(stream, cuts)) if isinstance(event, Label)] == labels
    assert run(profile, [bytes([byte]) for byte in stream]) == run(profile, chunked(stream, cuts))


@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(0, 200), max_size=20))
def test_without_suffix_silence_ends_a_label_and_every_byte_is_kept(label, cuts):
    framer = Framer(Profile(Suffix.NONE, idle_ms=50))
    for chunk in filter(None, chunked(label, cuts)):
        assert framer.feed(chunk) == ()
        assert framer.silence(20) == ()
    assert framer.silence(30) == (Label(label),)
    assert framer.silence(5000) == ()


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_auto_takes_cr_lf_and_both_and_drops_the_empty_label_between(end):
    assert run(Profile(), [GS1 + end + end + b"B" + end]) == [Label(GS1), Label(b"B")]


def test_auto_leaves_tab_and_etx_in_the_label():
    assert run(Profile(), [b"A\tB\x03C\r"]) == [Label(b"A\tB\x03C")]


def test_crlf_leaves_a_lone_cr_and_a_lone_lf_in_the_label():
    assert run(Profile(Suffix.CRLF), [b"A\rB\nC\r", b"\n"]) == [Label(b"A\rB\nC")]


def test_prefix_is_taken_off_once_and_only_at_the_front():
    profile = Profile(Suffix.ETX, prefix=b"\x02")
    assert run(profile, [b"\x02\x02A\x02\x03B\x03\x02\x03"]) == [Label(b"\x02A\x02"), Label(b"B")]


def test_spaces_and_controls_at_the_edges_stay():
    assert run(Profile(Suffix.CR), [b" \x1d\nA \x00\r"]) == [Label(b" \x1d\nA \x00")]


def test_a_label_of_the_limit_is_whole_and_one_byte_more_is_told_once():
    limit_bytes = Profile().limit_bytes
    assert limit_bytes == 8192
    longest, overlong = b"7" * limit_bytes, b"8" * (limit_bytes + 1)
    stream = longest + b"\r\n" + overlong * 3 + b"\r\nNEXT\r\n"
    for suffix in (Suffix.AUTO, Suffix.CRLF):
        assert run(Profile(suffix), [stream]) == [Label(longest), Dropped("label_overlong"), Label(b"NEXT")]
        pieces = [stream[at : at + 7] for at in range(0, len(stream), 7)]
        assert run(Profile(suffix), pieces) == [Label(longest), Dropped("label_overlong"), Label(b"NEXT")]


def test_overlong_without_suffix_is_over_after_silence():
    framer = Framer(Profile(Suffix.NONE, limit_bytes=8))
    assert framer.feed(b"123456789") == (Dropped("label_overlong"),)
    assert framer.feed(b"rest") == ()
    assert not framer.synchronised
    assert framer.silence(50) == ()
    assert framer.feed(b"NEXT") == ()
    assert framer.silence(50) == (Label(b"NEXT"),)


def test_overlong_with_a_suffix_that_never_comes_is_over_after_the_long_silence():
    framer = Framer(Profile(Suffix.CR, limit_bytes=8, idle_reset_ms=2000))
    assert framer.feed(b"123456789") == (Dropped("label_overlong"),)
    assert framer.silence(1999) == ()
    assert not framer.synchronised
    assert framer.silence(1) == ()
    assert framer.feed(b"NEXT\r") == (Label(b"NEXT"),)


def test_a_partial_label_waits_for_its_suffix_through_a_pause():
    framer = Framer(Profile(Suffix.CR))
    assert framer.feed(b"8012") == ()
    assert framer.silence(1950) == ()
    assert framer.feed(b"990\r") == (Label(b"8012990"),)


def test_a_partial_label_is_given_up_after_the_long_silence_and_never_meets_the_next():
    framer = Framer(Profile(Suffix.CR))
    assert framer.feed(b"8012") == ()
    assert [framer.silence(50) for _ in range(40)] == [()] * 39 + [(Dropped("fragment_dropped"),)]
    assert framer.feed(b"NEXT\r") == (Label(b"NEXT"),)


def test_a_lost_line_gives_up_what_waits_and_says_so_once():
    framer = Framer(Profile(Suffix.NONE))
    assert framer.give_up() == ()
    framer.feed(b"8012")
    assert framer.give_up() == (Dropped("fragment_dropped"),)
    assert framer.give_up() == ()


def test_midstream_bytes_before_any_silence_are_dropped_up_to_the_end_of_their_label():
    framer = Framer(Profile(), midstream=True)
    assert not framer.synchronised
    assert framer.feed(b"tail of a la") == (Dropped("fragment_dropped"),)
    assert framer.feed(b"bel\rWHOLE\r") == (Label(b"WHOLE"),)
    assert framer.synchronised


def test_midstream_after_silence_is_in_step():
    framer = Framer(Profile(), midstream=True)
    assert framer.silence(49) == ()
    assert not framer.synchronised
    assert framer.silence(1) == ()
    assert framer.feed(b"WHOLE\r") == (Label(b"WHOLE"),)


def test_midstream_noise_without_an_end_is_over_after_a_short_silence():
    framer = Framer(Profile(), midstream=True)
    assert framer.feed(b"\x00\xff") == (Dropped("fragment_dropped"),)
    assert framer.silence(50) == ()
    assert framer.synchronised
    assert framer.feed(b"WHOLE\r") == (Label(b"WHOLE"),)


def test_a_label_never_shows_in_a_trace():
    assert "424" not in repr(Label(b"424"))
