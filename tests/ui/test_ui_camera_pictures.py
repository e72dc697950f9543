"""Every state of the camera screen as a picture in both shells, and the picture check over it (out/ui/camera)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.documents import Equation
from app.flows.outcomes import ScanOutcome
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.camera import CameraScreen
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Mode
from app.ui.turner import QtTurner
from devices import DeviceState, DeviceStatus
from devices.camera import CameraView
from devices.dock_photo import FoundCode, PhotoMark, PhotoResult, read_photo
from devices.sightings import Mark, Marked
from devices.symbols import GreyPicture, read_symbols
from tests.fixtures.labels import grey, gs1_element, page, trace_code
from tests.ui.camera_eye import BACK, FRONT
from tests.ui.picture_check import look_over, telling
from tests.ui.screens_a_views import receipt

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "camera"
SIZES = {"pocket": (360, 640), "tall": (480, 800), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "light_en": Look(lang="en"),
}
SETTLED = 12
REASONS = ("ok", "ok", "duplicate_in_receipt", "not_in_delivery", "ok", "near_expiry")
READY = DeviceStatus("camera:0", DeviceState.READY)
LOST = DeviceStatus("camera:0", DeviceState.LOST, "camera_lost")
BUSY = DeviceStatus("camera:0", DeviceState.TROUBLE, "camera_busy")


@pytest.fixture(scope="module")
def shelf() -> GreyPicture:
    dice = random.Random(4)
    return grey(page([(trace_code(dice), "Code128") for _ in range(8)], (1280, 720), 2, dice, 2, tilt=5))


@pytest.fixture(scope="module")
def table() -> tuple[GreyPicture, PhotoResult]:
    dice = random.Random(8)
    texts = [(gs1_element(dice), "DataMatrix") if n % 4 == 0 else (trace_code(dice), "Code128") for n in range(18)]
    picture = grey(page(texts, (2000, 1500), 3, dice, 3))
    result = read_photo(picture, QtTurner(), lambda label: label[-1:] not in b"37")
    codes = [replace(code, mark=PhotoMark.DOUBTFUL) if n == 5 else code for n, code in enumerate(result.codes)]
    assert len(codes) == len(texts)
    return picture, replace(result, codes=tuple(codes))


def scenes(
    screen: CameraScreen, shelf: GreyPicture, table: tuple[GreyPicture, PhotoResult]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name, and what puts the screen into that state."""
    symbols = read_symbols(shelf)
    assert len(symbols) == 8
    marks = [Marked(one, Mark.COUNTED) for one in symbols]
    marks[6:] = [Marked(symbols[6], Mark.DOUBTFUL), Marked(symbols[7], Mark.READING)]

    def ready() -> None:
        screen.take_status(READY)
        screen.take_cameras((BACK, FRONT), BACK, torch=True)
        screen.take_frame(shelf, 0)

    def seen() -> None:
        screen.take_receipt(receipt(equation=Equation(200, 128)))
        for symbol, reason in zip(symbols, REASONS, strict=False):
            screen.take_scan(outcome(symbol.label, reason))
        screen.take_view(CameraView(1280, 720, tuple(marks)))
        screen.take_scan(outcome(symbols[0].label, "ok"))

    yield "opening", lambda: None
    yield "busy", lambda: screen.take_status(BUSY)
    yield "idle", ready
    yield "marks", seen
    yield "stop", lambda: screen.take_scan(outcome(symbols[3].label, "not_in_delivery"))
    yield "lost", lambda: screen.take_status(LOST)
    yield (
        "photo_reading",
        lambda: (
            screen.take_scan(outcome(symbols[0].label, "ok")),
            ready(),
            screen.begin_photo(table[0]),
            screen.photo.show_progress(4, 15),
        ),
    )
    yield "photo_found", lambda: screen.take_photo(table[1])
    yield "photo_nothing", lambda: screen.take_photo(PhotoResult(2000, 1500, (), cancelled=False))


def outcome(label: bytes, reason: str) -> ScanOutcome:
    values = {
        "delivery": "DEMO-20261122-12",
        "line": 2,
        "drug": "阿莫西林胶囊",
        "received": 12,
        "expected": 200,
        "days": 40,
        "device": "",
        "receipt": "",
        "seq": 3,
    }
    return ScanOutcome(4, reason, label.decode(), line=2, packs=1, received=12, expected=200, values=values)


@pytest.mark.parametrize(
    ("size", "name"),
    telling(
        (
            *((size, name) for size in ("pocket", "desk") for name in ("light", "dark", "light_200", "dark_200")),
            ("pocket", "light_en"),
            ("tall", "light"),
        )
    ),
)
def test_every_state_is_a_picture_without_a_fault(
    qtbot: QtBot, qapp: QApplication, shelf: GreyPicture, table: tuple[GreyPicture, PhotoResult], size: str, name: str
) -> None:
    look, texts = LOOKS[name], Texts.load()
    assert not load_fonts().missing
    theme.apply(qapp, look)
    screen = CameraScreen(look, texts)
    frame = Frame([screen], look, texts)
    qtbot.addWidget(frame)
    frame.strip.draw(Status((ScannerStatus("0", True),), Network.ONLINE, 3, 0, "演示员甲", True))
    frame.resize(*SIZES[size])
    frame.show()
    problems: list[str] = []
    for scene, put in scenes(screen, shelf, table):
        put()
        for _ in range(SETTLED):
            qapp.processEvents()
        screen.photo.progress.settle()
        screen.total.settle()
        problems += [f"{scene}: {problem}" for problem in look_over(frame, OUT / f"{scene}_{size}_{name}.png")]
    assert not problems, "\n".join(problems)


def test_found_code_of_a_patient_is_never_shown() -> None:
    assert FoundCode(b"secret", "]Q1", (), PhotoMark.SURE, is_expected=False).__repr__().count("secret") == 0
