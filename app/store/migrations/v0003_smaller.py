"""Version 3: an entry's id takes 16 bytes and is found through the outbox; what a source took back is kept.

`entries.id` is written as `sync.item_ids` says. `corrections` tells what a source said of a code before it said
something else; `was` and `now` are JSON objects of what differs. It is never shortened. Disputes about a parent are
found by the parent too. `sources.swept`: its rows were deleted, because nobody asks it any more.
"""

from __future__ import annotations

from collections.abc import Callable

import peewee

from sync.item_ids import packed

_ROWS_AT_ONCE = 1_000
_ABOUT_A_PARENT = "('levels', 'parent', 'two_parents', 'virtual_parent')"


def _pack_ids(database: peewee.SqliteDatabase) -> None:
    last: tuple[object, ...] = ("", -1)
    connection = database.connection()
    while found := connection.execute(
        "SELECT receipt, seq, id FROM entries WHERE (receipt, seq) > (?, ?) ORDER BY receipt, seq LIMIT ?",
        (*last, _ROWS_AT_ONCE),
    ).fetchall():
        connection.executemany(
            "UPDATE entries SET id = ? WHERE receipt = ? AND seq = ?",
            [(packed(item), receipt, seq) for receipt, seq, item in found],
        )
        last = tuple(found[-1][:2])


STATEMENTS: tuple[str | Callable[[peewee.SqliteDatabase], None], ...] = (
    "DROP INDEX entries_by_id",
    _pack_ids,
    """CREATE TABLE corrections (
        n INTEGER PRIMARY KEY, code TEXT NOT NULL, source INTEGER NOT NULL, at_ms INTEGER NOT NULL, was TEXT NOT NULL,
        now TEXT NOT NULL)""",
    "CREATE INDEX corrections_by_code ON corrections (code)",
    "ALTER TABLE sources ADD COLUMN swept INTEGER NOT NULL DEFAULT 0",
    f"CREATE INDEX disputes_by_says ON disputes (says) WHERE kind IN {_ABOUT_A_PARENT}",
    "CREATE INDEX disputes_unripe ON disputes (other, source) WHERE kind IN ('children', 'shared')",
    f"CREATE INDEX disputes_by_other ON disputes (other_says) WHERE kind IN {_ABOUT_A_PARENT}",
    """CREATE INDEX entries_guessed ON entries (receipt, seq)
        WHERE counted = 1 AND in_force = 1 AND note = 'line_guessed'""",
)
