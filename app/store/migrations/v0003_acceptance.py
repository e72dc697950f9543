"""Version 3, too: the journal of acceptance (收货 → 验收 → 入库). A row is never changed and never deleted.

What is in force follows from the rows alone (app.domain.acceptance): `negates` names the event that an undo takes back.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """CREATE TABLE acceptance_events (
        receipt TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, at_ms INTEGER NOT NULL,
        operator TEXT NOT NULL, body TEXT NOT NULL, negates INTEGER, PRIMARY KEY (receipt, seq)) WITHOUT ROWID""",
    """CREATE TRIGGER acceptance_events_are_not_changed BEFORE UPDATE ON acceptance_events
        BEGIN SELECT RAISE(ABORT, 'a journal is not changed'); END""",
    """CREATE TRIGGER acceptance_events_are_not_deleted BEFORE DELETE ON acceptance_events
        BEGIN SELECT RAISE(ABORT, 'a journal is not shortened'); END""",
)
