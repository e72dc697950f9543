"""Recordings of keys: replayed they give what came then; no person's keys and no patient's code are in them."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.flows.credentials import CredentialJudge, is_credential
from devices.errors import RecordingError
from devices.recorder import Recording, RecordingFull
from devices.replay import parse_recording, typed_again
from devices.wedge import Refused, Scanned, Typed
from devices.wedge_keys import KeyEvent
from devices.wedge_layouts import US
from devices.wedge_reading import WedgeProfile
from devices.wedge_recorder import TypedLabel, WatchedDecoder
from tests.devices.wedge_typist import GS1_SIGNS, HOSTS, SEPARATORS, Setting, Typist, hear

RECORDED = Path(__file__).resolve().parents[1] / "data" / "scans" / "keys_typed"
CODE = "89990110000000000001"
GS1 = "]d2010952999900101617290531" + "10SYN2605A" + "\x1d" + "21SYN000000001"
VOUCHER = "424" + "0123456789" * 2 + "01234"
CAPS = 0x01000024
START_US = 1_000_000


class Desk:
    """A decoder under watch, and the recording of it."""

    def __init__(self, profile: WedgeProfile | None = None) -> None:
        self.decoder = WatchedDecoder(profile or WedgeProfile())
        self.decoder.is_credential = is_credential
        self.stream = io.BytesIO()
        self.recording = Recording(self.stream, CredentialJudge())
        self.decoder.watch = lambda label: self.recording.take_typed(label, 1_700_000_000_000)

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def person(text: str, start_us: int, gap_us: int = 120_000) -> list[KeyEvent]:
    """Fingers on a US keyboard."""
    found = []
    for place, sign in enumerate(text):
        at_us = start_us + place * gap_us
        key, shown = (0x01000004, "\r") if sign == "\r" else (ord(sign.upper()), sign)
        found += [KeyEvent(key, shown, at_us), KeyEvent(key, shown, at_us + 40_000, pressed=False)]
    return found


@settings(max_examples=150, deadline=None)
@given(
    texts=st.lists(st.text(GS1_SIGNS + "\x1d", min_size=6, max_size=40), min_size=1, max_size=3),
    setting=st.builds(
        Setting,
        host=st.sampled_from(HOSTS),
        layout=st.just("us"),
        places=st.booleans(),
        caps=st.booleans(),
        input_method=st.sampled_from(["", "eats", "composes"]),
        separator=st.sampled_from(SEPARATORS),
        gap_us=st.sampled_from([0, 2_000, 20_000]),
        end=st.sampled_from([28, None]),
    ),
    editing=st.booleans(),
)
@example(  # the first sign is given up as a person's, and the second is the input method's
    ["0a000000A"], Setting(places=False, input_method="eats", separator="ctrl", gap_us=20_000, end=28), True
)
def test_what_was_recorded_comes_again_from_its_keys(
    texts: list[str],
    setting: Setting,
    editing: bool,
) -> None:
    desk, typist = Desk(), Typist(setting)
    start_us = START_US
    for text in texts:
        hear(desk.decoder, list(typist.label(text, start_us)), editing=editing)
        start_us = typist.end_us + 2_000_000
    for again in typed_again(desk.stream.getvalue(), "x"):
        assert [one for one in again.now if not isinstance(one, Typed)] == [again.then]


def test_the_keys_of_a_label_and_nothing_that_a_person_typed_around_it() -> None:
    desk = Desk(WedgeProfile())
    places = Setting()
    hear(desk.decoder, person("secret7\r", START_US), editing=True)
    hear(desk.decoder, list(Typist(places).label(CODE, 5_000_000)), editing=True)
    hear(desk.decoder, person("pin9\r", 9_000_000), editing=True)
    (entry,) = desk.entries
    assert (entry["payload"], entry["refused"]) == (CODE, None)
    assert "".join(str(step[2]) for step in entry["steps"] if step[3] and step[2] != "\r") == CODE
    assert (desk.recording.scans, desk.recording.refused, desk.recording.masked) == (1, 0, 0)
    assert parse_recording(desk.stream.getvalue(), "x")[0].payload == CODE.encode()


@settings(max_examples=200, deadline=None)
@given(
    typed=st.text("qwxyz", min_size=1, max_size=8),
    gap_us=st.sampled_from([45_000, 90_000, 200_000]),
    at_us=st.integers(0, 400_000),
    end=st.booleans(),
    editing=st.booleans(),
)
def test_a_persons_letters_are_in_no_recording_however_they_fall(
    typed: str,
    gap_us: int,
    at_us: int,
    end: bool,
    editing: bool,
) -> None:
    """They may fall before a label, amid it and behind it."""
    desk = Desk(WedgeProfile(host=US))
    label = [one for one in Typist(Setting(places=False)).label(CODE, START_US + 200_000) if isinstance(one, KeyEvent)]
    stream = sorted([*person(typed + "\r" * end, START_US + at_us, gap_us), *label], key=lambda one: one.at_us)
    hear(desk.decoder, stream, editing=editing)
    for entry in desk.entries:
        steps = entry.get("steps") or []
        shown = "".join(step[2] for step in steps if len(step) > 2)
        if entry["refused"] is None and entry["payload"] != CODE:
            continue  # the decoder took them for a scanner's: a whole label of its own
        assert not set(shown) & set(typed), (entry["refused"], shown)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("caps", [False, True])
@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize("spoil", ["", "caps", "cut", "left", "typing", "slow"])
def test_no_key_of_a_voucher_is_recorded_taken_or_refused(host: str, caps: bool, places: bool, spoil: str) -> None:
    for text in (VOUCHER, "]Q1" + VOUCHER, CODE + VOUCHER):
        desk = Desk(WedgeProfile(by_silence=False))
        setting = Setting(
            host=host, caps=caps, places=places, end=None if spoil == "cut" else 28,
            gap_us=50_000 if spoil == "slow" else 2_000,
        )  # fmt: skip
        events = list(Typist(setting).label(text))
        if spoil == "caps":
            events.insert(12, KeyEvent(CAPS, "", events[11].at_us))
        if spoil == "typing":
            events = events[: len(events) // 2 * 2 - 20]
        hear(desk.decoder, events if spoil != "left" else events[:40], editing=True)
        if spoil == "left":
            desk.decoder.left()
        for entry in desk.entries:
            assert (entry.get("masked"), entry["payload"], entry["raw_hex"]) == (True, None, None), entry
            assert "steps" not in entry


def test_half_a_voucher_is_masked_and_half_a_gs1_label_is_not() -> None:
    for text, masked in ((VOUCHER[9:], True), (GS1[:25] + "AB", None)):
        desk = Desk(WedgeProfile(by_silence=False))
        hear(desk.decoder, list(Typist(Setting(end=None)).label(text)))
        assert [(entry["refused"], entry.get("masked")) for entry in desk.entries] == [("wedge_cut", masked)]


@pytest.mark.parametrize("gap_us", [600_000, 1_500_000, 1_950_000])
@pytest.mark.parametrize("rest_gap_us", [2_000, 20_000])
@pytest.mark.parametrize("kept", [6, 9, 22])
def test_the_rest_of_a_refused_half_is_masked_however_it_comes(gap_us: int, rest_gap_us: int, kept: int) -> None:
    for spoilt in (False, True):
        desk, now_ms = Desk(WedgeProfile(by_silence=False)), [1_700_000_000_000]
        desk.decoder.watch = lambda label, desk=desk, now_ms=now_ms: desk.recording.take_typed(label, now_ms[0])
        half = list(Typist(Setting(end=None)).label(VOUCHER[:kept], START_US))
        rest = list(Typist(Setting(gap_us=rest_gap_us)).label(VOUCHER[kept:], half[-1].at_us + gap_us))
        if spoilt:
            rest.insert(3, KeyEvent(CAPS, "", rest[2].at_us))  # refused as a whole label
        hear(desk.decoder, half)
        now_ms[0] += (rest[-1].at_us - half[-1].at_us) // 1000
        hear(desk.decoder, rest)
        rest_refused = "wedge_caps_lock" if spoilt else "wedge_cut"
        assert [entry["refused"] for entry in desk.entries] == ["wedge_cut", rest_refused]
        for entry in desk.entries:
            assert (entry.get("masked"), entry["payload"], "steps" in entry) == (True, None, False)
        now_ms[0] += 60_000
        hear(desk.decoder, list(Typist(Setting()).label(CODE, rest[-1].at_us + 60_000_000)))
        assert desk.entries[-1]["payload"] == CODE, "not for ever"


def test_a_persons_key_right_before_a_label_is_left_out_of_it() -> None:
    desk = Desk()
    hear(desk.decoder, [*person("q", START_US), *Typist(Setting()).label(GS1, START_US + 90_000)])
    (entry,) = desk.entries
    assert entry["payload"] == GS1
    assert "q" not in "".join(step[2] for step in entry["steps"])


def test_of_keys_that_may_be_a_persons_only_the_moments_are_told() -> None:
    desk = Desk(WedgeProfile(host=US, by_silence=False))
    hear(desk.decoder, person("abcdefgh", START_US, 50_000))
    (entry,) = desk.entries
    assert (entry["refused"], entry["masked"], "steps" in entry) == ("wedge_cut", True, False)
    assert entry["times_us"] == [START_US + 50_000 * place for place in range(8)]


def test_pasted_and_masked_lines_are_played_as_they_came() -> None:
    stream = io.BytesIO()
    recording = Recording(stream, CredentialJudge())
    recording.take_typed(TypedLabel(Refused("wedge_typing"), WedgeProfile(), False, None), 5)
    recording.take_typed(TypedLabel(Scanned(VOUCHER.encode()), WedgeProfile(), False, None, is_patients=True), 6)
    recording.take_typed(TypedLabel(Scanned(CODE.encode()), WedgeProfile(), False, ()), 7)
    played = parse_recording(stream.getvalue(), "x")
    assert [(one.payload, one.refused, one.at_ms) for one in played] == [
        (b"", "wedge_typing", 5), (CODE.encode(), None, 7),
    ]  # fmt: skip
    assert typed_again(stream.getvalue(), "x") == ()
    assert VOUCHER.encode() not in stream.getvalue()


@pytest.mark.parametrize(
    "line",
    [
        {}, {"refused": "x"}, {"raw_hex": "41"}, {"raw_hex": "4", "masked": True}, {"refused": "x", "profile": {}},
        {"refused": "x", "profile": {}, "steps": []}, {"refused": "x", "profile": [], "steps": []},
        {"refused": "x", "profile": "good", "steps": [[]]}, {"refused": "x", "profile": "good", "steps": [5]},
        {"refused": "x", "profile": "good", "steps": [[1, "never"]]},
        {"refused": "x", "profile": "good", "steps": [[1, 65, "a"]]},
        {"refused": "x", "profile": "good", "steps": [[True, 65, "a", True, 0, 0, None, False, False]]},
        {"refused": "x", "profile": "good", "steps": [[1, 65, None, True, 0, 0, None, False, False]]},
    ],
)  # fmt: skip
def test_a_line_of_keys_that_is_wrong_is_named_and_never_shown(line: dict[str, object]) -> None:
    good = {"layout": "us", "host": None, "prefix": "", "ends": "\r", "by_silence": None, "gap_ms": 40, "gs_keys": [],
            "gs_sign": ""}  # fmt: skip
    if line.get("profile") == "good":
        line = line | {"profile": good}
    content = (json.dumps({"kind": "keys"} | line) + "\n").encode()
    for read in (parse_recording, typed_again):
        with pytest.raises(RecordingError) as caught:
            read(content, "f")
        assert (caught.value.code, caught.value.subject, caught.value.__cause__) == ("bad_recording", "f:1", None)


def test_a_recording_has_an_end_and_what_stands_in_it_is_whole() -> None:
    desk = Desk()
    desk.recording = Recording(desk.stream, CredentialJudge(), most_bytes=6_000)

    def shoot_on() -> None:
        for number in itertools.count():
            hear(desk.decoder, list(Typist(Setting()).label(CODE, START_US + number * 3_000_000)))

    with pytest.raises(RecordingFull):
        shoot_on()
    assert 0 < len(desk.stream.getvalue()) <= 6_000
    assert len(parse_recording(desk.stream.getvalue(), "x")) == desk.recording.scans > 0


def recorded() -> Sequence[Path]:
    return sorted(RECORDED.glob("*.jsonl"))


@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_a_recorded_fault_is_a_test(path: Path) -> None:
    """A file of a hospital, put into the folder: what the decoder makes of its keys is still what came of them."""
    labels = typed_again(path.read_bytes(), path.name)
    assert labels
    for label in labels:
        assert [one for one in label.now if not isinstance(one, Typed)] == [label.then], label.where
