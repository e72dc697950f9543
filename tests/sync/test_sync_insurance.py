"""The transactions of a patient at every door of the sandbox: voucher, person, registration, settlement, refusals."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.endpoints import his_voucher, txn1101, txn6101, txn_passthrough
from sync.endpoints.registry import INSURANCE_ENDPOINTS
from sync.errors import Refusal, SyncError
from sync.insurance import MIDDLEWARE_PATH, by_middleware
from tests.fixtures.sandbox import ROOT, SandboxProcess
from tests.sync.sync_insurance import CLERK, DOORS, LIMITS, PROVINCES, Desk, Listening, cert_of, of_the_his

PAIRS = (("2201", "2206A"), ("2201", "2207A"), ("2401", "2303A"), ("2401", "2304A"))
_NUMBER = itertools.count(1)


@pytest.fixture(scope="module")
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def desk(hospital: SandboxProcess) -> Iterator[Desk]:
    made = Desk(hospital, f"pda-{next(_NUMBER)}")
    yield made
    hospital.faults({})
    made.close()


def decoded(desk: Desk, door: str, voucher: str, business: str = "01302") -> txn6101.Decoded:
    if door == "middleware":
        return his_voucher.decode(desk.transport, voucher, business, CLERK)
    return txn6101.decode(desk.line(door), voucher, business, CLERK)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("opc", [False, True])
def test_a_voucher_names_its_patient(desk: Desk, door: str, opc: bool):
    patient = desk.patient(1)
    found = decoded(desk, door, desk.sandbox.show_voucher(1, opc=opc))
    assert (found.user_name, found.id_no, found.id_type) == (patient["name"], patient["id_no"], "01")
    assert (found.ec_token, found.insu_org) == (patient["ec_token"], "990100")
    assert (found.person is not None) == (door == "south")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("business", ["01101", "01201", "01301", "01302", "01303"])
def test_each_scene_has_its_business_type(desk: Desk, door: str, business: str):
    assert decoded(desk, door, desk.sandbox.show_voucher(), business).ec_token == desk.patient()["ec_token"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"life_s": 0}, "voucher_expired"),
        ({"uses": 0}, "voucher_used"),
        ({"patient": 3}, "voucher_not_activated"),
        (None, "voucher_not_one"),
    ],
)
def test_a_voucher_that_is_no_good_says_why(desk: Desk, door: str, order: dict[str, Any] | None, code: str):
    voucher = "https://example.invalid/scan?x=1" if order is None else desk.sandbox.show_voucher(**order)
    with pytest.raises(Refusal) as no:
        decoded(desk, door, voucher)
    assert no.value.code == code
    assert no.value.said
    assert voucher not in f"{no.value} {no.value!r} {no.value.detail}"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("voucher", ["", "x" * 201, "424\n1", "\ud834", "424\x00"])
def test_what_cannot_be_a_voucher_is_not_sent(desk: Desk, door: str, voucher: str):
    desk.sandbox.reset_calls()
    with pytest.raises(Refusal) as no:
        decoded(desk, door, voucher)
    assert no.value.code == "voucher_not_one"
    assert not {"evoucher_decode", "evoucher_north"} & desk.sandbox.calls()["calls"].keys()


@pytest.mark.parametrize("door", DOORS)
def test_nothing_of_a_patient_is_in_an_address_a_header_or_a_log(
    desk: Desk, door: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    voucher, patient = desk.sandbox.show_voucher(1), desk.patient(1)
    line = desk.line(door)
    sent = Listening(line.transport)
    line.transport = sent
    if door == "middleware":
        his_voucher.decode(sent, voucher, "01302", CLERK)
    else:
        txn6101.decode(line, voucher, "01302", CLERK)
    for kind in ("01", "02", "03"):
        txn1101.person(line, cert_of(patient, kind), CLERK)
        txn_passthrough.hand_over(line, "2201", desk.visit(1, kind), CLERK, of_the_his("2201"))
    told = " ".join(f"{call.path} {call.query} {call.headers} {call!r}" for call in sent.calls)
    told += " ".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    assert len(sent.calls) >= 7
    for name in ("ec_token", "id_no", "name", "psn_no", "card_no", "card_sn"):
        assert patient[name] not in told
    assert voucher not in told


@pytest.mark.parametrize("door", DOORS)
def test_a_voucher_is_good_once(desk: Desk, door: str):
    voucher = desk.sandbox.show_voucher()
    decoded(desk, door, voucher)
    with pytest.raises(Refusal) as no:
        decoded(desk, door, voucher)
    assert no.value.code == "voucher_used"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ["01", "02", "03"])
def test_a_person_is_known_by_voucher_and_by_cards(desk: Desk, door: str, kind: str):
    decoded(desk, "middleware", desk.sandbox.show_voucher(1))
    patient = desk.patient(1)
    found = txn1101.person(desk.line(door), cert_of(patient, kind), CLERK)
    assert (found.psn_no, found.psn_name, found.certno) == (patient["psn_no"], patient["name"], patient["id_no"])
    assert [(one.insutype, one.insuplc, one.status) for one in found.insured] == [
        ("310", "990100", "1"), ("390", "990100", "1"), ("390", "990300", "2"),
    ]  # fmt: skip
    assert str(found.insured[0].balance) == "66.50"


@pytest.mark.parametrize("door", DOORS)
def test_who_is_not_insured_here_is_told_so(desk: Desk, door: str):
    away = txn1101.person(desk.line(door), cert_of(desk.patient(4), "02"), CLERK)
    assert away.insured[0].insuplc == "990200"
    for cert, code in (
        (cert_of(desk.patient(5), "02"), "area_not_open"),
        (txn1101.Cert("02", "990000200001010000"), "person_unknown"),
        (txn1101.Cert("01", "EC-DEMO-nobody"), "token_expired"),
    ):
        with pytest.raises(Refusal) as no:
            txn1101.person(desk.line(door), cert, CLERK)
        assert (no.value.code, bool(no.value.said), bool(no.value.reference)) == (code, True, True)


@pytest.mark.parametrize("door", DOORS)
def test_a_token_dies_between_two_calls(desk: Desk, door: str):
    decoded(desk, door, desk.sandbox.show_voucher())
    cert = cert_of(desk.patient(), "01")
    assert txn1101.person(desk.line(door), cert, CLERK).psn_no
    desk.sandbox.end_tokens()
    with pytest.raises(Refusal) as no:
        txn1101.person(desk.line(door), cert, CLERK)
    assert no.value.code == "token_expired"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("kind", ["01", "02", "03"])
def test_a_visit_is_handed_on(desk: Desk, door: str, first: str, second: str, kind: str):
    line = desk.line(door)
    if kind == "01":
        decoded(desk, door, desk.sandbox.show_voucher())
    visit = desk.visit(0, kind)
    strict = door in PROVINCES
    begun = txn_passthrough.hand_over(line, first, visit, CLERK, of_the_his(first) if strict else None)
    assert begun.id("mdtrt_id").startswith("DM")
    known = replace(visit, mdtrt_id=begun.id("mdtrt_id"))
    more = of_the_his(second, known.mdtrt_id, desk.device) if strict else None
    done = txn_passthrough.hand_over(line, second, known, CLERK, more)
    assert (done.id("mdtrt_id"), done.id("medins_setl_id")) == (known.mdtrt_id, done.number)
    assert bool(done.id("setl_id")) == (second in ("2207A", "2304A"))
    assert dict(done.amounts)["psn_cash_pay"] == "8.50"
    assert len(done.reference) == 30
    told = next(one for one in desk.sandbox.evoucher()["visits"] if one["mdtrt_id"] == known.mdtrt_id)
    assert (told["psn_no"], told["cert_type"]) == (visit.psn_no, kind)
    assert list(told["settled"].values()) == [done.id("setl_id")] * bool(done.id("setl_id"))


@pytest.mark.parametrize("door", DOORS)
def test_another_insurance_than_the_persons_is_refused(desk: Desk, door: str):
    line = desk.line(door)
    more = of_the_his("2201")
    for wrong in (replace(desk.visit(4), insuplc="990100"), replace(desk.visit(1), insutype="340")):
        with pytest.raises(Refusal) as no:
            txn_passthrough.hand_over(line, "2201", wrong, CLERK, more)
        assert no.value.code == "insurance_refused"
    assert txn_passthrough.hand_over(line, "2201", desk.visit(4), CLERK, more).id("mdtrt_id")


def test_a_settlement_whose_answer_was_lost_is_made_once(desk: Desk):
    line = desk.line("middleware")
    visit = desk.visit()
    begun = txn_passthrough.hand_over(line, "2201", visit, CLERK)
    visit = replace(visit, mdtrt_id=begun.id("mdtrt_id"))
    number = line.new_number()
    desk.sandbox.faults({"plan": [{"endpoint": "evoucher_transactions", "fault": "lost_reply"}]})
    with pytest.raises(SyncError) as lost:
        txn_passthrough.hand_over(line, "2207A", visit, CLERK, number=number)
    assert lost.value.may_have_left
    done = txn_passthrough.hand_over(line, "2207A", visit, CLERK, number=number)
    told = next(one for one in desk.sandbox.evoucher()["visits"] if one["mdtrt_id"] == visit.mdtrt_id)
    assert list(told["settled"].values()) == [done.id("setl_id")]


def test_the_sign_in_is_made_once_a_day_and_again_where_it_was_forgotten(desk: Desk):
    def count() -> int:
        return int(desk.sandbox.evoucher()["calls"].get("9001", 0))

    now = datetime.now(UTC)
    line = desk.line("south", now=lambda: now)
    cert = cert_of(desk.patient(), "02")
    before = count()
    for _ in range(3):
        txn1101.person(line, cert, CLERK)
    assert count() == before + 1
    txn1101.person(desk.line("south"), cert, CLERK)  # another desk signs the same person in: the first number is void
    txn1101.person(line, cert, CLERK)
    assert count() == before + 3


def test_a_clock_that_is_wrong_by_hours(desk: Desk):
    cert = cert_of(desk.patient(), "02")
    wrong = datetime.now(UTC) - timedelta(hours=5)
    with pytest.raises(Refusal) as no:
        txn1101.person(desk.line("south", now=lambda: wrong), cert, CLERK)
    assert (no.value.code, no.value.number) == ("gateway_refused", "999")
    with pytest.raises(Refusal) as no:
        txn1101.person(desk.line("north", now=lambda: wrong), cert, CLERK)
    assert no.value.number == "1006"
    assert txn1101.person(desk.line("middleware", now=lambda: wrong), cert, CLERK).psn_no


@pytest.mark.parametrize("door", PROVINCES)
def test_the_other_provinces_form_is_refused(desk: Desk, door: str):
    other = desk.form("south" if door == "north" else "north")
    own = desk.form(door)
    cert = cert_of(desk.patient(), "02")
    mixed = replace(own, input=other.input)
    with pytest.raises(Refusal):
        txn1101.person(desk.line(door, form=mixed), cert, CLERK)
    visit = desk.visit()
    begun = txn_passthrough.hand_over(desk.line(door), "2201", visit, CLERK, of_the_his("2201"))
    visit = replace(visit, mdtrt_id=begun.id("mdtrt_id"))
    mixed = replace(own, numbers=other.numbers)
    more = of_the_his("2206A", visit.mdtrt_id)
    with pytest.raises(Refusal):
        txn_passthrough.hand_over(desk.line(door, form=mixed), "2206A", visit, CLERK, more)
    assert txn_passthrough.hand_over(desk.line(door), "2206A", visit, CLERK, more).id("mdtrt_id")


@pytest.mark.parametrize("door", PROVINCES)
def test_either_provinces_form_goes_through_the_middleware(desk: Desk, door: str):
    line = desk.line("middleware", form=by_middleware(desk.form(door)))
    assert txn_passthrough.hand_over(line, "2201", desk.visit(), CLERK).id("mdtrt_id")


def test_a_wrong_key_is_refused(desk: Desk):
    cert = cert_of(desk.patient(), "02")
    keys = {name: dict(door["secrets"]) for name, door in desk.told.items()}
    for door, member, code in (("north", "secret", "credentials_refused"), ("south", "secret", "gateway_refused"),
                               ("south", "signing", "insurance_refused")):  # fmt: skip
        wrong = {**keys, door: {**keys[door], member: "7" * 64}}
        desk.told = {name: {**each, "secrets": wrong[name]} for name, each in desk.told.items()}
        with pytest.raises(SyncError) as no:
            txn1101.person(desk.line(door), cert, CLERK)
        assert no.value.code == code


WORDS = ("hang", "reset_mid_request", "reset_mid_reply", "lost_reply", "html_instead_of_json", "truncated_json",
         "wrong_schema", "status:500", "status:503", "retry_after", "slow:100", "duplicate_reply")  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("fault", WORDS)
def test_every_fault_has_an_answer(desk: Desk, door: str, fault: str):
    voucher = desk.sandbox.show_voucher()
    cert = cert_of(desk.patient(), "02")
    line = desk.line(door)
    assert txn1101.person(line, cert, CLERK).psn_no
    line.read_s = 0.5 if fault == "hang" else None
    calls: dict[str, Callable[[], object]] = {
        "evoucher_transactions" if door == "middleware" else f"evoucher_{door}": lambda: txn1101.person(
            line, cert, CLERK
        )
    }
    if door == "middleware":
        calls["evoucher_decode"] = lambda: his_voucher.decode(desk.transport, voucher, "01302", CLERK, line.read_s)
    for endpoint, call in calls.items():
        desk.sandbox.faults({"plan": [{"endpoint": endpoint, "fault": fault}]})
        if fault in ("slow:100", "duplicate_reply"):
            assert call()
            continue
        with pytest.raises(SyncError) as trouble:
            call()
        assert voucher not in f"{trouble.value!r} {trouble.value.detail} {trouble.value.subject}"
        assert not isinstance(trouble.value, Refusal)
    desk.sandbox.faults({})
    line.read_s = None
    assert txn1101.person(line, cert, CLERK).psn_no


def test_every_endpoint_is_registered_and_in_the_contract():
    contract = (ROOT / "docs/remote/evoucher.yaml").read_text(encoding="utf-8")
    modules = {path.stem for path in (ROOT / "sync/endpoints").glob("txn*.py")} | {"his_voucher"}
    assert {endpoint.name for endpoint in INSURANCE_ENDPOINTS} == modules
    for endpoint in INSURANCE_ENDPOINTS:
        assert endpoint.contract == "evoucher.yaml"
        assert 0 < endpoint.reply_bytes <= LIMITS.reply_bytes
    assert f"  {his_voucher.ENDPOINT.path}:\n    post:\n" in contract
    assert f"  /{MIDDLEWARE_PATH}:\n    post:\n" in contract
    assert set(txn_passthrough.NODES) == {"2201", "2206A", "2207A", "2401", "2303A", "2304A"}
    assert all(infno in contract for infno in txn_passthrough.NODES)
