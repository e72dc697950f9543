"""Bare, for `relation_file`: expat alone reads the file, sqlite3 alone writes its rows and an index."""

import json, sqlite3, sys, time  # noqa: E401, I001 - under forty lines
from pathlib import Path
from xml.parsers import expat

began, rows = time.perf_counter(), list[tuple[str, str, str | None]]()
file = sqlite3.connect("", isolation_level=None)
file.execute("PRAGMA journal_mode = off")
file.execute("CREATE TABLE rows (code TEXT, level INTEGER, parent TEXT)")
file.execute("BEGIN")


def begin(name: str, said: dict[str, str]) -> None:
    if name == "Code":
        rows.append((said["curCode"], said["packLayer"], said.get("parentCode")))
        if len(rows) >= 2_000:
            flush()


def flush() -> None:
    file.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
    rows.clear()


parser = expat.ParserCreate()
parser.StartElementHandler = begin
with (Path(sys.argv[1]) / "relation.xml").open("rb") as source:
    parser.ParseFile(source)
flush()
file.execute("COMMIT")
file.execute("CREATE INDEX by_code ON rows (code, level, parent)")
codes = file.execute("SELECT count(*) FROM rows").fetchone()[0]
print(json.dumps({"codes": codes, "took_s": [time.perf_counter() - began]}))
