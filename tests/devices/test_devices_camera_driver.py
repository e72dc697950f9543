"""A camera as a scanner, from frames to scans. The frames are drawn, for no camera is there; the rest is real."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from devices import DeviceManager, DeviceState, ScannerSpec
from devices.camera import LOST_S, START_S, CameraDriver, CameraError, CameraLost, CameraView, Eyes, Mailbox
from devices.errors import CAMERA_CODES, DeviceError
from devices.scan import RawScan
from devices.sightings import Mark
from devices.symbols import GreyPicture
from tests.fixtures.labels import PillowTurner, Wear, grey, label, page, trace_code

SPEC = ScannerSpec.parse("camera:0")
BLANK = GreyPicture(bytes(640 * 480), 640, 480, 640)
CODE = "89990139836900602677"


class Frames:
    """Stands where the window's camera stands: the thinnest seam of all."""

    def __init__(self, *refusals: str) -> None:
        """The first starts are refused with these codes; every later one gives a frame."""
        self.refusals = list(refusals)
        self.mailboxes: list[Mailbox] = []
        self.stopped: list[Mailbox] = []
        self.first: GreyPicture | None = None

    def start(self, camera: int, mailbox: Mailbox) -> None:
        assert camera == 0
        self.mailboxes.append(mailbox)
        if self.refusals:
            mailbox.refuse(self.refusals.pop(0))
        elif self.first is not None:
            mailbox.put(self.first)

    def stop(self, mailbox: Mailbox) -> None:
        self.stopped.append(mailbox)


class Bench:
    """One open camera without a thread, with a clock that the test moves."""

    def __init__(self, *expected: str, turner: PillowTurner | None = None) -> None:
        self.now_s = 50.0
        self.views: list[CameraView] = []
        self.frames = Frames()
        manifest = {b"]C0" + text.encode() for text in expected}
        eyes = Eyes(self.frames, manifest.__contains__, self.views.append, turner, lambda: self.now_s)
        self.driver = CameraDriver(SPEC, lambda: 1_700_000_000_000, eyes)
        self.source = self.driver.open()
        self.mailbox = self.frames.mailboxes[0]

    def show(self, picture: GreyPicture, after_s: float = 0.03) -> list[bytes]:
        self.now_s += after_s
        self.mailbox.put(picture)
        return [scan.payload for scan in self.source.read() if isinstance(scan, RawScan)]


def shot(text: str = CODE, tilt: float = 0.0) -> GreyPicture:
    return grey(label(text, wear=Wear(tilt, 0.2, 0.05)))


def test_two_frames_make_a_scan_with_its_identifier():
    bench = Bench()
    assert not bench.source.ready
    assert bench.show(shot()) == []
    assert bench.source.ready
    bench.mailbox.put(shot())
    (scan,) = bench.source.read()
    assert scan == RawScan("camera:0", CODE.encode(), 1_700_000_000_000, "]C0")
    assert scan.label == b"]C0" + CODE.encode()
    assert bench.show(shot()) == []
    assert [mark.mark for view in bench.views for mark in view.marks] == [Mark.READING, Mark.COUNTED, Mark.COUNTED]


def test_what_the_manifest_has_needs_one_frame():
    assert Bench(CODE).show(shot()) == [CODE.encode()]


def test_a_manifest_that_fails_is_no_manifest():
    def broken(_label: bytes) -> bool:
        raise RuntimeError("the store is gone")

    frames = Frames()
    source = CameraDriver(SPEC, lambda: 0, Eyes(frames, broken, lambda _view: 1 / 0)).open()
    frames.mailboxes[0].put(shot())
    assert source.read() == ()
    frames.mailboxes[0].put(shot())
    assert len(source.read()) == 1


@pytest.mark.parametrize("tilt", [-25, -17, 17, 25, 90, 70, 180])
def test_a_label_askew_is_read_within_a_few_frames(tilt):
    bench = Bench(turner=PillowTurner())
    picture = shot(tilt=tilt)
    got = [payload for _ in range(16) for payload in bench.show(picture)]
    assert got == [CODE.encode()]


def test_many_codes_of_one_frame_all_count():
    dice = random.Random(11)
    texts = [(trace_code(dice), "Code128") for _ in range(12)]
    picture = grey(page(texts, (1280, 720), 3, dice, 2, tilt=3))
    bench = Bench()
    got = [payload.decode() for _ in range(3) for payload in bench.show(picture)]
    assert sorted(got) == sorted(text for text, _ in texts)


def test_the_newest_frame_only():
    mailbox = Mailbox()
    for _ in range(5):
        mailbox.put(BLANK)
    newest = shot()
    mailbox.put(newest)
    assert mailbox.is_waiting
    assert mailbox.take(0) is newest
    assert not mailbox.is_waiting
    assert mailbox.take(0) is None
    assert mailbox.replaced == 5


