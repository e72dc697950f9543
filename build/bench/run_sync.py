"""The figures of long queues: memory, a poison record among many, the wait of a scan while draining. One thread.

The hospital of the first two lives in this process and takes everything but the poison, so that only ours is measured.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from measuring import Measure, Values, both, folder, late, middle, of, run

from tests.fixtures.sandbox import SandboxProcess
from tests.sync.sync_middleware import Middleware

QUEUES = (1_000, 10_000, 100_000, 600_000)
FLAT, CACHE_KB = 1.1, 1_000
POISONED, POISON_AT = 100_000, (0, 250, 33_333, 99_999)
DRAINED, SCANS = 50_000, 10_000


class TakesAll(Middleware):
    """Accepts each item and remembers none."""

    def take(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One answer per item."""
        return [{"id": item["id"], "result": "accepted"} for item in items]


def queue_memory(runs: int) -> list[Measure]:
    """The program's memory while a queue of so many items drains; here the bare run is our own shortest queue.

    A short queue fills neither SQLite's page cache nor the index of its journal.
    """
    runs = min(runs, 3)
    with hospital() as world:
        found = {size: [drained(world, size) for _ in range(runs)] for size in QUEUES}
    measures = []
    for size in QUEUES:
        told, few = found[size], found[QUEUES[0]]
        bound = FLAT if size != QUEUES[0] else None
        measures.append(both(f"{size:,} queued", told, few, "queued_mb", middle, bound, unit="MB"))
        measures.append(both(f"{size:,} drained, at the highest", told, few, "peak_mb", middle, bound, unit="MB"))
    return measures


def poison(runs: int) -> list[Measure]:
    """Batches for 100,000 items with one that spoils its batch, beside the same without.

    Of the poisoned drain those are taken away that were refused as a whole, and those sent while the batch in which it
    was found is halved; what is left is the others' own. It must not be more than without the poison.
    """
    with hospital() as world:
        without = [drained(world, POISONED) for _ in range(min(runs, 3))]
        found = [drained(world, POISONED, at) for at in POISON_AT[: max(runs, 1)]]
    plain = of(without, "count", max)
    later = [of([one], "others", max)[0] - max(plain) for one in found]
    return [
        Measure("batches without poison", "", plain),
        Measure("batches with it, all", "", of(found, "count", max)),
        Measure("of them refused or halves", "", of(found, "halves", max)),
        Measure("others' batches more than without", "", tuple(max(0.0, more) for more in later), target=0),
        Measure("others that did not arrive", "", tuple(POISONED - 1 - one["accepted"][0] for one in found), target=0),
    ]


def drain_scans(runs: int) -> list[Measure]:
    """The wait of scans at 200 a second while 50,000 items drain, beside the same scans with nothing to send."""
    found = []
    for _ in range(runs):
        with folder() as place, SandboxProcess() as sandbox:
            sandbox.seed({"generate": {"boxes": DRAINED + SCANS, "delivery": "BENCH-05"}})
            words = ("--server", sandbox.url, "--delivery", "BENCH-05", "--codes", str(DRAINED + SCANS))
            found.append(run("ours_queue.py", "scans", place, *words))
    return [
        Measure("scans lost", "", of(found, "lost", max), target=0),
        both("wait of a scan p50", found, found, "draining", middle, against="alone"),
        both("wait of a scan p99", found, found, "draining", late, against="alone"),
        Measure("the drain meanwhile", "s", of(found, "drain_s", max)),
        Measure("scans meanwhile", "", of(found, "draining", len)),
    ]


@contextlib.contextmanager
def hospital() -> Iterator[Middleware]:
    """A hospital that takes all."""
    world = TakesAll()
    try:
        yield world
    finally:
        world.close()


def drained(world: Middleware, size: int, poison_at: int | None = None) -> Values:
    """Fill and drain in two processes; the batches are counted."""
    world.poison = set() if poison_at is None else {f"01a201d7-0000-7000-8000-{poison_at:012d}"}
    with folder() as place:
        words = (place, "--server", world.url, "--codes", str(size))
        run("ours_queue.py", "fill", *words)
        told: dict[str, Any] = {**run("ours_queue.py", "drain", *words)}
    batches: list[list[Any]] = told.pop("batches")
    halves = searching(batches)
    counts = {"count": [float(len(batches))], "halves": [float(halves)], "others": [float(len(batches) - halves)]}
    return {**told, **counts}


def searching(batches: list[list[Any]]) -> int:
    """How many batches were refused as a whole, or lie between the first refusal and the poison's first lone one."""
    refused = [place for place, (_, outcome) in enumerate(batches) if outcome != "answered"]
    if not refused:
        return 0
    alone = next(place for place in refused if batches[place][0] == 1)
    return alone - refused[0] + 1 + sum(place > alone for place in refused)


FIGURES: Mapping[str, Callable[[int], list[Measure]]] = {
    "queue_memory": queue_memory,
    "poison": poison,
    "drain_scans": drain_scans,
}
