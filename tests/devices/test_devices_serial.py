"""Scanners on real terminals: every byte kept, every plug pulled, every refusal named."""

from __future__ import annotations

import errno
import os
import random
import termios
import threading
import time

import pytest
import serial

from devices import DeviceManager, DeviceState, DeviceStatus, RawScan, ScannerSpec
from devices.framing import Profile
from devices.scan import Dropped
from devices.serial_port import SerialDriver, open_code, read_wait_ms
from tests.fixtures.ptyport import PtyPort

READY, LOST, TROUBLE = DeviceState.READY, DeviceState.LOST, DeviceState.TROUBLE
REPLUG_LIMIT_S = 2.0
NOBODY = 65534
CODE = b"]C1010690123456789217261231\x1d10LotAbC-09\x1d21S\x1e\x04\x11\x13\x7f"


@pytest.mark.parametrize(
    ("suffix", "end"),
    [("auto", b"\r\n"), ("CR", b"\r"), ("LF", b"\n"), ("CRLF", b"\r\n"), ("TAB", b"\t"), ("ETX", b"\x03")],
)
def test_every_suffix_and_every_byte(suffix, end, port, recorder, start):
    # All 256 bytes but the ends: flow control, echo or line editing of the terminal would eat some of them.
    whole = bytes(range(256)).translate(None, b"\r\n\t\x03")
    start(f"{port.spec}?suffix={suffix}")
    recorder.wait_status(READY)
    port.write(CODE + end + whole + end)
    assert recorder.wait_scans(2) == [CODE, whole]
    assert recorder.scans[0] == RawScan(f"serial:{port.path}", CODE, recorder.clock_ms)


def test_without_suffix_silence_ends_a_label(port, recorder, start):
    start(f"{port.spec}?suffix=none&idle_ms=50&baud=115200")
    recorder.wait_status(READY)
    port.write(CODE)
    assert recorder.wait_scans(1) == [CODE]
    recorder.clock_ms += 5
    port.write(b"second\r\n")
    assert recorder.wait_scans(2) == [CODE, b"second\r\n"]
    assert recorder.scans[1].at_ms == recorder.scans[0].at_ms + 5


def test_prefix_is_taken_off(port, recorder, start):
    start(f"{port.spec}?suffix=ETX&prefix=STX")
    recorder.wait_status(READY)
    port.write(b"\x02A1\x03")
    assert recorder.wait_scans(1) == [b"A1"]


def test_states_in_order_from_start_to_stop(port, recorder, start):
    manager = start(port.spec)
    recorder.wait_status(READY)
    assert manager.statuses() == (DeviceStatus(port.spec, READY),)
    manager.stop()
    manager.stop()
    told = [status.state for status in recorder.statuses]
    assert told == [DeviceState.OPENING, READY, DeviceState.CLOSED]
    assert manager.statuses() == (DeviceStatus(port.spec, DeviceState.CLOSED),)


def test_twenty_thousand_labels_in_random_pieces_arrive_unchanged(port, recorder, start):
    dice = random.Random(20261122)
    labels = [
        b"%020d" % dice.randrange(10**20) + dice.randbytes(dice.randrange(8)).translate(None, b"\r\n")
        for _ in range(20_000)
    ]
    stream = b"".join(label + b"\r" for label in labels)
    start(port.spec)
    recorder.wait_status(READY)
    at = 0
    while at < len(stream):
        step = dice.choice((1, 3, 17, 64, 500, 4096))
        port.write(stream[at : at + step])
        at += step
    assert recorder.wait_scans(len(labels), limit_s=60) == labels


def test_the_batch_of_a_cordless_gun_keeps_its_order_and_its_repeats(port, recorder, start):
    """Back in range it sends at once what it has kept; a box shot twice is twice in it."""
    boxes = [b"8999%016d" % number for number in range(40)]
    batch = [box for number, box in enumerate(boxes) for _ in range(2 if number % 7 == 0 else 1)]
    start(port.spec)
    recorder.wait_status(READY)
    port.write(b"".join(box + b"\r\n" for box in batch))
    assert recorder.wait_scans(len(batch)) == batch
    assert recorder.codes() == []
    assert recorder.codes() == []


