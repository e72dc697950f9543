"""What the acceptance screen draws: a receipt between the dock and the shelf, and the list of those that wait. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.acceptance import Event, Findings, GoodsLine
from app.domain.acceptance_rules import Area, Difference, Missing, Stage


@dataclass(frozen=True, slots=True)
class AcceptanceTask:
    """A receipt in the list of those that wait for acceptance or for the shelf. `packs` came and are not sent back."""

    receipt: str
    delivery: str
    supplier: str
    stage: Stage
    packs: int
    cold: bool
    special: bool


@dataclass(frozen=True, slots=True)
class AcceptanceView:
    """One receipt. `missing`: what stands before a good conclusion, or after it before the shelf."""

    receipt: str
    delivery: str
    supplier: str
    store_room: str
    stage: Stage
    folded: bool
    areas: tuple[tuple[Area, int], ...]
    lines: tuple[GoodsLine, ...]
    found: Findings
    missing: tuple[Missing, ...]
    differences: tuple[Difference, ...]
    events: tuple[Event, ...]  # all that was ever written, newest first
    undoable: frozenset[int]  # seq of those in force
    invoice_no: str  # as the note says, where nothing was typed
    licence: str
    licence_expiry: str
    may_accept: bool
    may_put_away: bool

    @property
    def needs_witness(self) -> bool:
        return any(one.code == "acceptance_witness_missing" for one in self.missing)
