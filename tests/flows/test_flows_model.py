"""Random histories of a receipt against the model of sets, and that the order of scans changes nothing."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.fixtures.hospital import code, delivery, drug, line, operator, packages, received_by
from tests.flows.flow_model import Model, Tree
from tests.flows.package_desk import PackageDock, row

PREFIX = {1: "8999011", 2: "8999012", 3: "8999013"}
PARTS = ("expected", "received", "short", "damaged", "rejected", "exempt")
QUICK = settings(
    max_examples=50,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)

SHAPES = st.lists(st.one_of(st.just(1), st.lists(st.one_of(st.just(1), st.integers(1, 3)), min_size=1, max_size=3)),
                  min_size=1, max_size=3)  # fmt: skip


def trees(shapes: list[list[object]]) -> dict[int, Tree]:
    """Lines of trees from shapes: 1 is a box, n a bundle of n boxes, a list a carton."""
    numbers = count(1)

    def grow(shape: object) -> tuple[str, Tree, int]:
        if isinstance(shape, list):
            below = [grow(each) for each in shape]
            height = 1 + max(level for _, _, level in below)
            return code(PREFIX[height], next(numbers)), {key: tree for key, tree, _ in below}, height
        if isinstance(shape, int) and shape > 1:
            return grow([1] * shape)
        return code(PREFIX[1], next(numbers)), {}, 1

    return {n: {key: tree for key, tree, _ in map(grow, shape)} for n, shape in enumerate(shapes, 1)}


def load(dock: PackageDock, model: Model, *, relayed: bool = False) -> None:
    """The delivery of a model; its packages from the hospital's feed, or from the relay."""
    dock.feed(operator(), *(drug(f"D{n}", {prefix: level for level, prefix in PREFIX.items()}) for n in model.lines))
    told = [(n, each) for n, tree in model.lines.items() for each in packages(tree, line_no=n).packages]
    if relayed:
        rows = [row(each.code, each.parent, level=each.level, drug_hint=f"D{n}") for n, each in told]
        dock.tell(rows[::-1])
    else:
        for n, tree in model.lines.items():
            dock.feed(packages(tree, line_no=n))
    lines = (line(n, f"D{n}", model.counts(n)["expected"]) for n in model.lines)
    dock.feed(delivery(*lines, manifest="missing" if relayed else "complete"))
    for pack, where in model.elsewhere.items():
        state = "in" if where == "received" else "dispensed"
        dock.feed(received_by("pda-9", pack, receipt="T-0-R1", state=state))


