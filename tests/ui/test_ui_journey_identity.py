"""Patients at the window, in both shells: five scenes, two one after the other, expiry, a service that is down."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.paths import DataPaths
from app.base.settings import Settings
from app.flows.identity import plan_of
from app.flows.identity_view import ENDED, KNOWN, TROUBLE, WAITING, IdentityView
from app.patient.plan import Plan
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.identity import IdentityScreen
from app.ui.theme import Look
from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.patient.patient_place import set_up
from tests.patient.privacy_search import in_files
from tests.ui.conductor_ear import fetch
from tests.ui.journey_hand import Hand
from tests.ui.picture_check import look_over

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "journey_identity"
SHELLS = {"pocket": (480, 800), "desk": (1280, 800)}
SETTLED = 12  # rounds of events after which a column that scrolls has found its height
HANDS = ["01101=2201", "01301=2206A 2207A"]
DRUG = "89990110920985118883"


class Window(Hand):
    """One person at one window with patients."""

    def __init__(self, qtbot: QtBot, data: Path, server: str, port: PtyPort, shell: str) -> None:
        super().__init__(qtbot, data, server, port)
        self.shell = shell
        self.views: list[IdentityView] = []
        self.window.conductor.patient_changed.connect(self.views.append)
        self.window.resize(*SHELLS[shell])

    @property
    def screen(self) -> IdentityScreen:
        return cast("IdentityScreen", self.frame.screen_named("identity"))

    def go_to_patients(self, operator: str = "1002") -> None:
        """From the door: two steps at the most."""
        self.sign_in(operator=operator)
        self.until(lambda: self.frame.current == "tasks", "the tasks")
        self.until(self.tasks.identity.isVisible, "the way to the patients")
        self.touch(self.tasks.identity)
        self.until(lambda: self.frame.current == "identity", "the patients")

    def show(self, voucher: str, state: str = KNOWN) -> None:
        """A patient shows a code, and what comes of it is seen."""
        before = len(self.views)
        self.shoot_and_go_on(voucher)
        self.until(lambda: state in [view.state for view in self.views[before:]], state)
        assert self.screen.view.state == state

    def is_handed(self, infno: str) -> bool:
        patient = self.screen.view.patient
        return patient is not None and infno in [one.infno for one in patient.handed]

    def is_for(self, business: str) -> bool:
        return self.screen.view.business == business

    def look(self, name: str) -> None:
        """The picture, for eyes, and what is wrong in it."""
        for _ in range(SETTLED):
            QApplication.processEvents()
        problems = look_over(self.window, OUT / f"{name}_{self.shell}.png")
        assert not problems, problems


@pytest.fixture(scope="module")
def hospital() -> Iterator[SandboxProcess]:
    """One for all: what a patient did there is another patient's in the next test."""
    with SandboxProcess() as process:
        yield process


