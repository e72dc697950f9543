"""The rule of agreement: when a read of a camera is a scan, when it is doubted, and that nothing is ever invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.places import shifted
from devices.sightings import READS, SETTLED_READS, Mark, Sightings
from devices.symbols import Quad, Symbol

HERE: Quad = ((100, 100), (300, 100), (300, 150), (100, 150))
THERE = shifted(HERE, 0, 200)
FRAME_S = 0.033


def read(text: str, place: Quad = HERE) -> Symbol:
    return Symbol(text.encode(), "]C0", place)


class Camera:
    """Feeds frames at thirty a second, and keeps what counted."""

    def __init__(self, *expected: str) -> None:
        self.asked: list[bytes] = []
        self.rule = Sightings(self._expects)
        self.manifest = {b"]C0" + text.encode() for text in expected}
        self.now_s = 1000.0
        self.scans: list[str] = []
        self.marks: dict[str, Mark] = {}

    def _expects(self, label: bytes) -> bool:
        self.asked.append(label)
        return label in self.manifest

    def see(self, *symbols: Symbol, after_s: float = FRAME_S) -> list[str]:
        self.now_s += after_s
        seen = self.rule.see(symbols, self.now_s)
        self.marks = {one.symbol.payload.decode(): one.mark for one in seen.marks}
        new = [one.payload.decode() for one in seen.counted]
        self.scans += new
        return new


def test_two_frames_that_agree_are_a_scan():
    camera = Camera()
    assert camera.see(read("A")) == []
    assert camera.marks == {"A": Mark.READING}
    assert camera.see(read("A")) == ["A"]
    assert camera.marks == {"A": Mark.COUNTED}


def test_one_frame_agrees_with_nobody_however_often_it_was_read():
    camera = Camera()
    assert camera.see(read("A"), read("A", THERE), read("A")) == []


def test_what_the_manifest_has_counts_at_once_and_it_is_asked_once():
    camera = Camera("B")
    assert camera.see(read("A"), read("B", THERE)) == ["B"]
    assert camera.see(read("A"), read("B", THERE)) == ["A"]
    assert sorted(camera.asked) == [b"]C0A", b"]C0B"]


def test_what_is_expected_comes_first():
    camera = Camera()
    camera.see(read("A"))
    camera.manifest.add(b"]C0B")
    assert camera.see(read("A"), read("B", THERE)) == ["B", "A"]


def test_frames_between_two_reads_may_be_blurred_but_not_for_long():
    camera = Camera()
    camera.see(read("A"))
    for _ in range(20):
        assert camera.see() == []
    assert camera.see(read("A")) == ["A"]
    later = Camera()
    later.see(read("A"))
    assert later.see(read("A"), after_s=2.1) == []
    assert later.see(read("A")) == ["A"]


def test_in_view_is_one_scan_and_so_is_a_return_within_the_pause():
    camera = Camera("A")
    for _ in range(300):
        camera.see(read("A"))
    camera.see(read("A"), after_s=2.4)
    assert camera.scans == ["A"]
    camera.see(read("A"), after_s=2.6)
    assert camera.scans == ["A", "A"]


@pytest.mark.parametrize("expected", [True, False])
def test_a_batch_shown_twice_on_purpose_is_two_scans_and_the_hand_sees_when(expected: bool):
    """A UDI that names a batch only stands on every box of it: the next box is held in after the last one has gone."""
    udi = "0106901234567892\x1d10B26"
    camera = Camera(*([udi] if expected else []))
    for box in range(1, 4):
        for _ in range(60):
            camera.see(read(udi))
        assert camera.scans == [udi] * box
        assert camera.marks == {udi: Mark.COUNTED}
        for _ in range(round(2.6 / FRAME_S)):
            assert camera.see() == []
        assert camera.marks == {}
    camera.see(read(udi))
    camera.see(read(udi))
    for _ in range(30):
        camera.see()
    assert camera.see(read(udi), read(udi, THERE)) == []
    assert camera.marks == {udi: Mark.COUNTED}, "too soon: it is drawn as one that counted already"


def test_two_labels_with_one_text_are_one_scan():
    camera = Camera()
    camera.see(read("A"), read("A", THERE))
    camera.see(read("A"), read("A", THERE))
    assert camera.scans == ["A"]


def test_two_codes_at_one_place_do_not_count_until_one_of_them_stays():
    camera = Camera("A", "B")
    for _ in range(5):
        camera.see(read("A"), read("B"))
    assert camera.scans == []
    assert camera.marks == {"A": Mark.DOUBTFUL, "B": Mark.DOUBTFUL}
    for _ in range(SETTLED_READS):
        camera.see(read("A"))
    assert camera.scans == ["A"]


def test_a_misread_between_two_frames_never_counts():
    camera = Camera("A")
    for _ in range(40):
        camera.see(read("A"))
        camera.see(read("misread"))
    assert camera.scans == ["A"]


def test_a_hand_that_moves_on_brings_the_next_code():
    camera = Camera("A", "B")
    camera.see(read("A"))
    camera.see(after_s=0.35)
    assert camera.see(read("B")) == ["B"]


def test_a_code_pushed_aside_is_no_rival():
    camera = Camera("A", "B")
    camera.see(read("A"))
    assert camera.see(read("A", THERE), read("B")) == ["B"]


def test_a_symbol_of_another_kind_is_another_code():
    camera = Camera()
    camera.see(read("A"))
    assert camera.see(Symbol(b"A", "]d1", THERE)) == []


def test_a_scan_that_was_not_taken_counts_again_when_it_is_read_again():
    camera = Camera()
    camera.see(read("A"))
    assert camera.see(read("A")) == ["A"]
    camera.rule.forget(b"]C0A")
    camera.rule.forget(b"never seen")
    assert camera.see(read("A")) == []
    assert camera.see(read("A")) == ["A"]


def test_marks_go_soon_after_the_code():
    camera = Camera("A")
    camera.see(read("A"))
    camera.see(after_s=0.4)
    assert camera.marks == {"A": Mark.COUNTED}
    camera.see(after_s=0.2)
    assert camera.marks == {}


FRAMES = st.lists(
    st.tuples(
        st.sampled_from([0.01, 0.033, 0.2, 1.0, 2.2, 3.0]),
        st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from([HERE, THERE, shifted(HERE, 500, 0)])), max_size=4),
    ),
    max_size=60,
)


@given(FRAMES, st.sets(st.sampled_from("ABCD")))
def test_whatever_the_frames_every_scan_was_read_often_enough(frames, manifest):
    """The promise, checked against the record of reads: never invented, never too early, never twice in one view."""
    camera = Camera(*manifest)
    reads: dict[str, list[float]] = {}
    scanned_s: dict[str, float] = {}
    for pause_s, symbols in frames:
        new = camera.see(*(read(text, place) for text, place in symbols), after_s=pause_s)
        for text in {text for text, _ in symbols}:
            reads.setdefault(text, []).append(camera.now_s)
        assert len(new) == len(set(new))
        for text in new:
            assert text in {text for text, _ in symbols}, "not in this frame"
            assert text in manifest or len(reads[text]) >= READS
            if text not in manifest:
                assert reads[text][-1] - reads[text][-2] <= 2.0
            if text in scanned_s:
                gaps = [b - a for a, b in zip(reads[text], reads[text][1:], strict=False) if b > scanned_s[text]]
                assert max(gaps) > 2.5, "counted twice while in view"
            scanned_s[text] = camera.now_s
            last = {place for one, place in symbols if one == text}
            same_place = {one for one, place in symbols if place in last} - {text}
            assert not same_place, "another code at this place in this very frame"


@pytest.mark.parametrize("places", [(HERE, THERE)])
def test_neighbours_do_not_disturb_each_other(places):
    camera = Camera()
    for _ in range(3):
        camera.see(*(read(f"code {number}", place) for number, place in enumerate(places)))
    assert sorted(camera.scans) == ["code 0", "code 1"]
