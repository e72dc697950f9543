"""HID scanners behind one thread: found by name, opened once, lost and found again, every refusal named.

The library is a stand-in here; tests/rig does the same with a kernel.
"""

from __future__ import annotations

import threading
import time

import pytest

from devices.device_lock import DeviceLock, lock_folder
from devices.driver import DeviceThread
from devices.errors import PortError
from devices.hid_bus import HidBus
from devices.hid_reader import HidDriver, list_found, open_code
from devices.scan import DeviceState, Dropped, RawScan
from devices.spec import ScannerSpec
from tests.devices.hid_library import QUEUE_REPORTS, FakeLibrary, FakeScanner, unplug, wait_until
from tests.devices.hid_scanner import FORMS, descriptor, reports

READY, LOST, TROUBLE = DeviceState.READY, DeviceState.LOST, DeviceState.TROUBLE
A = FORMS["a"]
CODE = b"010690123456789210LotAbC-09\x1d21S"
SPEC = "hid:0C2E:0B81"


@pytest.fixture
def library():
    return FakeLibrary(FakeScanner(b"hidraw0", descriptor(A, wake=True), serial="S1"))


@pytest.fixture
def scanner(library):
    return library.scanners[0]


@pytest.fixture
def start(library, recorder, tmp_path):
    bus = HidBus(library)
    threads = []

    def starter(spec=SPEC, on_scan=recorder.on_scan):
        driver = HidDriver(ScannerSpec.parse(spec), recorder.now_ms, bus, tmp_path)
        thread = DeviceThread(driver, on_scan=on_scan, on_status=recorder.on_status)
        threads.append(thread)
        thread.start()
        return thread

    yield starter
    for thread in threads:
        thread.ask_to_stop()
    for thread in threads:
        thread.join()


def test_a_label_arrives_with_its_identifier_beside_it(scanner, recorder, start):
    start()
    recorder.wait_status(READY)
    scanner.send(*reports(A, b"]d2", CODE + b"\r"))
    recorder.wait_scans(1)
    assert recorder.scans == [RawScan(SPEC, CODE, recorder.clock_ms, "]d2")]
    assert recorder.scans[0].label == b"]d2" + CODE


def test_all_hid_devices_live_on_one_thread(library, recorder, start):
    library.scanners.append(FakeScanner(b"hidraw1", descriptor(FORMS["b"]), vid=0x1EAB, pid=0x0210))
    start()
    start("hid:1EAB:0210")
    recorder.wait_status(READY, times=2)
    for number in range(30):
        library.scanners[0].send(*reports(A, b"]C1", b"L%d" % number))
        library.scanners[1].send(*reports(FORMS["b"], b"", b"R%d" % number))
    recorder.wait_scans(60)
    for device, letter in ((SPEC, b"L"), ("hid:1EAB:0210", b"R")):
        got = [scan.payload for scan in recorder.scans if scan.device == device]
        assert got == [b"%b%d" % (letter, number) for number in range(30)]
    assert library.threads == {"device hid"}


def test_the_thread_ends_when_nobody_needs_it(library, recorder, start):
    thread = start()
    recorder.wait_status(READY)
    thread.ask_to_stop()
    thread.join()
    assert wait_until(lambda: not any(it.name == "device hid" for it in threading.enumerate()))


def test_a_slow_taker_never_holds_up_the_reader(scanner, recorder, start):
    held = threading.Event()
    start(on_scan=lambda scan: (held.wait(20), recorder.on_scan(scan))[1])
    recorder.wait_status(READY)
    for number in range(10 * QUEUE_REPORTS):
        scanner.send(*reports(A, b"]C0", b"%d" % number))
        if number % 20 == 0:
            assert wait_until(lambda: not scanner.handles[0]._queue)
    held.set()
    assert recorder.wait_scans(10 * QUEUE_REPORTS) == [b"%d" % number for number in range(10 * QUEUE_REPORTS)]


