"""Receipts and their journal: opening, counted scans, outcomes, undo, close, lists. Writer's thread.

Every method that writes expects to run inside the writer's transaction together with the outbox row of the same
event. `entries` is the journal and is never shortened; `holds`, `outcomes` and the counters follow from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import peewee

from app.domain.reasons import SCAN_REASONS, Lists
from app.store.catalogue import DeliveryRow
from app.store.facts import ReceiptKey
from app.store.others import OTHERS, OthersOutcomes, place_of
from app.store.scope import Scope
from app.store.tables import Sql, insert_statement
from sync.item_ids import packed, unpacked

_INSERT_ENTRY = insert_statement("entries")
_INSERT_HOLD = insert_statement("holds", verb="INSERT OR IGNORE")
_INSERT_OUTCOME = insert_statement("outcomes")
_COUNTERS = ("received", "short", "damaged", "rejected", "exempt", "over")
_LIST_OF = {reason: row.shows_in for reason, row in SCAN_REASONS.items() if row.shows_in}
_LISTED = f"""
SELECT reason, coalesce(code, payload, hex(raw)), line, max(seq), count(*) FROM entries
 WHERE receipt = ? AND kind = 'scan' AND (counted = 0 OR in_force = 1)
   AND reason IN ({", ".join(f"'{reason}'" for reason in _LIST_OF)})
 GROUP BY 1, 2 ORDER BY 4 DESC LIMIT ?"""  # noqa: S608 - closed list
ESTIMATED = "estimated"  # the note of a scan that is counted by a ratio
GUESSED_LINE = "line_guessed"  # … whose packs are known, but not their batch, while their drug is on several lines
LEFT_TO_OTHERS = """
SELECT k.code, k.line, k.packs, coalesce(k.via, k.code) FROM entries e CROSS JOIN known_codes k ON k.code = e.code
 WHERE e.receipt = ?1 AND e.seq = ?2 AND k.receipt = e.receipt AND k.state = 'in'
 UNION ALL
SELECT k.code, k.line, k.packs, k.via
  FROM entries e CROSS JOIN known_codes k INDEXED BY known_codes_by_receipt ON k.receipt = e.receipt
 WHERE e.receipt = ?1 AND e.seq = ?2 AND k.via = e.code AND k.code <> e.code AND k.state = 'in'
   AND (e.packs > 1 OR EXISTS (SELECT 1 FROM packages p WHERE p.parent = e.code))"""


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt as it stands."""

    key: ReceiptKey
    state: str  # open, closed
    remote_state: str | None
    held: bool
    next_seq: int
    withdrawn: bool  # the hospital took the delivery back meanwhile


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal, as written."""

    receipt: str
    seq: int
    id: str
    kind: str  # scan, command
    at_ms: int
    operator: str
    scanner: str | None
    reason: str
    payload: str | None = None
    raw: bytes | None = None
    code: str | None = None
    verdict: str | None = None
    counted: bool = False
    line: int | None = None
    packs: int | None = None
    command: str | None = None
    outcome: str | None = None
    negates: int | None = None
    in_force: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Undoable:
    """An entry in force that an undo can take back."""

    seq: int
    id: str
    code: str | None
    outcome: str | None
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A counted scan that rests on a ratio."""

    receipt: str
    seq: int
    id: str
    payload: str
    code: str
    at_ms: int
    operator: str
    scanner: str | None
    packs: int
    line: int | None = None


