"""Of a patient's code nothing reaches a recording: whole, in pieces, over pauses, cut, or dropped."""

from __future__ import annotations

import itertools
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flows.credentials import is_credential, missing_signs
from devices.framing import Profile, Suffix
from devices.raw import RawRead
from tests.devices.evdev_typing import keys
from tests.devices.hid_scanner import FORMS, reports
from tests.devices.test_devices_evdev_reader import SYN, SYN_DROPPED, Board, packed, typed
from tests.devices.test_devices_raw import CODE, GS1, evdev_reads, recorded, serial_reads

VOUCHER = "424" + "9518273640" * 2 + "51627"
FEWEST = 4
"""Signs of it in a row that would tell something."""


def told(content: bytes) -> str:
    """Every sign that a recording tells, whatever it is written as."""
    found = [content.decode()]
    for line in content.splitlines():
        entry = json.loads(line)
        for each in [entry, *entry.get("came", [])]:
            if each.get("raw_hex"):
                found.append(bytes.fromhex(each["raw_hex"]).decode("latin-1"))
        pieces = [step[2] for step in entry.get("steps", []) if step[1] in ("bytes", "report")]
        found.append(bytes.fromhex("".join(pieces)).decode("latin-1"))
    return "\n".join(found)


def tells(content: bytes) -> bool:
    said = told(content)
    return any(VOUCHER[at : at + FEWEST] in said for at in range(len(VOUCHER) - FEWEST + 1))


@given(
    st.lists(st.integers(0, len(VOUCHER)), max_size=6),
    st.lists(st.booleans(), min_size=7, max_size=7),
    st.sampled_from([(Suffix.CR, b"\r"), (Suffix.EITHER, b""), (Suffix.NONE, b""), (Suffix.TAB, b"\t")]),
    st.sampled_from(["", "]Q1", "]C0"]),
)
@settings(deadline=None, max_examples=300)
def test_cut_and_paused_anywhere_nothing_is_told(cuts, pauses, end, aim):
    suffix, sign = end
    whole = aim.encode() + VOUCHER.encode() + sign
    places = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    pieces: list[bytes] = []
    for (start, stop), pause in zip(itertools.pairwise(places), pauses, strict=False):
        pieces += [whole[start:stop], *([b""] * 2 if pause else [])]
    after = [b"", b"", b"", GS1 + sign, b"", b""]
    reads, _ = serial_reads(Profile(suffix), [*pieces, *after])
    content, recording = recorded(reads)
    assert not tells(content), content
    assert recording.masked >= 1 or not any(isinstance(item, bytes) for item in reads[0].came)
    assert GS1.decode("latin-1") in told(content), "what is none is told"


def test_a_label_beside_a_voucher_in_one_read_is_told_and_only_the_pieces_are_left_out():
    reads, _ = serial_reads(Profile(Suffix.CR), [f"{CODE}\r{VOUCHER}\r".encode() + GS1 + b"\r"])
    content, recording = recorded(reads)
    hidden, *labels = (json.loads(line) for line in content.splitlines())
    steps = reads[0].steps
    assert steps is not None
    assert (hidden["masked"], hidden["labels"], hidden["bytes"]) == (True, 3, len(steps[0].data))
    assert [label["raw_hex"] for label in labels] == [CODE.encode().hex(), GS1.hex()]
    assert (recording.scans, recording.masked) == (3, 1)


@pytest.mark.parametrize("kept", [4, 12, 27])
def test_half_a_voucher_that_is_dropped_is_not_told(kept):
    for pieces in ([VOUCHER[:kept].encode(), *[b""] * 60], [b"X\r", VOUCHER[:kept].encode()]):
        reads, _ = serial_reads(Profile(Suffix.CR), pieces)
        assert "fragment_dropped" in reads[-1].came
        assert not tells(recorded(reads)[0])


def test_the_end_of_a_voucher_whose_head_was_never_read_is_not_told():
    line = [VOUCHER[9:].encode() + b"\r", GS1 + b"\r"]
    reads, _ = serial_reads_at_once(line)
    assert reads[0].setup.midstream
    assert not tells(recorded(reads)[0])


def serial_reads_at_once(pieces: list[bytes]) -> tuple[list[RawRead], list[bytes]]:
    """As after opening a port on which a scanner is sending already."""
    from devices import ScannerSpec  # noqa: PLC0415
    from devices.serial_port import SerialSource  # noqa: PLC0415
    from tests.devices.test_devices_raw import NOW_MS, Line  # noqa: PLC0415

    line = Line()
    line.pieces = list(pieces)
    source = SerialSource(ScannerSpec.parse("serial:X"), line, None, lambda: NOW_MS, Profile(Suffix.CR))
    reads: list[RawRead] = []
    while line.pieces:
        source.read()
        reads += source.raw()
    return reads, []


def test_a_fault_with_other_codes_is_kept_with_its_pieces():
    reads, _ = serial_reads(Profile(Suffix.CR), [CODE.encode(), *[b""] * 60])
    content, _ = recorded(reads)
    assert CODE in told(content), "the head was read, and it is none of a voucher"


def test_keys_of_a_voucher_are_not_told_whole_or_with_some_thrown_away():
    voucher = typed(keys(VOUCHER + "\r"))
    cut = typed(keys(VOUCHER[:8])) + packed(SYN_DROPPED, SYN) + typed(keys(VOUCHER[12:] + "\r"))
    for events, count in ((voucher, 1), (cut, 2)):
        reads = evdev_reads(events, Board(), count)
        content, _ = recorded(reads)
        for line in content.splitlines():
            entry = json.loads(line)
            assert entry["masked"] is True
            assert "steps" not in entry
            assert entry["bytes"] > 0


def test_reports_of_a_voucher_are_not_told():
    from devices.hid_pos import Habits  # noqa: PLC0415
    from devices.raw import HidSetup, RawStep  # noqa: PLC0415

    long = VOUCHER.encode() + b"\x1d" + os.urandom(4).hex().encode() * 10
    steps = tuple(RawStep(0, "report", report) for report in reports(FORMS["a"], b"]Q1", long))
    read = RawRead("hid:0C2E:0B81", 0, HidSetup(Profile(), False, b"", Habits()), steps[:1], ("hid_label_cut",))
    assert not tells(recorded([read])[0])


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (VOUCHER, 0), (VOUCHER[:27], 1), ("424", 25), ("42", 62), ("4", 62), ("]Q1424", 25), ("opcAB1", 58),
        ("OP", 62), ("]", 63),
        ("]Q1", 61),
        (CODE, 0), (GS1.decode(), 0), ("MATOU!undo", 0), ("10A4", 0), (CODE + "4241", 24), ("ABC42", 0),
    ],
)  # fmt: skip
def test_what_may_go_on_is_known(text, missing):
    assert abs(missing_signs(text.encode()) - missing) <= 1
    assert is_credential(VOUCHER.encode())
