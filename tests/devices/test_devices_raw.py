"""What devices read is recorded piece by piece with its times, and decoded again it gives what came of it then."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.flows.credentials import CredentialJudge
from devices import DeviceManager, ScannerSpec
from devices.camera import CameraView
from devices.device_lock import DeviceLock
from devices.driver import DeviceThread
from devices.evdev_reader import EvdevSource, typing_of
from devices.framing import Profile, Suffix
from devices.hid_bus import HidBus
from devices.hid_reader import HidDriver
from devices.played_again import Again, played_again
from devices.raw import MOST_BYTES, RawLog, RawRead, SerialSetup
from devices.raw_lines import raw_entry, read_raw
from devices.recorder import Recording
from devices.replay import parse_recording
from devices.scan import DeviceState
from devices.serial_port import SerialSource, read_wait_ms
from devices.sightings import Sightings
from devices.symbols import Symbol
from tests.devices.evdev_typing import CAPS, Key, keys, tap
from tests.devices.hid_library import FakeLibrary, FakeScanner, wait_until
from tests.devices.hid_scanner import FORMS, descriptor, reports
from tests.devices.test_devices_evdev_reader import SYN, SYN_DROPPED, Board, packed, typed

CODE = "89990110000000000001"
GS1 = b"]d2010690123456789210LotAbC-09\x1d21S1"
NOW_MS = 1_700_000_000_000
WAIT_MS = 50
SUFFIXES = {Suffix.CR: b"\r", Suffix.CRLF: b"\r\n", Suffix.TAB: b"\t", Suffix.NONE: b"", Suffix.EITHER: b""}


class Line:
    """A serial line that gives what the test puts on it; an empty piece is a read that waited for nothing."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.waited_ms = 0

    @property
    def in_waiting(self) -> int:
        return 1

    def read(self, _size: int) -> bytes:
        piece = self.pieces.pop(0)
        self.waited_ms += 0 if piece else WAIT_MS
        return piece

    def now_ms(self) -> int:
        """The clock of this machine, which stands still unless the line is waited for."""
        return NOW_MS + self.waited_ms

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        pass


def serial_reads(profile: Profile, pieces: list[bytes]) -> tuple[list[RawRead], list[bytes]]:
    """What a source tells of these pieces, beside the labels that it hands out."""
    line = Line()
    source = SerialSource(ScannerSpec.parse("serial:X"), line, None, line.now_ms, profile)
    assert read_wait_ms(profile) == WAIT_MS
    reads: list[RawRead] = []
    labels: list[bytes] = []
    line.pieces = [b"", *pieces]
    while line.pieces:
        labels += [item.payload for item in source.read() if hasattr(item, "payload")]
        reads += source.raw()
    source.close()
    return [*reads, *source.raw()], labels


def recorded(reads: list[RawRead]) -> tuple[bytes, Recording]:
    stream = io.BytesIO()
    recording = Recording(stream, CredentialJudge())
    for read in reads:
        recording.take_raw(read)
    return stream.getvalue(), recording


def again_of(reads: list[RawRead]) -> tuple[Again, ...]:
    return played_again(recorded(reads)[0], "x")


PIECES = st.lists(
    st.one_of(st.just(b""), st.binary(max_size=6), st.sampled_from([b"AB", b"\r", b"\n", b"\r\n", b"\t", b"]d2", GS1])),
    max_size=40,
)


@given(PIECES, st.sampled_from(list(Suffix)), st.booleans())
@settings(deadline=None)
def test_whatever_a_line_brings_gives_the_same_again(pieces, suffix, is_short):
    reads, labels = serial_reads(Profile(suffix, limit_bytes=9 if is_short else 8192), pieces)
    assert [item for read in reads for item in read.came if isinstance(item, bytes)] == labels
    for read in reads:
        line = read_raw(json.loads(json.dumps(raw_entry(read))))
        assert tuple(item for item, _ in line.decode()) == read.came


