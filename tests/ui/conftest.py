"""Fixtures of the window's journeys: a hospital in a process of its own, a scanner's line, a folder that met both."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.log import MemoryRing
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.theme import Look
from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.conductor_ear import fetch
from tests.ui.journey_hand import DELIVERY, OFFLINE, Goods, Hand


@pytest.fixture(autouse=True)
def nothing_stays_on_the_screen() -> Iterator[None]:
    """What a test closed is gone before the next one: a window that lives on would be restyled and painted for ever."""
    yield
    for widget in QApplication.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(autouse=True)
def no_program_is_left_open() -> Iterator[None]:
    """Who leaves one open is told so: its log would stay open, and the next test's would go to its folder."""
    close_logs()
    yield
    assert close_logs() == 0, "this test left a program open"


def close_logs() -> int:
    """How many there were that the tests' own logging did not open."""
    root = logging.getLogger()
    left = [one for one in root.handlers if isinstance(one, RotatingFileHandler | MemoryRing)]
    for handler in left:
        root.removeHandler(handler)
        handler.close()
    return len(left)


@pytest.fixture
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def port(tmp_path: Path) -> Iterator[PtyPort]:
    with PtyPort(tmp_path) as made:
        yield made


@pytest.fixture
def data(tmp_path: Path, hospital: SandboxProcess) -> Path:
    """A data folder that has met the hospital once; from then on there is no network."""
    fetch(tmp_path / "data", hospital.url)
    hospital.faults(OFFLINE)
    return tmp_path / "data"


@pytest.fixture
def hand(qtbot: QtBot, qapp: QApplication, data: Path, hospital: SandboxProcess, port: PtyPort) -> Iterator[Hand]:
    load_fonts()
    theme.apply(qapp, Look())
    made = Hand(qtbot, data, hospital.url, port)
    yield made
    made.window.close()


@pytest.fixture
def goods(hospital: SandboxProcess) -> Goods:
    """Codes of the delivery by line and level."""
    found: Goods = {}
    for row in hospital.deliveries()[DELIVERY]["packages"]:
        found.setdefault(row["line"], {}).setdefault(row["level"], []).append(row["code"])
    return found
