"""A camera as a scanner: frames handed in from elsewhere → codes that count. Used by its device thread.

This package knows no camera: whoever does (the window) brings a `FrameSource`, which puts the newest frame into a
`Mailbox` of one slot. A frame that comes while another is decoded replaces the one that waits, so a slow machine sees
fewer frames and never old ones.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices.errors import DeviceError, PortLost
from devices.places import Turn, Turner, turned_back
from devices.scan import Dropped, RawScan
from devices.sightings import Marked, Sightings
from devices.spec import ScannerSpec
from devices.symbols import GreyPicture, Symbol, formats_with, read_symbols, turned_formats

_log = logging.getLogger(__name__)

WAIT_S = 0.05
LOST_S = 1.0
"""A camera without a new frame for so long is lost: Qt 6.8 reports no error when one is pulled out."""
START_S = 6.0
"""For the first frame: some cameras need seconds to start, and a person may be asked for leave."""
THOROUGH_EVERY = 5
TURN_EVERY = 10
TURNS = tuple(Turn(degrees, 1.0, 0.34) for degrees in (-14, 14, 90, -26, 26, 76, 104))
"""Tilts that are tried one after the other: a linear code is found some ten degrees either way."""


class CameraError(DeviceError):
    """The camera gives no pictures."""


class CameraLost(PortLost):
    """The camera gave pictures and stopped."""

    def __init__(self, subject: str) -> None:
        DeviceError.__init__(self, "camera_lost", subject)


class Mailbox:
    """One slot for the newest frame, between the thread of the frames and the one that decodes."""

    def __init__(self) -> None:
        self._filled = threading.Condition()
        self._picture: GreyPicture | None = None
        self._refusal: str | None = None
        self.replaced = 0
        """Frames that were never looked at, because a newer one came."""

    def put(self, picture: GreyPicture) -> None:
        """A new frame; the one that waits is dropped."""
        with self._filled:
            self.replaced += self._picture is not None
            self._picture = picture
            self._filled.notify()

    def refuse(self, code: str) -> None:
        """There will be no frames: one of the camera's codes in devices.errors."""
        with self._filled:
            self._refusal = code
            self._filled.notify()

    def take(self, wait_s: float) -> GreyPicture | None:
        """The newest frame, or None after `wait_s`. CameraError where there will be none."""
        with self._filled:
            self._filled.wait_for(lambda: self._picture is not None or self._refusal is not None, wait_s)
            if self._refusal is not None:
                raise CameraError(self._refusal, "")
            picture, self._picture = self._picture, None
            return picture

    @property
    def is_waiting(self) -> bool:
        """Whether a frame waits."""
        return self._picture is not None


class FrameSource(Protocol):
    """Where frames come from. Called on the device thread; both return at once."""

    def start(self, camera: int, mailbox: Mailbox) -> None:
        """Have the camera send its frames to the mailbox, or the reason why not. A new camera object every time."""

    def stop(self, mailbox: Mailbox) -> None:
        """Let go of the camera that sends to this mailbox."""


