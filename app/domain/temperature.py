"""Temperatures as people type them and as storage conditions demand them; always kept in degrees Celsius. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST_C, MOST_C = -90.0, 70.0  # colder is no transport, warmer is a slip of the finger
ANY_COLD, ANY_WARM = -273.0, 999.0
COLD_CHAIN_MOST_C = 10.0
# Decimal point or comma, a minus of any script, a unit or none (NFKC has made ℃ to °C).
_TYPED = re.compile(r"([-−–]?)([0-9]{1,3})(?:[.,]([0-9]{1,3}))?(?:°?([CcFf]))?")
NAMED_RANGE = re.compile(r"([^\W\d_]{1,20})\s+(-?[0-9]{1,3}(?:\.[0-9]+)?)\s+(-?[0-9]{1,3}(?:\.[0-9]+)?)")
_NUMBER = r"([-−–]?[0-9]{1,3}(?:\.[0-9]+)?)"
_UNIT = r"\s*(?:°?[Cc])?\s*"
_SPAN = re.compile(rf"{_NUMBER}{_UNIT}(?:[~—]+|[-−–]|[^\W\dCcFf_]){_UNIT}{_NUMBER}{_UNIT}")  # `2~8`, a word between


@dataclass(frozen=True, slots=True)
class Range:
    """Degrees Celsius, both ends allowed."""

    least_c: float
    most_c: float

    def holds(self, degrees_c: float) -> bool:
        return self.least_c <= degrees_c <= self.most_c

    @property
    def is_cold(self) -> bool:
        """Goods of a cold chain: their temperature is asked for at the dock."""
        return self.most_c <= COLD_CHAIN_MOST_C


@dataclass(frozen=True, slots=True)
class StorageWords:
    """How storage is written: word → range, and what makes one number a limit."""

    named: Mapping[str, Range]
    at_most: Sequence[str]
    at_least: Sequence[str]


def read_temperature(text: str) -> float | str:
    """Degrees Celsius, or why not: `temperature_unreadable`, `temperature_implausible`."""
    found = _TYPED.fullmatch(_plain(text))
    if found is None:
        return "temperature_unreadable"
    sign, whole, part, unit = found.groups()
    degrees = float(f"{'-' if sign else ''}{whole}.{part or 0}")
    if unit in ("F", "f"):
        degrees = round((degrees - 32) / 1.8, 2)
    return degrees if LEAST_C <= degrees <= MOST_C else "temperature_implausible"


def range_of(storage: str | None, words: StorageWords) -> Range | None:
    """What a storage condition demands; numbers go before words. None: it demands nothing that can be read."""
    plain = _plain(storage or "")
    span = _SPAN.search(plain)
    if span is not None:
        low, high = (_float(number) for number in span.groups())
        return Range(min(low, high), max(low, high))
    for limits, is_most in ((words.at_most, True), (words.at_least, False)):
        for word in map(_plain, limits):
            one = re.search(rf"{re.escape(word)}{_NUMBER}|{_NUMBER}{_UNIT}{re.escape(word)}", plain)
            if one is not None:
                number = _float(one[1] or one[2])
                return Range(ANY_COLD, number) if is_most else Range(number, ANY_WARM)
    return next((found for word, found in words.named.items() if word in plain), None)


def named_ranges(words: Sequence[str]) -> dict[str, Range]:
    """Ranges as a site writes them, `室温 15 25`; one that cannot be read is left out (settings refuse it before)."""
    found = {}
    for text in words:
        parts = NAMED_RANGE.fullmatch(text.strip())
        if parts is not None:
            word, low, high = parts.groups()
            found[word] = Range(min(float(low), float(high)), max(float(low), float(high)))
    return found


def _plain(text: str) -> str:
    """Half-width, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _float(text: str) -> float:
    return float(re.sub("[−–]", "-", text))
