"""A camera that the guest's kernel makes (v4l2loopback), filled with drawn pictures from a thread of this process."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

from devices.symbols import GreyPicture
from tests.fixtures.labels import DOCK, grey

# linux/videodev2.h
_SET_FORMAT = 0xC0D0_5605
_VIDEO_OUTPUT, _YUYV, _PROGRESSIVE, _SRGB = 2, 0x5659_5559, 1, 8
_ASK_BUFFERS = 0xC014_5608
_VIDEO_CAPTURE, _MMAP = 1, 1
FRAMES_PER_S = 5
"""The guest's processor is emulated; a real camera has five times as many."""


class DrawnCamera:
    """Something that lives from `with` to its end. It shows a grey table until `show` gives it something else."""

    def __init__(self, node: Path, size: tuple[int, int] = (640, 480)) -> None:
        self.node, self.size = node, size
        self._frame = self._packed(Image.new("L", size, DOCK))
        self._running = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._film, name="drawn camera", daemon=True)

    def show(self, picture: Image.Image) -> None:
        """From the next frame on: this picture, in the middle of the table."""
        table = Image.new("L", self.size, DOCK)
        table.paste(picture, ((table.width - picture.width) // 2, (table.height - picture.height) // 2))
        self._frame = self._packed(table)

    def pause(self) -> None:
        """No frames, as from a camera that was pulled out."""
        self._running.clear()

    def run(self) -> None:
        """Frames again."""
        self._running.set()

    def _packed(self, picture: Image.Image) -> bytes:
        drawn: GreyPicture = grey(picture)
        frame = bytearray(b"\x80" * (2 * len(drawn.pixels)))
        frame[::2] = drawn.pixels
        return bytes(frame)

    def _film(self) -> None:
        while not self._ending.wait(1 / FRAMES_PER_S):
            if self._running.is_set():
                os.write(self._handle, self._frame)

    def __enter__(self) -> Self:
        self._handle = os.open(self.node, os.O_RDWR)
        width, height = self.size
        words = (_VIDEO_OUTPUT, width, height, _YUYV, _PROGRESSIVE, 2 * width, 2 * width * height, _SRGB, 0)
        fcntl.ioctl(self._handle, _SET_FORMAT, bytearray(struct.pack("<I4x8I", *words).ljust(208, b"\0")))
        os.write(self._handle, self._frame)  # the first makes the node a camera
        self.run()
        self._thread.start()
        _change_devices()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        os.close(self._handle)
        _change_devices()


def _change_devices() -> None:
    """Qt looks for cameras when a file comes or goes in /dev. A plug makes one; these nodes are always there."""
    sign = Path("/dev/rig-plug")
    sign.touch()
    sign.unlink()


def camera_nodes() -> list[Path]:
    """The cameras of v4l2loopback, in the order in which they were made."""
    return sorted(
        Path("/dev") / entry.name
        for entry in Path("/sys/class/video4linux").glob("video*")
        if (entry / "name").read_text().startswith("Rig")
    )


class HeldCamera:
    """A camera of the kernel's own (vivid) that another program has in use for as long as this is open."""

    def __enter__(self) -> Self:
        subprocess.run(["modprobe", "vivid", "n_devs=1", "node_types=0x1"], check=True, timeout=60)
        self.node = next(
            Path("/dev") / entry.name
            for entry in Path("/sys/class/video4linux").glob("video*")
            if (entry / "name").read_text().startswith("vivid")
        )
        self._handle = os.open(self.node, os.O_RDWR)
        # Who has buffers has the camera: everybody else may look at it and not use it.
        words = (2, _VIDEO_CAPTURE, _MMAP, 0, 0)
        fcntl.ioctl(self._handle, _ASK_BUFFERS, bytearray(struct.pack("<5I", *words)))
        _change_devices()
        return self

    def let_go(self) -> None:
        """The other program ends."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
