"""The feed of changes: entries in order, cut into pages by rows, found again by an opaque cursor.

Lives on the sandbox's event loop. Entries that hold rows make them only when a page asks for them: `packages` and
`codes` of a large hospital never stand in memory as text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync.sandbox.wire import LIMIT_ROWS


class Entry(Protocol):
    """One or more rows that follow each other in the feed."""

    def __len__(self) -> int:
        """Rows in it."""
        ...

    def change(self, start: int, stop: int) -> object:
        """The change that holds these rows, ready for the JSON encoder."""
        ...


@dataclass(frozen=True, slots=True)
class Single:
    """A change that is one row."""

    body: object

    def __len__(self) -> int:
        return 1

    def change(self, start: int, stop: int) -> object:
        """The change itself."""
        del start, stop
        return self.body


class Late:
    """A change that is one row and costs time to make: made when it is first asked for."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make
        self._body: object = None

    def __len__(self) -> int:
        return 1

    def change(self, start: int, stop: int) -> object:
        """The change itself."""
        del start, stop
        if self._body is None:
            self._body = self._make()
        return self._body


@dataclass(frozen=True, slots=True)
class Packages:
    """Rows of a manifest."""

    delivery: str
    rows: Sequence[object]

    def __len__(self) -> int:
        return len(self.rows)

    def change(self, start: int, stop: int) -> object:
        """A `packages` change."""
        return {"kind": "packages", "delivery": self.delivery, "packages": self.rows[start:stop]}


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes as they are at the moment the page is made; `row` looks one up by its place."""

    count: int
    row: Callable[[int], object]

    def __len__(self) -> int:
        return self.count

    def change(self, start: int, stop: int) -> object:
        """A `codes` change."""
        return {"kind": "codes", "rows": [self.row(place) for place in range(start, stop)]}


@dataclass(frozen=True, slots=True)
class Page:
    """What one call of /v1/changes answers."""

    changes: list[object]
    cursor: str
    more: bool


class UnknownCursor(Exception):
    """The cursor belongs to no place in this feed."""


class Feed:
    """All changes since the sandbox was born. `tag` names this birth, so a cursor of another life is recognised."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Append an entry; one without rows is dropped."""
        if len(entry):
            self._entries.append(entry)

    def page(self, cursor: str | None, limit: int) -> Page:
        """At most `limit` rows after the cursor.

        Raises:
            UnknownCursor: not a cursor of this feed.
        """
        index, offset = (0, 0) if cursor is None else self._place(cursor)
        changes: list[object] = []
        left = limit
        while left and index < len(self._entries):
            entry = self._entries[index]
            stop = min(len(entry), offset + min(left, LIMIT_ROWS))
            changes.append(entry.change(offset, stop))
            left -= stop - offset
            index, offset = (index + 1, 0) if stop == len(entry) else (index, stop)
        return Page(changes, f"{self._tag}.{index}.{offset}", index < len(self._entries))

    def _place(self, cursor: str) -> tuple[int, int]:
        parts = cursor.split(".")
        if len(parts) != 3 or parts[0] != self._tag or not all(_is_number(part) for part in parts[1:]):
            raise UnknownCursor
        index, offset = int(parts[1]), int(parts[2])
        if index > len(self._entries) or (
            offset and (index == len(self._entries) or offset >= len(self._entries[index]))
        ):
            raise UnknownCursor
        return index, offset


def _is_number(text: str) -> bool:
    return len(text) <= 12 and text.isascii() and text.isdigit()
