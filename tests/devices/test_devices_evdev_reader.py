"""The thin end over event devices: found without rights, every refusal named. tests/rig has real ones."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest

from devices.catalog import Way
from devices.errors import PortError, PortLost
from devices.evdev_reader import (
    EvdevDriver,
    EvdevSource,
    GroupedSource,
    KeyNode,
    beside,
    list_found,
    list_nodes,
    typing_of,
)
from devices.framing import Profile, Suffix
from devices.scan import Dropped, RawScan
from devices.spec import ScannerSpec
from tests.devices.evdev_typing import CAPS, ENTER, Key, keys, tap

SPEC = "evdev:05E0:1200"
KEYS_OF_A_KEYBOARD = f"{(1 << 120) - 2:x}"
SYN_DROPPED = (0, 3, 0)
SYN = (0, 0, 0)


def packed(*events: tuple[int, int, int]) -> bytes:
    at_us = time.monotonic_ns() // 1000
    return b"".join(struct.pack("@llHHi", at_us // 1_000_000, at_us % 1_000_000, *event) for event in events)


def typed(typed_keys: list[Key]) -> bytes:
    return b"".join(packed((4, 4, 7), (1, code, value), SYN) for code, value in typed_keys)


class Board:
    """The controls of a keyboard that is none."""

    def __init__(self) -> None:
        self.shown: list[bool] = []
        self.down: frozenset[int] = frozenset()

    def held(self) -> frozenset[int]:
        return self.down

    def show_caps_lock(self, on: bool) -> None:
        self.shown.append(on)


@pytest.fixture
def wire():
    reading, writing = os.pipe2(os.O_NONBLOCK)
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            continue


@pytest.fixture
def source(wire, recorder):
    source = EvdevSource(SPEC, wire[0], typing_of(ScannerSpec.parse(SPEC)), Board(), recorder.now_ms)
    while not source.ready:
        assert source.read() == ()
    yield source
    source.close()


def read_all(source: EvdevSource, count: int) -> list[RawScan | Dropped]:
    events: list[RawScan | Dropped] = []
    end_s = time.monotonic() + 10
    while len(events) < count and time.monotonic() < end_s:
        events += source.read()
    return events


def node(folder, name="event3", vid="05e0", pid="1200", key_bits=KEYS_OF_A_KEYBOARD, serial=""):
    device = folder / name / "device"
    (device / "id").mkdir(parents=True)
    (device / "capabilities").mkdir()
    (device / "id" / "vendor").write_text(f"{vid}\n")
    (device / "id" / "product").write_text(f"{pid}\n")
    words = [key_bits[max(0, at - 16) : at] for at in range(len(key_bits), 0, -16)]
    (device / "capabilities" / "key").write_text(" ".join(reversed(words)) + "\n")
    (device / "uniq").write_text(f"{serial}\n")
    (device / "name").write_text("Wedge\n")


def test_labels_come_in_order_and_every_sign_is_kept(source, wire, recorder):
    os.write(wire[1], typed(keys("]d2010690123456789210LotAbC-09\x1d21S\r")))
    os.write(wire[1], typed(keys("second\r")))
    assert read_all(source, 2) == [
        RawScan(SPEC, b"]d2010690123456789210LotAbC-09\x1d21S", recorder.clock_ms),
        RawScan(SPEC, b"second", recorder.clock_ms),
    ]


def test_dropped_events_spoil_their_label_and_held_keys_are_asked_for(source, wire):
    os.write(wire[1], typed(keys("HEAD")) + packed(SYN_DROPPED, (1, 30, 1), SYN) + typed(keys("TAIL\r")))
    assert read_all(source, 2) == [Dropped("evdev_keys_lost")] * 2


def test_caps_lock_is_shown_as_the_system_would(wire, recorder):
    board = Board()
    source = EvdevSource(SPEC, wire[0], typing_of(ScannerSpec.parse(SPEC)), board, recorder.now_ms)
    while not source.ready:
        source.read()
    os.write(wire[1], typed([*tap(CAPS), *keys("LotAbC", caps=True), *tap(ENTER)]))
    (scan,) = read_all(source, 1)
    assert scan.payload == b"LotAbC"
    os.write(wire[1], typed([*tap(CAPS), *keys("x\r")]))
    read_all(source, 1)
    assert board.shown == [True, False]
    source.close()


def test_a_scanner_that_goes_is_lost_and_half_a_label_is_told(source, wire):
    os.write(wire[1], typed(keys("HALF")))
    assert source.read() == ()
    os.close(wire[1])
    with pytest.raises(PortLost):
        source.read()
    assert source.close() == (Dropped("fragment_dropped"),)
    assert source.close() == ()


@pytest.fixture
def second_wire():
    reading, writing = os.pipe2(os.O_NONBLOCK)
    yield reading, writing
    os.close(writing)


def test_all_keyboards_of_one_scanner_are_read_and_a_loss_takes_no_label_along(wire, second_wire, recorder):
    parts = [
        EvdevSource(SPEC, handle, typing_of(ScannerSpec.parse(SPEC)), Board(), recorder.now_ms, 25)
        for handle in (wire[0], second_wire[0])
    ]
    grouped = GroupedSource(parts)
    while not grouped.ready:
        assert grouped.read() == ()
    os.write(second_wire[1], typed(keys("SECOND\r")))
    assert [scan.payload for scan in read_all(grouped, 1)] == [b"SECOND"]
    os.write(wire[1], typed(keys("FIRST\r")))
    os.write(second_wire[1], typed(keys("HALF")))
    parts[1].read()
    parts[1].close()
    assert [scan.payload for scan in read_all(grouped, 1)] == [b"FIRST"]
    with pytest.raises(PortLost):
        grouped.read()
    assert grouped.close() == ()


def test_keyboards_in_one_socket_are_one_scanner():
    def key_node(number, socket, *, has_keys=True):
        return KeyNode(Path(f"/dev/input/event{number}"), 0x05E0, 0x1200, "", "Wedge", socket, has_keys)

    first, second, other = key_node(1, "1-2"), key_node(2, "1-2"), key_node(3, "1-3")
    buttons, virtual, twin = key_node(4, "1-2", has_keys=False), key_node(5, None), key_node(6, None)
    here = (first, second, other, buttons, virtual, twin)
    assert beside(first, here) == (first, second)
    assert beside(other, here) == (other,)
    assert beside(virtual, here) == (virtual,)


def test_options_reach_the_typist():
    spec = ScannerSpec.parse(f"{SPEC}?suffix=none&prefix=STX&gap_ms=70&gs=F8")
    typing = typing_of(spec)
    assert (typing.profile, typing.gap_ms, typing.gs_key) == (Profile(Suffix.NONE, prefix=b"\x02"), 70, 66)
    assert typing_of(ScannerSpec.parse(SPEC)).gs_key is None


def test_nodes_are_read_from_the_system_without_opening(tmp_path):
    node(tmp_path, "event10", serial="S1")
    node(tmp_path, "event9", vid="1234", key_bits="1f0000")
    (tmp_path / "event11").mkdir()
    (tmp_path / "mouse0").mkdir()
    found = list_nodes(tmp_path, tmp_path / "files")
    assert [(it.file.name, it.vid, it.pid, it.serial, it.has_keys) for it in found] == [
        ("event9", 0x1234, 0x1200, "", False),
        ("event10", 0x05E0, 0x1200, "S1", True),
    ]
    assert list_nodes(tmp_path / "missing") == ()


def test_a_machine_without_scanners_lists_none():
    assert all(found.kind == "evdev" and found.model.way is not Way.BRIDGE for found in list_found())


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: None, "port_not_found"),
        (lambda folder: node(folder / "nodes"), "port_not_found"),
        (lambda folder: node(folder / "nodes", key_bits="1f0000"), "evdev_not_keys"),
        (lambda folder: (node(folder / "nodes"), (folder / "files" / "event3").touch()), "port_fault"),
        (lambda folder: node(folder / "nodes", pid="1234"), "port_not_found"),
    ],
)
def test_what_cannot_be_opened_is_named(make, code, tmp_path, recorder):
    (tmp_path / "nodes").mkdir()
    (tmp_path / "files").mkdir()
    make(tmp_path)
    driver = EvdevDriver(ScannerSpec.parse(SPEC), recorder.now_ms, tmp_path / "nodes", tmp_path / "files")
    with pytest.raises(PortError) as refused:
        driver.open()
    assert refused.value.code == code


def test_a_spec_without_ids_is_a_bug_of_the_caller(recorder):
    with pytest.raises(ValueError, match="names no event device"):
        EvdevDriver(ScannerSpec("evdev", "somewhere"), recorder.now_ms)
