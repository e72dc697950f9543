"""The doctor in the window: codes that can be read from paper and screen, a visit over a real line, a scanner found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtPdf import QPdfDocument
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.__main__ import main
from app.base.options import Environment
from app.base.texts import Texts
from app.ui import theme
from app.ui.feedback import Feedback
from app.ui.fonts import load_fonts
from app.ui.fronts import Front
from app.ui.paper import Paper
from app.ui.screens import devices as devices_module
from app.ui.screens.devices import DevicesScreen
from app.ui.screens.doctor_parts import SymbolView
from app.ui.theme import Look
from app.ui.window import MainWindow, Opening
from app.wiring import Call, Program
from devices import DeviceState, Found
from devices.catalog import recognise
from devices.sheet import BY_KEY, SHEET
from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess

WAIT_MS = 20_000
VOUCHER = b"424" + b"7" * 25


def read_in(picture: QImage) -> dict[bytes, str]:
    """What a camera sees on it: bytes and AIM identifier."""
    grey = picture.convertToFormat(QImage.Format.Format_Grayscale8)
    return {found.bytes: found.symbology_identifier for found in zxingcpp.read_barcodes(grey)}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_code_of_the_printed_sheet_can_be_read(qapp: QApplication, tmp_path: Path, lang: str) -> None:
    path = tmp_path / "sheet.pdf"
    Paper().write_sheet(path, SHEET, lang)
    document = QPdfDocument()
    assert document.load(str(path)) is QPdfDocument.Error.None_
    assert document.pageCount() == 1
    page = QImage(1654, 2339, QImage.Format.Format_RGB32)
    page.fill(Qt.GlobalColor.white)
    painter = QPainter(page)
    painter.drawImage(0, 0, document.render(0, QSize(1654, 2339)))
    painter.end()
    assert read_in(page) == {code.label: code.aims[0] for code in SHEET}


def test_a_sheet_that_cannot_be_written_is_said_so(qapp: QApplication, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        Paper().write_sheet(tmp_path / "none" / "sheet.pdf", SHEET, "zh")


def test_the_command_line_writes_the_sheet(
    qapp: QApplication, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["devices", "doctor", "--sheet", str(tmp_path / "sheet.pdf")]) == 0
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")
    assert main(["devices", "doctor", "--sheet", str(tmp_path / "none" / "sheet.pdf")]) == 3
    assert "检查页保存不了" in capfdbinary.readouterr().err.decode()


@pytest.mark.parametrize("width", [328, 500, 700])
@pytest.mark.parametrize("key", sorted(BY_KEY))
def test_every_code_on_the_screen_can_be_read(qtbot: QtBot, key: str, width: int) -> None:
    view = SymbolView()
    qtbot.addWidget(view)
    view.resize(width, 208)
    view.show_code(key)
    fits: list[bool] = []
    view.fitted.connect(fits.append)
    view.resize(width + 1, 208)
    view.show()
    if key == "gs1_128" and width == 328:  # 321 modules and their empty space: the page says to print this one
        assert fits[-1] is False
        assert read_in(view.grab().toImage()) == {}
        return
    assert fits[-1] is True
    assert read_in(view.grab().toImage()) == {BY_KEY[key].label: BY_KEY[key].aims[0]}


class Desk:
    """A window with a scanner on a serial line, a technician signed in, the devices screen in front."""

    def __init__(self, qtbot: QtBot, data: Path, server: str, scanners: tuple[str, ...]) -> None:
        silent = Feedback(opener=lambda _files, _volume: None)
        call = Call("window", data, server, Environment())
        self.window = MainWindow(Opening(lambda: Program(call), Texts.load(), scanners), feedback=silent)
        self._qtbot = qtbot
        self.states: dict[str, DeviceState] = {}
        self.people: list[object] = []
        self.settings: dict[str, str] = {}
        self.troubles: list[str] = []
        conductor = self.window.conductor
        conductor.scanners_changed.connect(lambda all_: self.states.update({one.device: one.state for one in all_}))
        conductor.operators_changed.connect(self.people.extend)
        conductor.settings_changed.connect(lambda rows: self.settings.update({row.key: row.value for row in rows}))
        conductor.trouble.connect(lambda code, _values: self.troubles.append(code))
        self.window.begin()
        self.until(lambda: bool(self.people) and set(self.states.values()) >= {DeviceState.READY})
        with qtbot.waitSignal(conductor.tasks_changed, timeout=WAIT_MS):
            conductor.sign_in("1003", "1234")
        self.window.frame.go(Front.DEVICES)
        screen = self.window.frame.screen_named("devices")
        assert isinstance(screen, DevicesScreen)
        self.screen = screen

    def until(self, so: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(so, timeout=WAIT_MS)

    def until_lines(self, begin: list[str]) -> None:
        """The checklist begins so."""
        self.until(lambda: self.lines()[: len(begin)] == begin)

    def cures(self) -> list[str]:
        """What is to be mended, as it stands."""
        return [card.title.text() for card in self.screen.doctor.cures]

    def lines(self) -> list[str]:
        """The checklist as it stands."""
        return [line.state.text() for line in self.screen.doctor.lines]


@pytest.fixture
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def desk(qtbot: QtBot, qapp: QApplication, tmp_path: Path, hospital: SandboxProcess, port: PtyPort) -> Iterator[Desk]:
    load_fonts()
    theme.apply(qapp, Look())
    made = Desk(qtbot, tmp_path / "data", hospital.url, (port.spec,))
    yield made
    made.window.close()


@pytest.mark.qt_log_ignore("PulseAudioService")  # what Qt says of a machine without sound
def test_a_visit_names_what_is_wrong_until_it_is_mended(
    desk: Desk, port: PtyPort, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readies: list[object] = []
    desk.window.conductor.scanners_changed.connect(
        lambda all_: readies.extend(one for one in all_ if one.device == port.spec and one.state is DeviceState.READY)
    )
    qtbot.mouseClick(desk.screen.cards[port.spec].examine, Qt.MouseButton.LeftButton)
    desk.until(lambda: bool(desk.screen.doctor.lines) and bool(readies))
    page = desk.screen.doctor
    assert desk.lines() == ["等待"] * len(SHEET)

    for number, code in enumerate(SHEET[:3], start=1):  # no line end, no AIM identifier
        port.write(code.label)
        desk.until_lines(["要改"] * number)
    assert desk.cures() == ["1. 没有结束符", "2. 没有发送 AIM 码制标识"]
    port.write(VOUCHER)
    desk.until(lambda: "credential_masked" in desk.troubles)

    for number, code in enumerate(SHEET, start=1):  # mended, and scanned again
        port.write(code.aims[0].encode() + code.label + b"\r\n")
        desk.until_lines(["正确"] * number)
    assert page.head.title.text() == "这把枪设置正确"
    assert desk.cures() == []

    monkeypatch.setattr(devices_module, "sheet_path", lambda: tmp_path / "papers" / "sheet.pdf")
    qtbot.mouseClick(page.paper, Qt.MouseButton.LeftButton)
    assert (tmp_path / "papers" / "sheet.pdf").read_bytes().startswith(b"%PDF")

    readies.clear()
    qtbot.mouseClick(page.back, Qt.MouseButton.LeftButton)
    desk.until(lambda: bool(readies))
    port.write(b"]E06901234567892\r\n")  # framed as before the visit: one label without its line end
    desk.until(lambda: desk.screen.test.text == "]E06901234567892")


@pytest.mark.qt_log_ignore("PulseAudioService")
def test_the_scanner_that_answers_is_kept(
    desk: Desk, port: PtyPort, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PtyPort(tmp_path, "left") as left, PtyPort(tmp_path, "right") as right:
        zebra = recognise(0x05E0, 0x1701)
        found = tuple(Found("serial", each.spec, str(each.path), model=zebra) for each in (left, right))
        stranger = Found("serial", "serial:/dev/ttyModem", model=None)
        monkeypatch.setattr("app.ui.scanner_care.list_scanners", lambda: (*found, stranger))
        qtbot.mouseClick(desk.screen.seek, Qt.MouseButton.LeftButton)
        both = {left.spec, right.spec}
        desk.until(lambda: {each for each, state in desk.states.items() if state is DeviceState.READY} >= both)
        assert "serial:/dev/ttyModem" not in desk.states
        assert desk.screen.seeker.symbol.key == "trace"
        right.write(b"]C0" + BY_KEY["trace"].label + b"\t")
        desk.until(lambda: "suffix=TAB" in desk.settings.get("scanners", ""))
        assert desk.settings["scanners"] == f"{right.spec}?suffix=TAB"
        assert "right" in desk.screen.seeker.head.advice.text()
        desk.until(lambda: left.spec not in desk.states or desk.states[left.spec] is DeviceState.CLOSED)
