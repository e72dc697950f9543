"""Recordings: written without credentials, played back alike, and one at least for every driver."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows.credentials import CredentialJudge, is_credential
from devices import RawScan
from devices.recorder import Recording, aim_of, entry_of
from devices.registry import DRIVERS
from devices.replay import parse_recording

RECORDINGS = Path(__file__).resolve().parents[1] / "data" / "scans"
VOUCHER = b"424" + b"0123456789" * 2 + b"01234"


class Nobody:
    """Where there are no patients."""

    def is_credential(self, payload: bytes) -> bool:
        return False

    def missing_signs(self, payload: bytes) -> int:
        return 0


@pytest.mark.parametrize("kind", sorted(set(DRIVERS) - {"replay"}))
def test_every_driver_has_recording(kind):
    paths = sorted((RECORDINGS / kind).glob("*.jsonl"))
    assert paths, f"make one with `matou devices record --scanner {kind}…`"
    for path in paths:
        scans = parse_recording(path.read_bytes(), path.name)
        assert scans
        assert not any(is_credential(scan.payload) for scan in scans)


@given(
    st.lists(
        st.tuples(st.binary(min_size=1, max_size=60), st.sampled_from([None, "]d2", "]C1"]), st.integers(0, 10**13))
    )
)
def test_whatever_a_device_sends_is_played_back_as_the_program_saw_it(sent):
    stream = io.BytesIO()
    recording = Recording(stream, Nobody())
    scans = [RawScan("hid:0C2E:0B81", payload, at_ms, aim) for payload, aim, at_ms in sent]
    for scan in scans:
        recording.take(scan)
    played = parse_recording(stream.getvalue(), "x")
    assert [(each.payload, each.at_ms) for each in played] == [(scan.label, scan.at_ms) for scan in scans]
    assert (recording.scans, recording.masked) == (len(scans), 0)


@given(st.binary(max_size=20), st.binary(max_size=20), st.sampled_from([None, "]Q1"]))
def test_a_voucher_wherever_it_stands_leaves_nothing_of_itself(before, behind, aim):
    stream = io.BytesIO()
    recording = Recording(stream, CredentialJudge())
    payload = before + VOUCHER + behind
    recording.take(RawScan("serial:X", payload, 5, aim))
    if is_credential(RawScan("serial:X", payload, 5, aim).label):
        entry = json.loads(stream.getvalue())
        assert (entry["payload"], entry["raw_hex"], entry["masked"]) == (None, None, True)
        assert VOUCHER.hex().encode() not in stream.getvalue()
        assert recording.masked == 1
    else:
        assert any(
            sign in b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" for sign in before + behind
        )


def test_the_aim_identifier_is_told_wherever_it_came():
    assert aim_of(RawScan("x", b"]d2010", 1)) == "]d2"
    assert aim_of(RawScan("x", b"010", 1, "]C1")) == "]C1"
    assert aim_of(RawScan("x", b"010", 1)) is None
    assert RawScan("x", b"010", 1, "]C1").label == b"]C1010"


def test_chinese_in_gbk_has_its_text_beside_the_bytes():
    entry = entry_of(RawScan("serial:X", "胶囊".encode("gbk"), 1), masked=False)
    assert (entry["payload"], entry["text"], entry["encoding"]) == (None, "胶囊", "gb18030")
    assert entry["raw_hex"] == "胶囊".encode("gbk").hex()
    assert "text" not in entry_of(RawScan("serial:X", b"ABC", 1), masked=False)


def test_a_full_disk_is_told_to_whoever_records():
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="space"):
        Recording(Full(), Nobody()).take(RawScan("x", b"A", 1))
