"""Tables of the outbox as plain SQL, for the program's numbered migrations. Writer thread.

`sync_tally` is kept by triggers, so that counting a million rows costs nothing. The partial indexes hold only rows
that still have a way to go: the hot path and the drain stay as fast with a full archive as with an empty one.
"""

from __future__ import annotations

from collections.abc import Callable

from sync import upload_log
from sync.item_ids import packed
from sync.ports import Database

Step = str | Callable[[Database], None]
"""A statement, or what no statement can do."""

_ROWS_AT_ONCE = 1_000

_OUTBOX = """
CREATE TABLE sync_outbox (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    receipt TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    negates TEXT,
    waits_for TEXT,
    urgent INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'in_flight', 'accepted', 'refused', 'unsure', 'held')),
    batch INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER NOT NULL DEFAULT 0,
    alone INTEGER NOT NULL DEFAULT 0,
    incomplete INTEGER NOT NULL DEFAULT 0,
    reported INTEGER NOT NULL DEFAULT 0,
    settled_ms INTEGER,
    result TEXT,
    code TEXT,
    text TEXT,
    with_ids TEXT,
    body BLOB NOT NULL
)
"""

_TALLY_MOVES = """
CREATE TRIGGER sync_tally_moves AFTER UPDATE OF state ON sync_outbox WHEN OLD.state <> NEW.state
BEGIN
    UPDATE sync_tally SET rows = rows - 1 WHERE state = OLD.state;
    UPDATE sync_tally SET rows = rows + 1 WHERE state = NEW.state;
END
"""

_UNREPORTED = """
CREATE INDEX sync_outbox_unreported ON sync_outbox (state) WHERE reported = 0 AND state IN ('accepted', 'refused')
"""

_TALLY_ADDS = """
CREATE TRIGGER sync_tally_adds AFTER INSERT ON sync_outbox
BEGIN
    UPDATE sync_tally SET rows = rows + 1 WHERE state = NEW.state;
END
"""

_TALLY_DROPS = """
CREATE TRIGGER sync_tally_drops AFTER DELETE ON sync_outbox
BEGIN
    UPDATE sync_tally SET rows = rows - 1 WHERE state = OLD.state;
END
"""

_TALLY_SEED = """
INSERT INTO sync_tally (state, rows)
VALUES ('queued', 0), ('in_flight', 0), ('accepted', 0), ('refused', 0), ('unsure', 0), ('held', 0)
"""

_BATCH = """
CREATE TABLE sync_batch (
    number INTEGER PRIMARY KEY,
    realm TEXT NOT NULL,
    items INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sent_ms INTEGER NOT NULL,
    answered_ms INTEGER,
    outcome TEXT
)
"""


def _pack_ids(database: Database) -> None:
    """The ids of older rows, as `item_ids` writes them; bodies of older rows stay readable as they are."""
    last = -1
    while found := database.execute_sql(
        "SELECT n, id, negates, waits_for FROM sync_outbox WHERE n > ? ORDER BY n LIMIT ?", (last, _ROWS_AT_ONCE)
    ).fetchall():
        database.cursor().executemany(
            "UPDATE sync_outbox SET id = ?, negates = ?, waits_for = ? WHERE n = ?",
            [(*(None if one is None else packed(str(one)) for one in ids), n) for n, *ids in found],
        )
        last = int(str(found[-1][0]))


MIGRATIONS: dict[int, tuple[Step, ...]] = {
    1: (
        _OUTBOX,
        "CREATE INDEX sync_outbox_queue ON sync_outbox (n, next_ms) WHERE state = 'queued'",
        "CREATE INDEX sync_outbox_doubt ON sync_outbox (state, n) WHERE state IN ('in_flight', 'unsure')",
        "CREATE INDEX sync_outbox_open ON sync_outbox (receipt, n) WHERE state IN ('queued', 'in_flight', 'unsure')",
        _UNREPORTED,
        "CREATE INDEX sync_outbox_receipt ON sync_outbox (receipt, n)",
        "CREATE TABLE sync_tally (state TEXT PRIMARY KEY, rows INTEGER NOT NULL) WITHOUT ROWID",
        _TALLY_SEED,
        _TALLY_ADDS,
        _TALLY_DROPS,
        _TALLY_MOVES,
        "CREATE TABLE sync_cursor (realm TEXT PRIMARY KEY, cursor TEXT NOT NULL, moved_ms INTEGER NOT NULL)",
        _BATCH,
    ),
    3: (_pack_ids, *upload_log.STATEMENTS),
}
"""Schema version → steps, each taken once, in order, inside the program's migration transaction."""
