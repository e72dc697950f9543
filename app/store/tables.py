"""The tables as peewee sees them, bound to one open database (two programs in one process never share a binding).

Used where a query is built; the path of a scan uses plain statements on the same connection, see `Sql`.
A test holds these columns against the migrated file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import peewee

Value = str | bytes | int | float | None

COLUMNS: dict[str, tuple[str, ...]] = {
    "meta": ("key", "value"),
    "operators": (
        "id", "name", "role", "rights", "store_rooms", "active", "registration", "insurance_code",
        "pin_salt", "pin_n", "pin_r", "pin_p", "pin_verifier",
    ),
    "store_rooms": ("id", "name", "type"),
    "drugs": (
        "drug", "item_kind", "name", "trade_name", "spec", "dosage_form", "maker", "approval_no", "nhsa_code",
        "min_pack_unit", "hospital_unit", "multiplier", "divisor", "pack_ratio", "storage", "special", "splittable",
        "exempt", "rx",
    ),
    "prefixes": ("prefix", "drug", "level"),
    "recalls": ("drug", "batch", "reason"),
    "deliveries": (
        "id", "number", "supplier", "supplier_code", "supplier_licence", "supplier_licence_expiry", "invoice_no",
        "invoice_code", "store_room", "shipped_ms", "gift", "synthetic", "manifest", "state",
    ),
    "delivery_lines": ("delivery", "line", "drug", "batch", "expiry", "made", "packs", "gift", "price"),
    "sources": (
        "id", "kind", "name", "version", "delivery", "trust", "state", "rows", "made_ms", "at_ms", "says", "swept",
    ),
    "contents": ("id", "drug", "batch", "expiry", "made"),
    "packages": ("code", "source", "level", "parent", "content", "line", "amount"),
    "source_counts": ("source", "content", "packs"),
    "disputes": ("code", "source", "other", "kind", "says", "other_says"),
    "doubts": ("code", "source", "other", "because"),
    "package_events": (
        "id", "at_ms", "origin", "operator", "device", "verb", "parent", "code", "level", "drug", "prefix", "replaces",
        "declares", "note",
    ),
    "opened": ("code", "event"),
    "aliases": ("old", "new", "event"),
    "learned_prefixes": ("prefix", "drug", "level", "event"),
    "corrections": ("n", "code", "source", "at_ms", "was", "now"),
    "prefix_units": ("prefix", "drug", "multiplier", "divisor"),
    "maker_patterns": ("pattern", "drug"),
    "known_codes": (
        "code", "receipt", "delivery", "line", "state", "via", "device", "item", "at_ms", "packs", "estimated",
        "outcome",
    ),
    "known_numbers": ("receipt", "line", "outcome", "packs"),
    "claim_rows": (
        "n", "receipt", "at_ms", "operator", "profile", "trade", "serial", "generation", "line", "body",
    ),
    "known_receipts": ("id", "delivery", "state"),
    "receipts": (
        "id", "delivery", "state", "paused", "held", "next_seq", "opened_ms", "opened_by", "closed_ms", "closed_by",
        "store_room", "invoice_no", "invoice_code", "supplier_licence", "gift", "remote_state",
    ),
    "receipt_lines": ("receipt", "line", "received", "short", "damaged", "rejected", "exempt", "over"),
    "entries": (
        "receipt", "seq", "id", "kind", "at_ms", "operator", "scanner", "payload", "raw", "code", "verdict", "reason",
        "counted", "line", "packs", "command", "outcome", "negates", "in_force", "remote", "note",
    ),
    "holds": ("pack", "receipt", "seq", "line", "packs"),
    "contradictions": (
        "id", "at_ms", "kind", "code", "receipt", "seq", "operator", "made_ms", "other_item", "other_receipt",
        "other_device", "other_operator", "other_ms", "asked_ms", "answer", "answered_ms", "answered_by",
    ),
    "upload_acts": ("id", "at_ms", "operator", "act", "item", "contradiction", "note"),
    "acceptance_events": ("receipt", "seq", "id", "kind", "at_ms", "operator", "body", "negates"),
    "outcomes": ("pack", "receipt", "seq", "line", "outcome", "packs"),
}  # fmt: skip


def select(database: peewee.SqliteDatabase, name: str, **equals: Value) -> peewee.Select:
    """All columns of the rows whose named columns have these values; rows come as dicts."""
    bound = peewee.Table(name, COLUMNS[name]).bind(database)
    query: peewee.Select = bound.select()
    for column, value in equals.items():
        query = query.where(getattr(bound, column) == value)
    return query


def insert_statement(name: str, *, verb: str = "INSERT") -> str:
    """`INSERT INTO name (…) VALUES (?, …)` over all columns; `verb` may be INSERT OR REPLACE."""
    columns = COLUMNS[name]
    return f"{verb} INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


class Sql:
    """Plain statements on the writer's connection; sqlite3 keeps them prepared."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database

    def one(self, statement: str, *values: Value) -> Sequence[Value] | None:
        """The first row, or None."""
        found: Sequence[Value] | None = self._connection().execute(statement, values).fetchone()
        return found

    def all(self, statement: str, *values: Value) -> list[tuple[Value, ...]]:
        return self._connection().execute(statement, values).fetchall()

    def run(self, statement: str, *values: Value) -> int:
        """Rows changed."""
        return self._connection().execute(statement, values).rowcount

    def many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        self._connection().executemany(statement, rows)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._database.connection()
        return connection
