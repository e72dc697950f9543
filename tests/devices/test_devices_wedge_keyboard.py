"""The window's keys as a device: its options, a label's way through the manager, and none of it without a window."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from app.base.texts import Texts
from devices import DeviceError, DeviceManager, DeviceState, ScannerSpec
from devices.errors import WEDGE_CODES
from devices.keyboard import KeysFeed, profile_of
from devices.scan import Dropped
from devices.wedge_keys import KeyEvent, KeyKind, caps_of, place_of
from devices.wedge_layouts import DE, US
from devices.wedge_reading import REFUSALS, WedgeProfile
from tests.devices.device_recorder import Recorder


@pytest.fixture
def feed() -> KeysFeed:
    return KeysFeed()


@contextlib.contextmanager
def listening(feed: KeysFeed, recorder: Recorder, spec: str = "keys") -> Iterator[DeviceManager]:
    manager = DeviceManager(
        [ScannerSpec.parse(spec)],
        on_scan=recorder.on_scan,
        on_status=recorder.on_status,
        now_ms=recorder.now_ms,
        factories={"keys": feed.driver},
    )
    manager.start()
    try:
        recorder.wait_status(DeviceState.READY)
        yield manager
    finally:
        manager.stop()


def test_what_the_window_puts_in_comes_out_in_order(feed: KeysFeed, recorder: Recorder) -> None:
    assert not feed.is_open
    feed.put(b"too early")
    with listening(feed, recorder):
        assert feed.is_open
        codes = [f"8999011{number:013d}".encode() for number in range(200)]
        for code in codes:
            feed.put(code)
        assert recorder.wait_scans(len(codes)) == codes
        assert {scan.device for scan in recorder.scans} == {"keys"}
    assert not feed.is_open


def test_a_refusal_is_a_note_and_the_device_goes_on(feed: KeysFeed, recorder: Recorder) -> None:
    with listening(feed, recorder) as manager:
        feed.put(Dropped("wedge_caps_lock"))
        feed.put(b"89990110000000000001")
        recorder.wait_scans(1)
        assert recorder.codes() == ["wedge_caps_lock"]
        assert [status.state for status in manager.statuses()] == [DeviceState.READY]


def test_without_a_window_it_says_so() -> None:
    manager = DeviceManager(
        [ScannerSpec.parse("keys")], on_scan=lambda _: None, on_status=lambda _: None, now_ms=lambda: 0
    )
    with pytest.raises(DeviceError) as caught:
        manager.start()
    assert caught.value.code == "needs_window"
    assert "窗口" in Texts.load().line("needs_window", subject="keys")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("keys", WedgeProfile()),
        ("keys?layout=de&host=zh", WedgeProfile(DE, US)),
        ("keys?suffix=none&prefix=stx", WedgeProfile(prefix="\x02", by_silence=True)),
        ("keys?suffix=TAB&gap_ms=90", WedgeProfile(ends=frozenset("\t"), by_silence=False, gap_ms=90)),
        ("keys?gs=f8", WedgeProfile(gs_keys=frozenset({0x01000037}))),
        ("keys?gs=~", WedgeProfile(gs_sign="~")),
        ("keys?gs=none", WedgeProfile()),
    ],
)
def test_its_options(text: str, expected: WedgeProfile, feed: KeysFeed) -> None:
    assert profile_of(ScannerSpec.parse(text)) == expected
    feed.driver(ScannerSpec.parse(text), lambda: 0)
    assert feed.profile == expected


@pytest.mark.parametrize("text", ["keys?layout=xx", "keys?gs=a", "keys?gs=f13", "keys:x", "keys?gap_ms=0"])
def test_wrong_options_are_refused(text: str) -> None:
    with pytest.raises(DeviceError) as caught:
        ScannerSpec.parse(text)
    assert caught.value.code == "bad_scanner_spec"


def test_every_refusal_has_words() -> None:
    texts = Texts.load()
    assert [code for code in (*REFUSALS, "wedge_window_inactive") if not texts.advice(code)] == []
    assert set(WEDGE_CODES) < set(REFUSALS)


@pytest.mark.parametrize(
    ("scan_code", "platform", "place"),
    [
        (38, "xcb", 30), (38, "wayland", 30), (0, "xcb", 0), (30, "windows", 30), (0x138, "windows", 100),
        (0x11D, "windows", 97), (0x147, "windows", 0), (30, "offscreen", 0), (-1, "xcb", 0),
    ],
)  # fmt: skip
def test_places_behind_native_scan_codes(scan_code: int, platform: str, place: int) -> None:
    assert place_of(scan_code, platform) == place


def test_caps_lock_is_known_only_where_the_system_says_so() -> None:
    assert [caps_of(bits, name) for bits, name in ((2, "xcb"), (0, "xcb"), (0x100, "windows"), (2, "offscreen"))] == [
        True, False, True, None,
    ]  # fmt: skip


def test_kinds_of_keys() -> None:
    assert KeyEvent(0x01000013, "", 0).kind is KeyKind.FUNCTION
    assert KeyEvent(0x01000003, "\b", 0).kind is KeyKind.OTHER
    assert KeyEvent(0x01001251, "", 0).kind is KeyKind.SIGN
    assert KeyEvent(0, "", 0, place=30).kind is KeyKind.SIGN
