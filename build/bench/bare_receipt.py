"""Bare, for `receipt`: sqlite3 alone reads the same codes and writes the same rows when a receipt opens and closes."""

import json
import sqlite3
import sys
import time
from pathlib import Path

EXPECTED = "SELECT code, level, parent, line, content FROM packages WHERE source = ?"
INSIDE = "SELECT pack, line, packs FROM holds WHERE receipt = ?"
PRAGMAS = ("journal_mode = wal", "synchronous = full", "wal_autocheckpoint = 0", "cache_size = -2048")


def copied(folder: Path, name: str, receipt: str, tables: tuple[str, ...]) -> list[float]:
    """Read what is expected (or in), and write the rows that ours wrote; milliseconds."""
    after = sqlite3.connect(folder / f"{name}-after.db")
    rows = {table: after.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608
    file = sqlite3.connect(folder / f"{name}-before.db", isolation_level=None)
    for pragma in PRAGMAS:
        file.execute(f"PRAGMA {pragma}")
    known = {table: set(file.execute(f"SELECT * FROM {table}")) for table in tables}  # noqa: S608
    fresh = {table: [row for row in rows[table] if row not in known[table]] for table in tables}
    source = json.loads((folder / "receipt.json").read_text())["source"]
    began = time.perf_counter()
    file.execute(*((EXPECTED, (source,)) if name == "open" else (INSIDE, (receipt,)))).fetchall()
    file.execute("BEGIN IMMEDIATE")
    for table, each in fresh.items():
        places = ", ".join("?" * len(rows[table][0]))
        file.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", each)  # noqa: S608
    file.execute("COMMIT")
    return [(time.perf_counter() - began) * 1000]


folder, receipt = Path(sys.argv[1]), sys.argv[2]
opening = copied(folder, "open", receipt, ("receipts", "receipt_lines"))
closing = copied(folder, "close", receipt, ("receipts", "entries", "sync_outbox"))
print(json.dumps({"open": opening, "close": closing}))
