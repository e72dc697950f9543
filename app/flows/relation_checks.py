"""Judges the rows of a relation file: one by one while they are read, and against each other when all are there. Pure
but for the index that is handed in; on the thread that reads the file.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from app.domain.codes import Gs1, Reading, TraceCode, key_of, read
from app.domain.relation_xml import BadFile, RelationBlock, RelationReader, RelationRow
from app.flows.relation_report import Findings
from app.store.relation_index import FURTHEST, IndexRow, RelationIndex

HIGHEST_LEVEL = 9
NINES = "9" * 13  # the serial of a carton that nobody scanned (trace-codes.md §8.3)
_FLAGS_KEPT = 10
_DRUGS_KEPT = 100
_REMEMBERED = 4_096

# (productCode, prefix or GTIN of the code) → (drug, the level that the hospital's table has for it)
DrugOf = Callable[[str | None, str | None], tuple[str, int | None] | None]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was learnt while the rows were read."""

    digest: str
    drugs: tuple[str, ...]
    flags: tuple[tuple[str, int], ...]


def read_rows(pieces: Iterable[bytes], index: RelationIndex, findings: Findings, drug_of: DrugOf) -> Checked:
    """The first pass: every row goes into the index. Raises BadFile."""
    reader, rows = RelationReader(), _Rows(index, findings, drug_of)
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        for row in reader.feed(piece):
            rows.take(row)
    for row in reader.close():
        rows.take(row)
    index.order()
    return Checked(digest.hexdigest(), tuple(sorted(rows.drugs)), tuple(sorted(rows.flags.items())))


def check_links(index: RelationIndex, findings: Findings) -> None:
    """The second half of the check: the rows against each other. Raises BadFile for a cycle."""
    _check_repeated(index, findings)
    for link in index.doubtful_links():
        if link.parent == link.code:
            findings.problem("relation_self_parent", link.line, package=link.code)
            index.spoil(link.code)
            continue
        around, in_itself = index.around(link.code)
        if in_itself:
            raise BadFile("relation_cycle", link.line, package=link.code)
        if around > FURTHEST:
            raise BadFile("relation_too_deep", link.line, package=link.code, most=FURTHEST)
        if link.level is not None and link.parent_level is not None:
            findings.problem(
                "relation_level_turned", link.line, package=link.code, level=link.level, parent_level=link.parent_level
            )
            index.spoil(link.code)
    for parent, line in index.unlisted_parents():
        findings.note("relation_parent_not_listed", line, package=parent)


def _check_repeated(index: RelationIndex, findings: Findings) -> None:
    for again in index.repeated():
        line, lines = again.lines[-1], ", ".join(str(each) for each in again.lines[:8])
        if again.parents_differ or again.levels_differ:
            code = "relation_two_parents" if again.parents_differ else "relation_two_levels"
            findings.problem(code, line, package=again.code, lines=lines)
            index.spoil(again.code)
        elif not again.batches_differ:
            findings.note("relation_row_again", line, package=again.code, lines=lines)
        elif index.holds(again.code):
            findings.note("relation_mixed_batches", line, package=again.code, lines=lines)
        else:
            findings.problem("relation_two_batches", line, package=again.code, lines=lines)
            index.spoil(again.code)


class _Rows:
    """Normalises rows and judges each by itself."""

    def __init__(self, index: RelationIndex, findings: Findings, drug_of: DrugOf) -> None:
        self._index = index
        self._findings = findings
        self._drug_of = lru_cache(maxsize=_REMEMBERED)(drug_of)
        self._parent_of = lru_cache(maxsize=_REMEMBERED)(_parent)  # a parent stands once per child
        self._block: RelationBlock | None = None
        self._block_id = 0
        self._strangers: set[tuple[str | None, str | None]] = set()
        self.drugs: set[str] = set()
        self.flags: Counter[str] = Counter()

    def take(self, row: RelationRow) -> None:
        if row.block is not self._block:
            self._take_block(row.block)
        self._count_flag(row.flag)
        reading = read(row.code)
        code = key_of(reading)
        parent, trouble = self._parent_of(row.parent)
        if code is None:
            self._findings.problem("relation_code_unusable" if row.code else "relation_code_missing", row.line)
            if parent is not None:
                self._index.spoil(parent)
            return
        if is_virtual(reading):
            self._findings.note("relation_virtual_row", row.line, package=code)
            return
        if trouble == "relation_virtual_parent":
            self._findings.note(trouble, row.line, package=code)
        elif trouble:
            self._findings.problem(trouble, row.line, package=code)
            self._index.spoil(code)
        level = self._level(row, code)
        self._index.add(IndexRow(code, level, parent, row.line, self._block_id, self._drug(row, reading, level)))

    def _take_block(self, block: RelationBlock) -> None:
        self._block = block
        days = []
        for name, text in (("validateDate", block.expiry), ("madeDate", block.made)):
            day = _day(text)
            days.append(day)
            if text and day is None:
                self._findings.note("relation_date_bad", block.line, name=name, text=text)
        self._block_id = self._index.add_block(block.batch, *days)

    def _level(self, row: RelationRow, code: str) -> int | None:
        text = row.level.strip()
        if not text:
            self._findings.note("relation_level_missing", row.line, package=code)
            return None
        if text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= HIGHEST_LEVEL:
            return int(text)
        self._findings.problem("relation_level_bad", row.line, package=code, text=text)
        self._index.spoil(code)
        return None

    def _drug(self, row: RelationRow, reading: Reading, level: int | None) -> str | None:
        prefix = _prefix(reading)
        found = self._drug_of(row.block.product, prefix)
        if found is None:
            stranger = (row.block.product, prefix)
            if stranger not in self._strangers and len(self._strangers) < _REMEMBERED:
                self._strangers.add(stranger)
                self._findings.note(
                    "relation_product_unknown", row.line, product=row.block.product or "-", prefix=prefix or "-"
                )
            return None
        drug, table_level = found
        if level is not None and table_level is not None and level != table_level:
            self._findings.note("relation_level_differs", row.line, package=row.code, level=level, table=table_level)
        if len(self.drugs) < _DRUGS_KEPT:
            self.drugs.add(drug)
        return drug

    def _count_flag(self, flag: str) -> None:
        if flag in self.flags or len(self.flags) < _FLAGS_KEPT:
            self.flags[flag] += 1


def is_virtual(reading: Reading) -> bool:
    """A placeholder with nothing but nines for a serial: no package at all."""
    if isinstance(reading, TraceCode):
        return reading.key.endswith(NINES)
    serial = reading.fields.serial if isinstance(reading, Gs1) else None
    return serial is not None and len(serial) >= len(NINES) and not serial.strip("9")


def _parent(text: str) -> tuple[str | None, str | None]:
    """The parent's key, and what there is to say of it."""
    if not text.strip():
        return None, None
    reading = read(text)
    key = key_of(reading)
    if key is None:
        return None, "relation_parent_unusable"
    return (None, "relation_virtual_parent") if is_virtual(reading) else (key, None)


def _prefix(reading: Reading) -> str | None:
    if isinstance(reading, TraceCode):
        return reading.prefix
    return reading.fields.gtin if isinstance(reading, Gs1) else None


def _day(text: str | None) -> str | None:
    """An ISO day as it is written in these files, or None."""
    try:
        return dt.date.fromisoformat(text).isoformat() if text and len(text) == 10 else None
    except ValueError:
        return None
