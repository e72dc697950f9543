"""Ours, for `receipt`: a delivery of ten thousand expected codes is opened as by a window, and closed when all are in.

Called by run.py as a program of its own; prints one JSON line, milliseconds. One thread beside the writer's.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from ours_packages import BOXES, scan, tell, tree
from ours_scans import SCANNED, fill, opened, snapshot, timed

from app.domain.rights import Operator
from app.flows.receiving import Receiving
from app.store.replica import Replica
from app.wiring import Program
from sync.changes import DeliveryChange, DeliveryLine

NUMBER = "RECEIPT-1"
CLERK = Operator("1001", "bench", "clerk", frozenset({"receive", "close"}))


def main() -> int:
    folder = Path(sys.argv[1])
    with opened(folder) as program:
        replica = fill(program, SCANNED, 1)
        top, source = told(program, replica)
        (folder / "receipt.json").write_text(json.dumps({"source": source}), encoding="utf-8")
        database = folder / "data" / "matou.db"
        snapshot(database, folder / "open-before.db")
        opening = timed(partial(seen, program))
        snapshot(database, folder / "open-after.db")
        desk = program.receiving(NUMBER, CLERK, holds=False)
        scan(desk, top)
        assert desk.summary().equation.received == BOXES
        snapshot(database, folder / "close-before.db")
        closing = timed(partial(closed, program, desk))
        snapshot(database, folder / "close-after.db")
    sys.stdout.write(json.dumps({"open": [opening], "close": [closing]}) + "\n")
    return 0


def told(program: Program, replica: Replica) -> tuple[str, int]:
    """The note, and a manifest that names every box; the pallet's code and the manifest's number in the file."""
    claims = list(tree(0))
    line = DeliveryLine(1, "YP-1", "B1", "2099-12-31", BOXES)
    note = (DeliveryChange(NUMBER, "bench", "late", "open", (line,)),)
    program.writer.run_sliced(partial(replica.apply, note), finish=lambda: None)
    return claims[0].code, tell(program, NUMBER, claims, delivery=NUMBER)


def seen(program: Program) -> None:
    """Opened, and drawn."""
    desk = program.receiving(NUMBER, CLERK, holds=False)
    assert program.receipt_views.of(desk.key.id).equation.expected == BOXES


def closed(program: Program, desk: Receiving) -> None:
    """Closed, and drawn."""
    assert desk.command("close").ok
    assert program.receipt_views.of(desk.key.id).closed


if __name__ == "__main__":
    sys.exit(main())
