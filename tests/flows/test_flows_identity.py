"""核验患者: what is taken for a voucher, who may, what becomes of it, with the patients' processes played in line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import Trouble
from app.base.paths import DataPaths
from app.base.settings import Settings
from app.domain.rights import Operator
from app.flows.identity import Identity, voucher_in
from app.flows.identity_view import ASKING, ENDED, KNOWN, TROUBLE, WAITING, IdentityView
from app.patient import wire
from app.patient.patients import News
from app.patient.plan import Plan, Who
from app.patient.views import InsuredView, PatientView

PHARMACIST = Operator("1002", "演示员乙", "pharmacist", frozenset({"dispense"}))
CLERK = Operator("1001", "演示员甲", "clerk", frozenset({"receive"}))
VOUCHER = "424" + "0123456789" * 2 + "99000"
SECOND = "424" + "9876543210" * 2 + "99000"
PATIENT = PatientView(
    "h1", "01302", "演***", "990*************1X", "01", 6900.0,
    (InsuredView(0, "310", "990100", active=True, away=False),), 0,
)  # fmt: skip


class PlayedPatients:
    """`Patients` without processes: remembers what it was asked, and answers when told."""

    def __init__(self, tell: Callable[[News], None]) -> None:
        self.tell = tell
        self.turn = 0
        self.holds = False
        self.starts = True
        self.ready_s: float | None = None
        self.pids: tuple[int, ...] = ()
        self.asked: list[tuple[object, ...]] = []

    def prepare(self) -> None:
        self.asked.append(("prepare",))

    def warm(self, plan: Plan, who: Who, *, device: str) -> None:
        self.asked.append(("warm", plan.backend, who.id, device))

    def identify(
        self, business: str, text: str, *, act: str = wire.IDENTIFY, kind: str = "", card_sn: str = ""
    ) -> bool:
        self.holds = self.starts
        self.asked.append((act, business, text, kind, card_sn))
        return self.starts

    def wish(self, act: str, **more: object) -> bool:
        self.asked.append((act, more))
        return self.holds

    def end(self, why: str) -> None:
        self.turn += 1
        held, self.holds = self.holds, False
        if held and why:
            self.tell(News(why=why, turn=self.turn))

    def close(self) -> None:
        self.asked.append(("close",))

    def answer(self, **news: object) -> None:
        self.tell(replace(News(turn=self.turn), **news))  # type: ignore[arg-type]


class Desk:
    def __init__(self, folder: Path, **settings: str) -> None:
        lines = [f"{key} = {value}" for key, value in ({"evoucher": '"his-service"'} | settings).items()]
        (folder / "site.toml").write_text("\n".join(lines), encoding="utf-8")
        self.views: list[IdentityView] = []
        self.folder = folder

        def make(tell: Callable[[News], None]) -> PlayedPatients:
            self.patients = PlayedPatients(tell)
            return self.patients

        self.identity = Identity(
            lambda: Settings.load(DataPaths(folder)), make, self.views.append, "device-1"  # type: ignore[arg-type]
        )  # fmt: skip

    @property
    def view(self) -> IdentityView:
        return self.views[-1]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.identity.sign_in(PHARMACIST)
    return made


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Trouble) as caught:
        act()
    return caught.value.code


def test_the_first_process_starts_when_somebody_signs_in_who_may(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.identity.follow_settings()
    assert desk.patients.asked == [("prepare",)], "loaded before anybody is there"
    desk.identity.sign_in(CLERK)
    assert desk.patients.asked.pop() == ("close",)
    assert not desk.view.open
    desk.identity.sign_in(PHARMACIST)
    assert desk.patients.asked[1:] == [("warm", "his-service", "1002", "device-1")]
    assert (desk.view.open, desk.view.business) == (True, "01302")
    desk.identity.sign_out()
    assert desk.patients.asked[-2:] == [("close",), ("prepare",)]
    assert not desk.view.open


def test_a_voucher_becomes_a_patient_behind_masks(desk: Desk) -> None:
    desk.identity.scan(VOUCHER.encode())
    assert desk.view.state == ASKING
    assert desk.patients.asked[-1] == (wire.IDENTIFY, "01302", VOUCHER, "", "")
    desk.patients.answer(view=PATIENT)
    assert (desk.view.state, desk.view.patient) == (KNOWN, PATIENT)
    assert VOUCHER not in repr(desk.views)


def test_while_the_next_is_asked_for_nothing_of_the_last_is_shown_nor_comes_late(desk: Desk) -> None:
    desk.identity.scan(VOUCHER.encode())
    desk.patients.answer(view=PATIENT)
    stale = replace(News(turn=desk.patients.turn), view=PATIENT)
    desk.identity.scan(SECOND.encode())
    assert (desk.view.state, desk.view.patient) == (ASKING, None)
    desk.patients.tell(stale)
    assert (desk.view.state, desk.view.patient) == (ASKING, None)


def test_what_went_wrong_is_told_and_what_was_given_up_is_not(desk: Desk) -> None:
    desk.identity.scan(VOUCHER.encode())
    desk.patients.answer(trouble="voucher_used", values=(("said", "已使用"),))
    assert (desk.view.state, desk.view.trouble, dict(desk.view.values)) == (TROUBLE, "voucher_used", {"said": "已使用"})
    desk.identity.scan(SECOND.encode())
    desk.patients.answer(trouble="decoder_silent")
    assert (desk.view.state, desk.view.trouble) == (WAITING, "")


def test_a_trouble_beside_a_patient_leaves_the_patient(desk: Desk) -> None:
    desk.identity.scan(VOUCHER.encode())
    desk.patients.answer(view=PATIENT)
    desk.identity.hand_over("2207A")
    assert desk.view.state == ASKING
    waiting = replace(PATIENT, wants_scan="2207A")
    desk.patients.answer(view=waiting, trouble="scan_again_to_settle")
    assert (desk.view.state, desk.view.trouble) == (KNOWN, "scan_again_to_settle")
    desk.identity.scan(SECOND.encode())
    assert desk.patients.asked[-1] == (wire.AGAIN, {"business": "01302", "text": SECOND}), "not another patient"


@pytest.mark.parametrize("why", ["left", "idle", "locked"])
def test_an_end_is_told_with_its_reason(desk: Desk, why: str) -> None:
    desk.identity.scan(VOUCHER.encode())
    desk.patients.answer(view=PATIENT)
    desk.identity.end(why)
    assert (desk.view.state, desk.view.why, desk.view.patient) == (ENDED, why, None)
    assert code_of(lambda: desk.identity.choose(0)) == "patient_not_here"


def test_a_process_that_cannot_be_started_or_is_gone(desk: Desk) -> None:
    desk.patients.starts = False
    desk.identity.scan(VOUCHER.encode())
    assert (desk.view.state, desk.view.trouble) == (TROUBLE, "patient_process_missing")
    desk.patients.starts = True
    desk.identity.scan(VOUCHER.encode())
    desk.patients.answer(view=PATIENT)
    desk.patients.holds = False
    desk.identity.hand_over("2201")
    assert (desk.view.state, desk.view.why) == (ENDED, "gone")


def test_who_may_not_and_where_it_is_off(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert code_of(lambda: desk.identity.scan(VOUCHER.encode())) == "not_signed_in"
    desk.identity.sign_in(CLERK)
    assert code_of(lambda: desk.identity.scan(VOUCHER.encode())) == "no_right"
    (tmp_path / "site.toml").write_text("", encoding="ascii")
    desk.identity.sign_in(PHARMACIST)
    assert code_of(lambda: desk.identity.scan(VOUCHER.encode())) == "evoucher_off"
    assert desk.patients.asked[-1] == ("close",)


def test_a_library_takes_no_text(tmp_path: Path) -> None:
    desk = Desk(tmp_path, evoucher='"library"')
    desk.identity.sign_in(PHARMACIST)
    assert code_of(lambda: desk.identity.scan(VOUCHER.encode())) == "library_reads_itself"
    desk.identity.read_by_library()
    assert desk.patients.asked[-1] == (wire.IDENTIFY, "01302", "", "", "")


def test_a_card_is_checked_before_anybody_is_asked(desk: Desk) -> None:
    for kind, number, serial in (
        ("02", "123", ""), ("02", "9999991990010100Y1", ""), ("03", "A1234567", ""), ("01", "99999919900101001X", ""),
        ("03", "A 234567", "S1"), ("03", "A1234567", "S-1"), ("02", "９９９９９９１９９００１０１００１Ｘ", ""),
    ):  # fmt: skip
        assert code_of(partial(desk.identity.take_card, kind, number, serial)) == "card_number_bad"
    desk.identity.take_card("02", " 99999919900101001x ")
    assert desk.patients.asked[-1] == (wire.CARD, "01302", "99999919900101001X", "02", "")
    desk.identity.take_card("03", "A1234567", "S1")
    assert desk.patients.asked[-1] == (wire.CARD, "01302", "A1234567", "03", "S1")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (VOUCHER.encode(), VOUCHER),
        (b"]Q1" + VOUCHER.encode(), VOUCHER),
        (VOUCHER.encode() + b"\r\n", VOUCHER),
        (b"opc" + b"A1b2" * 7, "opc" + "A1b2" * 7),
        (b"https://example.invalid/code?1", "https://example.invalid/code?1"),
    ],
)
def test_what_is_taken_for_a_voucher(raw: bytes, text: str) -> None:
    assert voucher_in(raw) == text


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"89990110920985118883", "drug_code_at_patient"),
        (b"\x1d0109529999002020211234567890", "drug_code_at_patient"),
        (b"]d20109529999002020211234567890", "drug_code_at_patient"),
        (b"6901234567892", "drug_code_at_patient"),
        (b"MATOU!undo", "drug_code_at_patient"),
        (VOUCHER.encode() * 2, "voucher_glued"),
        (VOUCHER.encode() + b"89990110920985118883", "voucher_glued"),
        (b"", "voucher_not_one"),
        (b"\xff\xfe\x00", "voucher_not_one"),
        (b"x" * 5000, "voucher_not_one"),
    ],
)
def test_what_is_refused_by_its_form(raw: bytes, code: str) -> None:
    assert code_of(lambda: voucher_in(raw)) == code


@settings(deadline=None)
@given(st.from_regex(r"8[0-9]{19}", fullmatch=True))
def test_no_drugs_code_is_ever_sent_to_a_voucher_centre(code: str) -> None:
    assert code_of(lambda: voucher_in(code.encode())) == "drug_code_at_patient"


@settings(deadline=None)
@given(st.from_regex(r"424[0-9]{25}", fullmatch=True))
def test_every_voucher_of_the_nations_form_is_taken(voucher: str) -> None:
    assert voucher_in(voucher.encode()) == voucher


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_whatever_comes_has_an_answer(raw: bytes) -> None:
    found: str | Trouble
    try:
        found = voucher_in(raw)
    except Trouble as trouble:
        found = trouble
    assert found
    if isinstance(found, Trouble):
        assert found.code in ("drug_code_at_patient", "voucher_glued", "voucher_not_one")
        assert not found.values
