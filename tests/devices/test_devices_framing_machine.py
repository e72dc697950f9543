"""A scanner that does whatever a scanner can do, byte by byte: every whole label arrives once, every piece is told."""

from __future__ import annotations

import itertools
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from devices.catalog import CATALOG, Quirk
from devices.framing import Framer, Label, Profile, Suffix
from devices.scan import Dropped
from tests.devices.framing_campaign import SUFFIXES_IN_USE, codes_unchanged

ENDS = {
    Suffix.AUTO: b"\r\n",
    Suffix.EITHER: b"\r",
    Suffix.CR: b"\r",
    Suffix.LF: b"\n",
    Suffix.CRLF: b"\r\n",
    Suffix.TAB: b"\t",
    Suffix.ETX: b"\x03",
    Suffix.NONE: b"",
}
FORBIDDEN = b"\r\n\t\x03\x02"
LIMIT = 64
labels = st.binary(min_size=1, max_size=LIMIT).map(lambda raw: raw.translate(None, FORBIDDEN)).filter(bool)
cut_places = st.lists(st.integers(0, 400), max_size=12)


class ScannerOnALine(RuleBasedStateMachine):
    """What the framer says is compared with what was sent, after every step."""

    suffix: ClassVar[Suffix]

    @initialize(prefixed=st.booleans())
    def plug_in(self, prefixed):
        self.profile = Profile(self.suffix, prefix=b"\x02" if prefixed else b"", limit_bytes=LIMIT)
        self.told: list[Label | Dropped] = []
        self.sent: list[Label | Dropped] = []
        self.open()
        self.be_silent(self.profile.idle_ms)

    def open(self):
        self.framer = Framer(self.profile, midstream=True)
        self.silence_ends = self.suffix in (Suffix.NONE, Suffix.EITHER)

    def be_silent(self, waited_ms):
        for _ in range(-(-waited_ms // 50)):
            self.told += self.framer.silence(50)

    def feed(self, stream, cuts):
        edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
        for begin, end in itertools.pairwise(edges):
            self.told += self.framer.feed(stream[begin:end])

    def sends(self, label):
        return self.profile.prefix + label + ENDS[self.profile.suffix]

    @rule(batch=st.lists(labels, min_size=1, max_size=5), cuts=cut_places)
    def a_batch_comes_glued_and_in_pieces(self, batch, cuts):
        if self.profile.suffix is Suffix.NONE:
            for label in batch:
                self.feed(self.sends(label), cuts)
                self.be_silent(self.profile.idle_ms)
        else:
            self.feed(b"".join(map(self.sends, batch)), cuts)
        self.silence_ends = self.suffix is Suffix.NONE
        self.sent += map(Label, batch)

    @rule(label=labels, cut=st.integers(1, LIMIT), cuts=cut_places)
    def the_plug_is_pulled_inside_a_label(self, label, cut, cuts):
        whole = self.profile.prefix + label
        self.feed(whole[:cut], cuts)
        self.told += self.framer.give_up()
        self.sent.append(Dropped("fragment_dropped"))
        self.open()
        self.be_silent(self.profile.idle_ms)

    @rule(label=labels, cut=st.integers(1, LIMIT))
    def the_line_falls_silent_inside_a_label(self, label, cut):
        part = (self.profile.prefix + label)[:cut]
        self.feed(part, ())
        self.be_silent(self.profile.idle_reset_ms)
        if self.silence_ends:
            payload = part.removeprefix(self.profile.prefix)
            self.sent += [Label(payload)] if payload else []
        else:
            self.sent.append(Dropped("fragment_dropped"))
            self.silence_ends = self.suffix is Suffix.EITHER

    @rule()
    def nobody_scans_for_a_while(self):
        self.be_silent(2 * self.profile.idle_reset_ms)

    @rule(batch=st.lists(labels, min_size=1, max_size=2), tail=labels)
    def the_port_is_opened_in_the_middle_of_a_label(self, batch, tail):
        self.told += self.framer.give_up()
        self.open()
        self.feed(tail + ENDS[self.profile.suffix], ())
        self.sent.append(Dropped("fragment_dropped"))
        self.be_silent(self.profile.idle_ms)
        self.a_batch_comes_glued_and_in_pieces(batch, ())

    @rule(more=st.integers(1, 200), label=labels, cuts=cut_places)
    def something_far_too_long_comes(self, more, label, cuts):
        self.feed(self.sends(b"9" * (LIMIT + more)), cuts)
        self.be_silent(self.profile.idle_ms)
        self.sent.append(Dropped("label_overlong"))
        self.a_batch_comes_glued_and_in_pieces([label], ())

    @invariant()
    def all_that_was_sent_was_told_in_order(self):
        if hasattr(self, "told"):
            assert self.told == self.sent


@pytest.mark.parametrize("suffix", list(Suffix))
def test_whatever_a_scanner_does_every_label_arrives_and_every_piece_is_told(suffix):
    machine = type(f"Scanner{suffix.name}", (ScannerOnALine,), {"suffix": suffix})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=12, deadline=None))


def test_a_hundred_thousand_codes_in_random_pieces_are_unchanged():
    came = codes_unchanged(count=100_000, seed=20261122)
    assert came == dict.fromkeys(SUFFIXES_IN_USE, (100000, 0))


def test_every_preset_ends_labels_as_its_maker_does_and_as_it_can_be_set():
    """Each model's own suffix rule cuts what the model sends with its line end on, and with every other usual one."""
    for model in CATALOG:
        for end in (b"\r", b"\n", b"\r\n"):
            framer = Framer(Profile(model.suffix))
            told = [event for byte in b"]C1A\x1dB" + end + b"C" + end for event in framer.feed(bytes([byte]))]
            assert told == [Label(b"]C1A\x1dB"), Label(b"C")], (model.maker, end)
        without = Framer(Profile(model.suffix))
        assert without.feed(b"ABC") == ()
        told_after = without.silence(50)
        assert told_after == ((Label(b"ABC"),) if Quirk.SUFFIX_OFF in model.quirks else ())
