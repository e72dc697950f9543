"""设备: each scanner with its state and cure, what a scanner really sends, the ports, the doctor. UI thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QStandardPaths, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.doctor import DoctorView
from app.flows.scanner_search import SearchView
from app.flows.views import SettingRow
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.byte_line import ByteLine
from app.ui.screens.code_cards import Facts
from app.ui.screens.devices_recording import RecordingCard
from app.ui.screens.doctor_page import DoctorPage
from app.ui.screens.doctor_search import SearchPage
from app.ui.screens.ports import PortFinder, way_code
from app.ui.screens.raw_bytes import aim_code, hex_of, in_line
from app.ui.screens.screen import Form, Screen
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.cards import Badge, Card, EmptyState, IconMark, Page, SectionTitle
from app.ui.widgets.fitting import Label
from devices import DeviceState, DeviceStatus, FoundPort
from devices.sheet import SHEET
from devices.text_of import Encoding, text_of

WIDEST_PX = 1120
SHEET_NAME = "码头-扫码枪检查页.pdf"
NOT_EXAMINED = ("camera", "replay", "demo")  # what has no settings of a scanner
WIDE_SCALE = 1.25  # from here on a state stands under the name, not beside it
STATE_TONES: Mapping[DeviceState, Tone] = {
    DeviceState.READY: Tone.GOOD,
    DeviceState.LOST: Tone.STOP,
    DeviceState.TROUBLE: Tone.STOP,
}


class ScannerCard(Card):
    """One scanner: name, state, and in words what would mend it."""

    examined = Signal(str)

    def __init__(self, status: DeviceStatus, texts: Texts, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        lang, text_scale = look.lang, look.text_scale
        tone = STATE_TONES.get(status.state, Tone.QUIET)
        bad = tone is Tone.STOP
        self.mark = IconMark(Icon.LOST if bad else Icon.DEVICES, tone=tone if bad else Tone.ACCENT, grids=6)
        self.name = Label(bold=True)
        self.name.show_text(_short(status.device))
        self.place = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.place.show_text(status.device)
        self.state = Badge(f"device_{status.state.value}", tone=tone)
        self.cure = Label(tone=tone if bad else Tone.INK)
        words = texts.line(status.code, lang, subject=status.device) if status.code else ""
        words = words or texts.advice(f"device_{status.state.value}", lang)
        self.cure.show_text(words)
        self.cure.setVisible(bool(words))
        row, column = QHBoxLayout(), QVBoxLayout()
        row.setSpacing(GRID_PX + GRID_PX // 2)
        column.setSpacing(2)
        column.addWidget(self.name)
        column.addWidget(self.place)
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        if text_scale > WIDE_SCALE:
            column.addWidget(self.state, 0, Qt.AlignmentFlag.AlignLeft)
        else:
            row.addWidget(self.state, 0, Qt.AlignmentFlag.AlignTop)
        self.add(row)
        self.add(self.cure)
        self.last = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.last.hide()
        self.add(self.last)
        self.examine = Button("doctor_start", kind=Kind.PLAIN, icon=Icon.TOOLS)
        self.examine.clicked.connect(lambda: self.examined.emit(status.device))
        self.examine.setVisible(status.device.partition(":")[0] not in NOT_EXAMINED)
        self.add(self.examine)

    def tell_last(self, raw: bytes) -> None:
        """What it sent last, while this screen was looking."""
        self.last.show_text(in_line(raw))
        self.last.show()


class TestField(Card):
    """What the next scan really sends: its bytes, the same as text with the invisible signs made visible."""

    __test__ = False  # not a test class

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self._scan: tuple[str, bytes] | None = None
        self.title = Label("devices_test", size=Size.TITLE, bold=True)
        self.hint = Label("devices_test", tone=Tone.QUIET, part="advice")
        self.shown = ByteLine()
        self.facts = Facts()
        for part in (self.title, self.hint, self.shown, self.facts):
            self.add(part)
        self.shown.hide()

    @property
    def text(self) -> str:
        """The bytes as they are made visible; empty before the first scan."""
        return self.shown.text

    def draw(self, device: str, raw: bytes) -> None:
        self._scan = (device, raw)
        self.hint.say("devices_test_again")
        self.shown.show()
        self.shown.draw(raw)
        aim = aim_code(raw)
        named = self._texts.title(aim, self._look.lang) if aim else self._texts.title("aim_none", self._look.lang)
        self.facts.draw(
            (
                ("devices_aim", named),
                ("devices_length", self._texts.title("devices_bytes", self._look.lang, count=len(raw))),
                ("devices_hex", hex_of(raw)),
                ("devices_text", self._text_of(raw)),
                ("devices_from", _short(device)),
            )
        )
        theme_tree(self.facts, self._look, self._texts)

    def _text_of(self, raw: bytes) -> str:
        """Only where it says more than the bytes do: Chinese, and then whether it is a guess."""
        read = text_of(raw)
        text = "".join(sign if sign.isprintable() else " " for sign in read.text)
        if read.encoding is Encoding.GB18030:
            return self._texts.title("devices_encoding_gb18030", self._look.lang, text=text)
        return text if read.encoding is Encoding.UTF_8 else ""

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts
        if self._scan is not None:
            self.draw(*self._scan)


class DevicesScreen(Screen):
    """Draws scanners, the bytes of a scan, and ports. `searched` asks for the ports, `chosen` gives a scanner list."""

    name: ClassVar[str] = "devices"
    icon: ClassVar[Icon] = Icon.DEVICES

    searched = Signal()
    chosen = Signal(str)
    examined = Signal(str)
    """A scanner is to be examined by the doctor, from the beginning."""
    finished = Signal()
    sought = Signal()
    """A scanner is to be found by a scan."""
    left = Signal()
    """The doctor and the search are over."""
    printed = Signal()

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._scanners: tuple[DeviceStatus, ...] = ()
        self._ports: tuple[FoundPort, ...] = ()
        self._setting: SettingRow | None = None
        self.test = TestField()
        self.empty = EmptyState(Icon.LOST, "devices_none")
        self.search = Button("devices_search", kind=Kind.QUIET, icon=Icon.RETRY)
        self.search.clicked.connect(self.searched)
        self.seek = Button("search_begin", kind=Kind.PLAIN, icon=Icon.SCAN)
        self.seek.clicked.connect(self.sought)
        self.recording = RecordingCard()
        self.doctor, self.seeker = DoctorPage(), SearchPage()
        self._examined = ""
        self._last: dict[str, bytes] = {}
        self.cards: dict[str, ScannerCard] = {}
        self._build()
        self.retheme(look, texts)

    @Slot(object)
    def draw(self, scanners: Sequence[DeviceStatus]) -> None:
        """Every scanner as it stands now."""
        self._scanners = tuple(scanners)
        self._show_scanners()

    @Slot(str, bytes)
    def draw_bytes(self, device: str, raw: bytes) -> None:
        """What a scanner sent just now."""
        self.test.draw(device, raw)
        self._last[device] = raw
        if device in self.cards:
            self.cards[device].tell_last(raw)

    @Slot(object)
    def draw_visit(self, view: DoctorView) -> None:
        """The doctor's visit as it stands."""
        if self._examined == view.device:
            self.doctor.draw(view)
            self._pages.setCurrentWidget(self.doctor)

    @Slot(object)
    def draw_search(self, view: SearchView) -> None:
        """The search as it stands."""
        self.seeker.draw(view)
        self._pages.setCurrentWidget(self.seeker)

    @Slot(object)
    def draw_ports(self, ports: Sequence[FoundPort]) -> None:
        """The ports of this machine."""
        self._ports = tuple(ports)
        self._show_ports()

    @Slot(object)
    def draw_settings(self, rows: Sequence[SettingRow]) -> None:
        """Whether a port may be taken as a scanner here, and which are."""
        self._setting = next((row for row in rows if row.key == "scanners"), None)
        self.recording.allow(self._setting is not None and self._setting.may_change)
        self._show_ports()

    def reword(self) -> None:
        self._show_scanners()
        self._show_ports()

    def arrange(self, form: Form) -> None:
        desk = form is Form.DESK
        self._columns.setDirection(QBoxLayout.Direction.LeftToRight if desk else QBoxLayout.Direction.TopToBottom)
        self.doctor.arrange(form)

    def opened(self) -> None:
        self.searched.emit()

    def _build(self) -> None:
        page = Page(width_px=WIDEST_PX)
        self._cards, self._port_cards = QVBoxLayout(), QVBoxLayout()
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right, self._cards, self._port_cards):
            column.setSpacing(GRID_PX)
        left.addWidget(SectionTitle("devices_scanners"))
        left.addLayout(self._cards)
        left.addWidget(self.empty)
        left.addWidget(self.seek)
        left.addWidget(self.test)
        left.addWidget(self.recording)
        left.addStretch(1)
        head = QHBoxLayout()
        head.addWidget(SectionTitle("devices_ports"), 1)
        head.addWidget(self.search)
        right.addLayout(head)
        right.addLayout(self._port_cards)
        right.addStretch(1)
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._columns.setSpacing(2 * GRID_PX)
        self._columns.addLayout(left, 3)
        self._columns.addLayout(right, 2)
        page.add(self._columns)
        page.add_stretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._pages = QStackedWidget()
        for each in (page, self.doctor, self.seeker):
            self._pages.addWidget(each)
        outer.addWidget(self._pages)
        self.doctor.finished.connect(self.finished)
        self.doctor.again.connect(lambda: self.examined.emit(self._examined))
        self.doctor.printed.connect(self.printed)
        for part in (self.doctor, self.seeker):
            part.left.connect(self.leave_care)

    def examine(self, device: str) -> None:
        """Begin the doctor's visit."""
        self._examined = device
        self.examined.emit(device)

    def leave_care(self) -> None:
        """Back to the list; every scanner is as it was."""
        self._examined = ""
        if self._pages.currentIndex():
            self._pages.setCurrentIndex(0)
            self.left.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.leave_care()

    def _show_scanners(self) -> None:
        _clear(self._cards)
        self.cards = {}
        for status in self._scanners:
            card = ScannerCard(status, self.texts, self.look)
            card.examined.connect(self.examine)
            self.cards[status.device] = card
            if status.device in self._last:
                card.tell_last(self._last[status.device])
            self._cards.addWidget(card)
            card.retheme(self.look, self.texts)
            theme_tree(card, self.look, self.texts)
        self.empty.setVisible(not self._scanners)

    def _show_ports(self) -> None:
        _clear(self._port_cards)
        for port in self._ports:
            card = self._port_card(port)
            self._port_cards.addWidget(card)
            card.retheme(self.look, self.texts)
            theme_tree(card, self.look, self.texts)
        if not self._ports:
            none = Label("no_serial_ports", tone=Tone.QUIET, part="line")
            none.setContentsMargins(GRID_PX // 2, 0, 0, 0)
            self._port_cards.addWidget(none)
            none.retheme(self.look, self.texts)

    def _port_card(self, port: FoundPort) -> Card:
        card = Card()
        name, model, ids = Label(bold=True), Label(), Label(size=Size.SMALL, tone=Tone.QUIET)
        name.show_text(port.stable_port if len(port.stable_port) < 40 else port.port)
        way = self.say(way_code(port))
        model.show_text(f"{port.model.maker} · {way}" if port.model else self.say("model_unknown"))
        numbers = f"USB {port.vid:04X}:{port.pid:04X}" if port.vid is not None and port.pid is not None else ""
        ids.show_text(" · ".join(part for part in (port.product or "", numbers) if part))
        ids.setVisible(bool(ids.text()))
        for part in (name, model, ids):
            card.add(part)
        spec = port.spec
        known = self._setting.value.splitlines() if self._setting else []
        if self._setting is not None and self._setting.may_change and spec not in known:
            add = Button("devices_add", kind=Kind.PLAIN, icon=Icon.PLUS)
            add.clicked.connect(lambda: self.chosen.emit("\n".join([*known, spec])))
            card.add(add)
        return card


def _short(device: str) -> str:
    """`serial:/dev/serial/by-id/usb-X` → `usb-X`."""
    return device.replace("\\", "/").rstrip("/").rpartition("/")[2] or device


def _clear(rows: QVBoxLayout) -> None:
    while rows.count():
        part = rows.takeAt(0).widget()
        part.hide()
        part.deleteLater()


def sheet_path() -> Path:
    """Where people look for their papers."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(place or Path.home()) / SHEET_NAME


def _print_sheet(screen: DevicesScreen, conductor: Conductor) -> None:
    from app.ui.paper import Paper  # noqa: PLC0415 - drawn when somebody asks for it

    path = sheet_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Paper().write_sheet(path, SHEET, screen.look.lang)
    except OSError:
        conductor.trouble.emit("doctor_print_failed", {"subject": path.name})
    else:
        conductor.trouble.emit("doctor_printed", {"subject": str(path)})


def join(screen: Screen, conductor: Conductor) -> None:
    """Wishes down, answers up."""
    assert isinstance(screen, DevicesScreen)
    finder = PortFinder(screen)
    screen.searched.connect(finder.look)
    screen.chosen.connect(lambda text: conductor.set_setting("scanners", text))
    finder.found.connect(screen.draw_ports)
    screen.examined.connect(conductor.examine)
    screen.finished.connect(conductor.finish_visit)
    screen.sought.connect(conductor.search_scanner)
    screen.left.connect(conductor.end_care)
    screen.recording.began.connect(conductor.record)
    screen.recording.stopped.connect(conductor.recording.end)
    conductor.recording.changed.connect(screen.recording.draw)
    screen.printed.connect(lambda: _print_sheet(screen, conductor))
    conductor.doctor_changed.connect(screen.draw_visit)
    conductor.search_changed.connect(screen.draw_search)
    conductor.scanners_changed.connect(screen.draw)
    conductor.scanner_bytes.connect(screen.draw_bytes)
    conductor.settings_changed.connect(screen.draw_settings)
