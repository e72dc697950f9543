"""A camera made of drawn pictures, where Qt's own would be: all behind it is what is shipped."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.ui.camera_choice import CameraChoice
from devices.camera import Mailbox
from devices.symbols import GreyPicture

BACK, FRONT = CameraChoice("usb-2", "后置摄像头"), CameraChoice("usb-1", "前置摄像头")


class DrawnEye(QObject):
    """Fills `app.ui.camera_link.Eye`. `show` is a frame."""

    framed = Signal(object, int)
    moved = Signal()
    still_taken = Signal(object)

    def __init__(self, choices: tuple[CameraChoice, ...] = (BACK, FRONT)) -> None:
        super().__init__()
        self.offered = choices
        self.opened: list[tuple[int, str]] = []
        self.mailbox: Mailbox | None = None
        self.stopped = 0
        self.torch: bool | None = None
        self.focus: tuple[float, float] | None = None
        self.refusal: str | None = None
        self.still: GreyPicture | None = None
        self.stills = 0

    def choices(self) -> tuple[CameraChoice, ...]:
        return self.offered

    @property
    def current(self) -> CameraChoice | None:
        return self.offered[0] if self.mailbox is not None and self.offered else None

    def start(self, number: int, kept: str, mailbox: Mailbox) -> None:
        self.opened.append((number, kept))
        self.mailbox = mailbox
        if self.refusal is not None:
            mailbox.refuse(self.refusal)
        self.moved.emit()

    def stop(self, mailbox: Mailbox) -> None:
        if mailbox is self.mailbox:
            self.mailbox = None
            self.stopped += 1

    @property
    def has_torch(self) -> bool:
        return self.mailbox is not None

    def take_still(self) -> None:
        self.stills += 1
        self.still_taken.emit(self.still)

    def set_torch(self, on: bool) -> None:
        self.torch = on

    def focus_at(self, across: float, down: float) -> None:
        self.focus = (across, down)

    def show(self, picture: GreyPicture) -> None:
        assert self.mailbox is not None
        self.mailbox.put(picture)
        self.framed.emit(picture, 0)
