"""Version 3, too: what contradicts a scan that was beeped here, and what people did about uploads.

A contradiction is told once for each scan and kind (`seq` 0: the whole receipt) and is never deleted; `answer` is what
a person made of it. `upload_acts` is a log: who did what to which item of the outbox (`n`) or which contradiction.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """CREATE TABLE contradictions (
        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, code TEXT, receipt TEXT NOT NULL,
        seq INTEGER NOT NULL, operator TEXT NOT NULL, made_ms INTEGER, other_item TEXT, other_receipt TEXT,
        other_device TEXT, other_operator TEXT, other_ms INTEGER, asked_ms INTEGER, answer TEXT, answered_ms INTEGER,
        answered_by TEXT, UNIQUE (receipt, seq, kind))""",
    "CREATE INDEX contradictions_open ON contradictions (operator) WHERE answer IS NULL",
    """CREATE TABLE upload_acts (
        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, operator TEXT NOT NULL, act TEXT NOT NULL, item INTEGER,
        contradiction INTEGER, note TEXT)""",
    "CREATE INDEX upload_acts_by_item ON upload_acts (item) WHERE item IS NOT NULL",
    "CREATE INDEX upload_acts_by_contradiction ON upload_acts (contradiction) WHERE contradiction IS NOT NULL",
)
