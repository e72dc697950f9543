"""Scans come before an import: also the scan that is handed over only when the one before it was answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import peewee
import pytest

from app.store import writer as writer_module
from app.store.writer import SCAN, StoreWriter

LIMIT_S = 20.0


def test_a_burst_of_scans_is_answered_without_an_import_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "GRACE_MS", 1_500.0)
    writer = StoreWriter(lambda: opened(tmp_path / "burst.db"))
    moving, enough = threading.Event(), threading.Event()

    def endless() -> Iterator[None]:
        while not enough.is_set():
            moving.set()
            yield

    importing = threading.Thread(target=lambda: writer.run_sliced(endless, finish=lambda: None))
    importing.start()
    assert moving.wait(LIMIT_S)

    moved_between = [scan_and_look(writer, moving) for _ in range(10)]
    resumed = moving.wait(LIMIT_S)
    enough.set()
    importing.join(LIMIT_S)
    writer.close()

    assert not any(moved_between)
    assert resumed
    assert not importing.is_alive()


def scan_and_look(writer: StoreWriter, moving: threading.Event) -> bool:
    """Answer a scan, then watch for a blink whether the import goes on."""
    writer.call(moving.clear, priority=SCAN)
    return moving.wait(0.01)


def opened(path: Path) -> peewee.SqliteDatabase:
    database = peewee.SqliteDatabase(str(path), check_same_thread=False)
    database.connect()
    return database