def test_two_scanners_at_once_never_mix(tmp_path, recorder, start):
    with PtyPort(tmp_path, "left") as left, PtyPort(tmp_path, "right") as right:
        start(left.spec, right.spec)
        recorder.wait_status(READY, times=2)
        for number in range(300):
            left.write(b"L%d" % number)
            right.write(b"R%d\r" % number)
            left.write(b"\r")
        recorder.wait_scans(600)
        for pty, letter in ((left, b"L"), (right, b"R")):
            got = [scan.payload for scan in recorder.scans if scan.device == pty.spec]
            assert got == [b"%b%d" % (letter, number) for number in range(300)]


def test_one_scanner_pulled_does_not_disturb_the_other(tmp_path, recorder, start):
    with PtyPort(tmp_path, "left") as left, PtyPort(tmp_path, "right") as right:
        manager = start(left.spec, right.spec)
        recorder.wait_status(READY, times=2)
        left.unplug()
        recorder.wait_status(LOST, "port_lost")
        right.write(b"R1\r")
        assert recorder.wait_scans(1) == [b"R1"]
        assert [status.state for status in manager.statuses()] == [LOST, READY]


@pytest.mark.parametrize("sent_bytes", range(0, 12, 2))
def test_pulled_at_any_byte_and_ready_again_within_two_seconds(sent_bytes, port, recorder, start):
    label = b"0123456789\r"
    start(port.spec)
    recorder.wait_status(READY)
    port.write(b"BEFORE\r" + label[:sent_bytes])
    recorder.wait_scans(1)
    port.unplug()
    recorder.wait_status(LOST, "port_lost")
    port.replug()
    plugged_at_s = time.monotonic()
    recorder.wait_status(READY, times=2)
    assert time.monotonic() - plugged_at_s < REPLUG_LIMIT_S
    port.write(b"AFTER\r")
    assert recorder.wait_scans(2) == [b"BEFORE", b"AFTER"]


def test_half_a_label_at_the_moment_of_loss_is_told(port, recorder, start):
    start(f"{port.spec}?suffix=CR")
    recorder.wait_status(READY)
    port.write(b"WHOLE\rHALF")
    recorder.wait_scans(1)
    port.unplug()
    recorder.wait_status(LOST, "port_lost")
    assert recorder.codes() == ["fragment_dropped", "port_lost"]
    assert recorder.payloads == [b"WHOLE"]


def test_a_fragment_on_a_silent_line_is_told_and_never_glued(port, recorder, start):
    manager = start(f"{port.spec}?idle_reset_ms=200")
    recorder.wait_status(READY)
    port.write(b"HALF")
    recorder.wait_status(READY, "fragment_dropped")
    assert manager.statuses() == (DeviceStatus(port.spec, READY),)
    port.write(b"WHOLE\r")
    assert recorder.wait_scans(1) == [b"WHOLE"]


def test_an_overlong_label_is_told_and_the_next_one_arrives(port, recorder, start):
    start(port.spec)
    recorder.wait_status(READY)
    port.write(b"9" * 20_000 + b"\rNEXT\r")
    assert recorder.wait_scans(1) == [b"NEXT"]
    assert recorder.codes() == ["label_overlong"]


def test_a_scanner_that_is_sending_while_the_port_opens_gives_no_half_label(port, recorder, start):
    # The terminal throws away what came before it was open, and so may cut a label in two: only whole ones may pass.
    stop = threading.Event()
    label = b"ABCDEFGHIJ" * 20

    def keep_sending() -> None:
        while not stop.is_set():
            for piece in (label[:77], label[77:], b"\r"):
                port.write(piece)

    sender = threading.Thread(target=keep_sending)
    sender.start()
    try:
        start(port.spec)
        recorder.wait_scans(50)
    finally:
        stop.set()
        sender.join()
    assert set(recorder.payloads) == {label}
    assert recorder.statuses[-1].state is READY


