"""Version 4: what other devices made of a receipt, what the insurance was told, prescription and price where known.

`known_codes.outcome` and `known_numbers` are the hospital's word on outcomes; a receipt that opens later begins with
them. `claim_rows` is what was handed over, so that a correction can name the batch serial which it corrects: a row is
never changed and never deleted. `price` is a decimal as text. Nobody kept what the feed told of outcomes before: where
a receipt may still change, the feed is fetched from its beginning.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE known_codes ADD COLUMN outcome TEXT",
    """CREATE TABLE known_numbers (
        receipt TEXT NOT NULL, line INTEGER NOT NULL, outcome TEXT NOT NULL, packs INTEGER NOT NULL,
        PRIMARY KEY (receipt, line, outcome)) WITHOUT ROWID""",
    "ALTER TABLE drugs ADD COLUMN rx TEXT",
    "ALTER TABLE delivery_lines ADD COLUMN price TEXT",
    """CREATE TABLE claim_rows (
        n INTEGER PRIMARY KEY, receipt TEXT NOT NULL, at_ms INTEGER NOT NULL, operator TEXT NOT NULL,
        profile TEXT NOT NULL, trade TEXT NOT NULL, serial TEXT NOT NULL, generation INTEGER NOT NULL,
        line INTEGER NOT NULL, body TEXT NOT NULL)""",
    "CREATE INDEX claim_rows_by_receipt ON claim_rows (receipt)",
    """CREATE TRIGGER claim_rows_are_not_changed BEFORE UPDATE ON claim_rows
        BEGIN SELECT RAISE(ABORT, 'what was told is not changed'); END""",
    """CREATE TRIGGER claim_rows_are_not_deleted BEFORE DELETE ON claim_rows
        BEGIN SELECT RAISE(ABORT, 'what was told is not deleted'); END""",
    """DELETE FROM sync_cursor WHERE realm NOT LIKE 'relay %' AND (
        EXISTS (SELECT 1 FROM receipts WHERE state <> 'closed')
        OR EXISTS (SELECT 1 FROM sync_outbox WHERE kind = 'close' AND state NOT IN ('accepted', 'refused')))""",
)
