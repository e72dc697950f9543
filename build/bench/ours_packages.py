"""Ours, for `packages`: pallets, look-ups among millions of codes, bytes of a code, and a relay's manifest coming in.

Called by run_packages.py as a program of its own; prints one JSON line, durations in milliseconds. Scans come from a
thread of their own while a manifest comes in, from the main thread otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from ours_scans import CLERK, IMPORTED, SCANNED, boxes, code, dump, fill, opened, rows, scans_during, snapshot, timed
from ours_scans import manifest as pages

from app.domain.codes import read
from app.domain.packages import PackageClaim
from app.flows.lookups import Lookups
from app.flows.receiving import Receiving
from app.store.replica import Replica
from app.store.sources import PackageSources
from app.store.writer import SCAN
from app.wiring import Program, Reader
from sync.changes import Change, DeliveryChange, DeliveryLine, PackagesChange

PALLETS, BOXES = 3, 10_000
A_SOURCE = 50  # cartons: 10,550 codes in a manifest
WARM_UP = 20


def main() -> int:
    """One measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=sorted(WHAT))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--codes", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--running", action="store_true", help="serials run on within a level, as real ones do")
    parser.add_argument("--feed", action="store_true", help="the hospital tells it, not the relay")
    args = parser.parse_args()
    sys.stdout.write(json.dumps(WHAT[args.what](args)) + "\n")
    return 0


def pallet(args: argparse.Namespace) -> dict[str, object]:
    """The whole answer to a pallet of ten thousand boxes in three levels, and its undo."""
    with opened(args.folder) as program:
        replica = fill(program, SCANNED, 1)
        pallets = []
        for number in range(PALLETS):
            name, claims = f"PALLET-{number}", list(tree(number))
            line = DeliveryLine(1, "YP-1", "B1", "2099-12-31", BOXES)
            note = (DeliveryChange(name, "bench", "late", "open", (line,)),)
            program.writer.run_sliced(partial(replica.apply, note), finish=lambda: None)
            pallets.append((claims[0].code, tell(program, name, claims, delivery=name), f"{name}-R1"))
        desks = [program.receiving(f"PALLET-{number}", CLERK, holds=False) for number in range(PALLETS)]
        snapshot(args.folder / "data" / "matou.db", args.folder / "start.db")
        (args.folder / "pallets.json").write_text(json.dumps(pallets), encoding="utf-8")
        scans = [timed(partial(scan, desk, top)) for desk, (top, _, _) in zip(desks, pallets, strict=True)]
        undos = [timed(partial(undo, desk)) for desk in desks]
        left = [desk.summary().equation.received for desk in desks]
    if any(left):
        raise RuntimeError(f"{left} are still in")
    return {"scan": scans, "undo": undos}


def scan(desk: Receiving, top: str) -> None:
    """A measurement of another answer is none."""
    outcome = desk.scan(top.encode())
    if not outcome.counted or outcome.packs != BOXES:
        raise RuntimeError(f"{outcome.reason}, {outcome.packs} packs")


def undo(desk: Receiving) -> None:
    if not desk.command("undo").ok:
        raise RuntimeError("not undone")


def build(args: argparse.Namespace) -> dict[str, object]:
    """A folder with so many codes on board, written straight into the tables, in manifests of some ten thousand."""
    began = time.perf_counter()
    with opened(args.folder) as program:
        fill(program, SCANNED, 1_000)
        program.receiving(SCANNED, CLERK, holds=False)
        tell(program, "content", [claim(code(1, IMPORTED, 0))])
    with contextlib.closing(sqlite3.connect(args.folder / "data" / "matou.db")) as file:
        file.execute("PRAGMA cache_size = -262144")
        file.execute("ATTACH ? AS heap", (str(args.folder / "heap.db"),))
        file.execute("CREATE TABLE heap.told (code, source, level, parent, content)")
        content = file.execute("SELECT max(id) FROM contents").fetchone()[0]
        file.executemany("INSERT INTO heap.told VALUES (?, ?, ?, ?, ?)", heap(args.codes, content))
        file.execute(
            "INSERT INTO sources (id, kind, name, version, trust, state, rows, made_ms, at_ms) "
            "SELECT source, 'relay', 'M-' || source, 1, 40, 'complete', count(*), 1, 1 FROM heap.told GROUP BY source"
        )
        file.execute(
            "INSERT INTO source_counts SELECT source, content, count(*) FROM heap.told WHERE level = 1 GROUP BY source"
        )
        file.execute(
            "INSERT INTO packages SELECT code, source, level, parent, content, NULL, NULL FROM heap.told ORDER BY code"
        )
        file.commit()
        size = file.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    (args.folder / "heap.db").unlink()
    return {"build_s": time.perf_counter() - began, "megabytes": size / 1e6}


def heap(codes: int, content: int) -> Iterator[tuple[str, int, int, str | None, int | None]]:
    """Rows of packages that came long ago."""
    carton = 0
    for row in islice(rows("earlier", codes), codes):
        carton += row.level == 3
        yield row.code, 1_000 + carton // A_SOURCE, row.level, row.parent, content if row.level == 1 else None


