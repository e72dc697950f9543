"""The sandbox against `docs/remote/middleware.yaml`: generated calls, and its own feed and answers by schema."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema_rs import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fixtures.sandbox import ROOT, SandboxProcess
from tests.sandbox.conftest import BOXES, BUNDLES, CARTON, Client, Pen

FILE = ROOT / "docs" / "remote" / "middleware.yaml"
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
schema = schemathesis.openapi.from_path(str(FILE))


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_generated_calls_keep_the_contract(case: schemathesis.Case[Any], shared: SandboxProcess):
    case.call_and_validate(base_url=shared.url, checks=CHECKS)


def _validator(name: str) -> Draft202012Validator:
    components = schema.raw_schema["components"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components})


def test_whole_feed_is_of_the_schema(shared: SandboxProcess):
    validator = _validator("ChangesPage")
    shared.seed({"recalls": [{"drug": "YP-0006", "batch": "R1"}]})
    page = Client(shared.port).get("/v1/changes?limit=5000")
    validator.validate(page)
    kinds = {change["kind"] for change in page["changes"]}
    kinds.discard("package_event")  # there if another test of the shared sandbox sent one before
    assert kinds == {"operator", "store_room", "drug", "recall", "packages", "delivery", "receipt", "codes"}


def test_answers_and_rows_after_items_are_of_the_schema(dock: Client, pen: Pen):
    first = pen.scan(BOXES[0])
    damaged = pen.outcome("damaged", 1, count=2, code=BUNDLES[0], packs=BOXES[:2])
    exempt = pen.outcome("exempt", 2, count=5)
    items = [first, pen.scan(BOXES[0]), pen.scan(CARTON, packs=BOXES), damaged, exempt, pen.undo(first)]
    items += [pen.close(9, 4, 0, 0, 0, 5), pen.close(9, 2, 0, 2, 0, 5), pen.scan(BOXES[1])]
    for item in items:
        _validator("Item").validate(item)
    answers = [*dock.send(*items[:7]), *dock.send(*items[7:])]
    _validator("ItemsReply").validate({"items": answers})
    assert {answer["result"] for answer in answers} == {"accepted", "conflict", "later", "refused"}
    _validator("ChangesPage").validate(dock.get("/v1/changes?limit=5000"))
    _validator("Site").validate(dock.get("/v1/site"))


@pytest.mark.parametrize("path", ["/v1/site", "/v1/changes", "/v1/items", "/v1/items/ask"])
def test_no_method_outside_the_contract(shared: SandboxProcess, path: str):
    methods = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
    allowed = {name.upper() for name in schema.raw_schema["paths"][path]}
    for method in methods - allowed:
        status, headers, _ = Client(shared.port).call(method, path)
        assert (status, method, headers["content-type"]) == (405, method, "application/json")
