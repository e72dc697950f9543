"""Deliveries without a manifest: numbers, estimates by the pack ratio, and two deliveries on one device."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.flows.receiving import Receiving
from sync.changes import RecallChange
from tests.fixtures import outbox
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages, received_by

BOX, BUNDLE, CARTON = "8999011", "8999012", "8999013"
B = [code(BOX, n) for n in range(30)]
C = [code(CARTON, n) for n in range(5)]
LEVELS = {BOX: 1, BUNDLE: 2, CARTON: 3}
TREE: dict[str, object] = {C[0]: {code(BUNDLE, n): {key: {} for key in B[5 * n : 5 * n + 5]} for n in range(2)}}


@pytest.fixture
def hospital(dock: Dock) -> Dock:
    dock.feed(operator(), drug("D1", LEVELS, ratio="1:2:10"), drug("D9", {"8999091": 1}))
    return dock


def shoot(desk: Receiving, *keys: str) -> list[str]:
    return [desk.scan(key.encode()).reason for key in keys]


def counters(dock: Dock) -> list[tuple[object, ...]]:
    return dock.rows(
        "SELECT line, received, damaged, rejected FROM receipt_lines WHERE receipt = 'T-1-R1' ORDER BY line"
    )


def bodies(dock: Dock) -> list[dict[str, Any]]:
    return [json.loads(body) for body in outbox.bodies(dock.rows(outbox.BODIES))]


def test_boxes_fill_a_number(hospital: Dock) -> None:
    hospital.feed(delivery(line(1, "D1", 2), manifest="missing"))
    desk = hospital.desk()
    assert shoot(desk, B[0], B[0], B[1], B[2], "89990910000000000001") == [
        "ok", "duplicate_in_receipt", "ok", "over_quantity", "not_in_delivery"
    ]  # fmt: skip
    assert desk.command("undo").ok
    assert shoot(desk, B[2]) == ["ok"]
    assert desk.command("close").ok


@pytest.mark.parametrize("manifest", ["missing", "late", "wrong"])
def test_cartons_are_estimated_by_the_ratio(hospital: Dock, manifest: str) -> None:
    hospital.feed(delivery(line(1, "D1", 17), manifest=manifest))
    desk = hospital.desk()
    found = desk.scan(C[0].encode())
    assert (found.reason, found.packs, found.received, found.expected) == ("ok", 10, 10, 17)
    assert desk.scan(code(BUNDLE, 7).encode()).packs == 5
    assert desk.scan(C[1].encode()).reason == "over_quantity"
    assert shoot(desk, B[0], B[1], B[2]) == ["ok", "ok", "over_quantity"]
    first = bodies(hospital)[0]
    assert (first["count"], first["digest"], first["estimated"]) == (10, None, True)
    assert desk.command(f"damaged {C[0]} wet").ok
    assert desk.summary().equation.damaged == 10


@pytest.mark.parametrize("ratio", [None, "", "10", "x:y", "1:0:10", "1:10"])
def test_a_carton_without_a_ratio_that_fits_is_ambiguous(hospital: Dock, ratio: str | None) -> None:
    hospital.feed(drug("D1", LEVELS, ratio=ratio), delivery(line(1, "D1", 50), manifest="missing"))
    desk = hospital.desk()
    assert shoot(desk, C[0], B[0]) == ["ambiguous", "ok"]
    assert desk.command(f"damaged {C[0]} wet").reason == "ambiguous"


def test_a_carton_shot_before_its_manifest_came_holds_its_boxes(hospital: Dock) -> None:
    hospital.feed(delivery(line(1, "D1", 10), manifest="late"))
    desk = hospital.desk()
    assert shoot(desk, C[0]) == ["ok"]
    hospital.feed(packages(TREE), delivery(line(1, "D1", 10)))
    assert shoot(desk, B[0], B[29]) == ["covered_by_parent", "over_quantity"]
    assert desk.summary().equation.received == 10


def test_lines_of_one_drug_fill_one_after_the_other(hospital: Dock) -> None:
    hospital.feed(delivery(line(1, "D1", 2, batch="X"), line(2, "D1", 2, batch="Y"), manifest="missing"))
    desk = hospital.desk()
    lines = [desk.scan(key.encode()).line for key in B[:4]]
    assert lines == [1, 1, 2, 2]
    assert shoot(desk, B[4]) == ["over_quantity"]


def test_a_code_stays_on_the_line_that_it_was_counted_on(hospital: Dock) -> None:
    hospital.feed(delivery(line(1, "D1", 1, batch="X"), line(2, "D1", 1, batch="Y"), manifest="missing"))
    desk = hospital.desk()
    shoot(desk, B[0])
    assert desk.scan(B[0].encode()).line == 1
    assert desk.command(f"damaged {B[0]} wet").ok
    assert counters(hospital) == [(1, 0, 1, 0), (2, 0, 0, 0)]


def test_a_label_s_batch_finds_its_line(hospital: Dock) -> None:
    gtin = "09529999001016"
    hospital.feed(drug("D3", {gtin: 1}))
    hospital.feed(delivery(line(1, "D3", 1, batch="X"), line(2, "D3", 1, batch="Y"), manifest="missing"))
    desk = hospital.desk()
    found = desk.scan(f"01{gtin}10Y\x1d21S1".encode())
    assert (found.reason, found.line) == ("ok", 2)
    assert desk.scan(f"01{gtin}10Z\x1d21S2".encode()).reason == "wrong_batch"
    hospital.feed(RecallChange("D3", "X", active=True))
    assert desk.scan(f"01{gtin}10X\x1d21S3".encode()).reason == "recalled"


def test_two_deliveries_on_one_device_before_any_sync(hospital: Dock) -> None:
    hospital.feed(packages(TREE), delivery(line(1, "D1", 10)))
    hospital.feed(delivery(line(1, "D1", 5), number="T-2", manifest="missing"))
    two, one = hospital.desk("T-2"), hospital.desk()
    found = two.scan(B[0].encode())
    assert (found.reason, found.values["delivery"], found.line) == ("other_delivery", "T-1", None)
    assert shoot(two, C[0], B[20]) == ["other_delivery", "ok"]
    assert shoot(one, B[1], code(BUNDLE, 1)) == ["ok", "ok"]
    assert shoot(two, B[1], B[7], code(BUNDLE, 1)) == ["already_received"] * 3
    assert dict(two.summary().lists) | {"offered": 2, "already": 3} == dict(two.summary().lists)
    one.command("undo")
    assert shoot(two, B[7]) == ["other_delivery"]
    hospital.feed(delivery(line(1, "D1", 10), state="withdrawn"))
    assert shoot(two, B[8]) == ["ok"]


def test_an_outcome_is_not_given_to_a_box_of_another_delivery(hospital: Dock) -> None:
    hospital.feed(packages(TREE), delivery(line(1, "D1", 10)))
    hospital.feed(delivery(line(1, "D1", 5), number="T-2", manifest="missing"))
    two = hospital.desk("T-2")
    assert two.command(f"damaged {B[0]} wet").reason == "not_in_delivery"


def test_a_box_rejected_once_may_come_again(hospital: Dock) -> None:
    hospital.feed(packages({B[0]: {}}), delivery(line(1, "D1", 1)))
    hospital.feed(packages({B[0]: {}}, number="T-2"), delivery(line(1, "D1", 1), number="T-2"))
    one = hospital.desk()
    shoot(one, B[0])
    two = hospital.desk("T-2")
    assert shoot(two, B[0]) == ["already_received"]
    one.command(f"reject {B[0]} broken")
    assert shoot(two, B[0]) == ["ok"]


def test_a_box_that_the_hospital_sent_back_may_come_again(hospital: Dock) -> None:
    hospital.feed(packages({B[0]: {}}), delivery(line(1, "D1", 1)))
    hospital.feed(packages({B[0]: {}}, number="T-2"), delivery(line(1, "D1", 1), number="T-2"))
    one = hospital.desk()
    shoot(one, B[0])
    hospital.feed(received_by(hospital.program.device, B[0]))
    two = hospital.desk("T-2")
    assert shoot(two, B[0]) == ["already_received"]
    hospital.feed(received_by(hospital.program.device, B[0], state="returned"))
    assert shoot(two, B[0]) == ["ok"]


def test_a_recalled_label_is_recalled_whatever_the_note_says(hospital: Dock) -> None:
    gtin, key = "09529999001016", "010952999900101621S1"
    hospital.feed(drug("D3", {gtin: 1}), packages({key: {}}), delivery(line(1, "D3", 1, batch="X")))
    hospital.feed(RecallChange("D3", "Y", active=True))
    desk = hospital.desk()
    assert desk.scan(f"01{gtin}10Y\x1d21S1".encode()).reason == "recalled"


def test_a_pack_that_only_our_carton_holds_goes_with_it(hospital: Dock) -> None:
    """Another device shot the box first and took it back; the hospital's last word names our carton."""
    hospital.feed(packages(TREE), delivery(line(1, "D1", 10)))
    desk = hospital.desk()
    hospital.feed(received_by("pda-2", B[0]))
    assert shoot(desk, C[0]) == ["ok"]
    hospital.feed(received_by("pda-2", B[0], via=C[0]))
    desk.command("undo")
    hospital.feed(received_by(hospital.program.device, *B[:10], via=C[0], state="reversed"))
    assert desk.summary().equation.received == 0


