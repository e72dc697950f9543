"""The envelope in every form against the printed tables, replies in every shape, numbers of messages, forms as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.endpoints.reading import amount, object_in, rows_in, text
from sync.endpoints.txn1101 import Cert, Insured, Person, person_of
from sync.endpoints.txn6101 import decoded_of
from sync.endpoints.txn_passthrough import Visit
from sync.envelope import EnvelopeReply, Json, Sender, build_envelope, envelope_bytes, must_be_good, read_reply
from sync.envelope_form import EnvelopeForm, form_of
from sync.errors import Refusal, SyncError
from sync.message_ids import MessageIds
from sync.transport import Call, Reply
from tests.domain.claim_oracle import envelope_complaints

FORM = EnvelopeForm("990100", "H99010000001", "演示医院")
CLERK = Sender("1002", "演示员乙")
AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
NODES: Mapping[str, Json] = {"data": {"psn_no": "P1", "medfee_sumamt": Decimal("12.50"), "count": 2, "memo": None}}
FORMS = {
    "plain": FORM,
    "string": replace(FORM, input="string", empty="blank"),
    "words": replace(FORM, numbers="string", constants=(("enc_type", "SM4"), ("serv_code", "1"))),
    "full": replace(FORM, device="PDA-1", device_proof="ok", operator_kind="3", version="V1.1"),
}


def built(form: EnvelopeForm = FORM, nodes: Mapping[str, Json] = NODES, **more: Any) -> dict[str, Any]:
    words: dict[str, Any] = {"sender": CLERK, "msgid": "H99010000001202611230902030001", "at": AT, "insuplc": "990100"}
    envelope = build_envelope(form, "2207A", nodes, **{**words, **more})
    found: dict[str, Any] = json.loads(envelope_bytes(form, envelope).decode(form.charset), parse_float=Decimal)
    return found


@pytest.mark.parametrize("name", FORMS)
def test_every_form_passes_the_printed_tables(name: str) -> None:
    found = built(FORMS[name], sign_no="S1" if name == "full" else "")
    constants = {member for member, _ in FORMS[name].constants}
    printed = {member: value for member, value in found.items() if value != "" and member not in constants}
    assert envelope_complaints(printed) == []
    assert (found["inf_time"], found["insuplc_admdvs"]) == ("2026-11-23 09:02:03", "990100")


def test_each_switch_does_what_it_says() -> None:
    assert built()["input"] == {"data": {"psn_no": "P1", "medfee_sumamt": Decimal("12.50"), "count": 2}}
    blank = json.loads(built(FORMS["string"])["input"], parse_float=Decimal)
    assert blank == {"data": {"psn_no": "P1", "medfee_sumamt": Decimal("12.50"), "count": 2, "memo": ""}}
    assert built(FORMS["string"])["sign_no"] == ""
    assert "sign_no" not in built()
    words = built(FORMS["words"])
    assert words["input"]["data"] == {"psn_no": "P1", "medfee_sumamt": "12.50", "count": "2"}
    assert (words["enc_type"], words["serv_code"]) == ("SM4", "1")
    named = built(replace(FORM, names=(("mdtrtarea_admvs", "mdtrtarea_admdvs"), ("input", "body"))))
    assert (named["mdtrtarea_admdvs"], named["body"]["data"]["psn_no"]) == ("990100", "P1")
    assert built(replace(FORM, datetime="yyyyMMddHHmmss", zone="-01:30"))["inf_time"] == "20261122233203"
    assert b"\xd1\xdd\xca\xbe" in envelope_bytes(replace(FORM, charset="gbk"), {"x": "演示"})


@pytest.mark.parametrize(
    ("form", "more", "code", "subject"),
    [
        (FORM, {"insuplc": ""}, "envelope_lacks", "insuplc_admdvs"),
        (FORM, {"sender": Sender("", "x")}, "envelope_lacks", "opter"),
        (FORM, {"sender": Sender("x" * 31, "x")}, "envelope_too_long", "opter"),
        (FORM, {"sender": Sender("x", "名" * 51)}, "envelope_too_long", "opter_name"),
        (replace(FORM, area=""), {}, "envelope_lacks", "mdtrtarea_admvs"),
        (replace(FORM, sign_in="cached"), {}, "envelope_lacks", "sign_no"),
        (replace(FORM, most=(("fixmedins_name", 3),)), {}, "envelope_too_long", "fixmedins_name"),
        (FORM, {"nodes": {"data": {"x": "y" * 40_000}}}, "envelope_too_large", "input"),
        (FORM, {"nodes": {"data": {"x": "\ud834"}}}, "envelope_too_long", "input"),
        (replace(FORM, charset="gbk"), {"nodes": {"data": {"x": "\U0001f600"}}}, "envelope_too_long", "input"),
    ],
)
def test_what_cannot_be_said_is_told_by_its_name(form: EnvelopeForm, more: Any, code: str, subject: str) -> None:
    with pytest.raises(SyncError) as no:
        built(form, **more)
    assert (no.value.code, no.value.subject) == (code, subject)


def test_no_insured_area_is_needed_where_nobody_is_named() -> None:
    assert "insuplc_admdvs" not in built(nodes={"data": {"mdtrt_cert_no": "T"}}, insuplc="")


@pytest.mark.parametrize("value", [1.5, True])
def test_a_floating_number_is_a_bug(value: Any) -> None:
    with pytest.raises(TypeError):
        built(nodes={"data": {"x": value}})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=0, max_value=10**9)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(-(10**12), 10**12), AMOUNTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.sampled_from(["object", "string"]), st.booleans())
def test_whatever_stands_in_a_node_arrives(node: dict[str, Any], shape: Any, as_texts: bool) -> None:
    form = replace(FORM, input=shape, numbers="string" if as_texts else "number", empty="blank")
    inside = built(form, {"data": node})["input"]
    inside = json.loads(inside, parse_float=Decimal) if shape == "string" else inside

    def said(value: object) -> object:
        if isinstance(value, dict):
            return {name: said(each) for name, each in value.items()}
        if isinstance(value, list):
            return [said(each) for each in value]
        return str(value) if as_texts else value

    assert inside == {"data": said(node)}


GOOD = {"infcode": 0, "inf_refmsgid": "R1", "err_msg": "", "output": {"a": 1}}


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        {**GOOD, "infcode": "0"},
        {**GOOD, "infcode": 0.0},
        {**GOOD, "output": '{"a": 1}'},
        {"code": 0, "data": GOOD},
        {"code": "0", "data": json.dumps(GOOD)},
        {"code": 200, "data": json.dumps({**GOOD, "output": json.dumps({"a": 1})})},
    ],
)
def test_a_yes_is_read_in_every_shape(reply: object) -> None:
    form = replace(FORM, reply_path=("data",))
    for raw in (
        json.dumps(reply).encode(),
        b"\xef\xbb\xbf" + json.dumps(reply).encode(),
        json.dumps(json.dumps(reply)).encode(),
    ):
        found = must_be_good(form, read_reply(form, raw))
        assert (found.refmsgid, found.output) == ("R1", {"a": 1})


@pytest.mark.parametrize(("output", "wanted"), [(None, {}), ("", {}), ([1], {"output": [1]}), ("x", {"output": "x"})])
def test_an_output_of_any_kind_is_no_trouble(output: object, wanted: dict[str, Any]) -> None:
    assert read_reply(FORM, json.dumps({**GOOD, "output": output}).encode()).output == wanted


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "bad_reply"),
        (b"<html></html>", "html_reply"),
        (b"[]", "bad_reply"),
        (b"12", "bad_reply"),
        (b'{"infcode": }', "bad_reply"),
        (b'{"infcode": null}', "bad_reply"),
        (b'{"infcode": "x"}', "bad_reply"),
        (b'{"infcode": "NaN"}', "bad_reply"),
        (b'{"infcode": 1e999999999}', "bad_reply"),
        (b"{}", "reply_lacks"),
        (b'{"code": 0}', "reply_lacks"),
        (b'{"code": 0, "data": [1]}', "reply_lacks"),
        (b'{"code": 999, "msg": "\xe9\x97\xa8"}', "gateway_refused"),
        (b"\xff\xfe{", "bad_reply"),
        (b"[" * 100_000, "bad_reply"),
    ],
)
def test_what_is_no_reply_is_sorted(raw: bytes, code: str) -> None:
    with pytest.raises(SyncError) as no:
        read_reply(replace(FORM, reply_path=("data",)), raw)
    assert no.value.code == code
    assert no.value.may_have_left or code == "gateway_refused"


MEMBERS = st.sampled_from(
    ["infcode", "output", "code", "data", "err_msg", "baseinfo", "insuinfo", "userName", "ecToken"]
)  # fmt: skip
REPLIES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(MEMBERS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=60), REPLIES.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_are_a_reply_or_an_error_with_a_code(raw: bytes) -> None:
    form = replace(FORM, reply_path=("data",))
    try:
        found = read_reply(form, raw)
        for read in (person_of, decoded_of):
            try:
                read(found.output)
            except SyncError as error:
                assert error.code == "reply_lacks"  # noqa: PT017 - either way is right
    except SyncError as error:
        assert error.code in ("bad_reply", "html_reply", "reply_lacks", "gateway_refused")  # noqa: PT017 - as above


def test_a_no_means_what_the_site_says_it_means() -> None:
    form = replace(FORM, meanings=(("-5", "token_expired"), ("~已过期", "voucher_expired"), ("~x", "person_unknown")))
    for infcode, said, code in (
        (-5, "xyz", "token_expired"), (7, "二维码已过期", "voucher_expired"), (7, "otherwise", "insurance_refused"),
        (-1, "", "insurance_down"), ("-1", "xyz", "person_unknown"), (7, "", "insurance_refused"),
    ):  # fmt: skip
        raw = json.dumps({"infcode": infcode, "err_msg": said, "inf_refmsgid": "R"}).encode()
        with pytest.raises(Refusal) as no:
            must_be_good(form, read_reply(form, raw))
        assert (no.value.code, no.value.said, no.value.reference) == (code, said, "R")
        assert not said or said not in f"{no.value} {no.value!r}"


def test_nothing_of_a_patient_is_in_a_repr() -> None:
    secret = "SECRET"
    cert = Cert("03", secret, secret)
    shown = (
        cert,
        Person(secret, secret, secret, "01", "1", secret, secret, (Insured("310", "990100", "1", "11", Decimal(7)),)),
        Visit(cert, secret, "310", "990100"),
        EnvelopeReply(0, "R", secret, {"a": secret}, secret),
        decoded_of({"userName": secret, "idNo": secret, "idType": "01", "ecToken": secret}),
        Call("POST", "/x", body=secret.encode(), headers=(("k", secret),)),
        Reply(200, None, secret.encode()),
        Refusal("person_unknown", said=secret, number=secret, reference=secret),
    )
    assert secret not in " ".join(f"{one!r} {one!s}" for one in shown)


def test_answers_are_read_leniently() -> None:
    base = {"psn_no": 123, "psn_name": " 演示 ", "certno": None}
    found = person_of({"baseinfo": json.dumps(base), "insuinfo": {"insutype": 310, "balc": "12.5"}})
    assert (found.psn_no, found.psn_name, found.certno) == ("123", "演示", "")
    assert [(one.insutype, one.balance) for one in found.insured] == [("310", Decimal("12.5"))]
    assert decoded_of({"data": json.dumps({"userName": "a", "idNo": "b", "idType": "01", "ecToken": "c"})}).id_no == "b"
    assert (rows_in({"x": "[]"}, "x"), rows_in({}, "x"), object_in({"y": 1}, "x")) == ((), (), {"y": 1})
    assert (amount({"x": "NaN"}, "x"), amount({"x": []}, "x"), text({"x": True}, "x")) == (None, None, "")
    for output, lacking in (({}, "userName"), ({"userName": "a", "idNo": "b", "idType": "c"}, "ecToken"),
                            ({"baseinfo": {"psn_no": "1"}}, "psn_name")):  # fmt: skip
        with pytest.raises(SyncError) as no:
            decoded_of(output)
        assert (no.value.code, no.value.subject) == ("reply_lacks", lacking)


def test_numbers_of_messages_are_never_told_twice() -> None:
    now = datetime(2026, 11, 23, 9, 0, 0, tzinfo=timezone(timedelta(hours=8)))
    desks = [MessageIds("H99010000001", f"pda-{slot}", slot, 40) for slot in range(40)]
    found = [desk.next(now + timedelta(milliseconds=step)) for desk in desks for step in range(300)]
    found += [desk.next(now - timedelta(hours=5)) for desk in desks for _ in range(300)]
    assert len(set(found)) == len(found) == 24_000
    for number in found[::997]:
        assert len(number) == 30
        assert number.startswith("H9901000000120261123")
        datetime.strptime(number[12:26], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    by_name = MessageIds("H99010000001", "pda-x").next(now), MessageIds("H99010000001", "pda-x").next(now)
    assert by_name[0] == by_name[1]
    with pytest.raises(SyncError):
        MessageIds("H1", "pda-1")
    with pytest.raises(ValueError, match="slot"):
        MessageIds("H99010000001", "pda-1", 100, 100)


OWN = {"area": "990100", "institution": "H99010000001", "institution_name": "演示医院"}


def test_a_form_is_read_from_tables() -> None:
    form = form_of(
        {
            **OWN, "paths": {"1101": "own/{infno}"}, "path": "all", "most": {"fixmedins_name": 20},
            "reply_path": ["data"], "decode": {"infno": "1162", "constants": {"termId": "T"}},
            "seal": {"kind": "tif+cainfo_sm2"}, "meanings": {"~过期": "voucher_expired"}, "most_signs": 9,
        }
    )  # fmt: skip
    assert (form.path_of("1101"), form.path_of("2201"), form.length_of("fixmedins_name")) == ("own/1101", "all", 20)
    assert (form.decode.infno, form.decode.constants, form.reply_path) == ("1162", (("termId", "T"),), ("data",))
    assert form_of(OWN) == FORM


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"area": ""}, "area"), ({"unknown": "x"}, "unknown"), ({"input": "xml"}, "input"), ({"path": 1}, "path"),
        ({"decode": {"nodes": "x"}}, "decode.nodes"), ({"decode": 1}, "decode"), ({"seal": {"kind": "rot13"}}, "seal"),
        ({"seal": {"kind": "tif+"}}, "seal"), ({"meanings": {"1": "fine"}}, "meanings.1"), ({"most": {"x": 1}}, "x"),
        ({"most": {"opter": 0}}, "most"), ({"zone": "8"}, "zone"), ({"reply_path": "data"}, "reply_path"),
        ({"constants": {"x": 1}}, "constants"), ({"meanings": {"~": "voucher_used"}}, "meanings"),
        ({"names": {"secret": "x"}}, "secret"), ({"most_signs": -1}, "most_signs"), ({"zone": "+99:99"}, "zone"),
    ],
)  # fmt: skip
def test_a_word_that_nothing_explains_is_refused_with_its_place(data: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        form_of({**OWN, **data})
