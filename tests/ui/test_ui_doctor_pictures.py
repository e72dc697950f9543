"""Every state of the doctor's page and of the search as a picture, and the picture check over it.

The pictures lie under out/ui/doctor, for eyes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.flows.doctor import DoctorView, Examination
from app.flows.scanner_search import SearchView
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.devices import DevicesScreen
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Mode
from devices import DeviceState, DeviceStatus, RawScan, ScannerSpec
from devices.catalog import recognise
from devices.sheet import SHEET
from tests.ui.picture_check import look_over, telling

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "doctor"
SIZES = {"pocket": (360, 640), "tall": (480, 800), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "light_en": Look(lang="en"),
}
DEVICE = "serial:/dev/serial/by-id/usb-Honeywell_1900"
SETTLED = 12


def visit(arrivals: int, *, aim: bool = True, end: bytes = b"\r", finished: bool = False) -> DoctorView:
    """A visit in which so many codes of the sheet have come."""
    examination = Examination(ScannerSpec.parse(DEVICE), recognise(0x0C2E, 0x0B81), lambda raw: raw == b"secret")
    for code in SHEET[:arrivals]:
        raw = (code.aims[0].encode() if aim else b"") + code.label + end
        examination.take(RawScan(DEVICE, raw.replace(b"\x1d", b"~") if not aim else raw, 1))
    if not aim:
        examination.take(RawScan(DEVICE, b"secret", 1))
    return examination.finish() if finished else examination.view()


VISITS = {
    "waiting": visit(0),
    "running": visit(3),
    "wrong": visit(5, aim=False, end=b"", finished=True),
    "good": visit(len(SHEET)),
}
SEARCHES = {
    "listening": SearchView("listening", ("keys", "serial:05E0:1701:S7", "hid:0C2E:0B81:1900-7")),
    "alone": SearchView("alone", ()),
    "found": SearchView("found", (), "serial:05E0:1701:S7", "serial:05E0:1701:S7?suffix=either"),
}


def scenes(screen: DevicesScreen) -> Iterator[str]:
    """The name of each state, after the screen was put into it."""
    screen.draw((DeviceStatus(DEVICE, DeviceState.READY), DeviceStatus("keys", DeviceState.READY)))
    screen.draw_bytes(DEVICE, b"]Q1" + "药品 批号A1".encode("gbk"))
    yield "list"
    screen.examine(DEVICE)
    for name, view in VISITS.items():
        screen.draw_visit(view)
        yield f"visit_{name}"
    for name, search in SEARCHES.items():
        screen.draw_search(search)
        yield f"search_{name}"


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
def test_the_doctor_is_a_picture_without_a_fault(qtbot: QtBot, qapp: QApplication, size: str, name: str) -> None:
    look, texts = LOOKS[name], Texts.load()
    load_fonts()
    theme.apply(qapp, look)
    screen = DevicesScreen(look, texts)
    frame = Frame([screen], look, texts)
    qtbot.addWidget(frame)
    frame.strip.draw(Status((ScannerStatus("1900", True),), Network.ONLINE, 3, 0, "演示员丙", True))
    frame.resize(*SIZES[size])
    frame.show()
    frame.go("devices")
    problems: list[str] = []
    for scene in scenes(screen):
        for _ in range(SETTLED):
            qapp.processEvents()
        problems += [f"{scene}: {problem}" for problem in look_over(frame, OUT / f"{scene}_{size}_{name}.png")]
    assert not problems, "\n".join(problems)
