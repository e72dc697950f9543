"""The strip that is always there: each scanner, the network, what waits, who works; the 演示 banner. UI thread."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon
from app.ui.shell.flow_layout import FlowLayout
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import FOCUS_PX, Button, Kind
from app.ui.widgets.fitting import Block, Fit, Label, lay_out


class Network(enum.StrEnum):
    """What is known of the way to the hospital."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"
    TROUBLE = "trouble"  # there is an answer, but not one we can work with


CAMERA = "camera"
"""The name of a camera, whichever it is."""


@dataclass(frozen=True, slots=True)
class ScannerStatus:
    """One scanner: its name as people know it, and whether it can scan now."""

    name: str
    ready: bool


@dataclass(frozen=True, slots=True)
class Status:
    """All that the strip shows. `waiting` counts items not yet answered; `refused` those that need a person."""

    scanners: tuple[ScannerStatus, ...] = ()
    network: Network = Network.UNKNOWN
    waiting: int = 0
    refused: int = 0
    operator: str | None = None
    demo: bool = False
    recording: bool = False
    """What scanners send is being written into a file."""


@dataclass(frozen=True, slots=True)
class ChipLook:
    """What one chip says: a text code with its values, an icon, a tone."""

    code: str
    icon: Icon
    tone: Tone
    values: tuple[tuple[str, object], ...] = ()


class Chip(Button):
    """One part of the strip: icon and few words, tinted only where it needs a person."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", kind=Kind.QUIET, parent=parent)
        self._tone = Tone.QUIET
        self._short = False
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def show_look(self, chip: ChipLook) -> None:
        self._tone = chip.tone
        self.set_icon(chip.icon)
        self.say(chip.code, **dict(chip.values))

    def set_short(self, short: bool) -> None:
        """Icon only, where the room is short and the matter calm; the words stay its name and its tool tip."""
        if short != self._short:
            self._short = short
            self.setToolTip(self.accessibleName() if short else "")
            self.updateGeometry()
            self.update()

    @property
    def calm(self) -> bool:
        """Nothing here needs a person."""
        return self._tone not in (Tone.ATTENTION, Tone.STOP)

    def sizeHint(self) -> QSize:
        pad, _gap, side = self._spaces()
        return QSize(max(self.tokens.touch_px(), side + 2 * pad), self._height()) if self._short else super().sizeHint()

    def words(self) -> tuple[Block, QRectF]:
        return (lay_out("", self.font(), 1), QRectF()) if self._short else super().words()

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self.setFont(look.tokens.font(Size.SMALL, bold=True))

    def colours(self) -> tuple[QColor, QColor]:
        if self._tone in (Tone.ATTENTION, Tone.STOP):
            paint = self.tokens.paint(self._tone)
            return QColor(paint.tint), QColor(paint.tint_ink)
        return QColor(0, 0, 0, 0), self.tokens.ink(self._tone)

    def _spaces(self) -> tuple[int, int, int]:
        return GRID_PX + FOCUS_PX, GRID_PX // 2 + 1, round(20 * (1 + (self._look.text_scale - 1) / 2))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class DemoBanner(QWidget):
    """A narrow stripe over everything: this is the demonstration, nothing reaches a hospital."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = Look()
        self.words = Label(
            "ui_demo_banner", size=Size.SMALL, bold=True, fit=Fit.SHRINK, align=Qt.AlignmentFlag.AlignHCenter
        )
        rows = QVBoxLayout(self)
        rows.setContentsMargins(GRID_PX, 2, GRID_PX, 2)
        rows.addWidget(self.words)
        self.words.set_tone(Tone.ATTENTION)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._look = look

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), QColor(self._look.tokens.colours.attention.tint))


