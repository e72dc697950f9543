"""GS1 element strings: their elements, and what these say. Pure.

The common identifiers are matched here, in one walk, by the patterns of the AI table; a message with any other is
handed to biip whole, and so is a Digital Link. biip reads its tables of the world's company prefixes when it is
imported, which no carton needs: so it comes with the first such code. Tests hold this module against biip.
Source: GS1 General Specifications §3 (AI table), §7.9 (check digit), §7.12 (dates), trace-codes.md §4.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from biip.gs1_element_strings import GS1ElementStrings

GS = "\x1d"
Elements = tuple[tuple[str, str], ...]  # (identifier, value) in the order of the label

_ITEM_AIS = ("00", "01", "02")
_BRACKETS = re.compile(r"(?:\([0-9]{2,4}\)[^()]+)+")
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)([^()]+)")


@dataclass(frozen=True, slots=True)
class Gs1Fields:
    """What the element string says; None where it is silent."""

    gtin: str | None
    batch: str | None
    serial: str | None
    expiry: dt.date | None
    made: dt.date | None
    item: bool  # holds an item key (00, 01 or 02)
    sscc: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """How one identifier's element is matched; `open_ended`: only a separator says where it ends."""

    pattern: re.Pattern[str]
    open_ended: bool


def _rule(ai: str, value: str, *, open_ended: bool = False) -> tuple[str, Rule]:
    return ai, Rule(re.compile(f"{ai}({value})"), open_ended)


_TEXT = r"[!%-?A-Z_a-z\x22]"  # the 82 characters of GS1
_DATE = r"\d{2}(?:0\d|1[0-2])(?:[0-2]\d|3[01])"
# The identifiers of trace-codes.md §4.1, as the AI table has them.
COMMON = dict(
    (
        _rule("00", r"\d{18}"),
        _rule("01", r"\d{14}"),
        _rule("02", r"\d{14}"),
        _rule("10", _TEXT + "{1,20}", open_ended=True),
        _rule("11", _DATE),
        _rule("17", _DATE),
        _rule("21", _TEXT + "{1,20}", open_ended=True),
        _rule("30", r"\d{0,8}", open_ended=True),
        _rule("37", r"\d{1,8}", open_ended=True),
        _rule("240", _TEXT + "{1,30}", open_ended=True),
        _rule("250", _TEXT + "{1,30}", open_ended=True),
    )
)
DATES = frozenset({"11", "17"})
_DATE_DIGITS = 6
_CENTURY, _YEARS_AHEAD = 100, 50  # a year of two digits lies between 49 years past and 50 ahead


@lru_cache(maxsize=4_096)  # one product's boxes all carry the same number
def check_digit_fits(text: str, length: int) -> bool:
    """True for exactly `length` digits whose last is the GS1 mod-10 check digit of the others."""
    if len(text) != length or not (text.isascii() and text.isdigit()):
        return False
    weighted = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(text[:-1])))
    return (10 - weighted % 10) % 10 == int(text[-1])


@lru_cache(maxsize=4_096)
def date_of(value: str) -> dt.date | None:
    """The date of six digits, a day of 00 being the last of its month; None if there is no such day."""
    if len(value) != _DATE_DIGITS or not (value.isascii() and value.isdigit()):
        return None
    year, month, day = _year_of(int(value[:2])), int(value[2:4]), int(value[4:])
    try:
        return dt.date(year, month, day or calendar.monthrange(year, month)[1])
    except ValueError:  # calendar.IllegalMonthError is one
        return None


def _year_of(two_digits: int) -> int:
    now = dt.datetime.now(tz=dt.UTC).year
    ahead = (two_digits - now) % _CENTURY
    return now + ahead - (_CENTURY if ahead > _YEARS_AHEAD else 0)


def rule_at(text: str, at: int) -> tuple[str, Rule] | None:
    """The common identifier that stands here, with its rule."""
    for length in (2, 3):
        ai = text[at : at + length]
        rule = COMMON.get(ai)
        if rule is not None:
            return ai, rule
    return None


def elements_of(text: str) -> Elements | None:
    """The elements of a plain (not bracketed) message; None if it is none. Blanks at its ends are not forgiven."""
    if not text.isascii():
        return None
    found: list[tuple[str, str]] = []
    at, end = 0, len(text)
    while at < end:
        if text[at] == GS:
            at += 1
            continue
        known = rule_at(text, at)
        if known is None:
            return _by_biip(text)
        ai, rule = known
        match = rule.pattern.match(text, at)
        if match is None or (ai in DATES and date_of(match[1]) is None):
            return None
        found.append((ai, match[1]))
        at = match.end()
    return tuple(found) or None


def bracketed_elements(text: str) -> Elements | None:
    """The elements of the form for people, `(01)…(17)…`; None if it is not that form, or cannot be taken apart.

    Blanks around a bracket are a printer's; one inside a value is not dropped, it belongs to no GS1 value.
    """
    if not _BRACKETS.fullmatch(text):
        return None
    pairs = tuple((ai, value.strip(" ")) for ai, value in _BRACKETED.findall(text))
    found = elements_of(GS.join(ai + value for ai, value in pairs))
    return found if found == pairs else None


def link_elements(text: str) -> Elements | None:
    """The elements of a GS1 Digital Link; None if the address is none."""
    # Here and not above: see the first lines of this module.
    from biip import ParseError  # noqa: PLC0415
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI  # noqa: PLC0415

    try:
        return _pairs(GS1DigitalLinkURI.parse(text).element_strings)
    except (ParseError, ValueError):
        return None


def fields_of(elements: Elements) -> Gs1Fields | None:
    """What the elements say; None if they contradict each other: two batches on one label, and nobody knows which."""
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            return None
    expiry, made = values.get("17"), values.get("11")
    return Gs1Fields(
        values.get("01"),
        values.get("10"),
        values.get("21"),
        None if expiry is None else date_of(expiry),
        None if made is None else date_of(made),
        any(ai in values for ai in _ITEM_AIS),
        values.get("00"),
    )


def key_of_fields(fields: Gs1Fields) -> str | None:
    """01 + GTIN + 21 + serial; without a serial 01 + GTIN + 10 + batch, which many boxes share; else None."""
    if fields.gtin and fields.serial:
        return f"01{fields.gtin}21{fields.serial}"
    return f"01{fields.gtin}10{fields.batch}" if fields.gtin and fields.batch else None


def open_ended(ai: str) -> bool:
    """True if an element of this identifier needs a separator behind it."""
    rule = COMMON.get(ai)
    if rule is not None:
        return rule.open_ended
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier  # noqa: PLC0415 - as above

    return GS1ApplicationIdentifier.extract(ai).separator_required


def _by_biip(text: str) -> Elements | None:
    bare = text.strip(GS)
    if bare != bare.strip():
        return None  # biip would drop the blanks without a word
    from biip import ParseError  # noqa: PLC0415 - as above
    from biip.gs1_messages import GS1Message  # noqa: PLC0415

    try:
        return _pairs(GS1Message.parse(bare).element_strings) or None
    except (ParseError, ValueError):
        return None


def _pairs(elements: GS1ElementStrings) -> Elements:
    return tuple((element.ai.ai, element.value) for element in elements)
