"""The sandbox's memory on disk: one JSON line per thing that happened, on the disk before anybody is answered.

Lives on the sandbox's event loop. A line cut short by a kill was never answered, so it is dropped at the next start.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import msgspec
from msgspec import Struct

_NAME = "journal.jsonl"


class Birth(Struct, frozen=True, tag_field="t", tag="birth"):
    """The first line: what this hospital was made from. `tag` marks its cursors."""

    seed: int
    size: str
    tag: str


class Ordered(Struct, frozen=True, tag_field="t", tag="seed"):
    """A seed order that was carried out."""

    body: msgspec.Raw


class Received(Struct, frozen=True, tag_field="t", tag="items"):
    """A batch that was judged, and what a fault decided in it (position as text → decision)."""

    items: list[msgspec.Raw]
    forced: dict[str, str]


class Relayed(Struct, frozen=True, tag_field="t", tag="relay"):
    """What the relay was told to do, or did of itself because it had been asked often enough."""

    body: msgspec.Raw


Record = Birth | Ordered | Received | Relayed


class Journal:
    """An append-only file in a folder; without a folder it keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._file: FileIO | None = None
        self._length = 0
        self._path = folder / _NAME if folder is not None else None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def read(self) -> Iterator[Record]:
        """All records of earlier lives; cuts off a torn last line, then opens for writing."""
        if self._path is None:
            return
        whole = 0
        if self._path.exists():
            with self._path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    whole += len(line)
                    yield msgspec.json.decode(line, type=Record)
        self._file = self._path.open("ab", buffering=0)
        self._file.truncate(whole)
        self._length = whole

    def write(self, record: Record) -> None:
        """Append a record; returns when it is on the disk.

        Raises:
            OSError: the disk refused; nothing may be answered.
        """
        if self._file is None:
            return
        line = msgspec.json.format(msgspec.json.encode(record), indent=-1)
        try:
            left = line + b"\n"
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError:
            # Half a line in the middle would hide all that follows it.
            with contextlib.suppress(OSError):
                self._file.truncate(self._length)
            raise
        self._length += len(line) + 1

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
