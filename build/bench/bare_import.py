"""Bare, for `import`: one thread of sqlite3 alone, slices of 2 ms, scans of a second thread between them."""

import json, queue, sqlite3, sys, threading, time  # noqa: E401, I001 - under forty lines
from pathlib import Path

dump = json.loads(((folder := Path(sys.argv[1])) / "scans.json").read_text())
file = sqlite3.connect(folder / "bare.db", isolation_level=None)
sqlite3.connect(folder / "start.db").backup(file)
for pragma in (
    "journal_mode = wal",
    "synchronous = full",
    "wal_autocheckpoint = 0",
    "journal_size_limit = 16000000",
    "cache_size = -2048",
):
    file.execute(f"PRAGMA {pragma}")
inbox, over, waits = queue.SimpleQueue[tuple[list[list[str]], threading.Event]](), threading.Event(), list[float]()


def scan() -> None:
    begin = time.perf_counter()
    for number, statements in enumerate(dump["scans"]):
        if over.wait(max(0.0, begin + number / 200 - time.perf_counter())):
            return
        inbox.put((statements, done := threading.Event()))
        done.wait()
        waits.append((time.perf_counter() - begin - number / 200) * 1000)


parts = (dump["packages"][at : at + 50] for at in range(0, len(dump["packages"]), 50))
scanner, began, left = threading.Thread(target=scan, daemon=True), time.perf_counter(), True
scanner.start()
while left or not inbox.empty():
    file.execute("BEGIN IMMEDIATE")
    statements, done = inbox.get() if not inbox.empty() else ([], threading.Event())
    for statement, values in statements:
        file.execute(statement, values)
    end = time.perf_counter() + (0 if statements else 0.002)
    while left and not statements and inbox.empty() and time.perf_counter() < end:
        left = bool(part := next(parts, None))
        file.executemany("INSERT OR REPLACE INTO packages VALUES (?, ?, ?, ?, ?, ?, ?)", part or ())
    file.execute("COMMIT")
    done.set()
over.set()
print(json.dumps({"wait": waits, "import_s": [time.perf_counter() - began]}))
