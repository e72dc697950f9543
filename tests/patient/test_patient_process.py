"""The patient process and the window's end of it, over real pipes: who is told what, and when nothing is held."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.patient import wire
from app.patient.masks import masked_name, masked_number, scrubbed
from app.patient.patients import News, Patients
from app.patient.plan import Plan, Who
from app.patient.views import EXPIRED, GONE, NEXT, TOKEN, PatientView
from tests.patient import patient_world as world

WAIT_S = 60.0
WHO = Who("1002", "演示员乙")
COMMAND = (sys.executable, str(Path(world.__file__)))


class Ear:
    """What the window hears."""

    def __init__(self) -> None:
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()

    def next(self) -> News:
        return self.news.get(timeout=WAIT_S)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def patients(ear: Ear) -> Iterator[Patients]:
    made = Patients(COMMAND, ear.news.put)
    made.warm(Plan(), WHO)
    yield made
    made.close()
    assert made.pids == ()


def seen(patients: Patients, ear: Ear, voucher: str) -> PatientView:
    assert patients.identify("01302", voucher)
    news = ear.next()
    assert news.trouble == ""
    assert news.view is not None
    return news.view


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def until(so: object) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + WAIT_S
    while not so():  # type: ignore[operator]
        assert time.monotonic() < end
        os.sched_yield()


def test_a_patient_is_seen_through_masks_only(patients: Patients, ear: Ear) -> None:
    view = seen(patients, ear, world.ONE)
    assert (view.name, view.number) == ("测***", "999*************1X")
    assert view.credential == TOKEN
    assert 0 < view.expires_in_s <= Plan().holds_s
    assert view.chosen == 0
    said = repr(view)
    assert not [
        secret for secret in (world.NAME, world.ID_NO, world.TOKEN, world.ONE, "P99999900001") if secret in said
    ]


def test_of_several_kinds_one_is_chosen_before_anything_is_handed_over(patients: Patients, ear: Ear) -> None:
    view = seen(patients, ear, world.TWO)
    assert view.must_choose
    assert [one.away for one in view.insured] == [False, True]
    patients.wish(wire.HAND_OVER, infno="2201")
    news = ear.next()
    assert news.trouble == "insurance_not_chosen"
    assert news.view == replace(view, expires_in_s=news.view.expires_in_s)
    patients.wish(wire.CHOOSE, place=7)
    assert ear.next().trouble == "insurance_not_there"
    patients.wish(wire.CHOOSE, place=1)
    assert ear.next().view.chosen == 1
    patients.wish(wire.HAND_OVER, infno="2201")
    assert ear.next().view.handed[0].ids == (("mdtrt_id", "M1"),)


def test_the_next_patient_ends_the_one_before_and_does_not_wait(patients: Patients, ear: Ear) -> None:
    first = seen(patients, ear, world.ONE)
    holder = patients.pids[0]
    until(lambda: len(patients.pids) == 2)
    spare = patients.pids[1]
    second = seen(patients, ear, world.OTHER)
    assert first.handle != second.handle
    assert second.name == "试***"
    assert patients.pids[0] == spare, "the warm process took the next patient"
    assert is_gone(holder)


def test_an_expired_token_ends_the_process(ear: Ear) -> None:
    patients = Patients(COMMAND, ear.news.put)
    patients.warm(Plan(life_s=301.0, margin_s=300.0), WHO)
    seen(patients, ear, world.ONE)
    holder = patients.pids[0]
    assert ear.next().why == EXPIRED
    until(lambda: is_gone(holder) or holder not in patients.pids)
    patients.close()
    assert is_gone(holder)
    assert not patients.holds


def test_a_process_that_dies_is_told_and_the_next_patient_gets_another(patients: Patients, ear: Ear) -> None:
    seen(patients, ear, world.ONE)
    os.kill(patients.pids[0], signal.SIGKILL)
    assert ear.next().why == GONE
    assert seen(patients, ear, world.TWO).insured


def test_a_call_that_hangs_holds_nobody_up(patients: Patients, ear: Ear) -> None:
    assert patients.identify("01302", world.HANGS)
    holder = patients.pids[0]
    assert seen(patients, ear, world.ONE).name == "测***"
    assert is_gone(holder)
    patients.identify("01302", world.HANGS)
    patients.end(NEXT)
    assert ear.next().why == NEXT


@pytest.mark.parametrize(
    ("voucher", "code"),
    [(world.USED, "voucher_used"), (world.BUGS, "patient_bug"), (world.TALKS, "insurance_refused")],
)
def test_a_voucher_that_leads_nowhere_is_told_in_masks_and_forgotten(
    patients: Patients, ear: Ear, voucher: str, code: str
) -> None:
    assert patients.identify("01302", voucher)
    holder = patients.pids[0]
    news = ear.next()
    assert (news.trouble, news.view) == (code, None)
    said = repr(news)
    assert not [secret for secret in (world.NAME, world.ID_NO, voucher) if secret in said], said
    assert is_gone(holder)


def test_where_nobody_can_be_asked_every_wish_is_told_why(ear: Ear) -> None:
    patients = Patients(COMMAND, ear.news.put)
    patients.warm(Plan(org="NOBODY"), WHO)
    patients.identify("01302", world.ONE)
    assert ear.next().trouble == "evoucher_no_address"
    patients.close()


def test_the_second_scan_at_settlement_is_the_same_patients(ear: Ear) -> None:
    patients = Patients(COMMAND, ear.news.put)
    patients.warm(Plan(settle_again=True), WHO)
    seen(patients, ear, world.ONE)
    patients.wish(wire.HAND_OVER, infno="2207A")
    news = ear.next()
    assert (news.trouble, news.view.wants_scan) == ("scan_again_to_settle", "2207A")
    patients.wish(wire.AGAIN, business="01301", text=world.OTHER)
    assert ear.next().trouble == "patient_is_another"
    patients.wish(wire.AGAIN, business="01301", text=world.AGAIN)
    view = ear.next().view
    assert [one.infno for one in view.handed] == ["2207A"]
    assert view.wants_scan == ""
    patients.wish(wire.HAND_OVER, infno="2304A")
    assert ear.next().trouble == "scan_again_to_settle"
    patients.close()


def test_a_card_is_taken_in_the_vouchers_place(patients: Patients, ear: Ear) -> None:
    patients.identify("01302", world.ID_NO, act=wire.CARD, kind="02")
    view = ear.next().view
    assert (view.credential, view.number) == ("02", "999*************1X")


def test_nobody_is_held_before_anybody_came(patients: Patients, ear: Ear) -> None:
    assert not patients.wish(wire.HAND_OVER, infno="2201")
    patients.end(NEXT)
    assert ear.news.empty()


def test_where_no_process_can_be_started_it_is_told(ear: Ear) -> None:
    patients = Patients((str(Path("no") / "such" / "program"),), ear.news.put)
    patients.warm(Plan(), WHO)
    assert not patients.identify("01302", world.ONE)
    patients.close()


@settings(deadline=None)
@given(st.text(max_size=30))
def test_of_a_name_one_sign_is_seen(name: str) -> None:
    shown = masked_name(name)
    assert shown.count("*") >= 1
    assert len(shown.replace("*", "")) <= 1 or "*" in name


@settings(deadline=None)
@given(st.from_regex(r"[0-9]{15,18}[0-9X]?", fullmatch=True))
def test_of_a_number_the_ends_are_seen(number: str) -> None:
    shown = masked_number(number)
    assert len(shown) == len(number)
    assert shown.count("*") == len(number) - 5


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from([world.NAME, world.ID_NO, world.TOKEN]), st.text(max_size=40))
def test_a_sentence_of_a_remote_is_scrubbed(before: str, secret: str, after: str) -> None:
    assert secret not in scrubbed(before + secret + after, [secret])


def test_what_was_loaded_before_the_sign_in_serves_the_first_patient(ear: Ear) -> None:
    patients = Patients(COMMAND, ear.news.put)
    patients.prepare()
    (blank,) = patients.pids
    patients.warm(Plan(), WHO)
    assert patients.pids == (blank,)
    assert seen(patients, ear, world.ONE).name == "测***"
    assert patients.pids[0] == blank
    patients.close()
    patients.prepare()
    os.kill(patients.pids[0], signal.SIGKILL)
    until(lambda: not patients.pids)
    patients.warm(Plan(), WHO)
    assert seen(patients, ear, world.ONE).name == "测***"
    patients.close()
