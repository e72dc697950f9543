"""Joins camera, decoder and window: opens the camera for a screen, hands on what it sees, reads pictures. UI thread,
but for what says otherwise.

The decoder and Qt's camera are imported when a camera is first wanted: neither the first paint nor a serial scanner
waits for them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from app.base.clock import SystemClock
from app.ui.bridge import Bridge
from app.ui.camera_choice import CameraChoice
from devices import DeviceError, DeviceState, DeviceStatus, RawScan, ScannerSpec

if TYPE_CHECKING:
    from app.flows.outcomes import ScanOutcome
    from app.flows.views import SettingRow
    from devices.camera import CameraDriver, CameraView, Mailbox
    from devices.driver import DeviceThread
    from devices.symbols import GreyPicture

_log = logging.getLogger(__name__)
USUAL = ScannerSpec("camera", "0")
NOT_TAKEN = frozenset({"held_by_stop", "not_recorded"})
"""Answers after which the box must be scanned again, so that a code still in view may count again."""
PHOTO_JOIN_S = 3.0


class Eye(Protocol):
    """What is used of `app.ui.camera_source.CameraEye`."""

    @property
    def framed(self) -> SignalInstance: ...
    @property
    def moved(self) -> SignalInstance: ...
    @property
    def still_taken(self) -> SignalInstance: ...
    def take_still(self) -> None: ...
    def choices(self) -> tuple[CameraChoice, ...]: ...
    @property
    def current(self) -> CameraChoice | None: ...
    def start(self, number: int, kept: str, mailbox: Mailbox) -> None: ...
    def stop(self, mailbox: Mailbox) -> None: ...
    @property
    def has_torch(self) -> bool: ...
    def set_torch(self, on: bool) -> None: ...
    def focus_at(self, across: float, down: float) -> None: ...


class CameraLink(QObject):
    """The window's one camera."""

    framed = Signal(object, int)
    """GreyPicture and how many degrees it lies turned: the newest frame, for the eye."""
    viewed = Signal(object)
    """CameraView: what the decoder saw."""
    cameras_changed = Signal(object, object)
    """tuple[CameraChoice, …], and the one that is open or None."""
    status_changed = Signal(object)
    """DeviceStatus of the camera."""
    still_taken = Signal(object)
    """GreyPicture; None: nothing better than the newest frame."""
    photo_moved = Signal(int, int)
    """Passes done, passes in all."""
    photo_read = Signal(object, object)
    """GreyPicture and its PhotoResult."""
    photo_failed = Signal(str)
    """A trouble code: photo_unreadable, photo_too_large, device_fault."""

    def __init__(
        self,
        bridge: Bridge,
        on_scan: Callable[[RawScan], None],
        on_status: Callable[[DeviceStatus], None],
        expected: Callable[[bytes], bool],
        parent: QObject | None = None,
    ) -> None:
        """`on_scan`, `on_status`, `expected` are called on the camera's thread."""
        super().__init__(parent)
        self._bridge, self._on_scan, self._on_status, self._expected = bridge, on_scan, on_status, expected
        self.make_eye: Callable[[], Eye] = self._make_eye
        self.watched: Callable[[str, CameraView], None] = lambda _device, _view: None
        """Hears of every frame, on the camera's thread, whether or not a screen looks."""
        self._eye: Eye | None = None
        self._kept = ""
        self._drivers: list[CameraDriver] = []
        self._thread: DeviceThread | None = None
        self._wanted = False
        self._photo: threading.Thread | None = None
        self._cancel = threading.Event()

    def driver(self, spec: ScannerSpec, now_ms: Callable[[], int]) -> CameraDriver:
        """A scanner that this window's camera feeds: for the registry of devices. Any thread."""
        from app.ui.turner import QtTurner  # noqa: PLC0415
        from devices.camera import CameraDriver, Eyes  # noqa: PLC0415

        view = partial(self._view, spec.device)
        made = CameraDriver(spec, now_ms, Eyes(self, self._expected, view, QtTurner()))
        self._drivers.append(made)
        return made

    def open(self) -> None:
        """A screen wants to see; a camera that was named as a scanner is open already."""
        self._wanted = True
        if self._thread is None and not self._drivers:
            from devices.driver import DeviceThread  # noqa: PLC0415

            self._thread = DeviceThread(
                self.driver(USUAL, SystemClock().now_ms), on_scan=self._on_scan, on_status=self._on_status
            )
            self._thread.start()
        self._tell_cameras()

    def close(self) -> None:
        """No screen wants to see any more. A camera named as a scanner goes on."""
        self._wanted = False
        if self._thread is not None:
            thread, self._thread = self._thread, None
            self._drivers.clear()
            thread.ask_to_stop()
            thread.join()

    def end(self) -> None:
        """The window closes. Waits for what is under way."""
        self.cancel_photo()
        self.close()
        if self._photo is not None:
            self._photo.join(PHOTO_JOIN_S)

    def choose(self, choice: CameraChoice) -> None:
        """Open another camera; the caller keeps the choice in the settings."""
        self._kept = choice.kept
        if self._thread is not None:
            self.close()
            self.open()

    def take_settings(self, rows: tuple[SettingRow, ...]) -> None:
        """Which camera was chosen last."""
        self._kept = next((row.value for row in rows if row.key == "camera"), self._kept)

    def set_torch(self, on: bool) -> None:
        if self._eye is not None:
            self._eye.set_torch(on)

    @property
    def has_torch(self) -> bool:
        return self._eye is not None and self._eye.has_torch

    def take_still(self) -> None:
        """A picture as large as the camera gives them. Answer: `still_taken`."""
        if self._eye is not None:
            self._eye.take_still()
        else:
            self.still_taken.emit(None)

    def focus_at(self, across: float, down: float) -> None:
        if self._eye is not None:
            self._eye.focus_at(across, down)

    def take_outcome(self, outcome: ScanOutcome) -> None:
        """A scan was answered: one that has to be repeated counts again while it is in view."""
        raw = outcome.raw if outcome.payload is None else outcome.payload.encode()
        if raw and outcome.reason in NOT_TAKEN:
            for driver in self._drivers:
                driver.forget(raw)

    def take_status(self, status: DeviceStatus) -> None:
        """A scanner moved."""
        if status.device.startswith("camera:"):
            self.status_changed.emit(status)
            if status.state is DeviceState.READY:
                self._tell_cameras()

    def read_photo(self, picture: GreyPicture) -> None:
        """Read a picture with many codes, on a thread of its own. Answer: `photo_read` or `photo_failed`."""
        if self._photo is not None and self._photo.is_alive():
            return
        self._cancel.clear()
        self._photo = threading.Thread(target=self._read_photo, args=(picture,), name="photo", daemon=True)
        self._photo.start()

    def cancel_photo(self) -> None:
        """What was found until now is the answer."""
        self._cancel.set()

    def start(self, camera: int, mailbox: Mailbox) -> None:
        """`devices.camera.FrameSource`. On the camera's thread."""
        self._bridge.post(partial(self._start_eye, camera, mailbox))

    def stop(self, mailbox: Mailbox) -> None:
        """`devices.camera.FrameSource`. On the camera's thread."""
        self._bridge.post(partial(self._stop_eye, mailbox))

    def _start_eye(self, camera: int, mailbox: Mailbox) -> None:
        if self._eye is None:
            self._eye = self.make_eye()
            self._eye.framed.connect(self._show)
            self._eye.moved.connect(self._tell_cameras)
            self._eye.still_taken.connect(self.still_taken)
        self._eye.start(camera, self._kept, mailbox)

    def _stop_eye(self, mailbox: Mailbox) -> None:
        if self._eye is not None:
            self._eye.stop(mailbox)

    def _make_eye(self) -> Eye:
        from app.ui.camera_source import CameraEye  # noqa: PLC0415

        return CameraEye(self)

    def _show(self, picture: GreyPicture, turned: int) -> None:
        if self._wanted:
            self.framed.emit(picture, turned)

    def _tell_cameras(self) -> None:
        if self._eye is not None:
            self.cameras_changed.emit(self._eye.choices(), self._eye.current)

    def _view(self, device: str, view: CameraView) -> None:
        """On the camera's thread."""
        self.watched(device, view)
        if self._wanted:
            self._bridge.post(partial(self.viewed.emit, view))

    def _read_photo(self, picture: GreyPicture) -> None:
        """On the picture's thread."""
        from app.ui.turner import QtTurner  # noqa: PLC0415
        from devices.dock_photo import Watch, read_photo  # noqa: PLC0415

        watch = Watch(lambda done, of: self._bridge.post(partial(self.photo_moved.emit, done, of)), self._cancel.is_set)
        try:
            result = read_photo(picture, QtTurner(), self._expected, watch=watch)
        except DeviceError as error:
            self._bridge.post(partial(self.photo_failed.emit, error.code))
        except Exception:
            _log.critical("a picture was not read", exc_info=True)
            self._bridge.post(partial(self.photo_failed.emit, "device_fault"))
        else:
            self._bridge.post(partial(self.photo_read.emit, picture, result))
