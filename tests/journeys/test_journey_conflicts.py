"""Two programs that were both offline shoot the same box: one effect, one conflict, told to the one who was second.

Real programs on their own data folders, and the real sandbox.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.options import Environment
from app.domain.rights import Operator
from app.flows.contradictions import ConflictView
from app.flows.receiving import Receiving
from app.wiring import Call, Program
from tests.fixtures.sandbox import SandboxProcess

DELIVERY = "DEMO-20261122-12"


class Device:
    """One program, signed in and synced once."""

    def __init__(self, folder: Path, hospital: SandboxProcess, who: str) -> None:
        self.program = Program(Call("test", folder, hospital.url, Environment()))
        self.sync()
        self.person: Operator = self.program.sign_in(who, "1234")
        self.desk: Receiving = self.program.receiving(DELIVERY, self.person, holds=False)

    def sync(self) -> None:
        summary = self.program.engine().run_until_empty(limit_s=60, until_empty=True)
        assert summary.trouble is None

    def scan(self, code: str) -> str:
        return self.desk.scan(code.encode()).reason

    def received(self) -> int:
        return self.program.receipt_views.of(self.desk.key.id).equation.received

    def conflicts(self) -> tuple[ConflictView, ...]:
        return self.program.uploads.contradictions.view(self.person).rows


@pytest.fixture
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def pair(tmp_path: Path, hospital: SandboxProcess) -> Iterator[tuple[Device, Device]]:
    first, second = Device(tmp_path / "a", hospital, "1001"), Device(tmp_path / "b", hospital, "1002")
    yield first, second
    first.program.close()
    second.program.close()


def box_of(hospital: SandboxProcess, place: int = 0) -> str:
    packages = hospital.deliveries()[DELIVERY]["packages"]
    return str([pack["code"] for pack in packages if pack["level"] == 1][place])


def in_ledger(hospital: SandboxProcess, box: str) -> tuple[str, int]:
    (row,) = [row for row in hospital.ledger(DELIVERY)["codes"] if row["code"] == box]
    return row["state"], row["times"]


def test_two_offline_devices_one_effect_one_conflict(hospital: SandboxProcess, pair: tuple[Device, Device]) -> None:
    first, second = pair
    box = box_of(hospital)
    assert (first.scan(box), second.scan(box)) == ("ok", "ok"), "both beep: neither knows of the other"
    first.sync()
    second.sync()
    assert in_ledger(hospital, box) == ("in", 1)
    assert len(hospital.ledger()["conflicts"]) == 1
    assert first.conflicts() == ()
    (told,) = second.conflicts()
    assert (told.kind, told.code, told.may_take_back) == ("same_code", box, True)
    assert (told.ours.operator, told.ours.device) == ("演示员乙 1002", second.program.device)
    assert (told.other.operator, told.other.device) == ("演示员甲 1001", first.program.device)
    assert (told.other.receipt, told.other.at_ms is not None) == (first.desk.key.id, True)
    assert second.received() == 1, "the box is in, by the other device"
    trail = [(entry.what, entry.note) for entry in second.program.receipt_views.of(second.desk.key.id).entries]
    assert ("contradicted", "same_code") in trail

    second.program.uploads.contradictions.take_back(told.id, second.person)
    second.sync()
    assert hospital.ledger()["conflicts"] == []
    assert in_ledger(hospital, box) == ("in", 1), "the one that counted stays"
    assert second.program.uploads.contradictions.count(second.person) == 0
    assert second.program.counts().waiting == 0


def test_what_another_device_takes_back_is_told_to_whoever_scanned(
    hospital: SandboxProcess, pair: tuple[Device, Device]
) -> None:
    mine = pair[0]
    box = box_of(hospital, 1)
    assert mine.scan(box) == "ok"
    mine.sync()
    scanned = mine.program.uploads.view().rows[0]
    later = scanned.created_ms + 60_000
    item = {
        "id": "01b00000-0000-7000-8000-000000000001", "device": "demo-pda-99", "receipt": scanned.receipt, "seq": 900,
        "kind": "reversal", "at_ms": later, "operator": "1002", "negates": scanned.id,
    }  # fmt: skip
    assert post(hospital, item)["items"][0]["result"] == "accepted"
    mine.sync()
    (told,) = mine.conflicts()
    assert (told.kind, told.other.device, told.other.operator) == ("reversed_elsewhere", "demo-pda-99", "演示员乙 1002")
    assert told.other.at_ms == later
    assert mine.received() == 0
    assert in_ledger(hospital, box) == ("reversed", 1)
    assert mine.scan(box) == "ok"
    mine.sync()
    assert in_ledger(hospital, box) == ("in", 1)
    assert len(mine.conflicts()) == 1


def post(hospital: SandboxProcess, item: dict[str, object]) -> dict[str, list[dict[str, str]]]:
    """As another device would send it."""
    request = urllib.request.Request(
        f"{hospital.url}/v1/items", data=json.dumps({"items": [item]}).encode(), method="POST",
        headers={"Content-Type": "application/json", "Matou-Device": "demo-pda-99"},
    )  # fmt: skip
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as reply:
        found: dict[str, list[dict[str, str]]] = json.loads(reply.read())
    return found
