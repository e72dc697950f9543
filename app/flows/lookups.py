"""All that is known here of a code: reading, product, level, parents, children, sources, history. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import peewee

from app.domain.codes import (
    Gs1,
    MakerCode,
    OtherTrace,
    ProductCode,
    Reading,
    Sscc,
    TraceCode,
    Udi,
    Voucher,
    ambiguities_of,
    key_of,
    label_of,
    product_key_of,
    read,
)
from app.domain.packages import code_of
from app.flows.package_trees import PackageTrees
from app.flows.package_view import DrugFacts, PackageTree
from app.store.catalogue import Catalogue
from app.store.packages import Content, Packages
from app.store.tables import Sql
from sync import Outbox
from sync.item_ids import unpacked

_KINDS: dict[type[Reading], str] = {
    TraceCode: "trace20", Gs1: "gs1", Sscc: "sscc", Udi: "udi", MakerCode: "maker_code", OtherTrace: "other_trace",
    ProductCode: "product_code", Voucher: "voucher",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ManifestView:
    """What a delivery's manifest says of the code."""

    delivery: str
    level: int
    line: int
    parents: tuple[str, ...]
    children: tuple[str, ...]
    smallest: int


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry of the journal about the code, with what became of its item."""

    receipt: str
    seq: int
    at_ms: int
    operator: str
    what: str  # scan, or the command's name
    reason: str
    in_force: bool
    upload: str | None  # state of its outbox row; None if it made none
    answer: str | None


@dataclass(frozen=True, slots=True)
class HospitalView:
    """What the hospital last said of the code."""

    receipt: str
    delivery: str
    state: str
    via: str | None
    device: str
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class CodeView:
    """The whole answer. A voucher has nothing but its kind."""

    kind: str
    key: str | None
    notes: tuple[str, ...]
    ambiguous: bool
    drug: str | None
    name: str | None
    spec: str | None
    level: int | None
    batch: str | None
    serial: str | None
    expiry: str | None
    manifests: tuple[ManifestView, ...]
    history: tuple[EventView, ...]
    hospital: HospitalView | None
    tree: PackageTree | None = None  # None: no source knows the code
    facts: DrugFacts | None = None
    origin: str | None = None  # `manual`: drug and level are what a clerk said of this code or its prefix

    @property
    def known(self) -> bool:
        """True if anything but the reading is known."""
        return bool(self.drug or self.manifests or self.history or self.hospital or self.tree)


class Lookups:
    """Answers questions about codes; on the thread that owns the database connection."""

    def __init__(
        self, database: peewee.SqliteDatabase, catalogue: Catalogue, packages: Packages, outbox: Outbox
    ) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._packages = packages
        self._outbox = outbox
        self._trees = PackageTrees(database, catalogue, packages)

    def show(self, text: str) -> CodeView:
        """Everything about one scanned or typed code."""
        reading = read(code_of(text), self._catalogue.patterns())
        key = key_of(reading)
        manifests = () if key is None else self._manifests(key)
        claims = () if key is None else self._packages.of(key)
        content = next((found for claim in claims if (found := self._packages.content(claim.content))), None)
        prefix = product_key_of(reading)
        listed = self._catalogue.prefix(prefix) if prefix else None
        by_prefix = listed or (self._packages.learned(prefix) if prefix else None)
        said = next((claim.kind == "clerk" for claim in claims), by_prefix is not None and listed is None)
        drug_id = by_prefix[0] if by_prefix else self._drug_of(reading, manifests, content)
        drug = self._catalogue.drug(drug_id) if drug_id else None
        label = label_of(reading)
        level = next((claim.level for claim in claims if claim.level), by_prefix[1] if by_prefix else None)
        expiry = label.expiry.isoformat() if label.expiry else (content.expiry if content else "")
        batch = label.batch or (content.batch if content else "")
        return CodeView(
            _KINDS.get(type(reading), "own_form" if key is None and not hasattr(reading, "notes") else "unknown"),
            key,
            getattr(reading, "notes", ()),
            (isinstance(reading, Gs1) and reading.ambiguous) or bool(ambiguities_of(reading)),
            drug_id,
            drug.name if drug else None,
            drug.spec if drug else None,
            level,
            batch or None,
            label.serial,
            expiry or None,
            manifests,
            () if key is None else self._history(key),
            None if key is None else self._hospital(key),
            None if key is None else self._trees.of(key, drug_id),
            self._trees.facts(drug_id, expiry or None),
            "manual" if said and not listed else None,
        )

    def _manifests(self, key: str) -> tuple[ManifestView, ...]:
        return tuple(
            ManifestView(
                self._catalogue.delivery_number(row.delivery) or "",
                row.level or 0,
                row.line or 0,
                self._packages.ancestors((row,)),
                self._packages.children(row),
                self._packages.smallest(row),
            )
            for row in self._packages.of(key)
            if row.delivery is not None and row.line is not None  # others are told by their sources
        )

    def _drug_of(self, reading: Reading, manifests: tuple[ManifestView, ...], content: Content | None) -> str | None:
        if isinstance(reading, MakerCode) and reading.drug:
            return reading.drug
        return self._drug_of_line(manifests) or (content.drug if content and content.drug else None)

    def _drug_of_line(self, manifests: tuple[ManifestView, ...]) -> str | None:
        for manifest in manifests:
            row = self._sql.one(
                "SELECT l.drug FROM delivery_lines l JOIN deliveries d ON d.id = l.delivery "
                "WHERE d.number = ? AND l.line = ?",
                manifest.delivery,
                manifest.line,
            )
            if row is not None:
                return str(row[0])
        return None

    def _history(self, key: str) -> tuple[EventView, ...]:
        rows = self._sql.all(
            "SELECT e.receipt, e.seq, e.at_ms, e.operator, coalesce(e.command, e.kind), e.reason, e.in_force, e.id "
            "FROM entries e WHERE e.code = ?1 OR (e.code > ?1 || '#' AND e.code < ?1 || '$') ORDER BY e.at_ms, e.seq",
            key,
        )  # a batch has its pieces behind a `#`
        items = {row.id: row for row in self._outbox.rows(ids=[unpacked(row[7]) for row in rows])} if rows else {}
        events = []
        for receipt, seq, at_ms, operator, what, reason, in_force, item in cast(
            "list[tuple[str, int, int, str, str, str, int, object]]", rows
        ):
            row = items.get(unpacked(item))
            events.append(
                EventView(
                    receipt,
                    seq,
                    at_ms,
                    operator,
                    what,
                    reason,
                    bool(in_force),
                    row.state if row else None,
                    row.code if row else None,
                )
            )
        return tuple(events)

    def _hospital(self, key: str) -> HospitalView | None:
        row = self._sql.one("SELECT receipt, delivery, state, via, device, at_ms FROM known_codes WHERE code = ?", key)
        return None if row is None else HospitalView(*cast("tuple[str, str, str, str | None, str, int | None]", row))


def _prefix(reading: Reading) -> str | None:
    if isinstance(reading, TraceCode):
        return reading.prefix
    return reading.fields.gtin if isinstance(reading, Gs1) else None
