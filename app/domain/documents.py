"""The papers of the dock as frozen facts: drugs, delivery lines, packs, and the equation of a receipt. Pure."""

from __future__ import annotations

import datetime as dt
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
