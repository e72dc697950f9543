"""What a kernel handed out (recorded on the virtual bench) gives the labels that were shot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devices.evdev_keys import Typing, Typist
from devices.framing import Label, Profile, Suffix
from devices.hid_layout import describe
from devices.hid_pos import Habits, HidLabel, HidPosDecoder
from devices.replay import parse_recording

SCANS = Path(__file__).resolve().parents[1] / "data" / "scans"
HID = sorted((SCANS / "hid").glob("*.jsonl"))
TYPED = sorted((SCANS / "evdev").glob("*.jsonl"))


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_every_form_and_every_road_is_recorded():
    assert [file.stem for file in HID] == ["form_a", "form_b", "form_c"]
    assert TYPED


@pytest.mark.parametrize("file", HID, ids=lambda file: file.stem)
def test_recorded_reports_give_the_labels_that_were_shot(file):
    for entry in lines(file):
        decoder = HidPosDecoder(describe(bytes.fromhex(entry["descriptor"])), Profile(Suffix.NONE), Habits())
        events = [event for report in entry["reports"] for event in decoder.feed(bytes.fromhex(report), 0)]
        (label,) = events
        assert isinstance(label, HidLabel)
        assert label.aim == entry["aim"]
        assert ((label.aim or "").encode() + label.payload).hex() == entry["raw_hex"]
    assert {len(entry["reports"]) for entry in lines(file)} == {1, 2, 3}


@pytest.mark.parametrize("file", TYPED, ids=lambda file: file.stem)
def test_recorded_keys_give_the_labels_that_were_shot(file):
    for entry in lines(file):
        typist = Typist(Typing())
        events = [event for code, value, at_ms in entry["keys"] for event in typist.key(code, value, at_ms)]
        assert events == [Label(bytes.fromhex(entry["raw_hex"]))]


@pytest.mark.parametrize("file", [*HID, *TYPED], ids=lambda file: file.stem)
def test_recordings_can_be_played_back(file):
    played = parse_recording(file.read_bytes(), file.name)
    assert [scan.payload.hex() for scan in played] == [entry["raw_hex"] for entry in lines(file)]
