"""Packages that came before the hospital said what their prefixes are: named when it does, and right from then on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from app.domain.packages import PackageClaim
from tests.store.store_bench import Bench, box, bundle, carton, delivery, drug

LATE = "D-5"
BOXES = 130  # more than are looked through in one step


def tree(boxes: int = BOXES, *, batch: str | None = "B1", of: int = 10) -> list[PackageClaim]:
    """A carton of bundles, as a supplier names it whose drugs nobody here knows."""
    found = [PackageClaim(carton(), 3, None)]
    for one in range(boxes):
        if one % of == 0:
            found.append(PackageClaim(bundle(one // of), 2, carton()))
        found.append(PackageClaim(box(one), 1, bundle(one // of), None, batch, "2099-12-31" if batch else None))
    return found


def stage(bench: Bench, claims: list[PackageClaim], name: str = "M-1") -> int:
    source = bench.writer.call(lambda: bench.sources.begin("relay", name, 1, at_ms=1, delivery=LATE))
    bench.writer.run_sliced(lambda: bench.sources.stage(source, claims), finish=lambda: None)
    return source


def tell(bench: Bench, claims: list[PackageClaim], name: str = "M-1") -> None:
    source = stage(bench, claims, name)
    bench.writer.call(lambda: bench.sources.complete(source))


def said(bench: Bench) -> dict[str, list[tuple[object, ...]]]:
    """By the words of a content, not by its number."""
    found = {"disputes": bench.rows("SELECT * FROM disputes ORDER BY 1, 2, 3, 4")}
    found["doubts"] = bench.rows("SELECT DISTINCT code FROM doubts ORDER BY 1")
    found["packages"] = bench.rows(
        "SELECT p.code, p.source, p.level, p.parent, c.drug, c.batch, c.expiry FROM packages p "
        "LEFT JOIN contents c ON c.id = p.content ORDER BY 1, 2"
    )
    found["source_counts"] = bench.rows(
        "SELECT n.source, c.drug, c.batch, n.packs FROM source_counts n JOIN contents c ON c.id = n.content "
        "WHERE n.packs <> 0 ORDER BY 1, 2, 3"
    )
    return found


def shoot(bench: Bench, *codes: str) -> list[str]:
    desk = bench.desk(LATE)
    return [desk.scan(code.encode()).reason for code in codes]


@pytest.fixture
def early(bench: Bench) -> Bench:
    """A folder that knows a delivery, and not yet its drug."""
    bench.meet()
    bench.apply(delivery(LATE, packs=(BOXES,), manifest="late"))
    return bench


@pytest.mark.parametrize("batch", ["B1", None])
def test_a_manifest_that_came_before_its_drugs_counts_when_they_are_told(early: Bench, batch: str | None) -> None:
    tell(early, tree(batch=batch))
    assert "ok" not in shoot(early, carton(), box(0)), "nobody knows what it is"
    early.apply(drug())
    assert shoot(early, box(0), carton(), box(1)) == ["ok", "ok", "covered_by_parent"]
    assert early.rows("SELECT received FROM receipt_lines") == [(BOXES,)]


def test_named_afterwards_is_the_same_as_known_before(early: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    """With levels that are not told or not the prefix's, a link that is turned round, and another source that says
    otherwise.
    """
    told = [replace(one, level=None) if one.code == box(3) else one for one in tree(40)]
    told += [PackageClaim(box(98), 2, None, None, "B1"), PackageClaim(carton(7), 1, bundle(0))]
    told += [PackageClaim(box(99), None, carton(7), None, "B1")]
    other = [replace(one, batch="B2") if one.code == box(5) else one for one in tree(30)]
    known = Bench(tmp_path_factory.mktemp("known") / "data")
    try:
        known.meet()
        known.apply(drug(), delivery(LATE, packs=(BOXES,), manifest="late"))
        for bench in (early, known):
            tell(bench, told)
            tell(bench, other, "M-2")
        assert said(early) != said(known)
        early.apply(drug())
        assert said(early) == said(known)
    finally:
        known.close()


def test_what_is_still_out_of_sight_is_named_too(early: Bench) -> None:
    source = stage(early, tree())
    early.apply(drug())
    assert early.rows("SELECT DISTINCT c.drug FROM packages p JOIN contents c ON c.id = p.content") == [("YP-1",)]
    early.writer.call(lambda: early.sources.complete(source))
    assert shoot(early, carton()) == ["ok"]


def test_a_kill_in_the_middle_of_naming_costs_nothing(early: Bench) -> None:
    """The page comes again, and by then the prefixes are no news any more."""
    tell(early, tree())
    steps: Iterator[None] = early.replica.apply([drug()])
    for _ in range(2):
        early.writer.call(partial(next, steps))
    left = early.rows("SELECT count(*) FROM packages p JOIN contents c ON c.id = p.content WHERE c.drug = ''")
    assert 0 < int(str(left[0][0])) < BOXES, "in the middle"

    early.apply(drug())
    assert shoot(early, carton()) == ["ok"]
    assert early.rows("SELECT value FROM meta WHERE key = 'unnamed'") == []


def test_the_hospitals_own_word_and_other_prefixes_stay_as_they_are(early: Bench) -> None:
    """A drug that nobody's packages are of costs a look, and changes nothing."""
    tell(early, tree(4))
    before = said(early)
    early.apply(drug(drug="YP-9", levels={"8999991": 1, "06901234567892": 1}))
    assert said(early) == before
    early.apply(drug(levels={"8999011": 1}))
    named = {row[0] for row in early.rows("SELECT p.code FROM packages p JOIN contents c ON c.id = p.content "
                                          "WHERE c.drug = 'YP-1'")}  # fmt: skip
    assert named == {box(one) for one in range(4)}, "the carton's prefix is still unknown"


