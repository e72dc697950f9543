"""The HTTP edges: limits, headers, problems, cursors, the control door and the command line."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.fixtures.sandbox import ROOT, START_S, SandboxProcess, SandboxSaidNo
from tests.sandbox.conftest import BOXES, CARTON, Client, Pen, tree

TEXTS_DEVICE = "请求没有带设备编号"


def _problem(client: Client, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    status, got, answer = client.call(method, path, body, headers)
    assert got["content-type"] == "application/json"
    problem = json.loads(answer)
    assert problem["text"]
    return status, problem["code"]


def test_site_says_who_it_is(sandbox: SandboxProcess, client: Client):
    site = client.get("/v1/site")
    assert site["site_id"] == "sandbox-20261122"
    assert site["synthetic"] is True
    assert (site["zone"], site["near_expiry_days"]) == ("+08:00", 180)
    assert site["addresses"] == {
        "middleware": sandbox.url,
        "relay": sandbox.first_line["relay"],
        "evoucher": sandbox.first_line["evoucher"],
    }
    assert site["limits"] == {"items": 500, "bytes": 262_144}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "wanted"),
    [
        ("GET", "/v1/nothing", None, {}, (404, "not_found")),
        ("GET", "/v1/site/", None, {}, (404, "not_found")),
        ("POST", "/v1/site", {}, {}, (405, "wrong_method")),
        ("GET", "/v1/items", None, {}, (405, "wrong_method")),
        ("POST", "/v1/items", b"{}", {"Content-Type": "text/plain"}, (415, "wrong_content_type")),
        ("GET", "/v1/changes", None, {"Matou-Device": "no spaces"}, (400, "bad_request")),
        ("GET", "/v1/changes?limit=0", None, {}, (400, "bad_request")),
        ("GET", "/v1/changes?limit=5001", None, {}, (400, "bad_request")),
        ("GET", "/v1/changes?limit=x", None, {}, (400, "bad_request")),
        ("GET", "/v1/changes?cursor=", None, {}, (400, "bad_request")),
        ("GET", "/v1/changes?cursor=elsewhere.0.0", None, {}, (410, "cursor_gone")),
        ("POST", "/v1/items/ask", {"ids": []}, {}, (400, "bad_request")),
        ("POST", "/v1/items/ask", {"ids": ["x"]}, {}, (400, "bad_request")),
        ("GET", "/relay/anything", None, {}, (404, "not_found")),
        ("POST", "/evoucher", {}, {}, (404, "not_found")),
    ],
)
def test_problems_are_json(
    shared: SandboxProcess, method: str, path: str, body: object, headers: dict[str, str], wanted: tuple[int, str]
):
    assert _problem(Client(shared.port), method, path, body, **headers) == wanted


@pytest.mark.parametrize("path", ["/v1/changes", "/v1/items", "/v1/items/ask"])
def test_device_header_is_demanded(shared: SandboxProcess, path: str):
    method = "GET" if path.endswith("changes") else "POST"
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as line:
        line.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65_536), b"")).decode()
    assert answer.startswith("HTTP/1.1 400")
    assert TEXTS_DEVICE in answer


def test_batches_are_bounded(dock: Client, pen: Pen):
    many = [pen.scan(BOXES[0]) for _ in range(501)]
    assert _problem(dock, "POST", "/v1/items", {"items": many}) == (413, "too_large")
    long = pen.scan(BOXES[0], payload="x" * 262_144)
    assert _problem(dock, "POST", "/v1/items", {"items": [long]}) == (413, "too_large")
    assert dock.ask(many[0]["id"], long["id"]) == ["unknown", "unknown"]


@pytest.mark.parametrize("limit", [1, 7, 1000, 5000])
def test_pages_of_any_size_give_the_same_rows(sandbox: SandboxProcess, client: Client, limit: int):
    sandbox.seed({"generate": {"codes": 20, "receipt": "BULK-R1"}})

    def rows(changes: list[dict[str, Any]]) -> list[str]:
        found: list[str] = []
        for change in changes:
            inner = change.get("packages") or change.get("rows")
            found += [json.dumps(row, sort_keys=True) for row in (inner or [change])]
        return found

    assert rows(client.changes(limit)) == rows(client.changes(1000))
    page = client.get("/v1/changes?limit=1")
    assert len(rows(page["changes"])) == 1


def test_packages_stand_before_their_complete_delivery(sandbox: SandboxProcess, client: Client):
    seen: dict[str, int] = {}
    key = sandbox.deliveries()
    for change in client.changes():
        if change["kind"] == "packages":
            seen[change["delivery"]] = seen.get(change["delivery"], 0) + len(change["packages"])
        elif change["kind"] == "delivery":
            number = change["delivery"]
            complete = change["manifest"] == "complete"
            assert seen.get(number, 0) == (len(key[number]["packages"]) if complete else 0)
    assert key["DEMO-20261122-13"]["packages"]


def test_seed_order_merges_and_is_all_or_nothing(sandbox: SandboxProcess, client: Client):
    before = client.changes()
    bad = {"deliveries": [tree()], "setting": {"catalogue": [{"drug": "YP-9999", "name": "没有层级"}]}}
    with pytest.raises(SandboxSaidNo, match="levels"):
        sandbox.seed(bad)
    assert client.changes() == before

    sandbox.seed(
        {"setting": {"near_expiry_days": 90, "zone": "+06:00", "catalogue": [{"drug": "YP-0001", "spec": "新"}]}}
    )
    site = client.get("/v1/site")
    assert (site["near_expiry_days"], site["zone"]) == (90, "+06:00")
    drug = [change for change in client.changes() if change["kind"] == "drug"][-1]
    assert (drug["spec"], drug["name"], drug["pack_ratio"]) == ("新", "阿莫西林胶囊", "1:10:200")


def _with(**change: Any) -> dict[str, Any]:
    return {"deliveries": [{**tree(), **change}]}


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"deliveries": [tree(), tree()]}, "twice"),
        (_with(manifest="perhaps"), "manifest"),
        (_with(packages=tree()["packages"][:-1]), "4 packs but 3 codes"),
        (_with(packages=[*tree()["packages"], tree()["packages"][0]]), "twice"),
        (_with(packages=[{"code": "a", "level": 1, "parent": "b", "line": 1}]), "not a package"),
        (_with(packages=[{"code": "a", "level": 1, "parent": "a", "line": 1}]), "below"),
        (_with(packages=[{"code": "a", "level": 1, "parent": None, "line": 7}]), "unknown line"),
        (_with(lines=[{"line": 1, "drug": "X", "batch": None, "expiry": None, "packs": 1}]), "unknown drug"),
        ({"generate": {"boxes": 10}}, "delivery"),
        ({"generate": {"boxes": 10, "delivery": "DEMO-20261122-11"}}, "here already"),
        ({"generate": {"codes": 0, "receipt": "X-R1"}}, "codes"),
        ({"generate": {}}, "either"),
        ({"recalls": [{"drug": "X", "batch": "1"}]}, "unknown drug"),
    ],
)
def test_bad_seed_orders_say_why(shared: SandboxProcess, order: dict[str, Any], reason: str):
    with pytest.raises(SandboxSaidNo, match=reason) as said:
        shared.seed(order)
    assert said.value.status == 400


def test_made_delivery_can_be_received(sandbox: SandboxProcess, client: Client):
    assert sandbox.seed({"generate": {"boxes": 450, "delivery": "LOAD-1"}})["made"] == 450
    delivery = sandbox.deliveries()["LOAD-1"]
    boxes = [row for row in delivery["packages"] if row["level"] == 1]
    assert len({row["code"] for row in delivery["packages"]}) == 450 + 23 + 3
    carton = next(row["code"] for row in delivery["packages"] if row["level"] == 3)
    inside = [row["code"] for row in boxes[:200]]
    assert client.results(Pen("LOAD-1-R1").scan(carton, packs=inside)) == [("accepted", None)]


def test_made_codes_are_known_everywhere(sandbox: SandboxProcess, client: Client):
    sandbox.seed({"generate": {"codes": 2500, "receipt": "BULK-R1"}})
    rows = [row for change in client.changes() if change["kind"] == "codes" for row in change["rows"]]
    made = [row for row in rows if row["receipt"] == "BULK-R1"]
    assert len({row["code"] for row in made}) == 2500
    assert len(sandbox.ledger("BULK")["codes"]) == 2500
    line = {"line": 1, "drug": "YP-0001", "batch": None, "expiry": None, "packs": 1}
    sandbox.seed({"deliveries": [{"delivery": "T-9", "supplier": "演示", "manifest": "missing", "lines": [line]}]})
    (answer,) = client.send(Pen("T-9-R1").scan(made[2000]["code"]))
    assert (answer["result"], answer["code"], answer["with"]) == ("conflict", "other_receipt", [made[2000]["item"]])


def test_calls_are_counted_and_reset(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.reset_calls()
    dock.send(pen.scan(CARTON, packs=BOXES))
    dock.get("/v1/site")
    report = sandbox.calls()
    assert report["total"] == 2
    items = report["calls"]["items"]
    assert items["count"] == 1
    assert items["bytes_in"] > 200
    assert items["bytes_out"] > 50
    assert 0 < items["ms_p50"] <= items["ms_max"]
    sandbox.reset_calls()
    assert sandbox.calls() == {"calls": {}, "total": 0}


def test_patients_are_invented(sandbox: SandboxProcess):
    patients = sandbox.patients()
    assert len(patients) == 6
    for patient in patients:
        assert patient["voucher"].startswith("424")
        assert len(patient["voucher"]) == 28
        assert patient["name"].startswith("演示患者")
        assert patient["prescriptions"] == []
        assert patient["ec_token"]
        assert patient["id_no"].startswith("990000")


def test_fifty_cartons_are_answered_quickly(sandbox: SandboxProcess, client: Client):
    sandbox.seed({"generate": {"boxes": 10_000, "delivery": "LOAD-1"}})
    packages = sandbox.deliveries()["LOAD-1"]["packages"]
    boxes = [row["code"] for row in packages if row["level"] == 1]
    cartons = [row["code"] for row in packages if row["level"] == 3]
    pen = Pen("LOAD-1-R1")
    batch = [pen.scan(one, packs=boxes[place * 200 : place * 200 + 200]) for place, one in enumerate(cartons)]
    assert client.results(*batch) == [("accepted", None)] * 50
    assert sandbox.ledger("LOAD-1")["receipts"][0]["equation"]["received"] == 10_000


def _run(*options: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sync.sandbox", *options]
    return subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, text=True, encoding="utf-8", timeout=START_S, check=False
    )


def test_end_of_standard_input_ends_it():
    done = _run()
    assert done.returncode == 0
    assert set(json.loads(done.stdout)) == {"url", "relay", "evoucher", "control", "ca"}
    assert done.stderr == ""


def test_sigterm_ends_it(sandbox: SandboxProcess):
    assert sandbox.terminate() == 0


def test_port_in_use_is_said_in_one_line(sandbox: SandboxProcess):
    done = _run("--port", str(sandbox.port))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "port_in_use: 端口已被占用，请换一个端口\n"


@pytest.mark.parametrize("faults", ["nonsense", '{"no_such": 1}', '{"slow": 2}', "[]"])
def test_bad_faults_on_the_command_line(faults: str):
    done = _run("--faults", faults)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bad_faults: ")


def test_matou_sandbox_is_the_same_sandbox():
    program = (
        "import argparse; from app.cli import sandbox; parser = argparse.ArgumentParser();"
        "sandbox.register(parser.add_subparsers()); args = parser.parse_args(['sandbox', '--seed', '3', '--tls']);"
        "raise SystemExit(args.run(args))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        input="",
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["url"].startswith("https://127.0.0.1:")