def lookups(args: argparse.Namespace) -> dict[str, object]:
    """`show` through a Reader and the facts of a scan, of boxes and cartons drawn from all that is on board."""
    drawn = random.Random(args.first)
    told = [code(1, "earlier", drawn.randrange(args.codes * 20 // 22)) for _ in range(300 + WARM_UP)]
    cartons = [code(3, "earlier", drawn.randrange(args.codes // 220)) for _ in range(60 + WARM_UP)]
    data = args.folder / "data"
    with Reader(data) as reader:
        here = Lookups(reader.database, reader.catalogue, reader.packages, reader.outbox)
        show, show_carton = ([timed(partial(look_up, here, one)) for one in codes] for codes in (told, cartons))
    with opened(args.folder) as program:
        key = program.receiving(SCANNED, CLERK, holds=False).key
        reader_of = program._parts.facts  # noqa: SLF001 - the reading part alone

        def read_all() -> list[list[float]]:
            return [[timed(partial(reader_of.of, read(one), key)) for one in codes] for codes in (told, cartons)]

        facts, facts_carton = program.writer.call(read_all, priority=SCAN, write=False)
    found = {"show": show, "show_carton": show_carton, "facts": facts, "facts_carton": facts_carton}
    return {name: values[WARM_UP:] for name, values in found.items()}


def look_up(here: Lookups, one: str) -> None:
    """Looking for what is not there is quicker, and no look-up of these."""
    if not here.show(one).known:
        raise RuntimeError(f"{one} is not on board")


def size(args: argparse.Namespace) -> dict[str, object]:
    """Bytes in the file for each code of a manifest, and what the scan of a box adds: trail, hold, and outbox."""
    scans = 2_000
    with opened(args.folder) as program:
        fill(program, SCANNED, scans)
        desk = program.receiving(SCANNED, CLERK, holds=False)
        empty = used(program)
        tell(program, IMPORTED, manifest(args.codes))
        full = used(program)
        program.writer.call(lambda: [desk.scan(one.encode()) for one in boxes(SCANNED, scans)], priority=SCAN)
        scanned = used(program)
    return {"known": (full - empty) / args.codes, "received": (scanned - full) / scans}


def used(program: Program) -> int:
    """Bytes of pages that are in use."""

    def ask() -> int:
        pages, free, page = (
            program.writer.database.execute_sql(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)

    return program.writer.call(ask, priority=SCAN, write=False)


def coming_in(args: argparse.Namespace) -> dict[str, object]:
    """A manifest is taken in and shown; `--busy`: while 200 boxes a second are scanned."""
    claims = manifest(args.codes, running=args.running)
    changes = tuple(pages(IMPORTED, args.codes, running=args.running)) if args.feed else ()
    with opened(args.folder) as program:
        replica = fill(program, SCANNED, 2_000)
        desk = program.receiving(SCANNED, CLERK, holds=False)
        snapshot(args.folder / "data" / "matou.db", args.folder / "start.db")
        codes = boxes(SCANNED, 2_000) if args.busy else []
        work = partial(take_in, program, replica, changes) if args.feed else partial(bring, program, claims)
        found = scans_during(program, desk, codes, work)
    if found["rows"] != (told_in(changes) if args.feed else args.codes):
        raise RuntimeError(f"{found['rows']} rows came in")
    dump(args.folder, running=args.running)
    return found


def take_in(program: Program, replica: Replica, changes: Sequence[Change]) -> None:
    program.writer.run_sliced(lambda: replica.apply(changes), finish=lambda: None)


def told_in(changes: Sequence[Change]) -> int:
    """Rows of packages."""
    return sum(len(change.packages) for change in changes if isinstance(change, PackagesChange))


def bring(program: Program, claims: Sequence[PackageClaim]) -> None:
    tell(program, IMPORTED, claims)


def tell(program: Program, name: str, claims: Sequence[PackageClaim], *, delivery: str | None = None) -> int:
    """A whole manifest, as the relay's sink takes it."""
    sources: PackageSources = program.sources
    source = program.writer.call(lambda: sources.begin("relay", name, 1, at_ms=1, delivery=delivery))
    program.writer.run_sliced(
        lambda: sources.stage(source, claims, counting=True), finish=lambda: sources.complete(source)
    )
    return source


def manifest(count: int, *, running: bool = False) -> list[PackageClaim]:
    """So many rows, cartons of 200 in bundles of 20."""
    told = islice(rows(IMPORTED, count, running=running), count)
    return [claim(row.code, row.parent, row.level) for row in told]


def tree(number: int) -> Iterable[PackageClaim]:
    """A pallet: a hundred bundles of a hundred boxes."""
    first = 1_000_000 * (number + 1)
    top = code(3, "earlier", first)
    yield claim(top, None, 3)
    for bundle in range(100):
        inner = code(2, "earlier", first + bundle)
        yield claim(inner, top, 2)
        yield from (claim(code(1, "earlier", first + 100 * bundle + one), inner) for one in range(100))


def claim(text: str, parent: str | None = None, level: int = 1) -> PackageClaim:
    """A row of the one drug and batch."""
    batch, expiry = ("B1", "2099-12-31") if level == 1 else (None, None)
    return PackageClaim(text, level, parent, "YP-1", batch, expiry)


WHAT: dict[str, Callable[[argparse.Namespace], dict[str, object]]] = {
    "pallet": pallet,
    "build": build,
    "lookups": lookups,
    "size": size,
    "import": coming_in,
}

if __name__ == "__main__":
    sys.exit(main())