def test_bytes_right_after_opening_may_be_half_a_label_and_are_told(port, recorder):
    source = SerialDriver(ScannerSpec.parse(port.spec), recorder.now_ms).open()
    assert not source.ready
    port.write(b"TAIL\rWHOLE\r")
    events = []
    while len(events) < 2:
        events += source.read()
    assert events == [Dropped("fragment_dropped"), RawScan(port.spec, b"WHOLE", recorder.clock_ms)]
    assert source.ready
    assert source.close() == ()


def test_a_port_that_comes_later_is_opened_when_it_comes(tmp_path, recorder, start):
    with PtyPort(tmp_path) as port:
        port.unplug()
        manager = start(port.spec)
        recorder.wait_status(TROUBLE, "port_not_found")
        assert manager.statuses() == (DeviceStatus(port.spec, TROUBLE, "port_not_found"),)
        assert not manager.wait_finished(0)
        port.replug()
        recorder.wait_status(READY, limit_s=REPLUG_LIMIT_S)
        assert recorder.codes() == ["port_not_found"]


def test_a_name_that_leads_to_another_line_is_followed(port, recorder, start):
    start(port.spec)
    recorder.wait_status(READY)
    port.repoint()
    recorder.wait_status(READY, times=2, limit_s=REPLUG_LIMIT_S)
    port.write(b"NEW LINE\r")
    assert recorder.wait_scans(1) == [b"NEW LINE"]


def test_a_name_that_vanishes_for_good_is_a_lost_scanner(port, recorder, start):
    start(port.spec)
    recorder.wait_status(READY)
    port.path.unlink()
    recorder.wait_status(LOST, "port_lost", limit_s=REPLUG_LIMIT_S)


def test_a_port_held_by_another_program_is_opened_once_it_is_free(port, recorder, start):
    with serial.Serial(str(port.path), exclusive=True):
        start(port.spec)
        recorder.wait_status(TROUBLE, "port_busy")
    recorder.wait_status(READY, limit_s=REPLUG_LIMIT_S)


def test_a_port_without_rights_is_named_and_opened_once_they_are_given(port, recorder, start):
    terminal = port.path.resolve()
    terminal.chmod(0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)  # to root nothing is forbidden
    try:
        start(f"serial:{terminal}")
        recorder.wait_status(TROUBLE, "port_denied")
    finally:
        os.seteuid(before)
    terminal.chmod(0o600)
    recorder.wait_status(READY, limit_s=REPLUG_LIMIT_S)


@pytest.mark.parametrize("kind", ["file", "folder", "null"])
def test_what_is_no_port_is_named(kind, tmp_path, recorder, start):
    path = {"file": tmp_path / "plain", "folder": tmp_path, "null": "/dev/null"}[kind]
    if kind == "file":
        path.write_bytes(b"")
    start(f"serial:{path}")
    recorder.wait_status(TROUBLE, "not_a_port")


def test_lost_stays_lost_while_the_scanner_is_away(port, recorder, start):
    manager = start(port.spec)
    recorder.wait_status(READY)
    port.unplug()
    recorder.wait_status(LOST, "port_lost")
    assert not recorder.wait(lambda: len(recorder.statuses) > 3, limit_s=0.8)
    assert manager.statuses() == (DeviceStatus(port.spec, LOST, "port_lost"),)


def test_a_scan_that_is_not_taken_is_told_and_the_next_one_is_taken(port, recorder):
    def refuse_first(scan: RawScan) -> None:
        if scan.payload == b"FIRST":
            raise LookupError("full")
        recorder.on_scan(scan)

    manager = DeviceManager(
        [ScannerSpec.parse(port.spec)], on_scan=refuse_first, on_status=recorder.on_status, now_ms=recorder.now_ms
    )
    manager.start()
    try:
        recorder.wait_status(READY)
        port.write(b"FIRST\rSECOND\r")
        assert recorder.wait_scans(1) == [b"SECOND"]
        assert recorder.codes() == ["scan_not_taken"]
    finally:
        manager.stop()


