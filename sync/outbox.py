"""The outbox as the program sees it: put an item in, count, look. Writer thread only.

`add` runs inside the transaction that writes the scan itself, so that neither is ever there without the other. SQL
stands here as text because the insert is part of every beep: building it anew would cost more than running it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sync import bodies
from sync.item_ids import maybe_packed, maybe_unpacked, packed, unpacked
from sync.ports import Database

STATES = ("queued", "in_flight", "accepted", "refused", "unsure", "held")

_ADD = (
    "INSERT INTO sync_outbox (id, realm, receipt, seq, kind, negates, waits_for, urgent, created_ms, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_RELEASE = (
    "UPDATE sync_outbox SET state = 'queued', next_ms = 0, incomplete = 0, code = NULL, text = NULL, result = NULL "
    "WHERE state = 'held' AND id = ?"
)
_RETRY = (
    "UPDATE sync_outbox SET state = 'queued', next_ms = 0, incomplete = 0, alone = 0, reported = 0, settled_ms = NULL, "
    "code = NULL, text = NULL, result = NULL, with_ids = NULL "
    "WHERE state IN ('held', 'refused') AND coalesce(result, '') <> 'conflict' AND id = ?"
)
_SET_ASIDE = (
    "UPDATE sync_outbox SET code = CASE state WHEN 'queued' THEN 'set_aside' ELSE code END, state = 'held' "
    "WHERE state IN ('queued', 'refused') AND id = ?"
)
_HOLD = "UPDATE sync_outbox SET state = 'held', code = ?, text = ? WHERE state = 'queued' AND id = ?"
_SUPERSEDE = (
    "UPDATE sync_outbox SET state = 'accepted', result = 'superseded', code = 'superseded', settled_ms = ?, "
    "reported = 1 WHERE state IN ('held', 'refused') AND id = ?"
)
_ROW = (
    "SELECT n, id, realm, receipt, seq, kind, negates, state, result, code, text, with_ids, attempts, created_ms, "
    "settled_ms FROM sync_outbox"
)


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item made at scan time. `body` is its JSON object, UTF-8, exactly as it will travel."""

    id: str
    receipt: str
    seq: int
    kind: str
    body: bytes
    created_ms: int
    negates: str | None = None
    urgent: bool = False
    waits_for: str | None = None  # an item that must be settled before this one leaves


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items stand in each state."""

    queued: int
    in_flight: int
    accepted: int
    refused: int
    unsure: int
    held: int

    @property
    def waiting(self) -> int:
        """Not yet answered: queued, in flight and unsure."""
        return self.queued + self.in_flight + self.unsure


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An item with what became of it. `result` is the answer's word (`conflict` has the state refused)."""

    n: int
    id: str
    realm: str
    receipt: str
    seq: int
    kind: str
    negates: str | None
    state: str
    result: str | None
    code: str | None
    text: str | None
    with_ids: tuple[str, ...]
    attempts: int
    created_ms: int
    settled_ms: int | None


