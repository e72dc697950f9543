"""The demonstration's scanner: a real serial line where the system has pseudo-terminals, else the window's own door.

No Qt. Made, used and closed on the UI thread; `shoot` never waits.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

LINE_END = b"\r"
LINK = "demo-scanner"
DEVICE = "demo"
_log = logging.getLogger(__name__)


class Gun(Protocol):
    """Something that shoots codes."""

    @property
    def scanners(self) -> tuple[str, ...]:
        """What the program has to open, as on the command line."""

    def shoot(self, code: str) -> bool:
        """Send one code, byte for byte. False if nobody took it."""

    def close(self) -> None:
        """Put it away."""


class PtyGun:
    """A scanner on a pseudo-terminal: the program opens its other end as it opens any serial port."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where there are none. `folder` gets a link to it, so that the device keeps its name."""
        import tty  # noqa: PLC0415 - POSIX only

        self._near, self._far = os.openpty()
        try:
            tty.setraw(self._far)
            os.set_blocking(self._near, False)
            self._link = _link(folder / LINK, os.ttyname(self._far))
        except OSError:
            self.close()
            raise

    @property
    def scanners(self) -> tuple[str, ...]:
        return (f"serial:{self._link}",)

    def shoot(self, code: str) -> bool:
        """False where the line is full, because nobody reads it."""
        try:
            sent = os.write(self._near, code.encode("utf-8") + LINE_END)
        except OSError:
            _log.warning("the demo scanner's line is not being read")
            return False
        return sent == len(code.encode("utf-8")) + len(LINE_END)

    def close(self) -> None:
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                os.close(end)


class DoorGun:
    """Where there are no pseudo-terminals: codes go in by the door for what is typed or clicked."""

    scanners: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._door: Callable[[bytes, str], None] | None = None

    def aim(self, door: Callable[[bytes, str], None]) -> None:
        """Where codes go from now on: (bytes, name of the device)."""
        self._door = door

    def shoot(self, code: str) -> bool:
        if self._door is None:
            return False
        self._door(code.encode("utf-8"), DEVICE)
        return True

    def close(self) -> None:
        self._door = None


def make_gun(folder: Path) -> PtyGun | DoorGun:
    """The most real scanner that this system allows."""
    if hasattr(os, "openpty"):
        try:
            return PtyGun(folder)
        except OSError as error:
            _log.warning("no pseudo-terminal here: %s", error)
    return DoorGun()


def _link(link: Path, target: str) -> str:
    """A name that is the same at the next start; the terminal's own where the folder takes no links."""
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    except OSError:
        return target
    return str(link)
