"""Gathers all that is known here of one code, seen from one receipt: the input of `domain.receiving.decide`.

Writer's thread, plain statements: a single box costs a handful of look-ups by key, whatever the size of the file or of
the receipt. The index over codes is named, because SQLite would rather read the whole receipt by its primary key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import peewee

from app.domain.codes import MakerCode, Reading, key_of, label_of, product_key_of, read, split_candidates
from app.domain.counting import smallest_by_ratio
from app.domain.documents import NO_PACKS, Drug, DrugId, Line, PackSet
from app.domain.gs1 import key_of_fields
from app.domain.receiving import CodeFacts
from app.store.catalogue import Catalogue
from app.store.packages import PackageRow, Packages
from app.store.scope import Scope
from app.store.tables import Sql

_LINES = """
SELECT d.line, d.drug, d.batch, d.expiry, d.packs, r.received, r.short, r.damaged, r.rejected, r.exempt, r.over
  FROM delivery_lines d LEFT JOIN receipt_lines r ON r.receipt = ?1 AND r.line = d.line
 WHERE d.delivery = ?2"""
_SCANS_OF_PARENT = """
SELECT e.seq, EXISTS (SELECT 1 FROM holds h WHERE h.pack = e.code AND h.receipt = e.receipt AND h.seq = e.seq)
  FROM entries e INDEXED BY entries_by_code WHERE e.code = ? AND e.receipt = ? AND e.counted = 1 AND e.in_force = 1"""
_HALF_NAMED = """
SELECT c.id, c.drug, c.batch FROM source_counts n CROSS JOIN contents c ON c.id = n.content
 WHERE n.source = ? AND (c.batch = '' OR c.drug = '')"""
_TWIN_LINES = "SELECT 1 FROM delivery_lines WHERE delivery = ? GROUP BY drug, batch HAVING count(*) > 1 LIMIT 1"
_ELSEWHERE = {"in": "received", "dispensed": "dispensed"}


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """What names a receipt inside the store."""

    id: str
    delivery: int
    manifest_complete: bool


class FactsReader:
    """Facts about lines and codes of one receipt."""

    def __init__(self, database: peewee.SqliteDatabase, catalogue: Catalogue, packages: Packages, scope: Scope) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._packages = packages
        self._scope = scope

    def lines(self, receipt: ReceiptKey) -> tuple[Line, ...]:
        """Every line of the delivery, with what the receipt has of it."""
        rows = self._sql.all(f"{_LINES} ORDER BY d.line", receipt.id, receipt.delivery)
        return tuple(self._line(receipt, row) for row in rows)

    def line(self, receipt: ReceiptKey, number: int) -> Line | None:
        row = self._sql.one(f"{_LINES} AND d.line = ?3", receipt.id, receipt.delivery, number)
        return None if row is None else self._line(receipt, row)

    def of(self, reading: Reading, receipt: ReceiptKey, *, piece: str | None = None) -> CodeFacts:
        """The facts behind one reading. The scope is left with the packs that it stands for.

        `piece`: the one pack that is meant, where the code names a batch.
        """
        key = key_of(reading)
        if key is None:
            return CodeFacts(None, fits=self._fits(reading, receipt))
        claims = self._packages.of(key)
        here = [claim for claim in claims if claim.delivery == receipt.delivery]
        mine = next((claim for claim in here if claim.line is not None), here[0] if here else None)
        other = None if mine else self._open_elsewhere(claims)
        drug, level = self._drug_of(reading, claims, mine, other, receipt)
        told_line = self._told_line(claims, mine, receipt)
        count = 1 if level == 1 else _amount(claims) or _by_ratio(drug, level)
        line = told_line or self._line_of(key, reading, drug, receipt, count)
        piece = piece if drug is not None and drug.item_kind == "consumable" else None
        packs, placed = self._packs(piece or key, claims, other, (drug, level), line, receipt)
        lines = self._lines_of(packs, line, receipt)
        drug_lines = (line,) if mine and line else self._drug_lines(drug, receipt)
        told = mine is not None and mine.line is not None
        if lines and line not in lines and not told:  # a package without a drug or a batch of its own, or of several
            line = max(lines, key=lambda each: dict(packs.gains).get(each.line, 0))
            drug = drug or self._catalogue.drug(line.drug)
            drug_lines = self._drug_lines(drug, receipt)
        if drug is None and packs:
            drug = self._drug_inside()
        return CodeFacts(
            key,
            drug,
            level,
            line,
            in_manifest=mine is not None,
            packs=packs,
            counted_here=self._counted(key, receipt.id),
            outcome_here=self._has_outcome(key, receipt.id),
            parent_counted=any(self._covers(parent, receipt.id) for parent in self._packages.ancestors(claims)),
            elsewhere=self._code_elsewhere(key, receipt.id),
            other_delivery=self._catalogue.delivery_number(cast("int", other.delivery)) if other else None,
            recalled=self._any_recalled(drug, lines or ((line,) if line else ()), _label_batch(reading)),
            drug_lines=drug_lines,
            lines=lines,
            disputed=level != 1 and self._packages.doubted(key),
            opened=level != 1 and self._packages.opened(key),
            replaced_by=self._packages.replaced_by(key),
            fits=self._fits(reading, receipt) if mine is None else (),
            line_guessed=told_line is None
            and not placed
            and _is_open(self._drug_lines(drug, receipt) if mine else drug_lines, _label_batch(reading)),
            piece=piece,
        )

    def _fits(self, reading: Reading, receipt: ReceiptKey) -> tuple[str, ...]:
        """Codes of this delivery that lost separators could have made this text of: to be shown, never counted."""
        keys = {key_of_fields(fields) for fields in split_candidates(reading)} - {None}
        return tuple(
            sorted(
                key for key in cast("set[str]", keys)
                if any(claim.delivery == receipt.delivery for claim in self._packages.of(key))
            )
        )  # fmt: skip

    def _packs(
        self,
        key: str,
        claims: tuple[PackageRow, ...],
        other: PackageRow | None,
        kind: tuple[Drug | None, int | None],
        line: Line | None,
        receipt: ReceiptKey,
    ) -> tuple[PackSet, bool]:
        """The packs that the code stands for: known children, then a source's amount, then the ratio, as an estimate.

        And whether their lines are told by a source. What is made for this delivery is believed before what is not; a
        code that another delivery names is that one's.
        """
        drug, level = kind
        bound = [claim for claim in claims if claim.delivery == (other.delivery if other else receipt.delivery)]
        tree = self._packages.best_tree((*bound, *(claim for claim in claims if claim.delivery is None)))
        if tree is None:
            if level != 1 and bound and line and line.line in self._packages.covered_lines(receipt.delivery):
                return NO_PACKS, True  # its manifest names every box of the line, and none of them in it
            amount = _amount(claims)
            count = 1 if level == 1 else amount or _by_ratio(drug, level)
            if not count:
                return NO_PACKS, True
            self._scope.one(key, line.line if line else None, count)
            return self._scope.seen_from(receipt.id, key, children_known=level == 1 or amount is not None), False
        by_drug = self._places_by_drug(tree, drug, receipt)
        places = (*self._packages.places(tree.source, receipt.delivery), *by_drug)
        self._scope.tree(key, tree.source, places, named_lines=tree.delivery == receipt.delivery)
        if tree.line is None and self._sql.one(_TWIN_LINES, receipt.delivery):
            self._scope.place(receipt.delivery)
        whole = not self._scope.estimate(self._ratio_of)
        return self._scope.seen_from(receipt.id, key, children_known=whole), not by_drug

    def _ratio_of(self, code: str, level: int | None) -> int:
        """How much is in a package of which no content is named; at least itself."""
        drug, by_prefix = self._by_prefix(read(code, self._catalogue.patterns()))
        return _by_ratio(drug, level or by_prefix) or 1

    def _places_by_drug(self, tree: PackageRow, drug: Drug | None, receipt: ReceiptKey) -> tuple[tuple[int, int], ...]:
        """(content, line) for what the source names without a batch: a line of its drug with room for the package.

        What has no drug, because nobody knows its prefix, is of the drug that the package is.
        """
        found = self._sql.all(_HALF_NAMED, tree.source)
        if not found:
            return ()
        count = self._packages.smallest(tree)
        lines = {}
        for content, of, batch in cast("list[tuple[int, str, str]]", found):
            lines_of = self._drug_lines(self._catalogue.drug(of) if of else drug, receipt)
            same = tuple(line for line in lines_of if not batch or line.batch in (batch, None))
            lines[content] = _fitting(same, batch or None, count)
        return tuple((content, line.line) for content, line in lines.items() if line is not None)

    def _told_line(self, claims: tuple[PackageRow, ...], mine: PackageRow | None, receipt: ReceiptKey) -> Line | None:
        """The line that a source names, or that has the drug and batch which it tells."""
        if mine is not None and mine.line is not None:
            return self.line(receipt, mine.line)
        for claim in claims:
            if claim.content is not None and claim.delivery in (receipt.delivery, None):
                place = dict(self._packages.places(claim.source, receipt.delivery)).get(claim.content)
                if place is not None:
                    return self.line(receipt, place)
        return None

    def _line_of(self, key: str, reading: Reading, drug: Drug | None, receipt: ReceiptKey, count: int) -> Line | None:
        """The line on which it was counted, else the one that fits its drug, its label and so many packs."""
        lines = self._drug_lines(drug, receipt)
        return self._line_that_has(key, receipt) or _fitting(lines, _label_batch(reading), count)

    def _lines_of(self, packs: PackSet, line: Line | None, receipt: ReceiptKey) -> tuple[Line, ...]:
        """The lines that several packs are on; a carton of mixed batches is on two."""
        if packs.codes < 2:
            return ()
        found = (line if line and line.line == number else self.line(receipt, number) for number, _ in packs.gains)
        return tuple(each for each in found if each is not None)

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
            exempt is None and (receipt.manifest_complete or number in self._packages.covered_lines(receipt.delivery)),
            exempt,
            *(cast("int", count or 0) for count in row[5:]),
        )

    def _drug_of(
        self,
        reading: Reading,
        claims: tuple[PackageRow, ...],
        mine: PackageRow | None,
        other: PackageRow | None,
        receipt: ReceiptKey,
    ) -> tuple[Drug | None, int | None]:
        """(drug, level): as the delivery's own manifest says, then the prefix, then whatever a source says."""
        drug, level = self._by_prefix(reading)
        if mine is not None and mine.line is not None:
            line = self.line(receipt, mine.line)
            return (self._catalogue.drug(line.drug) if line else None), mine.level
        for claim in claims:
            level = claim.level or level
            content = self._packages.content(claim.content)
            if drug is None and content is not None:
                drug = self._catalogue.drug(content.drug)
        if drug is None and other is not None:
            drug = self._catalogue.drug(self._drug_on(other))
        return drug, level

    def _by_prefix(self, reading: Reading) -> tuple[Drug | None, int | None]:
        """What the prefix tells (trace-codes.md §2), from the hospital, else as a clerk learnt it."""
        if isinstance(reading, MakerCode):  # it has no prefix; a code of its own is a smallest pack
            return (self._catalogue.drug(reading.drug), 1) if reading.drug else (None, None)
        prefix = product_key_of(reading)
        found = None if prefix is None else self._catalogue.prefix(prefix) or self._packages.learned(prefix)
        return (None, None) if found is None else (self._catalogue.drug(found[0]), found[1])

    def _drug_inside(self) -> Drug | None:
        """A drug that is in the scope, whether this delivery has it or not."""
        contents = (self._packages.content(each) for each in self._scope.contents())
        return next((self._catalogue.drug(each.drug) for each in contents if each and each.drug), None)

    def _any_recalled(self, drug: Drug | None, lines: tuple[Line, ...], label_batch: str | None) -> bool:
        asked = {(line.drug, line.batch) for line in lines} | ({(drug.drug, label_batch)} if drug else set())
        return any(self._catalogue.recalled(of, batch) for of, batch in asked)

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

    def _open_elsewhere(self, claims: tuple[PackageRow, ...]) -> PackageRow | None:
        for claim in claims:
            state = claim.delivery and self._sql.one("SELECT state FROM deliveries WHERE id = ?", claim.delivery)
            if state and state[0] == "open":
                return claim
        return None

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

    def _covers(self, parent: str, receipt: str) -> bool:
        """A counted scan in force of the package around stands for all packs of the scope.

        Not for what a later manifest put into it: that must be shot, or it would be covered and yet never be in. A
        package whose children nobody knew when it was shot holds itself, and so whatever turns out to be in it.
        """
        scans = self._sql.all(_SCANS_OF_PARENT, parent, receipt)
        if any(itself or self._scope.held_by(receipt, cast("int", seq)) for seq, itself in scans):
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
    return label_of(reading).batch


def _candidates(lines: tuple[Line, ...], batch: str | None) -> tuple[Line, ...]:
    """The lines that a code outside the manifest may be on: of its batch, and not those whose boxes are all named."""
    same = tuple(line for line in lines if batch is not None and line.batch == batch) or lines
    return tuple(line for line in same if not line.coded) or same


def _fitting(lines: tuple[Line, ...], batch: str | None, count: int) -> Line | None:
    """Of the candidates the first with room for so many packs, else with any room."""
    same = _candidates(lines, batch)
    roomy = (line for least in (max(count, 1), 1) for line in same if line.missing >= least)
    return next(roomy, same[0] if same else None)


def _is_open(lines: tuple[Line, ...], batch: str | None) -> bool:
    """True if nothing but the room decides among the lines: they are of several batches."""
    return len({line.batch for line in _candidates(lines, batch)}) > 1


def _amount(claims: tuple[PackageRow, ...]) -> int | None:
    return next((claim.amount for claim in claims if claim.amount), None)


def _by_ratio(drug: Drug | None, level: int | None) -> int:
    """Smallest packs in a package of this level: 1 for the smallest, else an estimate; 0 if nobody knows."""
    return smallest_by_ratio(drug.pack_ratio if drug else None, level)
