"""What a receipt of this folder tells the insurance: a snapshot from the store, by the site's profile. Writer's thread.

`preview` shows the messages as they would go out, and what keeps a row back. Rows go out as items (`claim_sending`), or
by a person's hand, who says so with `told`. From then on `preview` shows what corrects that, under the batch serials
that it was told by; a row whose item was refused was told to nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import cast

import msgspec

from app.base.clock import zone_of
from app.base.errors import Trouble
from app.domain.profile import Payload, Problem, Profile
from app.domain.profile_build import build
from app.domain.rights import EXPORT, Operator
from app.flows.claim_messages import ClaimPreview, preview_of
from app.flows.claim_profiles import load_profile
from app.flows.claim_rows import (
    ClaimCode,
    ClaimGoods,
    ClaimLine,
    ClaimRow,
    ClaimSnapshot,
    corrections,
    facts_of,
    rows_of,
)
from app.flows.permission import demand
from app.store.catalogue import DEFAULT_ZONE, Catalogue
from app.store.claim_rows import ClaimRows, ToldRow
from app.store.tables import Sql, select
from app.store.writer import SETTLE, StoreWriter
from sync.item_ids import packed

_CODES = """
SELECT h.pack, h.line, max(h.packs) FROM holds h
 WHERE h.receipt = ?1 AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.pack = h.pack AND o.receipt = ?1)
 GROUP BY h.pack ORDER BY h.line, h.pack
