"""Scanned text → what it is: trace code, GS1, product code, own form, voucher or unknown. Pure; follows the
recognition order of trace-codes.md §7 (steps 0–4, 6–8, 10 and 12; packages, UDI of other issuers and maker-own
layouts are kept as unknown, and a delivery's manifest may still know them by their text).

What the scanner sent is never changed: a `Reading` stands beside it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from app.domain.gs1 import Gs1Fields, check_digit_fits, parse_element_string, parse_link
from app.domain.own_forms import holds_voucher, own_form

GS = "\x1d"
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_AIM_GS1 = frozenset({"]C1", "]d2", "]Q3", "]e0"})
_TRACE20 = re.compile(r"8[0-9]{19}")
_DIGITS = re.compile(r"[0-9]+")
_GROUPED = re.compile(r"8[0-9]*(?:[- ][0-9]+)+")
_LINE_ENDS = "\r\n\t"
_PRODUCT_LENGTHS = frozenset({8, 12, 13, 14})
_LONGEST = 4_096  # characters; a QR code holds 7089 digits, but no trace code comes near


@dataclass(frozen=True, slots=True)
class TraceCode:
    """A 20-digit code; `prefix` (7 digits) tells drug and level, by a table only (trace-codes.md §2)."""

    key: str
    prefix: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gs1:
    """A GS1 element string. `ambiguous`: a separator may have been lost, see `app.domain.gs1`."""

    key: str | None  # 01 + GTIN + 21 + serial; None without a serial; the text itself if it cannot be taken apart
    fields: Gs1Fields
    ambiguous: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductCode:
    """A code that every box of a product carries (商品码, 本位码): never a trace code."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnForm:
    """A code that the program printed: kind is command, badge, delivery or set_up."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """A patient's credential. Carries nothing on purpose."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """None of the above; kept, shown, not counted. `text` is the tidied text, by which a manifest may know it."""

    text: str
    notes: tuple[str, ...] = ()


Reading = TraceCode | Gs1 | ProductCode | OwnForm | Voucher | Unknown


def decode(raw: bytes) -> str | None:
    """The text of what a scanner sent; None if the bytes are not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def read_bytes(raw: bytes) -> Reading:
    """Recognise what a scanner sent. Bytes that are no text may still hold a voucher, and then nothing may be kept."""
    text = decode(raw)
    if text is None and holds_voucher(raw.decode("latin-1")):
        return Voucher()
    return read(text)


def read(text: str | None) -> Reading:
    """Recognise one scan. None stands for bytes that are no text."""
    if text is None:
        return Unknown("", ("not_text",))
    tidy, aim, notes = _tidy(text)
    if holds_voucher(text) or holds_voucher(tidy):
        return Voucher()
    form = own_form(tidy)
    if form is not None:
        return OwnForm(*form)
    if len(tidy) > _LONGEST:
        return Unknown(tidy, (*notes, "too_long"))
    return _recognise(tidy, aim, notes)


def key_of(reading: Reading) -> str | None:
    """The normalised key by which two spellings of one code compare equal; None where there is none."""
    if isinstance(reading, TraceCode | Gs1):
        return reading.key
    if isinstance(reading, Unknown) and reading.text and "too_long" not in reading.notes:
        return reading.text
    return None


def _tidy(text: str) -> tuple[str, str | None, tuple[str, ...]]:
    """Line ends off, AIM prefix off, full-width characters (an input method's accident) to ASCII."""
    tidy = text.strip(_LINE_ENDS)
    notes: tuple[str, ...] = ()
    if any("\uff01" <= sign <= "\uff5e" for sign in tidy):
        tidy = "".join(unicodedata.normalize("NFKC", sign) if "\uff01" <= sign <= "\uff5e" else sign for sign in tidy)
        notes = ("full_width",)
    aim = None
    while found := _AIM.match(tidy):  # twice where both the scanner and its cradle add one
        aim = aim or found[0]
        tidy = tidy[3:].strip(_LINE_ENDS)
    return tidy, aim, notes


def _recognise(tidy: str, aim: str | None, notes: tuple[str, ...]) -> Reading:
    shipping = tidy.replace("(00)", "00", 1) if tidy.startswith("(00)") else tidy
    if shipping.startswith("00") and check_digit_fits(shipping[2:], 18):
        return Unknown(shipping, (*notes, "sscc"))  # whatever the flag says: a manifest may know it as a carton
    trace = bool(_TRACE20.fullmatch(tidy))
    if aim in _AIM_GS1:
        found = _gs1(tidy, notes)
        if found is not None and not (trace and found.key is None and not found.fields.item):
            return found
    if tidy.startswith(("http://", "https://")):
        return _from_url(tidy, notes)
    if trace:
        return TraceCode(tidy, tidy[:7], notes)
    if _GROUPED.fullmatch(tidy):
        bare = tidy.replace("-", "").replace(" ", "")
        if _TRACE20.fullmatch(bare):
            return TraceCode(bare, bare[:7], (*notes, "grouped"))
    if GS in tidy or tidy.startswith("(") or (tidy.startswith("01") and check_digit_fits(tidy[2:16], 14)):
        return _gs1(tidy, notes) or _broken(tidy, (*notes, "gs1_broken"))
    return _numbers(tidy, notes)


def _numbers(tidy: str, notes: tuple[str, ...]) -> Reading:
    if _DIGITS.fullmatch(tidy):
        if len(tidy) in _PRODUCT_LENGTHS and check_digit_fits(tidy, len(tidy)):
            return ProductCode(tidy, notes)
        if len(tidy) == 14 and tidy.startswith("869"):
            return ProductCode(tidy, (*notes, "benwei"))
    found = _gs1(tidy, notes)
    if found is not None and found.fields.item:
        return Gs1(found.key, found.fields, ambiguous=True, notes=(*found.notes, "unusual_order"))
    return Unknown(tidy, notes)


def _gs1(tidy: str, notes: tuple[str, ...]) -> Gs1 | None:
    parsed = parse_element_string(tidy)
    if parsed is None:
        return None
    fields, ambiguous = parsed
    return Gs1(_gs1_key(fields), fields, ambiguous, notes)


def _broken(tidy: str, notes: tuple[str, ...]) -> Reading:
    """A drug's element string that cannot be taken apart, as when a field has swallowed its neighbours.

    Its key is its own text, so that a manifest made with the same damage still knows it.
    """
    if not (tidy.isascii() and tidy.startswith("01") and check_digit_fits(tidy[2:16], 14)):
        return Unknown(tidy, notes)
    return Gs1(tidy, Gs1Fields(tidy[2:16], None, None, None, None, item=True), ambiguous=True, notes=notes)


def _gs1_key(fields: Gs1Fields) -> str | None:
    return f"01{fields.gtin}21{fields.serial}" if fields.gtin and fields.serial else None


def _from_url(tidy: str, notes: tuple[str, ...]) -> Reading:
    """A web address that carries a code: GS1 Digital Link, or a query parameter `code` (trace-codes.md §6)."""
    notes = (*notes, "from_url")
    fields = parse_link(tidy)
    if fields is not None:
        return Gs1(_gs1_key(fields), fields, ambiguous=fields.serial is None, notes=notes)
    try:
        inner = parse_qs(urlsplit(tidy).query).get("code", [])
    except ValueError:
        inner = []
    if len(inner) == 1 and _TRACE20.fullmatch(inner[0]):
        return TraceCode(inner[0], inner[0][:7], notes)
    return Unknown(tidy, notes)
