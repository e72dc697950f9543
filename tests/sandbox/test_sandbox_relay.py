"""The simulated relay against `docs/remote/relay.yaml`, what it tells and when, and that it survives a restart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from jsonschema_rs import Draft202012Validator

from sync.sandbox.relay import LATE_CALLS
from tests.fixtures.sandbox import ROOT, SandboxProcess, SandboxSaidNo
from tests.sandbox.conftest import BOXES, CARTON, Client, Pen, tree
from tests.sandbox.test_sandbox_contract import CHECKS

FILE = ROOT / "docs" / "remote" / "relay.yaml"
SEED = 5
schema = schemathesis.openapi.from_path(str(FILE))


class Caller(Client):
    """A device that shows the relay the token of its site."""

    def ask(self, path: str, body: object = None) -> tuple[int, dict[str, str], bytes]:  # type: ignore[override]
        headers = {"Authorization": f"Bearer demo-relay-{SEED}"}
        return self.call("GET" if body is None else "POST", f"/relay/v1{path}", body, headers)

    def told(self, path: str, body: object = None) -> dict[str, Any]:
        status, _, answer = self.ask(path, body)
        assert status == 200, answer
        found: dict[str, Any] = json.loads(answer)
        return found

    def heads(self) -> list[dict[str, Any]]:
        """All heads."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.told("/manifests?limit=7" + (f"&cursor={cursor}" if cursor else ""))
            found += page["heads"]
            cursor = page["cursor"]
            if not page["more"]:
                return found

    def lines(self, head: dict[str, Any], first: int = 0) -> list[bytes]:
        path = f"/manifests/{head['manifest']}/versions/{head['version']}/rows?from={first}"
        status, headers, body = self.ask(path)
        assert (status, headers["content-type"]) == (200, "application/x-ndjson")
        assert body.endswith(b"\n")
        return body[:-1].split(b"\n")

    def of(self, delivery: str) -> list[dict[str, Any]]:
        return [head for head in self.heads() if head.get("delivery") == delivery]


@pytest.fixture(scope="module")
def hard() -> Iterator[SandboxProcess]:
    with SandboxProcess(seed=SEED) as process:
        process.seed({"hard": 50, "seed": 5, "knowledge": "relay"})
        yield process


@pytest.fixture
def small() -> Iterator[SandboxProcess]:
    with SandboxProcess(seed=SEED) as process:
        yield process


def _order(process: SandboxProcess, order: dict[str, Any]) -> dict[str, Any]:
    return process._call("POST", "/relay", order)


def _validator(name: str) -> Draft202012Validator:
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
def test_generated_calls_keep_the_contract(case: schemathesis.Case[Any], hard: SandboxProcess):
    token = {"Authorization": f"Bearer demo-relay-{SEED}"}
    case.call_and_validate(base_url=f"{hard.url}/relay", checks=CHECKS, headers=token)


def test_heads_rows_and_facts_are_of_the_schema(hard: SandboxProcess):
    caller = Caller(hard.port)
    page = caller.told("/manifests?limit=1000")
    _validator("HeadsPage").validate(page)
    assert {head["kind"] for head in page["heads"]} == {"manifest", "event"}
    row, end = _validator("Row"), _validator("End")
    for head in page["heads"]:
        if head["kind"] == "manifest":
            *rows, last = [json.loads(line) for line in caller.lines(head)]
            end.validate(last)
            assert last["rows"] == len(rows) == head["rows"]
            for one in rows:
                row.validate(one)
    codes = [one["code"] for one in next(iter(hard.deliveries().values()))["packages"]][:50]
    for facts in caller.told("/resolve", {"codes": [*codes, "unknown"]})["codes"]:
        _validator("CodeFacts").validate(facts)


