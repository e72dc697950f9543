"""Contradictions and what people did about uploads, as rows. Writer's thread, inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import peewee

from app.store.tables import Sql
from sync.item_ids import unpacked

_COLUMNS = (
    "id, at_ms, kind, code, receipt, seq, operator, made_ms, other_item, other_receipt, other_device, other_operator, "
    "other_ms, asked_ms, answer, answered_ms, answered_by"
)
_ADD = (
    "INSERT OR IGNORE INTO contradictions (at_ms, kind, code, receipt, seq, operator, made_ms, other_item, "
    "other_receipt, other_device, other_operator, other_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_TELL = (
    "UPDATE contradictions SET other_receipt = ?, other_device = ?, other_operator = coalesce(?, other_operator), "
    "other_ms = coalesce(?, other_ms) WHERE answer IS NULL AND other_device IS NULL AND (other_item = ? OR "
    "(code = ? AND kind <> 'different_children'))"
)
_HELD = """
SELECT h.pack, h.receipt, h.seq, e.at_ms, e.operator, e.code, o.state, e.id
FROM json_each(?) j CROSS JOIN holds h ON h.pack = j.value AND h.seq > 0
    JOIN entries e ON e.receipt = h.receipt AND e.seq = h.seq AND e.in_force = 1
    LEFT JOIN sync_outbox o ON o.id = e.id
"""

_SUSPENDED = "contradicted "  # keys of `meta`; behind it stand receipt and seq
_SUSPENDED_END = "contradicted!"


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of the other side; None: nobody has told yet."""

    item: str | None = None
    receipt: str | None = None
    device: str | None = None
    operator: str | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One as it stands. `made_ms`: when the scan was made here."""

    id: int
    at_ms: int
    kind: str
    code: str | None
    receipt: str
    seq: int
    operator: str
    made_ms: int | None
    other: Side
    asked_ms: int | None
    answer: str | None
    answered_ms: int | None
    answered_by: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A scan of this device that stands for a pack."""

    pack: str
    receipt: str
    seq: int
    at_ms: int
    operator: str
    code: str | None
    upload: str | None  # state of its item
    item: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the feed said last of a code."""

    item: str | None
    receipt: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Suspended:
    """What would contradict a scan of ours, if the hospital has it."""

    receipt: str
    seq: int
    code: str
    kind: str
    other: Side


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what, and the reason or words that went with it."""

    at_ms: int
    operator: str
    act: str
    note: str | None


