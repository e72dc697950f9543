"""`matou --demo`: folder, hospital, scanner on a real line, panel and tour around the real window."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.__main__ import build_parser
from app.base.errors import Trouble, WrongUse
from app.base.options import Environment
from app.base.texts import Texts
from app.domain.codes import ProductCode, TraceCode, Unknown, read
from app.flows.demo import STRANGE_PRODUCT, STRANGE_TEXT, DemoFolder, DemoHospital, fresh_delivery
from app.flows.outcomes import ScanOutcome
from app.flows.views import ReceiptView
from app.ui import theme
from app.ui.demo.gun import DoorGun, PtyGun, make_gun
from app.ui.demo.pack_tile import PackTile
from app.ui.demo.stage import DemoStage
from app.ui.demo.start import MIDDAY, open_demo, with_demo_clock
from app.ui.demo.tour import Step, Tour
from app.ui.feedback import Feedback
from app.ui.fonts import load_fonts
from app.ui.theme import Look
from app.ui.window import MainWindow, Opening
from app.wiring import Call, Program
from devices import DeviceState
from tests.ui.picture_check import check

ROOT = Path(__file__).resolve().parents[2]
WAIT_MS = 20_000
DELIVERY = "DEMO-20261122-11"


@pytest.fixture
def folder(tmp_path: Path) -> DemoFolder:
    return DemoFolder(tmp_path / "demo")


@pytest.fixture
def hospital(folder: DemoFolder) -> Iterator[DemoHospital]:
    with DemoHospital(folder.hospital) as found:
        yield found


class Show:
    """The demonstration's window with all around it, and what it heard."""

    def __init__(self, qtbot: QtBot, folder: DemoFolder, hospital: DemoHospital, gun: PtyGun | DoorGun) -> None:
        call = Call("demo", folder.root, hospital.url, Environment())
        texts = Texts.load()
        silent = Feedback(opener=lambda _files, _volume: None)
        self.window = MainWindow(Opening(lambda: Program(call), texts, gun.scanners), feedback=silent)
        self.window.begin()
        self.stage = DemoStage(self.window, hospital, gun, texts, tour=True)
        self.panel = self.stage.panel
        self.scans: list[ScanOutcome] = []
        self.receipts: list[ReceiptView] = []
        self.signed_in: list[object] = []
        self.ready: list[bool] = []
        conductor = self.window.conductor
        conductor.scan_answered.connect(self.scans.append)
        conductor.receipt_opened.connect(self.receipts.append)
        conductor.signed_in.connect(self.signed_in.append)
        conductor.scanners_changed.connect(
            lambda all_: self.ready.extend([True] * any(one.state is DeviceState.READY for one in all_))
        )
        self._qtbot = qtbot

    def receive(self) -> None:
        """Sign in by a badge that is tapped and a PIN, then open the delivery by its note."""
        self._qtbot.waitUntil(lambda: len(self.panel.tiles) >= 3, timeout=WAIT_MS)
        self._qtbot.waitUntil(lambda: bool(self.ready) or isinstance(self.stage._gun, DoorGun), timeout=WAIT_MS)
        with self._qtbot.waitSignal(self.window.conductor.badge_read, timeout=WAIT_MS):
            self.panel.tiles[0].click()
        self.window.conductor.sign_in("1001", "1234")
        self._qtbot.waitUntil(lambda: bool(self.signed_in) and len(self.panel.tiles) >= 5, timeout=WAIT_MS)
        self.tile(DELIVERY).click()
        self._qtbot.waitUntil(lambda: bool(self.receipts), timeout=WAIT_MS)

    def tile(self, words: str) -> PackTile:
        found = next(tile for tile in self.panel.tiles if words in tile.accessibleName())
        assert isinstance(found, PackTile)
        return found

    def answered(self, count: int) -> ScanOutcome:
        self._qtbot.waitUntil(lambda: len(self.scans) >= count, timeout=WAIT_MS)
        return self.scans[count - 1]

    def close(self) -> None:
        self.window.close()
        self.stage.close()
        self.window.conductor.close()


@pytest.fixture
def look(qapp: QApplication) -> None:
    load_fonts()
    theme.apply(qapp, Look())


def test_the_demo_takes_no_folder_with_other_data(tmp_path: Path) -> None:
    (tmp_path / "matou.db").write_bytes(b"somebody's work")
    with pytest.raises(Trouble, match="demo_folder_taken"):
        DemoFolder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["matou.db"]


def test_the_folder_is_known_again(tmp_path: Path) -> None:
    assert not DemoFolder(tmp_path / "d").seen_before
    assert DemoFolder(tmp_path / "d").seen_before


def test_the_hospital_keeps_its_books_over_a_restart(folder: DemoFolder) -> None:
    with DemoHospital(folder.hospital) as hospital:
        waiting = hospital.open_deliveries()
        number = hospital.another_truck(random.Random(7))
        child = hospital.process_id
    assert not Path(f"/proc/{child}").exists()
    with DemoHospital(folder.hospital) as hospital:
        assert hospital.open_deliveries() == waiting + 1
        shelf = hospital.dock().shelf(number)
    assert shelf is not None
    carton = shelf.inside(None)
    assert [pack.level for pack in carton] == [3]
    assert shelf.boxes_in(carton[0].code) == 20
    assert fresh_delivery([number], "S", random.Random(7))[0] != number


def test_a_hospital_that_does_not_come_up_is_told(folder: DemoFolder) -> None:
    with pytest.raises(Trouble, match="demo_hospital_failed"):
        DemoHospital(folder.hospital, command=(sys.executable, "-c", "print('no')"))


