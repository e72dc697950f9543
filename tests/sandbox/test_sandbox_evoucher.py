"""The voucher's doors of the sandbox: generated calls keep `evoucher.yaml`, and no sloppy envelope passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema_rs import Draft202012Validator

from tests.fixtures.sandbox import ROOT, SandboxProcess, SandboxSaidNo
from tests.sandbox.conftest import Client
from tests.sandbox.test_sandbox_contract import CHECKS

FILE = ROOT / "docs" / "remote" / "evoucher.yaml"
schema = schemathesis.openapi.from_path(str(FILE))
_NUMBER = iter(range(10_000))


@pytest.fixture(scope="module")
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


def validator(name: str) -> Draft202012Validator:
    components = schema.raw_schema["components"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_generated_calls_keep_the_contract(case: schemathesis.Case[Any], hospital: SandboxProcess):
    key = {"X-Api-Key": hospital.evoucher()["forms"]["north"]["secrets"]["secret"]} if "north" in case.path else {}
    case.call_and_validate(base_url=hospital.url, checks=CHECKS, headers=key)


def envelope(number: str, nodes: object, **more: Any) -> dict[str, Any]:
    """One that the northern door takes."""
    local = datetime.now(UTC) + timedelta(hours=8)
    return {
        "infno": number, "msgid": f"H99010000001{local:%Y%m%d%H%M%S}{next(_NUMBER):04}", "mdtrtarea_admvs": "990100",
        "recer_sys_code": "YBXT", "infver": "V1.0", "opter_type": "1", "opter": "1002", "opter_name": "演示员乙",
        "inf_time": f"{local:%Y-%m-%d %H:%M:%S}", "fixmedins_code": "H99010000001", "fixmedins_name": "演示医院",
        "input": nodes, **more,
    }  # fmt: skip


def sent(hospital: SandboxProcess, body: object, path: str = "/evoucher/north/api") -> dict[str, Any]:
    key = hospital.evoucher()["forms"]["north"]["secrets"]["secret"]
    status, _, reply = Client(hospital.port).call("POST", path, body, {"X-Api-Key": key})
    assert status == 200, reply
    found: dict[str, Any] = json.loads(reply)
    validator("Reply").validate(found)
    return found


def asked(hospital: SandboxProcess, **more: Any) -> dict[str, Any]:
    card = hospital.patients()[0]["id_no"]
    return envelope("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": card}}, **more)


def test_a_whole_envelope_is_of_the_schema_and_is_answered(hospital: SandboxProcess):
    body = asked(hospital)
    validator("Envelope").validate(body)
    for path in ("/evoucher/north/api", "/v1/evoucher/transactions"):
        reply = sent(hospital, asked(hospital), path)
        assert (reply["infcode"], reply["output"]["baseinfo"]["psn_name"]) == (0, hospital.patients()[0]["name"])
        assert len(reply["inf_refmsgid"]) == 30


@pytest.mark.parametrize(
    "more",
    [
        {"infno": ""}, {"infno": "1101AAA"}, {"infno": "3505A"}, {"msgid": "H9901"}, {"mdtrtarea_admvs": "990200"},
        {"msgid": "H99010000001202613990000000001"}, {"recer_sys_code": "LXXT"}, {"opter": ""},
        {"opter_type": "4"},
        {"opter_name": "名" * 51}, {"inf_time": "2026-11-23"}, {"inf_time": "2020-01-01 00:00:00"}, {"input": {}},
        {"fixmedins_code": "H99010000002"}, {"more": "x"}, {"input": "{}"}, {"input": None}, {"opter": 1002},
        {"input": {"data": {"mdtrt_cert_type": "02"}}}, {"input": {"data": {"psn_no": "P", "mdtrt_cert_no": "1"}}},
        {"input": {"data": {"mdtrt_cert_type": 2, "mdtrt_cert_no": "1"}}}, {"input": {"data": []}},
        {"input": {"data": {"mdtrt_cert_type": "03", "mdtrt_cert_no": "1"}}}, {"infno": "1162"},
        {"input": {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "x" * 40_000}}},
        {"input": {"data": {"medfee_sumamt": 1}, "mdtrt_cert_type": "02"}},
    ],
)  # fmt: skip
def test_no_sloppy_envelope_passes(hospital: SandboxProcess, more: dict[str, Any]):
    before = hospital.evoucher()["visits"]
    reply = sent(hospital, asked(hospital, **more))
    assert reply["infcode"] != 0
    assert reply["err_msg"]
    assert hospital.evoucher()["visits"] == before


def test_a_number_is_taken_once_by_a_province_and_known_again_by_the_middleware(hospital: SandboxProcess):
    body = asked(hospital)
    assert sent(hospital, body)["infcode"] == 0
    assert sent(hospital, body)["infcode"] != 0
    body = asked(hospital)
    path = "/v1/evoucher/transactions"
    first, again = sent(hospital, body, path), sent(hospital, body, path)
    assert (again["infcode"], again["output"]) == (0, first["output"])
    other = {**body, "input": {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": hospital.patients()[1]["id_no"]}}}
    assert sent(hospital, other, path)["infcode"] != 0


def test_nobody_without_a_key_or_a_device_is_answered(hospital: SandboxProcess):
    client = Client(hospital.port)
    assert client.call("POST", "/evoucher/north/api", asked(hospital))[0] == 401
    assert client.call("POST", "/evoucher/north/api", asked(hospital), {"X-Api-Key": "no"})[0] == 401
    status, _, reply = client.call("POST", "/evoucher/south/api/1101", asked(hospital))
    assert (status, json.loads(reply)["code"]) == (200, "999")
    ask = {"voucher": "x", "business": "01302", "operator": "1", "operator_name": "x"}
    assert Client(hospital.port, device="a b").call("POST", "/v1/evoucher/decode", ask)[0] == 400
    with SandboxProcess(auth="bearer") as strict:
        assert Client(strict.port).call("POST", "/v1/evoucher/decode", ask)[0] == 401
        assert Client(strict.port).call("POST", "/v1/evoucher/transactions", asked(strict))[0] == 401


def test_a_patient_shows_a_code_on_order(hospital: SandboxProcess):
    shown = [hospital.show_voucher(place, opc=place == 1) for place in range(3)]
    assert [len(one) for one in shown] == [28, 28, 28]
    assert [one[:3] for one in shown] == ["424", "opc", "424"]
    assert len(set(shown)) == 3
    for order in ({"patient": 99}, {"life_s": -1}, {"nonsense": 1}):
        with pytest.raises(SandboxSaidNo):
            hospital.show_voucher(**order)


@pytest.mark.parametrize("path", sorted(schema.raw_schema["paths"]))
def test_only_posts_and_only_json(hospital: SandboxProcess, path: str):
    there = path.replace("{infno}", "1101")
    client = Client(hospital.port)
    key = {"X-Api-Key": hospital.evoucher()["forms"]["north"]["secrets"]["secret"]}
    assert client.call("GET", there)[0] == 405
    assert client.call("POST", there, b"x" * 10, {"Content-Type": "text/plain", **key})[0] == 415
    assert client.call("POST", there, b" " * 262_145, key)[0] == 413
    for body in (b"", b"[]", b"{", b"\xff", b"[" * 5000):
        assert client.call("POST", there, body, key)[0] == 400


def test_the_checkers_key_is_the_demonstrations_own(hospital: SandboxProcess):
    forms = hospital.evoucher()["forms"]
    assert {name: form["form"]["area"] for name, form in forms.items()} == dict.fromkeys(forms, "990100")
    assert len(forms["south"]["secrets"]["signing"]) == 64


def test_the_site_says_that_it_has_these_doors(hospital: SandboxProcess):
    site = Client(hospital.port).get("/v1/site")
    assert "evoucher" in site["capabilities"]
    assert site["addresses"]["evoucher"] == hospital.first_line["evoucher"] == f"{hospital.url}/evoucher"
