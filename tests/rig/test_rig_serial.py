"""A USB-CDC scanner with a real kernel: found by its ids, pulled in the middle of a label, back under any name."""

from __future__ import annotations

import time

import pytest

from devices import list_ports
from devices.scan import DeviceState
from tests.devices.hid_library import wait_until
from tests.rig.rig_scanners import SerialGadget

READY, LOST = DeviceState.READY, DeviceState.LOST
CODE = b"]C1010690123456789210LotAbC-09\x1d21S\x1e\x04\x11\x13\x7f"
SPEC = "serial:05E0:1701:RIG0"


@pytest.fixture
def scanner():
    with SerialGadget() as gadget:
        gadget.plug()
        assert wait_until(lambda: any(port.serial == "RIG0" for port in list_ports()))
        yield gadget


def test_found_by_its_ids_and_every_byte_arrives(scanner, recorder, start):
    (port,) = [port for port in list_ports() if port.serial == "RIG0"]
    assert (port.vid, port.pid, port.product) == (0x05E0, 0x1701, "Rig scanner")
    assert port.model is not None
    start(SPEC)
    recorder.wait_status(READY)
    scanner.write(CODE + b"\r" + b"second\r")
    assert recorder.wait_scans(2) == [CODE, b"second"]


def test_pulled_and_plugged_in_again_it_is_ready_within_two_seconds(scanner, recorder, start, figure):
    start(SPEC)
    recorder.wait_status(READY)
    scanner.write(b"BEFORE\r")
    recorder.wait_scans(1)
    for round_number in range(1, 4):
        began_s = time.monotonic()
        scanner.unplug()
        recorder.wait_status(LOST, "port_lost", times=round_number)
        figure(f"CDC unplugged, seen after ({round_number})", (time.monotonic() - began_s) * 1000, "ms")
        began_s = time.monotonic()
        scanner.plug()
        recorder.wait_status(READY, times=round_number + 1)
        replug_s = time.monotonic() - began_s
        figure(f"CDC plugged in, ready after ({round_number})", replug_s, "s")
        assert replug_s < 2.0
        scanner.write(b"AFTER %d\r" % round_number)
        recorder.wait_scans(round_number + 1)
    assert recorder.payloads == [b"BEFORE", b"AFTER 1", b"AFTER 2", b"AFTER 3"]
    assert [port.port for port in list_ports() if port.serial == "RIG0"] == ["/dev/ttyACM0"]


def test_half_a_label_at_the_moment_of_loss_is_told(scanner, recorder, start):
    start(f"{SPEC}?suffix=CR")
    recorder.wait_status(READY)
    scanner.write(b"WHOLE\rHALF")
    recorder.wait_scans(1)
    assert not recorder.wait(lambda: len(recorder.scans) > 1, limit_s=0.2)
    scanner.unplug()
    recorder.wait_status(LOST, "port_lost")
    assert recorder.payloads == [b"WHOLE"]
    assert recorder.codes() == ["fragment_dropped", "port_lost"]
