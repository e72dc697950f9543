"""The camera itself, over QtMultimedia. UI thread. Imported when a camera is first wanted: Qt's part takes a while.

A frame is mapped, its grey plane copied, unmapped and let go at once: whoever holds frames starves the camera. Qt 6.8
reports no error when a camera is pulled out, so the decoder watches the age of frames, and every start is a new
QCamera, because one that was lost gives a single frame and stops.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QCameraPermission, QCoreApplication, QObject, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtMultimedia import (
    QCamera,
    QCameraDevice,
    QMediaCaptureSession,
    QMediaDevices,
    QVideoFrame,
    QVideoFrameFormat,
    QVideoSink,
)

from app.ui.camera_choice import CameraChoice, FormatFacts, best_format, pick_camera
from app.ui.camera_still import QtLens, Still
from app.ui.turner import grey_of
from devices.camera import Mailbox
from devices.symbols import GreyPicture

_log = logging.getLogger(__name__)
_Format = QVideoFrameFormat.PixelFormat
PLANES = {
    _Format.Format_YUV420P: (0, 1), _Format.Format_YUV422P: (0, 1), _Format.Format_YV12: (0, 1),
    _Format.Format_NV12: (0, 1), _Format.Format_NV21: (0, 1), _Format.Format_Y8: (0, 1),
    _Format.Format_IMC1: (0, 1), _Format.Format_IMC2: (0, 1), _Format.Format_IMC3: (0, 1),
    _Format.Format_IMC4: (0, 1), _Format.Format_YUYV: (0, 2), _Format.Format_UYVY: (1, 2),
    _Format.Format_P010: (1, 2), _Format.Format_P016: (1, 2), _Format.Format_Y16: (1, 2),
}  # fmt: skip
"""Where the brightness lies: the first byte, and the bytes from pixel to pixel. Of sixteen bits the upper eight."""
BEAT_MS = 300
NOTHING = GreyPicture(bytes(64 * 64), 64, 64, 64)
"""What the decoder is given while a still is taken."""
BUSY_WORDS, REFUSED_WORDS = ("busy", "in use", "being used"), ("denied", "permission", "not allowed")


class CameraEye(QObject):
    """One camera at a time. `framed` gives each frame as it was put into the mailbox, and how far it lies turned."""

    framed = Signal(object, int)
    moved = Signal()
    """Cameras came or went, or another one is open."""
    still_taken = Signal(object)
    """GreyPicture; None: nothing better than the newest frame."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._devices = QMediaDevices(self)
        self._devices.videoInputsChanged.connect(self.moved)
        self._camera: QCamera | None = None
        self._session: QMediaCaptureSession | None = None
        self._sink: QVideoSink | None = None
        self._mailbox: Mailbox | None = None
        self._open: CameraChoice | None = None
        self._still: Still | None = None
        self._beat = QTimer(self)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._alive)

    def choices(self) -> tuple[CameraChoice, ...]:
        """Every camera of this machine, in the system's order."""
        return tuple(
            CameraChoice(bytes(one.id().data()).decode("utf-8", "replace"), one.description())
            for one in QMediaDevices.videoInputs()
        )

    @property
    def current(self) -> CameraChoice | None:
        """The camera that is open."""
        return self._open

    def start(self, number: int, kept: str, mailbox: Mailbox) -> None:
        """Open the kept camera or the one numbered, and have its frames put into the mailbox; or the reason why not."""
        self._let_go()
        self._mailbox = mailbox
        choices = self.choices()
        place = pick_camera(choices, kept, number)
        if place is None:
            mailbox.refuse("camera_not_found")
            return
        self._with_leave(lambda: self._start(choices[place], QMediaDevices.videoInputs()[place], mailbox))

    def stop(self, mailbox: Mailbox) -> None:
        """Let go of the camera, if it is still the one that fills this mailbox."""
        if mailbox is self._mailbox:
            self._let_go()

    def take_still(self) -> None:
        """A picture as large as the camera gives them. Answer: `still_taken`."""
        if self._still is not None:
            return
        if self._camera is None or self._session is None:
            self.still_taken.emit(None)
            return
        self._still = Still(QtLens(self._camera, self._session, self), self)
        self._still.done.connect(self._still_done)
        self._beat.start()
        self._still.begin()

    @property
    def has_torch(self) -> bool:
        return self._camera is not None and self._camera.isTorchModeSupported(QCamera.TorchMode.TorchOn)

    def set_torch(self, on: bool) -> None:
        if self._camera is not None and self.has_torch:
            self._camera.setTorchMode(QCamera.TorchMode.TorchOn if on else QCamera.TorchMode.TorchOff)

    def focus_at(self, across: float, down: float) -> None:
        """Focus on this place, as shares of the picture's width and height, where the camera can."""
        camera = self._camera
        if camera is not None and camera.supportedFeatures() & QCamera.Feature.CustomFocusPoint:
            camera.setCustomFocusPoint(QPointF(across, down))
            if camera.isFocusModeSupported(QCamera.FocusMode.FocusModeAutoNear):
                camera.setFocusMode(QCamera.FocusMode.FocusModeAutoNear)

    def _with_leave(self, then: Callable[[], None]) -> None:
        """Ask for leave to use the camera, where the system wants that."""
        wanted, application = QCameraPermission(), QCoreApplication.instance()
        assert application is not None
        match application.checkPermission(wanted):
            case Qt.PermissionStatus.Granted:
                then()
            case Qt.PermissionStatus.Denied:
                self._refuse("camera_refused")
            case _:
                application.requestPermission(wanted, self, lambda _permission: self._answered(then))

    def _answered(self, then: Callable[[], None]) -> None:
        application = QCoreApplication.instance()
        assert application is not None
        if application.checkPermission(QCameraPermission()) is Qt.PermissionStatus.Granted:
            then()
        else:
            self._refuse("camera_refused")

    def _start(self, choice: CameraChoice, device: QCameraDevice, mailbox: Mailbox) -> None:
        if mailbox is not self._mailbox:
            return  # let go while somebody was asked
        camera, session, sink = QCamera(device, self), QMediaCaptureSession(self), QVideoSink(self)
        self._camera, self._session, self._sink, self._open = camera, session, sink, choice
        formats = device.videoFormats()
        place = best_format(
            [
                FormatFacts(
                    one.resolution().width(), one.resolution().height(), one.maxFrameRate(),
                    one.pixelFormat() == _Format.Format_Jpeg,
                )
                for one in formats
            ]
        )  # fmt: skip
        if place is not None:
            camera.setCameraFormat(formats[place])
        if camera.isFocusModeSupported(QCamera.FocusMode.FocusModeAuto):
            camera.setFocusMode(QCamera.FocusMode.FocusModeAuto)
        camera.errorOccurred.connect(self._failed)
        sink.videoFrameChanged.connect(self._take)
        session.setCamera(camera)
        session.setVideoSink(sink)
        camera.start()
        self.moved.emit()

    @Slot(QVideoFrame)
    def _take(self, frame: QVideoFrame) -> None:
        mailbox = self._mailbox
        if mailbox is None or self.sender() is not self._sink:
            return
        picture = grey_plane(frame)
        if self._still is not None:
            mailbox.put(NOTHING)  # the decoder must not think the camera lost, nor wait for large frames
            self._still.take_frame(picture)
            return
        mailbox.put(picture)
        self.framed.emit(picture, frame.rotation().value)

    def _failed(self, error: QCamera.Error, words: str) -> None:
        if error is not QCamera.Error.NoError and self.sender() is self._camera:
            _log.info("camera: %s", words)
            self._refuse(code_of(words))

    def _refuse(self, code: str) -> None:
        if self._mailbox is not None:
            self._mailbox.refuse(code)

    @Slot(object)
    def _still_done(self, picture: GreyPicture | None) -> None:
        still, self._still = self._still, None
        self._beat.stop()
        if still is not None:
            still.deleteLater()
        self.still_taken.emit(picture)

    @Slot()
    def _alive(self) -> None:
        """A camera that changes its format is silent for a while, and not lost."""
        if self._mailbox is not None:
            self._mailbox.put(NOTHING)

    def _let_go(self) -> None:
        if self._still is not None:
            self._still.cancel()
        camera, session, sink = self._camera, self._session, self._sink
        self._camera = self._session = self._sink = self._mailbox = self._open = None
        if camera is not None and session is not None and sink is not None:
            camera.stop()
            session.setCamera(None)  # type: ignore[arg-type]
            session.setVideoSink(None)  # type: ignore[arg-type]
            for part in (session, camera, sink):
                part.deleteLater()
            self.moved.emit()


def grey_plane(frame: QVideoFrame) -> GreyPicture:
    """A copy of the frame's brightness; no pixels where the frame has none."""
    where = PLANES.get(frame.pixelFormat())
    if where is None:
        return grey_of(frame.toImage())
    if not frame.map(QVideoFrame.MapMode.ReadOnly):
        return GreyPicture(b"", 0, 0, 0)
    try:
        first, step = where
        stride, height = frame.bytesPerLine(0), frame.height()
        pixels = bytes(frame.bits(0)[first : stride * height])[::step]
        stride //= step
        # what the plane lacks at the end of its last row is no pixel
        return GreyPicture(pixels.ljust(stride * height, b"\0"), frame.width(), height, stride)
    finally:
        frame.unmap()


def code_of(words: str) -> str:
    """Sort what the system says of a camera that does not start."""
    said = words.lower()
    if any(word in said for word in BUSY_WORDS):
        return "camera_busy"
    return "camera_refused" if any(word in said for word in REFUSED_WORDS) else "camera_fault"
