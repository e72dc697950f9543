"""The upload log (上传日志): every record with its attempts, found by its marks, and what people did about it.

Any thread; reads on the writer's in steps of a few milliseconds, so that neither a scan nor the window waits for six
hundred thousand rows. A page that is not full may have a next one: whoever wants more asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar, cast

import peewee

from app.domain.codes import key_of, read
from app.domain.documents import DeliveryNo, receipt_id
from app.domain.upload_owners import TROUBLED, Owner, codes_of, owner_of
from app.flows.views import UploadFilter, UploadRow
from app.store.catalogue import Catalogue
from app.store.contradictions import Act, ContradictionRows
from app.store.tables import Sql, Value
from sync import Outbox
from sync.item_ids import packed, unpacked
from sync.upload_log import Attempt, AttemptLog

T = TypeVar("T")
STEP = 250  # rows that one look at the file considers
STEPS_AT_ONCE = 40  # of one page: a scan that came meanwhile waits for no more

# The order is that of creation, newest first; each of these finds candidates without reading the others.
_FINDERS = {
    "queued": "SELECT n FROM sync_outbox INDEXED BY sync_outbox_queue WHERE state = 'queued' AND n < ?",
    "in_flight": "SELECT n FROM sync_outbox INDEXED BY sync_outbox_doubt "
    "WHERE state IN ('in_flight', 'unsure') AND state = 'in_flight' AND n < ?",
    "unsure": "SELECT n FROM sync_outbox INDEXED BY sync_outbox_doubt "
    "WHERE state IN ('in_flight', 'unsure') AND state = 'unsure' AND n < ?",
    "refused": "SELECT n FROM sync_outbox INDEXED BY sync_outbox_trouble "
    "WHERE state IN ('refused', 'held') AND state = 'refused' AND n < ?",
    "held": "SELECT n FROM sync_outbox INDEXED BY sync_outbox_trouble "
    "WHERE state IN ('refused', 'held') AND state = 'held' AND n < ?",
}
_NEWEST = " ORDER BY n DESC LIMIT ?"
_ANY = "SELECT n FROM sync_outbox WHERE n < ?"
_OF_RECEIPT = "SELECT n FROM sync_outbox INDEXED BY sync_outbox_receipt WHERE receipt = ? AND n < ?"
_OF_BATCH = "SELECT n FROM sync_outbox WHERE n BETWEEN ? AND ? AND n < ?"
# The code itself, and the pieces of a batch that are named after it (`domain.packages.piece_of`).
_OF_CODE = """
SELECT o.n FROM entries e INDEXED BY entries_by_code JOIN sync_outbox o ON o.id = e.id
WHERE e.code >= ?1 AND e.code < ?1 || '$' AND (e.code = ?1 OR e.code > ?1 || '#') AND o.n < ?2
"""
_ROWS = """
SELECT o.n, o.id, o.receipt, o.seq, o.kind, o.state, o.result, o.code, o.text, o.attempts, o.created_ms, o.settled_ms,
    coalesce(e.payload, e.code), e.operator
FROM json_each(?) j CROSS JOIN sync_outbox o ON o.n = j.value
    LEFT JOIN entries e ON e.receipt = o.receipt AND e.seq = o.seq
"""
_LATEST = 2**62


@dataclass(frozen=True, slots=True)
class LogPage:
    """Rows newest first; `next` is the `before` of what may follow, None at the end."""

    rows: tuple[UploadRow, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the other side shows of the code, as this device last heard it."""

    state: str | None
    device: str | None
    at_ms: int | None
    replica_ms: int | None


@dataclass(frozen=True, slots=True)
class UploadStory:
    """One record in full."""

    row: UploadRow
    attempts: tuple[Attempt, ...]
    acts: tuple[Act, ...]
    evidence: Evidence


class Run(Protocol):
    """Runs a job on the thread that owns the connection."""

    def __call__(self, job: Callable[[], T]) -> T: ...