class ContradictionRows:
    """Reads and writes."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._sql = Sql(database)

    def add(
        self, at_ms: int, kind: str, code: str | None, place: tuple[str, int], who: str, made_ms: int | None,
        other: Side,
    ) -> bool:  # fmt: skip
        """False if this was told already. `place`: receipt and seq of the scan."""
        values = (at_ms, kind, code, *place, who, made_ms)
        return self._sql.run(
            _ADD, *values, other.item, other.receipt, other.device, other.operator, other.at_ms
        ) == 1  # fmt: skip

    def wants_other_side(self) -> bool:
        """True if somebody's other side is not known yet."""
        return self._sql.one(
            "SELECT 1 FROM contradictions WHERE answer IS NULL AND other_device IS NULL AND seq > 0 LIMIT 1"
        ) is not None  # fmt: skip

    def tell_other_side(self, code: str, other: Side) -> None:
        """The feed names who holds a code."""
        self._sql.run(_TELL, other.receipt, other.device, other.operator, other.at_ms, other.item, code)

    def known(self, code: str) -> Side:
        """What the feed said of a code so far; of a carton, of one of its packs."""
        found = self._sql.one("SELECT item, receipt, device, at_ms FROM known_codes WHERE code = ?", code)
        if found is None:
            found = self._sql.one(
                "WITH RECURSIVE inside (code, depth) AS (SELECT ?, 0 UNION SELECT p.code, depth + 1 "
                "FROM inside i CROSS JOIN packages p ON p.parent = i.code WHERE depth < 3 LIMIT 500) "
                "SELECT k.item, k.receipt, k.device, k.at_ms FROM inside i CROSS JOIN known_codes k ON k.code = i.code "
                "LIMIT 1",
                code,
            )
        if found is None:
            return Side()
        item, receipt, device, at_ms = cast("tuple[str | None, str, str, int | None]", tuple(found))
        return Side(item, receipt, device, None, at_ms)

    def held(self, packs: Sequence[str]) -> tuple[Held, ...]:
        """Scans in force of this device that stand for these packs."""
        rows = self._sql.all(_HELD, json.dumps(list(packs)))
        return tuple(Held(*row[:-1], unpacked(row[-1])) for row in rows)  # type: ignore[arg-type, call-arg]

    def told(self, code: str) -> Told | None:
        found = self._sql.one("SELECT item, receipt, outcome FROM known_codes WHERE code = ?", code)
        return None if found is None else Told(*found)  # type: ignore[arg-type]

    def suspend(self, held: Held, code: str, other: Side, kind: str) -> None:
        """Keep what would contradict a scan, until it is known whether the hospital has that scan."""
        value = json.dumps([code, kind, other.item, other.receipt, other.device, other.operator, other.at_ms])
        key = f"{_SUSPENDED}{held.receipt} {held.seq}"
        self._sql.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value)

    def suspended(self) -> tuple[Suspended, ...]:
        rows = self._sql.all("SELECT key, value FROM meta WHERE key > ? AND key < ?", _SUSPENDED, _SUSPENDED_END)
        return tuple(_suspended(str(key), json.loads(str(value))) for key, value in rows)

    def resume(self, one: Suspended) -> None:
        """It is suspended no more."""
        self._sql.run("DELETE FROM meta WHERE key = ?", f"{_SUSPENDED}{one.receipt} {one.seq}")

    def under_way(self, receipt: str) -> tuple[str, int] | None:
        """Of a receipt that is open here: who scanned last, and how many items have not been answered."""
        found = self._sql.one(
            "SELECT coalesce((SELECT operator FROM entries WHERE receipt = r.id ORDER BY seq DESC LIMIT 1), "
            "r.opened_by), (SELECT count(*) FROM sync_outbox INDEXED BY sync_outbox_open "
            "WHERE receipt = r.id AND state IN ('queued', 'in_flight', 'unsure')) "
            "FROM receipts r WHERE r.id = ? AND r.state = 'open'",
            receipt,
        )
        return None if found is None else cast("tuple[str, int]", tuple(found))

    def get(self, number: int) -> Contradiction | None:
        found = self._sql.all(f"SELECT {_COLUMNS} FROM contradictions WHERE id = ?", number)  # noqa: S608
        return _contradiction(found[0]) if found else None

    def listed(self, operator: str | None, *, open_only: bool, limit: int) -> tuple[Contradiction, ...]:
        """Newest first, open ones before those with an answer; with `operator` only that person's."""
        rows = self._sql.all(
            f"SELECT {_COLUMNS} FROM contradictions WHERE (?1 IS NULL OR operator = ?1) "  # noqa: S608
            "AND (answer IS NULL OR NOT ?2) ORDER BY answer IS NOT NULL, id DESC LIMIT ?3",
            operator,
            int(open_only),
            limit,
        )
        return tuple(_contradiction(row) for row in rows)

    def count_open(self, operator: str | None) -> int:
        found = self._sql.one(
            "SELECT count(*) FROM contradictions INDEXED BY contradictions_open "
            "WHERE answer IS NULL AND (?1 IS NULL OR operator = ?1)",
            operator,
        )
        return 0 if found is None else cast("int", found[0])

    def answer(self, number: int, answer: str, *, by: str, at_ms: int) -> bool:
        """What a person made of it; False if somebody had answered already."""
        return self._sql.run(
            "UPDATE contradictions SET answer = ?, answered_ms = ?, answered_by = ? WHERE id = ? AND answer IS NULL",
            answer, at_ms, by, number,
        ) == 1  # fmt: skip

    def asked(self, number: int, at_ms: int) -> None:
        self._sql.run("UPDATE contradictions SET asked_ms = ? WHERE id = ?", at_ms, number)

    def act(self, act: Act, *, item: int | None = None, contradiction: int | None = None) -> None:
        """Write down who did what."""
        self._sql.run(
            "INSERT INTO upload_acts (at_ms, operator, act, item, contradiction, note) VALUES (?, ?, ?, ?, ?, ?)",
            act.at_ms, act.operator, act.act, item, contradiction, act.note,
        )  # fmt: skip

    def acts(self, *, item: int | None = None, contradiction: int | None = None) -> tuple[Act, ...]:
        """Oldest first."""
        column, value = ("item", item) if item is not None else ("contradiction", contradiction)
        rows = self._sql.all(
            f"SELECT at_ms, operator, act, note FROM upload_acts WHERE {column} = ? ORDER BY id",  # noqa: S608
            value,
        )
        return tuple(Act(*row) for row in rows)  # type: ignore[arg-type]

    def sweep_acts(self, before_ms: int) -> None:
        """Forget what was done to items that arrived long ago."""
        self._sql.run(
            "DELETE FROM upload_acts WHERE at_ms < ? AND contradiction IS NULL AND NOT EXISTS ("
            "SELECT 1 FROM sync_outbox o WHERE o.n = upload_acts.item AND o.state <> 'accepted')",
            before_ms,
        )


def _suspended(key: str, value: Sequence[object]) -> Suspended:
    receipt, _, seq = key.removeprefix(_SUSPENDED).rpartition(" ")
    code, kind, *other = value
    return Suspended(receipt, int(seq), str(code), str(kind), Side(*other))  # type: ignore[arg-type]


def _contradiction(row: Sequence[object]) -> Contradiction:
    head, side, rest = row[:8], row[8:13], row[13:]
    return Contradiction(*head, Side(*side), *rest)  # type: ignore[arg-type,call-arg]
