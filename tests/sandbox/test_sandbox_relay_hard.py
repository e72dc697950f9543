"""Fifty hard deliveries: the data is checked before anybody is tried with it, and the hospital goes by the truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sync.sandbox.relay_cases import CASES, DISTRIBUTOR_CARTON, hard_deliveries
from sync.sandbox.relay_flaws import FLAWS
from tests.fixtures.sandbox import SandboxProcess
from tests.sandbox.conftest import Client, Pen
from tests.sandbox.test_sandbox_relay import SEED, Caller

STATES = {"complete", "late", "wrong", "missing"}


class Set:
    """The fifty as every door shows them."""

    def __init__(self, process: SandboxProcess) -> None:
        self.process = process
        self.caller = Caller(process.port)
        self.key = {number: one for number, one in process.deliveries().items() if number.startswith("DEMO-H")}
        for one in [one for one in self.key.values() if one["manifest"] == "late"]:
            process._call("POST", "/relay", {"release": one["delivery"]})
        self.feed = Client(process.port).changes(5000)
        self.heads = self.caller.heads()
        self.ledger = process.ledger()
        self.levels = {drug["drug"]: drug["levels"] for drug in self.feed if drug["kind"] == "drug"}

    def versions(self, number: str) -> list[list[dict[str, Any]]]:
        """The rows of each version of a delivery's manifest."""
        heads = [head for head in self.heads if head.get("delivery") == number]
        return [[json.loads(line) for line in self.caller.lines(head)[:-1]] for head in heads]

    def of_case(self, case: str) -> dict[str, Any]:
        """The delivery that holds this case and nothing else."""
        return next(one for one in self.key.values() if one["cases"] == [case])

    def of_flaw(self, flaw: str) -> dict[str, Any]:
        """The delivery whose manifest is wrong in this way and holds nothing else."""
        return next(one for one in self.key.values() if one["cases"] == ["wrong", flaw])

    def events(self, number: str) -> list[dict[str, Any]]:
        return [head for head in self.heads if head["kind"] == "event" and head["id"].startswith(f"EV-{number}-")]


@pytest.fixture(scope="module")
def fifty() -> Iterator[Set]:
    with SandboxProcess(seed=SEED) as process:
        assert process.seed({"hard": 50, "seed": 9, "knowledge": "relay"})["deliveries"] == 50
        yield Set(process)


def _drug_levels(fifty: Set, drug: str, code: str) -> int | None:
    prefix = code[2:16] if code.startswith("01") else code[:7]
    level: int | None = fifty.levels[drug].get(prefix)
    return level


def test_every_case_every_flaw_and_every_state_is_there(fifty: Set):
    names = Counter(name for one in fifty.key.values() for name in one["cases"])
    assert set(names) == set(CASES) | set(FLAWS) | STATES - {"complete"}
    assert len(fifty.key) == 50
    assert {one["manifest"] for one in fifty.key.values()} == STATES
    assert {one["knowledge"] for one in fifty.key.values()} == {"relay"}


def test_no_two_codes_are_equal(fifty: Set):
    every = fifty.process.deliveries().values()
    codes = [package["code"] for one in every for package in one["packages"]]
    codes += [row["code"] for row in fifty.ledger["codes"]]
    assert [code for code, times in Counter(codes).items() if times > 1] == []


def test_the_truth_is_a_set_of_trees_and_its_leaves_are_the_lines(fifty: Set):
    for one in fifty.key.values():
        packages = {package["code"]: package for package in one["packages"]}
        parents = {package["parent"] for package in packages.values()}
        for package in packages.values():
            assert package["parent"] is None or packages[package["parent"]]["level"] > package["level"]
        leaves = Counter(package["line"] for package in packages.values() if package["code"] not in parents)
        assert dict(leaves) == {line["line"]: line["packs"] for line in one["lines"]}
        assert all(packages[code]["level"] == 1 for code in packages if code not in parents)


def test_boxes_are_of_the_drug_of_their_line(fifty: Set):
    for one in fifty.key.values():
        drugs = {line["line"]: line["drug"] for line in one["lines"]}
        for package in one["packages"]:
            code, drug = package["code"], drugs[package["line"]]
            if code.startswith("DMZY-"):
                assert (drug, len(code)) == ("YP-0011", 16)
            elif not code.startswith(("00", DISTRIBUTOR_CARTON)):
                assert _drug_levels(fifty, drug, code) == package["level"]


