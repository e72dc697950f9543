"""A V4L2 camera: from the kernel through Qt and the window's own camera parts to scans."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication

from app.ui.bridge import Bridge
from app.ui.camera_choice import CameraChoice
from app.ui.camera_link import CameraLink
from devices.scan import DeviceState
from tests.devices.hid_library import wait_until
from tests.fixtures.labels import gs1_element, label, printed, trace_code
from tests.rig.rig_camera import DrawnCamera, HeldCamera, camera_nodes

READY, LOST, TROUBLE = DeviceState.READY, DeviceState.LOST, DeviceState.TROUBLE
LIMIT_S = 60.0


@pytest.fixture(scope="module")
def application() -> QCoreApplication:
    return QGuiApplication.instance() or QGuiApplication([])


@pytest.fixture
def pump(application) -> Callable[[Callable[[], bool], str], None]:
    """Lets Qt work until something is so."""

    def until(condition: Callable[[], bool], what: str) -> None:
        def worked() -> bool:
            application.processEvents()
            return condition()

        assert wait_until(worked, LIMIT_S), f"did not come: {what}"

    return until


class Seen:
    """What the window would see."""

    cameras: tuple[CameraChoice, ...] = ()
    current: CameraChoice | None = None
    views = 0


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def link(application, recorder, seen) -> Iterator[CameraLink]:
    """The window's camera, as it is shipped."""
    bridge = Bridge()

    def told(cameras: tuple[CameraChoice, ...], current: CameraChoice | None) -> None:
        seen.cameras, seen.current = cameras, current

    def viewed(_view: object) -> None:
        seen.views += 1

    made = CameraLink(bridge, recorder.on_scan, recorder.on_status, lambda _label: False)
    made.cameras_changed.connect(told)
    made.viewed.connect(viewed)
    yield made
    made.end()
    application.processEvents()
    bridge.close()


@pytest.fixture
def back() -> Iterator[DrawnCamera]:
    with DrawnCamera(camera_nodes()[0]) as camera:
        yield camera


def told(recorder, state: DeviceState, code: str | None = None, times: int = 1) -> bool:
    return sum((one.state, one.code) == (state, code) for one in recorder.statuses) >= times


def test_labels_before_a_camera_are_scanned_once_each(link, back, recorder, seen, pump, figure):
    link.open()
    pump(lambda: told(recorder, READY), "the camera is ready")
    dice = random.Random(5)
    for text, kind, scale in ((trace_code(dice), "Code128", 2), (gs1_element(dice), "DataMatrix", 4)):
        before = len(recorder.payloads)
        began_s = time.monotonic()
        back.show(label(text, kind, scale))
        pump(lambda before=before: len(recorder.payloads) > before, kind)
        figure(f"camera: {kind} shown to scanned", 1000 * (time.monotonic() - began_s), "ms")
        assert recorder.payloads[-1] == printed(text)
        views = seen.views
        pump(lambda views=views: seen.views > views + 5, "more frames")
    assert len(recorder.payloads) == 2, "in view is one scan"
    assert recorder.scans[1].aim == "]d2"
    assert recorder.codes() == []


def test_a_camera_whose_frames_end_is_lost_and_comes_back(link, back, recorder, pump, figure):
    link.open()
    pump(lambda: told(recorder, READY), "the camera is ready")
    back.pause()
    began_s = time.monotonic()
    pump(lambda: told(recorder, LOST, "camera_lost"), "the loss is told")
    figure("camera: frames end to lost", 1000 * (time.monotonic() - began_s), "ms")
    back.run()
    pump(lambda: told(recorder, READY, times=2), "it is ready again")
    back.show(label("89990139836900602677"))
    pump(lambda: recorder.payloads == [b"89990139836900602677"], "and reads")


def test_the_chosen_one_of_two_cameras_is_opened(link, back, recorder, seen, pump):
    with DrawnCamera(camera_nodes()[1]) as front:
        link.open()
        pump(lambda: told(recorder, READY), "the first camera is ready")
        pump(lambda: {one.description for one in seen.cameras} == {"RigBack", "RigFront"}, "both are offered")
        other = next(one for one in seen.cameras if one != seen.current)
        shown, dark = (front, back) if other.description == "RigFront" else (back, front)
        shown.show(label("89990139836900602677"))
        link.choose(other)
        pump(lambda: recorder.payloads == [b"89990139836900602677"], "the other camera reads")
        assert seen.current == other
        assert dark.node != shown.node


def test_a_camera_that_another_program_holds_is_busy_and_read_once_it_is_free(link, recorder, pump):
    with HeldCamera() as held:
        link.open()
        pump(lambda: told(recorder, TROUBLE, "camera_busy"), "it is told as busy")
        assert not told(recorder, READY)
        held.let_go()
        pump(lambda: told(recorder, READY), "it is opened by itself once it is free")
