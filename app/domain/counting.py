"""From smallest coded packs to the hospital's own unit, the arithmetic shown (trace-codes.md §8.5 R8–R10). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """How a hospital counts a drug: hospital units = smallest packs × multiplier ÷ divisor."""

    pack: str  # 盒
    hospital: str  # 瓶
    multiplier: int = 1
    divisor: int = 1

    @property
    def same(self) -> bool:
        """True if a smallest pack is one hospital unit, so that there is nothing to reckon."""
        return self.multiplier == self.divisor and self.pack == self.hospital

    def amount(self, packs: int) -> Fraction:
        """Hospital units in so many smallest packs; a fraction where packs were opened."""
        return Fraction(packs * self.multiplier, self.divisor)

    def shown(self, packs: int) -> str:
        """`60 盒 × 20 瓶/盒 = 1200 瓶`; empty where the units are the same."""
        if self.same or not self.hospital:
            return ""
        factor = Fraction(self.multiplier, self.divisor)
        if factor.denominator == 1:
            step = f"× {factor.numerator} {self.hospital}/{self.pack}"
        elif factor.numerator == 1:
            step = f"÷ {factor.denominator} {self.pack}/{self.hospital}"
        else:
            step = f"× {factor.numerator} ÷ {factor.denominator}"
        return f"{packs} {self.pack} {step} = {_number(self.amount(packs))} {self.hospital}"


def smallest_by_ratio(ratio: str | None, level: int | None) -> int:
    """Smallest packs in a package of this level by a pack ratio such as `1:10:200` (largest first, counts per largest).

    1 for the smallest, 0 if the ratio cannot say. It is a default, never what is really inside (§8.2).
    """
    if level == 1:
        return 1
    if level is None or not ratio:
        return 0
    try:
        parts = [int(part) for part in ratio.split(":")]
    except ValueError:
        return 0
    if not 1 < level <= len(parts) or min(parts) < 1:
        return 0
    return parts[-1] // parts[len(parts) - level]


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.4g}"
