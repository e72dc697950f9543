"""Ours, for the figures `queue_memory`, `poison` and `drain_scans`: long queues on the program's own file.

Called by run_sync.py as a program of its own, each step anew so that the memory of one is not that of another; prints
one JSON line. The queue of `fill` is written without scans: items of a receipt that is not here, which the small
hospital of run_sync.py takes without a look. In `scans` the queue and the scans are real.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ours_scans import scans_during
from ours_wire import CLERK, codes_of, opened

from app.base.options import Environment
from app.store.writer import SCAN
from app.wiring import Call, Program
from sync.outbox import NewItem, Outbox

LIMIT_S = 900.0
ROWS_AT_ONCE = 5_000
SECONDS_ALONE = 5
A_SECOND = 200


def main() -> int:
    """One measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("fill", "drain", "scans"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--server", required=True)
    parser.add_argument("--delivery", default="")
    parser.add_argument("--codes", type=int, default=0)
    args = parser.parse_args()
    sys.stdout.write(json.dumps({"fill": fill, "drain": drain, "scans": scans}[args.what](args)) + "\n")
    return 0


def fill(args: argparse.Namespace) -> dict[str, object]:
    """A queue of so many items, each like a scan of a box."""
    with opened(args) as program:
        site = program.writer.call(program.catalogue.site, priority=SCAN, write=False)
        assert site is not None
        for first in range(0, args.codes, ROWS_AT_ONCE):
            items = [item(n) for n in range(first, min(first + ROWS_AT_ONCE, args.codes))]
            program.writer.call(partial(queue, program, items, site.realm), priority=SCAN)
    return {"items": args.codes}


def drain(args: argparse.Namespace) -> dict[str, object]:
    """The memory of the program with the queue on board and, at its highest, when all of it has been sent."""
    with Program(Call("bench", args.folder / "data", args.server, Environment())) as program:
        database = program.writer.database
        program.writer.call(Outbox(database).counts, priority=SCAN, write=False)
        queued_mb = megabytes("VmRSS")
        summary = program.engine().run_until_empty(limit_s=LIMIT_S, until_empty=True)
        found = {"queued_mb": queued_mb, "drained_mb": megabytes("VmRSS"), "peak_mb": megabytes("VmHWM")}
        if summary.trouble is not None or summary.accepted + summary.refused != args.codes:
            raise RuntimeError(f"{summary}")
    with contextlib.closing(sqlite3.connect(args.folder / "data" / "matou.db")) as file:
        batches = file.execute("SELECT items, outcome FROM sync_batch WHERE endpoint = 'items' ORDER BY number")
        told = [[items, outcome] for items, outcome in batches]
    return {**found, "accepted": summary.accepted, "refused": summary.refused, "batches": told}


def scans(args: argparse.Namespace) -> dict[str, object]:
    """Waits of scans, 200 a second, with nothing to send; then of as many more while a long queue drains."""
    with opened(args) as program:
        desk = program.receiving(args.delivery, CLERK, holds=False)
        codes = codes_of(args)
        few = SECONDS_ALONE * A_SECOND
        beside, queued = codes[: 10 * few], codes[10 * few :]
        alone = scans_during(program, desk, beside[:few], lambda: resting(SECONDS_ALONE))
        program.writer.call(lambda: [desk.scan(code.encode()) for code in queued], priority=SCAN)
        engine = program.engine()
        resting(1)
        draining = scans_during(
            program, desk, beside[few:], lambda: checked(engine.run_until_empty(limit_s=LIMIT_S, until_empty=False))
        )
    return {
        "alone": alone["wait"], "draining": draining["wait"], "drain_s": draining["import_s"],
        "lost": int(str(alone["lost"])) + int(str(draining["lost"])),
    }  # fmt: skip


def queue(program: Program, items: Sequence[NewItem], realm: str) -> None:
    """Inside one transaction."""
    for one in items:
        program.outbox.add(one, realm)


def item(number: int) -> NewItem:
    """One that is as long as that of a scan."""
    item_id = f"01a201d7-0000-7000-8000-{number:012d}"
    code = f"8999011{number:013d}"
    body = {
        "id": item_id, "device": "device-01a201d7", "receipt": "BENCH-04-R1", "seq": number + 1, "kind": "scan",
        "at_ms": 1_795_327_200_000 + number, "operator": "1001", "payload": code, "code": code, "level": 1, "line": 1,
        "count": 1, "digest": "",
    }  # fmt: skip
    text = json.dumps(body, separators=(",", ":")).encode()
    return NewItem(item_id, "BENCH-04-R1", number + 1, "scan", text, 1_795_327_200_000 + number)


def megabytes(what: str) -> float:
    """A line of /proc/self/status: VmRSS is the memory of now, VmHWM the highest so far."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.partition(f"{what}:")[2].split()[0]) / 1024


def resting(seconds: float) -> None:
    """Nothing happens for so long."""
    threading.Event().wait(seconds)


def checked(summary: object) -> None:
    """Raises RuntimeError for a drain that met trouble."""
    if getattr(summary, "trouble", None) is not None:
        raise RuntimeError(f"{summary}")


if __name__ == "__main__":
    sys.exit(main())
