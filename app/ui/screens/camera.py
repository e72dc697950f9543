"""摄像头: what the camera sees, a sign on every code, the last verdict; pictures with many codes. UI thread.

The camera runs only while this screen is seen (unless it was named as a scanner).
"""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QImage, QImageReader, QKeyEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QFileDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.reasons import Panel
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.views import ReceiptView, SettingRow
from app.ui.camera_choice import CameraChoice
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.camera_photo import PhotoPage
from app.ui.screens.camera_words import Verdicts, signs_of, tally
from app.ui.screens.receiving_words import say_command, say_scan
from app.ui.screens.screen import Form, Look, Screen
from app.ui.theme import GRID_PX, Size, Tone
from app.ui.turner import grey_of
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.cards import EmptyState
from app.ui.widgets.fitting import Fit, Label
from app.ui.widgets.progress import LineProgress
from app.ui.widgets.verdict_panel import VerdictPanel
from app.ui.widgets.viewfinder import Viewfinder
from devices import DeviceState, DeviceStatus
from devices.camera import CameraView
from devices.dock_photo import PhotoResult
from devices.symbols import GreyPicture

PANEL_PX = 112
MOST_PX = 16_777_215  # QWIDGETSIZE_MAX
WIDE_SCALE = 1.25  # from here on the numbers have no room beside the buttons in the pocket
NOT_HELD = "not_recorded"  # a scan that could not be written could not be held either
PHOTO_DEVICE = "photo"  # of codes that were read from a picture


