"""Recording in the window: by whoever installs, of every scanner, and of nothing that a person types. UI thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.ui import scanner_recording, theme
from app.ui.bridge import Bridge
from app.ui.demo.gun import PtyGun
from app.ui.fonts import load_fonts
from app.ui.routing import Front
from app.ui.scanner_recording import RecordingView, ScannerRecording
from app.ui.screens.devices import DevicesScreen
from app.ui.theme import Look
from devices import DeviceState, DeviceStatus, RawScan
from devices.camera import CameraView
from devices.framing import Profile
from devices.raw import RawRead, RawStep, SerialSetup
from devices.replay import parse_recording, typed_again
from devices.symbols import Symbol
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.test_ui_screens_b_live import VOUCHER, Desk

WAIT_MS = 20_000
CODE = "89990110000000000001"
PLACE = ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0))
NOW_MS = 1_795_366_750_048


@pytest.fixture
def recording(qapp: QApplication) -> Iterator[ScannerRecording]:
    bridge = Bridge()
    made = ScannerRecording(bridge, lambda: NOW_MS)
    yield made
    made.end()
    bridge.close()


def lines(path: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def test_every_kind_has_its_lines(recording: ScannerRecording, tmp_path: Path) -> None:
    recording.take(RawScan("camera:0", b"before", 1))
    recording.begin(tmp_path / "new" / "recordings")
    recording.begin(tmp_path / "another")
    recording.take(RawScan("camera:0", CODE.encode(), 5, "]C0"))
    recording.take(RawScan("camera:0", VOUCHER.encode(), 6))
    recording.take(RawScan("serial:A", b"comes by its bytes", 7))
    setup = SerialSetup(Profile(), midstream=False, by_silence=False)
    pieces = (RawStep(100, "bytes", b"AB"), RawStep(900, "bytes", b"CDEF\r"))
    recording.take_raw(RawRead("serial:A", 8, setup, pieces, (b"ABCDEF",)))
    recording.take(RawScan("keys", b"comes key by key", 7))
    recording.take_view("camera:0", CameraView(64, 48, ()))
    seen = (Symbol(CODE.encode(), "]C0", PLACE), Symbol(VOUCHER.encode(), "]Q1", PLACE))
    recording.take_view("camera:0", CameraView(64, 48, (), seen))
    recording.take_status(DeviceStatus("serial:A", DeviceState.LOST, "port_lost"))
    view = recording.view
    assert (view.active, view.scans, view.masked) == (True, 3, 1)
    recording.end()
    assert recording.view.code == "recording_over"
    scan, voucher, raw, frame, status = lines(view.path)
    assert (scan["payload"], scan["aim"], scan["at_ms"]) == ("]C0" + CODE, "]C0", 5)
    assert (voucher["payload"], voucher["masked"]) == (None, True)
    assert [(code["aim"], code.get("raw_hex")) for code in frame["codes"]] == [
        ("]C0", CODE.encode().hex()), ("]Q1", None),
    ]  # fmt: skip
    assert (frame["kind"], frame["size"], frame["at_ms"]) == ("sightings", [64, 48], NOW_MS)
    assert raw["steps"] == [[0, "bytes", b"AB".hex()], [800, "bytes", b"CDEF\r".hex()]]
    assert (status["state"], status["code"]) == ("lost", "port_lost")
    content = Path(view.path).read_bytes()
    assert VOUCHER.encode().hex().encode() not in content
    assert [one.payload for one in parse_recording(content, "x")] == [b"]C0" + CODE.encode(), b"ABCDEF"]
    recording.begin(tmp_path / "new" / "recordings")
    assert recording.view.path != view.path, "a file that is there is never written to"


def test_a_full_disk_ends_the_recording_in_words(
    recording: ScannerRecording, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no disk that is always full on this system")

    def on_full_disk(_folder: Path, _now_ms: int) -> tuple[BinaryIO, Path]:
        return full.open("wb"), full

    monkeypatch.setattr(scanner_recording, "_new_file", on_full_disk)
    told: list[RecordingView] = []
    recording.changed.connect(told.append)
    recording.begin(Path())
    recording.take(RawScan("camera:0", CODE.encode(), 5))
    recording.take(RawScan("camera:0", CODE.encode(), 6))
    qtbot.waitUntil(lambda: bool(told) and not told[-1].active, timeout=WAIT_MS)
    assert told[-1].code == "recording_unwritable"


def test_a_full_recording_ends_whole_and_in_words(
    recording: ScannerRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording.begin(tmp_path)
    assert recording._recording is not None
    monkeypatch.setattr(recording._recording, "_most_bytes", 400)
    for _ in range(9):
        recording.take(RawScan("camera:0", CODE.encode(), 5))
    assert (recording.view.active, recording.view.code) == (False, "recording_full")
    assert len(lines(recording.view.path)) == recording.view.scans > 0


def test_a_folder_that_cannot_be_and_one_that_is_full(
    recording: ScannerRecording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    with pytest.raises(Trouble, match="recording_unwritable"):
        recording.begin(tmp_path / "file")
    monkeypatch.setattr(scanner_recording, "MOST_IN_FOLDER", 4)
    with pytest.raises(Trouble, match="recording_folder_full"):
        recording.begin(tmp_path)
    assert not recording.view.active


@pytest.fixture
def desk(qtbot: QtBot, qapp: QApplication, tmp_path: Path, hospital: SandboxProcess) -> Iterator[tuple[Desk, PtyGun]]:
    load_fonts()
    theme.apply(qapp, Look())
    gun = PtyGun(tmp_path)
    found = Desk(qtbot, tmp_path / "data", hospital.url, gun)
    found.window.activateWindow()
    yield found, gun
    found.window.close()
    gun.close()
    QGuiApplication.clipboard().clear()


class Typing:
    """Keys into the window's handle, as the system brings them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._now_ms = 1_000_000

    def type(self, text: str, *, gap_ms: int) -> None:
        handle = self._desk.window.windowHandle()
        self._now_ms += 2_000
        for sign in text:
            self._now_ms += gap_ms
            key = Qt.Key.Key_Return.value if sign == "\r" else ord(sign.upper())
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, 0, 0, 0, sign, False, 1)
                event.setTimestamp(self._now_ms)
                QCoreApplication.sendEvent(handle, event)


