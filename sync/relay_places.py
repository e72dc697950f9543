"""How far this device is with a relay: its place in the heads, and in the rows of the manifest under way.

Writer thread. Both are rows of `sync_cursor` under names of their own beside the hospital's, so that they move in the
same transaction as what they stand for. One manifest is under way at a time.
"""

from __future__ import annotations

from msgspec import MsgspecError, Struct, json

from sync.ports import Clock, Database
from sync.relay_wire import ManifestHead, RunningDigest


class _Staged(Struct, frozen=True):
    manifest: str
    version: int
    digest: str
    rows: int
    so_far: bytes


class RelayPlaces:
    """Reads and moves the two places of each realm."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def cursor(self, realm: str) -> str | None:
        """The cursor of the heads, None at the beginning."""
        return self._get(_heads(realm))

    def move(self, realm: str, cursor: str) -> None:
        """All heads before this cursor are done with."""
        self._put(_heads(realm), cursor)

    def forget(self, realm: str) -> None:
        """Begin the heads anew."""
        self._delete(_heads(realm))

    def staged(self, realm: str, head: ManifestHead) -> RunningDigest:
        """Rows staged of this very version, with the digest up to there; none if another one was under way."""
        text = self._get(_rows(realm))
        try:
            kept = json.decode(text, type=_Staged) if text is not None else None
        except MsgspecError:
            kept = None
        wanted = (head.manifest, head.version, head.digest)
        if kept is None or (kept.manifest, kept.version, kept.digest) != wanted:
            return RunningDigest()
        return RunningDigest(kept.rows, kept.so_far)

    def keep_staged(self, realm: str, head: ManifestHead, so_far: RunningDigest) -> None:
        """These rows are staged."""
        kept = _Staged(head.manifest, head.version, head.digest, so_far.rows, so_far.value)
        self._put(_rows(realm), json.encode(kept).decode())

    def drop_staged(self, realm: str) -> None:
        """Nothing is under way."""
        self._delete(_rows(realm))

    def _get(self, name: str) -> str | None:
        found = self._database.execute_sql("SELECT cursor FROM sync_cursor WHERE realm = ?", (name,)).fetchall()
        return str(found[0][0]) if found else None

    def _put(self, name: str, cursor: str) -> None:
        self._database.execute_sql(
            "INSERT OR REPLACE INTO sync_cursor (realm, cursor, moved_ms) VALUES (?, ?, ?)",
            (name, cursor, self._clock.now_ms()),
        )

    def _delete(self, name: str) -> None:
        self._database.execute_sql("DELETE FROM sync_cursor WHERE realm = ?", (name,))


def _heads(realm: str) -> str:
    return f"relay heads of {realm}"


def _rows(realm: str) -> str:
    return f"relay rows of {realm}"
