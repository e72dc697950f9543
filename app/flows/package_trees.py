"""Draws the tree around a code from what the sources say: what is in, what is missing, who says so. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

import peewee

from app.domain.counting import Unit
from app.flows.package_view import Conflict, DrugFacts, PackageTree, Side, SourceLine, State, TreeNode
from app.flows.relation_report import file_of
from app.store.catalogue import Catalogue
from app.store.packages import Content, PackageRow, Packages
from app.store.tables import Sql

MOST_CHILDREN = 200  # of one package; the rest is a number
_UNDER = """
WITH RECURSIVE under(code, level, parent, content, amount, depth) AS (
    SELECT code, level, NULL, content, amount, 1 FROM packages WHERE code = ?1 AND source = ?2
    UNION ALL SELECT p.code, p.level, p.parent, p.content, p.amount, under.depth + 1 FROM under
      CROSS JOIN packages p ON p.parent = under.code AND p.source = ?2 WHERE under.depth < 6 AND under.level IS NOT 1)
SELECT code, level, parent, content, amount FROM under"""
_SOURCE = "SELECT kind, name, made_ms, trust, delivery FROM sources WHERE id = ?"
_UNITS = """
SELECT coalesce(min_pack_unit, ''), coalesce(hospital_unit, ''), multiplier, divisor, name, coalesce(trade_name, ''),
       coalesce(approval_no, ''), coalesce(spec, ''), coalesce(pack_ratio, ''), coalesce(maker, '')
  FROM drugs WHERE drug = ?"""


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    level: int | None
    parent: str | None
    content: int | None
    amount: int | None


class PackageTrees:
    """Reads what the packages screen shows; on the thread that owns the database connection."""

    def __init__(self, database: peewee.SqliteDatabase, catalogue: Catalogue, packages: Packages) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._packages = packages

    def of(self, key: str, drug: str | None) -> PackageTree | None:
        """The tree that the most trusted source gives, from the outermost package down; None if no source knows it."""
        claims = self._packages.of(key)
        if not claims:
            return None
        claim = next((each for each in claims if each.parent or self._packages.has_children(each)), claims[0])
        top = self._top(claim)
        rows = [_Row(*row) for row in self._sql.all(_UNDER, top, claim.source)]  # type: ignore[arg-type]
        delivery = next((each.delivery for each in claims if each.delivery is not None), None)
        root = _Drawing(self, rows, key, claim.kind, self._states(rows, delivery)).node(top)
        here = next(node for node in _walk(root) if node.here)
        return PackageTree(
            root,
            tuple(self._source(each) for each in claims),
            self._conflicts(row.code for row in rows),
            self.unit(drug, _prefix(key)).shown(here.packs) if drug else "",
        )

    def facts(self, drug: str | None, expiry: str | None) -> DrugFacts | None:
        """What a person compares with the print on the box."""
        row = self._sql.one(_UNITS, drug) if drug else None
        if row is None:
            return None
        _, hospital_unit, _, _, name, trade, approval, spec, ratio, maker = (str(value) for value in row)
        return DrugFacts(
            name, trade, approval, spec, ratio, expiry or "", maker, hospital_unit, self.unit(drug).shown(1)
        )

    def unit(self, drug: str | None, prefix: str | None = None) -> Unit:
        """How the hospital counts this drug, and packs of this prefix if they are counted otherwise (§8.5 R10)."""
        row = self._sql.one(_UNITS, drug) if drug else None
        if row is None:
            return Unit("", "")
        pack, hospital, multiplier, divisor = cast("tuple[str, str, int, int]", tuple(row[:4]))
        own = self._sql.one("SELECT multiplier, divisor FROM prefix_units WHERE prefix = ? AND drug = ?", prefix, drug)
        if own is not None:
            multiplier, divisor = cast("tuple[int, int]", tuple(own))
        return Unit(pack, hospital, multiplier, divisor)

    def content(self, row: int | None) -> Content | None:
        """Drug, batch and dates of a pack."""
        return self._packages.content(row)

    def name(self, drug: str | None) -> str | None:
        """The drug's name in the catalogue."""
        found = self._catalogue.drug(drug) if drug else None
        return found.name if found else None

    def drug_of(self, code: str) -> str | None:
        """By its prefix."""
        found = self._catalogue.prefix(_prefix(code))
        return found[0] if found else None

    def marks(self, code: str) -> tuple[bool, bool]:
        """(disputed, opened)."""
        return self._packages.doubted(code), self._packages.opened(code)

    def _top(self, claim: PackageRow) -> str:
        """The outermost package around it in the claim's source."""
        top, seen = claim.code, {claim.code}
        while True:
            row = self._sql.one("SELECT parent FROM packages WHERE code = ? AND source = ?", top, claim.source)
            parent = None if row is None else cast("str | None", row[0])
            known = parent and self._sql.one(
                "SELECT 1 FROM packages WHERE code = ? AND source = ?", parent, claim.source
            )
            if parent is None or not known or parent in seen:
                return top
            seen.add(parent)
            top = parent

    def _states(self, rows: list[_Row], delivery: int | None) -> dict[str, State]:
        """Code → what became of it: in the receipt of the delivery that names it, or anywhere."""
        number = None if delivery is None else self._catalogue.delivery_number(delivery)
        receipt = f"{number}-R1" if number else ""
        keys = json.dumps([row.code for row in rows])
        found: dict[str, State] = {}
        for pack, where in self._sql.all(
            "SELECT h.pack, h.receipt FROM json_each(?) j CROSS JOIN holds h ON h.pack = j.value", keys
        ):
            if where == receipt or not receipt:
                found[str(pack)] = "in"
            else:
                found.setdefault(str(pack), "elsewhere")
        for code, where, state in self._sql.all(
            "SELECT k.code, k.receipt, k.state FROM json_each(?) j CROSS JOIN known_codes k ON k.code = j.value", keys
        ):
            if state in ("in", "dispensed"):
                here = state == "in" and (where == receipt or not receipt)
                found[str(code)] = "in" if here else "elsewhere"
        for pack, outcome in self._sql.all(
            "SELECT o.pack, o.outcome FROM json_each(?) j CROSS JOIN outcomes o ON o.pack = j.value "
            "WHERE o.receipt = ? ORDER BY o.seq",
            keys,
            receipt,
        ):
            found[str(pack)] = "damaged" if outcome == "damaged" else "rejected"
        return found

    def _source(self, claim: PackageRow) -> SourceLine:
        kind, name, at_ms, trust, delivery = self._source_row(claim.source)
        says = (self._catalogue.delivery_number(delivery) or "") if delivery is not None else ""
        return SourceLine(kind, name, at_ms, trust, name if kind == "line_file" else ("" if says == name else says))

    def _source_row(self, source: int) -> tuple[str, str, int, int, int | None]:
        row = self._sql.one(_SOURCE, source)
        assert row is not None
        kind, name, at_ms, trust, delivery = cast("tuple[str, str, int, int, int | None]", tuple(row))
        return kind, file_of(name) if kind == "line_file" else name, at_ms, trust, delivery

    def _conflicts(self, codes: Iterable[str]) -> tuple[Conflict, ...]:
        """Who says what, of the codes of this tree; a source may contradict itself."""
        found = []
        for each in self._packages.disputes(codes):
            sides = [self._side(each.source, each.says)]
            if each.within_one_source and each.kind == "level" and str(self._listed(each.code)) == each.other_says:
                sides.append(Side("prefix", "", None, each.other_says))
            elif not each.within_one_source or each.other_says is not None:
                sides.append(self._side(each.other, each.other_says))
            found.append(Conflict(each.code, each.kind, tuple(sides)))
        return tuple(found)

    def _listed(self, code: str) -> int | None:
        """The level of its prefix in the hospital's table."""
        found = self._catalogue.prefix(_prefix(code))
        return found[1] if found else None

    def _side(self, source: int, says: object) -> Side:
        kind, name, at_ms, _, _ = self._source_row(source)
        return Side(kind, name, at_ms, "" if says is None else str(says))