class StatusStrip(QWidget):
    """The strip. A chip that is pressed wishes for the screen where its matter is seen to."""

    asked = Signal(str)  # name of a screen

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._texts = look, texts
        self._status = Status()
        self._fitted: tuple[int, Status] | None = None
        self.banner = DemoBanner()
        self._scanners: list[Chip] = []
        self._network, self._waiting, self._operator = (self._chip(to) for to in ("devices", "uploads", "settings"))
        self._recording = self._chip("devices")
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips, gap_px=0, margin_px=2)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.banner)
        rows.addWidget(self._chips)
        self._lay_chips()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.draw(self._status)

    @property
    def status(self) -> Status:
        return self._status

    def draw(self, status: Status) -> None:
        """Show what is known now; only what changed is drawn anew."""
        if len(status.scanners) != len(self._status.scanners) or not self._scanners:
            self._fit_scanner_chips(max(1, len(status.scanners)))
        self._status = status
        for chip, looks in zip(self._scanners, scanner_looks(status), strict=True):
            chip.show_look(looks)
        self._network.show_look(network_look(status))
        self._waiting.show_look(waiting_look(status))
        self._recording.setVisible(status.recording)
        self._recording.show_look(ChipLook("recording_on", Icon.DOCUMENT, Tone.STOP))
        self._operator.setVisible(status.operator is not None)
        self._operator.show_look(ChipLook("ui_operator", Icon.PERSON, Tone.QUIET, (("name", status.operator or ""),)))
        self.banner.setVisible(status.demo)
        self._fit(self.width())
        self.updateGeometry()

    def shown_chips(self) -> list[Chip]:
        """The parts of the strip, scanners first."""
        chips = (*self._scanners, self._recording, self._network, self._waiting, self._operator)
        return [chip for chip in chips if not chip.isHidden()]

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        self._fitted = None
        self.update()

    def heightForWidth(self, width: int) -> int:
        self._fit(width)
        banner = 0 if self.banner.isHidden() else self.banner.sizeHint().height()
        return banner + self._flow.heightForWidth(width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit(event.size().width())

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), QColor(self._look.tokens.colours.card))

    def _fit(self, width: int) -> None:
        """One line if it can be: calm parts shorten to their icons, those first that are read least often.

        Only when something changed: each fit asks for another layout, and that for the height, without end.
        """
        if self._fitted == (width, self._status):
            return
        self._fitted = (width, self._status)
        chips = [
            chip for chip in (self._network, self._operator, self._waiting, *self._scanners) if not chip.isHidden()
        ]
        for chip in chips:
            chip.set_short(False)
        for chip in chips:
            if self._flow.sizeHint().width() <= width:
                break
            if chip.calm:
                chip.set_short(True)
        self._flow.invalidate()
        self._flow.activate()

    def _chip(self, to: str) -> Chip:
        chip = Chip(self)
        chip.clicked.connect(lambda: self.asked.emit(to))
        return chip

    def _fit_scanner_chips(self, count: int) -> None:
        while len(self._scanners) > count:
            chip = self._scanners.pop()
            self._flow.removeWidget(chip)
            chip.deleteLater()
        while len(self._scanners) < count:
            chip = self._chip("devices")
            self._scanners.append(chip)
            chip.retheme(self._look, self._texts)
        self._lay_chips()

    def _lay_chips(self) -> None:
        while self._flow.takeAt(0) is not None:
            pass
        chips = (*self._scanners, self._recording, self._network, self._waiting, self._operator)
        for chip in chips:
            self._flow.addWidget(chip)
        for chip, after in pairwise(chips):
            self.setTabOrder(chip, after)  # a scanner's chip was made later and stands before


def scanner_looks(status: Status) -> list[ChipLook]:
    """One chip per scanner; with several, each says which one it is. Without any: that."""
    if not status.scanners:
        return [ChipLook("ui_scanner_none", Icon.LOST, Tone.ATTENTION)]
    several = len(status.scanners) > 1
    return [
        ChipLook(
            scanner_code(one, several=several),
            Icon.DEVICES if one.ready else Icon.LOST,
            Tone.GOOD if one.ready else Tone.STOP,
            (("name", one.name),),
        )
        for one in status.scanners
    ]


def scanner_code(one: ScannerStatus, *, several: bool) -> str:
    """What the chip says."""
    what = "camera" if one.name == CAMERA else "scanner_named" if several else "scanner"
    return f"ui_{what}_{'ready' if one.ready else 'lost'}"


def network_look(status: Status) -> ChipLook:
    """Offline is normal and stays quiet; an answer that makes no sense is not."""
    icon, tone = {
        Network.ONLINE: (Icon.ONLINE, Tone.GOOD),
        Network.OFFLINE: (Icon.OFFLINE, Tone.QUIET),
        Network.UNKNOWN: (Icon.OFFLINE, Tone.QUIET),
        Network.TROUBLE: (Icon.ATTENTION, Tone.ATTENTION),
    }[status.network]
    return ChipLook(f"ui_network_{status.network.value}", icon, tone)


def waiting_look(status: Status) -> ChipLook:
    """Refused items come first: they wait for a person, the others for the network."""
    if status.refused:
        return ChipLook("ui_refused_count", Icon.CLOUD_OFF, Tone.ATTENTION, (("count", status.refused),))
    if status.waiting:
        return ChipLook("ui_waiting_count", Icon.UPLOADS, Tone.QUIET, (("count", status.waiting),))
    return ChipLook("ui_waiting_none", Icon.CLOUD_DONE, Tone.QUIET)
