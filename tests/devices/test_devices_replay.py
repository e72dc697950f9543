"""Recordings: every form of a line, gaps by a factor, and an end."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import DeviceState, DeviceStatus
from devices.errors import RecordingError
from devices.replay import RecordedScan, due_times, parse_recording


def test_every_form_of_a_line():
    content = (
        b"\xef\xbb\xbf83000010000000000001\r\n"
        b"\n"
        b'{"payload": "]d2010690\\u001d21S", "at_ms": 1000}\n'
        b'{"raw_hex": "c4e3ff", "payload": null, "at_ms": null}\n'
        b'{"raw_hex": "41", "payload": "A", "device": "serial:X", "aim": null}\n'
        b'{"payload": null, "raw_hex": null, "masked": true, "at_ms": 5}\n'
        b" !undo \xff\n"
        b"last without an end"
    )
    assert parse_recording(content, "x") == (
        RecordedScan(b"83000010000000000001"),
        RecordedScan(b"]d2010690\x1d21S", 1000),
        RecordedScan(b"\xc4\xe3\xff"),
        RecordedScan(b"A"),
        RecordedScan(b" !undo \xff"),
        RecordedScan(b"last without an end"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "{}",
        '{"payload": 5}',
        '{"payload": null}',
        '{"raw_hex": "4"}',
        '{"raw_hex": "zz"}',
        '{"payload": "A", "at_ms": "now"}',
        '{"payload": "A", "at_ms": true}',
        '{"payload": "\\ud800"}',
        '{"payload": "A"} B',
        '{"a":' * 100_000,
    ],
)
def test_a_wrong_line_is_named_by_its_number_and_never_shown(line):
    with pytest.raises(RecordingError) as caught:
        parse_recording(b"first\n" + line.encode(), "file.jsonl")
    assert (caught.value.code, caught.value.subject) == ("bad_recording", "file.jsonl:2")
    assert caught.value.__cause__ is None


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=20))
def test_whatever_was_scanned_can_be_recorded_and_read_back(payloads):
    content = "".join(json.dumps({"raw_hex": payload.hex()}) + "\n" for payload in payloads).encode()
    assert [scan.payload for scan in parse_recording(content, "x")] == payloads


def test_gaps_follow_the_recorded_times_and_the_factor():
    scans = tuple(RecordedScan(b"A", at_ms) for at_ms in (None, 5000, 6000, None, 5500, 5600))
    assert due_times(scans, 1) == (0, 0, 1.0, 1.0, 1.0, 1.1)
    assert due_times(scans, 2) == (0, 0, 0.5, 0.5, 0.5, 0.55)
    assert due_times(scans, 0) == (0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("speed", "least_s"), [("1", 0.3), ("3", 0.1), ("0", 0.0)])
def test_a_recording_is_played_in_order_and_ends(speed, least_s, tmp_path, recorder, start):
    path = tmp_path / "day.jsonl"
    path.write_text('{"payload": "A", "at_ms": 100}\n{"payload": "B", "at_ms": 400}\n', encoding="utf-8")
    began_s = time.monotonic()
    manager = start(f"replay:{path}?speed={speed}")
    assert manager.wait_finished(20)
    assert time.monotonic() - began_s >= least_s
    assert recorder.payloads == [b"A", b"B"]
    assert [scan.device for scan in recorder.scans] == [f"replay:{path}"] * 2
    assert recorder.scans[0].at_ms == recorder.clock_ms
    told = [status.state for status in recorder.statuses]
    assert told == [DeviceState.OPENING, DeviceState.READY, DeviceState.CLOSED]


def test_a_long_gap_does_not_hold_up_the_stop(tmp_path, recorder, start):
    path = tmp_path / "night.jsonl"
    path.write_text('{"payload": "A", "at_ms": 0}\n{"payload": "B", "at_ms": 36000000}\n', encoding="utf-8")
    manager = start(f"replay:{path}")
    recorder.wait_scans(1)
    assert not manager.wait_finished(0)
    manager.stop()
    assert manager.wait_finished(0)
    assert recorder.payloads == [b"A"]


def test_a_recording_beside_a_port_does_not_end_the_port(port, tmp_path, recorder, start):
    path = tmp_path / "one.txt"
    path.write_text("A\n", encoding="utf-8")
    manager = start(f"replay:{path}", port.spec)
    recorder.wait_status(DeviceState.CLOSED)
    recorder.wait_status(DeviceState.READY, times=2)
    assert not manager.wait_finished(0)
    port.write(b"B\r")
    assert recorder.wait_scans(2) == [b"A", b"B"]


@pytest.mark.parametrize(
    ("name", "code"), [("none", "recording_not_found"), ("", "recording_unreadable"), ("bad", "bad_recording")]
)
def test_a_recording_that_cannot_be_played_is_told_once_and_over(name, code, tmp_path, recorder, start):
    (tmp_path / "bad").write_text("{", encoding="utf-8")
    manager = start(f"replay:{tmp_path / name}")
    assert manager.wait_finished(20)
    assert manager.statuses() == (DeviceStatus(f"replay:{tmp_path / name}", DeviceState.TROUBLE, code),)
    assert recorder.codes() == [code]
