"""GS1 element strings through biip, and the question biip does not ask: was a separator lost? Pure.

Source: GS1 General Specifications (AI table), trace-codes.md §4. Dates: a day of 00 is the last day of the month.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementStrings
from biip.gs1_messages import GS1Message

GS = "\x1d"
_ITEM_AIS = ("00", "01", "02")
_PARENTHESES = re.compile(r"^(?:\([0-9]{2,4}\)[^()]+)+$")
_DATE = r"[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])"
# What a lost separator could have hidden at the end of a field: the identifiers of trace-codes.md §4.1.
_TAILS = {
    "10": re.compile(r"10."),
    "11": re.compile(f"11{_DATE}"),
    "17": re.compile(f"17{_DATE}"),
    "21": re.compile(r"21."),
    "240": re.compile(r"240."),
    "250": re.compile(r"250."),
    "30": re.compile(r"30[0-9]{1,8}$"),
    "37": re.compile(r"37[0-9]{1,8}$"),
}


@dataclass(frozen=True, slots=True)
class Gs1Fields:
    """What the element string says; None where it is silent."""

    gtin: str | None
    batch: str | None
    serial: str | None
    expiry: dt.date | None
    made: dt.date | None
    item: bool  # holds an item key (00, 01 or 02)


def check_digit_fits(text: str, length: int) -> bool:
    """True for exactly `length` digits whose last is the GS1 mod-10 check digit of the others."""
    if len(text) != length or not (text.isascii() and text.isdigit()):
        return False
    return gs1_standard_check_digit(text[:-1]) == int(text[-1])


def parse_element_string(text: str) -> tuple[Gs1Fields, bool] | None:
    """(fields, ambiguous), or None if it is no GS1 element string.

    Ambiguous: without any separator, either no serial is found, or the tail of a field could be another element. A
    lost FNC1 is never mended by splitting: the delivery's manifest may confirm the plain reading, nothing else.
    The parentheses form carries its own borders and is never ambiguous for that reason.
    """
    if not text or not text.isascii():
        return None
    hri = bool(_PARENTHESES.match(text))
    try:
        message = GS1Message.parse_hri(text) if hri else GS1Message.parse(text)
    except (ParseError, ValueError):
        return None
    fields = _fields(message.element_strings)
    if fields is None:
        return None
    if hri or GS in text:
        return fields, fields.serial is None
    return fields, fields.serial is None or _hides_an_element(message.element_strings)


def parse_link(text: str) -> Gs1Fields | None:
    """The fields of a GS1 Digital Link; None if the address is none."""
    try:
        link = GS1DigitalLinkURI.parse(text)
    except (ParseError, ValueError):
        return None
    return _fields(link.element_strings)


def _fields(elements: GS1ElementStrings) -> Gs1Fields | None:
    values: dict[str, str] = {}
    dates: dict[str, dt.date] = {}
    for element in elements:
        if element.ai.ai in values and values[element.ai.ai] != element.value:
            return None  # two batches or two serials on one label: nobody knows which holds
        values[element.ai.ai] = element.value
        if element.date is not None:
            dates[element.ai.ai] = element.date
    item = any(ai in values for ai in _ITEM_AIS)
    gtin, serial = values.get("01"), values.get("21")
    return Gs1Fields(gtin, values.get("10"), serial, dates.get("17"), dates.get("11"), item)


def _hides_an_element(elements: GS1ElementStrings) -> bool:
    present = {element.ai.ai for element in elements}
    return any(
        _TAILS[ai].match(element.value, start)
        for element in elements
        if element.ai.separator_required
        for ai in _TAILS.keys() - present
        for start in range(1, len(element.value))
    )
