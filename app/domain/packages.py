"""What a source says of one coded package, and how much each kind of source is trusted. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PackageClaim:
    """One code as one source describes it; None: not said. `level` 1: smallest coded pack (trace-codes.md §8.1)."""

    code: str
    level: int | None
    parent: str | None
    drug: str | None = None
    batch: str | None = None
    expiry: str | None = None  # ISO day
    made: str | None = None
    amount: int | None = None  # smallest packs in it, as the source counts them
    line: int | None = None  # of the delivery that the source describes