@pytest.mark.qt_log_ignore("PulseAudioService")
def test_a_technician_records_scans_keys_and_a_refused_label(desk: tuple[Desk, PtyGun]) -> None:
    at, gun = desk
    conductor, frame = at.window.conductor, at.window.frame
    screen = frame.screen_named("devices")
    assert isinstance(screen, DevicesScreen)
    at.until(lambda: conductor.keys is not None and at.window.windowHandle() is not None)
    at.go(Front.DEVICES)
    at.until(screen.recording.start.isVisible)
    screen.recording.start.click()
    at.until(screen.recording.stop.isVisible)
    assert frame.strip.status.recording
    assert "正在录制" in [chip.accessibleName() for chip in frame.strip.shown_chips()]
    gun.shoot(CODE)
    at.until(lambda: conductor.recording.view.scans == 1)
    gun.shoot(VOUCHER)
    at.until(lambda: conductor.recording.view.masked == 1)
    field = QLineEdit(screen)
    field.show()
    field.setFocus()
    typing = Typing(at)
    typing.type("secret\r", gap_ms=120)
    at.until(lambda: field.text() == "secret")
    typing.type("]c189990110000000000001\r", gap_ms=2)
    at.until(lambda: conductor.recording.view.scans + conductor.recording.view.refused == 3)
    screen.recording.stop.click()
    at.until(screen.recording.start.isVisible)
    assert not frame.strip.status.recording
    assert "文件" in screen.recording.hint.text()
    path = Path(conductor.recording.view.path)
    assert path.parent.name == "recordings"
    said = path.read_bytes()
    for hidden in (VOUCHER, VOUCHER.encode().hex()):
        assert hidden.encode() not in said
    keys = [line for line in lines(path) if line.get("kind") == "keys"]
    (line,) = keys
    shown = "".join(step[2] for step in line["steps"] if step[3])
    assert shown == "]c189990110000000000001\r", "the scanner's keys and no letter of the person's"
    (again,) = typed_again(said, path.name)
    assert again.now == (again.then,)


@pytest.mark.qt_log_ignore("PulseAudioService")
def test_it_ends_with_the_person_and_with_the_window_and_needs_the_right(desk: tuple[Desk, PtyGun]) -> None:
    at, _gun = desk
    conductor = at.window.conductor
    troubles: list[str] = []
    conductor.trouble.connect(lambda code, _values: troubles.append(code))
    conductor.record()
    at.until(lambda: conductor.recording.view.active)
    conductor.sign_out()
    at.until(lambda: not conductor.recording.view.active)
    assert conductor.recording.view.code == "recording_over"
    conductor.record()
    at.until(lambda: "not_signed_in" in troubles)
    with at._qtbot.waitSignal(conductor.tasks_changed, timeout=WAIT_MS):
        conductor.sign_in("1001", "1234")
    conductor.record()
    at.until(lambda: "no_right" in troubles)
    assert not conductor.recording.view.active
    with at._qtbot.waitSignal(conductor.tasks_changed, timeout=WAIT_MS):
        conductor.sign_in("1003", "1234")
    conductor.record()
    at.until(lambda: conductor.recording.view.active)
    at.window.close()
    assert not conductor.recording.view.active
