"""Of a patient's code nothing reaches a recording: whole, in pieces, over pauses, cut, or dropped."""

from __future__ import annotations

import io
import itertools
import json
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flows.credentials import CredentialJudge, is_credential, missing_signs
from devices.framing import Profile, Suffix
from devices.raw import RawRead, RawStep, SerialSetup
from devices.recorder import Recording
from devices.scan import RawScan
from tests.devices.evdev_typing import keys
from tests.devices.hid_scanner import FORMS, reports
from tests.devices.test_devices_evdev_reader import SYN, SYN_DROPPED, Board, packed, typed
from tests.devices.test_devices_raw import CODE, GS1, NOW_MS, WAIT_MS, evdev_reads, recorded, serial_reads

VOUCHER = "424" + "9518273640" * 2 + "51627"
OPC = "opc" + "A1B2C3D4E5" * 2 + "K1L2M"
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
    st.lists(st.sampled_from([0, 2, 41, 79]), min_size=7, max_size=7),
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
        pieces += [whole[start:stop], *[b""] * pause]
    after = [b"", b"", b"", GS1 + sign, b"", b""]
    reads, _ = serial_reads(Profile(suffix), [*pieces, *after])
    content, recording = recorded(reads)
    assert not tells(content), content
    assert recording.masked >= 1 or not any(isinstance(item, bytes) for item in reads[0].came)
    assert GS1.decode("latin-1") in told(content), "what is none is told"


@pytest.mark.parametrize("suffix", [Suffix.CR, Suffix.EITHER])
@pytest.mark.parametrize("more_ms", [0, 1_000, 3_950])
@pytest.mark.parametrize("kept", [1, 3, 9, 27])
def test_the_rest_that_comes_after_a_line_has_given_up_waiting_is_not_told(suffix, more_ms, kept):
    waits = (Profile().idle_reset_ms + more_ms) // WAIT_MS
    line = [CODE.encode() + b"\r", VOUCHER[:kept].encode(), *[b""] * waits, VOUCHER[kept:].encode() + b"\r"]
    reads, labels = serial_reads(Profile(suffix), line)
    assert labels == [CODE.encode(), VOUCHER[kept:].encode()], "the line has given up in between"
    content, recording = recorded(reads)
    assert json.loads(content.splitlines()[-1]).get("masked") is True
    assert not tells(content)
    assert recording.masked == 1


@pytest.mark.parametrize("pieces", [["]", "Q", "1" + VOUCHER], ["opc", "ABCDEF", "GHIJKLMN", "OPQRSTUVW"]])
def test_the_rest_is_awaited_over_every_piece_that_was_given_up(pieces):
    line = [piece for text in pieces for piece in (text.encode(), *[b""] * 119)]
    reads, _ = serial_reads(Profile(Suffix.CR), [b"", *line[:-119], b"\r"])
    content, _ = recorded(reads)
    assert not tells(content)
    assert [json.loads(entry).get("masked") for entry in content.splitlines()] == [True] * len(pieces)


def test_the_rest_is_awaited_from_the_last_step_where_nobody_says_when_it_was_decided():
    """Pieces that came slowly: their first is long ago when the line gives up."""
    setup = SerialSetup(Profile(Suffix.CR), midstream=False, by_silence=False)
    drops = [RawStep(700_000 * at, "bytes", VOUCHER[at : at + 1].encode()) for at in range(9)]
    silence = RawStep(5_650_000, "silence", b"", (Profile().idle_reset_ms,))
    half = RawRead("serial:X", NOW_MS, setup, (*drops, silence), ("fragment_dropped",))
    rest = VOUCHER[9:].encode()
    late = RawRead("serial:X", NOW_MS + 9_000, setup, (RawStep(9_000_000, "bytes", rest + b"\r"),), (rest,))
    assert not tells(recorded([half, late])[0])
    later = replace(late, at_ms=NOW_MS + 60_000)
    assert VOUCHER[9:] in told(recorded([half, later])[0]), "not for ever"


GLUED = ["6901234567892", VOUCHER[:7], VOUCHER[:1], VOUCHER + VOUCHER[:20], CODE + VOUCHER[:9], CODE[:5], "0"]


@pytest.mark.parametrize("behind", GLUED)
@pytest.mark.parametrize("before", ["", CODE, "]Q1", VOUCHER, VOUCHER[:4]])
def test_digits_behind_a_voucher_do_not_make_it_anything_else(before, behind):
    text = f"{before}{VOUCHER}{behind}"
    reads, labels = serial_reads(Profile(Suffix.CR), [text.encode() + b"\r"])
    assert labels == [text.encode()]
    content, recording = recorded(reads)
    assert not tells(content)
    assert recording.masked == 1


@pytest.mark.parametrize("kept", [1, 2, 3, 7, 20, 27])
@pytest.mark.parametrize("whole", [VOUCHER, CODE + VOUCHER, VOUCHER + CODE, VOUCHER * 3])
def test_the_rest_of_one_that_a_lost_line_end_glued_to_another_is_not_told(whole, kept):
    content, recording = scanned(whole + VOUCHER[:kept], VOUCHER[kept:], GS1.decode())
    assert not tells(content)
    assert (recording.masked, GS1.decode() in told(content)) == (2, True)


@pytest.mark.parametrize("kept", range(1, len(OPC)))
def test_the_rest_of_one_of_unknown_length_is_not_told_though_it_was_long_enough(kept):
    content, recording = scanned(OPC[:kept], OPC[kept:], GS1.decode())
    assert OPC[kept:] not in told(content)
    assert (recording.masked, GS1.decode() in told(content)) == (2, True)


def scanned(*texts: str) -> tuple[bytes, Recording]:
    """Labels of a scanner that is not recorded by its pieces, 300 ms apart."""
    stream = io.BytesIO()
    recording = Recording(stream, CredentialJudge())
    for place, text in enumerate(texts):
        recording.take(RawScan("serial:X", text.encode(), NOW_MS + 300 * place))
    return stream.getvalue(), recording


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
        (VOUCHER, 0), (VOUCHER + "6901234567892", 0), (VOUCHER + "4249", 24),
        (OPC, 36), (VOUCHER[:27], 1), ("424", 25), ("42", 62), ("4", 62), ("]Q1424", 25), ("opcAB1", 58),
        ("OP", 62), ("]", 63),
        ("]Q1", 61),
        (CODE, 0), (GS1.decode(), 0), ("MATOU!undo", 0), ("10A4", 0), (CODE + "4241", 24), ("ABC42", 0),
    ],
)  # fmt: skip
def test_what_may_go_on_is_known(text, missing):
    assert abs(missing_signs(text.encode()) - missing) <= 1
    assert is_credential(VOUCHER.encode())


@pytest.mark.parametrize("whole", [VOUCHER, OPC])
@pytest.mark.parametrize("code", ["hid_reports_lost", "hid_label_cut", "hid_layout_unclear"])
@pytest.mark.parametrize("size", [2, 9, 16])
def test_reports_of_one_that_lost_some_of_them_are_not_told(whole, code, size):
    from devices.hid_pos import Habits  # noqa: PLC0415
    from devices.raw import HidSetup, RawStep  # noqa: PLC0415

    sent = reports(FORMS["a"], b"]Q1", whole.encode(), size=size)
    for rest in (sent[1:], sent[:-1]):
        steps = tuple(RawStep(0, "report", report) for report in rest)
        read = RawRead("hid:0C2E:0B81", 0, HidSetup(Profile(), False, b"", Habits()), steps, (code,))
        assert json.loads(recorded([read])[0])["masked"] is True