class UploadSearch:
    """Finds records and tells their stories."""

    def __init__(self, database: peewee.SqliteDatabase, catalogue: Catalogue, outbox: Outbox, run: Run) -> None:
        self._run = run
        self._catalogue = catalogue
        self._outbox = outbox
        self._sql = Sql(database)
        self._attempts = AttemptLog(database)
        self._people = ContradictionRows(database)

    def page(self, wanted: UploadFilter, limit: int = 200, before: int | None = None) -> LogPage:
        """At most `limit` rows older than `before`; fewer where a long search was cut: ask on with `next`."""
        rows: list[UploadRow] = []
        place: int | None = _LATEST if before is None else before
        for _ in range(STEPS_AT_ONCE):
            if place is None or len(rows) >= limit:
                break
            job = partial(self._step, wanted, place)
            found, place = self._run(job)
            rows += found
        if len(rows) > limit:
            rows, place = rows[:limit], rows[limit - 1].n
        return LogPage(tuple(rows), place)

    def every(self, wanted: UploadFilter) -> Iterator[UploadRow]:
        """All rows, page by page."""
        place: int | None = None
        while True:
            page = self.page(wanted, STEP, place)
            yield from page.rows
            if page.next is None:
                return
            place = page.next

    def story(self, item: str) -> UploadStory | None:
        """Everything about one record; None if there is none."""
        return self._run(lambda: self._story(item))

    def owners(self) -> dict[str, int]:
        """Owner → records that wait for this owner."""
        found = self._run(self._attempts.troubles)
        counts = dict.fromkeys((owner.value for owner in Owner if owner is not Owner.NOBODY), 0)
        for state, code, rows in found:
            owner = owner_of(state, code)
            if owner is not Owner.NOBODY:
                counts[owner.value] += rows
        return counts

    def _step(self, wanted: UploadFilter, before: int) -> tuple[list[UploadRow], int | None]:
        candidates = self._candidates(wanted, before)
        conditions, values = _conditions(wanted)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._sql.all(f"{_ROWS}{where} ORDER BY o.n DESC", json.dumps(candidates), *values)
        return [_row(row) for row in rows], candidates[-1] if len(candidates) >= STEP else None

    def _candidates(self, wanted: UploadFilter, before: int) -> list[int]:
        states = wanted.states or (TROUBLED if wanted.owner else ())
        if wanted.code:
            key = key_of(read(wanted.code, self._catalogue.patterns())) or wanted.code
            return self._numbers(_OF_CODE, key, before)
        if wanted.batch is not None:
            place = self._sql.one("SELECT first_n, last_n FROM sync_batch WHERE number = ?", wanted.batch)
            return self._numbers(_OF_BATCH, *place, before) if place is not None else []
        if wanted.delivery:
            return self._numbers(_OF_RECEIPT, receipt_id(DeliveryNo(wanted.delivery)), before)
        if states and set(states) <= set(_FINDERS):
            found = {n for state in states for n in self._numbers(_FINDERS[state], before)}
            return sorted(found, reverse=True)[:STEP]
        return self._numbers(_ANY, before)

    def _numbers(self, statement: str, *values: Value) -> list[int]:
        return [cast("int", row[0]) for row in self._sql.all(statement + _NEWEST, *values, STEP)]

    def _story(self, item: str) -> UploadStory | None:
        found = self._sql.one("SELECT n FROM sync_outbox WHERE id = ?", packed(item))
        if found is None:
            return None
        n = cast("int", found[0])
        row = _row(self._sql.all(_ROWS, json.dumps([n]))[0])
        acts = tuple(replace(act, operator=self._name(act.operator)) for act in self._people.acts(item=n))
        named = replace(row, operator=self._name(row.operator))
        return UploadStory(named, self._attempts.of(n), acts, self._evidence(row))

    def _name(self, operator: str) -> str:
        found = self._sql.one("SELECT name FROM operators WHERE id = ?", operator)
        return f"{cast('str', found[0])} {operator}" if found else operator

    def _evidence(self, row: UploadRow) -> Evidence:
        site = self._catalogue.site()
        replica_ms = self._outbox.fetched_ms(site.realm) if site else None
        key = key_of(read(row.payload, self._catalogue.patterns())) if row.payload else None
        found = key and self._sql.one("SELECT state, device, at_ms FROM known_codes WHERE code = ?", key)
        state, device, at_ms = cast("tuple[str, str, int | None]", tuple(found)) if found else (None, None, None)
        return Evidence(state, device, at_ms, replica_ms)


def _conditions(wanted: UploadFilter) -> tuple[list[str], list[Value]]:
    conditions: list[str] = []
    values: list[Value] = []
    for condition, value in (
        ("o.created_ms >= ?", wanted.since_ms),
        ("o.created_ms <= ?", wanted.until_ms),
        ("o.code = ?", wanted.reason or None),
        ("e.operator = ?", wanted.operator or None),
        ("o.receipt = ?", receipt_id(DeliveryNo(wanted.delivery)) if wanted.delivery else None),
        (
            "(o.batch = ? OR EXISTS (SELECT 1 FROM sync_attempt a WHERE a.n = o.n AND a.batch = ?))",
            wanted.batch,
        ),
    ):
        if value is not None:
            conditions.append(condition)
            values += [value] * condition.count("?")
    if wanted.states:
        conditions.append("o.state IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(wanted.states))
    if wanted.owner:
        condition, codes = _of_owner(Owner(wanted.owner))
        conditions.append(condition)
        values.append(codes)
    return conditions, values


def _of_owner(owner: Owner) -> tuple[str, Value]:
    """IT has what nobody else has, also reasons that this version does not know."""
    if owner is Owner.IT:
        others = sorted({code for each in Owner if each not in (Owner.IT, Owner.NOBODY) for code in codes_of(each)})
        condition = (
            "(o.state IN ('refused', 'held') OR (o.state = 'unsure' AND o.code = 'ask_unavailable')) "
            "AND coalesce(o.code, '') NOT IN (SELECT value FROM json_each(?))"
        )
        return condition, json.dumps(others)
    condition = "o.state IN ('refused', 'held') AND o.code IN (SELECT value FROM json_each(?))"
    return condition, json.dumps(sorted(codes_of(owner)))


def _row(values: Sequence[Value]) -> UploadRow:
    n, item, receipt, seq, kind, state, result, code, text, attempts, created, settled, payload, operator = values
    return UploadRow(
        unpacked(item), str(receipt), cast("int", seq), str(kind), str(state), cast("str | None", code),
        cast("str | None", text), cast("str | None", payload), cast("int", attempts), cast("int", created),
        cast("int", n), owner_of(str(state), cast("str | None", code)).value, str(operator or ""),
        cast("int | None", settled), cast("str | None", result),
    )  # fmt: skip