def test_pieces_and_their_gaps_stand_in_the_line_and_the_time_of_a_label_is_that_of_its_end():
    reads, _ = serial_reads(Profile(Suffix.EITHER), [GS1[:7], GS1[7:], b"", b"AB", b"C\r"])
    content, recording = recorded(reads)
    first, second = (json.loads(line) for line in content.splitlines())
    assert [step[1:] for step in first["steps"]] == [
        ["bytes", GS1[:7].hex()], ["bytes", GS1[7:].hex()], ["silence", 50],
    ]  # fmt: skip
    assert first["steps"][0][0] == 0
    assert first["came"] == [{"raw_hex": GS1.hex(), "payload": GS1.decode()}]
    assert [step[2] for step in second["steps"]] == [b"AB".hex(), b"C\r".hex()]
    assert recording.scans == 2
    assert [scan.payload for scan in parse_recording(content, "x")] == [GS1, b"ABC"]


def test_a_fault_of_the_framing_makes_the_recording_red():
    reads, _ = serial_reads(Profile(Suffix.CR), [b"AB\rCD\r"])
    content, _ = recorded(reads)
    (again,) = played_again(content, "x")
    assert again.is_same
    mended = content.replace(b'"suffix": "CR"', b'"suffix": "TAB"')
    (again,) = played_again(mended, "x")
    assert (again.then, again.now, again.is_same) == ((b"AB", b"CD"), ("fragment_dropped",), False)


def test_a_port_that_is_pulled_amid_a_label_is_recorded_to_its_end(port, recorder):
    reads: list[RawRead] = []
    manager = DeviceManager(
        [ScannerSpec.parse(port.spec)],
        on_scan=recorder.on_scan,
        on_status=recorder.on_status,
        now_ms=recorder.now_ms,
        on_raw=reads.append,
    )
    manager.start()
    try:
        recorder.wait_status(DeviceState.READY)
        port.write(b"WHOLE\r")
        recorder.wait_scans(1)
        port.write(b"WHOLE\rHALF")
        recorder.wait_scans(2)  # the half was read with it
        port.unplug()
        recorder.wait_status(DeviceState.LOST, "port_lost")
        assert wait_until(lambda: len(reads) >= 2, 20)
    finally:
        manager.stop()
    assert [read.came for read in reads] == [(b"WHOLE",), (b"WHOLE", "fragment_dropped")]
    assert all(again.is_same for again in again_of(reads))


def test_what_goes_on_without_end_is_told_without_its_pieces():
    reads, _ = serial_reads(Profile(Suffix.CR), [b"x" * 30_000] * 5 + [b"\r"])
    (read,) = reads
    assert (read.steps, read.came) == (None, ("label_overlong",))
    assert MOST_BYTES < 150_000
    content, _ = recorded(reads)
    assert json.loads(content)["masked"] is True, "nobody knows what stood in it"


@pytest.fixture
def hid_reads(tmp_path, recorder):
    """Shoots reports at a scanner; what was recorded of them."""

    def shoot(form: str, *shots: tuple[bytes, bytes]) -> list[RawRead]:
        scanner = FakeScanner(b"hidraw0", descriptor(FORMS[form], wake=True), serial="S1")
        reads: list[RawRead] = []
        driver = HidDriver(ScannerSpec.parse("hid:0C2E:0B81"), recorder.now_ms, HidBus(FakeLibrary(scanner)), tmp_path)
        thread = DeviceThread(driver, on_scan=recorder.on_scan, on_status=recorder.on_status, on_raw=reads.append)
        thread.start()
        try:
            recorder.wait_status(DeviceState.READY)
            for aim, payload in shots:
                scanner.send(*reports(FORMS[form], aim, payload))
            assert wait_until(lambda: sum(len(read.came) for read in reads) >= len(shots), 20)
        finally:
            thread.ask_to_stop()
            thread.join()
        return reads

    return shoot


@pytest.mark.parametrize("form", ["a", "b", "c"])
def test_reports_of_every_form_are_kept_as_they_came(form, hid_reads, recorder):
    reads = hid_reads(form, (b"]d2", GS1[3:]), (b"]C1", b"x" * 120))
    assert [step.kind for read in reads for step in read.steps or ()].count("report") == 1 + 3
    assert [item for read in reads for item in read.came] == [scan.label for scan in recorder.scans]
    assert all(again.is_same for again in again_of(reads))


def test_a_lock_of_the_bench_is_free_again(tmp_path, hid_reads):
    hid_reads("a", (b"]d2", GS1[3:]))
    assert DeviceLock("hidraw0", tmp_path).take()


