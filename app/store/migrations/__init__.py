"""Numbered upgrades of the database file, each with a test and an old file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.store.migrations import v0001_first, v0002_packages

MIGRATIONS: Mapping[int, Sequence[str]] = {
    1: v0001_first.STATEMENTS,
    2: v0002_packages.STATEMENTS,
}
