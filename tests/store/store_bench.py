"""A data folder with the real writer on a real file, and makers of what the feed brings. The test's thread."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.base.clock import IdMaker, SystemClock
from app.base.paths import DataPaths
from app.domain.acceptance_rules import Missing
from app.domain.rights import Operator
from app.flows.receiving import Parts, Receiving
from app.store.catalogue import Catalogue
from app.store.database import open_database
from app.store.facts import FactsReader
from app.store.migrations import MIGRATIONS
from app.store.package_events import PackageEvents
from app.store.packages import Packages
from app.store.receipts import Receipts
from app.store.replica import Replica
from app.store.scope import Scope
from app.store.sources import PackageSources
from app.store.writer import SCAN, StoreWriter
from sync import MIGRATIONS as SYNC_MIGRATIONS
from sync import Outbox
from sync.changes import (
    Addresses,
    Change,
    CodeRow,
    CodesChange,
    DeliveryChange,
    DeliveryLine,
    DrugChange,
    Limits,
    OperatorChange,
    PackageRow,
    PackagesChange,
    PinVerifier,
    Site,
)

SCHEMA = (MIGRATIONS, SYNC_MIGRATIONS)
KNOWN = max(version for part in SCHEMA for version in part)
NO = "D-1"
RECEIPT = "D-1-R1"
MINE, OTHER = "device-mine", "device-other"


class NoAcceptance:
    """Nothing is asked for."""

    def may_close(self, receipt: str) -> tuple[Missing, ...]:
        return ()

    def sign(self, operator: str, receipt: str, witness: str, pin: str) -> object:
        raise NotImplementedError


CLERK = Operator("1001", "clerk", "clerk", frozenset({"receive", "close", "exempt"}))
PIN = "1234"
JOURNAL_TABLES = ("entries", "holds", "outcomes", "receipts", "receipt_lines")


class Bench:
    """Everything that receiving stands on, without an exchange; `device` is this folder's id."""

    def __init__(self, root: Path, *, device: str = MINE) -> None:
        root.mkdir(exist_ok=True)
        self.paths = DataPaths(root)
        self.clock = SystemClock()
        self.writer = StoreWriter(lambda: open_database(self.paths, SCHEMA, now_ms=self.clock.now_ms))
        self.database = self.writer.database
        self.catalogue = Catalogue(self.database)
        self.packages = Packages(self.database)
        self.scope = Scope(self.database)
        self.receipts = Receipts(self.database, self.scope)
        self.facts = FactsReader(self.database, self.catalogue, self.packages, self.scope)
        self.outbox = Outbox(self.database)
        self.sources = PackageSources(self.database, self.catalogue, self.packages, self.clock.now_ms)
        self.events = PackageEvents(self.database, self.packages)
        self.events.hear_lessons(self.sources.learn)
        self.sources.hear_of_unnamed(lambda: self.writer.sweep(self.sources.name))
        self.replica = Replica(self.database, self.catalogue, self.receipts, self.sources, self.events)
        self.parts = Parts(
            self.writer, self.catalogue, self.facts, self.receipts, self.outbox, self.clock, IdMaker(), device,
            lambda urgent: None, self.packages, self.events, NoAcceptance,
        )  # fmt: skip

    def close(self) -> None:
        self.writer.close()

    def apply(self, *changes: Change) -> None:
        """One page of the feed, as the exchange hands it in."""
        self.writer.run_sliced(lambda: self.replica.apply(changes), finish=lambda: None)

    def meet(self) -> None:
        """The hospital introduces itself."""
        self.writer.call(lambda: self.replica.site(site()))

    def desk(self, number: str = NO, *, holds: bool = False) -> Receiving:
        return Receiving(self.parts, number, CLERK, holds=holds)

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        return self.writer.call(
            lambda: self.database.execute_sql(statement, values).fetchall(), priority=SCAN, write=False
        )

    def dump(self, *without: str) -> dict[str, list[tuple[object, ...]]]:
        """All rows of all tables, in their order of keys."""
        names = [str(row[0]) for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: sorted(self.rows(f"SELECT * FROM {name}"), key=repr) for name in names if name not in without}


class Steps:
    """A long job of `count` steps that calls `between(n)` after its n-th step."""

    def __init__(self, count: int, between: Callable[[int], None]) -> None:
        self._count = count
        self._between = between

    def __call__(self) -> Iterator[None]:
        for number in range(self._count):
            self._between(number)
            yield


def box(number: int) -> str:
    return f"8999011{number:013d}"


def bundle(number: int) -> str:
    return f"8999012{number:013d}"


def carton(number: int = 0) -> str:
    return f"8999013{number:013d}"


def drug(**changed: object) -> DrugChange:
    values: dict[str, object] = {
        "drug": "YP-1", "name": "amoxicillin", "item_kind": "drug",
        "levels": {"8999011": 1, "8999012": 2, "8999013": 3}, "pack_ratio": "1:10:200",
    }  # fmt: skip
    return DrugChange(**{**values, **changed})  # type: ignore[arg-type]


def delivery(
    number: str = NO,
    *,
    packs: Sequence[int] = (4,),
    manifest: str = "complete",
    state: str = "open",
    batches: Sequence[str] = ("B1", "B2", "B3"),
    drugs: Sequence[str] = ("YP-1", "YP-1", "YP-1"),
) -> DeliveryChange:
    lines = tuple(
        DeliveryLine(place, drugs[place - 1], batches[place - 1], "2099-12-31", count)
        for place, count in enumerate(packs, start=1)
    )
    return DeliveryChange(number, "supplier", manifest, state, lines)


def packages(number: str = NO, *, boxes: int = 4, start: int = 0) -> PackagesChange:
    """A carton with bundles of two boxes, all on line 1."""
    rows = [PackageRow(carton(start), 3, None, 1)]
    for place in range(start, start + boxes):
        if place % 2 == 0:
            rows.append(PackageRow(bundle(place // 2), 2, carton(start), 1))
        rows.append(PackageRow(box(place), 1, bundle(place // 2), 1))
    return PackagesChange(number, tuple(rows))


def operator(**changed: object) -> OperatorChange:
    salt = b"salt of a test"
    verifier = hashlib.scrypt(PIN.encode(), salt=salt, n=1024, r=8, p=1, dklen=32)
    values: dict[str, object] = {
        "id": "1001", "name": "clerk", "role": "clerk", "rights": ("receive", "close"), "active": True,
        "pin": PinVerifier("scrypt", salt.hex(), 1024, 8, 1, verifier.hex()),
    }  # fmt: skip
    return OperatorChange(**{**values, **changed})  # type: ignore[arg-type]


def codes(*numbers: int, state: str = "in", device: str = OTHER, receipt: str = RECEIPT, **more: object) -> CodesChange:
    rows = [CodeRow(box(one), receipt, receipt.rpartition("-R")[0], 1, state, device, **more) for one in numbers]  # type: ignore[arg-type]
    return CodesChange(tuple(rows))


def site(realm: str = "realm-of-tests") -> Site:
    return Site(realm, "hospital", True, "+08:00", 180, 0, Addresses("http://127.0.0.1:1"), Limits(500, 1_000_000), ())
