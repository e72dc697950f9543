"""Changes by cursor: a page is fetched, handed to the program in small steps, and the cursor moves with its last rows.

Lives on the engine's thread; rows and cursor are written on the writer thread. A kill in the middle of a page leaves
the old cursor, and the page comes again: applying a change twice must be the same as once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sync.changes import Page, row_count
from sync.endpoints import middleware_changes
from sync.ports import Clock, Database, Hooks, Priority, SyncSettings, Writer
from sync.transport import Transport

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pulled:
    """`rows` were applied; `more` can be had at once."""

    rows: int
    more: bool


class Pull:
    """Brings one page after the other."""

    def __init__(
        self, *, transport: Transport, database: Database, writer: Writer, hooks: Hooks, clock: Clock,
        settings: SyncSettings,
    ) -> None:  # fmt: skip
        self._transport = transport
        self._database = database
        self._writer = writer
        self._hooks = hooks
        self._clock = clock
        self._rows = settings.page_rows
        self._told_to_end: set[str] = set()

    def page(self, realm: str) -> Pulled:
        """Fetch and apply the next page. Raises SyncError."""
        cursor = self._writer.call(lambda: self._cursor(realm), priority=Priority.IMPORT, write=False)
        page = middleware_changes.get(self._transport, cursor, self._rows)
        if page is None:
            log.warning("the hospital does not know our cursor any more: all changes are fetched anew")
            self._writer.call(lambda: self._forget(realm), priority=Priority.IMPORT)
            return Pulled(0, more=True)
        if page.passed_over:
            log.info("%d changes of kinds that this version does not know", page.passed_over)
        if page.changes:
            self._writer.run_sliced(lambda: self._hooks.apply(page.changes), finish=lambda: self._end(realm, page))
        elif page.cursor != cursor or not (page.more or realm in self._told_to_end):
            self._writer.call(lambda: self._end(realm, page), priority=Priority.IMPORT)
        return Pulled(row_count(page.changes), page.more)

    def has_ended(self, realm: str) -> bool:
        """True if the feed of this hospital was once told to its end, by whichever run of the program."""
        end = self._writer.call(lambda: self._cursor(_end_of(realm)), priority=Priority.SETTLE, write=False)
        return end is not None

    def _cursor(self, realm: str) -> str | None:
        found = self._database.execute_sql("SELECT cursor FROM sync_cursor WHERE realm = ?", (realm,)).fetchall()
        return str(found[0][0]) if found else None

    def _end(self, realm: str, page: Page) -> None:
        if page.unknown:
            self._hooks.on_unknown(page.unknown)
        self._move(realm, page.cursor)
        if not page.more and realm not in self._told_to_end:
            self._move(_end_of(realm), page.cursor)
            self._told_to_end.add(realm)

    def _move(self, realm: str, cursor: str) -> None:
        self._database.execute_sql(
            "INSERT OR REPLACE INTO sync_cursor (realm, cursor, moved_ms) VALUES (?, ?, ?)",
            (realm, cursor, self._clock.now_ms()),
        )

    def _forget(self, realm: str) -> None:
        self._database.execute_sql("DELETE FROM sync_cursor WHERE realm = ?", (realm,))


def _end_of(realm: str) -> str:
    """The row that says it; it stays when the cursor goes, for what was told is here."""
    return f"relay after the feed of {realm}"
