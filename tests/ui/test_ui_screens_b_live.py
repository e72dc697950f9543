"""The screens look-up, uploads, devices, settings and about in the real window, over a real program and hospital."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.options import Environment
from app.base.texts import Texts
from app.ui import theme
from app.ui.demo.gun import PtyGun
from app.ui.feedback import Feedback
from app.ui.fonts import load_fonts
from app.ui.routing import Front
from app.ui.screens.about import AboutScreen
from app.ui.screens.devices import DevicesScreen
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.settings import SettingsScreen
from app.ui.screens.uploads import UploadsScreen
from app.ui.theme import Look, Mode
from app.ui.window import MainWindow, Opening
from app.wiring import Call, Program
from devices import DeviceState
from tests.fixtures.sandbox import SandboxProcess

WAIT_MS = 20_000
DELIVERY = "DEMO-20261122-12"
VOUCHER = "424" + "7" * 25


class Desk:
    """A window with a scanner on a serial line, signed in."""

    def __init__(self, qtbot: QtBot, data: Path, server: str, gun: PtyGun) -> None:
        silent = Feedback(opener=lambda _files, _volume: None)
        call = Call("window", data, server, Environment())
        self.window = MainWindow(Opening(lambda: Program(call), Texts.load(), gun.scanners), feedback=silent)
        self.ready: list[bool] = []
        self.people: list[object] = []
        self._qtbot = qtbot
        conductor = self.window.conductor
        conductor.scanners_changed.connect(
            lambda all_: self.ready.extend([True] * any(one.state is DeviceState.READY for one in all_))
        )
        conductor.operators_changed.connect(self.people.extend)
        self.window.begin()
        self.until(lambda: bool(self.ready and self.people))
        with qtbot.waitSignal(conductor.tasks_changed, timeout=WAIT_MS):
            conductor.sign_in("1003", "1234")  # a technician, who may install and receive

    def until(self, so: Callable[[], bool]) -> None:
        self._qtbot.waitUntil(so, timeout=WAIT_MS)

    def go(self, front: Front) -> None:
        self.window.frame.go(front)


@pytest.fixture
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def gun(tmp_path: Path) -> Iterator[PtyGun]:
    found = PtyGun(tmp_path)
    yield found
    found.close()


@pytest.fixture
def desk(qtbot: QtBot, qapp: QApplication, tmp_path: Path, hospital: SandboxProcess, gun: PtyGun) -> Iterator[Desk]:
    load_fonts()
    theme.apply(qapp, Look())
    found = Desk(qtbot, tmp_path / "data", hospital.url, gun)
    yield found
    found.window.close()


@pytest.mark.qt_log_ignore("PulseAudioService")  # what Qt says of a machine without sound
def test_look_up_bytes_settings_and_self_test(desk: Desk, hospital: SandboxProcess, gun: PtyGun) -> None:
    frame = desk.window.frame
    lookup, devices = frame.screen_named("lookup"), frame.screen_named("devices")
    settings, about = frame.screen_named("settings"), frame.screen_named("about")
    assert isinstance(lookup, LookupScreen)
    assert isinstance(devices, DevicesScreen)
    assert isinstance(settings, SettingsScreen)
    assert isinstance(about, AboutScreen)
    packages = hospital.deliveries()[DELIVERY]["packages"]
    carton = next(pack["code"] for pack in packages if pack["level"] == 3)

    desk.go(Front.LOOKUP)
    gun.shoot(carton)
    desk.until(lambda: lookup.view is not None and bool(lookup.view.manifests))
    assert lookup.view is not None
    assert lookup.view.key == carton
    lookup.packages.asked.emit(lookup.view.manifests[0].children[0])
    desk.until(lambda: lookup.view is not None and lookup.view.level == 2)
    gun.shoot(VOUCHER)
    desk.until(lambda: lookup.view is not None and lookup.view.kind == "voucher")

    desk.go(Front.DEVICES)
    gun.shoot("]d20109529999002020\x1d21A")
    desk.until(lambda: devices.test.text != "")
    assert devices.test.text == "]d20109529999002020␝21A"
    told = devices.test.text
    gun.shoot(VOUCHER)
    desk.until(lambda: bool(frame.notices.told))
    assert devices.test.text == told

    desk.go(Front.SETTINGS)
    settings.changed.emit("theme", "dark")
    desk.until(lambda: frame.look.mode is Mode.DARK)
    settings.changed.emit("text_scale", "1.5")
    desk.until(lambda: frame.look.text_scale == 1.5)
    settings.changed.emit("lang", "en")
    desk.until(lambda: frame.look.lang == "en")
    assert settings.lang.value == "en"

    desk.go(Front.ABOUT)
    about.show_part("check")
    about.run.click()
    desk.until(lambda: len(about.checks.rows) > 5)
    states = {row.key: row.value for row in about.checks.rows}
    assert {states[name] for name in ("python", "fonts", "icons", "folder", "database", "commit", "server")} == {"pass"}


def test_a_refused_item_is_told_and_sent_again(desk: Desk, hospital: SandboxProcess, gun: PtyGun) -> None:
    uploads = desk.window.frame.screen_named("uploads")
    assert isinstance(uploads, UploadsScreen)
    packages = hospital.deliveries()[DELIVERY]["packages"]
    box = next(pack["code"] for pack in packages if pack["level"] == 1)
    hospital.faults({f"poison:{box}": 1.0})
    answered: list[object] = []
    desk.window.conductor.scan_answered.connect(answered.append)
    desk.window.conductor.open_delivery(DELIVERY)
    gun.shoot(box)
    desk.until(lambda: bool(answered))
    desk.go(Front.UPLOADS)
    uploads.choose("refused")
    desk.window.conductor.sync_now()
    desk.until(lambda: len(uploads.rows.rows) == 1)
    row = uploads.rows.rows[0]
    assert row.detail == "医院不收这条记录"
    hospital.faults({})
    uploads.rows.chosen.emit(row.key)
    uploads.detail.retry.click()
    desk.until(lambda: uploads.tiles["refused"].count == 0 and uploads.tiles["accepted"].count == 1)
    assert uploads.rows.rows == ()
    ledger = [one for one in hospital.ledger(DELIVERY)["codes"] if one["state"] == "in"]
    assert [one["code"] for one in ledger] == [box]
