"""The Qt pin: a hundred thousand signals, each with the kinds of argument that broke other releases."""

from __future__ import annotations

import sys

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot
from pytestqt.qtbot import QtBot

EMITS = 100_000


class Speaker(QObject):
    said = Signal(bool)
    nudged = Signal()


class Listener(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.heard = 0
        self.nudges = 0

    @Slot(bool)
    def hear(self, value: bool) -> None:
        self.heard += value is True

    @Slot()
    def wake(self) -> None:
        self.nudges += 1


def test_a_hundred_thousand_signals_arrive_and_lose_no_reference(qtbot: QtBot) -> None:
    speaker, listener = Speaker(), Listener()
    speaker.said.connect(listener.hear)
    before = sys.getrefcount(True)

    for _ in range(EMITS):
        speaker.said.emit(True)

    assert listener.heard == EMITS
    assert sys.getrefcount(True) > before - EMITS // 10, "emit() gives away references to True: the pin is broken"


def test_queued_signals_arrive_too(qtbot: QtBot) -> None:
    speaker, listener = Speaker(), Listener()
    speaker.nudged.connect(listener.wake, Qt.ConnectionType.QueuedConnection)
    for _ in range(EMITS // 10):
        speaker.nudged.emit()
        QCoreApplication.sendPostedEvents(listener)
    assert listener.nudges == EMITS // 10
