"""The papers of the dock as frozen facts: drugs, delivery lines, packs, and the equation of a receipt. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NewType

DrugId = NewType("DrugId", str)
DeliveryNo = NewType("DeliveryNo", str)
ReceiptId = NewType("ReceiptId", str)
PackKey = NewType("PackKey", str)

OUTCOMES_BY_CODE = ("damaged", "rejected")
OUTCOMES_BY_LINE = ("short", "over", "exempt")
OUTCOMES = OUTCOMES_BY_CODE + OUTCOMES_BY_LINE


def receipt_id(delivery: str, number: int = 1) -> ReceiptId:
    """One receipt per delivery for all devices, so its id needs no asking."""
    return ReceiptId(f"{delivery}-R{number}")


@dataclass(frozen=True, slots=True)
class Drug:
    """A catalogue item, as far as receiving needs it."""

    drug: DrugId
    name: str
    spec: str | None
    item_kind: str  # drug, consumable
    pack_ratio: str | None
    exempt: str | None  # why no code is demanded; None if one is
    special: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a delivery with what this receipt has of it. Counts are smallest coded packs."""

    line: int
    drug: DrugId
    name: str
    batch: str | None
    expiry: dt.date | None
    expected: int
    coded: bool  # the manifest names every code of this line: it is a set, not a number
    exempt_reason: str | None
    received: int = 0
    short: int = 0
    damaged: int = 0
    rejected: int = 0
    exempt: int = 0
    over: int = 0

    @property
    def missing(self) -> int:
        """What still needs an outcome; negative if too much was accounted for."""
        return self.expected - self.received - self.short - self.damaged - self.rejected - self.exempt


@dataclass(frozen=True, slots=True)
class Equation:
    """expected = received + short + damaged + rejected + exempt, in smallest packs."""

    expected: int = 0
    received: int = 0
    short: int = 0
    damaged: int = 0
    rejected: int = 0
    exempt: int = 0

    @classmethod
    def of(cls, lines: tuple[Line, ...]) -> Equation:
        return cls(*(sum(getattr(line, field.name) for line in lines) for field in fields(cls)))

    def as_dict(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Pack:
    """A smallest coded pack (or a carton whose children nobody knows, then `packs` > 1) as this receipt sees it."""

    key: PackKey
    line: int
    packs: int = 1
    holders: tuple[int, ...] = ()  # seq of the counted scans in force that hold it; 0: another device
    outcome: str | None = None  # the latest in force
    elsewhere: str | None = None  # received, dispensed

    @property
    def is_in(self) -> bool:
        return bool(self.holders) and self.outcome is None


@dataclass(frozen=True, slots=True)
class PackSet:
    """The smallest packs under a code, as this receipt sees them: numbers only, for a pallet has ten thousand.

    `codes` counts codes; `packs` what they stand for, which is more where a carton's children are not known.
    """

    codes: int = 0
    packs: int = 0
    settled: int = 0  # codes that are in, or have an outcome
    received: int = 0  # codes that another receipt has
    dispensed: int = 0
    gains: tuple[tuple[int, int], ...] = ()  # (line, packs) that a counted scan of the code brings in, by line
    strays: int = 0  # codes that fit no line of this delivery
    own: Pack | None = None  # the code itself, where it is the only one
    digest: str | None = None  # of the keys of all of them; None for `own`, or where children are not known
    estimated: bool = False  # part of it is counted by a ratio

    @classmethod
    def of(cls, key: str | None, packs: Iterable[Pack], *, children_known: bool = True) -> PackSet:
        """The definition: what the store works out by one query."""
        found = tuple(packs)
        gains: Counter[int] = Counter()
        for pack in found:
            if not pack.holders and pack.outcome is None:
                gains[pack.line] += pack.packs
        own = found[0] if len(found) == 1 and found[0].key == key else None
        return cls(
            len(found),
            sum(pack.packs for pack in found),
            sum(bool(pack.holders) or pack.outcome is not None for pack in found),
            sum(pack.elsewhere == "received" for pack in found),
            sum(pack.elsewhere == "dispensed" for pack in found),
            tuple(sorted(gains.items())),
            own=own,
            digest=digest_of(pack.key for pack in found) if own is None and children_known and found else None,
            estimated=not children_known,
        )

    def __bool__(self) -> bool:
        return self.codes > 0

    @property
    def gained(self) -> int:
        """Packs that a counted scan of the code brings in."""
        return sum(packs for _, packs in self.gains)


NO_PACKS = PackSet()


def digest_of(keys: Iterable[str]) -> str:
    """SHA-256 (hex) of the keys, sorted, joined by LF."""
    return hashlib.sha256("\n".join(sorted(keys)).encode("utf-8")).hexdigest()
