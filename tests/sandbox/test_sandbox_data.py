"""The acceptance check of the sample data (sample-data §7), and that a seed always gives the same hospital."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from sync.sandbox.bulk import BulkReceipt, made_packages
from sync.sandbox.seeding import RESOURCES
from tests.fixtures.sandbox import SandboxProcess
from tests.sandbox.conftest import Client


@pytest.fixture(scope="module")
def large() -> Iterator[SandboxProcess]:
    with SandboxProcess(size="large") as process:
        yield process


@pytest.fixture(scope="module")
def feed(large: SandboxProcess) -> list[dict[str, Any]]:
    return Client(large.port).changes(5000)


@pytest.fixture(scope="module")
def key(large: SandboxProcess) -> dict[str, Any]:
    return large.deliveries()


def _gtin_is_right(gtin: str) -> bool:
    digits = [int(digit) for digit in gtin]
    return sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits)) % 10 == 0


def _of(feed: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [change for change in feed if change["kind"] == kind]


def test_no_two_codes_are_equal(large: SandboxProcess, key: dict[str, Any]):
    codes = [row["code"] for delivery in key.values() for row in delivery["packages"]]
    codes += [row["code"] for row in large.ledger()["codes"]]
    assert [code for code, count in Counter(codes).items() if count > 1] == []


def test_levels_decrease_and_leaves_are_the_packs(key: dict[str, Any]):
    for delivery in key.values():
        rows = {row["code"]: row for row in delivery["packages"]}
        parents = {row["parent"] for row in rows.values()}
        leaves = Counter(row["line"] for row in rows.values() if row["code"] not in parents)
        for row in rows.values():
            assert row["parent"] is None or rows[row["parent"]]["level"] > row["level"]
        for line in delivery["lines"]:
            assert leaves[line["line"]] == (0 if line["drug"] == "YP-0014" else line["packs"])


def test_every_code_is_of_the_drug_of_its_line(feed: list[dict[str, Any]], key: dict[str, Any]):
    levels = {drug["drug"]: drug["levels"] for drug in _of(feed, "drug")}
    for delivery in key.values():
        drugs = {line["line"]: line["drug"] for line in delivery["lines"]}
        for row in delivery["packages"]:
            code, drug = row["code"], drugs[row["line"]]
            if drug == "YP-0011":
                assert len(code) == 16
                assert code.startswith("DMZY-")
            else:
                prefix = code[:7] if len(code) == 20 else code[2:16]
                assert levels[drug][prefix] == row["level"], code


def test_prefixes_belong_to_nobody_and_check_digits_are_right(feed: list[dict[str, Any]]):
    seen: set[str] = set()
    for drug in _of(feed, "drug"):
        for prefix in drug["levels"]:
            assert prefix not in seen
            seen.add(prefix)
            if len(prefix) == 14:
                assert prefix[1:4] == "952"
                assert _gtin_is_right(prefix)
            else:
                assert prefix.startswith("8999") or prefix in ("8012990", "8002990")


def test_names_say_that_all_is_invented(feed: list[dict[str, Any]]):
    for delivery in _of(feed, "delivery"):
        assert delivery["synthetic"] is True
        assert delivery["delivery"].startswith("DEMO-")
        assert "演示" in delivery["supplier"] or "示例" in delivery["supplier"]
    for drug in _of(feed, "drug"):
        assert "演示" in drug["maker"] or "示例" in drug["maker"]
        assert drug["approval_no"] is None or drug["approval_no"].startswith("国药准字H2099")
    assert [operator["name"] for operator in _of(feed, "operator")] == ["演示员甲", "演示员乙", "演示员丙"]


def test_catalogue_is_complete(feed: list[dict[str, Any]]):
    drugs = {drug["drug"]: drug for drug in _of(feed, "drug")}
    assert [name for name in drugs if name.startswith("YP")] == [f"YP-{number:04d}" for number in range(1, 15)]
    assert {drugs[f"HC-{number:04d}"]["item_kind"] for number in range(1, 5)} == {"consumable"}
    assert (drugs["YP-0004"]["multiplier"], drugs["YP-0005"]["multiplier"]) == (120, 20)
    assert drugs["YP-0009"]["special"] is True
    assert drugs["YP-0014"]["exempt"] == "中药饮片"
    assert [room["name"] for room in _of(feed, "store_room")] == ["药库", "门诊药房", "住院药房"]


def test_clean_delivery_is_one_carton_of_two_hundred(key: dict[str, Any]):
    delivery = key["DEMO-20261122-11"]
    assert Counter(row["level"] for row in delivery["packages"]) == {1: 200, 2: 10, 3: 1}
    assert [line["packs"] for line in delivery["lines"]] == [200]
    assert Counter(row["parent"] for row in delivery["packages"] if row["level"] == 1).most_common()[-1][1] == 20


def test_mixed_carton_holds_two_batches(key: dict[str, Any]):
    delivery = key["DEMO-20261122-14"]
    bundles = {row["parent"] for row in delivery["packages"] if row["level"] == 1}
    lines = [{row["line"] for row in delivery["packages"] if row["parent"] == bundle} for bundle in bundles]
    assert sorted(map(sorted, lines)) == [[1], [1, 2], [2]]
    assert sum(row["level"] == 1 for row in delivery["packages"]) == 47


def test_recall_and_expiry_leave_the_clean_deliveries_alone(feed: list[dict[str, Any]], key: dict[str, Any]):
    recalled = {(recall["drug"], recall["batch"]) for recall in _of(feed, "recall")}
    lines = [line for delivery in key.values() for line in delivery["lines"]]
    assert recalled
    assert not recalled & {(line["drug"], line["batch"]) for line in lines}
    near = [line["drug"] for line in lines if (date.fromisoformat(line["expiry"]) - date(2026, 11, 22)).days <= 180]
    assert near == ["YP-0010"]


def test_earlier_codes_are_in_no_manifest(large: SandboxProcess, feed: list[dict[str, Any]]):
    rows = [row for change in _of(feed, "codes") for row in change["rows"]]
    assert any(row["code"].startswith("8999011") and row["state"] == "in" for row in rows)
    assert {row["delivery"] for row in rows}.isdisjoint(large.deliveries())


def test_pin_is_only_a_verifier(feed: list[dict[str, Any]]):
    for operator in _of(feed, "operator"):
        pin = operator["pin"]
        assert set(pin) == {"scheme", "salt", "n", "r", "p", "verifier"}
        salt = bytes.fromhex(pin["salt"])
        assert len(salt) == 16
        made = hashlib.scrypt(b"1234", salt=salt, n=16384, r=8, p=1, dklen=32)
        assert pin["verifier"] == made.hex()


def test_same_seed_same_hospital_other_seed_other_codes(large: SandboxProcess, feed: list[dict[str, Any]]):
    with SandboxProcess(size="small") as small, SandboxProcess(size="small", seed=5) as other:
        assert [one for one in feed if one.get("delivery") != "DEMO-20261122-20"] == Client(small.port).changes(5000)
        assert Client(other.port).get("/v1/site")["site_id"] == "sandbox-5"
        ours, theirs = small.deliveries(), other.deliveries()
        assert len(ours) == 6
        assert set(ours) == set(theirs)
        for number, delivery in ours.items():
            codes = {row["code"] for row in delivery["packages"]}
            assert codes.isdisjoint(row["code"] for row in theirs[number]["packages"])
        assert small.patients() != other.patients()


def test_made_codes_never_repeat_and_are_found_again():
    one, two = (BulkReceipt(f"B-{turn}-R1", f"B-{turn}", "d", turn, 20_000) for turn in (0, 1))
    codes = [one.code(number) for number in range(one.count)] + [two.code(number) for number in range(two.count)]
    codes += [package.code for turn in (0, 1) for package in made_packages(turn, 20_000)]
    assert len(set(codes)) == len(codes)
    assert all(one.number_of(codes[number]) == number for number in range(0, 20_000, 97))
    assert all(one.number_of(code) is None for code in codes[20_000:])
    assert one.number_of(one.code(20_000)) is None
    assert one.number_of("8999011900" + "٣" * 10) is None


def test_every_stable_code_has_a_sentence():
    texts = tomllib.loads((RESOURCES / "texts.toml").read_text("utf-8"))["zh_CN"]
    source = "".join(path.read_text("utf-8") for path in RESOURCES.parents[1].joinpath("sync", "sandbox").glob("*.py"))
    assert all(f'"{code}"' in source for code in texts)
