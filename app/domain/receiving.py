"""One scan against one delivery: what it is answered, and what it changes. Pure.

The order of the questions is that of the worked example's point 5: the first that fits is the answer. Sets are united
and subtracted, nothing else, so the order of scans does not matter.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.codes import Gs1, ProductCode, Reading, Voucher
from app.domain.documents import Drug, Line, Pack
from app.domain.reasons import OK


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """All that is known here of one code, seen from one receipt. `None` means nobody knows."""

    key: str | None
    drug: Drug | None = None
    level: int | None = None
    line: Line | None = None  # from the manifest, else the line of this delivery that its drug and batch fit
    in_manifest: bool = False
    packs: tuple[Pack, ...] = ()  # the smallest packs under it; itself where it is one
    children_known: bool = True  # False: `packs` is the carton itself, with a count from the pack ratio
    counted_here: bool = False  # exactly this code: a counted scan in force, here or on another device
    outcome_here: bool = False  # exactly this code: an outcome in force
    parent_counted: bool = False  # a package around it: a counted scan in force
    elsewhere: str | None = None  # this very code at another receipt: received, dispensed
    other_delivery: str | None = None
    recalled: bool = False
    drug_lines: tuple[Line, ...] = ()  # every line of this delivery with its drug


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What the hospital decides."""

    near_expiry_days: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a scan. `holds`: the packs that the scan stands for from now on (only if counted)."""

    reason: str
    line: Line | None = None
    packs: int | None = None
    holds: tuple[Pack, ...] = ()
    gained: tuple[Pack, ...] = ()  # of `holds`, those that were not in before
    digest: str | None = None
    estimated: bool = False


def decide(reading: Reading, facts: CodeFacts, today: dt.date, rules: SiteRules) -> Decision:
    """Answer one scan. `today` is the hospital's day of the scan; the label's expiry goes before the line's."""
    if isinstance(reading, Voucher):
        return Decision("voucher_at_dock")
    unclear = _unclear(reading, facts)
    if unclear is not None:
        return Decision(unclear)
    reason = next((name for name, fits in _QUESTIONS if fits(_Case(reading, facts, today, rules))), OK)
    packs = sum(pack.packs for pack in facts.packs) or None
    line = None if reason in ("not_in_delivery", "other_delivery") else facts.line
    if reason not in (OK, "near_expiry"):
        return Decision(reason, line, packs)
    gained = tuple(pack for pack in facts.packs if not pack.is_in and pack.outcome is None)
    return Decision(
        reason, line, packs, facts.packs, gained, digest=digest_of(facts), estimated=not facts.children_known
    )


def digest_of(facts: CodeFacts) -> str | None:
    """SHA-256 (hex) of the keys of all known smallest packs, sorted, joined by LF; None for a smallest pack itself."""
    if not facts.children_known or (len(facts.packs) == 1 and facts.packs[0].key == facts.key):
        return None
    keys = sorted(pack.key for pack in facts.packs)
    return hashlib.sha256("\n".join(keys).encode("utf-8")).hexdigest()


def _unclear(reading: Reading, facts: CodeFacts) -> str | None:
    """Why nothing certain can be said of it; a manifest that names its plain reading settles any doubt."""
    if isinstance(reading, ProductCode):
        return "product_code"
    if facts.in_manifest:
        return None if facts.packs else "ambiguous"  # a carton without children, and no ratio to count it by
    if isinstance(reading, Gs1) and (reading.ambiguous or reading.key is None):
        return "ambiguous"
    if facts.drug is None:
        return "unknown_code"
    if not facts.packs and facts.drug_lines and facts.other_delivery is None:
        return "ambiguous"  # a carton of this delivery's drug, and nobody knows how much is in it
    return None


@dataclass(frozen=True, slots=True)
class _Case:
    reading: Reading
    facts: CodeFacts
    today: dt.date
    rules: SiteRules

    @property
    def expiry(self) -> dt.date | None:
        label = self.reading.fields.expiry if isinstance(self.reading, Gs1) else None
        return label or (self.facts.line.expiry if self.facts.line else None)

    @property
    def label_batch(self) -> str | None:
        return self.reading.fields.batch if isinstance(self.reading, Gs1) else None

    def duplicate(self) -> bool:
        own = self._self_pack()
        return self.facts.counted_here or self.facts.outcome_here or (own is not None and own.outcome is not None)

    def covered(self) -> bool:
        own = self._self_pack()
        return self.facts.parent_counted or (own is not None and bool(own.holders))

    def children_all_in(self) -> bool:
        return bool(self.facts.packs) and all(pack.is_in or pack.outcome is not None for pack in self.facts.packs)

    def elsewhere(self, where: str) -> bool:
        if self.facts.elsewhere == where:
            return True
        places = {pack.elsewhere for pack in self.facts.packs}
        return bool(places) and None not in places and where in places

    def expired(self) -> bool:
        return self.expiry is not None and self.expiry < self.today

    def foreign(self) -> bool:
        return not self.facts.in_manifest and not self.facts.drug_lines

    def wrong_batch(self) -> bool:
        batch, line = self.label_batch, self.facts.line
        if batch is None or line is None:
            return False
        lines = (line,) if self.facts.in_manifest else self.facts.drug_lines
        return all(each.batch is not None and each.batch != batch for each in lines)

    def over_quantity(self) -> bool:
        line = self.facts.line
        if line is None or self.facts.in_manifest:
            return False
        return line.coded or line.missing < sum(pack.packs for pack in self.facts.packs)

    def parent_opened(self) -> bool:
        return len(self.facts.packs) > 1 and any(pack.elsewhere for pack in self.facts.packs)

    def near_expiry(self) -> bool:
        return self.expiry is not None and (self.expiry - self.today).days <= self.rules.near_expiry_days

    def _self_pack(self) -> Pack | None:
        packs = self.facts.packs
        return packs[0] if len(packs) == 1 and packs[0].key == self.facts.key else None


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
    ("parent_opened", _Case.parent_opened),
    ("near_expiry", _Case.near_expiry),
)
