"""What sources claim: taken in whole or again or in pieces, out of sight until complete, held against each other."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.base.paths import DataPaths
from app.domain.packages import PackageClaim
from app.store.database import open_database
from app.store.manifests import RelayManifests
from app.store.migrations.v0001_first import STATEMENTS as FIRST
from app.store.package_events import PackageEventRow
from sync import MIGRATIONS as SYNC_MIGRATIONS
from sync.relay_wire import ManifestHead, ManifestRow
from tests.store.store_bench import SCHEMA, Bench, box, bundle, carton, delivery, drug

LATE = "D-5"
BATCHES = ("B1", "B2")
NINES = f"8999012{'9' * 13}"
STRANGE = "8999777" + "0" * 13  # of a prefix that is in no table
DERIVED = ("packages", "disputes", "source_counts")
DISPUTES = "SELECT code, kind, says, other_says FROM disputes ORDER BY code, kind"


def claim(code: str, parent: str | None = None, *, batch: str | None = None, **more: object) -> PackageClaim:
    """What a relay tells of a code; the level is that of the prefix."""
    level = {"8999011": 1, "8999012": 2, "8999013": 3}.get(code[:7])
    return PackageClaim(code, level, parent, "YP-1", batch, **more)  # type: ignore[arg-type]


def tree(boxes: Iterable[int], *, number: int = 0, batch: str = "B1", of: int = 2) -> list[PackageClaim]:
    """A carton of bundles of two boxes."""
    found = [claim(carton(number))]
    for place, one in enumerate(boxes):
        inner = bundle(100 * number + place // of)
        if place % of == 0:
            found.append(claim(inner, carton(number)))
        found.append(claim(box(one), inner, batch=batch))
    return found


class Shelf:
    """A folder with a delivery whose note names no codes."""

    def __init__(self, bench: Bench, packs: Sequence[int] = (4,)) -> None:
        self.bench = bench
        bench.meet()
        bench.apply(drug(), delivery(LATE, packs=packs, manifest="late"))

    def stage(self, claims: Sequence[PackageClaim], name: str = "M-1", version: int = 1) -> int:
        sources = self.bench.sources
        source = self.bench.writer.call(lambda: sources.begin("relay", name, version, at_ms=1, delivery=LATE))
        self.bench.writer.run_sliced(lambda: sources.stage(source, claims), finish=lambda: None)
        return source

    def tell(self, claims: Sequence[PackageClaim], name: str = "M-1", version: int = 1) -> int:
        source = self.stage(claims, name, version)
        self.bench.writer.call(lambda: self.bench.sources.complete(source))
        return source

    def happened(self, verb: str, **facts: object) -> None:
        number = len(self.bench.rows("SELECT 1 FROM package_events"))
        event = PackageEventRow(f"event-{number}", number, "relay", verb, **facts)  # type: ignore[arg-type]
        self.bench.writer.call(lambda: self.bench.events.apply(event))

    def doubted(self) -> set[str]:
        return {str(row[0]) for row in self.bench.rows("SELECT code FROM doubts")}

    def shoot(self, *codes: str) -> list[str]:
        desk = self.bench.desk(LATE)
        return [desk.scan(code.encode()).reason for code in codes]

    def said(self) -> dict[str, list[tuple[object, ...]]]:
        return {name: self.bench.rows(f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in DERIVED}


@pytest.fixture
def shelf(bench: Bench) -> Shelf:
    return Shelf(bench)


# ------------------------------------------------------------------------------------------------ taken in, once each

_CODES = st.sampled_from([*map(box, range(6)), *map(bundle, range(4)), *map(carton, range(2)), NINES, STRANGE])
_CLAIMS = st.lists(
    st.builds(claim, _CODES, st.none() | _CODES, batch=st.none() | st.sampled_from(BATCHES)),
    max_size=14,
    unique_by=lambda one: one.code,
)
_QUICK = settings(
    max_examples=40, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """One file for all examples; each takes away what it brought."""
    bench = Bench(tmp_path_factory.mktemp("sources") / "data")
    yield Shelf(bench)
    bench.close()


def emptied(shelf: Shelf) -> Shelf:
    for name in (*DERIVED, "sources", "doubts"):
        shelf.bench.writer.call(lambda name=name: shelf.bench.database.execute_sql(f"DELETE FROM {name}"))  # type: ignore[misc]
    return shelf


@_QUICK
@given(claims=_CLAIMS, cut=st.integers(0, 14))
def test_rows_told_again_or_in_pieces_are_the_same_as_told_once(
    shared: Shelf, claims: list[PackageClaim], cut: int
) -> None:
    emptied(shared).tell(claims)
    once = shared.said()
    emptied(shared)
    shared.stage(claims[:cut])
    shared.stage(claims)
    shared.tell(claims[cut:])
    again = shared.said()
    assert [again["packages"], again["source_counts"]] == [once["packages"], once["source_counts"]]
    assert set(again["disputes"]) == set(once["disputes"])


@_QUICK
@given(claims=_CLAIMS)
def test_whatever_is_told_no_package_is_in_itself_or_in_a_smaller_one(
    shared: Shelf, claims: list[PackageClaim]
) -> None:
    emptied(shared).tell(claims)
    wrong = shared.bench.rows(
        "SELECT c.code FROM packages c JOIN packages p ON p.code = c.parent AND p.source = c.source "
        "WHERE p.level <= c.level"
    )
    assert wrong == []
    assert shared.bench.rows("SELECT code FROM packages WHERE code = ?1 OR parent = ?1", NINES) == []
    # Nothing vanishes: what is not there as it was told is evidence.
    kept = dict(shared.bench.rows("SELECT code, parent FROM packages"))
    evidence = {row[0] for row in shared.bench.rows("SELECT code FROM disputes")}
    assert {one.code for one in claims if kept.get(one.code, "") != one.parent} <= evidence


def test_a_manifest_that_was_cut_off_goes_on_and_counts_every_row_once(bench: Bench) -> None:
    shelf, told = Shelf(bench, (40,)), tree(range(40))
    rows = [ManifestRow(one.code, one.level or 1, one.parent, None, one.batch, None, None, None) for one in told]
    head = ManifestHead("M-1", 1, "supplier", 1, len(rows), "0" * 64, "complete", LATE)
    manifests = RelayManifests(bench.catalogue, bench.sources, bench.events)

    def brought(first: int, last: int) -> int:
        bench.writer.run_sliced(lambda: manifests.stage(head, rows[first:last], first), finish=lambda: None)
        return bench.writer.call(lambda: manifests.staged(head), write=False)

    assert brought(0, 50) == 50
    assert brought(0, 20) == 20, "from the first row is anew"
    assert [brought(10, 30), brought(10, 30), brought(30, len(rows))] == [30, 30, len(rows)]
    bench.writer.call(lambda: manifests.complete(head))
    assert bench.rows("SELECT state, says FROM sources ORDER BY id") == [("dropped", "begun_anew"), ("complete", None)]
    assert shelf.shoot(carton()) == ["ok"]
    assert bench.rows("SELECT packs FROM source_counts ORDER BY source DESC LIMIT 1") == [(40,)]
    assert bench.rows("SELECT count(*) FROM holds") == [(40,)]


def test_a_source_is_not_asked_before_it_is_complete_nor_after_it_is_taken_back(shelf: Shelf) -> None:
    first = shelf.stage(tree(range(3)))
    assert shelf.bench.packages.of(carton()) == ()
    shelf.bench.writer.call(lambda: shelf.bench.sources.complete(first))
    second = shelf.tell(tree(range(4)), version=2)
    assert [row.source for row in shelf.bench.packages.of(carton())] == [second]
    assert shelf.bench.rows("SELECT id, state FROM sources ORDER BY id") == [
        (first, "superseded"),
        (second, "complete"),
    ]

    shelf.bench.writer.call(lambda: shelf.bench.sources.withdraw("relay", "M-1"))
    assert shelf.bench.packages.of(carton()) == ()
    third = shelf.tell(tree(range(4)), version=2)  # the name is free again
    assert [row.source for row in shelf.bench.packages.of(carton())] == [third]


def test_a_source_that_is_dropped_leaves_its_name_and_why(shelf: Shelf) -> None:
    source = shelf.stage(tree(range(3)))
    shelf.bench.writer.call(lambda: shelf.bench.sources.drop(source, why="manifest_digest_wrong"))
    assert shelf.bench.rows("SELECT state, says FROM sources") == [("dropped", "manifest_digest_wrong")]
    assert shelf.tell(tree(range(4))) != source
    assert shelf.shoot(carton()) == ["ok"]


# --------------------------------------------------------------------------------------------- what contradicts what

_PARENT = [claim(carton(9)), claim(bundle(900), carton(9)), claim(box(0), bundle(900), batch="B1")]


@pytest.mark.parametrize(
    ("first", "second", "disputes", "doubted"),
    [
        (
            [claim(carton(), carton()), claim(box(0), carton())], [],
            [(carton(), "self_parent", carton(), None)], {carton()},
        ),
        (
            [claim(carton()), claim(box(0), f"8999013{'9' * 13}", batch="B1")], [],
            [(box(0), "virtual_parent", f"8999013{'9' * 13}", None)], {f"8999013{'9' * 13}"},
        ),
        (
            [*tree(range(2)), claim(NINES, carton()), claim(box(7), NINES, batch="B1")], [],
            [(box(7), "virtual_parent", NINES, None), (NINES, "virtual_parent", carton(), None)], {carton(), NINES},
        ),
        (
            [*tree(range(2)), claim(carton(5), bundle(0))], [],
            [(carton(5), "levels", bundle(0), None)], {carton(5), bundle(0), carton()},
        ),
        (
            [replace(one, level=2) if one.code == box(1) else one for one in tree(range(2))], [],
            [(box(1), "level", "2", "1")], {box(1), bundle(0), carton()},
        ),
        (
            [*tree(range(2)), claim(bundle(8)), claim(box(0), bundle(8), batch="B1")], [],
            [(box(0), "two_parents", bundle(8), bundle(0))], {bundle(8), bundle(0), carton()},
        ),
        (
            tree(range(4)), _PARENT,
            [(box(0), "parent", bundle(900), bundle(0))], {bundle(900), carton(9), bundle(0), carton()},
        ),
        (
            tree(range(2)), [claim(box(0), batch="B2")],
            [(box(0), "content", "B2", "B1")], {box(0), bundle(0), carton()},
        ),
        (
            tree(range(2)), [claim(bundle(0)), claim(box(5), bundle(0), batch="B1")],
            [(bundle(0), "children", box(5), None), (bundle(0), "shared", None, None)], {bundle(0), carton()},
        ),
        (
            tree(range(2)), [claim(bundle(0)), claim(box(0), bundle(0), batch="B1")],
            [(bundle(0), "shared", None, None)], {bundle(0), carton()},
        ),
        (
            tree(range(2)), tree(range(2)),
            [(bundle(0), "shared", None, None), (carton(), "shared", None, None)], set(),
        ),
    ],
    ids=[
        "in itself", "in a carton of nines", "a bundle of nines", "in a smaller one", "another level than its prefix",
        "two parents", "another parent", "another batch", "other children", "fewer children", "all the same",
    ],
)  # fmt: skip
def test_what_is_contradicted_is_kept_and_stands_for_nothing(
    shelf: Shelf,
    first: list[PackageClaim],
    second: list[PackageClaim],
    disputes: list[tuple[object, ...]],
    doubted: set[str],
) -> None:
    shelf.tell(first)
    if second:
        shelf.tell(second, "M-2")
    assert shelf.bench.rows(DISPUTES) == sorted(disputes, key=lambda row: (str(row[0]), str(row[1])))
    assert shelf.doubted() == doubted
    packages = sorted(code for code in doubted if code[6] in "23" and not code.endswith("9" * 13))
    assert set(shelf.shoot(*packages)) <= {"source_conflict", "ambiguous"}
    assert shelf.bench.rows("SELECT pack FROM holds") == []


def test_what_a_failed_transaction_brought_is_forgotten_with_it(shelf: Shelf) -> None:
    """A full disk takes back the rows of a batch, and its number is given to another batch."""
    sources, call = shelf.bench.sources, shelf.bench.writer.call
    source = call(lambda: sources.begin("relay", "M-1", 1, at_ms=1, delivery=LATE))

    def fails() -> None:
        for _ in sources.stage(source, [claim(box(0), batch="B9"), claim(box(0), batch="B8")]):
            pass
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="full"):
        call(fails)
    shelf.stage([claim(box(1), batch="B1"), claim(box(1), batch="B2"), claim(box(2), batch="B9")])
    found = "SELECT p.code, c.batch FROM packages p JOIN contents c ON c.id = p.content ORDER BY 1"
    assert shelf.bench.rows(found) == [(box(1), "B1"), (box(2), "B9")]
    assert shelf.bench.rows(DISPUTES) == [(box(1), "content", "B2", "B1")]


# ------------------------------------------------------------- what hard deliveries brought to light, a test for each


@settings(max_examples=40, deadline=None)
@given(
    lacks=st.sampled_from([(None, None), (None, 3), (4, None), (4, 3)]),
    turns=st.lists(st.booleans(), max_size=24),
    size=st.integers(1, 5),
)
def test_two_sources_that_come_at_the_same_time_contradict_each_other_only_where_they_differ(
    tmp_path_factory: pytest.TempPathFactory, lacks: tuple[int | None, int | None], turns: list[bool], size: int
) -> None:
    with contextlib.closing(Bench(tmp_path_factory.mktemp("together"))) as bench:
        shelf, sources, call = Shelf(bench, packs=(8,)), bench.sources, bench.writer.call
        left = [[one for one in tree(range(8)) if gap is None or one.code != box(gap)] for gap in lacks]
        kinds = ("middleware", "relay")
        ids = [call(partial(sources.begin, kind, LATE, 1, at_ms=1, delivery=LATE)) for kind in kinds]
        while any(left):
            which = int(turns.pop()) if turns else int(not left[0])
            part, left[which] = left[which][:size], left[which][size:]
            bench.writer.run_sliced(partial(sources.stage, ids[which], part), finish=lambda: None)
            if kinds[which] == "middleware":  # the hospital's word holds page by page
                call(partial(sources.complete, ids[which], about=[one.code for one in part]))
            elif part and not left[which]:
                call(partial(sources.complete, ids[which]))
        bench.writer.run_sliced(partial(sources.weigh, "middleware", LATE), finish=lambda: None)

        bundles = {bundle(gap // 2) for gap in lacks if gap is not None}
        assert shelf.doubted() == (bundles | {carton(0)} if bundles else set())


def test_a_carton_with_a_bundle_that_was_never_scanned_is_not_counted_without_it(shelf: Shelf) -> None:
    """The bundle's row has a serial of nines: its boxes stand alone, and nobody knows all that is in the carton."""
    shelf.tell([*tree(range(2)), claim(NINES, carton(), amount=2), claim(box(2), NINES), claim(box(3), NINES)])
    assert shelf.shoot(carton(), bundle(0), box(2), box(3)) == ["source_conflict", "ok", "ok", "ok"]
    assert shelf.bench.rows("SELECT pack FROM holds ORDER BY pack") == [(box(one),) for one in range(4)]


