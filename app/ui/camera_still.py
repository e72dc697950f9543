"""One still picture of the camera that is open, as large as it gives them. UI thread.

Beside the frames, QImageCapture takes a photo in the same session. On Linux and with FFmpeg Qt takes the next frame for
it and would only blow that up, so the camera is put to its largest frames meanwhile; where it offers photos that are
larger than any frame, those are asked for. What goes wrong, or lasts too long, ends with the best frame there is.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject, QSize, QTimer, Signal, SignalInstance, Slot
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QCamera, QCameraFormat, QImageCapture, QMediaCaptureSession

from app.ui.turner import grey_of
from devices.symbols import GreyPicture

LIMIT_MS = 4_000
SETTLED_FRAMES = 3
"""The first frames of another size are often dark."""
_log = logging.getLogger(__name__)


def largest(sizes: Sequence[tuple[int, int]]) -> int | None:
    """The place of the size with most pixels; None where there is none."""
    return max(range(len(sizes)), key=lambda place: sizes[place][0] * sizes[place][1]) if sizes else None


class Lens(Protocol):
    """What a still needs of a camera; `QtLens` is the real one."""

    @property
    def taken(self) -> SignalInstance:
        """A GreyPicture."""

    @property
    def failed(self) -> SignalInstance: ...
    def enlarge(self) -> tuple[int, int] | None:
        """Have the camera send its largest frames: their size; None where it sends them already."""

    def shoot(self) -> None:
        """Take one picture. Answer: `taken` or `failed`."""

    def restore(self) -> None:
        """Let go of everything and send frames as before."""


class Still(QObject):
    """One picture under way. `done` comes once: a GreyPicture, or None where there is nothing better than a frame."""

    done = Signal(object)

    def __init__(self, lens: Lens, parent: QObject | None = None, *, limit_ms: int = LIMIT_MS) -> None:
        super().__init__(parent)
        self._lens = lens
        self._best: GreyPicture | None = None
        self._wanted: tuple[int, int] | None = None
        self._frames, self._shot, self._over = 0, False, False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(limit_ms)
        self._timer.timeout.connect(self._finish)
        lens.taken.connect(self._taken)
        lens.failed.connect(self._failed)

    def begin(self) -> None:
        """Enlarge, wait until the picture has settled, shoot."""
        self._timer.start()
        self._wanted = self._lens.enlarge()
        if self._wanted is None:
            self._shoot()

    def take_frame(self, picture: GreyPicture) -> None:
        """A frame that came meanwhile."""
        if self._over or not picture.is_whole:
            return
        self._keep(picture)
        if self._wanted == (picture.width, picture.height):
            self._frames += 1
        if self._frames >= SETTLED_FRAMES and not self._shot:
            self._shoot()

    def cancel(self) -> None:
        """The camera is let go of."""
        self._finish()

    def _shoot(self) -> None:
        self._shot = True
        self._lens.shoot()

    def _keep(self, picture: GreyPicture) -> None:
        best = self._best
        if best is None or picture.width * picture.height >= best.width * best.height:
            self._best = picture

    @Slot(object)
    def _taken(self, picture: GreyPicture) -> None:
        if picture.is_whole:
            self._keep(picture)
        self._finish()

    @Slot()
    def _failed(self) -> None:
        self._finish()

    @Slot()
    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._timer.stop()
        self._lens.restore()
        best, self._best = self._best, None
        self.done.emit(best)


class QtLens(QObject):
    """`Lens` over the session that shows the frames."""

    taken = Signal(object)
    failed = Signal()

    def __init__(
        self,
        camera: QCamera,
        session: QMediaCaptureSession,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._camera, self._session = camera, session
        self._before: QCameraFormat | None = None
        self._capture: QImageCapture | None = QImageCapture(self)
        self._capture.setQuality(QImageCapture.Quality.VeryHighQuality)
        self._capture.imageCaptured.connect(self._captured)
        self._capture.errorOccurred.connect(self._refused)
        self._capture.readyForCaptureChanged.connect(self._ready)
        session.setImageCapture(self._capture)
        self._waits = False

    def enlarge(self) -> tuple[int, int] | None:
        device = self._camera.cameraDevice()
        formats = device.videoFormats()
        frames = [(one.resolution().width(), one.resolution().height()) for one in formats]
        photos = [(one.width(), one.height()) for one in device.photoResolutions()]
        place, photo = largest(frames), largest(photos)
        if photo is not None and self._capture is not None:
            width, height = photos[photo]
            if place is None or width * height > frames[place][0] * frames[place][1]:
                self._capture.setResolution(QSize(width, height))
                return None
        now = self._camera.cameraFormat().resolution()
        if place is None or frames[place][0] * frames[place][1] <= now.width() * now.height():
            return None
        self._before = self._camera.cameraFormat()
        self._camera.setCameraFormat(formats[place])
        self._camera.start()
        return frames[place]

    def shoot(self) -> None:
        if self._capture is None:
            return
        if self._capture.isReadyForCapture():
            self._capture.capture()
        else:
            self._waits = True

    def restore(self) -> None:
        capture, self._capture = self._capture, None
        if capture is None:
            return
        for signal in (capture.imageCaptured, capture.errorOccurred, capture.readyForCaptureChanged):
            signal.disconnect()
        self._session.setImageCapture(None)  # type: ignore[arg-type]
        capture.deleteLater()
        if self._before is not None:
            self._camera.setCameraFormat(self._before)
            self._camera.start()
        self.deleteLater()

    def _ready(self, ready: bool) -> None:
        if ready and self._waits and self._capture is not None:
            self._waits = False
            self._capture.capture()

    def _captured(self, _number: int, image: QImage) -> None:
        self.taken.emit(grey_of(image))

    def _refused(self, _number: int, _error: QImageCapture.Error, words: str) -> None:
        _log.info("no photo: %s", words)
        self.failed.emit()