@pytest.mark.parametrize("path", ["/manifests", "/manifests/MF-1/versions/1/rows", "/resolve"])
@pytest.mark.parametrize("token", [None, "Bearer", "Bearer somebody-else", "demo-relay-5"])
def test_the_token_of_the_site_is_demanded(hard: SandboxProcess, path: str, token: str | None):
    method, body = ("POST", {"codes": ["x"]}) if path == "/resolve" else ("GET", None)
    headers = {} if token is None else {"Authorization": token}
    status, _, answer = Client(hard.port).call(method, f"/relay/v1{path}", body, headers)
    assert (status, json.loads(answer)["code"]) == (401, "token_wrong")


def test_the_site_names_the_relay_and_its_token(hard: SandboxProcess):
    site = Client(hard.port).get("/v1/site")
    assert (site["addresses"]["relay"], site["relay_token"]) == (f"{hard.url}/relay", f"demo-relay-{SEED}")
    assert {"relay", "package_event"} <= set(site["capabilities"])


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/manifests?limit=0", (400, "bad_request")),
        ("/manifests?cursor=elsewhere.0.0", (410, "cursor_gone")),
        ("/manifests/MF-1/versions/1/rows", (404, "manifest_unknown")),
        ("/manifests/{first}/versions/2/rows", (404, "manifest_unknown")),
        ("/manifests/{first}/versions/1/rows?from=-1", (400, "bad_request")),
        ("/manifests/{first}/versions/1/rows?from=99999", (400, "bad_request")),
    ],
)
def test_problems_are_those_of_the_contract(hard: SandboxProcess, path: str, wanted: tuple[int, str]):
    caller = Caller(hard.port)
    status, _, body = caller.ask(path.replace("{first}", caller.heads()[0]["manifest"]))
    assert (status, json.loads(body)["code"]) == wanted