def test_a_carton_without_boxes_is_no_more_boxes_where_its_manifest_names_them_all(shelf: Shelf) -> None:
    """Its bundle was said to be in itself, so that nothing but an amount is left of the carton."""
    boxes = [claim(box(one), bundle(0), batch="B1") for one in range(4)]
    shelf.tell([claim(carton(), amount=4, batch="B1"), claim(bundle(0), bundle(0)), *boxes])
    assert shelf.shoot(carton(), *map(box, range(4)), carton()) == ["ambiguous", *["ok"] * 4, "ambiguous"]


def test_a_carton_of_two_batches_counts_on_lines_that_its_boxes_are_on(bench: Bench) -> None:
    """The first line of its drug is another carton's, and every box of every line is named."""
    shelf = Shelf(bench, (2, 1, 1))
    mixed = [claim(carton(1)), claim(box(2), carton(1), batch="B2"), claim(box(3), carton(1), batch="B3")]
    shelf.tell([*tree(range(2)), *mixed])
    outcome = bench.desk(LATE).scan(carton(1).encode())
    assert (outcome.reason, outcome.line, outcome.packs) == ("ok", 2, 2)
    assert bench.rows("SELECT line, received FROM receipt_lines ORDER BY line") == [(1, 0), (2, 1), (3, 1)]


