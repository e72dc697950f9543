"""What a person's action came to: frozen results that a screen draws and the command line prints. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.documents import Equation
from app.domain.reasons import OK, SCAN_REASONS, Panel, Verdict

Values = Mapping[str, object]
RESTS_ON_REPLICA = frozenset({"already_received", "already_dispensed", "other_delivery", "recalled"})
"""Verdicts that rest on what the hospital told last."""


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """The answer to one scan, given after its commit. `seq` is None where nothing was stored."""

    seq: int | None
    reason: str
    payload: str | None = None
    raw: bytes | None = None  # where the bytes are no UTF-8 text
    line: int | None = None
    packs: int | None = None
    received: int | None = None
    expected: int | None = None
    values: Values = field(default_factory=dict)  # fills the places of the reason's text
    trouble: str | None = None  # why it was not recorded
    guess: str | None = None  # counted, but: `ratio` (its packs) or `line` (its batch) is an estimate
    pieces: int = 0  # of a code that names a batch: how many of it are in now
    as_of: str | None = None  # how old the replica is that the verdict rests on: `09:12`, with the day if not today

    @property
    def verdict(self) -> Verdict:
        return SCAN_REASONS[self.reason].verdict

    @property
    def panel(self) -> Panel:
        return SCAN_REASONS[self.reason].panel

    @property
    def counted(self) -> bool:
        return SCAN_REASONS[self.reason].counted


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """The answer to one command. `text` names the sentence; `details` are further sentences that fill `{details}`."""

    seq: int | None
    command: str | None
    reason: str
    text: str
    values: Values = field(default_factory=dict)
    details: tuple[tuple[str, Values], ...] = ()
    trouble: str | None = None

    @property
    def ok(self) -> bool:
        return self.reason == OK


@dataclass(frozen=True, slots=True)
class ReceiptSummary:
    """Where a receipt stands."""

    receipt: str
    closed: bool
    equation: Equation
    lists: Mapping[str, int]
    estimated: Mapping[int, int] = field(default_factory=dict)  # line → packs counted by a pack ratio only
    guessed: Mapping[int, int] = field(default_factory=dict)  # line → packs whose batch nobody told
