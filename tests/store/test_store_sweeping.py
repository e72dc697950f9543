"""Rows of sources that nobody asks go in quiet moments: all of them and no others, whatever is killed on the way."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from app.base.paths import DataPaths
from app.domain.packages import PackageClaim
from app.store.database import open_database
from app.store.sweeping import PAUSE_S, STEP_ROWS, Sweeping
from tests.store.store_bench import SCHEMA, Bench, box, bundle, carton
from tests.store.test_store_sources import LATE, Shelf, claim, tree

ROOT = Path(__file__).resolve().parents[2]
ROWS = "SELECT s.name, s.version, count(*) FROM packages p JOIN sources s ON s.id = p.source GROUP BY s.id"
LIMIT_S = 30.0

# Sweeps a folder and says so after every step that was committed, then waits to be killed.
SWEEP = """
import sys
from pathlib import Path
from app.base.paths import DataPaths
from app.store.database import immediate, open_database
from app.store.sweeping import Sweeping
from tests.store.store_bench import SCHEMA

database = open_database(DataPaths(Path(sys.argv[1])), SCHEMA, now_ms=lambda: 0)
steps = Sweeping(database).steps()
for _ in range(int(sys.argv[2])):
    with immediate(database):
        next(steps)
database.execute_sql("BEGIN IMMEDIATE")
next(steps, None)
print("in the middle", flush=True)
sys.stdin.read()
"""


def swept(bench: Bench) -> None:
    """To the end, a transaction for each step."""
    steps = Sweeping(bench.database).steps()
    while bench.writer.call(lambda: next(steps, True)) is None:
        continue


def many(count: int, start: int = 0) -> list[PackageClaim]:
    return [claim(carton()), *(claim(box(start + one), carton(), batch="B1") for one in range(count))]


def test_only_what_is_asked_stays(bench: Bench) -> None:
    shelf = Shelf(bench)
    shelf.tell(tree(range(4)))
    shelf.tell(tree(range(6)), version=2)
    shelf.tell(tree(range(10, 14), number=1), name="M-2")
    bench.writer.call(lambda: bench.sources.withdraw("relay", "M-2"))
    dropped = shelf.stage(tree(range(20, 24), number=2), name="M-3")
    bench.writer.call(lambda: bench.sources.drop(dropped, why="manifest_gone: x"))
    under_way = shelf.stage(tree(range(30, 34), number=3), name="M-4")
    swept(bench)

    assert bench.rows(f"{ROWS} ORDER BY 1") == [("M-1", 2, 10), ("M-4", 1, 7)]
    assert bench.rows("SELECT DISTINCT source FROM source_counts ORDER BY 1") == [(2,), (under_way,)]
    assert bench.rows("SELECT name, state, swept FROM sources WHERE kind = 'relay' ORDER BY id") == [
        ("M-1", "superseded", 1), ("M-1", "complete", 0), ("M-2", "withdrawn", 1), ("M-3", "dropped", 1),
        ("M-4", "staged", 0),
    ]  # fmt: skip
    assert bench.rows("SELECT says FROM sources WHERE name = 'M-3'") == [("manifest_gone: x",)]
    assert bench.rows("SELECT count(*) FROM meta WHERE key = 'sweep'") == [(0,)]
    assert shelf.shoot(box(0), box(5)) == ["ok", "ok"]


def test_a_contradiction_that_is_shown_stays_and_its_doubt_too(bench: Bench) -> None:
    shelf = Shelf(bench)
    shelf.tell([claim(carton()), claim(bundle(0), carton()), claim(box(0), bundle(0), batch="B1")])
    shelf.tell([claim(carton(1)), claim(bundle(0), carton(1))], name="M-2")
    shelf.tell([claim(carton(2)), claim(bundle(0), carton(2))], name="M-3")
    bench.writer.call(lambda: bench.sources.withdraw("relay", "M-2"))
    swept(bench)

    assert bench.rows("SELECT DISTINCT source, other FROM disputes") == [(3, 1)]
    assert bench.rows("SELECT DISTINCT source, other FROM doubts") == [(3, 1)]
    assert bench.writer.call(lambda: bench.packages.doubted(carton()), write=False)
    assert [one.other_says for one in bench.writer.call(lambda: bench.packages.disputes([bundle(0)]), write=False)] == [
        carton()
    ]


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_sweep_that_is_killed_is_gone_on_with(tmp_path: Path, steps: int) -> None:
    bench = Bench(tmp_path / "data")
    shelf = Shelf(bench)
    shelf.tell(many(3 * STEP_ROWS // 2))
    shelf.tell(many(3 * STEP_ROWS // 2), version=2)
    shelf.tell(many(STEP_ROWS, 5_000), name="M-2")
    bench.writer.call(lambda: bench.sources.withdraw("relay", "M-2"))
    bench.close()

    words = [sys.executable, "-c", SWEEP, str(tmp_path / "data"), str(steps)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"in the middle\n"
        child.kill()
        child.wait(LIMIT_S)

    again = Bench(tmp_path / "data")
    swept(again)
    assert again.rows(ROWS) == [("M-1", 2, 3 * STEP_ROWS // 2 + 1)]
    assert again.rows("SELECT count(*) FROM sources WHERE state <> 'complete' AND swept = 0") == [(0,)]
    again.close()


def test_a_source_that_comes_back_meanwhile_keeps_its_rows(bench: Bench) -> None:
    """The file of an earlier version is taken in once more while its old rows are being deleted."""
    shelf = Shelf(bench)
    shelf.tell(many(2 * STEP_ROWS))
    shelf.tell(many(3), version=2)
    steps = Sweeping(bench.database).steps()
    bench.writer.call(lambda: next(steps))
    shelf.tell(many(2 * STEP_ROWS))
    while bench.writer.call(lambda: next(steps, True)) is None:
        continue
    swept(bench)
    assert bench.rows(ROWS) == [("M-1", 1, 2 * STEP_ROWS + 1)]


@pytest.mark.parametrize("steps", [0, 1, 2, 100])
def test_a_source_that_is_told_again_amid_its_sweep_counts_once(bench: Bench, steps: int) -> None:
    shelf = Shelf(bench)
    told = many(2 * STEP_ROWS)
    shelf.tell(told)
    shelf.tell(many(3), version=2)
    sweep = Sweeping(bench.database).steps()
    for _ in range(steps):
        bench.writer.call(lambda: next(sweep, None))
    sources = bench.sources
    source = bench.writer.call(lambda: sources.begin("relay", "M-1", 1, at_ms=1, delivery=LATE))
    for part in (told[:700], told[700:]):  # two calls, as blocks of a manifest come
        assert bench.writer.call(lambda: sources.begin("relay", "M-1", 1, at_ms=1, delivery=LATE)) == source
        bench.writer.run_sliced(partial(sources.stage, source, part, counting=True), finish=lambda: None)
    bench.writer.call(lambda: sources.complete(source))

    assert bench.rows("SELECT sum(packs) FROM source_counts WHERE source = ?", source) == [(2 * STEP_ROWS,)]
    assert bench.rows("SELECT rows, made_ms FROM sources WHERE id = ?", source) == [(len(told), 1)]
    while bench.writer.call(lambda: next(sweep, True)) is None:
        continue
    swept(bench)
    assert bench.rows(ROWS) == [("M-1", 1, len(told))]
    assert bench.rows("SELECT source, packs FROM source_counts") == [(source, 2 * STEP_ROWS)]


def test_it_rests_between_two_sweeps(bench: Bench) -> None:
    shelf, now = Shelf(bench), [0.0]
    sweeping = Sweeping(bench.database, lambda: now[0])

    def sweep() -> int:
        return bench.writer.call(lambda: len(list(sweeping.steps())))

    assert sweep() == 0
    shelf.tell(many(2))
    shelf.tell(many(2), version=2)
    assert sweep() > 0
    shelf.tell(many(2), version=3)
    assert sweep() == 0
    now[0] += PAUSE_S
    assert sweep() > 0


def test_the_writer_sweeps_when_nobody_works(bench: Bench) -> None:
    """It is asked for inside the transaction that ends a source, and done by itself; scans go first."""
    shelf = Shelf(bench)
    sweeping = Sweeping(bench.database)
    over = threading.Event()

    def steps() -> object:
        yield from sweeping.steps()
        over.set()

    bench.sources.hear_of_ends(lambda: bench.writer.sweep(steps))  # type: ignore[arg-type]
    shelf.tell(many(3 * STEP_ROWS))
    shelf.tell(many(3), version=2)
    assert shelf.shoot(box(0)) == ["ok"]
    until = time.monotonic() + LIMIT_S
    while bench.rows("SELECT count(*) FROM packages WHERE source = 1") != [(0,)] and time.monotonic() < until:
        over.wait(0.05)
    assert bench.rows(ROWS) == [("M-1", 2, 4)]


def test_a_close_in_the_middle_of_a_sweep_is_a_close(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "data")
    shelf = Shelf(bench)
    shelf.tell(many(4 * STEP_ROWS))
    shelf.tell(many(3), version=2)
    bench.writer.sweep(Sweeping(bench.database).steps)
    bench.close()
    bench.writer.sweep(Sweeping(bench.database).steps)

    database = open_database(DataPaths(tmp_path / "data"), SCHEMA, now_ms=lambda: 0)
    assert database.execute_sql("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