def test_wrong_things_are_really_wrong(hospital: DemoHospital) -> None:
    dock = hospital.dock()
    here = dock.shelf(DELIVERY)
    assert here is not None
    codes = {pack.code for pack in here.packs}
    extra, foreign = dock.extra_to(DELIVERY, random.Random(1)), dock.foreign_to(DELIVERY, random.Random(1))
    other = dock.other_than(DELIVERY)
    assert extra is not None
    assert extra not in codes
    assert extra[:7] in {code[:7] for code in codes}
    assert foreign is not None
    assert foreign[:7] not in {code[:7] for code in codes}
    assert other in {pack.code for shelf in dock.shelves if shelf.delivery != DELIVERY for pack in shelf.packs}
    assert isinstance(read(other), TraceCode)
    assert isinstance(read(STRANGE_PRODUCT), ProductCode)
    assert isinstance(read(STRANGE_TEXT), Unknown)


def test_goods_stay_fresh_whatever_the_year() -> None:
    now = with_demo_clock(Environment(), 1_795_327_200_000)
    assert now.now_ms is None
    later = with_demo_clock(Environment(), 1_995_327_200_000)
    assert later == with_demo_clock(Environment(), 0)
    assert later.now_ms is not None
    assert MIDDAY.startswith("2026-11-22")
    assert with_demo_clock(Environment(now_ms=5), 0).now_ms == 5


def test_a_server_of_ones_own_is_a_wrong_use() -> None:
    words = ["--demo", "--server", "http://127.0.0.1:1"]
    args = build_parser(words).parse_args(words)
    with pytest.raises(WrongUse, match="demo_has_server"):
        open_demo(args)


@pytest.mark.usefixtures("look")
def test_a_stranger_receives_through_the_panel(qtbot: QtBot, folder: DemoFolder, hospital: DemoHospital) -> None:
    gun = make_gun(folder.root)
    assert isinstance(gun, PtyGun)
    show = Show(qtbot, folder, hospital, gun)
    panel, tour = show.panel, show.stage.tour
    tour.go_on()
    show.receive()
    assert tour.step is not None
    assert tour.step.code == "tour_box"
    show.tile("大箱").opened.emit()
    show.tile("中包").opened.emit()
    show.tile("小包装").click()
    assert show.answered(1).reason == "ok"
    assert tour.step.code == "tour_verdict"
    panel.wrong["duplicate"].click()
    assert show.answered(2).reason == "duplicate_in_receipt"
    assert tour.step.code == "tour_carton"
    panel.up.click()
    panel.up.click()
    show.tile("大箱").click()
    assert show.answered(3).received == 200
    assert tour.step.code == "tour_uploads"
    assert check(panel) == []
    qtbot.waitUntil(lambda: show.tile("大箱").done, timeout=WAIT_MS)
    for count, (name, reason) in enumerate(
        (("voucher", "voucher_at_dock"), ("foreign", "not_in_delivery"), ("unknown", "unknown_code")), 4
    ):
        panel.wrong[name].click()
        outcome = show.answered(count)
        assert outcome.reason == reason
        if outcome.panel == "stop":
            with qtbot.waitSignal(show.window.conductor.command_answered, timeout=WAIT_MS):
                panel.commands["confirm"].click()
    with qtbot.waitSignal(show.window.conductor.command_answered, timeout=WAIT_MS) as closed:
        panel.commands["close"].click()
    assert closed.args is not None
    assert closed.args[0].ok
    assert show.tile(DELIVERY).done
    show.close()
    gun.close()


@pytest.mark.usefixtures("look")
def test_a_new_window_on_the_same_demo_has_the_same_numbers(
    qtbot: QtBot, folder: DemoFolder, hospital: DemoHospital
) -> None:
    """Without pseudo-terminals too: codes go in by the door for typed ones."""
    gun = DoorGun()
    show = Show(qtbot, folder, hospital, gun)
    show.receive()
    show.tile("大箱").opened.emit()
    show.tile("中包").click()
    assert show.answered(1).received == 20
    show.close()
    again = Show(qtbot, folder, hospital, gun)
    again.receive()
    assert again.receipts[0].equation.received == 20
    again.tile("大箱").opened.emit()
    assert [tile.done for tile in again.panel.tiles if isinstance(tile, PackTile)].count(True) == 1
    again.close()
    assert hospital.running


def test_a_tour_goes_by_what_happens_and_can_be_skipped(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(360, 640)
    host.show()
    steps = (Step("tour_welcome"), Step("tour_box", "box", lambda: host), Step("tour_wrong", "wrong"))
    tour = Tour(host, steps, Look(), Texts.load())
    tour.start()
    assert tour.card.geometry().right() < host.width()
    tour.happened("nothing that a step asks for")
    assert tour.step == steps[0]
    tour.happened("box")
    assert tour.step == steps[2]
    tour.happened("box")
    assert tour.step == steps[2]
    with qtbot.waitSignal(tour.ended):
        tour.happened("wrong")
    assert not tour.card.isVisible()
    tour.start()
    tour.card.skip.click()
    assert tour.step is None


def test_the_hospital_ends_with_a_killed_window(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "app", "--demo", "--data-dir", str(tmp_path / "demo")],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        stderr=subprocess.PIPE,
    )
    log = tmp_path / "demo" / "matou.lock.json"
    hospital = os.pidfd_open(_first_child(program, log))
    program.send_signal(signal.SIGKILL)
    program.communicate(timeout=20)
    ended = select.poll()
    ended.register(hospital, select.POLLIN)
    assert ended.poll(WAIT_MS) != []
    os.close(hospital)


def _first_child(program: subprocess.Popen[bytes], sign: Path) -> int:
    """The hospital's process, once the window holds its folder."""
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children")
    for _ in range(400):
        if sign.exists() and (found := children.read_text().split()):
            return int(found[0])
        try:
            program.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError("the demonstration did not open")
