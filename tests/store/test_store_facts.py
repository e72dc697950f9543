"""What one scan costs: a bounded number of statements, whatever the size of the file, and each by an index."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.domain.codes import read
from tests.store.store_bench import RECEIPT, Bench, box, bundle, carton, codes, delivery, drug, packages

# Reads and writes of one counted box, the transaction's two words among them. Raise it only with a reason: the packs
# of a scan are a temporary table, so that a pallet costs as many statements as a box.
MOST_STATEMENTS = 37
LARGE = 3_000


def statements_of(bench: Bench, job: Callable[[], object]) -> list[str]:
    """What SQLite was asked on the writer's connection while the job ran."""
    seen: list[str] = []

    def trace(callback: Callable[[str], None] | None) -> None:
        bench.database.connection().set_trace_callback(callback)

    bench.writer.call(lambda: trace(seen.append), write=False)
    try:
        job()
    finally:
        bench.writer.call(lambda: trace(None), write=False)
    # Triggers are reported as comments.
    return [statement for statement in seen if not statement.startswith("--")]


def grow(bench: Bench) -> None:
    """Thousands of packages, of other people's codes and of entries beside the four boxes of D-1."""
    bench.apply(packages("D-2", boxes=LARGE, start=10_000), delivery("D-2", packs=(LARGE,)))
    bench.apply(codes(*range(50_000, 50_000 + LARGE), receipt="D-9-R1"))
    desk = bench.desk("D-2")
    for number in range(10_000, 10_100):
        desk.scan(box(number).encode())


@pytest.mark.parametrize(
    "code",
    [box(0), box(999_999), "69012345678901234567", "89990999999999999999"],
    ids=["in the manifest", "known drug", "unknown", "unknown trace code"],
)
def test_statements_of_a_scan_are_few_and_do_not_depend_on_the_size_of_the_file(dock: Bench, code: str) -> None:
    desk = dock.desk()
    desk.scan(box(1).encode())  # what is kept in memory is there
    small = statements_of(dock, lambda: desk.scan(code.encode()))
    grow(dock)
    desk.scan(box(2).encode())
    large = statements_of(dock, lambda: desk.scan(code.encode()))

    assert 0 < len(small) <= MOST_STATEMENTS
    # The second scan of the same code is a duplicate and writes less.
    assert len(large) <= len(small)


def test_a_carton_costs_no_more_statements_for_more_boxes(bench: Bench) -> None:
    bench.meet()
    bench.apply(drug(), packages(), delivery())
    bench.apply(packages("D-2", boxes=400, start=1_000), delivery("D-2", packs=(400,)))
    small, large = bench.desk(), bench.desk("D-2")
    small.scan(box(999_999).encode())  # what is kept in memory is there
    few = statements_of(bench, lambda: small.scan(carton().encode()))
    undo_few = statements_of(bench, lambda: small.command("undo"))
    large.scan(box(999_999).encode())
    many = statements_of(bench, lambda: large.scan(carton(1_000).encode()))
    undo_many = statements_of(bench, lambda: large.command("undo"))

    assert len(many) <= len(few)
    assert len(undo_many) <= len(undo_few)


def test_every_read_of_a_scan_goes_by_an_index(dock: Bench) -> None:
    grow(dock)
    desk = dock.desk()
    asked = [
        *statements_of(dock, lambda: desk.scan(carton().encode())),
        *statements_of(dock, lambda: desk.scan(box(999_999).encode())),
        *statements_of(dock, lambda: desk.command("undo")),
    ]
    plans = {
        statement: [str(row[3]) for row in dock.rows(f"EXPLAIN QUERY PLAN {statement}")]
        for statement in asked
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))
    }
    # What the statement itself brought may be walked; a table may not.
    brought = ("SCAN under", "SCAN u", "SCAN s", "SCAN scope", "SCAN json_each", "SCAN CONSTANT", "SCAN (sub")
    walks = [
        (statement, step)
        for statement, steps in plans.items()
        for step in steps
        if step.startswith("SCAN") and not step.startswith(brought)
    ]
    assert len(plans) > 10
    assert walks == []


def test_facts_of_a_bundle_name_its_boxes_and_who_holds_them(dock: Bench) -> None:
    desk = dock.desk()
    desk.scan(box(0).encode())
    desk.scan(bundle(0).encode())
    row = dock.receipts.find(RECEIPT)
    assert row is not None

    facts = dock.writer.call(lambda: dock.facts.of(read(bundle(0)), row.key), write=False)

    assert (facts.key, facts.level, facts.in_manifest, facts.packs.estimated) == (bundle(0), 2, True, False)
    assert facts.counted_here
    assert (facts.packs.codes, facts.packs.settled, facts.packs.gains) == (2, 2, ())