def test_a_camera_that_stops_is_lost_after_a_second():
    bench = Bench()
    bench.show(BLANK)
    bench.now_s += LOST_S
    assert bench.source.read() == ()
    bench.now_s += 0.01
    with pytest.raises(CameraLost) as lost:
        bench.source.read()
    assert (lost.value.code, lost.value.subject) == ("camera_lost", "camera:0")


def test_a_camera_that_never_begins_says_so_later():
    bench = Bench()
    bench.now_s += START_S
    assert bench.source.read() == ()
    bench.now_s += 0.01
    with pytest.raises(CameraError, match="camera_silent"):
        bench.source.read()
    assert bench.source.close() == ()
    assert bench.frames.stopped == [bench.mailbox]


def test_a_frame_without_pixels_is_told():
    bench = Bench()
    bench.mailbox.put(GreyPicture(b"", 0, 0, 0))
    with pytest.raises(CameraError, match="camera_no_picture"):
        bench.source.read()


@pytest.mark.parametrize(
    "code", [code for code in CAMERA_CODES if code.startswith("camera_") and code != "camera_lost"]
)
def test_why_there_are_no_frames_is_told_with_the_camera(code):
    bench = Bench()
    bench.mailbox.refuse(code)
    with pytest.raises(DeviceError) as refused:
        bench.source.read()
    assert (refused.value.code, refused.value.subject) == (code, "camera:0")


def test_a_scan_that_was_not_taken_may_count_again():
    bench = Bench()
    bench.show(shot())
    assert bench.show(shot()) == [CODE.encode()]
    bench.driver.forget(b"]C0" + CODE.encode())
    assert bench.show(shot()) == []
    assert bench.show(shot()) == [CODE.encode()]


def test_a_box_still_in_view_when_the_camera_comes_back_is_one_scan():
    bench = Bench(CODE)
    assert bench.show(shot()) == [CODE.encode()]
    bench.source.close()
    bench.source = bench.driver.open()
    bench.mailbox = bench.frames.mailboxes[1]
    assert bench.show(shot(), after_s=2.0) == []


def test_more_formats_by_option():
    frames = Frames()
    source = CameraDriver(ScannerSpec.parse("camera:0?also=itf,pdf417"), lambda: 0, Eyes(frames, lambda _: True)).open()
    frames.mailboxes[0].put(grey(label("19529999002027", "ITF")))
    (scan,) = source.read()
    assert isinstance(scan, RawScan)
    assert (scan.payload, scan.aim) == (b"19529999002027", "]I1")
    for wrong in ("camera:0?also=", "camera:0?also=qr", "camera:0?also=itf,"):
        with pytest.raises(DeviceError, match="bad_scanner_spec"):
            ScannerSpec.parse(wrong)


@pytest.fixture
def open_camera(recorder) -> Iterator[Callable[[Frames], DeviceManager]]:
    managers: list[DeviceManager] = []

    def opened(frames: Frames) -> DeviceManager:
        manager = DeviceManager(
            [SPEC], on_scan=recorder.on_scan, on_status=recorder.on_status, now_ms=recorder.now_ms,
            factories={"camera": lambda spec, now_ms: CameraDriver(spec, now_ms, Eyes(frames))},
        )  # fmt: skip
        managers.append(manager)
        manager.start()
        return manager

    yield opened
    for manager in managers:
        manager.stop()


def test_through_the_one_door_with_a_thread_of_its_own(open_camera, recorder):
    frames = Frames()
    frames.first = picture = shot()
    open_camera(frames)
    recorder.wait_status(DeviceState.READY)
    frames.mailboxes[0].put(picture)
    assert recorder.wait_scans(1) == [CODE.encode()]


def test_a_lost_camera_is_opened_anew_and_stays_lost_until_then(open_camera, recorder):
    frames = Frames()
    frames.first = BLANK
    open_camera(frames)
    recorder.wait_status(DeviceState.READY)
    frames.refusals = ["camera_not_found"]
    recorder.wait_status(DeviceState.LOST, "camera_lost")
    recorder.wait_status(DeviceState.READY, times=2)
    assert len(frames.mailboxes) == 3, "a new camera every time"
    assert frames.stopped == frames.mailboxes[:2]
    assert "camera_not_found" not in recorder.codes()


def test_a_camera_that_another_program_has_is_tried_again(open_camera, recorder):
    frames = Frames("camera_busy")
    frames.first = BLANK
    open_camera(frames)
    recorder.wait_status(DeviceState.TROUBLE, "camera_busy")
    recorder.wait_status(DeviceState.READY)


def test_without_a_window_there_is_no_camera(recorder):
    manager = DeviceManager(
        [SPEC], on_scan=recorder.on_scan, on_status=recorder.on_status, now_ms=recorder.now_ms
    )  # fmt: skip
    with pytest.raises(DeviceError) as refused:
        manager.start()
    assert refused.value.code == "needs_window"