def test_stop_from_a_callback_does_not_wait_for_itself(port, recorder):
    manager = DeviceManager(
        [ScannerSpec.parse(port.spec)],
        on_scan=lambda scan: (recorder.on_scan(scan), manager.stop())[0],
        on_status=recorder.on_status,
        now_ms=recorder.now_ms,
    )
    manager.start()
    recorder.wait_status(READY)
    port.write(b"LAST\r")
    recorder.wait_status(DeviceState.CLOSED)
    assert manager.wait_finished(5)
    assert recorder.payloads == [b"LAST"]


def test_nothing_is_ever_written_to_the_port(port, recorder, start):
    manager = start(port.spec)
    recorder.wait_status(READY)
    port.write(CODE + b"\r")
    recorder.wait_scans(1)
    manager.stop()
    assert port.received() == b""


def _quoted(text: str) -> serial.SerialException:
    return serial.SerialException(f"could not open port 'COM3': {text}")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (serial.SerialException(errno.ENOENT, "x"), "port_not_found"),
        (serial.SerialException(errno.ENXIO, "x"), "port_not_found"),
        (serial.SerialException(errno.EACCES, "x"), "port_denied"),
        (serial.SerialException(errno.EPERM, "x"), "port_denied"),
        (serial.SerialException(errno.EBUSY, "x"), "port_busy"),
        (serial.SerialException(errno.EAGAIN, "x"), "port_busy"),
        (serial.SerialException(errno.EINVAL, "x"), "port_settings_refused"),
        (serial.SerialException(errno.EMFILE, "x"), "port_fault"),
        (_quoted("FileNotFoundError(2, 'The system cannot find the file specified.', None, 2)"), "port_not_found"),
        (_quoted("PermissionError(13, 'Access is denied.', None, 5)"), "port_busy"),
        (_quoted("OSError(22, 'The semaphore timeout period has expired.', None, 121)"), "port_fault"),
    ],
)
def test_refusals_are_sorted_once(error, code):
    assert open_code(error) == code


def test_the_number_is_found_in_the_cause():
    error = serial.SerialException("Could not configure port: (25, 'Inappropriate ioctl for device')")
    error.__context__ = termios.error(errno.ENOTTY, "Inappropriate ioctl for device")
    assert open_code(error) == "not_a_port"


@pytest.mark.parametrize(("idle_ms", "wait_ms"), [(50, 50), (10, 10), (120, 40), (51, 26), (2000, 50)])
def test_reads_wait_fifty_ms_at_most_and_reach_the_silence_in_whole_steps(idle_ms, wait_ms):
    assert read_wait_ms(Profile(idle_ms=idle_ms)) == wait_ms


def test_ten_megabytes_without_an_end_a_flood_and_foreign_bytes_cost_no_neighbour(port, recorder, start):
    dice = random.Random(7)
    start(f"{port.spec}?suffix=CR")
    recorder.wait_status(READY)
    port.write(b"BEFORE\r")
    port.write(b"9" * 10_000_000 + b"\r", limit_s=60)
    port.write(b"BETWEEN\r")
    foreign = [dice.randbytes(40).translate(None, b"\r") + b"\x00\xff" for _ in range(200)]
    port.write(b"".join(each + b"\r" for each in foreign))
    flood = [b"%020d" % number for number in range(5_000)]
    port.write(b"".join(each + b"\r" for each in flood), limit_s=60)
    port.write(b"\r\r\rAFTER\r")
    assert recorder.wait_scans(5_203, limit_s=60) == [b"BEFORE", b"BETWEEN", *foreign, *flood, b"AFTER"]
    assert recorder.codes() == ["label_overlong"]
