"""The rows of one filter of the upload queue, put together from pages. Pure.

A page is the newest rows before a place; it replaces what stood between its first and its last row, so that a page
fetched anew drops what has left the filter, and a page that is not full drops all that is older.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.flows.views import UploadRow

PAGE = 200


class UploadPages:
    """Rows newest first, each with its place `n`."""

    def __init__(self) -> None:
        self._rows: tuple[UploadRow, ...] = ()
        self._by_id: dict[str, UploadRow] = {}
        self._before: int | None = None  # of the older page that was asked for
        self._complete = False
        self._following: int | None = None

    @property
    def rows(self) -> tuple[UploadRow, ...]:
        return self._rows

    @property
    def complete(self) -> bool:
        """True when nothing older is left to ask for."""
        return self._complete

    def find(self, key: str) -> UploadRow | None:
        return self._by_id.get(key)

    def clear(self) -> None:
        """Another filter: nothing is known of it."""
        self._put((), complete=False)
        self._before = self._following = None

    def next_page(self) -> int | None:
        """The `before` of the page that is to be asked for now; None if there is none, or one is on its way."""
        if self._complete or (not self._rows and self._following is None) or self._before is not None:
            return None
        self._before = self._rows[-1].n if self._following is None else self._following
        return self._before

    def take(self, page: Sequence[UploadRow], states: Sequence[str], total: int, following: int | None = None) -> bool:
        """Put a page in its place; True if it was the older one that was asked for.

        `total`: rows in these states just now. Rows of other states (none: any will do) answer an earlier question
        and are not taken. `following`: the `before` of what may follow a page that is not full.
        """
        if states and any(row.state not in states for row in page):
            return False
        before = self._before
        older = before is not None and (not page or page[0].n < before)
        full = len(page) >= PAGE or following is not None
        self._following = following if older or not self._rows else self._following
        above = [row for row in self._rows if older and before is not None and row.n >= before]
        end = page[-1].n if page else before
        below = [row for row in self._rows if full and end is not None and row.n < end]
        if len(above) + len(page) + len(below) > total:
            below = []  # some of them have left the filter; scrolling fetches them anew
        self._put((*above, *page, *below), complete=not full or (self._complete and bool(below)))
        if older:
            self._before = None
        return older

    def _put(self, rows: tuple[UploadRow, ...], *, complete: bool) -> None:
        self._rows, self._complete = rows, complete
        self._by_id = {row.id: row for row in rows}
