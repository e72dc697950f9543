"""The engine's side of the outbox: take a batch, record what became of it. Writer thread only.

Every method runs inside one transaction of the caller. A row moves queued → in flight → settled or unsure or queued
again, and nobody but this module moves it, the technician's `Outbox.release` excepted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sync.batching import Candidate, Plan, plan
from sync.bodies import Beside
from sync.bodies import unpacked as unpacked_body
from sync.item_ids import maybe_unpacked, unpacked
from sync.outbox import Counts, Outbox, whole, word
from sync.ports import Database
from sync.upload_log import NO_ANSWER, PUT_BACK, AttemptLog
from sync.verdicts import Sent, Settled, Verdict

log = logging.getLogger(__name__)

SANE_WAIT_MS = 3_600_000
"""No wait is longer: a due time beyond it comes from a wall clock that was moved, and counts as due."""

ROOM_FOR_BLOCKED = 50
"""Rows read beyond a full batch; more would fill batches better behind blocked rows, but let a scan wait longer."""

_TAKE = """
SELECT o.n, o.id, o.receipt, o.kind, o.attempts, o.body, o.negates,
    CASE WHEN t.state = 'held' AND t.result IN ('refused', 'conflict') THEN 'refused' ELSE t.state END,
    CASE WHEN o.kind = 'close' THEN (
        SELECT count(*) FROM sync_outbox e INDEXED BY sync_outbox_open
        WHERE e.receipt = o.receipt AND e.state IN ('queued', 'in_flight', 'unsure') AND e.n < o.n AND e.realm = o.realm
    ) ELSE 0 END,
    o.alone, CASE WHEN w.state = 'held' AND w.result IN ('refused', 'conflict') THEN 'refused' ELSE w.state END,
    o.seq, o.created_ms
FROM sync_outbox o INDEXED BY sync_outbox_queue
LEFT JOIN sync_outbox t ON t.id = o.negates
LEFT JOIN sync_outbox w ON w.id = o.waits_for
WHERE o.state = 'queued' AND o.n > ? AND (o.next_ms <= ? OR o.next_ms > ?) AND o.realm = ?
ORDER BY o.n LIMIT ?
"""
_IN_FLIGHT = (
    "UPDATE sync_outbox SET state = 'in_flight', batch = ?, attempts = attempts + 1 "
    "WHERE n IN (SELECT value FROM json_each(?))"
)
_SETTLE = (
    "UPDATE sync_outbox SET state = ?, result = ?, code = ?, text = ?, with_ids = ?, settled_ms = ?, next_ms = ?, "
    "alone = 0 WHERE n IN (SELECT value FROM json_each(?)) AND state IN ('in_flight', 'unsure') RETURNING n"
)
"""Both for many rows at once: a statement for each of them takes twice the time."""
_OTHERS_OF_RECEIPT = """
SELECT count(*) FROM sync_outbox o INDEXED BY sync_outbox_open, sync_outbox c
WHERE c.n = ? AND o.receipt = c.receipt AND o.realm = c.realm AND o.state IN ('queued', 'in_flight', 'unsure')
    AND (o.n < c.n OR o.kind NOT IN ('close', 'reversal'))
"""

_LEFT = (
    "SELECT 1 FROM sync_outbox INDEXED BY sync_outbox_open WHERE state IN ('queued', 'in_flight', 'unsure') "
    "AND (state <> 'unsure' OR ?) AND (realm = ? OR ? IS NULL) LIMIT 1"
)
_REPORT = (
    "UPDATE sync_outbox SET reported = 1 WHERE n IN (SELECT n FROM sync_outbox INDEXED BY sync_outbox_unreported "
    "WHERE reported = 0 AND state IN ('accepted', 'refused') LIMIT 500) RETURNING state"
)
"""So many at once: a scan waits for one such transaction, and SQLite keeps what it changes in memory."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are now in flight, under a number of their own."""

    number: int
    rows: tuple[Sent, ...]
    bodies: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch, or None; `after` is the place to look on from when a whole chunk was blocked, None at the end.

    `more`: another batch can follow at once.
    """

    batch: Batch | None
    after: int | None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is left: counts, whether this realm is empty, and when the next waiting row is due (epoch ms)."""

    counts: Counts
    empty: bool
    due_ms: int | None


