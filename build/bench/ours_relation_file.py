"""Ours, for `relation_file`: a relation file of so many boxes, looked into by the real flow; memory and time.

`ours_relation_file.py FOLDER BOXES [--keep]` prints one JSON line; the file is made first and is not timed. `--keep`
takes it in as well, into a table beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.flows.relation_bench import Row, Taker, batch, box, carton, document

A_CARTON = 1_000
SPACE, FACTOR = 10**13, 7_368_787_031_337  # coprime: numbers become serials that look random and never meet


def main() -> int:
    """One measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("boxes", type=int)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    path = args.folder / "relation.xml"
    if not path.exists():
        make(path, args.boxes)
    with Taker(args.folder / f"data-{os.getpid()}") as taker:
        before_mb, begin = peak_mb(), time.perf_counter()
        report = (taker.files.take_in if args.keep else taker.files.inspect)(path)
        took_s = time.perf_counter() - begin
    answer = {
        "state": report.state, "codes": report.codes, "bytes": report.size_bytes, "took_s": [took_s],
        "before_mb": before_mb, "peak_mb": peak_mb(),
    }  # fmt: skip
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def make(path: Path, boxes: int) -> None:
    """Cartons of A_CARTON boxes; every second one after its boxes."""
    head, _, tail = document(batch([Row("HERE")])).partition('<Code curCode="HERE" flag="0"/>')
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        for row in rows(boxes):
            file.write(row.text() + "\n")
        file.write(tail)


def rows(boxes: int) -> Iterator[Row]:
    for number in range(boxes // A_CARTON):
        top = carton(number * FACTOR % SPACE)
        first = number * A_CARTON
        if number % 2 == 0:
            yield Row(top, 3, "")
        for each in range(first, first + A_CARTON):
            yield Row(box(each * FACTOR % SPACE), 1, top)
        if number % 2:
            yield Row(top, 3, "")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    sys.exit(main())