class _Drawing:
    """One tree under way: rows by parent, drawn from the leaves up."""

    def __init__(self, trees: PackageTrees, rows: list[_Row], here: str, source: str, states: dict[str, State]) -> None:
        self._trees = trees
        self._rows = {row.code: row for row in rows}
        self._children: dict[str, list[str]] = {}
        for row in rows:
            if row.parent is not None:
                self._children.setdefault(row.parent, []).append(row.code)
        self._here, self._source, self._states = here, source, states

    def node(self, code: str) -> TreeNode:
        """The node of a code, with everything below it."""
        row = self._rows[code]
        below = [self.node(child) for child in sorted(self._children.get(code, ()))]
        content = self._trees.content(row.content)
        drug = (content.drug if content else None) or self._trees.drug_of(code)
        disputed, opened = self._trees.marks(code) if row.level != 1 else (False, False)
        node = TreeNode(
            code, row.level, drug, self._trees.name(drug), (content.batch,) if content and content.batch else (),
            content.expiry if content and content.expiry else None, self._states.get(code, "missing"), 1, 0,
            here=code == self._here, disputed=disputed, opened=opened, sources=(self._source,),
        )  # fmt: skip
        if below:
            return _with_children(node, below)
        packs = 1 if row.level == 1 else row.amount or 1
        return replace(
            node, packs=packs, packs_in=packs if node.state == "in" else 0, estimated=row.level != 1 and not row.amount
        )


def _with_children(node: TreeNode, below: list[TreeNode]) -> TreeNode:
    """What a package is, told by what is in it; the listed children are those around the code under the hand."""
    packs, packs_in = sum(child.packs for child in below), sum(child.packs_in for child in below)
    place = next((at for at, child in enumerate(below) if any(each.here for each in _walk(child))), 0)
    first = max(0, min(place - MOST_CHILDREN // 2, len(below) - MOST_CHILDREN))
    listed = tuple(below[first : first + MOST_CHILDREN])
    states = {child.state for child in below}
    state: State = states.pop() if len(states) == 1 else ("in" if packs_in == packs else "missing")
    return replace(
        node,
        batches=tuple(sorted({batch for child in below for batch in child.batches})),
        expiry=min((child.expiry for child in below if child.expiry), default=None),
        state=state,
        packs=packs,
        packs_in=packs_in,
        estimated=any(child.estimated for child in below),
        children=listed,
        more=len(below) - len(listed),
    )


def _prefix(key: str) -> str:
    """Seven digits, or the GTIN of `01` + GTIN + `21` + serial."""
    return key[2:16] if key.startswith("01") else key[:7]


def _walk(node: TreeNode) -> Iterable[TreeNode]:
    yield node
    for child in node.children:
        yield from _walk(child)