class Traces(Protocol):
    """What is kept of one call (`listener.Heard`)."""

    @property
    def request(self) -> bytes: ...

    @property
    def status(self) -> int | None: ...

    @property
    def reply(self) -> bytes | None: ...

    @property
    def fragment(self) -> str | None: ...


class Dispatch:
    """Moves rows of the outbox between their states, and logs attempts that did not simply succeed."""

    def __init__(self, database: Database, *, hold_after: int) -> None:
        self._database = database
        self._outbox = Outbox(database)
        self._log = AttemptLog(database)
        self._hold_after = hold_after

    def recover(self) -> int:
        """Rows that a killed process left in flight become unsure; how many."""
        self._log.killed()
        return self._database.execute_sql(
            "UPDATE sync_outbox INDEXED BY sync_outbox_doubt SET state = 'unsure' "
            "WHERE state IN ('in_flight', 'unsure') AND state = 'in_flight'"
        ).rowcount

    def take(self, realm: str, now_ms: int, *, after: int, max_items: int, max_bytes: int) -> Taken:
        """Mark the next batch as in flight, before any byte of it leaves."""
        chunk = max_items + ROOM_FOR_BLOCKED
        found = self._database.execute_sql(_TAKE, (after, now_ms, now_ms + SANE_WAIT_MS, realm, chunk)).fetchall()
        candidates = self._readable(found)
        planned: Plan = plan(candidates, max_items=max_items, max_bytes=max_bytes)
        for stranded in planned.stranded:
            self._database.execute_sql(
                "UPDATE sync_outbox SET state = 'held', code = 'waits_for_held' WHERE n = ?", (stranded.row.n,)
            )
        if not planned.chosen:
            return Taken(None, whole(found[-1][0]) if len(found) == chunk else None)
        bodies = tuple(candidate.body for candidate in planned.chosen)
        number = self._database.execute_sql(
            "INSERT INTO sync_batch (realm, items, bytes, sent_ms, first_n, last_n) VALUES (?, ?, ?, ?, ?, ?)",
            (realm, len(bodies), sum(map(len, bodies)), now_ms, planned.chosen[0].row.n, planned.chosen[-1].row.n),
        ).lastrowid
        rows = tuple(_once_more(candidate.row) for candidate in planned.chosen)
        self._database.execute_sql(_IN_FLIGHT, (number, json.dumps([row.n for row in rows])))
        return Taken(Batch(whole(number), rows, bodies), None, planned.more or len(found) == chunk)

    def unsure(self, realm: str, *, after: int, limit: int) -> tuple[Sent, ...]:
        """Rows to ask for, in order of creation."""
        found = self._database.execute_sql(
            "SELECT n, id, receipt, kind, attempts FROM sync_outbox INDEXED BY sync_outbox_doubt "
            "WHERE state IN ('in_flight', 'unsure') AND state = 'unsure' AND n > ? AND realm = ? ORDER BY n LIMIT ?",
            (after, realm, limit),
        ).fetchall()
        return tuple(_sent(values) for values in found)

    def settle(
        self, verdicts: Sequence[Verdict], now_ms: int, delay_ms: Callable[[int], int], batch: int | None = None
    ) -> tuple[Settled, ...]:
        """Record answers; returns them as they were recorded (a close may have become held), without those to rows
        that were decided meanwhile.

        `batch`: where they came from. `delay_ms` gives the back-off after so many attempts.
        """
        moved: set[object] = set()
        for values, rows in _alike(verdicts, now_ms, delay_ms).items():
            found = self._database.execute_sql(_SETTLE, (*values, json.dumps(rows))).fetchall()
            moved.update(n for (n,) in found)
        verdicts = [verdict for verdict in verdicts if verdict.row.n in moved]
        if batch is not None:
            self._log.put([_attempt(verdict, batch) for verdict in verdicts if verdict.word != "accepted"])
        return tuple(self._hold_if_hopeless(verdict) for verdict in verdicts)

    def told(self, realm: str, rows: Sequence[Sent], verdicts: Sequence[Verdict], now_ms: int) -> None:
        """Log what a question about these rows brought."""
        batch = self._log.question(realm, [row.n for row in rows], now_ms, "answered")
        self._log.put([_attempt(verdict, batch) for verdict in verdicts])

    def not_told(self, realm: str, rows: Sequence[Sent], now_ms: int, outcome: str, *, hopeless: bool) -> None:
        """A question about these rows failed. `hopeless`: nobody can be asked, they wait for a person's word."""
        batch = self._log.question(realm, [row.n for row in rows], now_ms, outcome)
        self._log.put([(row.n, batch, NO_ANSWER, outcome, None) for row in rows])
        if hopeless:
            self.leave_to_people(realm)

    def leave_to_people(self, realm: str) -> None:
        """Nobody can be asked: what is unsure waits for a person's word."""
        self._database.execute_sql(
            "UPDATE sync_outbox INDEXED BY sync_outbox_doubt SET code = 'ask_unavailable' "
            "WHERE state IN ('in_flight', 'unsure') AND state = 'unsure' AND realm = ? "
            "AND coalesce(code, '') <> 'ask_unavailable'",
            (realm,),
        )

    def doubt(self, rows: Sequence[Sent], batch: int, outcome: str) -> None:
        """Nobody knows whether these arrived: they become unsure."""
        self._log.put([(row.n, batch, NO_ANSWER, outcome, None) for row in rows])
        self._move(rows, "unsure")

    def requeue(self, rows: Sequence[Sent], batch: int, outcome: str) -> None:
        """These took no effect: they go back to the queue as they were."""
        self._log.put([(row.n, batch, PUT_BACK, outcome, None) for row in rows])
        self._move(rows, "queued")

    def give_back(self, batch: Batch) -> None:
        """A batch of which no byte left: as if it had never been taken."""
        self._database.cursor().executemany(
            "UPDATE sync_outbox SET state = 'queued', batch = NULL, attempts = attempts - 1 "
            "WHERE n = ? AND batch = ? AND state = 'in_flight'",
            [(row.n, batch.number) for row in batch.rows],
        )
        self._database.execute_sql("DELETE FROM sync_batch WHERE number = ?", (batch.number,))

    def suspect(self, row: Sent) -> int:
        """A call with this row alone was refused as a whole; how often that has happened."""
        found = self._database.execute_sql(
            "UPDATE sync_outbox SET alone = alone + 1 WHERE n = ? RETURNING alone", (row.n,)
        ).fetchall()
        return whole(found[0][0])

    def postpone(self, row: Sent, until_ms: int, batch: int, outcome: str) -> None:
        """Back to the queue, though not before `until_ms`."""
        self._log.put([(row.n, batch, PUT_BACK, outcome, None)])
        self._database.execute_sql(
            "UPDATE sync_outbox SET state = 'queued', next_ms = ? WHERE n = ? AND state = 'in_flight'",
            (until_ms, row.n),
        )

    def close_batch(self, batch: Batch, now_ms: int, outcome: str, heard: Traces) -> None:
        """Write down how a request ended: `answered` or a code of `errors.CODES`, and its traces."""
        fragment = None if outcome == "answered" else heard.fragment
        self._database.execute_sql(
            "UPDATE sync_batch SET answered_ms = ?, outcome = ?, status = ?, request = ?, reply = ?, fragment = ? "
            "WHERE number = ?",
            (now_ms, outcome, heard.status, heard.request, heard.reply, fragment, batch.number),
        )

    def outlook(self, realm: str | None, now_ms: int, *, can_ask: bool) -> Outlook:
        """What is left to do for a realm (all realms while it is not known)."""
        left = self._database.execute_sql(_LEFT, (can_ask, realm, realm)).fetchall()
        due = self._database.execute_sql(
            "SELECT min(next_ms) FROM sync_outbox INDEXED BY sync_outbox_queue "
            "WHERE state = 'queued' AND next_ms > ? AND next_ms <= ?",
            (now_ms, now_ms + SANE_WAIT_MS),
        ).fetchall()[0][0]
        return Outlook(self._outbox.counts(), not left, None if due is None else whole(due))

    def counts(self) -> Counts:
        """How many items stand in each state."""
        return self._outbox.counts()

    def report(self) -> tuple[int, int]:
        """(accepted, refused) of some hundreds settled since the last report, marked as reported; (0, 0) at the end."""
        states = [state for (state,) in self._database.execute_sql(_REPORT).fetchall()]
        return states.count("accepted"), states.count("refused")

    def _readable(self, found: Sequence[tuple[object, ...]]) -> list[Candidate]:
        """A row that cannot be read waits for IT, and nobody else waits for it."""
        candidates = []
        for values in found:
            try:
                candidates.append(_candidate(values))
            except (ValueError, TypeError) as error:
                log.warning("row %s of the outbox cannot be read: %s", values[0], error)
                self._database.execute_sql(
                    "UPDATE sync_outbox SET state = 'held', code = 'body_damaged' WHERE n = ?", (values[0],)
                )
        return candidates

    def _move(self, rows: Sequence[Sent], state: str) -> None:
        self._database.cursor().executemany(
            "UPDATE sync_outbox SET state = ? WHERE n = ? AND state = 'in_flight'", [(state, row.n) for row in rows]
        )

    def _hold_if_hopeless(self, verdict: Verdict) -> Settled:
        settled = verdict.settled
        if (settled.kind, settled.state, settled.code) != ("close", "queued", "receipt_incomplete"):
            return settled
        n = verdict.row.n
        if whole(self._database.execute_sql(_OTHERS_OF_RECEIPT, (n,)).fetchall()[0][0]):
            return settled
        found = self._database.execute_sql(
            "UPDATE sync_outbox SET incomplete = incomplete + 1 WHERE n = ? RETURNING incomplete", (n,)
        ).fetchall()
        if whole(found[0][0]) < self._hold_after:
            return settled
        self._database.execute_sql("UPDATE sync_outbox SET state = 'held', code = 'close_differs' WHERE n = ?", (n,))
        return replace(settled, state="held", code="close_differs")