def test_the_feed_tells_lines_and_no_packages(fifty: Set):
    notes = {one["delivery"]: one for one in fifty.feed if one["kind"] == "delivery"}
    for number, one in fifty.key.items():
        assert (notes[number]["manifest"], notes[number]["knowledge"]) == ("late", "relay")
        assert [line["packs"] for line in notes[number]["lines"]] == [line["packs"] for line in one["lines"]]
    told = {one["delivery"] for one in fifty.feed if one["kind"] == "packages"}
    assert not told & set(fifty.key)
    ordinary = [one for number, one in notes.items() if number not in fifty.key]
    assert ordinary
    assert all("knowledge" not in one and "cases" not in one for one in ordinary)


def test_the_same_number_gives_the_same_deliveries():
    first, again, other = hard_deliveries(3, 50), hard_deliveries(3, 50), hard_deliveries(4, 50)
    assert first == again
    assert [one.seed.packages for one in first] != [one.seed.packages for one in other]


def test_a_manifest_without_a_twist_tells_the_truth(fifty: Set):
    twisted = {"replaced_code", "opened_carton", "all_nine_parent"}
    for number, one in fifty.key.items():
        versions = fifty.versions(number)
        assert bool(versions) == (one["manifest"] != "missing")
        if one["manifest"] in ("complete", "late") and not twisted & set(one["cases"]):
            truth = {package["code"]: (package["level"], package["parent"]) for package in one["packages"]}
            assert {row["code"]: (row["level"], row["parent"]) for row in versions[-1]} == truth


def test_some_children_come_before_their_parents(fifty: Set):
    rows = fifty.versions(fifty.of_case("clean")["delivery"])[0]
    places = {row["code"]: place for place, row in enumerate(rows)}
    assert any(row["parent"] is not None and places[row["parent"]] > places[row["code"]] for row in rows)


def test_cases_are_what_their_names_say(fifty: Set):
    def packages(case: str) -> list[dict[str, Any]]:
        return list(fifty.of_case(case)["packages"])

    def levels(case: str) -> set[int]:
        return {package["level"] for package in packages(case)}

    assert (len(packages("clean")), levels("clean")) == (211, {1, 2, 3})
    assert [line["packs"] for line in fifty.of_case("partial_carton")["lines"]] == [47]
    lines = fifty.of_case("mixed_batch")["lines"]
    assert len({line["batch"] for line in lines}) == 2 > len({line["drug"] for line in lines})
    assert {line["drug"] for line in fifty.of_case("mixed_drug")["lines"]} == {"YP-0007", "YP-0008"}
    assert levels("level_gap") == {1, 3}
    [sscc] = [package["code"] for package in packages("pallet") if package["level"] == 4]
    assert sscc.startswith("003")
    assert sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(sscc[2:])) % 10 == 0
    assert levels("carton_only") == {1}
    assert all(code["code"].startswith("01") for code in packages("gs1_cartons"))
    assert {"8012990", "8002990"} <= {package["code"][:7] for package in packages("collisions")}
    assert {package["parent"] for package in packages("loose_boxes")} == {None}


def test_replaced_codes_are_told_by_events(fifty: Set):
    one = fifty.of_case("replaced_code")
    [rows] = fifty.versions(one["delivery"])
    events = fifty.events(one["delivery"])
    told, true = {row["code"] for row in rows}, {package["code"] for package in one["packages"]}
    assert len(events) == 3
    assert {event["replaces"] for event in events} == told - true
    assert {event["children"][0] for event in events} == true - told
    facts = fifty.caller.told("/resolve", {"codes": [events[2]["replaces"], events[2]["children"][0]]})["codes"]
    assert (facts[0]["replaced_by"], len(facts[1]["children"])) == (events[2]["children"][0], 10)


def test_an_opened_carton_has_one_box_less_which_another_receipt_has(fifty: Set):
    one = fifty.of_case("opened_carton")
    [rows] = fifty.versions(one["delivery"])
    [event] = fifty.events(one["delivery"])
    gone = {row["code"] for row in rows} - {package["code"] for package in one["packages"]}
    assert (event["verb"], set(event["children"])) == ("delete", gone)
    [held] = [row for row in fifty.ledger["codes"] if row["code"] in gone]
    assert held["state"] == "in"