def test_unplugged_is_lost_and_plugged_in_again_is_ready_within_two_seconds(scanner, recorder, start):
    start()
    recorder.wait_status(READY)
    unplug(scanner)
    recorder.wait_status(LOST, "port_lost")
    assert not scanner.handles[0].is_open, "the dead handle keeps its name"
    scanner.path, scanner.plugged = b"hidraw7", True
    began_s = time.monotonic()
    recorder.wait_status(READY, times=2)
    assert time.monotonic() - began_s < 2.0
    scanner.send(*reports(A, b"]d2", CODE))
    assert recorder.wait_scans(1) == [CODE]


def test_half_a_label_at_the_moment_of_loss_is_told(scanner, recorder, start):
    start()
    recorder.wait_status(READY)
    scanner.send(reports(A, b"]d2", b"7" * 100)[0])
    assert wait_until(lambda: not scanner.handles[0]._queue)
    unplug(scanner)
    recorder.wait_status(LOST, "port_lost")
    assert recorder.codes() == ["fragment_dropped", "port_lost"]


def test_half_a_label_and_silence_is_told_while_the_scanner_goes_on(scanner, recorder, start):
    start()
    recorder.wait_status(READY)
    scanner.send(reports(A, b"]d2", b"7" * 100)[0])
    recorder.wait_status(READY, "hid_label_cut")
    scanner.send(*reports(A, b"]d2", CODE))
    assert recorder.wait_scans(1) == [CODE]


def test_a_scanner_that_comes_later_is_opened_when_it_comes(scanner, recorder, start):
    scanner.plugged = False
    start()
    recorder.wait_status(TROUBLE, "port_not_found")
    scanner.plugged = True
    recorder.wait_status(READY)


def test_a_device_of_another_usage_page_is_named_and_never_opened(scanner, recorder, start):
    scanner.page, scanner.usage = 0x01, 0x06
    start()
    recorder.wait_status(TROUBLE, "hid_not_pos")
    assert scanner.handles == []


def test_the_vendor_form_is_opened_only_when_it_is_named(library, scanner, recorder, start):
    scanner.page, scanner.descriptor = 0xFF45, b""
    start(f"{SPEC}?form=d")
    recorder.wait_status(READY)
    scanner.send(bytes([1, 3]) + b"ABC" + bytes(59))
    assert recorder.wait_scans(1) == [b"ABC"]
    library.scanners.append(FakeScanner(b"hidraw9", b"", vid=0x1EAB, pid=0x0210, page=0xFF45))
    start("hid:1EAB:0210")
    recorder.wait_status(TROUBLE, "hid_not_pos")


@pytest.mark.parametrize(
    ("spec", "vid", "pid", "wake", "sent"),
    [
        (SPEC, 0x0C2E, 0x0B81, True, [b"\xfe\x01"]),
        (SPEC, 0x0C2E, 0x0B81, False, []),
        (f"{SPEC}?wake=off", 0x0C2E, 0x0B81, True, []),
        (f"{SPEC}?wake=on", 0x0C2E, 0x0B81, False, [b"\xfe\x01"]),
        ("hid:1EAB:0210", 0x1EAB, 0x0210, True, []),
    ],
)
def test_the_feature_report_goes_out_once_where_the_maker_needs_it(
    spec, vid, pid, wake, sent, scanner, recorder, start
):
    scanner.vid, scanner.pid, scanner.descriptor = vid, pid, descriptor(A, wake=wake)
    start(spec)
    recorder.wait_status(READY)
    assert scanner.features == sent


def test_a_makers_answers_are_told_as_answers(scanner, recorder, start):
    start()
    recorder.wait_status(READY)
    scanner.send(*reports(A, b"]X0", b"ACK"), *reports(A, b"]d2", CODE))
    assert recorder.wait_scans(1) == [CODE]
    assert recorder.codes() == ["hid_answer"]


def test_a_serial_number_picks_one_of_two(library, recorder, start):
    library.scanners.append(FakeScanner(b"hidraw1", descriptor(A), serial="S2"))
    start(f"{SPEC}:S2")
    recorder.wait_status(READY)
    assert [bool(it.handles) for it in library.scanners] == [False, True]
    start(f"{SPEC}:S3")
    recorder.wait_status(TROUBLE, "port_not_found")