def _attempt(verdict: Verdict, batch: int) -> tuple[int, int, str, str | None, str | None]:
    return verdict.row.n, batch, verdict.word, verdict.settled.code, verdict.settled.text


def _alike(
    verdicts: Sequence[Verdict], now_ms: int, delay_ms: Callable[[int], int]
) -> dict[tuple[object, ...], list[int]]:
    """What is to be recorded → the rows of which it is."""
    found: dict[tuple[object, ...], list[int]] = {}
    for verdict in verdicts:
        found.setdefault(_settling(verdict, now_ms, delay_ms), []).append(verdict.row.n)
    return found


def _settling(verdict: Verdict, now_ms: int, delay_ms: Callable[[int], int]) -> tuple[object, ...]:
    settled = verdict.settled
    with_ids = json.dumps(settled.with_ids) if settled.with_ids else None
    next_ms, settled_ms = 0, None
    if settled.state != "queued":
        settled_ms = now_ms
    elif settled.code is not None:
        asked_ms = min((verdict.retry_after_s or 0) * 1000, SANE_WAIT_MS)
        next_ms = now_ms + max(asked_ms, delay_ms(verdict.row.attempts))
    state = "refused" if settled.state == "conflict" else settled.state
    unknown = settled.state == "queued" and settled.code is None
    result = None if unknown else "later" if settled.state == "queued" else settled.state
    return (state, result, settled.code, settled.text, with_ids, settled_ms, next_ms)


def _once_more(row: Sent) -> Sent:
    return Sent(row.n, row.id, row.receipt, row.kind, row.attempts + 1)


def _sent(values: Sequence[object]) -> Sent:
    n, item_id, receipt, kind, attempts = values
    return Sent(whole(n), unpacked(item_id), str(receipt), str(kind), whole(attempts))


def _candidate(values: tuple[object, ...]) -> Candidate:
    body, negates, target, earlier_open, alone, waits, seq, created_ms = values[5:]
    if not isinstance(body, bytes):
        raise TypeError("body is not a blob")
    row = _sent(values[:5])
    beside = Beside(row.id, row.receipt, whole(seq), row.kind, whole(created_ms))
    return Candidate(
        row, unpacked_body(body, beside), maybe_unpacked(negates), word(target), whole(earlier_open), whole(alone),
        word(waits),
    )  # fmt: skip
