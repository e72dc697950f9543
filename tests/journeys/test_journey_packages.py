"""What the relay tells of packages, from its wire to the hospital's books: hard deliveries, late manifests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync import SyncStatus
from tests.fixtures.hospital import code
from tests.fixtures.sandbox import SandboxProcess
from tests.journeys.package_campaign import Folder, Goods, run_campaign

LIMIT_S = 60.0
TRAIL = "SELECT kind, reason, command, code, packs, negates, in_force, note FROM entries WHERE receipt = ? ORDER BY seq"
BOX, BUNDLE = "8999011", "8999012"  # YP-0001: twenty boxes to a bundle, as its ratio says


def test_hard_deliveries_shot_in_any_order_come_to_the_same_and_to_the_truth(tmp_path: Path) -> None:
    """Each case alone, a late, a missing and every wrong manifest, and some mixtures of them."""
    report = run_campaign(3, 30, tmp_path)

    assert report.broken == []
    assert (report.deliveries, report.ledger_codes + report.boxes_on_wrong_line) == (30, report.boxes)
    # It was a hard one: packages counted, stopped with a reason, and estimated.
    assert min(report.packages_counted, report.packages_stopped, report.estimates) > 0


@pytest.fixture
def hospital() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


def late(hospital: SandboxProcess, number: str, bundles: dict[int, int]) -> Goods:
    """A delivery whose manifest is late; bundle number → boxes in it. The hospital itself knows the goods."""
    packages: list[dict[str, Any]] = []
    for bundle, boxes in bundles.items():
        packages.append({"code": code(BUNDLE, bundle), "level": 2, "parent": None, "line": 1})
        inside = (code(BOX, 1_000 * bundle + each) for each in range(boxes))
        packages += [{"code": box, "level": 1, "parent": code(BUNDLE, bundle), "line": 1} for box in inside]
    line = {"line": 1, "drug": "YP-0001", "batch": "L1", "expiry": "2029-06-30", "packs": sum(bundles.values())}
    hospital.seed({"deliveries": [{
        "delivery": number, "supplier": "演示医药", "manifest": "late", "knowledge": "relay", "lines": [line],
        "packages": packages,
    }]})  # fmt: skip
    return Goods.of(hospital.deliveries()[number])


def release(hospital: SandboxProcess, goods: Goods) -> None:
    assert hospital._call("POST", "/relay", {"release": goods.number})["released"]


def books(hospital: SandboxProcess, goods: Goods) -> dict[str, tuple[str, int, str | None]]:
    """What the hospital has of a delivery, without a conflict."""
    ledger = hospital.ledger(goods.number)
    assert ledger["conflicts"] == []
    return {row["code"]: (row["state"], row["times"], row["via"]) for row in ledger["codes"]}


def test_a_late_manifest_counts_an_estimate_anew_before_the_hospital_heard_of_it(
    hospital: SandboxProcess, tmp_path: Path
) -> None:
    """The hospital's door for items is shut, the relay's is open: thirty boxes on the note, ten of them in a bundle."""
    goods = late(hospital, "LATE-1", {1: 10, 2: 20})
    short, full = code(BUNDLE, 1), code(BUNDLE, 2)
    with Folder(tmp_path, hospital.url) as folder:
        folder.sync()
        desk = folder.desk(goods.number)
        estimate = desk.scan(short.encode())
        assert (estimate.reason, estimate.packs, desk.summary().estimated) == ("ok", 20, {1: 20})

        hospital.faults({"plan": [{"endpoint": "items", "fault": "status:503", "for_s": 600}]})
        release(hospital, goods)
        brought = threading.Event()

        def told(status: SyncStatus) -> None:
            if status.relay.manifests:
                brought.set()

        folder.program.start_sync(told)
        assert brought.wait(LIMIT_S)

        assert folder.rows(TRAIL, goods.receipt) == [
            ("scan", "ok", None, short, 20, None, 0, "estimated"),
            ("command", "ok", "restated", short, 20, 1, 0, "20 → 10"),
            ("scan", "ok", None, short, 10, None, 1, None),
        ]
        assert folder.held(goods.receipt) == goods.inside[short]
        assert desk.summary().estimated == {}
        assert (desk.scan(full.encode()).reason, desk.command("close").ok) == ("ok", True)
    hospital.faults({})
    with Folder(tmp_path, hospital.url) as folder:
        folder.sync()

    assert books(hospital, goods) == {
        box: ("in", 1, bundle) for bundle in (short, full) for box in goods.inside[bundle]
    }
    [receipt] = hospital.ledger(goods.number)["receipts"]
    assert (receipt["state"], receipt["equation"]["received"]) == ("closed", 30)


def test_a_late_manifest_counts_an_estimate_anew_that_the_hospital_took(
    hospital: SandboxProcess, tmp_path: Path
) -> None:
    goods = late(hospital, "LATE-2", {3: 20})
    bundle = code(BUNDLE, 3)
    with Folder(tmp_path, hospital.url) as folder:
        folder.sync()
        desk = folder.desk(goods.number)
        assert desk.scan(bundle.encode()).packs == 20
        folder.sync()
        before = books(hospital, goods)
        release(hospital, goods)
        folder.sync()  # brings the manifest
        folder.sync()  # sends what became of the estimate

        trail = [(row[0], row[2], row[4], row[6], row[7]) for row in folder.rows(TRAIL, goods.receipt)]
        assert trail == [
            ("scan", None, 20, 0, "estimated"), ("command", "restated", 20, 0, "20 → 20"), ("scan", None, 20, 1, None),
        ]  # fmt: skip
        assert folder.held(goods.receipt) == goods.inside[bundle]
    assert books(hospital, goods) == before == dict.fromkeys(goods.boxes, ("in", 1, bundle))


def test_an_estimate_that_the_hospital_knows_to_be_wrong_is_a_conflict_and_the_boxes_are_shot(
    hospital: SandboxProcess, tmp_path: Path
) -> None:
    goods = late(hospital, "LATE-3", {4: 10, 5: 10})
    bundle = code(BUNDLE, 4)
    with Folder(tmp_path, hospital.url) as folder:
        folder.sync()
        desk = folder.desk(goods.number)
        assert desk.scan(bundle.encode()).packs == 20
        folder.sync()
        assert folder.held(goods.receipt) == set()
        conflicts = hospital.ledger(goods.number)["conflicts"]
        assert [(row["code"], row["reason"]) for row in conflicts] == [(bundle, "different_children")]

        release(hospital, goods)
        folder.sync()
        assert {outcome.reason for outcome in folder.shoot(desk, goods.boxes)} == {"ok"}
        folder.sync()
    ledger = hospital.ledger(goods.number)
    assert {row["code"]: (row["state"], row["times"]) for row in ledger["codes"]} == dict.fromkeys(
        goods.boxes, ("in", 1)
    )


def test_what_one_clerk_says_of_a_code_is_known_on_the_other_device(hospital: SandboxProcess, tmp_path: Path) -> None:
    goods = late(hospital, "LEARN-1", {4: 5})
    strange, alike = code("8999777", 1), code("8999777", 2)
    with Folder(tmp_path / "a", hospital.url) as first, Folder(tmp_path / "b", hospital.url) as second:
        for folder in (first, second):
            folder.sync()
        desk = first.desk(goods.number)
        assert desk.scan(strange.encode()).reason == "unknown_code"
        assert desk.command(f"level {strange} YP-0001 1").ok
        assert second.program.look_up(alike).level is None
        for folder in (first, second):
            folder.sync()
        view = second.program.look_up(alike)
        assert (view.drug, view.level, view.origin) == ("YP-0001", 1, "manual")
