"""A picture with many codes: the picture with its signs, what was found, and one touch that scans it. UI thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.own_forms import holds_voucher
from app.domain.reasons import Panel
from app.ui.icons import Icon
from app.ui.screens.camera_words import Verdicts, count_photo, photo_panel, photo_signs, to_count
from app.ui.screens.screen import Form
from app.ui.theme import GRID_PX, Look, Size, Tone, tone_of
from app.ui.widgets.buttons import Button, Kind, PrimaryButton
from app.ui.widgets.fitting import Label
from app.ui.widgets.progress import LineProgress
from app.ui.widgets.rows import Row, RowList
from app.ui.widgets.viewfinder import Viewfinder
from devices.dock_photo import FoundCode, PhotoResult
from devices.symbols import GreyPicture

LIST_PX = 96
MOST_SIGNS, HEAD_SIGNS = 24, 6
"""A longer code loses its middle: its end tells two boxes apart."""
ICONS = {Panel.GOOD: Icon.GOOD, Panel.SOFT: Icon.GOOD, Panel.ATTENTION: Icon.ATTENTION, Panel.STOP: Icon.STOP}


class PhotoPage(QWidget):
    """One picture, while it is read and after. `scanned` gives labels to be scanned, in the order of the picture."""

    scanned = Signal(object)
    """tuple[bytes, …]."""
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._texts = Look(), Texts({})
        self._result: PhotoResult | None = None
        self._verdicts = Verdicts()
        self.view = Viewfinder("camera_photo_view")
        self.words = Label("camera_photo_reading", bold=True)
        self.advice = Label("camera_photo_reading", size=Size.SMALL, tone=Tone.QUIET, part="advice")
        self.progress = LineProgress()
        self.list = RowList("camera_photo_codes", details=True, title_lines=2)
        self.list.setMinimumHeight(LIST_PX)
        self.scan = PrimaryButton("camera_photo_scan", icon=Icon.CHECK)
        self.stop = Button("camera_photo_stop", kind=Kind.PLAIN, icon=Icon.CLOSE)
        column = QVBoxLayout()
        column.setSpacing(GRID_PX)
        for part in (self.words, self.advice, self.progress, self.scan, self.stop):
            column.addWidget(part)
        column.addWidget(self.list, 1)
        column.addStretch(0)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(self.view, 3)
        self._box.addLayout(column, 2)
        self.scan.clicked.connect(self._scan)
        self.stop.clicked.connect(self.cancelled)
        self.list.chosen.connect(self._scan_one)
        self.place(Form.POCKET)
        self._show()

    def begin(self, picture: GreyPicture, verdicts: Verdicts) -> None:
        """A picture is being read."""
        self._result, self._verdicts = None, verdicts
        self.view.show_signs(())
        self.view.show_picture(picture)
        self.progress.set_counts(0, 0, 1)
        self._show()

    def show_progress(self, done: int, of: int) -> None:
        """So many passes are made."""
        self.progress.set_counts(done, 0, of)

    def draw(self, result: PhotoResult) -> None:
        """What was found."""
        self._result = result
        self._show()

    def follow(self) -> None:
        """A scan was answered: signs and numbers as they stand now."""
        if self._result is not None and not self.isHidden():
            self._show()

    def forget(self) -> None:
        """The picture may show a patient's voucher: nothing of it stays."""
        self._result = None
        self.view.show_picture(None)
        self.view.show_signs(())
        self.list.set_rows([])

    def place(self, form: Form) -> None:
        """List under the picture, or beside it."""
        desk = form is Form.DESK
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if desk else QBoxLayout.Direction.TopToBottom)
        self._box.setSpacing(2 * GRID_PX if desk else GRID_PX)

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._show()

    def _show(self) -> None:
        result = self._result
        reading = result is None
        self.progress.setVisible(reading)
        self.stop.setVisible(reading)
        self.list.setVisible(not reading)
        self.scan.setVisible(not reading)
        if result is None:
            self.words.say("camera_photo_reading")
            self.advice.say("camera_photo_reading")
            return
        counts, left = count_photo(result), to_count(result, self._verdicts)
        said = "camera_photo_found" if result.codes else "camera_photo_nothing"
        self.words.say(said, found=counts.found)
        self.advice.say(said, expected=counts.expected, strange=counts.strange, doubtful=counts.doubtful)
        self.scan.say("camera_photo_scan" if left else "camera_photo_done", count=len(left))
        self.scan.setEnabled(bool(left))
        self.scan.setVisible(bool(result.codes))
        self.list.setVisible(bool(result.codes))
        self.view.show_signs(photo_signs(result, self._verdicts))
        self.list.set_rows([self._row(place, code) for place, code in enumerate(result.codes)])

    def _row(self, place: int, code: FoundCode) -> Row:
        panel = self._verdicts.panel(code.label) or photo_panel(code)
        lang = self._look.lang
        if self._verdicts.is_counted(code.label):
            state = "camera_code_counted"
        elif not code.counts:
            state = f"camera_code_{code.mark.value}"
        else:
            state = "camera_code_expected" if code.is_expected else "camera_code_strange"
        return Row(
            str(place),
            shown(code, self._texts.title("credential_masked", lang)),
            self._texts.title(state, lang),
            icon=ICONS[panel],
            tone=tone_of(panel),
        )

    def _scan(self) -> None:
        if self._result is not None:
            self._emit(to_count(self._result, self._verdicts))

    def _scan_one(self, key: str) -> None:
        """One by one also what nobody expects; what is doubtful only by the camera or a scanner."""
        if self._result is not None and self._result.codes[int(key)].counts:
            self._emit((self._result.codes[int(key)],))

    def _emit(self, codes: Sequence[FoundCode]) -> None:
        self.scanned.emit(tuple(code.label for code in codes))


def shown(code: FoundCode, masked: str) -> str:
    """The code for the eye; of a patient's credential nothing."""
    if holds_voucher(code.payload.decode("latin-1")):
        return masked
    text = code.payload.decode("utf-8", "backslashreplace")
    text = "".join(sign if sign.isprintable() else "·" for sign in text)
    return text if len(text) <= MOST_SIGNS else f"{text[:HEAD_SIGNS]}…{text[HEAD_SIGNS - MOST_SIGNS + 1 :]}"