class CameraScreen(Screen):
    """Draws frames, signs and verdicts; wishes for the camera, for scans and for the reading of pictures."""

    name: ClassVar[str] = "camera"
    icon: ClassVar[Icon] = Icon.CAMERA

    seen = Signal(bool)
    """The screen is seen, or no more."""
    chosen = Signal(object)
    """CameraChoice: use this camera from now on."""
    torch_wanted = Signal(bool)
    focus_wanted = Signal(float, float)
    still_wanted = Signal()
    photo_wanted = Signal(object)
    """GreyPicture."""
    photo_cancelled = Signal()
    scanned = Signal(bytes)
    commanded = Signal(str)

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._choices: tuple[CameraChoice, ...] = ()
        self._current: CameraChoice | None = None
        self._verdicts = Verdicts()
        self._view: CameraView | None = None
        self._frame: GreyPicture | None = None
        self._last: ScanOutcome | CommandOutcome | None = None
        self._status: DeviceStatus | None = None
        self._receiving, self._stop_holds, self._reading = False, True, False
        self._build()
        self._connect()
        self.retheme(look, texts)

    def take_cameras(self, choices: tuple[CameraChoice, ...], current: CameraChoice | None, *, torch: bool) -> None:
        """The cameras of this machine, and which of them is open."""
        self._choices, self._current = choices, current
        self.torch.setVisible(torch)
        self._show_head()

    def take_status(self, status: DeviceStatus) -> None:
        """The camera opened, was lost, or cannot be opened."""
        self._status = status
        if status.state is not DeviceState.READY:
            self.finder.show_picture(None)
            self.finder.show_signs(())
        self._show_head()

    def take_frame(self, picture: GreyPicture, turned: int) -> None:
        """The newest frame."""
        self.finder.show_picture(picture, turned)

    def take_view(self, view: CameraView) -> None:
        """What the decoder saw in a frame."""
        self._view = view
        self._show_signs()

    def take_receipt(self, view: ReceiptView) -> None:
        """The receipt under the hand, as far as it goes here: how much is in, and whether a stop still holds."""
        self._receiving = not view.closed
        equation = view.equation
        otherwise = equation.short + equation.damaged + equation.rejected + equation.exempt
        self.total.set_counts(equation.received, otherwise, equation.expected)
        if self.panel.holding and not view.held:
            self.panel.release()
        self._show_head()
        self._fit()

    def forget(self) -> None:
        """No receipt is under the hand any more."""
        self._receiving, self._last = False, None
        self._verdicts.forget()
        self._say()
        self._show_head()

    def take_scan(self, outcome: ScanOutcome) -> None:
        """The answer to a scan: the verdict in large, and its sign on the code."""
        self._last = outcome
        self._verdicts.take(outcome)
        self._say()
        self._show_signs()
        self.photo.follow()

    def take_command(self, outcome: CommandOutcome) -> None:
        """The answer to a command."""
        self._last = outcome
        self._say()

    def take_settings(self, rows: tuple[SettingRow, ...]) -> None:
        """Whether a stop holds here."""
        self._stop_holds = next((row.value == "true" for row in rows if row.key == "stop_holds"), True)

    def open_picture(self, image: QImage) -> None:
        """Read a picture of any size; one that is none is said to be none."""
        picture = grey_of(image)
        if not picture.is_whole:
            self.tell_photo_trouble("photo_unreadable")
            return
        self.begin_photo(picture)

    def begin_photo(self, picture: GreyPicture) -> None:
        """Read this picture."""
        self._show_photo(picture)
        self.photo_wanted.emit(picture)

    def _show_photo(self, picture: GreyPicture) -> None:
        self.photo.begin(picture, self._verdicts)
        self._reading = True
        self._show_head()

    def take_photo(self, result: PhotoResult) -> None:
        """The picture was read."""
        self.photo.draw(result)

    def tell_photo_trouble(self, code: str) -> None:
        """The picture cannot be read."""
        self._leave_photo()
        self._last = None
        self.panel.show_outcome(Panel.ATTENTION, self.say("camera_photo_bad"), self.say(code),
                                self.texts.advice(code, self.look.lang))  # fmt: skip

    def reword(self) -> None:
        self._say()
        self._show_head()
        self._show_signs()
        self._fit()

    def arrange(self, form: Form) -> None:
        while self._grid.takeAt(0) is not None:
            pass
        desk, grid = form is Form.DESK, self._grid
        pad = 2 * GRID_PX if desk else GRID_PX + GRID_PX // 2
        grid.setContentsMargins(pad, GRID_PX, pad, pad if desk else GRID_PX)
        grid.setSpacing(2 * GRID_PX if desk else GRID_PX)
        self._head.setDirection(QBoxLayout.Direction.LeftToRight if desk else QBoxLayout.Direction.TopToBottom)
        grid.addLayout(self._head, 0, 0, 1, 2 if desk else 1)
        grid.addLayout(self._pages, 1, 0, 3 if desk else 1, 1)
        grid.addWidget(self.panel, 1 if desk else 2, 1 if desk else 0)
        grid.addWidget(self.total, 2 if desk else 3, 1 if desk else 0)
        for row, share in enumerate((0, 5, 0, 0)):
            grid.setRowStretch(row, share)
        for column, share in enumerate((3, 2) if desk else (1, 0)):
            grid.setColumnStretch(column, share)
        self.photo.place(form)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.seen.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._leave_photo()
        self.finder.show_picture(None)
        self.finder.show_signs(())
        self.torch.setChecked(False)
        self.seen.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self._paste()
        else:
            super().keyPressEvent(event)

    def opened(self) -> None:
        """The keys begin here, so that a picture can be pasted at once."""
        self.setFocus()

    def _build(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.title = Label("camera_none", bold=True, fit=Fit.SHRINK)
        self.legend = Label(size=Size.SMALL, tone=Tone.QUIET, middle=True)
        self.other = IconButton("camera_other", Icon.RETRY)
        self.torch = IconButton("camera_torch", Icon.TORCH)
        self.torch.setCheckable(True)
        self.still = IconButton("camera_still", Icon.SCAN)
        self.file = IconButton("camera_file", Icon.PICTURE)
        self.paste = IconButton("camera_paste", Icon.PASTE)
        self.back = IconButton("camera_back", Icon.BACK)
        self.finder, self.photo = Viewfinder("camera_view"), PhotoPage()
        self.empty = EmptyState(Icon.CAMERA, "camera_opening")
        self.panel, self.total = VerdictPanel(), LineProgress()
        self._head = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._head.setSpacing(0)
        for label, buttons in (
            (self.title, (self.torch, self.other)),
            (self.legend, (self.still, self.file, self.paste)),
        ):
            row = QHBoxLayout()
            row.setSpacing(0)
            if label is self.title:
                row.addWidget(self.back)
            row.addWidget(label, 1)
            row.addStretch(0)
            for button in buttons:
                row.addWidget(button)
            self._head.addLayout(row, 1)
        self._pages = QVBoxLayout()  # no stack: that is as high as its highest page, also while another is seen
        for page in (self.finder, self.empty, self.photo):
            self._pages.addWidget(page)
        self._grid = QGridLayout(self)
        self.torch.hide()
        self.arrange(self.form)

    def _connect(self) -> None:
        self.back.clicked.connect(self._go_back)
        self.other.clicked.connect(self._choose_next)
        self.torch.clicked.connect(self.torch_wanted)
        self.still.clicked.connect(self._read_still)
        self.file.clicked.connect(self._open_file)
        self.paste.clicked.connect(self._paste)
        self.finder.tapped.connect(self.focus_wanted)
        self.panel.confirmed.connect(lambda: self.commanded.emit("confirm"))
        self.photo.cancelled.connect(self.photo_cancelled)
        self.photo.scanned.connect(self._scan_all)

    def _go_back(self) -> None:
        """From a picture to the camera, from the camera to the receipt."""
        if self._reading:
            self._leave_photo()
        else:
            self.goes.emit("receiving")

    def _scan_all(self, labels: tuple[bytes, ...]) -> None:
        for label in labels:
            self.scanned.emit(label)

    def _choose_next(self) -> None:
        place = self._choices.index(self._current) if self._current in self._choices else -1
        self.chosen.emit(self._choices[(place + 1) % len(self._choices)])

    def _read_still(self) -> None:
        if self.finder.picture is not None and self._frame is None:
            self._frame = self.finder.picture
            self._show_photo(self._frame)
            self.still_wanted.emit()

    def take_still(self, picture: GreyPicture | None) -> None:
        """The large picture, or None: then the frame has to do."""
        frame, self._frame = self._frame, None
        if frame is not None and self._reading:
            self.begin_photo(picture or frame)

    def _open_file(self) -> None:
        suffixes = " ".join(f"*.{bytes(one.data()).decode()}" for one in QImageReader.supportedImageFormats())
        name, _ = QFileDialog.getOpenFileName(
            self, self.say("camera_file"), "", f"{self.say('camera_files')} ({suffixes})"
        )
        if name:
            self.open_file(name)

    def open_file(self, name: str) -> None:
        """Read a picture from a file, upright as it was taken."""
        reader = QImageReader(name)
        reader.setAutoTransform(True)
        self.open_picture(reader.read())

    def _paste(self) -> None:
        self.open_picture(QApplication.clipboard().image())

    def _leave_photo(self) -> None:
        if self._reading:
            self.photo_cancelled.emit()
        self._reading, self._frame = False, None
        self.photo.forget()
        self._show_head()

    def _show_head(self) -> None:
        state = self._status.state if self._status is not None else DeviceState.OPENING
        live = state is DeviceState.READY
        self.photo.setVisible(self._reading)
        self.finder.setVisible(live and not self._reading)
        self.empty.setVisible(not live and not self._reading)
        code = self._status.code if self._status is not None else None
        self.empty.say(code or "camera_opening", subject="")
        if self._current is not None:
            self.title.show_text(self._current.description)
        else:
            self.title.say("camera_none")
        self.other.setVisible(len(self._choices) > 1)
        self.still.setEnabled(live and not self._reading)
        self.total.setVisible(self._receiving and (self.form is Form.DESK or not self._reading))
        self.back.say("camera_photo_back" if self._reading else "camera_back")
        self._fit()

    def _show_signs(self) -> None:
        signs = signs_of(self._view.marks, self._verdicts) if self._view is not None else ()
        if self.finder.picture is None:
            signs = ()
        self.finder.show_signs(signs)
        counts = tally(signs)
        good = counts.get(Panel.GOOD, 0) + counts.get(Panel.SOFT, 0)
        self.legend.say(
            "camera_legend", good=good, attention=counts.get(Panel.ATTENTION, 0), stop=counts.get(Panel.STOP, 0)
        )

    def _say(self) -> None:
        lang = self.look.lang
        if isinstance(self._last, ScanOutcome):
            said = say_scan(self.texts, lang, self._last)
            holds = self._stop_holds and self._last.panel is Panel.STOP and self._last.reason != NOT_HELD
        elif isinstance(self._last, CommandOutcome):
            said, holds = say_command(self.texts, lang, self._last), False
        else:
            self.panel.show_idle("camera_idle")
            return
        self.panel.show_outcome(said.panel, said.word, said.sentence, said.hint, holds=holds and self._receiving)
        self._fit()

    def _fit(self) -> None:
        """The verdict's height; over a picture's codes it is seen in the pocket only while a stop waits."""
        desk = self.form is Form.DESK
        self.panel.setVisible(desk or not self._reading or self.panel.holding)
        self.legend.setVisible(desk or (self.look.text_scale <= WIDE_SCALE and not self._reading))
        for part in (self.still, self.file, self.paste):
            part.setVisible(desk or not (self._reading or self.panel.holding))
        air = 1 + (self.look.text_scale - 1) / 2
        button = PANEL_PX // 2 if self.panel.holding else 0
        self.panel.setMinimumHeight(round((PANEL_PX + button) * air))
        self.panel.setMaximumHeight(MOST_PX if desk else round((PANEL_PX + 2 * button) * air))


def join(screen: Screen, conductor: Conductor) -> None:
    """What the screen hears and wishes."""
    assert isinstance(screen, CameraScreen)
    camera = conductor.camera
    screen.seen.connect(lambda seen: camera.open() if seen else camera.close())
    screen.chosen.connect(camera.choose)
    screen.chosen.connect(lambda choice: conductor.set_setting("camera", choice.kept))
    screen.torch_wanted.connect(camera.set_torch)
    screen.focus_wanted.connect(camera.focus_at)
    screen.still_wanted.connect(camera.take_still)
    screen.photo_wanted.connect(camera.read_photo)
    screen.photo_cancelled.connect(camera.cancel_photo)
    screen.scanned.connect(lambda label: conductor.scan(label, PHOTO_DEVICE))
    screen.commanded.connect(conductor.command)
    camera.framed.connect(screen.take_frame)
    camera.viewed.connect(screen.take_view)
    camera.status_changed.connect(screen.take_status)
    camera.cameras_changed.connect(
        lambda choices, current: screen.take_cameras(choices, current, torch=camera.has_torch)
    )
    camera.still_taken.connect(screen.take_still)
    camera.photo_moved.connect(screen.photo.show_progress)
    camera.photo_read.connect(lambda _picture, result: screen.take_photo(result))
    camera.photo_failed.connect(screen.tell_photo_trouble)
    conductor.receipt_opened.connect(screen.take_receipt)
    conductor.receipt_changed.connect(screen.take_receipt)
    conductor.receipt_left.connect(screen.forget)
    conductor.signed_out.connect(screen.forget)
    conductor.settings_changed.connect(screen.take_settings)
    conductor.scan_answered.connect(screen.take_scan)
    conductor.command_answered.connect(screen.take_command)
