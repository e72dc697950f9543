"""Every payload that the engine lets out passes the printed tables, in every province; every other one has a name."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from app.domain.profile import Facts, Payload, Profile
from app.domain.profile_build import build, wrap
from app.flows.claim_profiles import load_profile, profile_names
from tests.domain.claim_oracle import complaints, envelope_complaints, fields_of

PROFILES = {name: load_profile(name) for name in profile_names()}
TRADES = ("purchase", "purchase_return", "stock_in", "stock_take", "sale", "sale_return")
MOMENT = dt.datetime(2026, 11, 22, 14, 5, 9, tzinfo=dt.timezone(dt.timedelta(hours=8)))
LINE: Facts = {
    "national_code": "XTEST0001", "item_code": "YP-1", "item_name": "阿莫西林胶囊", "batch_serial": "20261122ABC00101",
    "batch": "L01", "made": dt.date(2025, 6, 1), "expiry": dt.date(2027, 5, 31), "rx": "1", "split": "0",
    "supplier": "演示医药有限公司", "maker": "演示制药", "approval_no": "国药准字H20990001", "count": 2,
    "delivery": "PS-1", "price": Decimal("12.345600"), "at": MOMENT, "day": dt.date(2026, 11, 22),
    "operator_name": "演示员甲", "invoice_no": "FP-1", "gift": "0", "change_type": "108", "spec": "0.5g×24粒/盒",
    "pack_unit": "盒", "codes": ({"code": "89990111234567890123"}, {"code": "89990111234567890124"}),
    "doctor": "医师甲", "visit": "V-1", "document": "R-1", "settlement_kind": "0", "person_paper": "01", "paid_by": "2",
    "pharmacist": "药师甲", "pharmacist_registration": "Y-1",
}  # fmt: skip
ENVELOPE: Facts = {
    "msgid": "H99999900001202611221405090001", "area": "999999", "receiver": "YBXT", "version": "V1.0",
    "operator_kind": "3", "operator": "1001", "operator_name": "演示员甲", "at": MOMENT,
    "institution": "H99999900001", "institution_name": "演示医院",
}  # fmt: skip


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("trade", TRADES)
def test_a_whole_line_passes_field_by_field(name: str, trade: str) -> None:
    profile = PROFILES[name]
    infno = profile.trades[trade]
    payload = build(profile, infno, [LINE])
    assert isinstance(payload, Payload), payload
    assert complaints(infno, json.loads(payload.text(), parse_float=Decimal), name) == []
    assert payload.notes == ()


@pytest.mark.parametrize("name", PROFILES)
def test_the_profile_knows_no_field_that_the_tables_do_not_and_no_other_length(name: str) -> None:
    for infno in set(PROFILES[name].trades.values()):
        message = PROFILES[name].messages[infno]
        printed = fields_of(infno)
        for field in message.line.fields:
            if name == "inner_mongolia" and field.key in ("spec", "min_pacunt"):
                continue
            entry = printed[field.key]
            assert {field.name, *field.also} <= {field.key, *entry.get("aliases", ())}
            assert field.label == entry["zh"]
            assert (field.most or 0) == entry.get("len", 0), (infno, field.key)
            assert (field.digits, field.scale) == (entry.get("precision"), entry.get("scale")), (infno, field.key)
            assert field.table == entry.get("codes")
            required = entry.get("required", False)
            mark = required.get(name, "ambiguous") if isinstance(required, dict) else required
            if isinstance(mark, bool) and field.key != "setl_id":
                assert (field.key in message.line.required) >= mark, (infno, field.key)


@pytest.mark.parametrize("name", PROFILES)
def test_the_envelope_passes(name: str) -> None:
    profile = PROFILES[name]
    payload = build(profile, profile.trades["purchase"], [LINE])
    assert isinstance(payload, Payload)
    wrapped = wrap(profile, payload, ENVELOPE)
    assert isinstance(wrapped, Payload), wrapped
    found = json.loads(wrapped.text())
    assert envelope_complaints(found) == []
    inside = json.loads(found["input"]) if name == "hubei" else found["input"]
    assert inside == json.loads(payload.text())


def test_the_provinces_differ_where_they_are_said_to() -> None:
    def line(name: str) -> dict[str, object]:
        profile = PROFILES[name]
        payload = build(profile, profile.trades["purchase"], [LINE])
        assert isinstance(payload, Payload)
        inside = json.loads(payload.text()).popitem()[1]
        return inside[0] if isinstance(inside, list) else inside

    national, mongolia, shenzhen = map(line, ("national", "inner_mongolia", "shenzhen"))
    assert (national["purc_retn_cnt"], mongolia["purc_retn_cnt"]) == (2, "2")
    assert (national["finl_trns_pric"], mongolia["finl_trns_pric"]) == (12.3456, "12.3456")
    assert mongolia["prodentpName"] == mongolia["prodentp_name"] == shenzhen["prdr_name"] == "演示制药"
    assert mongolia["purc_retn_stointime"] == "2026-11-22 14:05:09"
    assert (mongolia["spec"], mongolia["min_pacunt"]) == ("0.5g×24粒/盒", "盒")
    assert "prodentp_name" not in shenzhen


_TEXT = st.text(max_size=40) | st.sampled_from(
    ["0", "1", "108", "x" * 501, "4" + "24" + "0" * 25, " ", "\ud800", "a\nb", "甲" * 250]
)
_FACT = st.one_of(
    st.none(), _TEXT, st.integers(), st.decimals(), st.booleans(), st.dates(),
    st.datetimes() | st.datetimes(timezones=st.just(dt.UTC)),
    st.lists(st.dictionaries(st.sampled_from(["code", "level"]), _TEXT), max_size=3).map(tuple),
)  # fmt: skip


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(PROFILES)),
    st.sampled_from(TRADES),
    st.lists(st.dictionaries(st.sampled_from(sorted(LINE)), _FACT, max_size=3), min_size=1, max_size=3),
)
def test_any_facts_give_a_payload_that_passes_or_problems_that_name_the_field(
    name: str, trade: str, changes: list[dict[str, object]]
) -> None:
    profile = PROFILES[name]
    infno = profile.trades[trade]
    shape = profile.messages[infno].shape
    rows = [{**LINE, "codes": (), **change} for change in (changes if shape == "array" else changes[:1])]
    made = build(profile, infno, rows)  # type: ignore[arg-type]
    event("payload" if isinstance(made, Payload) else "problems")
    if isinstance(made, Payload):
        assert complaints(infno, json.loads(made.text(), parse_float=Decimal), name) == []
        return
    assert made
    names = _names(profile, infno)
    for problem in made:
        assert problem.name in names, problem
        assert problem.path.split(".")[-1].split("[")[0] == problem.name


def _names(profile: Profile, infno: str) -> set[str]:
    fields = profile.messages[infno].line.fields
    inside = (each for field in fields if field.object for each in field.object.fields)
    return {each.name for each in (*fields, *inside)}
