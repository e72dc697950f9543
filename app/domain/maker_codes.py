"""Codes of a maker's own layout (legal, and known to nobody else): the templates that the hospital names. Pure.

A template is a code with signs for what changes: `#` a digit, `@` a letter, `*` any printable sign, `[0-9A-HJ-NP-Z]`
one of these letters and digits; `{8}` repeats what stands before it. Every other sign stands for itself, and behind a
backslash the special ones do too. `DMZY-########` is the same as `DMZY-[0-9]{8}`. No template can be slow, because all
the codes that fit it are equally long, and each place is settled by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SHORTEST, LONGEST = 8, 64
FEWEST_FIXED, FEWEST_FREE = 3, 4
_FREE = {"#": "[0-9]", "@": "[A-Za-z]", "*": "[!-~]"}
_TOKEN = re.compile(r"(\\[#@*\[\]{}\\]|\[(?:[0-9A-Za-z](?:-[0-9A-Za-z])?)+\]|[!-Z^-z|~])(?:\{([1-9][0-9]?)\})?")
_RANGE = re.compile(r"(.)-(.)")
_DIGITS_ONLY = re.compile(r"[0-9#]+")
_PRODUCT_LENGTHS = frozenset({8, 12, 13, 14})
# What these begin with is something else, or must never be taken for a drug's code.
_TAKEN = re.compile(
    r"MATOU|MA\.|https?:|\(|\]|0[12][0-9#*]{14}|00[0-9#*]{18}\Z|8[0-9#*]{19}\Z|424[0-9#*]{25}|opc", re.IGNORECASE
)


class BadPattern(ValueError):
    """A template that cannot be used; its argument is the stable reason."""


@dataclass(frozen=True, slots=True)
class RefusedPattern:
    """One template of a list that was left out, and why."""

    pattern: str
    drug: str
    reason: str


@dataclass(frozen=True, slots=True)
class MakerPatterns:
    """Pairs of template and drug. BadPattern if one cannot be used; `usable` leaves such ones out."""

    pairs: tuple[tuple[str, str], ...] = ()
    _by_length: Mapping[int, tuple[tuple[re.Pattern[str], str], ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table: dict[int, tuple[tuple[re.Pattern[str], str], ...]] = {}
        for pattern, drug in self.pairs:
            reason = problem_of(pattern, drug)
            if reason is not None:
                raise BadPattern(reason)
            signs = _signs(pattern) or []
            compiled = re.compile("".join(signs))
            table[len(signs)] = (*table.get(len(signs), ()), (compiled, drug))
        object.__setattr__(self, "_by_length", table)

    def drugs_of(self, text: str) -> tuple[str, ...]:
        """Every drug with a template that the text fits, in the order of the list and once each."""
        found = (drug for compiled, drug in self._by_length.get(len(text), ()) if compiled.fullmatch(text))
        return tuple(dict.fromkeys(found))


NONE = MakerPatterns()


def usable(pairs: Iterable[tuple[str, str]]) -> tuple[MakerPatterns, tuple[RefusedPattern, ...]]:
    """Those that can be used, and those that cannot: one bad template never holds up the others."""
    good: list[tuple[str, str]] = []
    refused: list[RefusedPattern] = []
    for pattern, drug in pairs:
        reason = problem_of(pattern, drug)
        if reason is None:
            good.append((pattern, drug))
        else:
            refused.append(RefusedPattern(pattern, drug, reason))
    return MakerPatterns(tuple(good)), tuple(refused)


def problem_of(pattern: str, drug: str) -> str | None:
    """Why a template cannot be used; None if it can."""
    if not drug:
        return "pattern_no_drug"
    signs = _signs(pattern)
    if signs is None:
        return "pattern_sign"
    free = sum(map(_is_free, signs))
    if not SHORTEST <= len(signs) <= LONGEST:
        return "pattern_length"
    if len(signs) - free < FEWEST_FIXED:
        return "pattern_too_wide"
    if free < FEWEST_FREE:
        return "pattern_no_serial"
    bare = "".join(_bare(sign) for sign in signs)
    digits = len(bare) in _PRODUCT_LENGTHS and _DIGITS_ONLY.fullmatch(bare)
    return "pattern_taken" if digits or _TAKEN.match(bare) else None


def _signs(pattern: str) -> list[str] | None:
    """For each place of the code the expression of what may stand there; None if the template is wrongly written."""
    signs: list[str] = []
    at = 0
    while at < len(pattern):
        match = _TOKEN.match(pattern, at)
        if match is None or (match[1][0] == "[" and any(low > high for low, high in _RANGE.findall(match[1]))):
            return None
        sign = _FREE.get(match[1]) or (match[1] if match[1][0] == "[" else re.escape(match[1][-1]))
        signs += [sign] * int(match[2] or 1)
        at = match.end()
    return signs


def _is_free(sign: str) -> bool:
    return sign.startswith("[")


def _bare(sign: str) -> str:
    """A fixed sign as itself, a free one as `#` if it can only be a digit, else as `*`."""
    if not _is_free(sign):
        return sign[-1]
    return "*" if re.search("[A-Za-z~]", sign) else "#"
