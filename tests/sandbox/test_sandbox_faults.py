"""Every fault as a client sees it, and what took effect meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.sandbox import SandboxProcess, SandboxSaidNo
from tests.sandbox.conftest import BOXES, WAIT_S, Client, Pen, tree

CUT = (ConnectionError, http.client.RemoteDisconnected, http.client.IncompleteRead, http.client.BadStatusLine)
SOON_S = 0.3


def _once(fault: str, endpoint: str = "items", **more: Any) -> dict[str, Any]:
    return {"plan": [{"endpoint": endpoint, "fault": fault, **more}]}


def _codes(sandbox: SandboxProcess) -> list[str]:
    return [row["code"] for row in sandbox.ledger("T-1")["codes"]]


def _raw_items(client: Client, *items: dict[str, Any]) -> bytes:
    body = json.dumps({"items": items}).encode()
    head = "POST /v1/items HTTP/1.1\r\nHost: x\r\nMatou-Device: pda-1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("fault", "took_effect"), [("lost_reply", True), ("reset_mid_reply", True), ("reset_mid_request", False)]
)
def test_cut_connections(sandbox: SandboxProcess, dock: Client, pen: Pen, fault: str, took_effect: bool):
    sandbox.faults(_once(fault))
    scan = pen.scan(BOXES[0])
    with pytest.raises(CUT):
        dock.send(scan)
    assert _codes(sandbox) == ([BOXES[0]] if took_effect else [])
    assert dock.ask(scan["id"]) == ["accepted" if took_effect else "unknown"]
    assert dock.results(scan) == [("duplicate" if took_effect else "accepted", None)]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503, 599])
def test_status(sandbox: SandboxProcess, dock: Client, pen: Pen, status: int):
    sandbox.faults(_once(f"status:{status}"))
    got, _, body = dock.call("POST", "/v1/items", {"items": [pen.scan(BOXES[0])]})
    assert (got, json.loads(body)["code"]) == (status, "busy")
    assert _codes(sandbox) == []


def test_retry_after(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults(_once("retry_after:7"))
    status, headers, _ = dock.call("POST", "/v1/items", {"items": [pen.scan(BOXES[0])]})
    assert (status, headers["retry-after"]) == (429, "7")
    assert _codes(sandbox) == []


def test_html_instead_of_json(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults(_once("html_instead_of_json"))
    status, headers, body = dock.call("POST", "/v1/items", {"items": [pen.scan(BOXES[0])]})
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert body.startswith(b"<!DOCTYPE html>")
    assert _codes(sandbox) == []


def test_truncated_json_is_whole_http(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults(_once("truncated_json"))
    status, headers, body = dock.call("POST", "/v1/items", {"items": [pen.scan(BOXES[0])]})
    assert (status, headers["content-length"]) == (200, str(len(body)))
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert _codes(sandbox) == [BOXES[0]]


def test_wrong_schema(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults(_once("wrong_schema"))
    status, _, body = dock.call("POST", "/v1/items", {"items": [pen.scan(BOXES[0])]})
    assert status == 200
    assert "items" not in json.loads(body)
    assert _codes(sandbox) == [BOXES[0]]


def test_duplicate_reply_comes_twice_on_the_wire(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults(_once("duplicate_reply"))
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=WAIT_S) as line:
        line.sendall(_raw_items(dock, pen.scan(BOXES[0])))
        said = b"".join(iter(lambda: line.recv(65_536), b""))
    assert said.count(b"HTTP/1.1 200") == 2
    assert said[: len(said) // 2] == said[len(said) // 2 :]


def test_half_refused_puts_some_off(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults({"half_refused": 1})
    batch = [pen.outcome("over", 1, count=number) for number in range(40)]
    answers = dock.send(*batch)
    later = [answer for answer in answers if answer["result"] == "later"]
    assert 5 < len(later) < 35
    assert {(answer["code"], answer["retry_after_s"]) for answer in later} == {("busy", 5)}
    sandbox.faults({})
    assert {result for result, _ in dock.results(*batch)} == {"accepted", "duplicate"}


def test_poisoned_codes_hold_nobody_up(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults({f"poison:{BOXES[0]}": 0, f"poison:{BOXES[2]}": 1})
    answers = dock.send(pen.scan(BOXES[0]), pen.scan(BOXES[1]), pen.scan(BOXES[2]))
    assert [(answer["result"], answer.get("code")) for answer in answers] == [
        ("refused", "poisoned"),
        ("accepted", None),
        ("refused", "poisoned"),
    ]
    assert answers[0]["text"] == "医院拒收此码的记录，请联系信息科"
    assert dock.ask(answers[0]["id"]) == ["refused"]


def test_slow_takes_its_time(sandbox: SandboxProcess, client: Client):
    sandbox.faults(_once("slow:300", "site"))
    started = time.monotonic()
    client.get("/v1/site")
    assert time.monotonic() - started >= SOON_S


def test_hang_ends_with_the_fault(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults({"hang": 1})
    answered: list[object] = []
    thread = threading.Thread(target=lambda: answered.append(dock.results(pen.scan(BOXES[0]))))
    thread.start()
    thread.join(SOON_S)
    assert thread.is_alive()
    assert _codes(sandbox) == []
    sandbox.faults({})
    thread.join(WAIT_S)
    assert answered == [[("accepted", None)]]


def test_hang_has_no_effect_when_the_client_leaves(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults(_once("hang"))
    dock.timeout_s = SOON_S
    scan = pen.scan(BOXES[0])
    with pytest.raises(TimeoutError):
        dock.send(scan)
    dock.timeout_s = WAIT_S
    assert dock.ask(scan["id"]) == ["unknown"]
    sandbox.faults({})
    assert _codes(sandbox) == []


def test_hang_ends_by_itself_after_its_time(sandbox: SandboxProcess, client: Client):
    sandbox.faults(_once("hang", "site", nth=1, for_s=SOON_S))
    started = time.monotonic()
    client.get("/v1/site")
    assert time.monotonic() - started >= SOON_S * 0.9


def test_clock_skew(sandbox: SandboxProcess, client: Client):
    before = client.get("/v1/site")["now_ms"]
    sandbox.faults({"clock_skew:-3600": 1})
    status, headers, body = client.call("GET", "/v1/site")
    assert status == 200
    assert -3_600_000 <= json.loads(body)["now_ms"] - before < -3_500_000
    assert abs(parsedate_to_datetime(headers["date"]).timestamp() * 1000 - json.loads(body)["now_ms"]) < 5000


def _refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=WAIT_S).close()
    except ConnectionRefusedError:
        return True
    return False


def _until_open(port: int) -> None:
    """Wait for a listener; each try is answered by the system at once."""
    end = time.monotonic() + WAIT_S
    while _refused(port):
        assert time.monotonic() < end
        threading.Event().wait(0.02)


def test_refused_connections_until_the_fault_ends(sandbox: SandboxProcess, client: Client):
    sandbox.faults({"refuse_connection": 1})
    assert _refused(sandbox.port)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", sandbox.port))  # another program's, and the hospital would never come back
    sandbox.faults({})
    assert client.get("/v1/site")["synthetic"] is True


def test_port_closes_for_a_time(sandbox: SandboxProcess, client: Client):
    sandbox.faults({"plan": [{"fault": "refuse_connection", "for_s": SOON_S}]})
    assert _refused(sandbox.port)
    _until_open(sandbox.port)
    assert client.get("/v1/site")["synthetic"] is True


def test_port_closes_at_the_nth_call(sandbox: SandboxProcess, client: Client):
    sandbox.faults(_once("refuse_connection", "site", nth=2, for_s=SOON_S))
    client.get("/v1/site")
    with pytest.raises(CUT):
        client.get("/v1/site")
    _until_open(sandbox.port)
    assert client.get("/v1/site")["synthetic"] is True


def test_nth_call_of_one_endpoint(sandbox: SandboxProcess, client: Client):
    sandbox.faults(_once("status:503", "/v1/site", nth=3))
    paths = ["/v1/site", "/v1/changes", "/v1/site", "/v1/site", "/v1/site"]
    assert [client.call("GET", path)[0] for path in paths] == [200, 200, 200, 503, 200]


def test_fault_lasts_for_its_time(sandbox: SandboxProcess, client: Client):
    sandbox.faults(_once("status:503", "site", for_s=60))
    assert [client.call("GET", "/v1/site")[0] for _ in range(3)] == [503] * 3
    assert client.call("GET", "/v1/changes")[0] == 200
    sandbox.faults({})
    assert client.call("GET", "/v1/site")[0] == 200


def test_chances_follow_the_seed():
    def run(seed: int) -> list[int]:
        with SandboxProcess(seed=seed, faults={"status:503": 0.5}) as process:
            client = Client(process.port)
            return [client.call("GET", "/v1/site")[0] for _ in range(30)]

    first = run(1)
    assert first == run(1)
    assert set(first) == {200, 503}
    assert first != run(2)


@pytest.mark.parametrize(
    "order",
    [
        {"nonsense": 1},
        {"slow": 1.5},
        {"slow": "x"},
        {"status": 1},
        {"status:200": 1},
        {"status:abc": 1},
        {"poison": 1},
        {"hang:3": 1},
        {"expired_tls": 1},
        {"plan": [{"fault": "nonsense"}]},
        {"plan": [{"fault": "slow", "endpoint": "nowhere"}]},
        {"plan": [{"fault": "slow", "nth": 0}]},
        {"plan": [{"fault": "slow", "colour": 1}]},
        {"plan": 3},
    ],
)
def test_bad_orders_are_refused(shared: SandboxProcess, order: dict[str, Any]):
    with pytest.raises(SandboxSaidNo) as said:
        shared.faults(order)
    assert said.value.status == 400
    assert Client(shared.port).call("GET", "/v1/site")[0] == 200


def test_every_scan_takes_effect_once_through_a_storm(sandbox: SandboxProcess, client: Client):
    delivery = tree(boxes=30)
    sandbox.seed({"deliveries": [delivery]})
    chances = ["lost_reply", "reset_mid_reply", "reset_mid_request", "status:503", "truncated_json", "half_refused"]
    sandbox.faults({**dict.fromkeys(chances, 0.15), "refuse_connection": 0.1})
    pen = Pen("T-1-R1")
    boxes = [row["code"] for row in delivery["packages"] if row["level"] == 1]
    waiting = [pen.scan(one) for one in boxes]
    for _ in range(200):
        with contextlib.suppress(*CUT, json.JSONDecodeError, AssertionError):
            results = client.results(*waiting[:10])
            done = {"accepted", "duplicate"}
            kept = [item for item, (result, _) in zip(waiting[:10], results, strict=True) if result not in done]
            waiting = waiting[10:] + kept
        if not waiting:
            break
    assert waiting == []
    ledger = sandbox.ledger("T-1")
    assert sorted(row["code"] for row in ledger["codes"]) == sorted(boxes)
    assert {(row["times"], len(row["effects"])) for row in ledger["codes"]} == {(1, 1)}
    assert ledger["conflicts"] == []


def test_tls_with_its_own_authority():
    with SandboxProcess(tls=True) as process:
        assert process.url.startswith("https://")
        assert process.ca is not None
        context = ssl.create_default_context(cafile=process.ca)
        client = Client(process.port, tls=context)
        assert client.get("/v1/site")["addresses"]["middleware"] == process.url
        with pytest.raises(ssl.SSLCertVerificationError):
            Client(process.port, tls=ssl.create_default_context()).get("/v1/site")
        process.faults({"expired_tls": 1})
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            client.get("/v1/site")
        process.faults({"lost_reply": 1})
        with pytest.raises((*CUT, ssl.SSLError)):
            client.get("/v1/site")
        process.faults({})
        assert client.get("/v1/site")["synthetic"] is True
        certificates = Path(process.ca).parent
        assert process.stop() == 0
    assert not certificates.exists()
