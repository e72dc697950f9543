"""Every rule of /v1/items, each seen in the answer and in the ledger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fixtures.sandbox import SandboxProcess
from tests.sandbox.conftest import BOXES, BUNDLES, CARTON, Client, Pen, code, digest, tree

OK = ("accepted", None)


def _state(sandbox: SandboxProcess, number: str = "T-1") -> dict[str, str]:
    return {row["code"]: row["state"] for row in sandbox.ledger(number)["codes"]}


def test_repeat_is_duplicate_and_has_no_second_effect(sandbox: SandboxProcess, dock: Client, pen: Pen):
    scan = pen.scan(BOXES[0])
    assert dock.results(scan, scan) == [OK, ("duplicate", None)]
    assert dock.results(scan) == [("duplicate", None)]
    (row,) = sandbox.ledger("T-1")["codes"]
    assert (row["times"], row["effects"]) == (1, [scan["id"]])


def test_same_id_with_other_content_is_refused(dock: Client, pen: Pen):
    scan = pen.scan(BOXES[0])
    assert dock.results(scan, {**scan, "line": 2}) == [OK, ("refused", "id_reused")]
    assert dock.ask(scan["id"]) == ["accepted"]


def test_unknown_members_are_passed_over(dock: Client, pen: Pen):
    scan = pen.scan(BOXES[0])
    assert dock.results({**scan, "colour": "red"}, scan) == [OK, ("duplicate", None)]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "party"},
        {"seq": 0},
        {"seq": "1"},
        {"count": 0},
        {"count": 1.5},
        {"digest": "short"},
        {"device": "no spaces"},
        {"receipt": "T-1"},
        {"payload": ""},
        {"line": None},
        {"at_ms": -1},
    ],
)
def test_item_outside_the_schema_is_refused_alone(shared: SandboxProcess, change: dict[str, Any]):
    client, pen = Client(shared.port), Pen("T-1-R1", device="".join(c for c in str(change) if c.isalnum()))
    good, bad = pen.outcome("over", 1), {**pen.scan(BOXES[1]), **change}
    assert client.results(bad, good) == [("refused", "bad_item"), OK]
    assert client.ask(bad["id"]) == ["refused"]


@pytest.mark.parametrize("missing", ["payload", "code", "line", "count", "digest", "operator"])
def test_item_without_a_member_is_refused_alone(shared: SandboxProcess, missing: str):
    bad = Pen("T-1-R1", device=f"without-{missing}").scan(BOXES[0])
    del bad[missing]
    assert Client(shared.port).results(bad) == [("refused", "bad_item")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b'{"items": []}',
        b'{"items": [{}]}',
        b'{"items": [3]}',
        b'{"items": [{"id": "x"}]}',
        b'{"items": "\xff"}',
        b"[" * 5000,
    ],
)
def test_unreadable_batch_is_a_problem(shared: SandboxProcess, body: bytes):
    status, _, answer = Client(shared.port).call("POST", "/v1/items", body)
    assert (status, json.loads(answer)["code"]) == (400, "bad_request")


def test_what_is_not_of_the_delivery_is_refused(dock: Client, pen: Pen):
    stranger = Pen("NOBODY-R1")
    assert dock.results(
        stranger.scan(BOXES[0]),
        pen.scan(BOXES[0], line=9),
        pen.scan(BOXES[0], line=2),
        pen.scan(code("8999011", 77)),
        pen.scan(code("8999071", 1), line=2),
        pen.outcome("short", 9),
        pen.outcome("damaged", 1),
        pen.outcome("short", 1, code=BOXES[0]),
        pen.outcome("damaged", 1, count=0, code=BOXES[0]),
    ) == [
        ("refused", "unknown_delivery"),
        ("refused", "unknown_line"),
        ("refused", "wrong_line"),
        ("refused", "not_in_delivery"),
        ("refused", "wrong_drug"),
        ("refused", "unknown_line"),
        ("refused", "bad_item"),
        ("refused", "bad_item"),
        ("refused", "bad_item"),
    ]


def test_refused_item_may_come_again_when_its_cause_is_mended(sandbox: SandboxProcess, client: Client, pen: Pen):
    scan = pen.scan(BOXES[0])
    assert client.results(scan) == [("refused", "unknown_delivery")]
    sandbox.seed({"deliveries": [tree()]})
    assert client.results(scan) == [OK]


def test_refused_item_that_was_taken_back_stays_refused(sandbox: SandboxProcess, client: Client, pen: Pen):
    sandbox.seed({"deliveries": [tree()]})
    sandbox.faults({f"poison:{BOXES[0]}": 1})
    scan = pen.scan(BOXES[0])
    undo = pen.undo(scan)
    assert client.results(scan, undo) == [("refused", "poisoned"), OK]
    sandbox.faults({})
    assert client.results(scan) == [("refused", "poisoned")]
    assert _state(sandbox) == {}


@pytest.mark.parametrize(
    ("count", "packs"), [(3, BOXES), (4, BOXES[:3]), (4, None), (1, None)], ids=["count", "digest", "no digest", "one"]
)
def test_other_children_are_a_conflict_without_effect(
    sandbox: SandboxProcess, dock: Client, pen: Pen, count: int, packs: list[str] | None
):
    scan = {**pen.scan(CARTON), "count": count, "digest": digest(packs)}
    assert dock.results(scan) == [("conflict", "different_children")]
    ledger = sandbox.ledger("T-1")
    assert ledger["codes"] == []
    assert ledger["conflicts"] == [{"code": CARTON, "id": scan["id"], "with": [], "reason": "different_children"}]


def test_digest_on_a_smallest_pack_is_a_conflict(dock: Client, pen: Pen):
    assert dock.results(pen.scan(BOXES[0], packs=[BOXES[0]])) == [("conflict", "different_children")]


def test_sender_without_the_manifest_may_give_the_number_alone(sandbox: SandboxProcess, dock: Client, pen: Pen):
    assert dock.results(pen.scan(CARTON, count=4, estimated=True)) == [OK]
    assert set(_state(sandbox)) == set(BOXES)


def test_second_item_for_a_code_is_a_conflict_until_the_first_is_undone(
    sandbox: SandboxProcess, dock: Client, pen: Pen
):
    other = Pen("T-1-R1", device="pda-2")
    first, second, third = pen.scan(BOXES[0]), other.scan(BOXES[0]), other.scan(BOXES[0])
    answers = dock.send(first, second)
    assert (answers[1]["result"], answers[1]["code"], answers[1]["with"]) == ("conflict", "same_code", [first["id"]])
    assert dock.results(pen.undo(first), third, second) == [OK, OK, ("conflict", "same_code")]
    (row,) = sandbox.ledger("T-1")["codes"]
    assert (row["state"], row["times"], len(row["effects"])) == ("in", 1, 3)


def test_reversal_of_a_conflict_ends_it(sandbox: SandboxProcess, dock: Client, pen: Pen):
    first, second = pen.scan(BOXES[0]), pen.scan(BOXES[0])
    dock.send(first, second)
    assert len(sandbox.ledger()["conflicts"]) == 1
    assert dock.results(pen.undo(second)) == [OK]
    ledger = sandbox.ledger("T-1")
    assert ledger["conflicts"] == []
    assert [row["state"] for row in ledger["codes"]] == ["in"]


def test_packs_of_another_receipt_are_a_conflict(sandbox: SandboxProcess, dock: Client, pen: Pen):
    supplement = Pen("T-1-R2", device="pda-2")
    box = pen.scan(BOXES[3])
    dock.send(box)
    (answer,) = dock.send(supplement.scan(CARTON, packs=BOXES))
    assert (answer["result"], answer["code"], answer["with"]) == ("conflict", "other_receipt", [box["id"]])
    dock.send(pen.undo(box))
    assert dock.results(supplement.scan(CARTON, packs=BOXES)) == [OK]
    assert {row["times"] for row in sandbox.ledger("T-1")["codes"]} == {1}


def test_undo_of_an_outcome_brings_nothing_back_that_another_receipt_has(
    sandbox: SandboxProcess, dock: Client, pen: Pen
):
    supplement = Pen("T-1-R2", device="pda-2")
    damaged, second = pen.outcome("damaged", 1, code=BOXES[0]), supplement.scan(BOXES[0])
    dock.send(pen.scan(BOXES[0]), damaged)
    assert dock.results(second) == [OK]
    (answer,) = dock.send(pen.undo(damaged))
    assert (answer["result"], answer["code"], answer["with"]) == ("conflict", "other_receipt", [second["id"]])
    (row,) = sandbox.ledger("T-1")["codes"]
    assert (row["state"], row["times"]) == ("in", 1)


def test_earlier_code_is_a_conflict_and_its_rejection_is_not(sandbox: SandboxProcess, client: Client, pen: Pen):
    past = {
        "receipts": [{"id": "OLD-R1", "delivery": "OLD", "state": "closed"}],
        "codes": [{"code": BOXES[0], "delivery": "OLD", "line": 1, "state": "in", "effects": [pen.scan("x")["id"]]}],
    }
    sandbox.seed({"deliveries": [tree()], "setting": {"earlier": past}})
    assert client.results(pen.scan(BOXES[0]), pen.outcome("rejected", 1, code=BOXES[0])) == [
        ("conflict", "other_receipt"),
        OK,
    ]
    assert sandbox.ledger("OLD")["codes"][0]["state"] == "in"
    assert sandbox.ledger("T-1")["receipts"][0]["equation"]["rejected"] == 1


def test_carton_and_its_boxes_are_no_conflict(sandbox: SandboxProcess, dock: Client, pen: Pen):
    bundle = pen.scan(BUNDLES[0], packs=BOXES[:2])
    assert dock.results(pen.scan(BOXES[0]), bundle, pen.scan(CARTON, packs=BOXES)) == [OK] * 3
    via = {row["code"]: row["via"] for row in sandbox.ledger("T-1")["codes"]}
    assert via == {BOXES[0]: None, BOXES[1]: BUNDLES[0], BOXES[2]: CARTON, BOXES[3]: CARTON}


def test_undo_leaves_what_others_hold(sandbox: SandboxProcess, dock: Client, pen: Pen):
    carton = pen.scan(CARTON, packs=BOXES)
    dock.send(pen.scan(BOXES[0]), carton, pen.undo(carton))
    assert _state(sandbox) == {BOXES[0]: "in", **dict.fromkeys(BOXES[1:], "reversed")}
    last = [row for row in sandbox.ledger("T-1")["codes"] if row["code"] == BOXES[1]]
    assert last[0]["via"] == CARTON


def test_second_undo_of_the_same_item_changes_nothing(sandbox: SandboxProcess, dock: Client, pen: Pen):
    scan, again = pen.scan(BOXES[0]), pen.scan(BOXES[0])
    assert dock.results(scan, pen.undo(scan), again, pen.undo(scan)) == [OK] * 4
    assert _state(sandbox) == {BOXES[0]: "in"}


def test_undo_of_what_cannot_be_undone(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.seed({"deliveries": [{**tree("T-2"), "manifest": "missing"}]})
    scan = pen.scan(BOXES[0])
    undo = pen.undo(scan)
    dock.send(scan, undo)
    assert dock.results(
        pen.undo(undo), Pen("T-2-R1").undo(scan), {**pen.undo(scan), "negates": "01a201d7-0ee8-7506-8e64-000000000000"}
    ) == [("refused", "not_reversible"), ("refused", "negates_other_receipt"), ("refused", "negates_unknown")]


def test_latest_outcome_wins_and_its_undo_brings_back_the_earlier(sandbox: SandboxProcess, dock: Client, pen: Pen):
    def sums() -> tuple[int, int, int]:
        equation = sandbox.ledger("T-1")["receipts"][0]["equation"]
        return equation["received"], equation["damaged"], equation["rejected"]

    rejected = pen.outcome("rejected", 1, code=BOXES[0])
    damaged = pen.outcome("damaged", 1, count=2, code=BUNDLES[0], packs=BOXES[:2])
    dock.send(pen.scan(CARTON, packs=BOXES), rejected, damaged)
    assert sums() == (2, 2, 0)
    dock.send(pen.undo(damaged))
    assert sums() == (3, 0, 1)
    dock.send(pen.undo(rejected))
    assert sums() == (4, 0, 0)
    assert _state(sandbox) == dict.fromkeys(BOXES, "in")


def test_later_number_for_a_line_replaces_the_earlier(sandbox: SandboxProcess, dock: Client, pen: Pen):
    five, three = pen.outcome("exempt", 2, count=5), pen.outcome("exempt", 2, count=3)
    dock.send(five, three)
    (row,) = sandbox.ledger("T-1")["quantities"]
    assert (row["packs"], row["state"], row["times"]) == (3, "in", 1)
    assert row["effects"] == [five["id"], three["id"]]
    undo = pen.undo(three)
    undo_first = pen.undo(five)
    dock.send(undo)
    assert sandbox.ledger("T-1")["quantities"][0]["packs"] == 5
    dock.send(undo_first)
    (row,) = sandbox.ledger("T-1")["quantities"]
    assert (row["packs"], row["state"]) == (0, "reversed")
    assert row["effects"] == [five["id"], three["id"], undo["id"], undo_first["id"]]


def test_close_waits_for_its_sums(sandbox: SandboxProcess, dock: Client, pen: Pen):
    early = pen.close(9, 4, 0, 0, 0, 5)
    open_sum = pen.close(9, 4, 0, 0, 0, 4)
    assert dock.results(early, open_sum) == [("later", "receipt_incomplete"), ("refused", "equation_open")]
    assert dock.ask(early["id"]) == ["unknown"]
    dock.send(pen.scan(CARTON, packs=BOXES), pen.outcome("exempt", 2, count=5))
    assert dock.results(early) == [OK]
    receipt = sandbox.ledger("T-1")["receipts"][0]
    assert (receipt["state"], receipt["equation"]) == ("closed", early["equation"])
    assert (receipt["devices"], receipt["operators"]) == (["pda-1"], ["1001"])


def test_after_a_close_only_repeats_are_answered(dock: Client, pen: Pen):
    scan = pen.scan(CARTON, packs=BOXES)
    late = pen.scan(BOXES[0])
    close = pen.close(9, 4, 5, 0, 0, 0)
    assert dock.results(scan, pen.outcome("short", 2, count=5), close) == [OK] * 3
    assert dock.results(late, pen.undo(scan), scan, close) == [
        ("refused", "receipt_closed"),
        ("refused", "receipt_closed"),
        ("duplicate", None),
        ("duplicate", None),
    ]


def test_close_and_undo_wait_for_what_was_put_off(sandbox: SandboxProcess, dock: Client, pen: Pen):
    sandbox.faults({"plan": [{"endpoint": "items", "fault": "half_refused:over"}, {"fault": "half_refused:damaged"}]})
    over, damaged = pen.outcome("over", 1, count=1), pen.outcome("damaged", 1, code=BOXES[0])
    undo = pen.undo(damaged)
    carton, exempt = pen.scan(CARTON, packs=BOXES), pen.outcome("exempt", 2, count=5)
    batch = [carton, exempt, over, damaged, undo, pen.close(9, 4, 0, 0, 0, 5)]
    later = [("later", "busy"), ("later", "busy"), ("later", "waits_for_negated"), ("later", "receipt_incomplete")]
    assert dock.results(*batch) == [OK, OK, *later]
    assert dock.results(undo) == [("later", "waits_for_negated")]
    assert dock.results(*batch) == [("duplicate", None)] * 2 + [OK] * 4


def test_estimated_carton_is_one_row_by_number(sandbox: SandboxProcess, client: Client, pen: Pen):
    sandbox.seed({"deliveries": [tree(manifest="late")]})
    assert client.results(
        pen.scan(CARTON, count=200, estimated=True), pen.scan(CARTON, packs=BOXES), pen.scan(BOXES[0], count=2)
    ) == [OK, ("conflict", "same_code"), ("conflict", "different_children")]
    (row,) = sandbox.ledger("T-1")["codes"]
    assert (row["code"], row["packs"], row["estimated"], row["times"]) == (CARTON, 200, True, 1)
    assert sandbox.ledger("T-1")["receipts"][0]["equation"]["received"] == 200


def test_late_manifest_turns_a_carton_into_its_packs(sandbox: SandboxProcess, client: Client, pen: Pen):
    sandbox.seed({"deliveries": [tree(manifest="late")]})
    scan = pen.scan(CARTON, count=200, estimated=True)
    undone = pen.scan(BOXES[0])
    client.send(scan, undone, pen.undo(undone))
    sandbox.seed({"deliveries": [tree()]})
    assert _state(sandbox) == dict.fromkeys(BOXES, "in")
    rows = {row["code"]: row for change in client.changes() if change["kind"] == "codes" for row in change["rows"]}
    assert {rows[box]["state"] for box in BOXES} == {"in"}
    assert rows[CARTON]["state"] == "reversed"
    assert client.results(pen.undo(scan)) == [OK]
    assert set(_state(sandbox).values()) == {"reversed"}


def test_foreign_layout_is_taken_by_number(sandbox: SandboxProcess, client: Client, pen: Pen):
    sandbox.seed({"deliveries": [tree(manifest="missing")]})
    assert client.results(pen.scan("DMZY-ABCDEFGHIJK"), pen.scan(code("8999071", 1))) == [
        OK,
        ("refused", "wrong_drug"),
    ]


def test_outcomes_and_numbers_reach_the_other_devices(dock: Client, pen: Pen):
    dock.send(pen.outcome("damaged", 1, code=BOXES[0]), pen.outcome("short", 1, count=2))
    changes = dock.changes()
    row = [row for change in changes if change["kind"] == "codes" for row in change["rows"]][-1]
    assert (row["code"], row["state"], row["outcome"], row["device"]) == (BOXES[0], "reversed", "damaged", "pda-1")
    receipt = [change for change in changes if change["kind"] == "receipt"][-1]
    assert receipt["lines"] == [{"line": 1, "short": 2, "over": 0, "exempt": 0}]


def test_devices_unite_as_sets(sandbox: SandboxProcess, dock: Client, pen: Pen):
    other = Pen("T-1-R1", device="pda-2", operator="1002")
    bundles = [other.scan(BUNDLES[0], packs=BOXES[:2]), pen.scan(BUNDLES[1], packs=BOXES[2:])]
    assert dock.results(pen.scan(BOXES[0]), *bundles) == [OK] * 3
    ledger = sandbox.ledger("T-1")
    assert {row["times"] for row in ledger["codes"]} == {1}
    assert ledger["receipts"][0]["devices"] == ["pda-1", "pda-2"]
    assert ledger["receipts"][0]["equation"]["received"] == 4
