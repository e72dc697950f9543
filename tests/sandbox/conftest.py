"""A sandbox per test, a client that speaks raw HTTP, and makers of items."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fixtures.sandbox import SandboxProcess

WAIT_S = 10.0
EXAMPLE = "DEMO-20261122-01"


@dataclass
class Client:
    """One device's way to the hospital: each call has a connection of its own."""

    port: int
    device: str = "pda-1"
    timeout_s: float = WAIT_S
    tls: ssl.SSLContext | None = None

    def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body."""
        if self.tls is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=self.timeout_s, context=self.tls)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Matou-Device": self.device}
        if data is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, data, {**sent, **(headers or {})})
            reply = connection.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
        finally:
            connection.close()

    def get(self, path: str) -> dict[str, Any]:
        status, _, body = self.call("GET", path)
        assert status == 200, body
        answer: dict[str, Any] = json.loads(body)
        return answer

    def send(self, *items: dict[str, Any]) -> list[dict[str, Any]]:
        """One batch; the answers."""
        status, _, body = self.call("POST", "/v1/items", {"items": items})
        assert status == 200, body
        answers: list[dict[str, Any]] = json.loads(body)["items"]
        assert [answer["id"] for answer in answers] == [item["id"] for item in items]
        return answers

    def results(self, *items: dict[str, Any]) -> list[tuple[str, str | None]]:
        """(result, code) of each item."""
        return [(answer["result"], answer.get("code")) for answer in self.send(*items)]

    def ask(self, *ids: str) -> list[str]:
        status, _, body = self.call("POST", "/v1/items/ask", {"ids": ids})
        assert status == 200, body
        return [answer["result"] for answer in json.loads(body)["items"]]

    def changes(self, limit: int = 1000) -> list[dict[str, Any]]:
        """The whole feed."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"/v1/changes?limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            found += page["changes"]
            cursor = page["cursor"]
            if not page["more"]:
                return found


@dataclass
class Pen:
    """Writes the items of one device for one receipt."""

    receipt: str
    device: str = "pda-1"
    operator: str = "1001"
    seq: int = field(default=0)
    start_ms: int = 1_795_327_200_000

    def _base(self, kind: str) -> dict[str, Any]:
        self.seq += 1
        at_ms = self.start_ms + self.seq * 1000
        tail = hashlib.sha256(f"{self.device} {self.receipt} {self.seq}".encode()).hexdigest()
        stamp = f"{at_ms:012x}"
        return {
            "id": f"{stamp[:8]}-{stamp[8:]}-7{tail[:3]}-8{tail[3:6]}-{tail[6:18]}",
            "device": self.device,
            "receipt": self.receipt,
            "seq": self.seq,
            "kind": kind,
            "at_ms": at_ms,
            "operator": self.operator,
        }

    def scan(self, code: str, line: int = 1, packs: list[str] | None = None, **more: Any) -> dict[str, Any]:
        """A scan; `packs` are the smallest packs under the code, where it has any."""
        count = 1 if packs is None else len(packs)
        rest = {"payload": code, "code": code, "line": line, "count": count, "digest": digest(packs)}
        return {**self._base("scan"), **rest, **more}

    def undo(self, item: dict[str, Any]) -> dict[str, Any]:
        return {**self._base("reversal"), "negates": item["id"]}

    def outcome(
        self, kind: str, line: int, count: int = 1, code: str | None = None, packs: list[str] | None = None
    ) -> dict[str, Any]:
        rest = {"outcome": kind, "line": line, "code": code, "count": count, "digest": digest(packs), "reason": "演示"}
        return {**self._base("outcome"), **rest}

    def close(self, *six: int) -> dict[str, Any]:
        """Expected, received, short, damaged, rejected, exempt."""
        names = ("expected", "received", "short", "damaged", "rejected", "exempt")
        return {**self._base("close"), "equation": dict(zip(names, six, strict=True))}


def digest(packs: list[str] | None) -> str | None:
    """As the contract has it."""
    return None if packs is None else hashlib.sha256("\n".join(sorted(packs)).encode()).hexdigest()


def tree(number: str = "T-1", boxes: int = 4, manifest: str = "complete") -> dict[str, Any]:
    """A delivery of product 1: one carton, bundles of two boxes."""
    packages: list[dict[str, Any]] = [{"code": code("8999013", 0), "level": 3, "parent": None, "line": 1}]
    for box in range(boxes):
        if box % 2 == 0:
            packages.append({"code": code("8999012", box // 2), "level": 2, "parent": code("8999013", 0), "line": 1})
        packages.append({"code": code("8999011", box), "level": 1, "parent": code("8999012", box // 2), "line": 1})
    line = {"line": 1, "drug": "YP-0001", "batch": "B1", "expiry": "2029-01-31", "packs": boxes}
    exempt = {"line": 2, "drug": "YP-0014", "batch": "B2", "expiry": None, "packs": 5}
    return {
        "delivery": number,
        "supplier": "演示医药",
        "manifest": manifest,
        "lines": [line, exempt],
        "packages": packages,
    }


def code(prefix: str, number: int) -> str:
    """A code that no seed draws."""
    return f"{prefix}{number:013d}"


BOXES = [code("8999011", number) for number in range(4)]
BUNDLES = [code("8999012", number) for number in range(2)]
CARTON = code("8999013", 0)


@pytest.fixture
def sandbox() -> Iterator[SandboxProcess]:
    """A small sandbox, in memory."""
    with SandboxProcess() as process:
        yield process


@pytest.fixture(scope="session")
def shared() -> Iterator[SandboxProcess]:
    """One for tests that leave nothing behind; it has the delivery of `tree`."""
    with SandboxProcess() as process:
        process.seed({"deliveries": [tree()]})
        yield process


@pytest.fixture
def client(sandbox: SandboxProcess) -> Client:
    """A device of it."""
    return Client(sandbox.port)


@pytest.fixture
def dock(sandbox: SandboxProcess, client: Client) -> Client:
    """A device of a sandbox that has the delivery of `tree`."""
    sandbox.seed({"deliveries": [tree()]})
    return client


@pytest.fixture
def pen() -> Pen:
    """Items for the receipt of `tree`."""
    return Pen("T-1-R1")
