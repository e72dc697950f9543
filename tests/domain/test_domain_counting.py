"""Units and ratios: the examples of the trade, and that no packs appear or vanish on the way."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.counting import Unit, smallest_by_ratio


@pytest.mark.parametrize(
    ("unit", "packs", "shown"),
    [
        (Unit("盒", "瓶", 20, 1), 60, "60 盒 × 20 瓶/盒 = 1200 瓶"),
        (Unit("箱", "瓶", 120, 1), 1, "1 箱 × 120 瓶/箱 = 120 瓶"),
        (Unit("盒", "大盒", 1, 50), 100, "100 盒 ÷ 50 盒/大盒 = 2 大盒"),
        (Unit("盒", "大盒", 1, 50), 1, "1 盒 ÷ 50 盒/大盒 = 0.02 大盒"),
        (Unit("盒", "组", 3, 2), 4, "4 盒 × 3 ÷ 2 = 6 组"),
        (Unit("盒", "盒"), 7, ""),
        (Unit("", ""), 7, ""),
    ],
)
def test_the_arithmetic_is_shown(unit: Unit, packs: int, shown: str) -> None:
    assert unit.shown(packs) == shown


@given(st.integers(1, 10_000), st.integers(1, 500), st.integers(1, 500))
def test_units_are_exact(packs: int, multiplier: int, divisor: int) -> None:
    assert Unit("a", "b", multiplier, divisor).amount(packs) * divisor == Fraction(packs * multiplier)


@pytest.mark.parametrize(
    ("ratio", "level", "packs"),
    [
        ("1:10:200", 1, 1), ("1:10:200", 2, 20), ("1:10:200", 3, 200), ("1:10:200", 4, 0), ("1:100", 2, 100),
        ("1", 1, 1), ("1", 2, 0), (None, 2, 0), ("", 3, 0), ("one:two", 2, 0), ("1:0:5", 2, 0), ("1:10", None, 0),
    ],
)  # fmt: skip
def test_a_ratio_is_counts_per_largest(ratio: str | None, level: int | None, packs: int) -> None:
    assert smallest_by_ratio(ratio, level) == packs