"""
_COUNTS = "SELECT line, received, exempt FROM receipt_lines WHERE receipt = ?"
_OPERATOR = "SELECT name FROM operators WHERE id = ?"
_FATE = "SELECT coalesce(result, '') FROM sync_outbox WHERE id = ?"
_NOT_TAKEN = ("refused", "conflict", "superseded")


@dataclass(frozen=True, slots=True)
class ClaimSettings:
    """What the site chose: the profile, the way in which it collects codes, and a file of its own."""

    profile: str = "national"
    route: str = "one"
    site_file: Path | None = None


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """A row that can go out, with its message alone in it, as JSON."""

    row: ClaimRow
    infno: str
    message: str


@dataclass(frozen=True, slots=True)
class Written:
    """All that can go out now; `told` are the rows that it begins from."""

    preview: ClaimPreview
    rows: tuple[WrittenRow, ...]
    told: tuple[ClaimRow, ...]


class Claims:
    """The insurance's side of receipts."""

    def __init__(
        self, writer: StoreWriter, catalogue: Catalogue, now_ms: Callable[[], int], settings: ClaimSettings
    ) -> None:
        self._writer = writer
        self._sql = Sql(writer.database)
        self._catalogue = catalogue
        self._now_ms = now_ms
        self._settings = settings
        self._told = ClaimRows(writer.database)

    def profile(self) -> Profile:
        """The site's profile. Raises Trouble: profile_unknown, profile_bad."""
        return load_profile(self._settings.profile, self._settings.site_file)

    def preview(self, receipt: str) -> ClaimPreview:
        """What is still to be told: all of it, or after `told` what corrects it.

        Raises Trouble: receipt_not_here, profile_unknown, profile_bad.
        """
        return self._work_out(receipt)[2]

    def written(self, receipt: str) -> Written:
        """The preview, and its rows as messages of one row; worked out on the caller's thread. Raises as `preview`."""
        snapshot, profile, preview, told = self._work_out(receipt)
        rows = (row for message in preview.messages for row in message.rows)
        return Written(preview, tuple(_written(row, snapshot, profile) for row in rows), told)

    def told_of(self, receipt: str) -> tuple[ClaimRow, ...]:
        """Rows that went out and were not refused. Inside a transaction, as the next two."""
        return tuple(row for row in self._rows_kept(receipt) if self._fate(row) not in _NOT_TAKEN)

    def refused(self, receipt: str) -> tuple[ClaimRow, ...]:
        """Rows whose items were refused, and in whose place nothing was sent."""
        return tuple(row for row in self._rows_kept(receipt) if self._fate(row) in _NOT_TAKEN[:2])

    def keep(self, preview: ClaimPreview, rows: Iterable[ClaimRow], operator: str) -> int:
        """These rows of it went out, and are kept, so that a correction can name them. How many."""
        plain = [replace(row, problems=(), notes=()) for row in rows]
        kept = [ToldRow(row.trade, row.serial, row.generation, row.line, msgspec.json.encode(row)) for row in plain]
        self._told.add(preview.receipt, kept, at_ms=self._now_ms(), operator=operator, profile=preview.profile)
        return len(kept)

    def told(self, preview: ClaimPreview, operator: Operator) -> int:
        """Its messages went out, by this person: they are kept, so that a correction can name them. How many rows.

        Raises Trouble: no_right, claim_not_closed, claim_preview_old (something changed, or it was told meanwhile).
        """
        demand(operator, EXPORT)
        if not preview.closed:
            raise Trouble("claim_not_closed", receipt=preview.receipt)
        rows = [row for message in preview.messages for row in message.rows]

        def keep() -> int:
            if self.preview(preview.receipt).messages != preview.messages:
                raise Trouble("claim_preview_old", receipt=preview.receipt)
            return self.keep(preview, rows, operator.id)

        return self._writer.call(keep, priority=SETTLE)

    def _work_out(self, receipt: str) -> tuple[ClaimSnapshot, Profile, ClaimPreview, tuple[ClaimRow, ...]]:
        profile, route = self.profile(), self._settings.route
        snapshot, told = self._writer.call(
            lambda: (self.snapshot(receipt), self.told_of(receipt)), priority=SETTLE, write=False
        )
        return snapshot, profile, _preview(snapshot, profile, route, told), told

    def _rows_kept(self, receipt: str) -> Iterator[ClaimRow]:
        return (msgspec.json.decode(body, type=ClaimRow) for body in self._told.of(receipt))

    def _fate(self, row: ClaimRow) -> str:
        """What became of its item: the word of the answer, empty before."""
        found = self._sql.one(_FATE, packed(row.item)) if row.item else None
        return str(found[0]) if found else ""

    def snapshot(self, receipt: str) -> ClaimSnapshot:
        """The receipt as it stands; on the writer's thread. Raises Trouble `receipt_not_here`."""
        head = select(self._writer.database, "receipts", id=receipt).first()
        delivery = head and select(self._writer.database, "deliveries", id=head["delivery"]).first()
        if head is None or delivery is None:
            raise Trouble("receipt_not_here", receipt=receipt)
        site = self._catalogue.site()
        at_ms = head["closed_ms"] or self._now_ms()
        operator = str(head["closed_by"] or head["opened_by"])
        name = self._sql.one(_OPERATOR, operator)
        return ClaimSnapshot(
            site.realm if site else "",
            receipt,
            delivery["number"],
            delivery["supplier"],
            str(name[0]) if name else operator,
            dt.datetime.fromtimestamp(at_ms // 1000, tz=zone_of(site.zone if site else DEFAULT_ZONE)),
            self._lines(receipt, head["delivery"], bool(head["gift"] or delivery["gift"])),
            head["supplier_licence"] or delivery["supplier_licence"],
            head["invoice_no"] or delivery["invoice_no"],
            head["invoice_code"] or delivery["invoice_code"],
            head["state"] == "closed",
        )

    def _lines(self, receipt: str, delivery: int, gift: bool) -> tuple[ClaimLine, ...]:
        codes: dict[int, list[ClaimCode]] = {}
        for pack, line, packs in cast("list[tuple[str, int, int]]", self._sql.all(_CODES, receipt)):
            codes.setdefault(line, []).append(ClaimCode(pack, packs))
        rows = cast("list[tuple[int, int, int]]", self._sql.all(_COUNTS, receipt))
        counts = {line: (received, exempt) for line, received, exempt in rows}
        found = []
        for row in select(self._writer.database, "delivery_lines", delivery=delivery):
            received, exempt = counts.get(row["line"], (0, 0))
            goods = self._goods(row, gift)
            found.append(ClaimLine(row["line"], goods, received, exempt, tuple(codes.get(row["line"], ()))))
        return tuple(sorted(found, key=lambda line: line.line))

    def _goods(self, line: Mapping[str, object], gift: bool) -> ClaimGoods:
        """Whether it needs a prescription, and its price, are known only where the hospital says so."""
        drug = select(self._writer.database, "drugs", drug=str(line["drug"])).first() or {}
        price = line.get("price")
        return ClaimGoods(
            str(line["drug"]),
            str(drug.get("name") or line["drug"]),
            _text(line["batch"]),
            _day(line["made"]),
            _day(line["expiry"]),
            gift or bool(line["gift"]),
            None if price is None else Decimal(str(price)),
            _text(drug.get("nhsa_code")),
            _text(drug.get("spec")),
            _text(drug.get("maker")),
            _text(drug.get("approval_no")),
            _text(drug.get("rx")),
            _text(drug.get("min_pack_unit")),
            int(drug.get("multiplier") or 1),
            int(drug.get("divisor") or 1),
            drug.get("exempt") is not None,
        )


def _preview(snapshot: ClaimSnapshot, profile: Profile, route: str, told: tuple[ClaimRow, ...]) -> ClaimPreview:
    if route not in profile.routes:
        values = (("profile", profile.name), ("route", route))
        unknown = Problem("routes", "claim_route_unknown", "route", "route", values)
        return ClaimPreview(snapshot.receipt, profile.name, route, (), (), (unknown,), snapshot.closed)
    trades = profile.routes[route]
    rows = corrections(snapshot, profile, trades, told) if told else rows_of(snapshot, profile, trades)
    return preview_of(snapshot, profile, route, rows)


def _written(row: ClaimRow, snapshot: ClaimSnapshot, profile: Profile) -> WrittenRow:
    infno = profile.trades[row.trade]
    made = build(profile, infno, [facts_of(row, snapshot, profile)])
    assert isinstance(made, Payload), made
    return WrittenRow(row, infno, made.text())


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _day(value: object) -> dt.date | None:
    return None if not value else dt.date.fromisoformat(str(value))
