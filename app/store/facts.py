"""Gathers all that is known here of one code, seen from one receipt: the input of `domain.receiving.decide`.

Writer's thread, plain statements: a single box costs a handful of look-ups by key, whatever the size of the file or of
the receipt. The index over codes is named, because SQLite would rather read the whole receipt by its primary key.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import peewee

from app.domain.codes import Gs1, Reading, TraceCode, key_of
from app.domain.documents import Drug, DrugId, Line, Pack, PackKey
from app.domain.receiving import CodeFacts
from app.store.catalogue import Catalogue
from app.store.packages import PackageRow, Packages
from app.store.tables import Sql

_LINES = """
SELECT d.line, d.drug, d.batch, d.expiry, d.packs, r.received, r.short, r.damaged, r.rejected, r.exempt, r.over
  FROM delivery_lines d LEFT JOIN receipt_lines r ON r.receipt = ?1 AND r.line = d.line
 WHERE d.delivery = ?2"""
_HOLDS_OF = "SELECT pack, receipt, seq FROM holds WHERE pack IN (SELECT value FROM json_each(?))"
_OUTCOMES_OF = (
    "SELECT pack, outcome FROM outcomes WHERE pack IN (SELECT value FROM json_each(?)) AND receipt = ? ORDER BY seq"
)
_SCANS_OF_PARENT = """
SELECT e.seq, EXISTS (SELECT 1 FROM holds h WHERE h.pack = e.code AND h.receipt = e.receipt AND h.seq = e.seq)
  FROM entries e INDEXED BY entries_by_code WHERE e.code = ? AND e.receipt = ? AND e.counted = 1 AND e.in_force = 1"""
_KNOWN_OF = "SELECT code, receipt, state FROM known_codes WHERE code IN (SELECT value FROM json_each(?))"
_ELSEWHERE = {"in": "received", "dispensed": "dispensed"}


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """What names a receipt inside the store."""

    id: str
    delivery: int
    manifest_complete: bool


class FactsReader:
    """Facts about lines and codes of one receipt."""

    def __init__(self, database: peewee.SqliteDatabase, catalogue: Catalogue, packages: Packages) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._packages = packages

    def lines(self, receipt: ReceiptKey) -> tuple[Line, ...]:
        """Every line of the delivery, with what the receipt has of it."""
        rows = self._sql.all(f"{_LINES} ORDER BY d.line", receipt.id, receipt.delivery)
        return tuple(self._line(receipt, row) for row in rows)

    def line(self, receipt: ReceiptKey, number: int) -> Line | None:
        row = self._sql.one(f"{_LINES} AND d.line = ?3", receipt.id, receipt.delivery, number)
        return None if row is None else self._line(receipt, row)

    def of(self, reading: Reading, receipt: ReceiptKey) -> CodeFacts:
        """The facts behind one reading."""
        key = key_of(reading)
        if key is None:
            return CodeFacts(None)
        manifests = self._packages.of(key)
        mine = next((row for row in manifests if row.delivery == receipt.delivery), None)
        if mine is not None:
            return self._in_manifest(reading, key, mine, receipt)
        return self._by_prefix(reading, key, manifests, receipt)

    def _in_manifest(self, reading: Reading, key: str, package: PackageRow, receipt: ReceiptKey) -> CodeFacts:
        line = self.line(receipt, package.line)
        drug = self._catalogue.drug(line.drug) if line else None
        leaves = self._packages.smallest(package)
        known = bool(leaves)
        if not known:
            leaves = ((key, package.line),)
        counts = 1 if known else self._by_ratio(drug, package.level)
        packs = self._packs(leaves, counts, receipt) if counts else ()
        return CodeFacts(
            key,
            drug,
            package.level,
            line,
            in_manifest=True,
            packs=packs,
            children_known=known,
            counted_here=self._counted(key, receipt.id),
            outcome_here=self._has_outcome(key, receipt.id),
            parent_counted=any(self._covers(parent, packs, receipt.id) for parent in self._packages.parents(package)),
            elsewhere=self._code_elsewhere(key, receipt.id),
            recalled=bool(line and self._recalled(line.drug, line.batch, _label_batch(reading))),
            drug_lines=(line,) if line else (),
        )

    def _by_prefix(
        self, reading: Reading, key: str, manifests: tuple[PackageRow, ...], receipt: ReceiptKey
    ) -> CodeFacts:
        drug, level = self._drug_of(reading)
        other = self._open_elsewhere(manifests)
        if drug is None and other is not None:
            drug, level = self._catalogue.drug(self._drug_on(other)), other.level
        batch = _label_batch(reading)
        lines = self._drug_lines(drug, receipt)
        line = self._line_that_has(key, receipt) or _fitting(lines, batch)
        leaves = self._packages.smallest(other) if other else ()
        counts = 1 if leaves else self._by_ratio(drug, level)
        if not leaves:
            leaves = ((key, line.line if line else 0),)
        return CodeFacts(
            key,
            drug,
            level,
            line,
            packs=self._packs(leaves, counts, receipt) if counts else (),
            children_known=other is not None or counts == 1,
            counted_here=self._counted(key, receipt.id),
            outcome_here=self._has_outcome(key, receipt.id),
            elsewhere=self._code_elsewhere(key, receipt.id),
            other_delivery=self._catalogue.delivery_number(other.delivery) if other else None,
            recalled=bool(drug and self._recalled(drug.drug, batch or (line.batch if line else None))),
            drug_lines=lines,
        )

    def _line(self, receipt: ReceiptKey, row: Sequence[object]) -> Line:
        number, drug_id, batch, expiry, packs = cast("tuple[int, str, str | None, str | None, int]", tuple(row[:5]))
        drug = self._catalogue.drug(drug_id)
        exempt = drug.exempt if drug else None
        return Line(
            number,
            DrugId(drug_id),
            drug.name if drug else drug_id,
            batch,
            dt.date.fromisoformat(expiry) if expiry else None,
            packs,
            receipt.manifest_complete and exempt is None,
            exempt,
            *(cast("int", count or 0) for count in row[5:]),
        )

    def _drug_of(self, reading: Reading) -> tuple[Drug | None, int | None]:
        prefix = reading.prefix if isinstance(reading, TraceCode) else None
        if isinstance(reading, Gs1):
            prefix = reading.fields.gtin
        found = self._catalogue.prefix(prefix) if prefix else None
        return (None, None) if found is None else (self._catalogue.drug(found[0]), found[1])

    def _recalled(self, drug: DrugId, *batches: str | None) -> bool:
        return any(self._catalogue.recalled(drug, batch) for batch in batches)

    def _line_that_has(self, key: str, receipt: ReceiptKey) -> Line | None:
        """The line on which this code was counted or given an outcome."""
        row = self._sql.one(
            "SELECT line FROM holds WHERE pack = ?1 AND receipt = ?2 "
            "UNION SELECT line FROM outcomes WHERE pack = ?1 AND receipt = ?2",
            key,
            receipt.id,
        )
        return None if row is None else self.line(receipt, cast("int", row[0]))

    def _drug_on(self, package: PackageRow) -> str:
        row = self._sql.one(
            "SELECT drug FROM delivery_lines WHERE delivery = ? AND line = ?", package.delivery, package.line
        )
        return "" if row is None else str(row[0])

    def _drug_lines(self, drug: Drug | None, receipt: ReceiptKey) -> tuple[Line, ...]:
        if drug is None:
            return ()
        rows = self._sql.all(f"{_LINES} AND d.drug = ?3 ORDER BY d.line", receipt.id, receipt.delivery, drug.drug)
        return tuple(self._line(receipt, row) for row in rows)

    def _open_elsewhere(self, manifests: tuple[PackageRow, ...]) -> PackageRow | None:
        for row in manifests:
            state = self._sql.one("SELECT state FROM deliveries WHERE id = ?", row.delivery)
            if state is not None and state[0] == "open":
                return row
        return None

    def _by_ratio(self, drug: Drug | None, level: int | None) -> int:
        """Smallest packs in a package of this level: 1 for the smallest, else an estimate; 0 if nobody knows."""
        if level == 1:
            return 1
        if drug is None or level is None or not drug.pack_ratio:
            return 0
        try:
            parts = [int(part) for part in drug.pack_ratio.split(":")]
        except ValueError:
            return 0
        if not 1 < level <= len(parts) or min(parts) < 1:
            return 0
        return parts[-1] // parts[len(parts) - level]

    def _packs(self, leaves: tuple[tuple[str, int], ...], count: int, receipt: ReceiptKey) -> tuple[Pack, ...]:
        keys = json.dumps([code for code, _ in leaves])
        holders: dict[str, list[int]] = {}
        elsewhere: dict[str, str] = {}
        known = {str(code): (where, state) for code, where, state in self._sql.all(_KNOWN_OF, keys)}
        for code, where, seq in self._sql.all(_HOLDS_OF, keys):
            if where == receipt.id:
                holders.setdefault(str(code), []).append(cast("int", seq))
            elif not self._has_outcome(str(code), str(where)) and known.get(str(code)) != (where, "returned"):
                elsewhere[str(code)] = "received"
        outcomes = {str(code): str(outcome) for code, outcome in self._sql.all(_OUTCOMES_OF, keys, receipt.id)}
        for key, (where, state) in known.items():
            if state in _ELSEWHERE and (where != receipt.id or state != "in"):
                elsewhere[key] = _ELSEWHERE[str(state)]
        return tuple(
            Pack(PackKey(code), line, count, tuple(holders.get(code, ())), outcomes.get(code), elsewhere.get(code))
            for code, line in leaves
        )

    def _counted(self, code: str, receipt: str) -> bool:
        """A counted scan of exactly this code is in force, here or on another device of the same receipt."""
        if self._sql.one(
            "SELECT 1 FROM entries INDEXED BY entries_by_code "
            "WHERE code = ? AND receipt = ? AND counted = 1 AND in_force = 1",
            code,
            receipt,
        ):
            return True
        return self._shot_by_others(code, receipt)

    def _covers(self, parent: str, packs: tuple[Pack, ...], receipt: str) -> bool:
        """A counted scan in force of the package around stands for all of these packs.

        Not for what a later manifest put into it: that must be shot, or it would be covered and yet never be in. A
        package whose children nobody knew when it was shot holds itself, and so whatever turns out to be in it.
        """
        scans = self._sql.all(_SCANS_OF_PARENT, parent, receipt)
        if any(itself or all(seq in pack.holders for pack in packs) for seq, itself in scans):
            return True
        return self._shot_by_others(parent, receipt)

    def _shot_by_others(self, code: str, receipt: str) -> bool:
        """Another device of the same receipt has exactly this code."""
        found = self._sql.one(
            "SELECT 1 FROM holds h JOIN known_codes k ON k.code = h.pack "
            "WHERE h.pack = ? AND h.receipt = ? AND h.seq = 0 AND k.via IS NULL",
            code,
            receipt,
        )
        return found is not None

    def _has_outcome(self, code: str, receipt: str) -> bool:
        found = self._sql.one(
            "SELECT 1 FROM entries INDEXED BY entries_by_code "
            "WHERE code = ? AND receipt = ? AND outcome IS NOT NULL AND in_force = 1 "
            "UNION ALL SELECT 1 FROM outcomes WHERE pack = ? AND receipt = ?",
            code,
            receipt,
            code,
            receipt,
        )
        return found is not None

    def _code_elsewhere(self, code: str, receipt: str) -> str | None:
        """This very code at another receipt: as the hospital says, or as another receipt on this device counts it."""
        row = self._sql.one("SELECT receipt, state FROM known_codes WHERE code = ?", code)
        if row is not None and row[1] in _ELSEWHERE and (row[0] != receipt or row[1] != "in"):
            return _ELSEWHERE[str(row[1])]
        found = self._sql.all(
            "SELECT receipt FROM entries e INDEXED BY entries_by_code "
            "WHERE code = ? AND receipt <> ? AND counted = 1 AND in_force = 1 "
            "AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.pack = e.code AND o.receipt = e.receipt)",
            code,
            receipt,
        )
        returned_from = row[0] if row is not None and row[1] == "returned" else None
        return "received" if any(other != returned_from for (other,) in found) else None


def _label_batch(reading: Reading) -> str | None:
    return reading.fields.batch if isinstance(reading, Gs1) else None


def _fitting(lines: tuple[Line, ...], batch: str | None) -> Line | None:
    """The line that a code outside the manifest belongs to: its batch, then room, then the first."""
    same = tuple(line for line in lines if batch is not None and line.batch == batch) or lines
    return next((line for line in same if line.missing > 0), same[0] if same else None)
