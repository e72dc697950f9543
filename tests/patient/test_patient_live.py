"""The program's own patient process at the sandbox: three doors, what is handed on, and how it goes wrong."""

from __future__ import annotations

import hashlib
import itertools
import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.base.paths import DataPaths
from app.base.settings import Settings
from app.flows.identity import hand_overs_of, plan_of, scenes_of
from app.flows.patient_world import SLOTS
from app.patient import wire
from app.patient.link import command_of
from app.patient.patients import News, Patients
from app.patient.plan import Who
from tests.fixtures.sandbox import SandboxProcess
from tests.patient.patient_place import set_up

WAIT_S = 60.0
WHO = Who("1002", "演示员乙")
SEVERAL = 1  # the place of the patient with several kinds of insurance


def devices() -> Iterator[str]:
    """Names whose shares of a second's message numbers differ: the tests are quicker than any two real windows."""
    shares: set[int] = set()
    for number in itertools.count():
        name = f"device-{number}"
        share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % SLOTS
        if share not in shares:
            shares.add(share)
            yield name


DEVICES = devices()


class Desk:
    """A window without a window: one person's patients."""

    def __init__(self, folder: Path, hospital: SandboxProcess) -> None:
        self.settings = Settings.load(DataPaths(folder))
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self.patients = Patients(command_of(folder, hospital.url), self.news.put)
        self.patients.warm(plan_of(self.settings), WHO, device=next(DEVICES))

    def next(self) -> News:
        return self.news.get(timeout=WAIT_S)

    def scan(self, voucher: str, business: str = "01302") -> News:
        assert self.patients.identify(business, voucher)
        return self.next()

    def wish(self, act: str, **more: object) -> News:
        assert self.patients.wish(act, **more)  # type: ignore[arg-type]
        return self.next()


@pytest.fixture(scope="module")
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture(autouse=True)
def calm(hospital: SandboxProcess) -> Iterator[None]:
    yield
    hospital.faults({})


