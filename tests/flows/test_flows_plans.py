"""A scan costs the same whatever the receipt holds: none of its statements reads a table or a whole receipt."""

from __future__ import annotations

import re
from pathlib import Path

from app.store.receipts import LEFT_TO_OTHERS
from app.store.writer import SCAN
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages

BOXES = [code("8999011", number) for number in range(20)]
CARTON, OTHER = code("8999013", 1), code("8999011", 900)
_WHOLE = re.compile(
    r"SCAN (entries|holds|outcomes|packages|known_codes|e|h|k|u|o)\b|(entries|e) USING PRIMARY KEY \(receipt=\?\)"
)


def test_no_statement_of_a_scan_reads_more_than_it_needs(tmp_path: Path) -> None:
    dock = Dock(tmp_path)
    dock.feed(operator(), drug("D1", {"8999011": 1, "8999013": 2}))
    dock.feed(packages({CARTON: {box: {} for box in BOXES[:10]}, **{box: {} for box in BOXES[10:]}}))
    dock.feed(delivery(line(1, "D1", 20)))
    desk = dock.desk()
    writer, said = dock.program.writer, []
    connection = writer.database.connection

    def trace(handler: object) -> None:
        writer.call(lambda: connection().set_trace_callback(handler), priority=SCAN, write=False)

    trace(said.append)
    for shot in (BOXES[10], BOXES[10], CARTON, BOXES[3], OTHER):
        desk.scan(shot.encode())
    desk.command(f"undo {BOXES[10]}")
    desk.scan(BOXES[10].encode())
    trace(None)

    asked = {text for text in said if text.lstrip().startswith(("SELECT", "WITH")) and "DISTINCT" not in text}

    def plan_of(text: str) -> list[str]:
        return [str(row[3]) for row in connection().execute(f"EXPLAIN QUERY PLAN {text}").fetchall()]

    plans = writer.call(lambda: {text: plan_of(text) for text in asked}, priority=SCAN, write=False)
    assert len(plans) > 10
    undo = {text for text in plans if "ORDER BY seq DESC LIMIT 1" in text and "entries" in text}  # reads from its end
    wide = {text: plan for text, plan in plans.items() if text not in undo and any(_WHOLE.search(row) for row in plan)}
    assert wide == {}


def test_what_a_refused_scan_leaves_to_others_is_found_by_its_code(tmp_path: Path) -> None:
    """Only a package with something in it is looked for in its whole receipt: nothing is found by its carton."""
    dock = Dock(tmp_path)
    plan = [str(row[3]) for row in dock.rows(f"EXPLAIN QUERY PLAN {LEFT_TO_OTHERS}", "R", 1)]
    dock.program.close()
    assert [row for row in plan if " k " in row] == [
        "SEARCH k USING PRIMARY KEY (code=?)", "SEARCH k USING INDEX known_codes_by_receipt (receipt=?)",
    ]  # fmt: skip
    assert [row for row in plan if " p " in row] == ["SEARCH p USING COVERING INDEX packages_by_parent (parent=?)"]
    assert not any(row.startswith("SCAN") for row in plan)
