"""A device's UDI in the MA (IDcode) scheme: `MA.156.M0.registrant.product`, then segments in any order. Pure.

Source: trace-codes.md §5.2. The issuer publishes no check rule; the one that is about fits some public samples and not
others, so a check character that disagrees is a note for the reader and never a reason to refuse.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

PREFIX = "MA."
_IDENTIFIER = re.compile(r"MA\.[0-9]{3}\.[0-9A-Z]{2}\.[0-9A-Za-z]{6}\.[0-9A-Za-z]+")
_BASE_LAYOUT = re.compile(r"[0-9]{8}")  # pack digit, item, check
_SEGMENT = re.compile(r"([SLMPEVDC])([!-~]|[!-~][ -~]*[!-~])")
_DATE = re.compile(r"[0-9]{6}")
_DATES = "MPEV"
# The weights of the characters; 9 is left out of the sum.
_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg\0\0hijklmnopqrstuvwxyz-.@$,*+%/#!^~"


@dataclass(frozen=True, slots=True)
class MaCode:
    """What an MA string says. `expires` (E) and `valid_until` (V) may be a day apart: neither is made of the other."""

    di: str
    serial: str | None
    batch: str | None
    sterile_batch: str | None
    made: dt.date | None
    expires: dt.date | None
    valid_until: dt.date | None
    doubts: tuple[str, ...]
    notes: tuple[str, ...]


def parse_ma(text: str) -> MaCode | None:
    """None if it is no MA string. A segment that is not understood is a doubt: it may belong to the one before it."""
    match = _IDENTIFIER.match(text)
    if match is None or text[match.end() : match.end() + 1] not in ("", "."):
        return None
    segments = text[match.end() + 1 :].split(".") if match.end() < len(text) else []
    values: dict[str, str] = {}
    doubts: set[str] = set()
    for segment in segments:
        found = _SEGMENT.fullmatch(segment)
        if found is None:
            doubts.add("ma_segment")
        elif values.setdefault(found[1], found[2]) != found[2]:
            doubts.add("ma_twice")
    if not values.keys() & {"S", "L"}:
        doubts.add("product_only")
    dates = {key: _date(values[key]) for key in _DATES if key in values}
    notes = (*(["ma_date"] if None in dates.values() else []), *([] if _check_fits(match[0], values) else ["ma_check"]))
    return MaCode(
        match[0],
        values.get("S"),
        values.get("L"),
        values.get("D"),
        dates.get("M") or dates.get("P"),
        dates.get("E"),
        dates.get("V"),
        tuple(sorted(doubts)),
        notes,
    )


def _date(value: str) -> dt.date | None:
    """YYMMDD of this century; the scheme is younger than it."""
    if not _DATE.fullmatch(value):
        return None
    try:
        return dt.date(2000 + int(value[:2]), int(value[2:4]), int(value[4:]))
    except ValueError:
        return None


def _check_fits(di: str, values: dict[str, str]) -> bool:
    """False if a check character disagrees. They stand at the end of a base product part, and in segment C."""
    if _BASE_LAYOUT.fullmatch(di.rpartition(".")[2]) and _check_of(di[:-1]) != di[-1]:
        return False
    checked = "".join(f".{key}{value}" for key, value in values.items() if key != "C")
    return "C" not in values or _check_of(checked) in (None, values["C"])


def _check_of(text: str) -> str | None:
    """Mod 10, every second digit doubled from the end, over the characters' weights written out in decimal."""
    if any(sign not in _CHARACTERS for sign in text):
        return None
    digits = [int(digit) for sign in text if sign != "9" for digit in str(_CHARACTERS.index(sign))]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[::-2])
    return str(-(sum(doubled) + sum(digits[-2::-2])) % 10)