def test_the_stream_is_the_same_from_any_row_and_the_digest_proves_it(hard: SandboxProcess):
    caller = Caller(hard.port)
    for head in [one for one in caller.heads() if one["kind"] == "manifest"][:8]:
        lines = caller.lines(head)
        running = hashlib.sha256().digest()
        for line in lines[:-1]:
            running = hashlib.sha256(running + line).digest()
        assert running.hex() == head["digest"]
        for first in (1, head["rows"] // 2, head["rows"]):
            assert caller.lines(head, first) == lines[first:]


def test_ordinary_deliveries_have_manifests_of_the_same_trees(small: SandboxProcess):
    caller = Caller(small.port)
    key = small.deliveries()
    told = {head["delivery"]: head for head in caller.heads()}
    assert set(told) == {number for number, one in key.items() if one["manifest"] == "complete" and one["packages"]}
    for number, head in told.items():
        rows = [json.loads(line) for line in caller.lines(head)[:-1]]
        said = {row["code"]: (row["level"], row["parent"]) for row in rows}
        assert said == {one["code"]: (one["level"], one["parent"]) for one in key[number]["packages"]}
        leaves = [row for row in rows if row["level"] == 1]
        dates = {(line["batch"], line["expiry"]) for line in key[number]["lines"]}
        assert {(row["batch"], row["expiry"]) for row in leaves} <= dates
        assert {row["amount"] for row in leaves} == {1}


def test_a_late_manifest_comes_when_it_is_released(small: SandboxProcess):
    small.seed({"deliveries": [tree("T-9", manifest="late")]})
    caller = Caller(small.port)
    assert caller.of("T-9") == []
    assert _order(small, {"release": "T-9"})["released"] is True
    assert [head["rows"] for head in caller.of("T-9")] == [7]
    assert _order(small, {"release": "T-9"})["released"] is False


def test_a_late_manifest_comes_of_itself_after_so_many_questions(small: SandboxProcess):
    small.seed({"deliveries": [tree("T-9", manifest="late")]})
    caller = Caller(small.port)
    seen = []
    for _ in range(LATE_CALLS):
        page = caller.told("/manifests?limit=1000")
        seen.append(any(head.get("delivery") == "T-9" for head in page["heads"]))
    assert seen == [False] * (LATE_CALLS - 1) + [True]


def test_missing_never_comes_and_wrong_is_wrong(small: SandboxProcess):
    small.seed({"deliveries": [tree("T-7", manifest="missing")]})
    wrong = tree("T-8", manifest="wrong", boxes=6)
    small.seed({"deliveries": [wrong]})
    caller = Caller(small.port)
    assert caller.of("T-7") == []
    [head] = caller.of("T-8")
    rows = [json.loads(line) for line in caller.lines(head)[:-1]]
    truth = sorted((one["code"], one["level"], one["parent"], "B1") for one in wrong["packages"])
    assert sorted((row["code"], row["level"], row["parent"], row["batch"]) for row in rows) != truth


def test_a_better_known_delivery_is_another_version(small: SandboxProcess):
    small.seed({"deliveries": [tree("T-9", boxes=4)]})
    small.seed({"deliveries": [tree("T-9", boxes=6)]})
    first, second = Caller(small.port).of("T-9")
    assert (first["version"], first["supersedes"], second["version"], second["supersedes"]) == (1, None, 2, 1)
    assert (first["manifest"], first["rows"], second["rows"]) == (second["manifest"], 7, 10)


def test_a_withdrawn_manifest_has_no_rows(small: SandboxProcess):
    small.seed({"deliveries": [tree("T-9")]})
    caller = Caller(small.port)
    assert _order(small, {"withdraw": "T-9"})["withdrawn"] is True
    first, second = caller.of("T-9")
    assert (first["state"], second["state"]) == ("complete", "withdrawn")
    status, _, body = caller.ask(f"/manifests/{first['manifest']}/versions/1/rows")
    assert (status, json.loads(body)["code"]) == (410, "manifest_withdrawn")
    [facts] = caller.told("/resolve", {"codes": [BOXES[0]]})["codes"]
    assert facts["state"] == "withdrawn"


def test_events_are_told_and_resolved(small: SandboxProcess):
    small.seed({"deliveries": [tree("T-9")]})
    caller = Caller(small.port)
    base = {"kind": "event", "at_ms": 1_795_330_000_000, "supplier": "演示"}
    bundle = tree()["packages"][1]["code"]
    events = [
        {**base, "id": "a", "verb": "delete", "parent": bundle, "children": [BOXES[0]]},
        {**base, "id": "b", "verb": "add", "children": ["NEW-1"], "replaces": BOXES[1]},
        {**base, "id": "c", "verb": "delete", "parent": CARTON},
        {**base, "id": "d", "verb": "declare_error", "declares": "c"},
    ]
    assert _order(small, {"events": events})["events"] == 4
    for event in (head for head in caller.heads() if head["kind"] == "event"):
        _validator("Event").validate(event)
    wanted = [BOXES[0], BOXES[1], "NEW-1", bundle, CARTON]
    facts = {one["code"]: one for one in caller.told("/resolve", {"codes": wanted})["codes"]}
    assert (facts[BOXES[0]]["parent"], facts[BOXES[0]]["source"]) == (None, "event")
    assert (facts[BOXES[1]]["state"], facts[BOXES[1]]["replaced_by"]) == ("replaced", "NEW-1")
    assert (facts["NEW-1"]["parent"], facts["NEW-1"]["level"]) == (bundle, 1)
    assert facts[bundle]["children"] == ["NEW-1"]
    assert len(facts[CARTON]["children"]) == 2


@pytest.mark.parametrize(
    "order",
    [
        {"colour": 1},
        {"events": [{"kind": "event", "id": "a", "verb": "delete", "at_ms": 1, "supplier": "x"}]},
        {"events": [{"kind": "event", "id": "a", "verb": "add", "at_ms": 1, "supplier": "x", "parent": "P"}]},
        {"events": [{"kind": "event", "id": "a", "verb": "declare_error", "at_ms": 1, "supplier": "x"}]},
        {"events": [{"kind": "event", "id": "a", "verb": "eat", "at_ms": 1, "supplier": "x"}]},
    ],
)
def test_bad_orders_are_refused(hard: SandboxProcess, order: dict[str, Any]):
    with pytest.raises(SandboxSaidNo) as said:
        _order(hard, order)
    assert said.value.status == 400


@pytest.mark.parametrize(
    "order",
    [
        {"hard": 0, "knowledge": "relay"},
        {"hard": 3},
        {"hard": 3, "knowledge": "feed"},
        {"seed": 3},
        {"hard": 3, "seed": 5, "knowledge": "relay"},
    ],
)
def test_bad_hard_orders_are_refused(hard: SandboxProcess, order: dict[str, Any]):
    with pytest.raises(SandboxSaidNo) as said:
        hard.seed(order)
    assert said.value.status == 400


def test_everything_is_there_again_after_a_kill(tmp_path: Path):
    with SandboxProcess(seed=SEED, state=tmp_path) as process:
        process.seed({"hard": 20, "seed": 8, "knowledge": "relay"})
        late = next(number for number, one in process.deliveries().items() if one["manifest"] == "late")
        caller = Caller(process.port)
        for _ in range(LATE_CALLS):
            caller.told("/manifests?limit=1")
        _order(process, {"withdraw": "DEMO-H8-01"})
        heads = caller.heads()
        cursor = caller.told("/manifests?limit=1000")["cursor"]
        assert any(head.get("delivery") == late for head in heads)
        process.kill()
    with SandboxProcess(seed=SEED, state=tmp_path) as process:
        caller = Caller(process.port)
        assert caller.heads() == heads
        assert caller.told(f"/manifests?cursor={cursor}")["heads"] == []


def test_what_is_learnt_is_told_to_everybody_and_corrected_not_reversed(small: SandboxProcess, pen: Pen):
    client = Client(small.port)
    small.seed({"deliveries": [tree()]})
    base = {key: value for key, value in pen.undo({"id": "x"}).items() if key not in ("negates", "receipt", "seq")}

    def learnt(number: int, **facts: object) -> dict[str, Any]:
        item_id = f"01a201d7-0000-7000-8000-{number:012d}"
        return {**base, "id": item_id, "kind": "package_event", **facts}

    seen = learnt(1, verb="observe", code="X", level=2, drug="YP-0001", prefix="8999777", note="演示")
    opened = learnt(2, verb="delete", parent=CARTON, children=[BOXES[0]], receipt="T-1-R1", seq=3)
    wrong = learnt(3, verb="declare_error", declares=seen["id"])
    assert client.results(seen, opened, wrong, seen) == [("accepted", None)] * 3 + [("duplicate", None)]
    assert client.results(learnt(4, verb="add", parent="P"), learnt(5, verb="delete")) == [("refused", "bad_item")] * 2
    assert client.results(pen.undo(seen)) == [("refused", "not_reversible")]
    told = [change for change in client.changes() if change["kind"] == "package_event"]
    assert [(one["id"], one["verb"]) for one in told] == [
        (seen["id"], "observe"),
        (opened["id"], "delete"),
        (wrong["id"], "declare_error"),
    ]
    assert (told[0]["level"], told[0]["drug"], told[0]["prefix"], told[0]["operator"]) == (
        2,
        "YP-0001",
        "8999777",
        "1001",
    )
    assert (told[1]["parent"], told[1]["children"], told[1]["receipt"]) == (CARTON, [BOXES[0]], "T-1-R1")
    contract = schemathesis.openapi.from_path(str(ROOT / "docs" / "remote" / "middleware.yaml")).raw_schema
    for name, one in [("PackageEventChange", change) for change in told] + [("PackageEventItem", seen)]:
        rule = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
        Draft202012Validator(rule).validate(one)
    assert small.ledger("T-1")["codes"] == []
