"""A scanner that types, with a real kernel: grabbed, pulled, its queue overrun, its rights refused."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
import time
from pathlib import Path

import pytest

from devices.evdev_reader import EvdevDriver, KeyNode, list_found, list_nodes
from devices.scan import DeviceState, Dropped, RawScan
from devices.spec import ScannerSpec
from tests.devices.evdev_typing import CAPS, ENTER, keys, tap
from tests.devices.hid_library import wait_until
from tests.rig.rig_scanners import EVENT, WedgeScanner

READY, LOST, TROUBLE = DeviceState.READY, DeviceState.LOST, DeviceState.TROUBLE
SPEC = "evdev:05E0:1200"
IDS = (0x05E0, 0x1200)
GS1 = "]d2010690123456789210LotAbC-09\x1d21S1"
PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))
GRAB = 0x4004_4590


@pytest.fixture
def wedge():
    with WedgeScanner() as scanner:
        assert wait_until(lambda: bool(nodes()))
        yield scanner


def nodes() -> list[KeyNode]:
    return [node for node in list_nodes() if (node.vid, node.pid) == IDS and node.file.exists()]


@pytest.mark.parametrize("gs", ["ctrl", "alt", "f8"])
def test_every_sign_arrives_by_every_road(gs, wedge, recorder, start):
    start(f"{SPEC}?gs=f8")
    recorder.wait_status(READY)
    for text in (PRINTABLE, GS1):
        wedge.type([*keys(text, gs=gs), *tap(ENTER)])
    assert recorder.wait_scans(2) == [PRINTABLE.encode(), GS1.encode()]
    assert recorder.codes() == []


def test_grabbed_its_keys_reach_nobody_else(wedge, recorder, start):
    (node,) = nodes()
    listener = os.open(node.file, os.O_RDONLY | os.O_NONBLOCK)
    manager = start(SPEC)
    recorder.wait_status(READY)
    with pytest.raises(OSError) as busy:
        fcntl.ioctl(listener, GRAB, 1)
    assert busy.value.errno == errno.EBUSY
    wedge.type(keys(GS1 + "\r"))
    recorder.wait_scans(1)
    with pytest.raises(BlockingIOError):
        os.read(listener, EVENT.size)
    manager.stop()
    wedge.type(keys("x"))
    assert os.read(listener, EVENT.size)
    os.close(listener)


def test_a_scanner_grabbed_by_another_program_is_busy_until_it_lets_go(wedge, recorder, start):
    other = os.open(nodes()[0].file, os.O_RDONLY)
    fcntl.ioctl(other, GRAB, 1)
    start(SPEC)
    recorder.wait_status(TROUBLE, "port_busy")
    os.close(other)
    recorder.wait_status(READY)


def test_pulled_and_plugged_in_again_it_is_ready_within_two_seconds(wedge, recorder, start, figure):
    start(SPEC)
    recorder.wait_status(READY)
    wedge.type(keys("BEFORE\rHALF"))
    recorder.wait_scans(1)
    began_s = time.monotonic()
    wedge.close()
    recorder.wait_status(LOST, "port_lost")
    figure("wedge unplugged, seen after", (time.monotonic() - began_s) * 1000, "ms")
    assert "fragment_dropped" in recorder.codes()
    began_s = time.monotonic()
    with WedgeScanner() as back:
        recorder.wait_status(READY, times=2)
        replug_s = time.monotonic() - began_s
        figure("wedge plugged in, ready after", replug_s, "s")
        assert replug_s < 2.0
        back.type(keys("AFTER\r"))
        assert recorder.wait_scans(2) == [b"BEFORE", b"AFTER"]


def test_keys_thrown_away_by_the_kernel_spoil_their_label_and_no_other(wedge, recorder):
    source = EvdevDriver(ScannerSpec.parse(SPEC), recorder.now_ms).open()
    while not source.ready:
        source.read()
    # Nobody reads meanwhile: far more than the kernel holds.
    wedge.type(keys(GS1 * 3 + "\r"), gap_ms=0)
    events: list[RawScan | Dropped] = []
    while not events:
        events += source.read()
    for _ in range(5):
        events += source.read()
    assert set(events) == {Dropped("evdev_keys_lost")}
    wedge.type(keys("WHOLE\r"))
    while not isinstance(events[-1], RawScan):
        events += source.read()
    assert events[-1].payload == b"WHOLE"
    source.close()


def test_at_the_pace_of_a_fast_scanner_nothing_is_lost(wedge, recorder, start, figure):
    start(SPEC)
    recorder.wait_status(READY)
    count = 15
    took_ms = []
    for number in range(count):
        wedge.type(keys(f"{number:03d}{GS1}"), gap_ms=1)
        began_s = time.perf_counter()
        wedge.type(tap(ENTER), gap_ms=0)
        recorder.wait_scans(number + 1)
        took_ms.append((time.perf_counter() - began_s) * 1000)
    assert recorder.payloads == [f"{number:03d}{GS1}".encode() for number in range(count)]
    assert recorder.codes() == []
    figure("typed label, from Enter to callback, median of 15", sorted(took_ms)[count // 2], "ms")


def test_a_busy_interpreter_beside_loses_no_label_silently(wedge, recorder, start, figure):
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            sum(range(1_000))

    start(SPEC)
    recorder.wait_status(READY)
    burner = threading.Thread(target=burn)
    burner.start()
    try:
        count = 8
        for number in range(count):
            wedge.type(keys(f"{number:03d}{GS1}\r"), gap_ms=1)
        lost_at_end = lambda: recorder.payloads[-1:] == [f"{count - 1:03d}{GS1}".encode()]  # noqa: E731
        recorder.wait(lost_at_end, limit_s=2)
    finally:
        stop.set()
        burner.join()
    whole = {f"{number:03d}{GS1}".encode() for number in range(count)}
    assert set(recorder.payloads) <= whole
    assert len(recorder.payloads) == count or "evdev_keys_lost" in recorder.codes()
    figure("typed labels beside a thread that burns, arrived of 8", len(recorder.payloads), "labels")


def test_caps_lock_lit_by_another_keyboard_is_put_out_and_the_scanners_own_is_followed(wedge, recorder, start):
    lit = os.open(nodes()[0].file, os.O_RDWR)
    os.write(lit, EVENT.pack(0, 0, 0x11, 1, 1) + EVENT.pack(0, 0, 0, 0, 0))
    os.close(lit)
    assert wait_until(lambda: (1, 1) in wedge.lamps())
    start(SPEC)
    recorder.wait_status(READY)
    assert wait_until(lambda: (1, 0) in wedge.lamps())
    wedge.type([*tap(CAPS), *keys("LotAbC", caps=True), *tap(ENTER), *tap(CAPS)])
    assert recorder.wait_scans(1) == [b"LotAbC"]


def test_without_rights_the_cure_is_named(wedge, recorder, start):
    (node,) = nodes()
    node.file.chmod(0)
    before = os.geteuid()
    os.seteuid(65534)
    try:
        assert [found.trouble for found in list_found()] == ["evdev_denied"]
        start(SPEC)
        recorder.wait_status(TROUBLE, "evdev_denied")
    finally:
        os.seteuid(before)
    node.file.chmod(0o600)
    recorder.wait_status(READY)


def test_recordings_are_what_the_kernel_hands_out(wedge, recordings):
    handle = os.open(nodes()[0].file, os.O_RDONLY | os.O_NONBLOCK)
    lines = []
    for gs in ("ctrl", "alt"):
        pressed: list[tuple[int, int, int]] = []
        for key in [*keys(GS1, gs=gs), *tap(ENTER)]:
            wedge.type([key])
            for seconds, micros, kind, code, value in EVENT.iter_unpack(os.read(handle, 8 * EVENT.size)):
                pressed += [(code, value, seconds * 1000 + micros // 1000)] if kind else []
        began_ms = pressed[0][2]
        entry = {"raw_hex": GS1.encode().hex(), "aim": "]d2", "device": SPEC, "at_ms": time.time_ns() // 1_000_000}
        entry["keys"] = [(code, value, at_ms - began_ms) for code, value, at_ms in pressed]
        lines.append(json.dumps(entry))
    os.close(handle)
    if recordings is not None:
        file = recordings / "evdev" / "us_keyboard.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_an_ordinary_keyboard_is_not_listed_as_a_scanner():
    with WedgeScanner(vid=0x1234, pid=0x0001):
        assert wait_until(lambda: any((node.vid, node.pid) == (0x1234, 1) for node in list_nodes()))
        assert list_found() == ()
        assert Path("/dev/input").is_dir()
