"""Bare, for `commit`: sqlite3 alone writes what a run of ours wrote, one transaction per scan."""

import json
import sqlite3
import sys
import time
from pathlib import Path

PRAGMAS = (
    "journal_mode = wal",
    "synchronous = full",
    "wal_autocheckpoint = 0",
    "journal_size_limit = 16000000",
    "cache_size = -2048",
)


def main() -> None:
    """Argument: the folder with start.db (before the scans) and scans.json (statements and values of each scan)."""
    folder = Path(sys.argv[1])
    scans = json.loads((folder / "scans.json").read_text())["scans"]
    file = sqlite3.connect(folder / "bare.db", isolation_level=None)
    sqlite3.connect(folder / "start.db").backup(file)
    for pragma in PRAGMAS:
        file.execute(f"PRAGMA {pragma}")
    times = []
    for scan in scans:
        began = time.perf_counter()
        file.execute("BEGIN IMMEDIATE")
        for statement, values in scan:
            file.execute(statement, values)
        file.execute("COMMIT")
        times.append((time.perf_counter() - began) * 1000)
    print(json.dumps({"transaction": times[50:]}))


if __name__ == "__main__":
    main()
