"""The still of a camera: enlarged, settled, shot, let go of; and the best frame where the camera gives no photo.

No camera is needed: the course of it stands behind `Lens`, and Qt's own end is tried without a device.
"""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtMultimedia import QCamera, QMediaCaptureSession
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.camera_source import NOTHING, CameraEye
from app.ui.camera_still import SETTLED_FRAMES, QtLens, Still, largest
from devices.camera import Mailbox
from devices.symbols import GreyPicture

WAIT_MS = 20_000
LARGE = (160, 120)


def picture(width: int = LARGE[0], height: int = LARGE[1]) -> GreyPicture:
    return GreyPicture(bytes(width * height), width, height, width)


class DrawnLens(QObject):
    """Fills `Lens`."""

    taken = Signal(object)
    failed = Signal()

    def __init__(self, larger: tuple[int, int] | None = LARGE) -> None:
        super().__init__()
        self.larger = larger
        self.shots = self.restored = 0

    def enlarge(self) -> tuple[int, int] | None:
        return self.larger

    def shoot(self) -> None:
        self.shots += 1

    def restore(self) -> None:
        self.restored += 1


class Begun:
    """A still under way, and what came of it."""

    def __init__(self, lens: DrawnLens, *, limit_ms: int = WAIT_MS) -> None:
        self.lens, self.came = lens, list[GreyPicture | None]()
        self.still = Still(lens, limit_ms=limit_ms)
        self.still.done.connect(self.came.append)
        self.still.begin()


def test_the_photo_is_taken_when_large_frames_have_settled(qapp: QApplication) -> None:
    begun, small, photo = Begun(DrawnLens()), picture(64, 48), picture(320, 240)
    for _ in range(9):
        begun.still.take_frame(small)
    assert begun.lens.shots == 0
    for _ in range(SETTLED_FRAMES + 4):
        begun.still.take_frame(picture())
    assert begun.lens.shots == 1
    begun.lens.taken.emit(photo)
    begun.lens.failed.emit()
    begun.still.take_frame(picture(999, 999))
    assert begun.came == [photo]
    assert begun.lens.restored == 1


def test_a_camera_that_sends_its_largest_frames_shoots_at_once(qapp: QApplication) -> None:
    begun = Begun(DrawnLens(None))
    assert begun.lens.shots == 1
    begun.lens.taken.emit(GreyPicture(b"", 0, 0, 0))
    assert begun.came == [None]


@pytest.mark.parametrize("how", ["refused", "smaller", "cancelled", "late"])
def test_without_a_photo_the_best_frame_is_the_answer(how: str, qtbot: QtBot) -> None:
    begun, best = Begun(DrawnLens(), limit_ms=50 if how == "late" else WAIT_MS), picture()
    begun.still.take_frame(best)
    begun.still.take_frame(picture(64, 48))
    if how == "refused":
        begun.lens.failed.emit()
    elif how == "smaller":
        begun.lens.taken.emit(picture(64, 48))
    elif how == "cancelled":
        begun.still.cancel()
    qtbot.waitUntil(lambda: bool(begun.came), timeout=WAIT_MS)
    assert begun.came == [best]
    assert begun.lens.restored == 1


def test_the_largest_size() -> None:
    assert largest(()) is None
    assert largest(((640, 480), (4000, 3000), (1920, 1080))) == 1


@pytest.mark.qt_log_ignore("Couldn't (load|resolve) ")
def test_qts_own_end_refuses_without_a_camera_and_is_let_go_of(qtbot: QtBot, qapp: QApplication) -> None:
    camera, session = QCamera(), QMediaCaptureSession()
    session.setCamera(camera)
    lens = QtLens(camera, session)
    assert session.imageCapture() is not None
    still, came = Still(lens, limit_ms=50), list[GreyPicture | None]()
    still.done.connect(came.append)
    still.begin()
    qtbot.waitUntil(lambda: bool(came), timeout=WAIT_MS)
    assert came == [None]
    assert session.imageCapture() is None
    lens.restore()


@pytest.mark.qt_log_ignore("Couldn't (load|resolve) ")
def test_the_decoder_sees_nothing_while_a_still_is_taken(qtbot: QtBot, qapp: QApplication) -> None:
    eye, mailbox, came = CameraEye(), Mailbox(), list[GreyPicture | None]()
    eye.still_taken.connect(came.append)
    eye.take_still()
    assert came == [None], "no camera is open"
    eye._camera, eye._session, eye._mailbox = QCamera(eye), QMediaCaptureSession(eye), mailbox
    eye.take_still()
    eye.take_still()
    eye._alive()
    assert mailbox.take(0) is NOTHING
    eye.stop(mailbox)
    assert came == [None, None]
    assert not eye._beat.isActive()