def test_other_knowledge_cases(fifty: Set):
    [rows] = fifty.versions(fifty.of_case("all_nine_parent")["delivery"])
    assert {row["parent"] for row in rows if row["level"] == 1} == {"8999093" + "9" * 13}
    first, second = fifty.versions(fifty.of_case("second_version")["delivery"])
    assert {row["code"] for row in first} < {row["code"] for row in second}
    contested = {package["code"] for package in fifty.of_case("two_parent_claim")["packages"]}
    claims = [head for head in fifty.heads if head["kind"] == "manifest" and head["delivery"] is None]
    strange = [json.loads(line) for head in claims for line in fifty.caller.lines(head)[:-1]]
    assert len([row for row in strange if row["code"] in contested]) == 1


def _odd(flaw: str, rows: list[dict[str, Any]], truth: dict[str, Any]) -> bool:
    by_code = {row["code"]: row for row in rows}
    times = Counter(row["code"] for row in rows)
    boxes = {package["code"] for package in truth["packages"] if package["level"] == 1}
    if flaw == "self_parent":
        return any(row["parent"] == row["code"] for row in rows)
    if flaw == "cycle":
        over = ((row, by_code.get(row["parent"])) for row in rows)
        return any(up not in (None, row) and up["parent"] == row["code"] for row, up in over)
    if flaw == "levels_turned":
        return all(row["parent"] is None or by_code[row["parent"]]["level"] < row["level"] for row in rows)
    if flaw == "two_parents":
        return any(len({row["parent"] for row in rows if row["code"] == code}) == 2 for code in times)
    if flaw == "virtual_parent":
        return any(row["parent"] is not None and row["parent"].endswith("9" * 13) for row in rows)
    if flaw == "duplicate_child":
        return max(times.values()) == 2 and len({(row["code"], row["parent"]) for row in rows}) == len(times)
    if flaw == "other_drug":
        strange = {row["code"] for row in rows if row["drug"] != "8999011" and row["level"] == 1}
        return len(strange) == len(boxes - set(times)) == 1
    return {row["batch"] for row in rows} != {line["batch"] for line in truth["lines"]}


@pytest.mark.parametrize("flaw", sorted(FLAWS))
def test_a_wrong_manifest_is_wrong_in_its_way_and_in_no_other(fifty: Set, flaw: str):
    one = fifty.of_flaw(flaw)
    [rows] = fifty.versions(one["delivery"])
    assert [name for name in FLAWS if _odd(name, rows, one)] == [flaw]


def test_the_hospital_expands_by_the_truth(fifty: Set):
    client = Client(fifty.process.port)
    for case in ("clean", "opened_carton", "replaced_code"):
        one = fifty.of_case(case)
        packages = {package["code"]: package for package in one["packages"]}
        carton = next(code for code, package in packages.items() if package["parent"] is None)
        boxes = [code for code, package in packages.items() if package["level"] == 1]
        old = [row["code"] for row in fifty.versions(one["delivery"])[0] if row["level"] == 1]
        pen = Pen(f"{one['delivery']}-R1", device=f"pda-{case}")
        if case != "clean":
            assert client.results(pen.scan(carton, packs=old)) == [("conflict", "different_children")]
        assert client.results(pen.scan(carton, packs=boxes)) == [("accepted", None)]
        ledger = fifty.process.ledger(one["delivery"])["codes"]
        assert sorted(row["code"] for row in ledger) == sorted(boxes)
        assert {(row["via"], row["times"]) for row in ledger} == {(carton, 1)}


def test_a_number_without_a_set_must_be_the_true_number(fifty: Set):
    one = next(one for one in fifty.key.values() if one["manifest"] == "missing")
    carton = next(package["code"] for package in one["packages"] if package["parent"] is None)
    packs = one["lines"][0]["packs"]
    pen, client = Pen(f"{one['delivery']}-R1"), Client(fifty.process.port)
    wrong = pen.scan(carton, count=200, estimated=True)
    assert client.results(wrong) == [("conflict", "different_children")]
    assert client.results(pen.undo(wrong)) == [("accepted", None)]
    assert client.results(pen.scan(carton, count=packs, estimated=True)) == [("accepted", None)]
    assert len(fifty.process.ledger(one["delivery"])["codes"]) == packs