@pytest.fixture
def desk_of(hospital: SandboxProcess, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(backend: str = "his-service", **settings: object) -> Desk:
        set_up(tmp_path, hospital, backend, **settings)
        made.append(Desk(tmp_path, hospital))
        return made[-1]

    yield make
    for one in made:
        one.patients.close()


@pytest.mark.parametrize(("backend", "door"), [("his-service", "middleware"), ("http", "north"), ("http", "south")])
def test_three_doors_and_what_is_handed_on(
    desk_of: Callable[..., Desk], hospital: SandboxProcess, backend: str, door: str
) -> None:
    desk = desk_of(backend, door=door)
    known = hospital.patients()[0]
    news = desk.scan(hospital.show_voucher(0), "01101")
    assert news.trouble == "", news
    assert news.view.name.startswith(known["name"][0])
    assert known["name"] not in repr(news)
    assert known["id_no"] not in repr(news)
    assert [one.kind for one in news.view.insured] == ["310"]
    taken = desk.wish(wire.HAND_OVER, infno="2201")
    assert taken.trouble == "", taken
    visit = dict(taken.view.handed[-1].ids)["mdtrt_id"]
    for infno in ("2206A", "2207A"):
        taken = desk.wish(wire.HAND_OVER, infno=infno)
        assert taken.trouble == "", taken
    ids = {name: value for one in taken.view.handed for name, value in one.ids}
    assert ids["mdtrt_id"] == visit
    assert ids["setl_id"]
    assert "psn_no" not in ids
    assert visit in repr(hospital.evoucher()["visits"])


def test_in_the_ward_too(desk_of: Callable[..., Desk], hospital: SandboxProcess) -> None:
    desk = desk_of()
    assert desk.scan(hospital.show_voucher(2), "01103").trouble == ""
    told = [desk.wish(wire.HAND_OVER, infno=infno) for infno in ("2401", "2303A", "2304A")]
    assert [news.trouble for news in told] == ["", "", ""], told
    assert dict(told[-1].view.handed[-1].ids)["setl_id"]


def test_several_kinds_are_shown_with_what_is_paused_and_elsewhere(
    desk_of: Callable[..., Desk], hospital: SandboxProcess
) -> None:
    desk = desk_of()
    news = desk.scan(hospital.show_voucher(SEVERAL))
    assert news.view.must_choose
    assert [(one.kind, one.active, one.away) for one in news.view.insured] == [
        ("310", True, False), ("390", True, False), ("390", False, True),
    ]  # fmt: skip
    assert desk.wish(wire.HAND_OVER, infno="2201").trouble == "insurance_not_chosen"
    assert desk.wish(wire.CHOOSE, place=1).view.chosen == 1
    assert desk.wish(wire.HAND_OVER, infno="2201").trouble == ""


def test_a_voucher_that_is_no_good_is_told_why(desk_of: Callable[..., Desk], hospital: SandboxProcess) -> None:
    desk = desk_of()
    used = hospital.show_voucher(0)
    assert desk.scan(used).trouble == ""
    codes = [desk.scan(used).trouble, desk.scan(hospital.show_voucher(0, life_s=0)).trouble]
    codes += [desk.scan("https://example.invalid/q?1").trouble]
    cases = {str(one.get("case", "")): place for place, one in enumerate(hospital.patients())}
    if "not_activated" in cases:
        codes.append(desk.scan(hospital.show_voucher(cases["not_activated"])).trouble)
        assert codes[-1] == "voucher_not_activated"
    assert codes[:3] == ["voucher_used", "voucher_expired", "voucher_not_one"]


def test_a_card_in_the_vouchers_place(desk_of: Callable[..., Desk], hospital: SandboxProcess) -> None:
    desk = desk_of()
    known = hospital.patients()[0]
    assert desk.patients.identify("01302", known["id_no"], act=wire.CARD, kind="02")
    news = desk.next()
    assert (news.trouble, news.view.credential) == ("", "02")
    assert desk.wish(wire.HAND_OVER, infno="2201").trouble == ""
    assert desk.patients.identify("01302", "990000200001010000", act=wire.CARD, kind="02")
    assert desk.next().trouble == "person_unknown"


def test_after_decoding_a_site_may_go_on_with_the_number(
    desk_of: Callable[..., Desk], hospital: SandboxProcess
) -> None:
    news = desk_of(evoucher_credential="id_card").scan(hospital.show_voucher(0))
    assert (news.trouble, news.view.credential) == ("", "02")


def test_a_token_that_the_insurance_has_ended(desk_of: Callable[..., Desk], hospital: SandboxProcess) -> None:
    desk = desk_of()
    assert desk.scan(hospital.show_voucher(0)).trouble == ""
    hospital.end_tokens()
    news = desk.wish(wire.HAND_OVER, infno="2201")
    assert news.trouble == "token_expired"


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ("status:503", {"server_error", "throttled"}),
        ("html_instead_of_json", {"html_reply", "bad_reply"}),
        ("truncated_json", {"bad_reply", "connection_lost"}),
        ("reset_mid_reply", {"connection_lost"}),
    ],
)
def test_a_service_that_is_down_has_a_name(
    desk_of: Callable[..., Desk], hospital: SandboxProcess, fault: str, codes: set[str]
) -> None:
    desk = desk_of()
    voucher = hospital.show_voucher(0)
    hospital.faults({fault: 1.0})
    assert desk.scan(voucher).trouble in codes
    hospital.faults({})
    assert desk.scan(hospital.show_voucher(0)).trouble == ""


def test_an_answer_that_was_lost_is_sent_again_under_its_number(
    desk_of: Callable[..., Desk], hospital: SandboxProcess
) -> None:
    desk = desk_of()
    assert desk.scan(hospital.show_voucher(0)).trouble == ""
    before = len(hospital.evoucher()["visits"])
    hospital.faults({"lost_reply": 1.0})
    assert desk.wish(wire.HAND_OVER, infno="2201").trouble == "hand_over_unsure"
    hospital.faults({})
    assert desk.wish(wire.HAND_OVER, infno="2201").trouble == ""
    assert len(hospital.evoucher()["visits"]) == before + 1, "one registration, not two"


def test_nothing_of_the_envelope_is_set_up(hospital: SandboxProcess, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('evoucher = "his-service"\n', encoding="ascii")
    desk = Desk(tmp_path, hospital)
    news = desk.scan(hospital.show_voucher(0))
    assert news.trouble == "evoucher_form_bad"
    assert "area" in dict(news.values)["why"]
    desk.patients.close()


def test_the_settings_say_scenes_and_hand_overs(tmp_path: Path) -> None:
    settings = Settings.load(DataPaths(tmp_path))
    assert scenes_of(settings) == ("01302", "01101", "01201", "01301", "01303")
    assert hand_overs_of(settings)["01301"] == ("2206A", "2207A")
    (tmp_path / "site.toml").write_text(
        'evoucher_scenes = ["", "99999", "01101", "01101"]\nevoucher_hand_over = ["nonsense", "01101 = 2201"]\n',
        encoding="ascii",
    )
    settings = Settings.load(DataPaths(tmp_path))
    assert scenes_of(settings) == ("01101",)
    assert hand_overs_of(settings) == {"01101": ("2201",)}
