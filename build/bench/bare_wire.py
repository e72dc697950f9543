"""Bare, for `ui_wire_to_paint`: sqlite3 alone commits at the pace of the scanner, so that the disk's own waits show."""

import json
import sqlite3
import sys
import threading
import time
from pathlib import Path

from bare_commit import PRAGMAS

ROWS_A_SCAN, ROW_BYTES = 6, 150


def main() -> None:
    """Arguments: a folder, how many commits, how many of them in a second."""
    place, commits, a_second = Path(sys.argv[1]) / "bare-wire.db", int(sys.argv[2]), int(sys.argv[3])
    place.unlink(missing_ok=True)
    file = sqlite3.connect(place, isolation_level=None)
    for pragma in PRAGMAS:
        file.execute(f"PRAGMA {pragma}")
    file.execute("CREATE TABLE rows (n INTEGER PRIMARY KEY, scan INTEGER, text TEXT)")
    times, pause, begin = [], threading.Event(), time.perf_counter()
    for number in range(commits):
        pause.wait(max(0.0, begin + number / a_second - time.perf_counter()))
        began = time.perf_counter()
        file.execute("BEGIN IMMEDIATE")
        for _ in range(ROWS_A_SCAN):
            file.execute("INSERT INTO rows (scan, text) VALUES (?, ?)", (number, "x" * ROW_BYTES))
        file.execute("COMMIT")
        times.append((time.perf_counter() - began) * 1000)
    file.close()
    print(json.dumps({"commit_ms": times}))


if __name__ == "__main__":
    main()