@pytest.fixture(scope="module")
def met(hospital: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("met") / "data"
    fetch(folder, hospital.url)
    return folder


@pytest.fixture
def folder(tmp_path: Path, met: Path, hospital: SandboxProcess) -> Iterator[Path]:
    shutil.copytree(met, tmp_path / "data")
    yield tmp_path / "data"
    hospital.faults({})


@pytest.fixture
def window_of(
    qtbot: QtBot, qapp: QApplication, folder: Path, hospital: SandboxProcess, port: PtyPort
) -> Iterator[Callable[..., Window]]:
    made: list[Window] = []

    def make(shell: str = "desk", **settings: object) -> Window:
        set_up(folder, hospital, evoucher_hand_over=HANDS, **settings)
        load_fonts()
        theme.apply(qapp, Look())
        window = Window(qtbot, folder, hospital.url, port, shell)
        made.append(window)
        return window

    yield make
    for one in made:
        one.window.close()


def left_behind(folder: Path, hospital: SandboxProcess, *vouchers: str) -> list[str]:
    """What a search from outside finds of any patient."""
    secrets = {f"voucher {number}": one for number, one in enumerate(vouchers)}
    for place, patient in enumerate(hospital.patients()):
        for name in ("ec_token", "id_no", "name", "voucher"):
            secrets[f"{name} of {place}"] = str(patient[name])
    return in_files(folder, secrets)


@pytest.mark.parametrize("shell", SHELLS)
def test_five_scenes(window_of: Callable[..., Window], folder: Path, hospital: SandboxProcess, shell: str) -> None:
    window = window_of(shell)
    window.go_to_patients()
    assert window.screen.view.business == "01302", "a dispensing desk"
    window.look("waits")
    vouchers: list[str] = []
    for business in window.screen.view.scenes:
        if business != window.screen.view.business:
            window.touch(window.screen.scene)
            window.touch(window.screen.scene_buttons[business])
            window.until(partial(window.is_for, business), "the scene")
        vouchers.append(hospital.show_voucher(0))
        window.show(vouchers[-1])
        assert window.screen.view.patient.business == business
        assert window.screen.person.name.text() == "演***"
        for infno in window.screen.view.hand_overs:
            window.touch(window.screen.hand_over.buttons[infno])
            window.until(partial(window.is_handed, infno), f"{infno} was taken")
        window.look(f"scene_{business}")
    assert window.window.close()
    assert left_behind(folder, hospital, *vouchers) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_two_patients_one_after_the_other_and_a_choice(
    window_of: Callable[..., Window], folder: Path, hospital: SandboxProcess, shell: str
) -> None:
    window = window_of(shell)
    window.go_to_patients()
    vouchers = [hospital.show_voucher(place) for place in (0, 1)]
    window.show(vouchers[0])
    first = window.screen.view.patient
    window.show(vouchers[1])
    second = window.screen.view.patient
    assert first.number != second.number
    assert second.must_choose
    assert window.screen.insurance.ask.isVisible()
    window.look("several")
    window.touch(window.screen.insurance.buttons[1])
    window.until(lambda: window.screen.view.patient.chosen == 1, "chosen")
    window.look("chosen")
    window.touch(window.screen.finish)
    window.until(lambda: window.screen.view.state == ENDED, "let go of")
    window.look("left")
    assert window.window.close()
    assert left_behind(folder, hospital, *vouchers) == []


def test_the_token_expires_in_the_middle(
    window_of: Callable[..., Window], folder: Path, hospital: SandboxProcess
) -> None:
    window = window_of(
        "pocket", evoucher_margin_s=7135.0
    )  # 65 s are left: more than the machine needs, less than a test
    window.go_to_patients()
    voucher = hospital.show_voucher(0)
    window.show(voucher)
    assert 0 < window.screen.view.patient.expires_in_s <= 65
    hospital.end_tokens()
    window.touch(window.screen.scene)
    window.touch(window.screen.scene_buttons["01101"])
    window.until(lambda: window.screen.view.hand_overs == ("2201",), "the scene")
    window.touch(window.screen.hand_over.buttons["2201"])
    window.until(lambda: window.screen.view.trouble == "token_expired", "told")
    assert "重新扫描" in window.screen.trouble.advice.text() + window.screen.trouble.title.text()
    window.look("token_expired")
    assert window.window.close()
    assert left_behind(folder, hospital, voucher) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_its_time_is_over_while_the_patient_stands_there(
    window_of: Callable[..., Window], folder: Path, hospital: SandboxProcess, shell: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def short(settings: Settings) -> Plan:
        return replace(plan_of(settings), life_s=304.0, margin_s=300.0)

    monkeypatch.setattr("app.flows.identity.plan_of", short)
    window = window_of(shell)
    window.go_to_patients()
    voucher = hospital.show_voucher(0)
    window.shoot_and_go_on(voucher)
    window.until(lambda: KNOWN in [view.state for view in window.views], "known")
    holder = window.window.conductor._session._patients.identity.pids[:1]
    window.until(lambda: (window.screen.view.state, window.screen.view.why) == (ENDED, "expired"), "over")
    assert window.screen.view.patient is None
    window.until(lambda: not [pid for pid in holder if Path(f"/proc/{pid}/maps").exists()], "the process is gone")
    window.look("its_time_is_over")
    window.show(hospital.show_voucher(0))
    assert window.window.close()
    assert left_behind(folder, hospital, voucher) == []


def test_the_service_is_down_and_comes_back(
    window_of: Callable[..., Window], folder: Path, hospital: SandboxProcess
) -> None:
    window = window_of("pocket")
    window.go_to_patients()
    vouchers = [hospital.show_voucher(0), hospital.show_voucher(0)]
    hospital.faults({"status:503": 1.0})
    window.show(vouchers[0], TROUBLE)
    assert "重新扫描" in window.screen.trouble.advice.text()
    window.look("down")
    hospital.faults({})
    window.show(vouchers[1])
    assert window.window.close()
    assert left_behind(folder, hospital, *vouchers) == []


def test_what_is_no_voucher_is_refused_by_its_form(
    window_of: Callable[..., Window], folder: Path, hospital: SandboxProcess
) -> None:
    window = window_of()
    window.go_to_patients()
    used = hospital.show_voucher(0)
    hospital.reset_calls()
    window.shoot_and_go_on(DRUG)
    window.until(lambda: "drug_code_at_patient" in window.troubles, "a drug's code")
    window.shoot_and_go_on(used + used)
    window.until(lambda: "voucher_glued" in window.troubles, "two in one")
    assert window.screen.view.state == WAITING
    assert hospital.calls()["calls"].get("his_voucher", {}).get("count", 0) == 0
    window.show(used)
    window.show(used, TROUBLE)
    assert window.screen.view.trouble == "voucher_used"
    window.show(hospital.show_voucher(0, life_s=0), TROUBLE)
    assert window.screen.view.trouble == "voucher_expired"
    window.look("expired")
    window.show("https://example.invalid/pay?x=1", TROUBLE)
    assert window.screen.view.trouble == "voucher_not_one"
    assert window.window.close()
    assert left_behind(folder, hospital, used) == []
    logged = "".join(path.read_text(encoding="utf-8") for path in (folder / "logs").iterdir())
    assert DRUG not in logged


def test_who_may_not_and_where_it_is_off_there_is_no_way(
    window_of: Callable[..., Window], hospital: SandboxProcess
) -> None:
    window = window_of()
    window.sign_in(operator="1001")  # a clerk of the dock
    window.until(lambda: window.frame.current == "tasks", "the tasks")
    assert not window.tasks.identity.isVisible()
    window.frame.go("identity")
    window.shoot_and_go_on(hospital.show_voucher(0))
    window.until(lambda: "no_right" in window.troubles, "told")
    assert window.screen.view.state == WAITING


def test_locked_signed_out_and_another_person(window_of: Callable[..., Window], hospital: SandboxProcess) -> None:
    window = window_of()
    window.go_to_patients()
    window.show(hospital.show_voucher(0))
    session = window.window.conductor._session
    holders = session._patients.identity.pids
    assert holders
    window.touch(window.screen.lock)
    window.until(lambda: window.frame.current == "sign_in", "locked")
    window.until(lambda: not set(holders) & set(session._patients.identity.pids), "no process of theirs is left")
    assert not [pid for pid in holders if Path(f"/proc/{pid}/cmdline").exists()]
    assert window.screen.view.patient is None
    window.sign_in(operator="1002")
    window.until(lambda: window.frame.current == "tasks", "in again")
    assert window.screen.view.patient is None
    window.until(window.tasks.identity.isVisible, "the way to the patients")
    window.touch(window.tasks.identity)
    window.show(hospital.show_voucher(0))


def test_by_card(window_of: Callable[..., Window], folder: Path, hospital: SandboxProcess) -> None:
    window = window_of()
    window.go_to_patients()
    known = hospital.patients()[0]
    window.touch(window.screen.paper_way)
    window.type(window.screen.paper.number.edit, "1234")
    window.touch(window.screen.paper.ask)
    window.until(lambda: "card_number_bad" in window.troubles, "too short")
    window.type(window.screen.paper.number.edit, known["id_no"])
    window.look("paper")
    window.touch(window.screen.paper.ask)
    window.until(lambda: window.screen.view.state == KNOWN, "known")
    assert window.screen.view.patient.credential == "02"
    assert window.window.close()
    assert left_behind(folder, hospital) == []


def test_a_setting_is_followed_at_once(
    window_of: Callable[..., Window], hospital: SandboxProcess, folder: Path
) -> None:
    window = window_of()
    session = window.window.conductor
    window.sign_in(operator="1003")  # the technician
    window.until(lambda: window.frame.current == "tasks", "the tasks")
    window.until(lambda: window.screen.view.backend == "his-service", "on")
    session.set_setting("evoucher", "off")
    window.until(lambda: window.screen.view.backend == "off", "off")
    assert not window.tasks.identity.isVisible()
    assert Settings.load(DataPaths(folder)).text("evoucher") == "off"
