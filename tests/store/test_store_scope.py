"""The packs of one event: what the store works out by a query is what the definition says, for any packs whatever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.documents import Pack, PackKey, PackSet
from tests.store.store_bench import RECEIPT, Bench, box, bundle, carton

OTHER = "D-8-R1"
SOURCE = 7
TABLES = ("packages", "holds", "outcomes", "known_codes")
SETTINGS = settings(max_examples=120, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])

# Where else a pack may be: (known: receipt, state), (another receipt here: holds it, gave it an outcome) → the answer.
PLACES: tuple[tuple[tuple[str, str] | None, tuple[bool, bool], str | None], ...] = (
    (None, (False, False), None),
    ((OTHER, "in"), (False, False), "received"),
    ((OTHER, "dispensed"), (False, False), "dispensed"),
    ((OTHER, "reversed"), (False, False), None),
    ((OTHER, "returned"), (False, False), None),
    ((RECEIPT, "in"), (False, False), None),
    ((RECEIPT, "dispensed"), (False, False), "dispensed"),
    (None, (True, False), "received"),
    (None, (True, True), None),
    ((OTHER, "returned"), (True, False), None),
    ((OTHER, "dispensed"), (True, False), "dispensed"),
    ((RECEIPT, "in"), (True, False), "received"),
)


@dataclass(frozen=True)
class Drawn:
    """One smallest pack, or a bundle of which only an amount is told."""

    line: int
    amount: int | None  # of a bundle without children
    holders: frozenset[int]
    outcomes: tuple[str, ...]  # in the order in which they were given
    place: int
    parent: int  # bundle number; 0: directly in the carton

    @property
    def packs(self) -> int:
        return self.amount or 1

    def key(self, number: int) -> str:
        return bundle(500 + number) if self.amount else box(number)

    def as_pack(self, number: int) -> Pack:
        return Pack(
            PackKey(self.key(number)), self.line, self.packs, tuple(sorted(self.holders)),
            self.outcomes[-1] if self.outcomes else None, PLACES[self.place][2],
        )  # fmt: skip


DRAWN = st.builds(
    Drawn, st.integers(1, 2), st.none() | st.none() | st.integers(1, 30), st.frozensets(st.sampled_from((0, 1, 2, 5))),
    st.lists(st.sampled_from(("damaged", "rejected")), max_size=2).map(tuple), st.integers(0, len(PLACES) - 1),
    st.integers(0, 2),
)  # fmt: skip
MANY = st.lists(DRAWN, max_size=7)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One file for all examples; each empties the tables it uses."""
    bench = Bench(Path(tmp_path_factory.mktemp("scope")) / "data")
    yield bench
    bench.close()