# -------------------------------------------------------------------------------------------- what a clerk knows of it


@pytest.fixture
def dock(bench: Bench) -> Bench:
    """A hospital that knows the prefix of the carton only, and a manifest of two batches for its delivery."""
    bench.meet()
    bench.apply(drug(levels={"8999013": 3}), drug(drug="YP-2", name="another", levels={}))
    bench.apply(delivery(LATE, packs=(10, 10), batches=("B1", "B2"), manifest="late"))
    told = [PackageClaim(carton(), 3, None)]
    told += [PackageClaim(box(one), 1, carton(), None, "B1" if one < 10 else "B2") for one in range(20)]
    tell(bench, told)
    return bench


def named(bench: Bench) -> list[str]:
    """The drugs of the boxes, once nobody waits for a name."""
    bench.writer.run_sliced(bench.sources.name, finish=lambda: None)
    found = bench.rows(
        "SELECT DISTINCT c.drug FROM packages p JOIN contents c ON c.id = p.content WHERE p.level = 1 ORDER BY 1"
    )
    return [str(row[0]) for row in found]


def lines(bench: Bench) -> list[tuple[object, ...]]:
    return bench.rows("SELECT line, received FROM receipt_lines ORDER BY line")


def test_a_carton_whose_boxes_have_an_unknown_prefix_counts_on_the_lines_of_their_batches(dock: Bench) -> None:
    """Its own prefix says what it is of."""
    assert shoot(dock, carton()) == ["ok"]
    assert lines(dock) == [(1, 10), (2, 10)]


def test_a_box_that_its_manifest_names_and_nobody_knows_is_unknown_until_a_clerk_says_what_it_is(dock: Bench) -> None:
    desk = dock.desk(LATE)
    assert desk.scan(box(15).encode()).reason == "unknown_code"
    assert desk.command(f"level {box(3)} YP-1 1").reason == "ok"
    assert named(dock) == ["YP-1"]
    assert [desk.scan(box(one).encode()).reason for one in (15, 3)] == ["ok", "ok"]
    assert lines(dock) == [(1, 1), (2, 1)], "on the lines of the batches that the manifest names"
    assert desk.command(f"level {box(4)} YP-1 1").reason == "level_known"


def test_what_a_clerk_took_back_or_the_hospital_knows_better_is_named_anew(dock: Bench) -> None:
    desk = dock.desk(LATE)
    assert desk.command(f"level {box(3)} YP-2 1").reason == "ok"
    assert named(dock) == ["YP-2"]
    assert desk.command("undo").reason == "ok"
    assert named(dock) == [""]
    assert desk.command(f"level {box(3)} YP-2 1").reason == "ok"
    assert named(dock) == ["YP-2"]
    dock.apply(drug())
    assert named(dock) == ["YP-1"]
    assert shoot(dock, box(0)) == ["ok"]


def test_a_carton_of_drugs_that_are_not_on_the_note_is_not_of_this_delivery(dock: Bench) -> None:
    """Nobody needs to be asked what it is: its boxes say so."""
    pallet = "003952999956779299" + "47"
    dock.apply(drug(drug="YP-2", name="another", levels={"8999021": 1}))
    told = [PackageClaim(f"8999021{one:013d}", 1, pallet, None, "B1") for one in range(3)]
    tell(dock, [PackageClaim(pallet, 4, None), *told], "M-2")
    assert shoot(dock, pallet) == ["not_in_delivery"]


def test_a_lesson_is_followed_without_being_driven(dock: Bench) -> None:
    dock.desk(LATE).command(f"level {box(3)} YP-1 1")
    until = time.monotonic() + 30
    while dock.rows("SELECT 1 FROM meta WHERE key = 'unnamed'") and time.monotonic() < until:
        threading.Event().wait(0.02)
    assert dock.rows("SELECT DISTINCT c.drug FROM packages p JOIN contents c ON c.id = p.content") == [("YP-1",)]


# ------------------------------------------------------------------------------------------------------ who hears of it


def test_who_listens_hears_of_a_source_that_is_known_better(early: Bench) -> None:
    heard: list[int] = []
    tell(early, tree())
    early.sources.listen(heard.append)
    early.apply(drug())
    assert heard == [int(str(row[0])) for row in early.rows("SELECT id FROM sources WHERE name = 'M-1'")]
    early.apply(drug())
    assert len(heard) == 1
