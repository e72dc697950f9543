"""Same client, same wire, against the independent sandbox: a delivery received, with a reply lost on the way."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator

import pytest

from sync.changes import CodesChange, DeliveryChange, PackageRow, PackagesChange
from sync.outbox import NewItem
from sync.ports import SyncSettings
from tests.fixtures.sandbox import ROOT, SandboxProcess
from tests.sync.sync_bench import FAST, Device


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(seed=11) as made:
        yield made


class Receiver:
    """Makes the items of one receipt as the program would."""

    def __init__(self, device: Device, delivery: str) -> None:
        self.device = device
        self.delivery = delivery
        self.seq = 0

    def put(self, kind: str, **members: object) -> str:
        self.seq += 1
        item_id = _uuid7(self.seq)
        receipt = f"{self.delivery}-R1"
        body = {
            "id": item_id, "device": "pda-1", "receipt": receipt, "seq": self.seq, "kind": kind,
            "at_ms": 1795327200000 + self.seq, "operator": "1001", **members,
        }  # fmt: skip
        negates = members.get("negates")
        item = NewItem(
            item_id,
            receipt,
            self.seq,
            kind,
            json.dumps(body).encode(),
            1795327200000,
            str(negates) if negates else None,
        )
        self.device.add(item, realm=str(self.device.realm))
        return item_id

    def scan(self, pack: PackageRow, below: list[str]) -> str:
        digest = hashlib.sha256("\n".join(sorted(below)).encode()).hexdigest() if below else None
        return self.put("scan", payload=pack.code, code=pack.code, line=pack.line, count=len(below) or 1, digest=digest)


def _uuid7(n: int) -> str:
    return str(uuid.UUID(int=(1795327200000 << 80) | (7 << 76) | (2 << 62) | uuid.uuid4().int & 0xFFFFFFFF00000000 | n))


def _complete(device: Device) -> tuple[DeliveryChange, list[PackageRow]]:
    """A delivery with a complete manifest of which the hospital has received nothing yet."""
    seen = {row.delivery for change in device.applied if isinstance(change, CodesChange) for row in change.rows}
    delivery = next(
        change
        for change in device.applied
        if isinstance(change, DeliveryChange)
        and change.manifest == "complete" and change.state == "open" and change.delivery not in seen
    )  # fmt: skip
    packs = [
        row
        for change in device.applied
        if isinstance(change, PackagesChange) and change.delivery == delivery.delivery
        for row in change.packages
    ]
    return delivery, packs


@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"plan": [{"endpoint": "items", "fault": "lost_reply", "nth": 1}]},
        {"lost_reply": 0.2, "status:503": 0.1, "truncated_json": 0.1},
    ],
    ids=["quiet", "first reply lost", "rough"],
)
def test_a_delivery_is_received_once_whatever_the_line_does(
    sandbox: SandboxProcess, device: Device, faults: dict[str, object]
) -> None:
    sandbox.faults({})
    assert device.drain(sandbox.url, settings=FAST).trouble is None
    delivery, packs = _complete(device)
    receiver = Receiver(device, delivery.delivery)
    singles = [pack for pack in packs if pack.level == 1][:30]
    ids = [receiver.scan(pack, []) for pack in singles]
    receiver.put("reversal", negates=ids[0])
    receiver.scan(singles[0], [])
    sandbox.faults(faults)
    summary = device.drain(sandbox.url, limit_s=60, settings=FAST)
    sandbox.faults({})
    assert (summary.sent, summary.accepted, summary.refused, summary.trouble) == (32, 32, 0, None)
    mine = [row for row in sandbox.ledger()["codes"] if row["delivery"] == delivery.delivery]
    assert sorted(row["code"] for row in mine if row["state"] == "in") == sorted(pack.code for pack in singles)
    assert {row["times"] for row in mine} == {1}


def test_the_worked_example_is_sent_and_accepted_whole(device: Device) -> None:
    """Sixteen items; the reply to the first two is lost, the exempt item is put off, and with it the close."""
    folder = ROOT / "tests/sandbox/example"
    order, items, wanted = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("delivery.json", "batch-request.json", "ledger.json")
    )
    setting = json.loads((folder / "setting.json").read_text(encoding="utf-8"))
    device.name = items["items"][0]["device"]
    with SandboxProcess(seed=12) as sandbox:
        sandbox.seed({**order, **setting})
        device.drain(sandbox.url)
        for item in items["items"]:
            body = json.dumps(item).encode()
            made = NewItem(item["id"], item["receipt"], item["seq"], item["kind"], body, 1, item.get("negates"))
            device.add(made, realm=str(device.realm))
        plan = [{"endpoint": "items", "fault": "lost_reply", "nth": 1}]
        sandbox.faults({"plan": [*plan, {"endpoint": "items", "fault": "half_refused:exempt", "nth": 1}]})
        engine = device.engine(sandbox.url, SyncSettings(linger_s=0.01, batch_items=2, read_s=2.0))
        engine.start()
        device.wait_status(lambda status: device.counts().accepted == 16, limit_s=30)
        engine.stop()
        summary = device.drain(sandbox.url)
        got = sandbox.ledger()
    assert (summary.sent, summary.accepted, summary.refused, summary.waiting) == (16, 16, 0, 0)
    states = {(row["code"], row["delivery"], row["state"], row["times"]) for row in wanted["codes"]}
    assert {(row["code"], row["delivery"], row["state"], row["times"]) for row in got["codes"]} >= states
    assert got["conflicts"] == wanted["conflicts"]