class Outbox:
    """Items on their way to the hospital. Raises what the database raises; an id that is there already is one."""

    def __init__(self, database: Database) -> None:
        """`database` is a `peewee.SqliteDatabase` whose schema holds `schema.MIGRATIONS`."""
        self._database = database

    def add(self, item: NewItem, realm: str) -> None:
        """Queue an item for the hospital `realm`, inside the caller's transaction."""
        beside = bodies.Beside(item.id, item.receipt, item.seq, item.kind, item.created_ms)
        self._database.execute_sql(
            _ADD,
            (
                packed(item.id),
                realm,
                item.receipt,
                item.seq,
                item.kind,
                maybe_packed(item.negates),
                maybe_packed(item.waits_for),
                item.urgent,
                item.created_ms,
                bodies.packed(item.body, beside),
            ),
        )

    def counts(self) -> Counts:
        """All realms together, from the tally: no row is read."""
        found = self._database.execute_sql("SELECT state, rows FROM sync_tally").fetchall()
        tally = {str(state): whole(rows) for state, rows in found}
        return Counts(**{state: tally[state] for state in STATES})

    def rows(
        self,
        *,
        ids: Sequence[str] = (),
        receipt: str | None = None,
        states: Sequence[str] = (),
        before_n: int | None = None,
        limit: int = 200,
    ) -> tuple[OutboxRow, ...]:
        """The newest rows that meet every given condition, newest first; page on with `before_n`."""
        conditions: list[str] = []
        values: list[object] = []
        for column, wanted in (("id", [packed(item_id) for item_id in ids]), ("state", states)):
            if wanted:
                conditions.append(f"{column} IN ({marks(len(wanted))})")
                values.extend(wanted)
        if receipt is not None:
            conditions.append("receipt = ?")
            values.append(receipt)
        if before_n is not None:
            conditions.append("n < ?")
            values.append(before_n)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        found = self._database.execute_sql(f"{_ROW}{where} ORDER BY n DESC LIMIT ?", (*values, limit)).fetchall()
        return tuple(_row(values) for values in found)

    def release(self, ids: Sequence[str]) -> int:
        """Send held items again (somebody mended what held them); how many went back to the queue."""
        return self._move(_RELEASE, ids)

    def retry(self, ids: Sequence[str]) -> int:
        """Send held and refused items again, as if they were new; how many went back to the queue.

        An item in conflict stays: the hospital answers it with the same conflict until it is reversed.
        """
        return self._move(_RETRY, ids)

    def set_aside(self, ids: Sequence[str]) -> int:
        """Hold queued and refused items until somebody sends them again; how many. A refusal keeps its reason."""
        return self._move(_SET_ASIDE, ids)

    def hold(self, item_id: str, code: str, text: str) -> None:
        """A queued item waits for a person, with the reason."""
        self._database.execute_sql(_HOLD, (code, text, packed(item_id)))

    def supersede(self, ids: Sequence[str], now_ms: int) -> int:
        """Held and refused items in whose place something later has arrived: nobody has to do anything about them.

        They end among those that are done, with the reason `superseded`; how many.
        """
        cursor = self._database.cursor()
        cursor.executemany(_SUPERSEDE, [(now_ms, packed(item_id)) for item_id in ids])
        return max(cursor.rowcount, 0)

    def fetched_ms(self, realm: str) -> int | None:
        """When changes of this realm last came in (epoch ms); None if none ever did."""
        found = self._database.execute_sql("SELECT moved_ms FROM sync_cursor WHERE realm = ?", (realm,)).fetchall()
        return whole(found[0][0]) if found else None

    def _move(self, statement: str, ids: Sequence[str]) -> int:
        cursor = self._database.cursor()
        cursor.executemany(statement, [(packed(item_id),) for item_id in ids])
        return max(cursor.rowcount, 0)


def marks(count: int) -> str:
    """Place marks of an IN list."""
    return ", ".join("?" * count)


def whole(value: object) -> int:
    """A column that the schema declares as integer and not null."""
    if not isinstance(value, int):
        raise TypeError(f"not an integer: {type(value).__name__}")
    return value


def word(value: object) -> str | None:
    """A text column that may be null."""
    return None if value is None else str(value)


def _row(values: tuple[object, ...]) -> OutboxRow:
    n, item_id, realm, receipt, seq, kind, negates, state, result, code, text, with_ids, attempts, made, settled = (
        values
    )
    return OutboxRow(
        n=whole(n),
        id=unpacked(item_id),
        realm=str(realm),
        receipt=str(receipt),
        seq=whole(seq),
        kind=str(kind),
        negates=maybe_unpacked(negates),
        state=str(state),
        result=word(result),
        code=word(code),
        text=word(text),
        with_ids=tuple(json.loads(str(with_ids))) if with_ids else (),
        attempts=whole(attempts),
        created_ms=whole(made),
        settled_ms=None if settled is None else whole(settled),
    )
