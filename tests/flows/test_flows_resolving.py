"""One question to every source: on board and without a network, and the relay itself over a socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.errors import Trouble
from app.base.options import Environment
from app.base.texts import Texts
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


def test_a_manifest_of_an_unknown_prefix_is_named_when_a_clerk_says_what_it_is(dock: PackageDock) -> None:
    strangers = [code("8999777", number) for number in range(3)]
    dock.tell([row(carton(5), batch=None), *(row(one, carton(5)) for one in strangers)])
    assert [answer.drug for answer in dock.program.resolve(strangers)] == [None] * 3
    dock.desk().command(f"level {strangers[0]} D1 1")

    def named() -> bool:
        return {answer.drug for answer in dock.program.resolve(strangers) if answer.source == "relay"} == {"D1"}

    until = time.monotonic() + 30
    while not named() and time.monotonic() < until:
        threading.Event().wait(0.02)
    assert named()


def test_a_box_that_was_counted_before_its_manifest_was_named_moves_to_its_line_with_an_entry(tmp_path: Path) -> None:
    with PackageDock(tmp_path) as dock:
        dock.set_up(lines={"B1": 5, "B2": 5})
        stranger = code("8999777", 1)
        dock.tell([row(carton(5), batch=None), row(stranger, carton(5), batch="B2")])
        desk = dock.desk()

        def learnt_and_shot() -> str:
            """In one breath: nothing comes between, so that no line is told yet."""
            desk.command(f"level {stranger} D1 1")
            return desk.scan(stranger.encode()).reason

        assert dock.program.writer.call(learnt_and_shot) == "ok"
        until = time.monotonic() + 30
        while not (found := dock.rows("SELECT line FROM holds WHERE line = 2")) and time.monotonic() < until:
            threading.Event().wait(0.02)
        assert found == [(2,)]
        trail = dock.rows("SELECT coalesce(command, kind), line, in_force FROM entries ORDER BY seq")
        assert trail == [("level", None, 1), ("scan", 1, 0), ("restated", None, 0), ("scan", 2, 1)]


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


def test_who_says_another_level_than_its_prefix_is_named(dock: PackageDock) -> None:
    """The second voice is the hospital's table, not the source once more."""
    dock.tell([row(box(0), level=3)])
    tree = dock.program.look_up(box(0)).tree
    assert tree is not None
    [conflict] = tree.conflicts
    assert [(side.kind, side.says) for side in conflict.sides] == [("relay", "3"), ("prefix", "1")]
    assert all(Texts.load().has(f"tree_source_{side.kind}") for side in conflict.sides)
