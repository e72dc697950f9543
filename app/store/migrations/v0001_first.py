"""Version 1: what the hospital says, what everybody has, and what happened here.

`deliveries.id` is a short stand-in for the delivery number, so that a million packages stay small.
`holds` and `outcomes` are derived from `entries` (the journal): which counted scan in force stands for which pack
(seq 0: another device of the same receipt), and which outcome a pack was given; the highest seq wins.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE operators (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, rights TEXT NOT NULL,
        store_rooms TEXT NOT NULL, active INTEGER NOT NULL, registration TEXT, insurance_code TEXT,
        pin_salt BLOB NOT NULL, pin_n INTEGER NOT NULL, pin_r INTEGER NOT NULL, pin_p INTEGER NOT NULL,
        pin_verifier BLOB NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE store_rooms (id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE drugs (
        drug TEXT PRIMARY KEY, item_kind TEXT NOT NULL, name TEXT NOT NULL, trade_name TEXT, spec TEXT,
        dosage_form TEXT, maker TEXT, approval_no TEXT, nhsa_code TEXT, min_pack_unit TEXT, hospital_unit TEXT,
        multiplier INTEGER NOT NULL, divisor INTEGER NOT NULL, pack_ratio TEXT, storage TEXT,
        special INTEGER NOT NULL, splittable INTEGER NOT NULL, exempt TEXT) WITHOUT ROWID""",
    "CREATE TABLE prefixes (prefix TEXT PRIMARY KEY, drug TEXT NOT NULL, level INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE recalls (drug TEXT NOT NULL, batch TEXT NOT NULL, reason TEXT,
        PRIMARY KEY (drug, batch)) WITHOUT ROWID""",
    """CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, supplier TEXT NOT NULL, supplier_code TEXT,
        supplier_licence TEXT, supplier_licence_expiry TEXT, invoice_no TEXT, invoice_code TEXT, store_room TEXT,
        shipped_ms INTEGER, gift INTEGER NOT NULL, synthetic INTEGER NOT NULL, manifest TEXT NOT NULL,
        state TEXT NOT NULL)""",
    """CREATE TABLE delivery_lines (
        delivery INTEGER NOT NULL, line INTEGER NOT NULL, drug TEXT NOT NULL, batch TEXT, expiry TEXT, made TEXT,
        packs INTEGER NOT NULL, gift INTEGER NOT NULL, PRIMARY KEY (delivery, line)) WITHOUT ROWID""",
    """CREATE TABLE packages (
        code TEXT NOT NULL, delivery INTEGER NOT NULL, level INTEGER NOT NULL, parent TEXT, line INTEGER NOT NULL,
        PRIMARY KEY (code, delivery)) WITHOUT ROWID""",
    "CREATE INDEX packages_by_parent ON packages (parent, delivery) WHERE parent IS NOT NULL",
    """CREATE TABLE known_codes (
        code TEXT PRIMARY KEY, receipt TEXT NOT NULL, delivery TEXT NOT NULL, line INTEGER NOT NULL,
        state TEXT NOT NULL, via TEXT, device TEXT NOT NULL, item TEXT, at_ms INTEGER, packs INTEGER NOT NULL,
        estimated INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX known_codes_by_receipt ON known_codes (receipt)",
    "CREATE TABLE known_receipts (id TEXT PRIMARY KEY, delivery TEXT NOT NULL, state TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE receipts (
        id TEXT PRIMARY KEY, delivery INTEGER NOT NULL, state TEXT NOT NULL, paused INTEGER NOT NULL,
        held INTEGER NOT NULL, next_seq INTEGER NOT NULL, opened_ms INTEGER NOT NULL, opened_by TEXT NOT NULL,
        closed_ms INTEGER, closed_by TEXT, store_room TEXT, invoice_no TEXT, invoice_code TEXT, supplier_licence TEXT,
        gift INTEGER NOT NULL, remote_state TEXT) WITHOUT ROWID""",
    """CREATE TABLE receipt_lines (
        receipt TEXT NOT NULL, line INTEGER NOT NULL, received INTEGER NOT NULL, short INTEGER NOT NULL,
        damaged INTEGER NOT NULL, rejected INTEGER NOT NULL, exempt INTEGER NOT NULL, over INTEGER NOT NULL,
        PRIMARY KEY (receipt, line)) WITHOUT ROWID""",
    """CREATE TABLE entries (
        receipt TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, at_ms INTEGER NOT NULL,
        operator TEXT NOT NULL, scanner TEXT, payload TEXT, raw BLOB, code TEXT, verdict TEXT, reason TEXT NOT NULL,
        counted INTEGER NOT NULL, line INTEGER, packs INTEGER, command TEXT, outcome TEXT, negates INTEGER,
        in_force INTEGER NOT NULL, remote TEXT, note TEXT, PRIMARY KEY (receipt, seq)) WITHOUT ROWID""",
    "CREATE INDEX entries_by_code ON entries (code, receipt) WHERE code IS NOT NULL",
    "CREATE INDEX entries_by_id ON entries (id)",
    """CREATE INDEX entries_unheard ON entries (code, receipt)
        WHERE counted = 1 AND in_force = 0 AND remote IS NULL""",
    """CREATE TABLE holds (
        pack TEXT NOT NULL, receipt TEXT NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL, packs INTEGER NOT NULL,
        PRIMARY KEY (pack, receipt, seq)) WITHOUT ROWID""",
    "CREATE INDEX holds_by_seq ON holds (receipt, seq)",
    """CREATE TABLE outcomes (
        pack TEXT NOT NULL, receipt TEXT NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL, outcome TEXT NOT NULL,
        packs INTEGER NOT NULL, PRIMARY KEY (pack, receipt, seq)) WITHOUT ROWID""",
    "CREATE INDEX outcomes_by_seq ON outcomes (receipt, seq)",
)
