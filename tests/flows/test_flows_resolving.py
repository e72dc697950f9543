"""One question to every source: on board and without a network, and the relay itself over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.errors import Trouble
from app.base.options import Environment
from app.flows.resolving import Relay
from app.wiring import Call, Program
from sync.changes import DrugChange
from tests.fixtures.hospital import code, packages
from tests.fixtures.sandbox import SandboxProcess
from tests.flows.package_desk import PackageDock, box, bundle, carton, carton_of, row


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[PackageDock]:
    with PackageDock(tmp_path) as found:
        found.set_up()
        yield found


def test_every_source_on_board_answers_and_says_who_it_is(dock: PackageDock) -> None:
    dock.tell(carton_of(range(2)))
    dock.feed(packages({bundle(0): {box(0): {}}}))
    dock.desk().command(f"level {code('8999777', 1)} D1 1")

    answers = dock.program.resolve([box(0), bundle(0), code("8999777", 2), "6901234567892", code("8999555", 1)])

    assert [(answer.code, answer.source, answer.level) for answer in answers] == [
        (box(0), "relay", 1), (box(0), "middleware", 1), (box(0), "prefix", 1),
        (bundle(0), "relay", 2), (bundle(0), "middleware", 2), (bundle(0), "prefix", 2),
        (code("8999777", 2), "clerk", 1),
    ]  # fmt: skip
    by_relay, by_hospital = answers[0], answers[1]
    assert (by_relay.name, by_relay.parent, by_relay.drug, by_relay.batch) == ("M-1", bundle(0), "D1", "B1")
    assert (by_hospital.parent, by_hospital.batch) == (bundle(0), None)
    assert answers[3].children == (box(0), box(1))
    assert [answer.trust for answer in answers[:3]] == [40, 30, 20]


def test_a_replaced_code_says_by_what(dock: PackageDock) -> None:
    dock.tell(carton_of(range(2)))
    dock.happened("add", children=(box(77),), replaces=box(0))
    assert [answer.source for answer in dock.program.resolve([box(0)])] == ["prefix"]
    assert dock.program.resolve([box(77)])[0].parent == bundle(0)


def test_asking_changes_nothing(dock: PackageDock) -> None:
    dock.tell(carton_of(range(2)))
    before = dock.rows("SELECT count(*) FROM package_events UNION ALL SELECT count(*) FROM entries")
    dock.program.resolve([box(0), carton(9)])
    assert dock.rows("SELECT count(*) FROM package_events UNION ALL SELECT count(*) FROM entries") == before


def test_the_relay_itself_is_asked_over_the_network(tmp_path: Path) -> None:
    with SandboxProcess() as hospital, Program(Call("test", tmp_path, hospital.url, Environment())) as program:
        with pytest.raises(Trouble, match="server_missing"):
            program.resolve(["1"], ask_relay=True)
        hospital.seed({"hard": 3, "seed": 1, "knowledge": "relay"})
        engine = program.engine()
        assert engine.run_until_empty(limit_s=30, until_empty=False).trouble is None
        told = [row for row in hospital.deliveries().values() if row["manifest"] == "complete" and row.get("cases")]
        first = next(row for row in told[0]["packages"] if row["level"] == 1)

        relay = Relay(engine.resolve)
        [answer] = relay.resolve([first["code"], code("8999555", 1)])
        assert (answer.code, answer.source, answer.level, answer.trust) == (first["code"], "relay", 1, 40)

        program._engine = engine
        assert program.ask_relay(first["code"]) == (answer,)
        kept = program.look_up(first["code"]).tree
        assert kept is not None
        assert first["code"] in [line.name for line in kept.sources]

        hospital.faults({"plan": [{"endpoint": "relay_resolve", "fault": "status:503", "nth": 1}]})
        with pytest.raises(Trouble, match="relay_"):
            relay.resolve([first["code"]])


def test_a_prefix_may_be_counted_in_its_own_unit(dock: PackageDock) -> None:
    dock.feed(
        DrugChange(
            "D1", "药D1", "drug", {"8999011": 1, "8999015": 1}, min_pack_unit="盒", hospital_unit="瓶", multiplier=20,
            units={"8999015": (10, 1)},
        )
    )  # fmt: skip
    dock.tell([row(box(0)), row(code("8999015", 1), level=1)])
    shown = {key: dock.program.look_up(key).tree for key in (box(0), code("8999015", 1))}
    assert [tree.arithmetic for tree in shown.values() if tree] == [
        "1 盒 × 20 瓶/盒 = 20 瓶", "1 盒 × 10 瓶/盒 = 10 瓶",
    ]  # fmt: skip