def evdev_reads(events: bytes, board: Board, count: int) -> list[RawRead]:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    spec = ScannerSpec.parse("evdev:05E0:1200")
    source = EvdevSource(spec.device, reading, typing_of(spec), board, lambda: NOW_MS)
    try:
        while not source.ready:
            source.read()
        os.write(writing, events)
        reads: list[RawRead] = []
        end_s = time.monotonic() + 20
        while sum(len(read.came) for read in reads) < count and time.monotonic() < end_s:
            source.read()
            reads += source.raw()
        return reads
    finally:
        source.close()
        os.close(writing)


def test_events_are_kept_as_they_came_with_caps_lock_and_what_was_held():
    caps: list[Key] = [*tap(CAPS), *keys("LotAbC\r", caps=True), *keys("Next\r", caps=True)]
    reads = evdev_reads(typed(caps), Board(), 2)
    assert [item for read in reads for item in read.came] == [b"LotAbC", b"Next"]
    assert reads[1].setup.caps_lock is True
    assert all(again.is_same for again in again_of(reads))
    board = Board()
    board.down = frozenset({42})
    lost = typed(keys("HEAD")) + packed(SYN_DROPPED, (1, 30, 1), SYN) + typed(keys("T\r"))
    reads = evdev_reads(lost, board, 2)
    steps = [step for read in reads for step in read.steps or ()]
    assert [step.numbers for step in steps if step.kind == "held"] == [(42,)]
    assert all(again.is_same for again in again_of(reads))


def test_silences_in_a_row_are_one():
    log = RawLog("serial:X", lambda: SerialSetup(Profile(), False, False), lambda: NOW_MS)
    log.silence(50)
    assert not log.is_under_way
    log.step("bytes", b"A")
    for _ in range(40):
        log.silence(50)
    log.came(["fragment_dropped"])
    log.rest()
    (read,) = log.take()
    assert [(step.kind, step.numbers) for step in read.steps or ()] == [("bytes", ()), ("silence", (2000,))]


@pytest.mark.parametrize(
    "change",
    [
        {"steps": [[0, "bytes", "4"]]},
        {"steps": [[0, "bytes"]]},
        {"steps": [[0, "event", 1, 30]]},
        {"steps": [[0, "report", "41"]]},
        {"steps": [["now", "bytes", "41"]]},
        {"steps": 5},
        {"setup": {}},
        {"setup": None},
        {"came": [{}]},
        {"came": [5]},
        {"at_ms": True},
    ],
)
def test_a_wrong_line_is_refused(change):
    reads, _ = serial_reads(Profile(Suffix.CR), [b"AB\r"])
    entry = json.loads(json.dumps(raw_entry(reads[0]))) | change
    with pytest.raises(ValueError):
        read_raw(entry)


RAW = sorted((Path(__file__).resolve().parents[1] / "data" / "scans" / "raw").glob("*.jsonl"))


@pytest.mark.parametrize("file", RAW, ids=lambda file: file.stem)
def test_a_recorded_file_gives_what_came_of_it(file):
    again = played_again(file.read_bytes(), file.name)
    assert again, "nothing in it can be decoded once more"
    assert [one.where for one in again if not one.is_same] == []


def test_frames_of_a_camera_are_judged_again_with_a_patients_code_among_them():
    place = ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0))
    aside = tuple((x + 90, y) for x, y in place)
    code, voucher = Symbol(CODE.encode(), "]C0", place), Symbol(b"424" + b"9518273640" * 2 + b"51627", "]Q1", aside)
    stream = io.BytesIO()
    recording = Recording(stream, CredentialJudge())
    seen = Sightings(lambda _label: False)
    for frame in range(3):
        counted = seen.see((code, voucher), 5.0 + frame / 10).counted
        view = CameraView(64, 48, (), (code, voucher), 5.0 + frame / 10, counted)
        recording.take_view("camera:0", view, NOW_MS)
    assert voucher.payload.hex().encode() not in stream.getvalue()
    assert voucher.payload not in stream.getvalue()
    (again,) = played_again(stream.getvalue(), "x")
    assert again.is_same
    assert again.now == (code.label, b"]Q1\x00")
