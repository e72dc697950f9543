"""The log of attempts: what was sent when, with what fingerprint, and what came back. Writer thread only.

A batch has one row with times, status and fingerprints. The last attempt of an item is told by the item's own row and
its batch, so a first attempt that is simply accepted costs nothing here; only what ended otherwise has a row of its
own. Rows of items that still have a way to go are never swept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync.ports import Database

TEXT_MOST = 300
NO_ANSWER, KILLED, PUT_BACK = "no_answer", "killed", "put_back"
"""Ways for an attempt to end without an answer: nobody knows; the program was killed; it cannot have taken effect."""

_TROUBLE = "('refused', 'unsure', 'held')"
_OPEN = "('queued', 'in_flight', 'unsure', 'held', 'refused')"
STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE sync_batch ADD COLUMN endpoint TEXT NOT NULL DEFAULT 'items'",
    "ALTER TABLE sync_batch ADD COLUMN first_n INTEGER",
    "ALTER TABLE sync_batch ADD COLUMN last_n INTEGER",
    "ALTER TABLE sync_batch ADD COLUMN status INTEGER",
    "ALTER TABLE sync_batch ADD COLUMN request BLOB",
    "ALTER TABLE sync_batch ADD COLUMN reply BLOB",
    "ALTER TABLE sync_batch ADD COLUMN fragment TEXT",
    "ALTER TABLE sync_batch ADD COLUMN times INTEGER NOT NULL DEFAULT 1",
    """CREATE TABLE sync_answer (
        id INTEGER PRIMARY KEY, word TEXT NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL,
        UNIQUE (word, code, text))""",
    """CREATE TABLE sync_attempt (
        n INTEGER NOT NULL, batch INTEGER NOT NULL, answer INTEGER NOT NULL, PRIMARY KEY (n, batch)) WITHOUT ROWID""",
    "CREATE INDEX sync_outbox_trouble ON sync_outbox (state, n) WHERE state IN ('refused', 'held')",
    """CREATE TABLE sync_trouble (
        state TEXT NOT NULL, code TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (state, code)) WITHOUT ROWID""",
    f"""INSERT INTO sync_trouble SELECT state, coalesce(code, ''), count(*) FROM sync_outbox
        WHERE state IN {_TROUBLE} GROUP BY state, coalesce(code, '')""",  # noqa: S608 - words of our own
    f"""CREATE TRIGGER sync_trouble_moves AFTER UPDATE OF state, code ON sync_outbox
        WHEN OLD.state IN {_TROUBLE} OR NEW.state IN {_TROUBLE}
    BEGIN
        UPDATE sync_trouble SET rows = rows - 1 WHERE state = OLD.state AND code = coalesce(OLD.code, '');
        INSERT INTO sync_trouble SELECT NEW.state, coalesce(NEW.code, ''), 1 WHERE NEW.state IN {_TROUBLE}
            ON CONFLICT (state, code) DO UPDATE SET rows = rows + 1;
    END""",  # noqa: S608
    f"""CREATE TRIGGER sync_trouble_drops AFTER DELETE ON sync_outbox WHEN OLD.state IN {_TROUBLE}
    BEGIN
        UPDATE sync_trouble SET rows = rows - 1 WHERE state = OLD.state AND code = coalesce(OLD.code, '');
    END""",  # noqa: S608
)
"""Of schema version 3."""

_ATTEMPTS = """
SELECT a.batch, w.word, w.code, w.text, b.endpoint, b.sent_ms, b.answered_ms, b.status, b.request, b.reply, b.outcome,
    b.items, b.fragment, b.times
FROM sync_attempt a JOIN sync_answer w ON w.id = a.answer LEFT JOIN sync_batch b ON b.number = a.batch
WHERE a.n = ? ORDER BY a.batch
"""
_LAST = """
SELECT o.batch, CASE WHEN o.state IN ('queued', 'in_flight', 'unsure') THEN o.state ELSE coalesce(o.result, '') END,
    coalesce(o.code, ''), coalesce(o.text, ''), b.endpoint, b.sent_ms, b.answered_ms, b.status, b.request, b.reply,
    b.outcome, b.items, b.fragment, b.times