@dataclass(frozen=True, slots=True)
class CameraView:
    """What the decoder saw in one frame, for whoever shows it."""

    width: int
    height: int
    marks: tuple[Marked, ...]
    read: tuple[Symbol, ...] = ()
    """What was read in this very frame, before anything was judged."""
    at_s: float = 0.0
    """When, by the clock that the judgement goes by."""
    counted: tuple[Symbol, ...] = ()
    """What became a scan with this frame."""
    expected: frozenset[bytes] = frozenset()
    """Labels of this frame that the manifest has."""
    forgotten: tuple[bytes, ...] = ()
    """Labels that may count again from this frame on."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """What a camera scanner is fed from, and whom it asks and tells. All are called on its device thread."""

    frames: FrameSource
    expected: Callable[[bytes], bool] = lambda _label: False
    """Whether the manifest under the hand has this label (AIM identifier and payload)."""
    on_view: Callable[[CameraView], None] = lambda _view: None
    turner: Turner | None = None
    """Without one, linear codes that lie askew are not found."""
    clock: Callable[[], float] = time.monotonic


class CameraDriver:
    """Opens one camera, again and again."""

    keeps_trying = True

    def __init__(self, spec: ScannerSpec, now_ms: Callable[[], int], eyes: Eyes) -> None:
        self._spec = spec
        self._now_ms = now_ms
        self._eyes = eyes
        self._forgets: deque[bytes] = deque()
        self._sightings = Sightings(self._is_expected)  # a camera that comes back still sees the same box

    @property
    def device(self) -> str:
        return self._spec.device

    def open(self) -> CameraSource:
        """Ask for frames; why there are none is told by `CameraSource.read`."""
        mailbox = Mailbox()
        self._eyes.frames.start(int(self._spec.address), mailbox)
        return CameraSource(self._spec, mailbox, self._eyes, self._now_ms, self._sightings, self._forgets)

    def forget(self, label: bytes) -> None:
        """A scan was not taken (a stop was in the way): what is still in view counts again. Any thread."""
        self._forgets.append(label)

    def _is_expected(self, label: bytes) -> bool:
        try:
            return self._eyes.expected(label)
        except Exception:
            _log.exception("the manifest was not asked")
            return False  # two reads will do


class CameraSource:
    """An open camera."""

    def __init__(
        self,
        spec: ScannerSpec,
        mailbox: Mailbox,
        eyes: Eyes,
        now_ms: Callable[[], int],
        sightings: Sightings,
        forgets: deque[bytes],
    ) -> None:
        self._device = spec.device
        self._mailbox = mailbox
        self._eyes = eyes
        self._now_ms = now_ms
        self._sightings = sightings
        self._forgets = forgets
        self._formats = formats_with(tuple(spec.option("also").split(",")) if spec.option("also") else ())
        self._turned = turned_formats(self._formats)
        self._last_frame_s = eyes.clock()
        self._frames = self._turns = 0

    @property
    def ready(self) -> bool:
        """A frame came: whatever is held before the camera from now on is read."""
        return self._frames > 0

    def read(self) -> tuple[RawScan | Dropped, ...]:
        """Decode the newest frame, or wait 50 ms for one. CameraLost when none came for a second."""
        try:
            picture = self._mailbox.take(WAIT_S)
        except CameraError as error:
            raise CameraError(error.code, self._device) from None
        now_s = self._eyes.clock()
        if picture is None:
            self._watch(now_s)
            return ()
        if not picture.is_whole:
            raise CameraError("camera_no_picture", self._device)
        self._last_frame_s = now_s
        forgotten = self._forget()
        read = self._look(picture)
        seen = self._sightings.see(read, now_s)
        self._frames += 1
        expected = frozenset(symbol.label for symbol in read if self._sightings.is_expected(symbol.label))
        self._show(
            CameraView(picture.width, picture.height, seen.marks, read, now_s, seen.counted, expected, forgotten)
        )
        at_ms = self._now_ms()
        return tuple(RawScan(self._device, symbol.payload, at_ms, symbol.aim) for symbol in seen.counted)

    def close(self) -> tuple[Dropped, ...]:
        """Let go of the camera. A code read once and not again is nothing that was dropped."""
        self._eyes.frames.stop(self._mailbox)
        return ()

    def _watch(self, now_s: float) -> None:
        silent_s = now_s - self._last_frame_s
        if self._frames and silent_s > LOST_S:
            raise CameraLost(self._device)
        if silent_s > START_S:
            raise CameraError("camera_silent", self._device)

    def _look(self, picture: GreyPicture) -> tuple[Symbol, ...]:
        """Quick at every frame, thorough at every fifth, turned at every tenth and whenever there is time."""
        beat = self._frames % TURN_EVERY
        if self._eyes.turner is not None and beat == TURN_EVERY - 1:
            return self._look_askew(picture, self._eyes.turner)
        found = read_symbols(picture, self._formats, thorough=beat % THOROUGH_EVERY == 0)
        if self._eyes.turner is not None and not self._mailbox.is_waiting:
            found += self._look_askew(picture, self._eyes.turner)
        return found

    def _look_askew(self, picture: GreyPicture, turner: Turner) -> tuple[Symbol, ...]:
        turn = TURNS[self._turns % len(TURNS)]
        self._turns += 1
        turned = turner.turn(picture, turn)
        return tuple(
            Symbol(symbol.payload, symbol.aim, turned_back(symbol.place, turned, turn, picture))
            for symbol in read_symbols(turned, self._turned)
        )

    def _forget(self) -> tuple[bytes, ...]:
        forgotten = []
        while self._forgets:
            forgotten.append(self._forgets.popleft())
            self._sightings.forget(forgotten[-1])
        return tuple(forgotten)

    def _show(self, view: CameraView) -> None:
        try:
            self._eyes.on_view(view)
        except Exception:
            _log.exception("a view of %s was not taken", self._device)