def lay(bench: Bench, drawn: list[Drawn], *, by_content: bool) -> None:
    """Write the packs, and what happened to them, straight into the tables."""
    run = bench.database.execute_sql
    for table in TABLES:
        run(f"DELETE FROM {table}")
    for inner in {each.parent for each in drawn} - {0}:
        run("INSERT INTO packages VALUES (?, ?, 2, ?, NULL, NULL, NULL)", (bundle(inner), SOURCE, carton()))
    for number, each in enumerate(drawn):
        key, (known, (held, gone), _) = each.key(number), PLACES[each.place]
        content, line = (each.line * 10, None) if by_content else (None, each.line)
        parent = bundle(each.parent) if each.parent and not each.amount else carton()
        level = 2 if each.amount else 1
        run("INSERT INTO packages VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, SOURCE, level, parent, content, line, each.amount))  # fmt: skip
        for seq in each.holders:
            run("INSERT INTO holds VALUES (?, ?, ?, ?, ?)", (key, RECEIPT, seq, each.line, each.packs))
        for seq, outcome in enumerate(each.outcomes, start=20):
            run("INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?)",
                (key, RECEIPT, seq, each.line, outcome, each.packs))  # fmt: skip
        if known:
            run("INSERT INTO known_codes VALUES (?, ?, 'D-8', 1, ?, NULL, 'd', NULL, 0, 1, 0, NULL)", (key, *known))
        if held:
            run("INSERT INTO holds VALUES (?, ?, 3, 1, 1)", (key, OTHER))
        if gone:
            run("INSERT INTO outcomes VALUES (?, ?, 4, 1, 'damaged', 1)", (key, OTHER))


def seen(bench: Bench, *, by_content: bool) -> PackSet:
    """What the store says of the carton."""
    scope = bench.scope
    scope.tree(carton(), SOURCE, ((10, 1), (20, 2)) if by_content else (), named_lines=not by_content)
    return scope.seen_from(RECEIPT, carton(), children_known=not scope.estimate(lambda code, level: 99))


@SETTINGS
@given(drawn=MANY, by_content=st.booleans())
def test_a_carton_seen_by_the_store_is_its_packs_by_the_definition(
    shelf: Bench, drawn: list[Drawn], by_content: bool
) -> None:
    def ask() -> PackSet:
        lay(shelf, drawn, by_content=by_content)
        return seen(shelf, by_content=by_content)

    # A bundle into which nothing was put is a package without a content of its own: one more estimate, on no line.
    empty = {each.parent for each in drawn if each.amount} - {each.parent for each in drawn if not each.amount} - {0}
    found = shelf.writer.call(ask)
    if empty:
        assert (found.estimated, found.strays) == (True, len(empty))
        return
    whole = not any(each.amount for each in drawn)
    packs = [each.as_pack(number) for number, each in enumerate(drawn)]
    assert found == PackSet.of(carton(), packs, children_known=whole)


@SETTINGS
@given(drawn=DRAWN)
def test_one_pack_seen_by_the_store_is_itself(shelf: Bench, drawn: Drawn) -> None:
    def ask() -> PackSet:
        lay(shelf, [drawn], by_content=False)
        key = drawn.key(0)
        shelf.scope.one(key, drawn.line, drawn.packs)
        return shelf.scope.seen_from(RECEIPT, key, children_known=True)

    own = drawn.as_pack(0)
    found = shelf.writer.call(ask)
    assert found == PackSet.of(own.key, [own])
    assert found.own == own
    assert found.digest is None


@SETTINGS
@given(drawn=MANY, by_content=st.booleans())
def test_a_scan_holds_every_pack_and_its_undo_lets_go_of_just_these(
    shelf: Bench, drawn: list[Drawn], by_content: bool
) -> None:
    """The counters follow: what a scan gains is what its undo takes, whatever else holds some of the packs."""
    drawn = [replace(each, amount=None) for each in drawn]

    def counted() -> tuple[PackSet, Counter[tuple[int, str]], Counter[tuple[int, str]], PackSet, bool]:
        lay(shelf, drawn, by_content=by_content)
        before = seen(shelf, by_content=by_content)
        sums = shelf.scope.sums(RECEIPT)
        shelf.scope.hold(RECEIPT, 9)
        gained = shelf.scope.sums(RECEIPT)
        gained.subtract(sums)
        after = shelf.scope.seen_from(RECEIPT, carton(), children_known=True)
        holds_all = shelf.scope.held_by(RECEIPT, 9)
        shelf.scope.of_entry(RECEIPT, 9)
        shelf.database.execute_sql("DELETE FROM holds WHERE receipt = ? AND seq = 9", (RECEIPT,))
        sums.subtract(shelf.scope.sums(RECEIPT))
        return before, gained, sums, after, holds_all

    before, gained, left, after, holds_all = shelf.writer.call(counted)
    assert {line: packs for (line, _), packs in gained.items() if packs} == dict(before.gains)
    assert {counter for (_, counter), packs in gained.items() if packs} <= {"received"}
    assert not any(left.values())
    assert (after.gains, after.settled, holds_all) == ((), before.codes, True)


@SETTINGS
@given(drawn=MANY)
def test_each_pack_is_in_one_counter_its_latest_outcome_or_received(shelf: Bench, drawn: list[Drawn]) -> None:
    def ask() -> Counter[tuple[int, str]]:
        lay(shelf, drawn, by_content=False)
        seen(shelf, by_content=False)
        return shelf.scope.sums(RECEIPT)

    wanted: Counter[tuple[int, str]] = Counter()
    for each in drawn:
        if each.outcomes or each.holders:
            wanted[each.line, each.outcomes[-1] if each.outcomes else "received"] += each.packs
    assert shelf.writer.call(ask) == wanted


def test_packs_that_fit_no_line_are_strays_and_are_not_held(shelf: Bench) -> None:
    def ask() -> tuple[PackSet, list[tuple[object, ...]]]:
        here = Drawn(1, None, frozenset(), (), 0, 0)
        lay(shelf, [here, replace(here, line=3)], by_content=True)  # nobody places the content 30
        found = seen(shelf, by_content=True)
        shelf.scope.hold(RECEIPT, 1)
        return found, shelf.database.execute_sql("SELECT pack FROM holds").fetchall()

    found, held = shelf.writer.call(ask)
    assert (found.codes, found.strays, found.gains) == (2, 1, ((1, 1),))
    assert held == [(box(0),)]


def test_nothing_is_followed_deeper_than_five_levels(shelf: Bench) -> None:
    """A source that names a chain without levels is read to its depth, and no further."""

    def ask() -> PackSet:
        lay(shelf, [], by_content=False)
        for number in range(8):
            parent = carton() if number == 0 else bundle(number - 1)
            values = (bundle(number), SOURCE, parent)
            shelf.database.execute_sql("INSERT INTO packages VALUES (?, ?, NULL, ?, NULL, 1, 1)", values)
        return seen(shelf, by_content=False)

    assert shelf.writer.call(ask).codes == 0