def test_a_pack_that_we_took_back_stays_in_by_another_s_bundle(hospital: Dock) -> None:
    """Our box went in first, another device's bundle after it; the hospital names us as the cause of the change."""
    hospital.feed(packages(TREE), delivery(line(1, "D1", 10)))
    desk = hospital.desk()
    assert shoot(desk, B[0]) == ["ok"]
    hospital.feed(received_by("pda-2", *B[1:5], via=code(BUNDLE, 0)))
    desk.command("undo")
    hospital.feed(received_by(hospital.program.device, B[0], via=code(BUNDLE, 0)))
    assert desk.summary().equation.received == 5


def test_a_manifest_that_comes_late_holds_for_commands_too(hospital: Dock) -> None:
    hospital.feed(delivery(line(1, "D1", 10), manifest="late"))
    desk = hospital.desk()
    hospital.feed(packages(TREE), delivery(line(1, "D1", 10)))
    assert desk.command(f"damaged {B[29]} wet").reason == "not_in_delivery"


def test_a_closed_receipt_takes_nothing_more(hospital: Dock) -> None:
    hospital.feed(delivery(line(1, "D1", 1), manifest="missing"))
    desk = hospital.desk()
    shoot(desk, B[0])
    assert desk.command("close").ok
    found = desk.scan(B[1].encode())
    assert (found.reason, found.trouble, found.seq) == ("not_recorded", "receipt_closed", None)
    done = desk.command("undo")
    assert (done.reason, done.trouble, done.seq) == ("not_recorded", "receipt_closed", None)
    assert desk.summary().equation.received == 1
