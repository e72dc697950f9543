"""Bare, for `drain`: httpx posts the bodies that ours queued, sqlite3 alone marks each batch before and after."""

import json
import sqlite3
import sys
import time
from pathlib import Path

import httpx

PRAGMAS = "journal_mode=wal synchronous=full wal_autocheckpoint=0 journal_size_limit=16000000 cache_size=-2048"
QUEUED = "SELECT n, body FROM sync_outbox INDEXED BY sync_outbox_queue WHERE state = 'queued' ORDER BY n LIMIT ?"
IN_FLIGHT = "UPDATE sync_outbox SET state = 'in_flight', batch = ?, attempts = 1 WHERE n = ?"
SETTLED = "UPDATE sync_outbox SET state = ?, result = ?, settled_ms = 1 WHERE n = ?"


def main() -> None:
    """Arguments: the folder with start.db (everything queued), the hospital's address, items per batch."""
    file = sqlite3.connect(Path(sys.argv[1]) / "bare.db", isolation_level=None)
    sqlite3.connect(Path(sys.argv[1]) / "start.db").backup(file)
    for pragma in (*PRAGMAS.split(), "temp_store=memory"):
        file.execute(f"PRAGMA {pragma}")
    size, sent, began = int(sys.argv[3]), 0, time.perf_counter()
    with httpx.Client(headers={"Matou-Device": "bare", "Content-Type": "application/json"}, trust_env=False) as client:
        while rows := file.execute(QUEUED, (size,)).fetchall():
            file.execute("BEGIN IMMEDIATE")
            file.executemany(IN_FLIGHT, [(sent, n) for n, _ in rows])
            file.execute("COMMIT")
            body = b'{"items":[' + b",".join(body for _, body in rows) + b"]}"
            answers = client.post(f"{sys.argv[2]}/v1/items", content=body, timeout=60).json()["items"]
            file.execute("BEGIN IMMEDIATE")
            file.executemany(SETTLED, [(*[one["result"]] * 2, n) for one, (n, _) in zip(answers, rows, strict=True)])
            file.execute("COMMIT")
            sent += len(rows)
    seconds = time.perf_counter() - began
    print(json.dumps({"codes_per_s": [sent / seconds], "code_us": [1e6 * seconds / sent]}))


main()