def test_a_scanner_that_another_program_of_ours_reads_is_busy_until_it_lets_go(recorder, start, tmp_path):
    other = DeviceLock("hidraw0", tmp_path)
    assert other.take()
    start()
    recorder.wait_status(TROUBLE, "port_busy")
    other.release()
    recorder.wait_status(READY)


def test_of_two_alike_the_free_one_is_taken(library, recorder, start, tmp_path):
    library.scanners.append(FakeScanner(b"hidraw1", descriptor(A)))
    other = DeviceLock("hidraw0", tmp_path)
    assert other.take()
    start()
    recorder.wait_status(READY)
    assert [bool(it.handles) for it in library.scanners] == [False, True]
    other.release()


def test_a_scanner_that_cannot_be_opened_is_named_and_its_lock_is_free(scanner, recorder, start, tmp_path):
    scanner.refuses = True
    start()
    recorder.wait_status(TROUBLE, "port_not_found" if open_code(b"hidraw0") == "port_not_found" else "hid_denied")
    scanner.refuses = False
    recorder.wait_status(READY)


def test_a_library_that_cannot_list_is_a_trouble_of_the_world(library, recorder, start):
    library.fault = OSError("no bus")
    start()
    recorder.wait_status(TROUBLE, "port_fault")
    library.fault = None
    recorder.wait_status(READY)


def test_what_was_read_and_not_handed_out_is_told_at_the_end(scanner, recorder, tmp_path, library):
    source = HidDriver(ScannerSpec.parse(SPEC), recorder.now_ms, HidBus(library), tmp_path).open()
    while not source.ready:
        source.read()
    scanner.send(*reports(A, b"]d2", CODE), reports(A, b"]d2", b"7" * 100)[0])
    assert wait_until(lambda: not scanner.handles[0]._queue)
    assert source.close() == (Dropped("scan_not_taken"), Dropped("fragment_dropped"))
    assert source.close() == ()


def test_several_callers_within_a_moment_share_one_look(library):
    bus = HidBus(library)
    assert bus.entries() == bus.entries()
    assert library.looks == 1
    assert bus.entries(fresh=True)
    assert library.looks == 2
    assert [found.spec for found in list_found(bus)] == ["hid:0C2E:0B81:S1"]


def test_only_scanners_are_listed(library, scanner):
    scanner.page = 0x01
    assert list_found(HidBus(library)) == ()


def test_what_cannot_be_opened_is_sorted(tmp_path):
    assert open_code(b"nowhere") == "port_not_found"
    node = tmp_path / "hidraw0"
    node.touch()
    assert open_code(str(node).encode()) == "port_fault"


def test_a_spec_without_ids_is_a_bug_of_the_caller(recorder):
    with pytest.raises(ValueError, match="names no HID device"):
        HidDriver(ScannerSpec("hid", "somewhere"), recorder.now_ms)


def test_a_lock_is_held_once_and_outlives_nobody(tmp_path):
    one, two = DeviceLock("a", tmp_path), DeviceLock("a", tmp_path)
    assert one.take()
    assert not two.take()
    assert DeviceLock("b", tmp_path).take()
    one.release()
    one.release()
    assert two.take()
    two.release()
    assert lock_folder().is_dir()


def test_a_lock_that_cannot_be_made_is_no_reason_to_read_nothing(tmp_path):
    lock = DeviceLock("a", tmp_path / "missing")
    assert lock.take()
    lock.release()


def test_a_device_that_refuses_to_list_is_no_port_error_of_the_caller(library):
    library.fault = OSError("no bus")
    with pytest.raises(PortError, match="port_fault"):
        HidDriver(ScannerSpec.parse(SPEC), lambda: 0, HidBus(library)).open()


def test_a_name_that_went_over_to_another_device_is_not_opened(library, scanner, tmp_path):
    bus = HidBus(library)
    bus.entries()
    scanner.page, scanner.usage = 0x01, 0x06
    with pytest.raises(PortError, match="hid_not_pos"):
        HidDriver(ScannerSpec.parse(SPEC), lambda: 0, bus, tmp_path).open()
    assert scanner.handles == []
