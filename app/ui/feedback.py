"""What a scan feels like: a tone of its own for each verdict, and a vibration where there is one. UI thread.

Feedback is given after the commit and never holds anything up. Where there is no sound device it stays silent and
says so once, as the trouble `no_sound_device`.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

from PySide6.QtCore import QLoggingCategory, QMessageLogContext, QtMsgType, qInstallMessageHandler

from app.base.paths import resources_dir
from app.domain.reasons import Panel

log = logging.getLogger(__name__)

# Qt names every audio library that it did not find, on every start; what matters is told by `trouble`.
QUIET = "qt.multimedia.*.warning=false\nqt.multimedia.*.info=false"
VIBRATION_MS: Mapping[Panel, tuple[int, ...]] = {  # on, off, on …
    Panel.GOOD: (40,),
    Panel.SOFT: (20,),
    Panel.ATTENTION: (80, 60, 80),
    Panel.STOP: (250, 80, 250, 80, 250),
}


class Player(Protocol):
    """Something that plays a sound by its name."""

    def play(self, name: str) -> None: ...

    def set_volume(self, volume: float) -> None: ...


class Vibration(Protocol):
    """A motor in the device. `pattern_ms` is on, off, on …"""

    def vibrate(self, pattern_ms: tuple[int, ...]) -> None: ...


Opener = Callable[[dict[str, Path], float], Player | None]


class Feedback:
    """One for the window. Silent until `wake`, which loads the sound system after the first paint."""

    def __init__(
        self, *, opener: Opener | None = None, vibration: Vibration | None = None, volume: float = 1.0
    ) -> None:
        """`volume` from 0 to 1; `opener` stands in for the sound system."""
        self._opener, self._vibration, self._volume = opener or open_sound_system, vibration, volume
        self._player: Player | None = None
        self._awake = False

    @property
    def trouble(self) -> str | None:
        """`no_sound_device` where tones cannot be heard; None before `wake`."""
        return "no_sound_device" if self._awake and self._player is None else None

    def wake(self) -> None:
        """Load the sounds; a machine without sound is no failure."""
        self._awake = True
        try:
            self._player = self._opener(sound_files(), self._volume)
        except (ImportError, OSError, RuntimeError) as error:
            log.warning("no sound system: %s", error)
        if self._player is None:
            log.info("no sound device; verdicts are shown only")

    def close(self) -> None:
        """Let go of the sound system while Qt is still whole; from now on all is silent."""
        self._player = None
        self._awake = False

    def play(self, panel: Panel) -> None:
        """The tone and the vibration of a verdict; returns at once."""
        if self._player is not None:
            self._player.play(panel.value)
        if self._vibration is not None:
            self._vibration.vibrate(VIBRATION_MS[panel])

    def set_volume(self, volume: float) -> None:
        """From 0, silent, to 1."""
        self._volume = volume
        if self._player is not None:
            self._player.set_volume(volume)


def sound_files() -> dict[str, Path]:
    """The file of each verdict's tone."""
    return {panel.value: resources_dir() / "sounds" / f"{panel.value}.wav" for panel in Panel}


def open_sound_system(files: dict[str, Path], volume: float) -> Player | None:
    """Qt's multimedia, imported only now: the first paint must not wait for it."""
    QLoggingCategory.setFilterRules(QUIET)
    with _told_to_the_log():
        speaker = importlib.import_module("app.ui.speaker")
        return cast("Player | None", speaker.open_speaker(files, volume))


@contextmanager
def _told_to_the_log() -> Iterator[None]:
    """What the sound system says while it opens goes to the log.

    It complains of a sound server that does not answer outside of every category (6.8), where no rule can reach it.
    """

    def to_the_log(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        log.info("sound system: %s", text)

    before = qInstallMessageHandler(to_the_log)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
