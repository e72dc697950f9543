"""Outbox and exchange with the hospital's middleware: knows neither the program, nor scanners, nor Qt.

What others may use stands here and is loaded on first use, so that the first paint does not wait for the HTTP client.
The whole cycle is told in docs/sync.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.changes import Change, Site
    from sync.engine import SyncEngine
    from sync.errors import SyncError
    from sync.outbox import Counts, NewItem, Outbox, OutboxRow
    from sync.ports import Clock, Hooks, Priority, SyncSettings, Writer
    from sync.schema import MIGRATIONS
    from sync.status import Summary, SyncStatus
    from sync.verdicts import Settled

__all__ = [
    "MIGRATIONS",
    "Change",
    "Clock",
    "Counts",
    "Hooks",
    "NewItem",
    "Outbox",
    "OutboxRow",
    "Priority",
    "Settled",
    "Site",
    "Summary",
    "SyncEngine",
    "SyncError",
    "SyncSettings",
    "SyncStatus",
    "Writer",
]

_HOMES = {
    "changes": ("Change", "Site"),
    "engine": ("SyncEngine",),
    "errors": ("SyncError",),
    "outbox": ("Counts", "NewItem", "Outbox", "OutboxRow"),
    "ports": ("Clock", "Hooks", "Priority", "SyncSettings", "Writer"),
    "schema": ("MIGRATIONS",),
    "status": ("Summary", "SyncStatus"),
    "verdicts": ("Settled",),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found: object = getattr(import_module(f"sync.{module}"), name)
            return found
    raise AttributeError(f"module 'sync' has no attribute {name!r}")