class Receipts:
    """Reads and writes of receipts."""

    def __init__(self, database: peewee.SqliteDatabase, scope: Scope) -> None:
        self._sql = Sql(database)
        self._scope = scope
        self.others = OthersOutcomes(database, scope, self._recount)

    def find(self, receipt: str) -> ReceiptRow | None:
        row = self._sql.one(
            "SELECT r.delivery, d.manifest, r.state, r.remote_state, r.held, r.next_seq, d.state "
            "FROM receipts r JOIN deliveries d ON d.id = r.delivery WHERE r.id = ?",
            receipt,
        )
        if row is None:
            return None
        delivery, manifest, state, remote_state, held, next_seq, of_delivery = cast(
            "tuple[int, str, str, str, int, int, str]", row
        )
        key = ReceiptKey(receipt, delivery, manifest == "complete")
        return ReceiptRow(key, state, remote_state, bool(held), next_seq, of_delivery == "withdrawn")

    def open(self, receipt: str, delivery: DeliveryRow, *, operator: str, at_ms: int) -> None:
        """Begin a receipt; what other devices already have of it counts from the start."""
        values = (
            receipt, delivery.row, "open", 0, 0, 1, at_ms, operator, None, None, delivery.store_room,
            delivery.invoice_no, delivery.invoice_code, delivery.supplier_licence, int(delivery.gift), None,
        )  # fmt: skip
        self._sql.run(insert_statement("receipts"), *values)
        self.ensure_lines(receipt, delivery.row)
        rows = self._sql.all("SELECT code, line, packs FROM known_codes WHERE receipt = ? AND state = 'in'", receipt)
        for code, line, packs in cast("list[tuple[str, int, int]]", rows):
            self.hold_for_others(receipt, code, line, packs)
        self.others.begin(receipt)

    def ensure_lines(self, receipt: str, delivery: int) -> None:
        """A counter row for every line of the delivery (lines may come later)."""
        self._sql.run(
            "INSERT OR IGNORE INTO receipt_lines "
            "SELECT ?, line, 0, 0, 0, 0, 0, 0 FROM delivery_lines WHERE delivery = ?",
            receipt,
            delivery,
        )

    def add(self, entry: Entry) -> None:
        """Write one line of the journal and move the receipt's next number on."""
        self._sql.run(
            _INSERT_ENTRY, entry.receipt, entry.seq, packed(entry.id), entry.kind, entry.at_ms, entry.operator,
            entry.scanner, entry.payload, entry.raw, entry.code, entry.verdict, entry.reason, int(entry.counted),
            entry.line, entry.packs, entry.command, entry.outcome, entry.negates, int(entry.in_force), None, entry.note,
        )  # fmt: skip
        self._sql.run("UPDATE receipts SET next_seq = ? WHERE id = ?", entry.seq + 1, entry.receipt)

    def hold(self, receipt: str, seq: int, gains: Iterable[tuple[int, int]]) -> None:
        """From now on this scan stands for the packs of the scope; the counters follow for those that come in by it."""
        self._scope.hold(receipt, seq)
        self._count(receipt, ((line, "received", packs) for line, packs in gains))

    def hold_for_others(self, receipt: str, code: str, line: int, packs: int) -> None:
        """Another device of this receipt has the pack."""
        self._scope.of((code,))
        before = self._scope.sums(receipt)
        self._sql.run(_INSERT_HOLD, code, receipt, OTHERS, line, packs)
        self._recount(receipt, before)

    def explains(self, receipt: str, code: str) -> bool:
        """True if the hospital holds this code by a scan of ours: in force, or undone and it has not heard yet."""
        found = self._sql.one(
            "SELECT 1 FROM entries INDEXED BY entries_by_code "
            "WHERE receipt = ? AND code = ? AND counted = 1 AND (in_force = 1 OR remote IS NULL)",
            receipt,
            code,
        )
        return found is not None

    def unheard_undo(self, code: str) -> str | None:
        """The latest item that undid a scan of this code or of a pack in the scope, in any receipt, and that the
        hospital may not know. A new scan of theirs must not overtake it, or the hospital would hold both.
        """
        row = self._sql.one(
            "SELECT u.id FROM entries e INDEXED BY entries_unheard JOIN entries u "
            "ON u.receipt = e.receipt AND u.negates = e.seq AND u.command = 'undo' "
            "WHERE e.counted = 1 AND e.in_force = 0 AND e.remote IS NULL "
            "AND e.code IN (SELECT pack FROM scope UNION ALL SELECT ?) ORDER BY u.id DESC LIMIT 1",
            code,
        )
        return None if row is None else unpacked(row[0])

    def negated_by(self, receipt: str, seq: int) -> int | None:
        """The entry that an undo took back."""
        row = self._sql.one("SELECT negates FROM entries WHERE receipt = ? AND seq = ?", receipt, seq)
        return None if row is None else cast("int | None", row[0])

    def release_for_others(self, receipt: str, code: str) -> None:
        """The other device has it no more."""
        self._scope.of((code,))
        before = self._scope.sums(receipt)
        self._sql.run("DELETE FROM holds WHERE pack = ? AND receipt = ? AND seq = ?", code, receipt, OTHERS)
        self._recount(receipt, before)

    def leave_to_others(self, receipt: str, seq: int) -> None:
        """The hospital did not take this scan: what it told of its packs while the scan stood is others' after all."""
        rows = self._sql.all(LEFT_TO_OTHERS, receipt, seq)
        for code, line, packs, by in cast("list[tuple[str, int, int, str]]", rows):
            if not self.explains(receipt, by):
                self.hold_for_others(receipt, code, line, packs)

    def set_outcome(self, receipt: str, seq: int, outcome: str) -> None:
        """Give the packs of the scope an outcome (damaged, rejected); a later one stands before an earlier one."""
        before = self._scope.sums(receipt)
        self._scope.give(receipt, seq, outcome)
        self._recount(receipt, before)

    def set_quantity(self, receipt: str, seq: int, outcome: str, line: int, count: int) -> None:
        """Give a line a number of packs with an outcome (short, over, exempt); a later one replaces it."""
        self._scope.of((place_of(outcome, line),))
        before = self._scope.sums(receipt)
        self._sql.run(_INSERT_OUTCOME, place_of(outcome, line), receipt, seq, line, outcome, count)
        self._recount(receipt, before)

    def undoable(self, receipt: str, *, seq: int | None = None, code: str | None = None) -> Undoable | None:
        """The latest counted scan or outcome in force; of exactly this code, or this very seq, if asked so."""
        row = self._sql.one(
            "SELECT seq, id, code, outcome, command FROM entries WHERE receipt = ?1 AND in_force = 1 "
            "AND (?2 IS NULL OR seq = ?2) AND (?3 IS NULL OR code = ?3) ORDER BY seq DESC LIMIT 1",
            receipt,
            seq,
            code,
        )
        if row is None:
            return None
        found, item, *rest = row
        return Undoable(cast("int", found), unpacked(item), *cast("tuple[str | None, str | None, str | None]", rest))

    def estimates(self) -> tuple[Estimate, ...]:
        """Counted scans in force of open receipts that rest on a ratio."""
        rows = self._sql.all(
            "SELECT e.receipt, e.seq, e.id, e.payload, e.code, e.at_ms, e.operator, e.scanner, e.packs "
            "FROM entries e INDEXED BY entries_estimated JOIN receipts r ON r.id = e.receipt AND r.state = 'open' "
            "WHERE e.counted = 1 AND e.in_force = 1 AND e.note = 'estimated' ORDER BY e.receipt, e.seq"
        )
        return tuple(Estimate(*row[:2], unpacked(row[2]), *row[3:]) for row in rows)  # type: ignore[arg-type, call-arg]

    def estimated(self, receipt: str) -> dict[int, int]:
        """Line → packs that are counted by a ratio only."""
        rows = self._sql.all(
            "SELECT line, sum(packs) FROM entries INDEXED BY entries_estimated "
            "WHERE receipt = ? AND counted = 1 AND in_force = 1 AND note = 'estimated' GROUP BY line",
            receipt,
        )
        return dict(cast("list[tuple[int, int]]", rows))

    def take_back(self, receipt: str, seq: int, *, remote: str | None = None) -> None:
        """Negate a scan or an outcome: by an undo, or because the hospital did not take it (`remote` says how)."""
        self._scope.of_entry(receipt, seq)
        before = self._scope.sums(receipt)
        self._sql.run("DELETE FROM holds WHERE receipt = ? AND seq = ?", receipt, seq)
        self._sql.run("DELETE FROM outcomes WHERE receipt = ? AND seq = ?", receipt, seq)
        self._sql.run(
            "UPDATE entries SET in_force = 0, remote = coalesce(?, remote) WHERE receipt = ? AND seq = ?",
            remote,
            receipt,
            seq,
        )
        self._recount(receipt, before)

    def move(self, receipt: str, seq: int, line: int) -> None:
        """What a scan holds is on another line than was guessed; the scan itself stays."""
        self._scope.of_entry(receipt, seq)
        before = self._scope.sums(receipt)
        self._sql.run("UPDATE holds SET line = ? WHERE receipt = ? AND seq = ?", line, receipt, seq)
        self._sql.run("UPDATE entries SET line = ?, note = NULL WHERE receipt = ? AND seq = ?", line, receipt, seq)
        self._recount(receipt, before)

    def mark(self, receipt: str, seq: int, *, remote: str) -> None:
        """What the hospital said of an entry that changes no count."""
        self._sql.run("UPDATE entries SET remote = ? WHERE receipt = ? AND seq = ?", remote, receipt, seq)

    def entry_of_item(self, item: str) -> tuple[str, int, bool] | None:
        """(receipt, seq, in force) of the entry that made an outbox item."""
        row = self._sql.one(
            "SELECT e.receipt, e.seq, e.in_force FROM sync_outbox o "
            "CROSS JOIN entries e ON e.receipt = o.receipt AND e.seq = o.seq AND e.id = o.id WHERE o.id = ?",
            packed(item),
        )
        return None if row is None else (str(row[0]), cast("int", row[1]), bool(row[2]))

    def still_held(self, receipt: str, code: str) -> bool:
        """True if the pack stays in although its own scan went."""
        self._scope.of((code,))
        return any(counter == "received" for _, counter in self._scope.sums(receipt))

    def set_flags(self, receipt: str, *, paused: bool | None = None, held: bool | None = None) -> None:
        self._sql.run(
            "UPDATE receipts SET paused = coalesce(?, paused), held = coalesce(?, held) WHERE id = ?",
            paused,
            held,
            receipt,
        )

    def close(self, receipt: str, *, operator: str, at_ms: int) -> None:
        self._sql.run(
            "UPDATE receipts SET state = 'closed', paused = 0, held = 0, closed_ms = ?, closed_by = ? WHERE id = ?",
            at_ms,
            operator,
            receipt,
        )

    def reopen(self, receipt: str) -> None:
        """The hospital did not take the close: somebody has to look at it again."""
        self._sql.run(
            "UPDATE receipts SET state = 'open', paused = 1, closed_ms = NULL, closed_by = NULL WHERE id = ?", receipt
        )

    def close_as(self, receipt: str, seq: int) -> None:
        """Closed by the entry with that seq."""
        self._sql.run(
            "UPDATE receipts SET state = 'closed', paused = 0, held = 0, closed_ms = e.at_ms, closed_by = e.operator "
            "FROM entries e WHERE receipts.id = ?1 AND e.receipt = ?1 AND e.seq = ?2",
            receipt,
            seq,
        )

    def operator_of(self, receipt: str, seq: int) -> str:
        """Who made an entry."""
        row = self._sql.one("SELECT operator FROM entries WHERE receipt = ? AND seq = ?", receipt, seq)
        return "" if row is None else str(row[0])

    def lists(self, receipt: str) -> dict[str, int]:
        """Distinct codes as shot, per list; always every list. `near_expiry` only those in force."""
        rows = self._sql.all(
            "SELECT DISTINCT reason, coalesce(code, payload, raw) FROM entries "
            "WHERE receipt = ? AND kind = 'scan' AND (counted = 0 OR in_force = 1)",
            receipt,
        )
        found = {(_LIST_OF[str(reason)], code) for reason, code in rows if reason in _LIST_OF}
        counts = Counter(name for name, _ in found)
        return {str(name): counts[name] for name in Lists}

    def listed(self, receipt: str, most: int) -> list[tuple[str, str, int | None, int, int]]:
        """(list, code as shot, line, latest seq, how often) of the lists, newest first."""
        rows = self._sql.all(_LISTED, receipt, most)
        found = cast("list[tuple[str, str, int | None, int, int]]", rows)
        return [(str(_LIST_OF[reason]), code, *rest) for reason, code, *rest in found]  # type: ignore[misc]

    def packs_of_others(self, receipt: str) -> int:
        """Packs that another device of this receipt has and that are in."""
        row = self._sql.one(
            "SELECT coalesce(sum(packs), 0) FROM holds h WHERE receipt = ?1 AND seq = ?2 "
            "AND NOT EXISTS (SELECT 1 FROM holds m WHERE m.pack = h.pack AND m.receipt = ?1 AND m.seq > ?2)",
            receipt,
            OTHERS,
        )
        return 0 if row is None else cast("int", row[0])

    def _recount(self, receipt: str, before: Counter[tuple[int, str]]) -> None:
        """Move the counters by what became different about the packs of the scope."""
        after = self._scope.sums(receipt)
        after.subtract(before)
        self._count(receipt, ((line, counter, packs) for (line, counter), packs in after.items()))

    def _count(self, receipt: str, changes: Iterable[tuple[int, str, int]]) -> None:
        sums: Counter[tuple[int, str]] = Counter()
        for line, counter, packs in changes:
            sums[line, counter] += packs
        for (line, counter), packs in sums.items():
            if packs and counter in _COUNTERS:
                self._sql.run(
                    f"UPDATE receipt_lines SET {counter} = {counter} + ? WHERE receipt = ? AND line = ?",  # noqa: S608 - closed list
                    packs,
                    receipt,
                    line,
                )
