"""The hospital says something else than before, the relay says the same twice, and a source contradicts itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store import packages
from app.store.manifests import RelayManifests
from app.store.packages import Correction, Dispute
from app.store.staging import Replaced
from sync.changes import PackageRow, PackagesChange
from sync.relay_wire import ManifestHead, ManifestRow
from tests.store.store_bench import NO, Bench, box, bundle, carton, delivery, drug
from tests.store.test_store_sources import NINES, Shelf, claim, tree

HOSPITAL = (
    "SELECT p.code, p.level, p.parent, p.line FROM packages p JOIN sources s ON s.id = p.source "
    "WHERE s.kind = 'middleware' ORDER BY 1"
)
HEAD = ManifestHead("M-1", 1, 4, "", "complete", "supplier", 1_000, "D-5")


def told(bench: Bench, *rows: tuple[str, int, str | None, int]) -> None:
    bench.apply(PackagesChange(NO, tuple(PackageRow(*row) for row in rows)))


def corrections(bench: Bench, *codes: str) -> tuple[Correction, ...]:
    return bench.writer.call(lambda: bench.packages.corrections(codes), write=False)


def disputes(bench: Bench, *codes: str) -> list[tuple[str, str, str | None, bool]]:
    found: tuple[Dispute, ...] = bench.writer.call(lambda: bench.packages.disputes(codes), write=False)
    return [(one.code, one.kind, one.says, one.within_one_source) for one in found]


# --------------------------------------------------------------------------------------------------- the hospital's own


def test_what_the_hospital_said_before_is_kept(dock: Bench) -> None:
    told(dock, (box(0), 1, bundle(1), 1))
    told(dock, (box(0), 1, None, 2))

    assert [(one.kind, one.name, one.changes) for one in corrections(dock, box(0), box(1))] == [
        ("middleware", NO, (("line", "1", "2"), ("parent", bundle(1), None))),
        ("middleware", NO, (("parent", bundle(0), bundle(1)),)),
    ]
    assert corrections(dock, box(0))[0].at_ms > 0
    assert (box(0), 1, None, 2) in dock.rows(HOSPITAL)


def test_telling_it_again_is_no_correction_and_writes_nothing(dock: Bench) -> None:
    before = dock.dump()
    changes = dock.rows("SELECT total_changes()")
    told(dock, (box(0), 1, bundle(0), 1), (box(1), 1, bundle(0), 1))
    assert dock.dump() == before
    assert corrections(dock, box(0)) == ()
    assert int(str(dock.rows("SELECT total_changes()")[0][0])) - int(str(changes[0][0])) <= 1  # its state


def test_listeners_hear_of_it_in_the_same_transaction(dock: Bench) -> None:
    heard: list[tuple[int, Sequence[Replaced]]] = []
    dock.sources.hear_corrections(lambda source, replaced: heard.append((source, replaced)))
    told(dock, (box(0), 1, bundle(0), 1), (box(1), 1, bundle(1), 1))
    ((_, replaced),) = heard
    assert replaced == [Replaced(box(1), {"parent": bundle(0)}, {"parent": bundle(1)})]


def test_a_contradiction_ends_when_the_hospital_comes_round(dock: Bench) -> None:
    """The relay says bundle 1; so does the hospital in the end, and the cartons are in doubt no more."""
    shelf = Shelf(dock)
    shelf.tell([claim(bundle(1), carton()), claim(box(0), bundle(1), batch="B1")])
    assert ("parent" in {kind for _, kind, _, _ in disputes(dock, box(0))}) is True
    assert {bundle(0), bundle(1)} <= shelf.doubted()
    told(dock, (box(0), 1, bundle(1), 1))
    assert [kind for _, kind, _, _ in disputes(dock, box(0)) if kind == "parent"] == []
    assert bundle(0) not in shelf.doubted()


def test_a_bundle_over_two_pages_is_in_doubt_until_the_note_says_that_all_is_told(bench: Bench) -> None:
    shelf = Shelf(bench)
    shelf.tell(tree(range(2)))
    told(bench, (carton(), 3, None, 1), (bundle(0), 2, carton(), 1), (box(0), 1, bundle(0), 1))
    assert bundle(0) in shelf.doubted()
    told(bench, (box(1), 1, bundle(0), 1))
    bench.apply(delivery(packs=(2,)))
    assert shelf.doubted() == set()


_ROWS = st.lists(
    st.tuples(
        st.sampled_from([box(number) for number in range(6)]),
        st.just(1),
        st.sampled_from([None, bundle(0), bundle(1), bundle(2)]),
        st.sampled_from([1, 2]),
    ),
    max_size=8,
    unique_by=lambda row: row[0],
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tellings=st.lists(_ROWS, max_size=4))
def test_the_last_telling_stands_and_every_other_is_told_by_a_correction(
    bench: Bench, tellings: list[list[tuple[str, int, str | None, int]]]
) -> None:
    bench.meet()
    bench.apply(drug(), delivery(packs=(3, 3)))
    for table in ("packages", "corrections", "disputes", "doubts"):
        bench.writer.call(lambda table=table: bench.database.execute_sql(f"DELETE FROM {table}"))  # type: ignore[misc]
    expected: dict[str, tuple[str, int, str | None, int]] = {}
    changed: list[str] = []
    for rows in tellings:
        told(bench, *rows)
        changed += [row[0] for row in rows if row[0] in expected and expected[row[0]] != row]
        expected.update({row[0]: row for row in rows})
    assert bench.rows(HOSPITAL) == sorted(expected.values())
    assert [row[0] for row in bench.rows("SELECT code FROM corrections ORDER BY n")] == changed


# ------------------------------------------------------------------------------------------------- the relay's, again


def test_rows_of_a_version_that_are_here_already_are_passed_over(bench: Bench) -> None:
    """A version never changes: who resumes may tell its rows again, and a first row numbered 0 begins anew."""
    shelf = Shelf(bench)
    sink = RelayManifests(bench.catalogue, bench.sources, bench.events)
    rows = [ManifestRow(carton(), 3), *(ManifestRow(box(one), 1, carton(), batch="B1") for one in range(3))]

    def stage(part: Sequence[ManifestRow], first: int) -> None:
        bench.writer.run_sliced(lambda: sink.stage(HEAD, part, first), finish=lambda: None)

    stage(rows[:3], 0)
    stage(rows[1:], 1)
    assert bench.writer.call(lambda: sink.staged(HEAD), write=False) == 4
    stage([ManifestRow(box(0), 1, bundle(0), batch="B2")], 1)
    bench.writer.call(lambda: sink.complete(HEAD))
    assert [row[0] for row in bench.rows("SELECT parent FROM packages WHERE code = ?", box(0))] == [carton()]
    assert bench.rows("SELECT count(*) FROM packages") == [(4,)]
    assert shelf.doubted() == set()


# ------------------------------------------------------------------------------------------- within one source


@pytest.mark.parametrize(
    ("claims", "asked", "found"),
    [
        ([claim(carton()), claim(carton(1), carton())], carton(), (carton(1), "levels", carton(), True)),
        ([claim(carton()), claim(carton(), carton())], carton(), (carton(), "self_parent", carton(), True)),
        ([claim(bundle(0), carton()), claim(NINES, bundle(0))], bundle(0), (NINES, "virtual_parent", bundle(0), True)),
        ([claim(box(0), NINES)], box(0), (box(0), "virtual_parent", NINES, True)),
        (
            [claim(box(0), bundle(0)), claim(box(0), bundle(1)), claim(bundle(0)), claim(bundle(1))],
            bundle(1),
            (box(0), "two_parents", bundle(1), True),
        ),
        (
            [claim(box(0), bundle(0)), claim(box(0), bundle(1)), claim(bundle(0)), claim(bundle(1))],
            bundle(0),
            (box(0), "two_parents", bundle(1), True),
        ),
    ],
    ids=["levels", "self_parent", "in_a_virtual_one", "a_virtual_one", "the_other_parent", "the_first_parent"],
)
def test_a_source_that_contradicts_itself_is_found_by_code_and_by_package(
    bench: Bench, claims: Sequence[object], asked: str, found: tuple[str, str, str, bool]
) -> None:
    shelf = Shelf(bench)
    source = shelf.stage(claims)  # type: ignore[arg-type]
    assert disputes(bench, asked) == []  # not while it is out of sight
    bench.writer.call(lambda: bench.sources.complete(source))
    assert found in disputes(bench, asked)


def test_looking_for_contradictions_reads_no_whole_table(bench: Bench) -> None:
    for statement in (packages._DISPUTES, packages._CORRECTIONS):
        plan = [str(row[3]) for row in bench.rows(f"EXPLAIN QUERY PLAN {statement}", '["a"]', 5)]
        assert [row for row in plan if row.startswith(("SCAN d ", "SCAN c ", "SCAN s ", "SCAN a ", "SCAN b "))] == []
