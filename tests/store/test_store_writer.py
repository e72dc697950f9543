"""The one writer: order of urgency, bounded slices, whole transactions, and failures of the world sorted."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from app.base.errors import Trouble
from app.base.options import Environment
from app.base.worker import WorkerStopped
from app.store import writer as writer_module
from app.store.writer import IDLE, IMPORT, SCAN, SETTLE
from app.wiring import Call, Program
from tests.store.store_bench import Bench, Steps

T = TypeVar("T")
LIMIT_S = 20.0


def in_background(job: Callable[[], T]) -> threading.Thread:
    thread = threading.Thread(target=job)
    thread.start()
    return thread


def put(bench: Bench, key: str) -> None:
    bench.catalogue.set_meta(key, "1")


@contextlib.contextmanager
def blocked(bench: Bench) -> Iterator[None]:
    """The writer's thread is busy until the block ends, so that what is handed in meanwhile queues up."""
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go_on.wait(LIMIT_S)

    thread = in_background(lambda: bench.writer.call(hold, priority=SCAN, write=False))
    assert begun.wait(LIMIT_S)
    try:
        yield
    finally:
        go_on.set()
        thread.join(LIMIT_S)


def queue_up(bench: Bench, jobs: list[tuple[int, str]]) -> list[str]:
    """Hand the jobs in one after the other while the writer is busy; the order in which they ran."""
    ran: list[str] = []
    threads = []
    with blocked(bench):
        for place, (priority, name) in enumerate(jobs, start=1):
            job = partial(bench.writer.call, partial(ran.append, name), priority=priority)
            threads.append(in_background(job))
            wait_for_inbox(bench, place)
    for thread in threads:
        thread.join(LIMIT_S)
    return ran


def wait_for_inbox(bench: Bench, length: int) -> None:
    tick, left = threading.Event(), int(LIMIT_S / 0.001)
    while len(bench.writer._worker._inbox) < length and left:
        tick.wait(0.001)
        left -= 1
    assert left


def test_the_most_urgent_goes_first_and_equals_in_order(bench: Bench) -> None:
    jobs = [(IDLE, "idle"), (IMPORT, "import"), (SETTLE, "settle"), (SCAN, "scan 1"), (SCAN, "scan 2")]

    assert queue_up(bench, jobs) == ["scan 1", "scan 2", "settle", "import", "idle"]


def test_a_scan_overtakes_an_import_at_its_next_step(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """By order, not by time: a slice may last for ever here, and still ends because somebody urgent waits."""
    monkeypatch.setattr(writer_module, "SLICE_MS", 3_600_000.0)
    order: list[str] = []
    scans: list[threading.Thread] = []

    def between(number: int) -> None:
        order.append(f"step {number}")
        if number == 2:
            scans.append(in_background(lambda: bench.writer.call(lambda: order.append("scan"), priority=SCAN)))
            wait_for_inbox(bench, 1)

    bench.writer.run_sliced(Steps(6, between), finish=lambda: order.append("finish"))
    scans[0].join(LIMIT_S)

    assert order == ["step 0", "step 1", "step 2", "scan", "step 3", "step 4", "step 5", "finish"]


def test_another_import_does_not_cut_a_slice_short(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "SLICE_MS", 3_600_000.0)
    with blocked(bench):
        thread = in_background(lambda: bench.writer.call(lambda: None, priority=IMPORT))
        wait_for_inbox(bench, 1)
        assert not bench.writer.urgent_waits()
        urgent = in_background(lambda: bench.writer.call(lambda: None, priority=SETTLE))
        wait_for_inbox(bench, 2)
        assert bench.writer.urgent_waits()
    thread.join(LIMIT_S)
    urgent.join(LIMIT_S)


def test_slices_are_bounded_and_each_is_a_transaction_of_its_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no time at all for a slice, every step is committed by itself: another connection sees it."""
    monkeypatch.setattr(writer_module, "SLICE_MS", 0.0)
    seen: list[int] = []

    def between(number: int) -> None:
        with contextlib.closing(sqlite3.connect(bench.paths.database)) as other:
            seen.append(other.execute("SELECT count(*) FROM meta WHERE key LIKE 'step%'").fetchone()[0])
        put(bench, f"step {number}")

    bench.writer.run_sliced(Steps(5, between), finish=lambda: put(bench, "finish"))

    assert seen == [0, 1, 2, 3, 4]
    assert bench.rows("SELECT value FROM meta WHERE key = 'finish'") == [("1",)]


def test_finish_shares_the_last_transaction(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor moves with the last rows, or neither does."""
    monkeypatch.setattr(writer_module, "SLICE_MS", 3_600_000.0)

    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        bench.writer.run_sliced(Steps(3, lambda number: put(bench, f"step {number}")), finish=fail)

    assert bench.rows("SELECT key FROM meta") == []


def test_a_step_that_fails_keeps_the_slices_before_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "SLICE_MS", 0.0)

    def between(number: int) -> None:
        put(bench, f"step {number}")
        if number == 2:
            raise LookupError

    with pytest.raises(LookupError):
        bench.writer.run_sliced(Steps(5, between), finish=lambda: None)

    assert bench.rows("SELECT key FROM meta ORDER BY key") == [("step 0",), ("step 1",)]


