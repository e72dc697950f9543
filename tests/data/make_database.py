"""Makes `databases/vN.db`, a small data file of schema version N with rows in every table. Run it once per version:

    python -m tests.data.make_database 1

A file that was made is kept for ever and never made again: it stands for the data of people who have not upgraded yet.
All data is invented. Each version adds its own rows below; those of older versions are not changed any more.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import peewee

from app.base.paths import DataPaths
from app.store.database import open_database
from app.store.migrations import MIGRATIONS
from sync import MIGRATIONS as SYNC_MIGRATIONS

FOLDER = Path(__file__).resolve().parent / "databases"
AT_MS = 1_795_327_200_000  # 2026-11-22T06:00:00Z
PIN, SALT = "1234", b"salt of an old file"
NO, RECEIPT, REALM, DEVICE = "OLD-1", "OLD-1-R1", "realm-of-old", "device-old"
CARTON, BOXES = "89990130000000000001", ("89990110000000000001", "89990110000000000002", "89990110000000000003")
ELSEWHERE = "89990110000000000009"
SITE = {"realm": REALM, "name": "old hospital", "synthetic": True, "zone": "+08:00", "near_expiry_days": 180}
ITEMS = tuple(f"01a1be16-60a0-7a00-8000-00000000000{number}" for number in range(1, 6))

Rows = Mapping[str, Sequence[Mapping[str, object]]]


def rows_v1() -> Rows:
    """A delivery of three boxes: the first two scanned and sent, the scan of the second undone, the third damaged."""
    verifier = hashlib.scrypt(PIN.encode(), salt=SALT, n=1024, r=8, p=1, dklen=32)
    return {
        "meta": [{"key": "device", "value": DEVICE}, {"key": "site", "value": json.dumps(SITE)}],
        "operators": [
            {
                "id": "1001", "name": "clerk", "role": "clerk", "rights": '["receive", "close", "exempt"]',
                "store_rooms": "[]", "active": 1, "pin_salt": SALT, "pin_n": 1024, "pin_r": 8, "pin_p": 1,
                "pin_verifier": verifier,
            }
        ],
        "store_rooms": [{"id": "YK", "name": "store", "type": "store"}],
        "drugs": [
            {
                "drug": "YP-1", "item_kind": "drug", "name": "amoxicillin", "multiplier": 1, "divisor": 1, "special": 0,
                "splittable": 0,
            }
        ],
        "prefixes": [
            {"prefix": "8999011", "drug": "YP-1", "level": 1},
            {"prefix": "8999013", "drug": "YP-1", "level": 3},
        ],
        "recalls": [{"drug": "YP-1", "batch": "BAD", "reason": "test"}],
        "deliveries": [
            {
                "id": 1, "number": NO, "supplier": "supplier", "gift": 0, "synthetic": 1, "manifest": "complete",
                "state": "open",
            }
        ],
        "delivery_lines": [
            {"delivery": 1, "line": 1, "drug": "YP-1", "batch": "B1", "expiry": "2099-12-31", "packs": 3, "gift": 0}
        ],
        "packages": [
            {"code": CARTON, "delivery": 1, "level": 3, "parent": None, "line": 1},
            *({"code": code, "delivery": 1, "level": 1, "parent": CARTON, "line": 1} for code in BOXES),
        ],
        "known_receipts": [{"id": "OLD-0-R1", "delivery": "OLD-0", "state": "closed"}],
        "known_codes": [
            {
                "code": ELSEWHERE, "receipt": "OLD-0-R1", "delivery": "OLD-0", "line": 1, "state": "in",
                "device": "device-other", "packs": 1, "estimated": 0,
            }
        ],
        **_receipt_v1(),
        **_exchange_v1(),
    }  # fmt: skip


def _receipt_v1() -> Rows:
    entry = {"receipt": RECEIPT, "at_ms": AT_MS, "operator": "1001", "reason": "ok", "line": 1, "packs": 1}
    scan = {**entry, "kind": "scan", "verdict": "accepted", "counted": 1}
    told = {**entry, "kind": "command", "counted": 0}
    return {
        "receipts": [
            {
                "id": RECEIPT, "delivery": 1, "state": "open", "paused": 0, "held": 0, "next_seq": 5,
                "opened_ms": AT_MS, "opened_by": "1001", "gift": 0,
            }
        ],
        "receipt_lines": [
            {
                "receipt": RECEIPT, "line": 1, "received": 1, "short": 0, "damaged": 1, "rejected": 0, "exempt": 0,
                "over": 0,
            }
        ],
        "entries": [
            {**scan, "seq": 1, "id": ITEMS[0], "payload": BOXES[0], "code": BOXES[0], "in_force": 1},
            {**scan, "seq": 2, "id": ITEMS[1], "payload": BOXES[1], "code": BOXES[1], "in_force": 0},
            {**told, "seq": 3, "id": ITEMS[2], "payload": "undo", "code": BOXES[1], "command": "undo", "negates": 2,
             "in_force": 0},
            {**told, "seq": 4, "id": ITEMS[3], "payload": f"damaged {BOXES[2]} wet", "code": BOXES[2], "note": "wet",
             "command": "damaged", "outcome": "damaged", "in_force": 1},
        ],
        "holds": [{"pack": BOXES[0], "receipt": RECEIPT, "seq": 1, "line": 1, "packs": 1}],
        "outcomes": [{"pack": BOXES[2], "receipt": RECEIPT, "seq": 4, "line": 1, "outcome": "damaged", "packs": 1}],
    }  # fmt: skip


def _exchange_v1() -> Rows:
    made = ((1, "scan", None, "accepted"), (2, "scan", None, "accepted"), (3, "reversal", ITEMS[1], "queued"),
            (4, "outcome", None, "queued"))  # fmt: skip
    outbox = [
        {
            "n": seq, "id": ITEMS[seq - 1], "realm": REALM, "receipt": RECEIPT, "seq": seq, "kind": kind,
            "negates": negates, "urgent": 0, "created_ms": AT_MS, "state": state,
            "body": json.dumps({"id": ITEMS[seq - 1], "seq": seq, "kind": kind}).encode(),
        }
        for seq, kind, negates, state in made
    ]  # fmt: skip
    return {
        "sync_outbox": outbox,
        "sync_cursor": [{"realm": REALM, "cursor": "old-cursor", "moved_ms": AT_MS}],
        "sync_batch": [
            {"number": 1, "realm": REALM, "items": 2, "bytes": 900, "sent_ms": AT_MS, "outcome": "answered"}
        ],
    }


def rows_v2() -> Rows:
    """What sources say beside the note: a manifest, a contradiction, an opened carton, a replaced code, a lesson."""
    new, dead, event = "89990110000000000004", "89990110000000000005", f"{ITEMS[4]}"
    relay = {
        "kind": "relay", "version": 1, "delivery": 1, "trust": 40, "made_ms": AT_MS, "at_ms": AT_MS, "rows": 1,
        "state": "staged",
    }  # fmt: skip
    return {
        "sources": [{"id": 2, "name": "M-1", **relay}],
        "contents": [{"id": 1, "drug": "YP-1", "batch": "B1", "expiry": "2099-12-31", "made": "2026-01-01"}],
        "source_counts": [{"source": 2, "content": 1, "packs": 1}],
        "disputes": [
            {"code": new, "source": 2, "other": 2, "kind": "self_parent", "says": new, "other_says": None},
        ],
        "doubts": [{"code": new, "source": 2, "other": 2, "because": "self_parent"}],
        "package_events": [
            {"id": event, "at_ms": AT_MS, "origin": "relay", "verb": "add", "code": new, "replaces": dead},
        ],
        "opened": [{"code": "89990130000000000009", "event": event}],
        "aliases": [{"old": dead, "new": new, "event": event}],
        "learned_prefixes": [{"prefix": "8999777", "drug": "YP-1", "level": 1, "event": event}],
        "prefix_units": [{"prefix": "8999011", "drug": "YP-1", "multiplier": 20, "divisor": 1}],
        "maker_patterns": [{"pattern": "DMZY-########", "drug": "YP-1"}],
    }


def rows_v3() -> Rows:
    """A correction of the note, an item that is held with what was answered to it, and who did what about it."""
    item = bytes.fromhex(ITEMS[4].replace("-", ""))
    held = {
        "n": 5, "id": item, "realm": REALM, "receipt": "OLD-0-R1", "seq": 9, "kind": "close", "urgent": 1,
        "created_ms": AT_MS, "state": "held", "code": "close_differs", "body": b'\x00{"kind":"close"}',
    }  # fmt: skip
    return {
        "corrections": [
            {"code": BOXES[0], "source": 1, "at_ms": AT_MS, "was": '{"line":"2"}', "now": '{"line":"1"}'},
        ],
        "sync_outbox": [held],
        "sync_trouble": [{"state": "held", "code": "close_differs", "rows": 1}],
        "sync_answer": [{"id": 1, "word": "later", "code": "receipt_incomplete", "text": "wait"}],
        "sync_attempt": [{"n": 5, "batch": 1, "answer": 1}],
        "acceptance_events": [
            {
                "receipt": RECEIPT, "seq": 1, "id": "old-acceptance-1", "kind": "note", "at_ms": AT_MS,
                "operator": "1002", "body": "{}",
            }
        ],
        "contradictions": [
            {
                "at_ms": AT_MS, "kind": "received_elsewhere", "code": BOXES[1], "receipt": RECEIPT, "seq": 2,
                "operator": "1001", "other_device": "device-other", "answer": "ours", "answered_ms": AT_MS,
                "answered_by": "1002",
            }
        ],
        "upload_acts": [{"at_ms": AT_MS, "operator": "1002", "act": "retry", "item": 5}],
    }  # fmt: skip


def rows_v4() -> Rows:
    """What another device said of a line, and a row that the insurance was told."""
    return {
        "sync_cursor": [{"realm": REALM, "cursor": "old-cursor", "moved_ms": AT_MS}],
        "known_numbers": [{"receipt": "OLD-0-R1", "line": 1, "outcome": "short", "packs": 2}],
        "claim_rows": [
            {
                "receipt": "OLD-0-R1", "at_ms": AT_MS, "operator": "1002", "profile": "national", "trade": "stock_in",
                "serial": "20261122OLD-1-1", "generation": 1, "line": 1, "body": "{}",
            }
        ],
    }  # fmt: skip


ROWS = {1: rows_v1, 2: rows_v2, 3: rows_v3, 4: rows_v4}
NEWEST = max(ROWS)


def make(version: int, folder: Path = FOLDER) -> Path:
    """Write the file of one version; FileExistsError if it is there already."""
    target = folder / f"v{version}.db"
    if target.exists():
        raise FileExistsError(target)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, version + 1):
        until = [{one: part[one] for one in part if one <= number} for part in (MIGRATIONS, SYNC_MIGRATIONS)]
        database = open_database(_AsOneFile(target), until, now_ms=lambda: AT_MS)
        with contextlib.closing(database):
            _insert(database, ROWS[number]())
            database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.rmtree(_AsOneFile(target).backups, ignore_errors=True)
    return target


def _insert(database: peewee.SqliteDatabase, rows: Rows) -> None:
    for table, found in rows.items():
        for row in found:
            marks = ", ".join("?" * len(row))
            database.execute_sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


class _AsOneFile(DataPaths):
    """A data folder of which only the database is wanted, under a name of its own."""

    @property
    def database(self) -> Path:
        return self.root

    @property
    def backups(self) -> Path:
        return self.root.with_suffix(".backups")


if __name__ == "__main__":
    make(int(sys.argv[1]))
