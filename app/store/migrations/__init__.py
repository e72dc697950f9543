"""Numbered upgrades of the database file, each with a test and an old file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import peewee

from app.store.migrations import (
    v0001_first,
    v0002_packages,
    v0003_acceptance,
    v0003_smaller,
    v0003_uploads,
    v0004_receipts,
)

MIGRATIONS: Mapping[int, Sequence[str | Callable[[peewee.SqliteDatabase], None]]] = {
    1: v0001_first.STATEMENTS,
    2: v0002_packages.STATEMENTS,
    3: (*v0003_smaller.STATEMENTS, *v0003_acceptance.STATEMENTS, *v0003_uploads.STATEMENTS),
    4: v0004_receipts.STATEMENTS,
}
