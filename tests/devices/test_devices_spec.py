"""The text that names a scanner."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import DeviceError, DeviceManager, ScannerSpec
from devices.errors import SpecError
from devices.framing import Profile, Suffix
from devices.spec import SerialSettings


def test_a_port_with_options():
    spec = ScannerSpec.parse("serial:/dev/pts/3?suffix=none&idle_ms=60&baud=115200&prefix=STX&idle_reset_ms=900")
    assert (spec.kind, spec.address, spec.device) == ("serial", "/dev/pts/3", "serial:/dev/pts/3")
    profile = Profile(Suffix.NONE, prefix=b"\x02", idle_ms=60, idle_reset_ms=900)
    assert spec.serial_settings() == SerialSettings(115200, profile)


def test_a_bare_port_has_the_defaults():
    assert ScannerSpec.parse("serial:COM3").serial_settings() == SerialSettings(9600, Profile(Suffix.AUTO))


@pytest.mark.parametrize("suffix", list(Suffix))
def test_every_suffix_by_name_in_any_case(suffix):
    for name in (suffix.value, suffix.value.lower(), suffix.value.upper()):
        assert ScannerSpec.parse(f"serial:X?suffix={name}").serial_settings().profile.suffix is suffix


def test_replay_speed():
    assert ScannerSpec.parse("replay:a.jsonl").replay_speed() == 1.0
    assert ScannerSpec.parse("replay:a.jsonl?speed=0").replay_speed() == 0.0
    assert ScannerSpec.parse("replay:a.jsonl?speed=2.5").replay_speed() == 2.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "serial",
        "serial:",
        "ttyACM0",
        "parallel:lp0",
        "serial:X?",
        "serial:X?suffix",
        "serial:X?suffix=EOT",
        "serial:X?idle_ms=fast",
        "serial:X?idle_ms=0",
        "serial:X?idle_ms=-5",
        "serial:X?idle_ms=٥٠",
        "serial:X?baud=1",
        "serial:X?speed=1",
        "serial:X?suffix=CR&suffix=LF",
        "replay:a?speed=nan",
        "replay:a?speed=-1",
        "hid:05e0",
        "keys:all",
        "camera:front",
    ],
)
def test_what_cannot_be_understood_is_said(text):
    with pytest.raises(DeviceError) as caught:
        ScannerSpec.parse(text)
    assert (caught.value.code, caught.value.subject) == ("bad_scanner_spec", text)


@given(st.text(max_size=40))
def test_any_text_is_a_spec_or_a_spec_error(text):
    for head in ("", "serial:", "serial:X?", "serial:X?idle_ms=", "replay:X?speed="):
        try:
            spec = ScannerSpec.parse(head + text)
        except SpecError:
            continue
        assert spec.device == (head + text).partition("?")[0]
        assert spec.serial_settings().profile.idle_ms >= 10
        assert spec.replay_speed() >= 0


@pytest.mark.parametrize("text", ["keys", "camera:0"])
def test_kinds_that_only_a_window_feeds_are_understood_but_not_opened(text, recorder):
    spec = ScannerSpec.parse(text)
    assert spec.device == text
    manager = DeviceManager([spec], on_scan=recorder.on_scan, on_status=recorder.on_status, now_ms=recorder.now_ms)
    with pytest.raises(DeviceError) as caught:
        manager.start()
    assert caught.value.code == "needs_window"
    assert recorder.statuses == []


def test_one_device_named_twice_is_refused(recorder):
    specs = [ScannerSpec.parse("serial:X"), ScannerSpec.parse("serial:X?suffix=CR")]
    with pytest.raises(DeviceError) as caught:
        DeviceManager(specs, on_scan=recorder.on_scan, on_status=recorder.on_status, now_ms=recorder.now_ms)
    assert caught.value.code == "bad_scanner_spec"