FROM sync_outbox o LEFT JOIN sync_batch b ON b.number = o.batch
WHERE o.n = ? AND o.batch IS NOT NULL AND o.state IN ('in_flight', 'accepted', 'refused')
    AND NOT EXISTS (SELECT 1 FROM sync_attempt a WHERE a.n = o.n AND a.batch = o.batch)
"""
_DECIDE = """
UPDATE sync_outbox SET state = ?, result = ?, code = ?, settled_ms = ?, next_ms = 0
WHERE n = ? AND state = 'unsure' AND code = 'ask_unavailable' RETURNING n
"""
_SWEEPABLE = """
SELECT number, first_n, last_n FROM sync_batch
WHERE number > ? AND sent_ms < ? AND first_n IS NOT NULL AND number < (SELECT max(number) FROM sync_batch)
ORDER BY number LIMIT 1
"""
"""Not the last one: its number would be given again. Not those from before this log: they name no records."""
_SWEEP = f"""
DELETE FROM sync_attempt WHERE n BETWEEN ?2 AND ?3 AND batch = ?1
    AND NOT EXISTS (SELECT 1 FROM sync_outbox o WHERE o.n = sync_attempt.n AND o.state IN {_OPEN})
"""  # noqa: S608
_SWEEP_BATCH = f"""
DELETE FROM sync_batch WHERE number = ?1
    AND NOT EXISTS (SELECT 1 FROM sync_attempt a WHERE a.n BETWEEN ?2 AND ?3 AND a.batch = ?1)
    AND NOT EXISTS (
        SELECT 1 FROM sync_outbox o WHERE o.n BETWEEN ?2 AND ?3 AND o.batch = ?1 AND o.state IN {_OPEN})
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send an item, or one question about it. What of the batch is None was swept, or never came.

    `word`: the answer's own (accepted, duplicate, conflict, refused, later, unknown), NO_ANSWER, KILLED, PUT_BACK, or
    in_flight. `times`: how often in a row the same question ended the same way; `answered_ms` is that of the last.
    """

    batch: int
    word: str
    code: str
    text: str
    endpoint: str | None
    sent_ms: int | None
    answered_ms: int | None
    status: int | None
    request: str
    reply: str
    outcome: str | None
    items: int | None
    fragment: str | None
    times: int


class AttemptLog:
    """Writes and reads the log, inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answers: dict[tuple[str, str, str], int] = {}

    def put(self, rows: Sequence[tuple[int, int, str, str | None, str | None]]) -> None:
        """(n, batch, word, code, text) of attempts that did not simply succeed; the last word on an attempt holds."""
        self._database.cursor().executemany(
            "INSERT OR REPLACE INTO sync_attempt (n, batch, answer) VALUES (?, ?, ?)",
            [
                (n, batch, self._answer(word, code or "", (text or "")[:TEXT_MOST]))
                for n, batch, word, code, text in rows
            ],
        )

    def killed(self) -> None:
        """What a killed process left in flight has been tried."""
        self._database.execute_sql(
            "INSERT OR IGNORE INTO sync_attempt (n, batch, answer) SELECT n, batch, ? "
            "FROM sync_outbox INDEXED BY sync_outbox_doubt "
            "WHERE state IN ('in_flight', 'unsure') AND state = 'in_flight' AND batch IS NOT NULL",
            (self._answer(KILLED, "", ""),),
        )

    def question(self, realm: str, ns: Sequence[int], now_ms: int, outcome: str) -> int:
        """A question about these items; the same one with the same end in a row is one row. Its batch number."""
        first, last = min(ns), max(ns)
        same = outcome != "answered" and self._database.execute_sql(
            "UPDATE sync_batch SET answered_ms = ?, times = times + 1, items = ?, "
            "first_n = min(first_n, ?), last_n = max(last_n, ?) "
            "WHERE number = (SELECT max(number) FROM sync_batch) AND endpoint = 'ask' AND outcome = ? AND realm = ? "
            "RETURNING number",
            (now_ms, len(ns), first, last, outcome, realm),
        ).fetchall()  # fmt: skip
        if same:
            return _whole(same[0][0])
        return _whole(
            self._database.execute_sql(
                "INSERT INTO sync_batch (realm, items, bytes, sent_ms, answered_ms, outcome, endpoint, first_n, "
                "last_n) VALUES (?, ?, 0, ?, ?, ?, 'ask', ?, ?)",
                (realm, len(ns), now_ms, now_ms, outcome, first, last),
            ).lastrowid
        )

    def of(self, n: int) -> tuple[Attempt, ...]:
        """All attempts of the item in place `n`, oldest first."""
        found = self._database.execute_sql(_ATTEMPTS, (n,)).fetchall()
        found += self._database.execute_sql(_LAST, (n,)).fetchall()
        return tuple(sorted((_attempt(values) for values in found), key=lambda attempt: attempt.batch))

    def troubles(self) -> tuple[tuple[str, str, int], ...]:
        """(state, code, rows) of what is refused, unsure or held, from the tally: no item is read."""
        found = self._database.execute_sql("SELECT state, code, rows FROM sync_trouble WHERE rows > 0").fetchall()
        return tuple((str(state), str(code), _whole(rows)) for state, code, rows in found)

    def decide(self, ns: Sequence[int], now_ms: int, *, arrived: bool) -> tuple[int, ...]:
        """A person's word on items that nobody can be asked for: they arrived, or go again. Returns those moved."""
        state, code, settled_ms = ("accepted", "person_arrived", now_ms) if arrived else ("queued", None, None)
        values = (state, state if arrived else None, code, settled_ms)
        moved = [self._database.execute_sql(_DECIDE, (*values, n)).fetchall() for n in ns]
        return tuple(_whole(found[0][0]) for found in moved if found)

    def sweep(self, before_ms: int) -> Iterator[None]:
        """Forget batches sent before then, one after the other, and what was logged of them. Can be cut anywhere."""
        number = 0
        while found := self._database.execute_sql(_SWEEPABLE, (number, before_ms)).fetchall():
            number, first, last = _whole(found[0][0]), _whole(found[0][1]), _whole(found[0][2])
            self._database.execute_sql(_SWEEP, (number, first, last))
            self._database.execute_sql(_SWEEP_BATCH, (number, first, last))
            yield

    def _answer(self, word: str, code: str, text: str) -> int:
        """The small number of an answer. It is looked up each time anew where a transaction may have been undone."""
        key = (word, code, text)
        if (
            key not in self._answers
            or not self._database.execute_sql(
                "SELECT 1 FROM sync_answer WHERE id = ? AND word = ? AND code = ? AND text = ?",
                (self._answers[key], *key),
            ).fetchall()
        ):
            self._database.execute_sql("INSERT OR IGNORE INTO sync_answer (word, code, text) VALUES (?, ?, ?)", key)
            found = self._database.execute_sql(
                "SELECT id FROM sync_answer WHERE word = ? AND code = ? AND text = ?", key
            ).fetchall()
            if len(self._answers) > 200:
                self._answers.clear()
            self._answers[key] = _whole(found[0][0])
        return self._answers[key]


def _attempt(values: Sequence[object]) -> Attempt:
    batch, word, code, text, endpoint, sent, answered, status, request, reply, outcome, items, fragment, times = values
    return Attempt(
        _whole(batch), str(word), str(code), str(text), _word(endpoint), _number(sent), _number(answered),
        _number(status), _hex(request), _hex(reply), _word(outcome), _number(items), _word(fragment),
        _number(times) or 1,
    )  # fmt: skip


def _hex(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else ""


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> int | None:
    return None if value is None else _whole(value)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"not an integer: {type(value).__name__}")
    return value