def test_a_box_that_left_does_not_stand_for_one_that_is_not_named(shelf: Shelf) -> None:
    """The manifest names four boxes, one of which left; a fifth came in the place of a code that nobody reads."""
    shelf.tell(tree(range(4)))
    shelf.happened("delete", parent=bundle(0), code=box(0))
    assert shelf.shoot(box(5)) == ["ok"]
    assert shelf.bench.rows("SELECT packs FROM source_counts") == [(3,)]
    shelf.happened("declare_error", declares="event-0")
    assert shelf.bench.rows("SELECT packs FROM source_counts") == [(4,)]
    assert shelf.shoot(box(6)) == ["over_quantity"]


def test_a_box_that_nobody_names_counts_where_boxes_are_not_all_named(bench: Bench) -> None:
    """Whatever was shot before it: the order of scans decides nothing."""
    shelf = Shelf(bench, (2, 2))
    shelf.tell([*tree(range(2)), claim(box(10), batch="B2")])
    assert shelf.shoot(box(11)) == ["ok"]
    assert bench.rows("SELECT line, received FROM receipt_lines ORDER BY line") == [(1, 0), (2, 1)]


# ------------------------------------------------------------------------------------------------------ an older file


def test_ten_thousand_packages_of_the_first_version_are_all_there_after_the_upgrade(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path / "data")
    paths.root.mkdir()
    told = [(carton(), 1, 3, None, 1), *((bundle(one), 1, 2, carton(), 1) for one in range(500))]
    told += [(box(one), 1 + one % 2, 1, bundle(one // 20), 1 + one % 3) for one in range(10_000)]
    told += [(box(one), 3, 1, None, 1) for one in range(50)]  # two deliveries may name one box
    with contextlib.closing(sqlite3.connect(paths.database)) as file:
        for statement in (*FIRST, *SYNC_MIGRATIONS[1]):
            file.execute(statement)
        for number in (1, 2, 3):
            values = (number, f"D-{number}")
            file.execute("INSERT INTO deliveries (id, number, supplier, gift, synthetic, manifest, state) "
                         "VALUES (?, ?, 's', 0, 1, 'complete', 'open')", values)  # fmt: skip
        file.executemany("INSERT INTO packages (code, delivery, level, parent, line) VALUES (?, ?, ?, ?, ?)", told)
        file.execute("PRAGMA user_version = 1")
        file.commit()

    database = open_database(paths, SCHEMA, now_ms=lambda: 0)
    found = database.execute_sql(
        "SELECT p.code, s.delivery, p.level, p.parent, p.line FROM packages p JOIN sources s ON s.id = p.source "
        "WHERE s.state = 'complete' AND s.kind = 'middleware'"
    ).fetchall()
    database.close()
    assert len(found) == len(told)
    assert set(found) == set(told)