class Histories(RuleBasedStateMachine):
    """Whatever people do, in whatever order: the same answers, the same packs, the same equation as the model."""

    @initialize(
        shapes=st.lists(SHAPES, min_size=1, max_size=2),
        past=st.dictionaries(st.integers(0, 40), st.sampled_from(["received", "dispensed"]), max_size=2),
    )
    def begin(self, shapes: list[list[object]], past: dict[int, str]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        model = Model(trees(shapes))
        smallest = sorted(key for key, packs in model.packs.items() if packs == {key})
        model.elsewhere = {smallest[n]: where for n, where in past.items() if n < len(smallest)}
        self.model, self.codes, self.smallest = model, sorted(model.packs), smallest
        self.dock = PackageDock(Path(self.folder.name))
        self.load()
        self.desk = self.dock.desk()

    def load(self) -> None:
        """The hospital's own feed names every code."""
        load(self.dock, self.model)

    def pick(self, n: int) -> str:
        return self.codes[n % len(self.codes)]

    @rule(n=st.integers(0, 60))
    def scan(self, n: int) -> None:
        key = self.pick(n)
        reason = self.model.scan(key)
        found = self.desk.scan(key.encode())
        at = self.model.line_of[key]
        assert (found.reason, found.seq, found.line) == (reason, self.model.seq, at)
        assert found.packs == len(self.model.packs[key])
        assert found.received == self.model.counts(at)["received"]

    @rule(n=st.integers(0, 60), kind=st.sampled_from(["damaged", "rejected"]))
    def give_outcome(self, n: int, kind: str) -> None:
        key = self.pick(n)
        self.model.outcome(kind, key)
        word = {"damaged": "damaged", "rejected": "reject"}[kind]
        found = self.desk.command(f"{word} {key} because")
        assert (found.ok, found.seq) == (True, self.model.seq)

    @rule(at=st.integers(1, 2), kind=st.sampled_from(["short", "exempt"]), packs=st.integers(0, 9))
    def give_number(self, at: int, kind: str, packs: int) -> None:
        at = min(at, len(self.model.lines))
        packs = min(packs, self.model.counts(at)["expected"])
        self.model.number(kind, at, packs)
        assert self.desk.command(f"{kind} {at} {packs} because").ok

    @rule()
    def undo_last(self) -> None:
        assert self.desk.command("undo").ok == self.model.undo()

    @rule(n=st.integers(0, 60))
    def undo_code(self, n: int) -> None:
        key = self.pick(n)
        assert self.desk.command(f"undo {key}").ok == self.model.undo(code=key)

    @rule(back=st.integers(0, 12))
    def undo_seq(self, back: int) -> None:
        seq = max(self.model.seq - back, 0)
        assert self.desk.command(f"undo {seq}").ok == self.model.undo(seq=seq)

    @rule(n=st.integers(0, 60), state=st.sampled_from(["in", "reversed"]))
    def another_device(self, n: int, state: str) -> None:
        key = self.smallest[n % len(self.smallest)]
        if key in self.model.elsewhere or key in self.model.counted_once:
            return  # one code shot on two devices is a conflict at the hospital, not a set
        self.dock.feed(received_by("pda-2", key, state=state, at_line=self.model.line_of[key]))
        self.model.others.pop(key, None)
        if state == "in":
            self.model.others[key] = None

    @precondition(lambda self: self.model.seq % 5 == 4)
    @rule()
    def restart(self) -> None:
        self.dock.restart()
        self.desk = self.dock.desk()

    @invariant()
    def same_equation(self) -> None:
        if not hasattr(self, "model"):
            return
        lines = [self.model.counts(n) for n in self.model.lines]
        assert self.desk.summary().equation.as_dict() == {part: sum(each[part] for each in lines) for part in PARTS}

    def teardown(self) -> None:
        if not hasattr(self, "dock"):
            return
        try:
            adds_up = self.model.adds_up()
            assert self.desk.command("close").ok == adds_up
            held = self.dock.rows("SELECT pack FROM holds WHERE receipt = 'T-1-R1'")
            assert {row[0] for row in held} == self.model.held()
        finally:
            self.dock.program.close()
            self.folder.cleanup()


class RelayedHistories(Histories):
    """The note names no code; what is in what is told by the relay, children before their parents."""

    def load(self) -> None:
        load(self.dock, self.model, relayed=True)


TestHistories = Histories.TestCase
TestHistories.settings = QUICK
TestRelayedHistories = RelayedHistories.TestCase
TestRelayedHistories.settings = QUICK


@settings(max_examples=12, deadline=None, database=None)
@given(st.lists(SHAPES, min_size=1, max_size=2), st.booleans(), st.data())
def test_any_order_of_the_same_scans_ends_with_the_same_packs_in(
    shapes: list[list[object]], relayed: bool, data: st.DataObject
) -> None:
    model = Model(trees(shapes))
    shot = data.draw(st.lists(st.sampled_from(sorted(model.packs)), max_size=6, unique=True))
    wanted = set().union(*(model.packs[key] for key in shot))
    for _ in range(2):
        order = data.draw(st.permutations(shot))
        with tempfile.TemporaryDirectory() as folder, PackageDock(Path(folder)) as dock:
            load(dock, model, relayed=relayed)
            desk = dock.desk()
            reasons = {desk.scan(key.encode()).reason for key in order}
            found = {row[0] for row in dock.rows("SELECT DISTINCT pack FROM holds")}
            assert desk.summary().equation.received == len(wanted)
        assert found == wanted
        assert reasons <= {"ok", "covered_by_parent", "children_all_in"}
