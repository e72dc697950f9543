"""Ours, for the figures `commit`, `import` and `million`: the program's own parts on a real file, without a window.

Called by run.py as a program of its own; prints one JSON line with durations in milliseconds. Scans come from a thread
of their own in `import`, from the main thread otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from unittest import mock

import peewee

from app.base.options import Environment
from app.domain.codes import read
from app.domain.rights import Operator
from app.flows.outcomes import ScanOutcome
from app.flows.receiving import Receiving
from app.store.database import immediate
from app.store.replica import Replica
from app.store.writer import SCAN
from app.wiring import Call, Program
from sync.changes import (
    Addresses,
    Change,
    DeliveryChange,
    DeliveryLine,
    DrugChange,
    Limits,
    PackageRow,
    PackagesChange,
    Site,
)
from tests.fixtures.sandbox import SandboxProcess

CLERK = Operator("1001", "bench", "clerk", frozenset({"receive"}))
SCANNED, IMPORTED, SANDBOX_SCANNED = "BENCH-01", "BENCH-02", "DEMO-20261122-20"
BOXES, WARM_UP = 2_000, 50
PREFIXES = {1: "8999011", 2: "8999012", 3: "8999013"}
SPACE, FACTOR = 10**13, 7_368_787_031_337  # coprime: numbers become serials that look random and never meet
ITEMS = "SELECT id, realm, receipt, seq, kind, negates, urgent, created_ms, body FROM sync_outbox ORDER BY n"
INSERT_ITEM = (
    "INSERT INTO sync_outbox (id, realm, receipt, seq, kind, negates, urgent, created_ms, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_ENTRY = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_HOLD = "INSERT OR IGNORE INTO holds VALUES (?, ?, ?, ?, ?)"
SITE = Site(
    "bench", "bench", True, "+08:00", 180, 0, Addresses("http://127.0.0.1"), Limits(500, 1_048_576), ("items",)
)  # fmt: skip


def main() -> int:
    """One measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("commit", "long", "import", "import-synced", "build-million", "million"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scans", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    sys.stdout.write(json.dumps(WHAT[args.what](args)) + "\n")
    return 0


def commit(args: argparse.Namespace) -> dict[str, object]:
    """Single boxes one after the other: each whole answer, and the transaction in it."""
    with opened(args.folder) as program:
        fill(program, SCANNED, BOXES)
        desk = program.receiving(SCANNED, CLERK, holds=False)
        snapshot(args.folder / "data" / "matou.db", args.folder / "start.db")
        with timed_transactions() as transactions:
            answers = [timed_scan(desk, one) for one in boxes(SCANNED, args.scans)]
    dump(args.folder)
    return {"answer": answers[WARM_UP:], "transaction": transactions[WARM_UP:]}


def import_local(args: argparse.Namespace) -> dict[str, object]:
    """Scans at a steady pace while a manifest of many rows is taken in through the replica."""
    with opened(args.folder) as program:
        replica = fill(program, SCANNED, BOXES)
        desk = program.receiving(SCANNED, CLERK, holds=False)
        snapshot(args.folder / "data" / "matou.db", args.folder / "start.db")
        changes = tuple(manifest(IMPORTED, args.rows))
        codes = boxes(SCANNED, BOXES)

        def take_in() -> None:
            program.writer.run_sliced(lambda: replica.apply(changes), finish=lambda: None)

        found = scans_during(program, desk, codes, take_in)
    dump(args.folder)
    return found


def import_synced(args: argparse.Namespace) -> dict[str, object]:
    """The same through the real engine, from a sandbox."""
    with SandboxProcess(size="large") as hospital, opened(args.folder, hospital.url) as program:
        program.engine().run_until_empty(limit_s=60, until_empty=False)
        desk = program.receiving(SANDBOX_SCANNED, CLERK, holds=False)
        packages = hospital.deliveries()[SANDBOX_SCANNED]["packages"]
        hospital.seed({"generate": {"boxes": args.rows, "delivery": IMPORTED}})
        engine = program.engine()
        codes = [str(row["code"]) for row in packages if row["level"] == 1]
        return scans_during(
            program, desk, codes, lambda: print_trouble(engine.run_until_empty(limit_s=120, until_empty=False).trouble)
        )


def build_million(args: argparse.Namespace) -> dict[str, object]:
    """A folder with a delivery to scan and `rows` other packages and known codes, written straight into the tables."""
    began = time.perf_counter()
    with opened(args.folder) as program:
        fill(program, SCANNED, 20_000)
        program.receiving(SCANNED, CLERK, holds=False)
        fill(program, IMPORTED, 1)
    with contextlib.closing(sqlite3.connect(args.folder / "data" / "matou.db")) as file:
        file.execute("PRAGMA cache_size = -262144")
        source = file.execute("SELECT id FROM sources WHERE name = ?", (IMPORTED,)).fetchone()[0]
        told = rows(IMPORTED, args.rows)
        packages = sorted((row.code, source, row.level, row.parent, None, row.line, None) for row in told)
        file.executemany("INSERT OR IGNORE INTO packages VALUES (?, ?, ?, ?, ?, ?, ?)", packages)
        known = sorted(code(1, "earlier", number) for number in range(args.rows))
        file.executemany(
            "INSERT INTO known_codes (code, receipt, delivery, line, state, device, at_ms, packs, estimated) "
            "VALUES (?, 'BENCH-00-R1', 'BENCH-00', 1, 'in', 'pda-2', 0, 1, 0)",
            ((one,) for one in known),
        )
        file.commit()
    return {"build_s": [time.perf_counter() - began]}


def million(args: argparse.Namespace) -> dict[str, object]:
    """Whole answers and their reading part, in a folder that was built before."""
    with opened(args.folder) as program:
        desk = program.receiving(SCANNED, CLERK, holds=False)
        facts = program._parts.facts  # noqa: SLF001 - the reading part alone
        codes = boxes(SCANNED, args.first + args.scans)[args.first :]

        def read_all() -> list[float]:
            return [timed(partial(facts.of, read(one), desk.key)) for one in codes]

        reading = program.writer.call(read_all, priority=SCAN, write=False)
        answers = [timed_scan(desk, one) for one in codes]
    return {"answer": answers[WARM_UP:], "reading": reading[WARM_UP:]}


def long(args: argparse.Namespace) -> dict[str, object]:
    """A receipt of many boxes in one transaction, without a commit of each: its first answers and its last ones."""
    with opened(args.folder) as program:
        fill(program, SCANNED, args.scans)
        desk = program.receiving(SCANNED, CLERK, holds=False)
        codes = boxes(SCANNED, args.scans)
        answers = program.writer.call(lambda: [timed_scan(desk, one) for one in codes], priority=SCAN)
    return {"first": answers[WARM_UP : WARM_UP + 500], "last": answers[-500:]}


def scans_during(
    program: Program, desk: Receiving, codes: Sequence[str], work: Callable[[], None]
) -> dict[str, object]:
    """Scan 200 a second until the work is done; lateness counts as waiting. Nothing may be lost or left out."""
    waits: list[float] = []
    outcomes: list[ScanOutcome] = []
    over = threading.Event()

    def scan() -> None:
        begin = time.perf_counter()
        for number, one in enumerate(codes):
            due = begin + number / 200
            if over.wait(max(0.0, due - time.perf_counter())):
                return
            outcomes.append(desk.scan(one.encode()))
            waits.append((time.perf_counter() - due) * 1000)

    _, entries_before, items_before = kept(program)
    scanner = threading.Thread(target=scan, name="scanner")
    began = time.perf_counter()
    scanner.start()
    work()
    seconds = time.perf_counter() - began
    over.set()
    scanner.join()
    imported, entries, items = kept(program)
    lost = len(waits) - sum(outcome.counted for outcome in outcomes)
    lost += len(waits) - min(entries - entries_before, items - items_before)
    return {"wait": waits, "import_s": [seconds], "rows": imported, "scans": len(waits), "lost": lost}


def kept(program: Program) -> tuple[int, int, int]:
    """Packages of the manifest that is taken in, counted entries, items of the outbox."""
    found: tuple[int, int, int] = program.writer.call(
        lambda: program.writer.database.execute_sql(
            "SELECT (SELECT count(*) FROM packages p JOIN sources o ON o.id = p.source WHERE o.name = ?), "
            "(SELECT count(*) FROM entries WHERE counted = 1), (SELECT count(*) FROM sync_outbox)",
            (IMPORTED,),
        ).fetchone(),
        priority=SCAN,
        write=False,
    )
    return found


# ------------------------------------------------------------------------------------------------- the small world


@contextlib.contextmanager
def opened(folder: Path, server: str | None = None) -> Iterator[Program]:
    """The program on FOLDER/data."""
    with Program(Call("bench", folder / "data", server, Environment())) as program:
        yield program


def fill(program: Program, delivery: str, count: int) -> Replica:
    """The hospital, one drug, one delivery of so many boxes."""
    replica = program._replica  # noqa: SLF001 - what the exchange would hand its pages to
    program.writer.call(lambda: replica.site(SITE), priority=SCAN)
    drug = DrugChange("YP-1", "bench", "drug", {prefix: level for level, prefix in PREFIXES.items()})
    changes: tuple[Change, ...] = (drug, *manifest(delivery, count))
    program.writer.run_sliced(lambda: replica.apply(changes), finish=lambda: None)
    return replica


def manifest(delivery: str, count: int, *, running: bool = False) -> Iterator[Change]:
    """As the feed brings it: packages in pages, then the delivery that says the manifest is complete."""
    found = tuple(rows(delivery, count, running=running))
    for start in range(0, len(found), 1_000):
        yield PackagesChange(delivery, found[start : start + 1_000])
    line = DeliveryLine(1, "YP-1", "B1", "2099-12-31", count)
    yield DeliveryChange(delivery, "bench", "complete", "open", (line,))


def rows(delivery: str, count: int, *, running: bool = False) -> Iterator[PackageRow]:
    """Cartons of 200 and bundles of 20 boxes, parents first; `count` boxes. `running`: serials one after the other."""
    named = serial if running else code
    for number in range(count):
        carton, bundle = named(3, delivery, number // 200), named(2, delivery, number // 20)
        if number % 200 == 0:
            yield PackageRow(carton, 3, None, 1)
        if number % 20 == 0:
            yield PackageRow(bundle, 2, carton, 1)
        yield PackageRow(named(1, delivery, number), 1, bundle, 1)


def boxes(delivery: str, count: int) -> list[str]:
    """The codes of the first `count` boxes."""
    return [code(1, delivery, number) for number in range(count)]


def code(level: int, delivery: str, number: int) -> str:
    """Twenty digits; scattered, so that neighbours on a shelf are no neighbours in the file."""
    place = {SCANNED: 0, IMPORTED: 1, "earlier": 2}[delivery]
    return f"{PREFIXES[level]}{(number * 3 + place) * FACTOR % SPACE:013d}"


def serial(level: int, delivery: str, number: int) -> str:
    """Twenty digits; as a packing line numbers them, here and there one left out."""
    place = {SCANNED: 0, IMPORTED: 1, "earlier": 2}[delivery]
    return f"{PREFIXES[level]}{place}{number + number // 97:012d}"


def dump(folder: Path, *, running: bool = False) -> None:
    """What the scans wrote, and the packages taken in: statements and values that a bare run can repeat.

    JSON knows no bytes: where the file has some, a text of the same length stands for them.
    """
    with contextlib.closing(sqlite3.connect(folder / "data" / "matou.db")) as file:
        entries = file.execute("SELECT * FROM entries WHERE kind = 'scan' ORDER BY seq").fetchall()
        holds = file.execute("SELECT * FROM holds ORDER BY seq").fetchall()
        items = file.execute(ITEMS).fetchall()
        packages = file.execute(
            "SELECT p.* FROM packages p JOIN sources o ON o.id = p.source WHERE o.name = ?",
            (IMPORTED,),
        ).fetchall()
    order = {one.code: place for place, one in enumerate(rows(IMPORTED, len(packages), running=running))}
    packages.sort(key=lambda row: order[row[0]])
    scans = [
        [
            (INSERT_ENTRY, as_text(one)),
            ("UPDATE receipts SET next_seq = ? WHERE id = ?", (one[1] + 1, one[0])),
            (INSERT_HOLD, hold),
            ("UPDATE receipt_lines SET received = received + 1 WHERE receipt = ? AND line = ?", (one[0], 1)),
            (INSERT_ITEM, as_text(sent)),
        ]
        for one, hold, sent in zip(entries, holds, items, strict=True)
    ]
    (folder / "scans.json").write_text(json.dumps({"scans": scans, "packages": packages}), encoding="utf-8")


def as_text(row: Sequence[object]) -> list[object]:
    """The row with texts in the place of bytes."""
    return [value.hex()[-len(value) :] if isinstance(value, bytes) else value for value in row]


def snapshot(source: Path, target: Path) -> None:
    """The file as it is now, for the bare run to start from."""
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)


@contextlib.contextmanager
def timed_transactions() -> Iterator[list[float]]:
    """Milliseconds of every transaction of the writer inside the block, from before BEGIN to after COMMIT."""
    found: list[float] = []

    @contextlib.contextmanager
    def timed_immediate(database: peewee.SqliteDatabase) -> Iterator[None]:
        began = time.perf_counter()
        with immediate(database):
            yield
        found.append((time.perf_counter() - began) * 1000)

    with mock.patch("app.store.writer.immediate", timed_immediate):
        yield found


def timed(job: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    job()
    return (time.perf_counter() - began) * 1000


def timed_scan(desk: Receiving, one: str) -> float:
    """Milliseconds of one whole answer, which must be a counted one."""
    began = time.perf_counter()
    outcome = desk.scan(one.encode())
    took = (time.perf_counter() - began) * 1000
    if not outcome.counted:
        raise RuntimeError(f"{one}: {outcome.reason} {outcome.trouble}")
    return took


def print_trouble(trouble: str | None) -> None:
    """A measurement of an exchange that failed is none."""
    if trouble is not None:
        raise RuntimeError(trouble)


WHAT: dict[str, Callable[[argparse.Namespace], dict[str, object]]] = {
    "commit": commit,
    "long": long,
    "import": import_local,
    "import-synced": import_synced,
    "build-million": build_million,
    "million": million,
}

if __name__ == "__main__":
    sys.exit(main())
