"""One scan against one delivery: what it is answered, and what it changes. Pure.

The order of the questions is that of the worked example's point 5: the first that fits is the answer. Sets are united
and subtracted, nothing else, so the order of scans does not matter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.codes import Gs1, ProductCode, Reading, Voucher, ambiguities_of, identifies_batch, label_of
from app.domain.documents import NO_PACKS, Drug, Line, PackSet
from app.domain.reasons import OK


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """All that is known here of one code, seen from one receipt. `None` means nobody knows."""

    key: str | None
    drug: Drug | None = None
    level: int | None = None
    line: Line | None = None  # from the manifest, else the line of this delivery that its drug and batch fit
    in_manifest: bool = False
    packs: PackSet = NO_PACKS  # the smallest packs under it; itself where it is one
    counted_here: bool = False  # exactly this code: a counted scan in force, here or on another device
    outcome_here: bool = False  # exactly this code: an outcome in force
    parent_counted: bool = False  # a package around it: a counted scan in force
    elsewhere: str | None = None  # this very code at another receipt: received, dispensed
    other_delivery: str | None = None
    recalled: bool = False
    drug_lines: tuple[Line, ...] = ()  # every line of this delivery with its drug
    lines: tuple[Line, ...] = ()  # the lines that its packs are on, where there are several packs
    disputed: bool = False  # sources contradict each other about what it stands for
    opened: bool = False  # a pack was taken out of it, or it was opened by hand
    replaced_by: str | None = None  # the code is dead; this one took its place
    fits: tuple[str, ...] = ()  # codes of this delivery that lost separators could have made it of
    line_guessed: bool = False  # its drug is on several lines, and nobody says of which batch it is
    piece: str | None = None  # the code names a batch: what this one scan of it is called


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What the hospital decides."""

    near_expiry_days: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a scan. `holds`: the packs that the scan stands for from now on; none unless it is counted."""

    reason: str
    line: Line | None = None
    packs: int | None = None
    holds: PackSet = NO_PACKS
    line_guessed: bool = False


def decide(reading: Reading, facts: CodeFacts, today: dt.date, rules: SiteRules) -> Decision:
    """Answer one scan. `today` is the hospital's day of the scan; the label's expiry goes before the line's."""
    if isinstance(reading, Voucher):
        return Decision("voucher_at_dock")
    unclear = _unclear(reading, facts)
    if unclear is not None:
        return Decision(unclear)
    reason = next((name for name, fits in _QUESTIONS if fits(_Case(reading, facts, today, rules))), OK)
    packs = facts.packs.packs or None
    line = None if reason in ("not_in_delivery", "other_delivery") else facts.line
    if reason not in (OK, "near_expiry"):
        return Decision(reason, line, packs)
    return Decision(reason, line, packs, facts.packs, facts.line_guessed)


def _unclear(reading: Reading, facts: CodeFacts) -> str | None:
    """Why nothing certain can be said of it; a manifest that names its plain reading settles any doubt."""
    if isinstance(reading, ProductCode):
        return "product_code"
    if facts.in_manifest and (facts.drug is not None or facts.line is not None):
        return None if facts.packs else "ambiguous"  # a carton without children, and no ratio to count it by
    if isinstance(reading, Gs1) and (reading.ambiguous or reading.key is None) and not _is_piece(reading, facts):
        return "ambiguous"
    if ambiguities_of(reading) and not _is_piece(reading, facts):
        return "ambiguous"
    if facts.drug is None:
        return "unknown_code"
    if not facts.packs and facts.drug_lines and facts.other_delivery is None:
        return "ambiguous"  # a carton of this delivery's drug, and nobody knows how much is in it
    return None


def _is_piece(reading: Reading, facts: CodeFacts) -> bool:
    """A consumable's label may name its batch only; a drug's without a serial has lost it."""
    kind = facts.drug.item_kind if facts.drug else ""
    return kind == "consumable" and identifies_batch(reading) and set(ambiguities_of(reading)) <= {"no_serial"}


@dataclass(frozen=True, slots=True)
class _Case:
    reading: Reading
    facts: CodeFacts
    today: dt.date
    rules: SiteRules

    @property
    def expiry(self) -> dt.date | None:
        """The label's, else the first of the lines that it is on."""
        label = label_of(self.reading).expiry
        lines = self.facts.lines or ((self.facts.line,) if self.facts.line else ())
        return label or min((line.expiry for line in lines if line.expiry), default=None)

    @property
    def label_batch(self) -> str | None:
        return label_of(self.reading).batch

    def duplicate(self) -> bool:
        own = self.facts.packs.own
        return self.facts.counted_here or self.facts.outcome_here or (own is not None and own.outcome is not None)

    def covered(self) -> bool:
        own = self.facts.packs.own
        return self.facts.parent_counted or (own is not None and bool(own.holders))

    def children_all_in(self) -> bool:
        return 0 < self.facts.packs.codes == self.facts.packs.settled

    def elsewhere(self, where: str) -> bool:
        packs = self.facts.packs
        gone = {"received": packs.received, "dispensed": packs.dispensed}
        return self.facts.elsewhere == where or (0 < packs.codes == sum(gone.values()) and gone[where] > 0)

    def expired(self) -> bool:
        return self.expiry is not None and self.expiry < self.today

    def foreign(self) -> bool:
        return (not self.facts.in_manifest or self.facts.line is None) and not self.facts.drug_lines

    def wrong_batch(self) -> bool:
        batch, line = self.label_batch, self.facts.line
        if self.facts.packs.codes > 1 and self.facts.packs.strays == self.facts.packs.codes:
            return bool(self.facts.drug_lines)  # the right drug, and all of it of a batch that is not on the note
        if batch is None or line is None:
            return False
        lines = (line,) if self.facts.in_manifest else self.facts.drug_lines
        return all(each.batch is not None and each.batch != batch for each in lines)

    def over_quantity(self) -> bool:
        line, gains = self.facts.line, dict(self.facts.packs.gains)
        named = self.facts.in_manifest
        if line is None or (named and self.facts.piece is None):
            return False
        lines = self.facts.lines or (line,)
        return any((each.coded and not named) or each.missing < gains.get(each.line, 0) for each in lines)

    def source_conflict(self) -> bool:
        several = self.facts.packs.codes > 1
        return self.facts.disputed or self.facts.replaced_by is not None or (several and self.facts.packs.strays > 0)

    def parent_opened(self) -> bool:
        packs = self.facts.packs
        return self.facts.opened or (packs.codes > 1 and packs.received + packs.dispensed > 0)

    def near_expiry(self) -> bool:
        return self.expiry is not None and (self.expiry - self.today).days <= self.rules.near_expiry_days


_QUESTIONS: tuple[tuple[str, Callable[[_Case], bool]], ...] = (
    ("duplicate_in_receipt", _Case.duplicate),
    ("covered_by_parent", _Case.covered),
    ("children_all_in", _Case.children_all_in),
    ("already_received", lambda case: case.elsewhere("received")),
    ("already_dispensed", lambda case: case.elsewhere("dispensed")),
    ("recalled", lambda case: case.facts.recalled),
    ("expired", _Case.expired),
    ("other_delivery", lambda case: case.facts.other_delivery is not None and not case.facts.in_manifest),
    ("not_in_delivery", _Case.foreign),
    ("wrong_batch", _Case.wrong_batch),
    ("over_quantity", _Case.over_quantity),
    ("source_conflict", _Case.source_conflict),
    ("parent_opened", _Case.parent_opened),
    ("near_expiry", _Case.near_expiry),
)
