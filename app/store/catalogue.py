"""What the hospital says: site, operators, drugs, prefixes, deliveries and their lines. Writer's thread.

The catalogue is small and asked for at every scan, so drugs and prefixes are kept in memory and forgotten when the
feed changes them.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import peewee

from app.base.secrets import PinVerifier
from app.domain.documents import DeliveryNo, Drug, DrugId
from app.domain.maker_codes import MakerPatterns, usable
from app.domain.rights import Operator, rights_of
from app.store.tables import Sql, select

_log = logging.getLogger(__name__)
DEFAULT_NEAR_EXPIRY_DAYS = 180
DEFAULT_ZONE = "+08:00"


@dataclass(frozen=True, slots=True)
class SiteRow:
    """The hospital of this data folder, as its middleware last said."""

    realm: str
    name: str
    synthetic: bool
    zone: str
    near_expiry_days: int
    capabilities: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """Head of a delivery. `row` is the short stand-in for its number inside the file."""

    row: int
    number: DeliveryNo
    supplier: str
    manifest: str
    state: str
    store_room: str | None
    invoice_no: str | None
    invoice_code: str | None
    supplier_licence: str | None
    gift: bool
    synthetic: bool


@dataclass(frozen=True, slots=True)
class DeliveryLineRow:
    """A line as delivered, before anything was scanned."""

    line: int
    drug: DrugId
    batch: str | None
    expiry: dt.date | None
    packs: int


class Catalogue:
    """Reads of the hospital's own data."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database
        self._sql = Sql(database)
        self._drugs: dict[str, Drug | None] = {}
        self._prefixes: dict[str, tuple[DrugId, int] | None] = {}
        self._patterns: MakerPatterns | None = None
        self._site: SiteRow | None = None
        self._last_person: tuple[Sequence[object], Operator] | None = None

    def forget(self) -> None:
        """The feed changed a drug: read it anew."""
        self._drugs.clear()
        self._prefixes.clear()
        self._patterns = None

    def meta(self, key: str) -> str | None:
        found = self._sql.one("SELECT value FROM meta WHERE key = ?", key)
        return None if found is None else str(found[0])

    def set_meta(self, key: str, value: str) -> None:
        self._sql.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value)

    def site(self) -> SiteRow | None:
        """The hospital, or None in a folder that never met one."""
        if self._site is None:
            found = self.meta("site")
            self._site = None if found is None else SiteRow(**json.loads(found))
        return self._site

    def set_site(self, site: SiteRow) -> None:
        self._site = site
        fields = {name: getattr(site, name) for name in SiteRow.__slots__}
        self.set_meta("site", json.dumps(fields, ensure_ascii=False))

    def remote_receipt(self, receipt: str) -> str | None:
        """The state of a receipt at the hospital (open, closed), as far as the feed said."""
        found = self._sql.one("SELECT state FROM known_receipts WHERE id = ?", receipt)
        return None if found is None else str(found[0])

    def operator(self, operator_id: str) -> tuple[Operator, PinVerifier] | None:
        """The person and the proof of their PIN; None if the feed never named them."""
        row = select(self._database, "operators", id=operator_id).first()
        if row is None:
            return None
        person = _person(row)
        return person, PinVerifier(row["pin_salt"], row["pin_n"], row["pin_r"], row["pin_p"], row["pin_verifier"])

    def person(self, operator_id: str) -> Operator | None:
        """The person as the feed last named them: every scan asks, so by a plain statement, and read once."""
        row = self._sql.one(_PERSON, operator_id)
        if row is None:
            return None
        if self._last_person is None or self._last_person[0] != row:
            self._last_person = row, _person(dict(zip(_OF_A_PERSON, row, strict=True)))
        return self._last_person[1]

    def operators(self) -> tuple[Operator, ...]:
        """Everybody whom the feed named, by id."""
        return tuple(sorted(map(_person, select(self._database, "operators")), key=lambda person: person.id))

    def drug(self, drug: str) -> Drug | None:
        if drug not in self._drugs:
            row = select(self._database, "drugs", drug=drug).first()
            self._drugs[drug] = row and Drug(
                DrugId(row["drug"]),
                row["name"],
                row["spec"],
                row["item_kind"],
                row["pack_ratio"],
                row["exempt"],
                bool(row["special"]),
            )
        return self._drugs[drug]

    def prefix(self, prefix: str) -> tuple[DrugId, int] | None:
        """(drug, level) of a code prefix or GTIN-14; None if nobody knows."""
        if prefix not in self._prefixes:
            found = self._sql.one("SELECT drug, level FROM prefixes WHERE prefix = ?", prefix)
            self._prefixes[prefix] = (
                None if found is None else (DrugId(cast("str", found[0])), int(cast("int", found[1])))
            )
        return self._prefixes[prefix]

    def patterns(self) -> MakerPatterns:
        """Layouts of the makers' own codes, as the hospital named them; those that cannot be used are logged."""
        if self._patterns is None:
            pairs = self._sql.all("SELECT pattern, drug FROM maker_patterns ORDER BY pattern, drug")
            self._patterns, refused = usable((str(pattern), str(drug)) for pattern, drug in pairs)
            for one in refused:
                _log.warning("pattern %r of %s cannot be used: %s", one.pattern, one.drug, one.reason)
        return self._patterns

    def recalled(self, drug: str, batch: str | None) -> bool:
        if batch is None:
            return False
        return self._sql.one("SELECT 1 FROM recalls WHERE drug = ? AND batch = ?", drug, batch) is not None

    def delivery(self, number: str) -> DeliveryRow | None:
        return self._delivery(select(self._database, "deliveries", number=number).first())

    def delivery_number(self, row: int) -> str | None:
        found = self._sql.one("SELECT number FROM deliveries WHERE id = ?", row)
        return None if found is None else str(found[0])

    def delivery_lines(self, row: int) -> tuple[DeliveryLineRow, ...]:
        rows = sorted(select(self._database, "delivery_lines", delivery=row), key=lambda found: int(found["line"]))
        return tuple(
            DeliveryLineRow(
                found["line"],
                DrugId(found["drug"]),
                found["batch"],
                dt.date.fromisoformat(found["expiry"]) if found["expiry"] else None,
                found["packs"],
            )
            for found in rows
        )

    def _delivery(self, row: dict[str, object] | None) -> DeliveryRow | None:
        if row is None:
            return None
        fields = {name: row[name] for name in DeliveryRow.__slots__ if name in row}
        fields |= {"row": row["id"], "gift": bool(row["gift"]), "synthetic": bool(row["synthetic"])}
        return DeliveryRow(**fields)  # type: ignore[arg-type]


_OF_A_PERSON = ("id", "name", "role", "rights", "store_rooms", "active", "registration", "insurance_code")
_PERSON = f"SELECT {', '.join(_OF_A_PERSON)} FROM operators WHERE id = ?"  # noqa: S608 - names of our own


def _person(row: Mapping[str, Any]) -> Operator:
    return Operator(
        row["id"],
        row["name"],
        row["role"],
        rights_of(row["role"], json.loads(row["rights"])),
        frozenset(json.loads(row["store_rooms"])),
        bool(row["active"]),
        row["registration"],
        row["insurance_code"],
    )
