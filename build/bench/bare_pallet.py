"""Bare, for `packages`: sqlite3 alone counts the pallets that a run of ours counted, and takes them back."""

import json
import sqlite3
import sys
import time
from pathlib import Path

UNDER = """
INSERT INTO holds (pack, receipt, seq, line, packs)
WITH RECURSIVE under(code, level) AS (
    SELECT code, level FROM packages WHERE parent = ?1 AND source = ?2
    UNION ALL SELECT p.code, p.level FROM under CROSS JOIN packages p ON p.parent = under.code AND p.source = ?2)
SELECT code, ?3, 1, 1, 1 FROM under WHERE level = 1"""
LESS = "SELECT line, sum(packs) FROM holds WHERE receipt = ? AND seq = 1 GROUP BY line"
DROP = "DELETE FROM holds WHERE receipt = ? AND seq = 1"
PRAGMAS = ("journal_mode = wal", "synchronous = full", "wal_autocheckpoint = 0", "cache_size = -2048")

folder = Path(sys.argv[1])
file = sqlite3.connect(folder / "bare.db", isolation_level=None)
sqlite3.connect(folder / "start.db").backup(file)
for pragma in PRAGMAS:
    file.execute(f"PRAGMA {pragma}")


def timed(*statements: str, values: tuple[object, ...]) -> float:
    began = time.perf_counter()
    file.execute("BEGIN IMMEDIATE")
    for statement in statements:
        file.execute(statement, values).fetchall()
    file.execute("COMMIT")
    return (time.perf_counter() - began) * 1000


pallets = json.loads((folder / "pallets.json").read_text())
scans = [timed(UNDER, values=tuple(pallet)) for pallet in pallets]
undos = [timed(LESS, DROP, values=(receipt,)) for _, _, receipt in pallets]
print(json.dumps({"scan": scans, "undo": undos}))
