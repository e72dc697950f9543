"""Writes what the feed brings: the hospital's own data and everybody's codes. Writer's thread, in small steps.

`apply` is a generator: between two steps the writer may let a scan go first. Every step can be done twice, so a page
that a kill cut short is simply applied again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import peewee

from app.domain.documents import OUTCOMES_BY_CODE, OUTCOMES_BY_LINE
from app.domain.packages import PackageClaim
from app.store.catalogue import Catalogue, SiteRow
from app.store.package_events import PackageEventRow, PackageEvents, spread
from app.store.receipts import Receipts
from app.store.sources import PackageSources
from app.store.tables import Sql, insert_statement
from sync.changes import (
    Change,
    CodeRow,
    CodesChange,
    DeliveryChange,
    DrugChange,
    OperatorChange,
    PackageEventChange,
    PackagesChange,
    RecallChange,
    ReceiptChange,
    Site,
    StoreRoomChange,
)

T = TypeVar("T")
_ROWS_A_STEP = 50
HOSPITAL = "middleware"
_REPLACE_CODE = insert_statement("known_codes", verb="INSERT OR REPLACE")


class Replica:
    """Takes changes in."""

    def __init__(
        self,
        database: peewee.SqliteDatabase,
        catalogue: Catalogue,
        receipts: Receipts,
        sources: PackageSources,
        events: PackageEvents,
    ) -> None:
        self._sql = Sql(database)
        self._catalogue = catalogue
        self._receipts = receipts
        self._sources = sources
        self._events = events
        self._writers: dict[type, Callable[..., Iterator[None]]] = {
            OperatorChange: self._operator,
            StoreRoomChange: self._store_room,
            DrugChange: self._drug,
            RecallChange: self._recall,
            PackagesChange: self._packages,
            DeliveryChange: self._delivery,
            ReceiptChange: self._receipt,
            CodesChange: self._codes,
            PackageEventChange: self._package_event,
        }

    def site(self, site: Site) -> None:
        """The hospital introduced itself."""
        self._catalogue.set_site(
            SiteRow(
                site.site_id, site.name, site.synthetic, site.zone, site.near_expiry_days, sorted(site.capabilities)
            )
        )  # fmt: skip

    def apply(self, changes: Sequence[Change]) -> Iterator[None]:
        """One page of the feed, step by step."""
        for change in changes:
            yield from self._writers[type(change)](change)

    def _operator(self, change: OperatorChange) -> Iterator[None]:
        pin = change.pin
        self._sql.run(
            insert_statement("operators", verb="INSERT OR REPLACE"),
            change.id, change.name, change.role, json.dumps(change.rights), json.dumps(change.store_rooms),
            int(change.active), change.registration, change.insurance_code,
            bytes.fromhex(pin.salt), pin.n, pin.r, pin.p, bytes.fromhex(pin.verifier),
        )  # fmt: skip
        yield

    def _store_room(self, change: StoreRoomChange) -> Iterator[None]:
        self._sql.run(insert_statement("store_rooms", verb="INSERT OR REPLACE"), change.id, change.name, change.type)
        yield

    def _drug(self, change: DrugChange) -> Iterator[None]:
        self._sql.run(
            insert_statement("drugs", verb="INSERT OR REPLACE"),
            change.drug, change.item_kind, change.name, change.trade_name, change.spec, change.dosage_form,
            change.maker, change.approval_no, change.nhsa_code, change.min_pack_unit, change.hospital_unit,
            change.multiplier, change.divisor, change.pack_ratio, change.storage, int(change.special),
            int(change.splittable), change.exempt, change.rx,
        )  # fmt: skip
        unknown = self._sources.unknown(change.levels)
        self._sql.run("DELETE FROM prefixes WHERE drug = ?", change.drug)
        self._sql.many(
            insert_statement("prefixes", verb="INSERT OR REPLACE"),
            [(prefix, change.drug, level) for prefix, level in change.levels.items()],
        )
        self._sql.run("DELETE FROM prefix_units WHERE drug = ?", change.drug)
        self._sql.many(
            insert_statement("prefix_units", verb="INSERT OR REPLACE"),
            [(prefix, change.drug, *factors) for prefix, factors in change.units.items()],
        )
        self._sql.run("DELETE FROM maker_patterns WHERE drug = ?", change.drug)
        self._sql.many(
            insert_statement("maker_patterns", verb="INSERT OR REPLACE"),
            [(pattern, change.drug) for pattern in change.maker_patterns],
        )
        self._catalogue.forget()
        self._sources.expect(unknown)
        yield
        yield from self._sources.name()

    def _recall(self, change: RecallChange) -> Iterator[None]:
        if change.active:
            self._sql.run(
                insert_statement("recalls", verb="INSERT OR REPLACE"), change.drug, change.batch, change.reason
            )
        else:
            self._sql.run("DELETE FROM recalls WHERE drug = ? AND batch = ?", change.drug, change.batch)
        yield

    def _packages(self, change: PackagesChange) -> Iterator[None]:
        """The hospital's own word on a delivery's packages; what it says anew takes the place of what it said."""
        source = self._sources.begin(HOSPITAL, change.delivery, 1, at_ms=0, delivery=change.delivery)
        claims = (PackageClaim(row.code, row.level, row.parent, line=row.line) for row in change.packages)
        yield from self._sources.stage(source, claims, replacing=True)
        about = {row.code for row in change.packages} | {row.parent for row in change.packages if row.parent}
        self._sources.complete(source, about=about)
        yield

    def _package_event(self, change: PackageEventChange) -> Iterator[None]:
        event = PackageEventRow(
            change.id, change.at_ms, HOSPITAL, change.verb, change.parent, change.code, change.operator, change.device,
            change.level, change.drug, change.prefix, change.replaces, change.declares, change.note,
        )  # fmt: skip
        for each in spread(event, change.children):
            self._events.apply(each)
        yield

    def _delivery(self, change: DeliveryChange) -> Iterator[None]:
        row = self._sources.delivery_row(change.delivery)
        self._sql.run(
            insert_statement("deliveries", verb="INSERT OR REPLACE"),
            row, change.delivery, change.supplier, change.supplier_code, change.supplier_licence,
            change.supplier_licence_expiry, change.invoice_no, change.invoice_code, change.store_room,
            change.shipped_ms, int(change.gift), int(change.synthetic), change.manifest, change.state,
        )  # fmt: skip
        self._sql.run("DELETE FROM delivery_lines WHERE delivery = ?", row)
        self._sql.many(
            insert_statement("delivery_lines"),
            [
                (row, line.line, line.drug, line.batch, line.expiry, line.made, line.packs, int(line.gift), line.price)
                for line in change.lines
            ],
        )
        self._sql.run(
            "UPDATE sources SET made_ms = ?1, at_ms = ?1 WHERE kind = ?2 AND name = ?3",
            change.shipped_ms or 0,
            HOSPITAL,
            change.delivery,
        )
        self._sources.forget()
        for (receipt,) in self._sql.all("SELECT id FROM receipts WHERE delivery = ? AND state = 'open'", row):
            self._receipts.ensure_lines(str(receipt), row)
        yield
        yield from self._sources.weigh(HOSPITAL, change.delivery)

    def _receipt(self, change: ReceiptChange) -> Iterator[None]:
        self._sql.run(
            insert_statement("known_receipts", verb="INSERT OR REPLACE"), change.id, change.delivery, change.state
        )
        if change.lines is not None:
            self._receipts.others.hear_numbers(
                change.id, [(row.line, kind, getattr(row, kind)) for row in change.lines for kind in OUTCOMES_BY_LINE]
            )
        if change.outcomes is not None:
            named = [(row.code, row.line, row.outcome, row.packs) for row in change.outcomes]
            self._receipts.others.hear_elsewhere(change.id, [row for row in named if row[2] in OUTCOMES_BY_CODE])
        yield

    def _codes(self, change: CodesChange) -> Iterator[None]:
        for part in _parts(change.rows):
            self._sql.many(
                _REPLACE_CODE,
                [
                    (
                        row.code, row.receipt, row.delivery, row.line, row.state, row.via, row.device, row.item,
                        row.at_ms, row.packs, int(row.estimated), row.outcome,
                    )
                    for row in part
                ],
            )  # fmt: skip
            self._others_in_open_receipts(part)
            yield

    def _others_in_open_receipts(self, rows: Sequence[CodeRow]) -> None:
        """What other devices did in a receipt that is under way here is part of its sets.

        A row names the device of the last change, which need not be the one that holds the pack now, nor the one that
        named its outcome; who holds it is told by the code that brought it: the pack's own, or its carton's.
        """
        names = {row.receipt for row in rows}
        here = {name for name in names if self._sql.one("SELECT 1 FROM receipts WHERE id = ?", name)}
        for row in rows:
            if row.receipt not in here:
                continue
            if row.state == "in" and not self._receipts.explains(row.receipt, row.via or row.code):
                self._receipts.hold_for_others(row.receipt, row.code, row.line, row.packs)
            else:
                self._receipts.release_for_others(row.receipt, row.code)
            if row.outcome in OUTCOMES_BY_CODE:
                self._receipts.others.hear(row.receipt, row.code, row.line, row.outcome, row.packs)
            else:
                self._receipts.others.take_away(row.receipt, row.code)


def _parts(rows: Sequence[T]) -> Iterator[list[T]]:
    """Small handfuls of rows."""
    left = iter(rows)
    while part := list(islice(left, _ROWS_A_STEP)):
        yield part