def test_a_failing_job_rolls_back_and_the_writer_lives_on(bench: Bench) -> None:
    def fail() -> None:
        put(bench, "lost")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bench.writer.call(fail)
    bench.writer.call(lambda: put(bench, "kept"))

    assert bench.rows("SELECT key FROM meta") == [("kept",)]


def test_calls_inside_a_job_share_its_transaction(bench: Bench) -> None:
    def outer() -> None:
        bench.writer.call(lambda: put(bench, "inner"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bench.writer.call(outer)

    assert bench.rows("SELECT key FROM meta") == []


def test_a_job_that_only_looks_begins_no_transaction(bench: Bench) -> None:
    def inside() -> bool:
        return bool(bench.database.connection().in_transaction)

    assert bench.writer.call(inside, write=False) is False
    assert bench.writer.call(inside) is True


def test_a_job_after_the_end_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "data")
    bench.close()

    with pytest.raises(WorkerStopped):
        bench.writer.call(lambda: None)


def test_the_end_folds_the_journal_into_the_file(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "data")
    bench.writer.call(lambda: put(bench, "kept"))
    bench.close()

    assert sorted(path.name for path in bench.paths.root.iterdir()) == ["matou.db"]
    with contextlib.closing(sqlite3.connect(bench.paths.database)) as reader:
        assert reader.execute("SELECT key FROM meta").fetchall() == [("kept",)]


def test_a_full_disk_is_told_and_the_writer_lives_on(bench: Bench) -> None:
    pages = int(str(bench.rows("PRAGMA page_count")[0][0]))
    bench.rows(f"PRAGMA max_page_count = {pages + 1}")

    with pytest.raises(Trouble) as caught:
        bench.writer.call(lambda: bench.catalogue.set_meta("large", "x" * 100_000))
    assert caught.value.code == "disk_full"
    assert bench.rows("SELECT key FROM meta") == []

    bench.rows("PRAGMA max_page_count = 1000000")
    bench.writer.call(lambda: bench.catalogue.set_meta("large", "x" * 100_000))
    assert bench.rows("SELECT key FROM meta") == [("large",)]


def test_a_second_connection_that_writes_makes_the_file_busy(bench: Bench) -> None:
    bench.rows("PRAGMA busy_timeout = 50")
    with contextlib.closing(sqlite3.connect(bench.paths.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Trouble) as caught:
            bench.writer.call(lambda: put(bench, "waits"))
        assert caught.value.code == "database_busy"
        other.execute("ROLLBACK")
    bench.writer.call(lambda: put(bench, "written"))

    assert bench.rows("SELECT key FROM meta") == [("written",)]


def test_two_programs_do_not_share_a_folder(tmp_path: Path) -> None:
    call = Call("first program", tmp_path, None, Environment())
    with Program(call):
        with pytest.raises(Trouble) as caught:
            Program(Call("second program", tmp_path, None, Environment()))
        assert caught.value.code == "data_folder_in_use"
        assert caught.value.values["purpose"] == "first program"
    with Program(call) as again:
        assert again.paths.database.exists()


def test_the_journal_is_folded_in_while_the_program_runs(bench: Bench) -> None:
    folded = threading.Event()
    checkpoint = bench.writer._checkpoint

    def watched() -> None:
        checkpoint()
        folded.set()

    bench.writer._checkpoint = watched  # type: ignore[method-assign]
    rows = [(f"row {number}", "x" * 50) for number in range(writer_module.CHECKPOINT_ROWS + 1)]

    def fill() -> None:
        bench.database.connection().executemany("INSERT INTO meta VALUES (?, ?)", rows)

    bench.writer.call(fill, priority=IMPORT)
    assert folded.wait(LIMIT_S)

    with contextlib.closing(sqlite3.connect(bench.paths.database)) as reader:
        _, in_journal, moved = reader.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert in_journal == moved > 0
    assert bench.paths.database.stat().st_size > len(rows) * 50


def test_the_journal_waits_for_a_quiet_moment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, folded = threading.Event(), threading.Event()
    quiet = threading.Event()
    fold = writer_module._fold

    def busy() -> bool:
        asked.set()
        return not quiet.is_set()

    def watched(connection: sqlite3.Connection) -> None:
        fold(connection)
        folded.set()

    monkeypatch.setattr(bench.writer, "_busy", busy)
    monkeypatch.setattr(writer_module, "_fold", watched)
    monkeypatch.setattr(writer_module, "CHECKPOINT_ROWS", 10)

    write_rows(bench, 20, "a scan ")
    assert asked.wait(LIMIT_S)
    assert not folded.is_set()

    quiet.set()
    assert folded.wait(LIMIT_S)


def test_one_folding_waits_however_long_a_burst_is(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that waits keeps memory, and would fold what the first has folded."""
    waits, quiet = threading.Event(), threading.Event()
    folded = []

    def busy() -> bool:
        waits.set()
        return not quiet.is_set()

    monkeypatch.setattr(bench.writer, "_busy", busy)
    monkeypatch.setattr(writer_module, "_fold", lambda _: folded.append(True))
    monkeypatch.setattr(writer_module, "CHECKPOINT_ROWS", 10)
    write_rows(bench, 20, "the first ")
    assert waits.wait(LIMIT_S)

    for burst in range(20):
        write_rows(bench, 20, f"burst {burst} row ")
    assert len(bench.writer._checkpointer._inbox) < 2, "a sweep may be on the thread, and one folding behind it"
    quiet.set()
    bench.writer._checkpointer.call(lambda: None)
    afterwards = len(folded)
    assert afterwards in (1, 2), "not one for each burst; a sweep that was waiting, too, may have asked for a second"
    write_rows(bench, 20, "afterwards ")
    bench.writer._checkpointer.call(lambda: None)
    assert len(folded) > afterwards


def test_the_journal_of_a_burst_is_begun_anew_at_its_limit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.writer, "_busy", lambda: True)
    monkeypatch.setattr(writer_module, "CHECKPOINT_ROWS", 50)
    monkeypatch.setattr(writer_module, "JOURNAL_BYTES", 200_000)
    bench.writer.call(lambda: bench.database.execute_sql("PRAGMA journal_size_limit = 10000"), write=False)

    sizes = []
    for burst in range(60):
        write_rows(bench, 50, f"burst {burst} row ")
        sizes.append(Path(f"{bench.paths.database}-wal").stat().st_size)

    pages_written = 60 * 50 * 2
    assert max(sizes) < pages_written * 4096 / 4
    assert any(after < before for before, after in itertools.pairwise(sizes))


def test_a_sweep_that_waits_for_quiet_lets_the_journal_be_folded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are the checkpointer's work: what waits there must not let the journal of a long burst grow for ever."""
    waits, folded, quiet, swept = threading.Event(), threading.Event(), threading.Event(), threading.Event()
    fold = writer_module._fold

    def busy() -> bool:
        waits.set()
        return not quiet.is_set()

    def watched(connection: sqlite3.Connection) -> None:
        fold(connection)
        folded.set()

    def steps() -> Iterator[None]:
        yield
        swept.set()

    monkeypatch.setattr(bench.writer, "_busy", busy)
    monkeypatch.setattr(writer_module, "_fold", watched)
    monkeypatch.setattr(writer_module, "JOURNAL_BYTES", 100_000)
    bench.writer.sweep(steps)
    assert waits.wait(LIMIT_S)
    assert not folded.is_set()

    write_rows(bench, 100, "a scan ")
    assert folded.wait(LIMIT_S)
    assert not swept.is_set(), "the sweep goes on waiting"
    quiet.set()
    assert swept.wait(LIMIT_S)


def test_a_close_in_the_middle_of_a_burst_folds_the_journal(tmp_path: Path) -> None:
    with Program(Call("burst", tmp_path, None, Environment())) as program:
        program.writer._busy = lambda: True  # type: ignore[method-assign]
        rows = [(f"row {number}", "x") for number in range(writer_module.CHECKPOINT_ROWS + 1)]

        def fill() -> None:
            program.writer.database.connection().executemany("INSERT INTO meta VALUES (?, ?)", rows)

        program.writer.call(fill)

    assert not Path(f"{program.paths.database}-wal").exists()


def write_rows(bench: Bench, count: int, name: str) -> None:
    """One commit after the other, as scans come."""
    for number in range(count):
        bench.writer.call(partial(bench.catalogue.set_meta, f"{name}{number}", "x" * 200))


def test_scans_come_for_a_moment_after_a_write_as_urgent_as_a_scan(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [1_000.0]
    monkeypatch.setattr("app.store.writer.time.perf_counter", lambda: moment[0])
    bench.writer.call(partial(put, bench, "a"), priority=SETTLE)
    bench.writer.call(lambda: None, priority=SCAN, write=False)
    assert not bench.writer.scans_come()
    bench.writer.call(partial(put, bench, "b"), priority=SCAN)
    assert bench.writer.scans_come()
    moment[0] += writer_module.SOON_S
    assert not bench.writer.scans_come()
