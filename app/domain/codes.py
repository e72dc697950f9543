"""Scanned text → what it is: the recognition order of trace-codes.md §7, steps 0 to 12. Pure.

What the scanner sent is never changed: a `Reading` stands beside it, and the same text is always read the same way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.domain.gs1 import (
    GS,
    Elements,
    Gs1Fields,
    bracketed_elements,
    check_digit_fits,
    elements_of,
    fields_of,
    key_of_fields,
    link_elements,
)
from app.domain.lost_separators import hidden_in
from app.domain.maker_codes import NONE, MakerPatterns
from app.domain.own_forms import holds_voucher, own_form
from app.domain.readings import (
    Gs1,
    Label,
    MakerCode,
    OtherTrace,
    OwnForm,
    ProductCode,
    Reading,
    Sscc,
    TraceCode,
    Udi,
    Unknown,
    Voucher,
    ambiguities_of,
    identifies_batch,
    issuer_of,
    key_of,
    label_of,
    product_key_of,
    split_candidates,
)
from app.domain.udi import PREFIX as MA_PREFIX
from app.domain.udi import parse_ma
from app.domain.web_codes import code_in, is_address, is_whole

__all__ = [
    "GS",
    "NONE",
    "Gs1",
    "Label",
    "MakerCode",
    "MakerPatterns",
    "OtherTrace",
    "OwnForm",
    "ProductCode",
    "Reading",
    "Sscc",
    "TraceCode",
    "Udi",
    "Unknown",
    "Voucher",
    "ambiguities_of",
    "decode",
    "identifies_batch",
    "issuer_of",
    "key_of",
    "label_of",
    "product_key_of",
    "read",
    "read_bytes",
    "split_candidates",
]

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_AIM_GS1 = frozenset({"]C1", "]d2", "]d5", "]d8", "]dB", "]Q3", "]Q4", "]e0", "]e1", "]e2", "]e3", "]z1"})
_FLAGS = ("]", GS)
_AIM_ADD_ON = "]E3"  # EAN-13 with two or five more digits
_GROUPED = re.compile(r"8[0-9]*(?:[- ][0-9]+)+")
_LETTERS = re.compile(r"8[0-9OoIl]{19}")
_TWENTY = re.compile(r"[!-~]{20}")
# Keys reported for 阿里健康's own UDI; its layout is not public, so two of them in one text are only a hint.
_AHM = re.compile(r"(?<![A-Za-z])(?:(BN|SN)[])=:]?(?=[0-9A-Za-z])|(MD|BD|ED)[])=:]?(?=[0-9]{4}[0-9-]{2}))")
_LINE_ENDS = "\r\n\t"
_PRODUCT_LENGTHS = frozenset({8, 12, 13, 14})
_LONGEST = 4_096  # characters; a QR code holds 7089 digits, but no trace code comes near
_DOUBTS = {"10": "hidden_batch", "21": "hidden_serial", "17": "hidden_expiry", "11": "hidden_made"}


def decode(raw: bytes) -> str | None:
    """The text of what a scanner sent; None if the bytes are not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def read_bytes(raw: bytes, patterns: MakerPatterns = NONE) -> Reading:
    """Recognise what a scanner sent. Bytes that are no text may still hold a voucher, and then nothing may be kept."""
    text = decode(raw)
    if text is None and holds_voucher(raw.decode("latin-1")):
        return Voucher()
    return read(text, patterns)


def read(text: str | None, patterns: MakerPatterns = NONE) -> Reading:
    """Recognise one scan. None stands for bytes that are no text; `patterns` are the makers' layouts known here."""
    if text is None:
        return Unknown("", ("not_text",))
    if _is_trace(text):  # by far the commonest, and nothing before step 4 can be twenty such digits
        return TraceCode(text, text[:7])
    tidy, aim, notes = _tidy(text)
    if holds_voucher(text) or (tidy != text and holds_voucher(tidy)):
        return Voucher()
    form = own_form(tidy)
    if form is not None:
        return OwnForm(*form)
    if len(tidy) > _LONGEST:
        return Unknown(tidy, (*notes, "too_long"))
    if aim == _AIM_ADD_ON and len(tidy) in (15, 18) and check_digit_fits(tidy[:13], 13):
        return ProductCode(tidy[:13], (*notes, "add_on"))
    flagged = aim in _AIM_GS1 or "leading_separator" in notes
    return _first(_STEPS, _Text(tidy, flagged, notes, patterns))


@dataclass(frozen=True, slots=True)
class _Text:
    """What the steps look at. `flagged`: the symbology says that it is GS1."""

    tidy: str
    flagged: bool
    notes: tuple[str, ...]
    patterns: MakerPatterns


_Step = Callable[[_Text], Reading | None]


def _first(steps: tuple[_Step, ...], text: _Text) -> Reading:
    for step in steps:
        found = step(text)
        if found is not None:
            return found
    return _unknown(text)


def _tidy(text: str) -> tuple[str, str | None, tuple[str, ...]]:
    """Step 1: line ends off, AIM prefix off, full-width characters (an input method's accident) to ASCII.

    A separator at the front is a flag like an AIM prefix: FNC1 is never sent as a sign, so the label is wrongly made.
    """
    tidy = text.strip(_LINE_ENDS)
    notes: tuple[str, ...] = ()
    if not tidy.isascii() and any("\uff01" <= sign <= "\uff5e" for sign in tidy):
        tidy = "".join(unicodedata.normalize("NFKC", sign) if "\uff01" <= sign <= "\uff5e" else sign for sign in tidy)
        notes = ("full_width",)
    aim = None
    while tidy.startswith(_FLAGS):  # twice where scanner and cradle both add one
        found = _AIM.match(tidy)
        if found is not None:
            aim = aim or found[0]
        elif tidy.startswith(GS):
            notes = notes if "leading_separator" in notes else (*notes, "leading_separator")
        else:
            break
        tidy = tidy[3 if found else 1 :].strip(_LINE_ENDS)
    return tidy, aim, notes


def _is_trace(text: str) -> bool:
    return len(text) == 20 and text[0] == "8" and text.isascii() and text.isdigit()


def _flagged_gs1(text: _Text) -> Reading | None:
    """Step 2. A trace code behind a GS1 flag is still one, unless the message names an item."""
    if not text.flagged:
        return None
    found = _gs1(text)
    distrusted = isinstance(found, Gs1) and not found.fields.item and _is_trace(text.tidy)
    return None if distrusted else found


def _address(text: _Text) -> Reading | None:
    """Step 3: GS1 Digital Link, or an address around a code, which is then read by the later steps."""
    if not is_address(text.tidy):
        return None
    text = replace(text, notes=(*text.notes, "from_url"), flagged=False)
    if not is_whole(text.tidy):
        return _unknown(text)
    link = link_elements(text.tidy)
    if link is not None:
        found = _of_elements(text, link, ())
        if isinstance(found, Sscc) or (found is not None and found.fields.item):
            return found
    inner = code_in(text.tidy)
    if inner is None:
        return _unknown(text)
    if holds_voucher(inner):
        return Voucher()
    reading = _first(_STEPS_INSIDE, replace(text, tidy=inner))
    return Unknown(text.tidy, reading.notes) if isinstance(reading, Unknown) else reading


def _trace(text: _Text) -> Reading | None:
    """Step 4, and the groups that people read it out in."""
    if _is_trace(text.tidy):
        return TraceCode(text.tidy, text.tidy[:7], text.notes)
    if text.tidy.startswith("8") and _GROUPED.fullmatch(text.tidy):
        bare = text.tidy.replace("-", "").replace(" ", "")
        if _is_trace(bare):
            return TraceCode(bare, bare[:7], (*text.notes, "grouped"))
    return None


def _ma(text: _Text) -> Reading | None:
    """Step 5."""
    if not text.tidy.startswith(MA_PREFIX):
        return None
    found = parse_ma(text.tidy)
    if found is None:
        return Unknown(text.tidy, (*text.notes, "ma_broken"))
    key = None
    if found.serial or found.batch:
        key = f"{found.di}.S{found.serial}" if found.serial else f"{found.di}.L{found.batch}"
    return Udi(
        key,
        found.di,
        found.serial,
        found.batch,
        found.sterile_batch,
        found.made,
        found.expires,
        found.valid_until,
        (*text.notes, *found.notes),
        found.doubts,
    )


def _marked_gs1(text: _Text) -> Reading | None:
    """Step 6: what looks like GS1 without a flag. A drug's string that falls apart is kept whole, as its own key."""
    if _names_a_gtin(text.tidy):
        return _gs1(text) or _broken(text)
    return _gs1(text) if GS in text.tidy or text.tidy.startswith("(") else None


def _shipping(text: _Text) -> Reading | None:
    """Step 7."""
    if text.tidy.startswith("00") and check_digit_fits(text.tidy[2:], 18):
        return Sscc(text.tidy, (*text.notes, "sscc"))
    return None


def _product(text: _Text) -> Reading | None:
    """Steps 8 and 9: a number of 14 digits may be a GTIN and a national drug number (本位码) at once."""
    tidy, length = text.tidy, len(text.tidy)
    gtin = length in _PRODUCT_LENGTHS and check_digit_fits(tidy, length)
    benwei = length == 14 and tidy.startswith("869") and tidy.isascii() and tidy.isdigit()
    if gtin:
        return ProductCode(tidy, text.notes, ("gtin", "benwei") if benwei else ())
    return ProductCode(tidy, (*text.notes, "benwei")) if benwei else None


def _unmarked_gs1(text: _Text) -> Reading | None:
    """Step 10: nothing but the parser's word for it."""
    found = _gs1(text)
    if isinstance(found, Sscc):
        return replace(found, notes=(*found.notes, "unusual_order"))
    if found is None or not found.fields.item:
        return None
    doubts = (*found.doubts, "unusual_order")
    return replace(found, ambiguous=True, notes=(*found.notes, "unusual_order"), doubts=doubts)


def _maker(text: _Text) -> Reading | None:
    """Step 11, the hospital's list."""
    drugs = text.patterns.drugs_of(text.tidy)
    return MakerCode(text.tidy, drugs[0] if len(drugs) == 1 else None, text.notes, drugs) if drugs else None


def _twenty_signs(text: _Text) -> Reading | None:
    """Step 11, the rest. A letter in the place of a digit is shown, never mended."""
    if not _TWENTY.fullmatch(text.tidy) or _LETTERS.fullmatch(text.tidy) or _is_ahm_like(text.tidy):
        return None
    return OtherTrace(text.tidy, (*text.notes, "layout_unknown"))


_STEPS_INSIDE: tuple[_Step, ...] = (
    _trace,
    _ma,
    _marked_gs1,
    _shipping,
    _product,
    _unmarked_gs1,
    _maker,
    _twenty_signs,
)
_STEPS: tuple[_Step, ...] = (_flagged_gs1, _address, *_STEPS_INSIDE)


def _unknown(text: _Text) -> Unknown:
    """Step 12, with what may help the reader."""
    notes = text.notes
    if _LETTERS.fullmatch(text.tidy):
        notes = (*notes, "letter_for_digit")
    elif _is_ahm_like(text.tidy):
        notes = (*notes, "ahm_like")
    elif GS in text.tidy or text.tidy.startswith("("):
        notes = (*notes, "gs1_broken")
    return Unknown(text.tidy, notes)


def _is_ahm_like(tidy: str) -> bool:
    return len({first or second for first, second in _AHM.findall(tidy)}) > 1


def _names_a_gtin(tidy: str) -> bool:
    return tidy.startswith("01") and check_digit_fits(tidy[2:16], 14)


def _gs1(text: _Text) -> Gs1 | Sscc | None:
    """The text as GS1. The form with brackets carries its own borders; without any separator a field may hide one."""
    tidy = text.tidy
    if tidy.startswith("("):
        elements = bracketed_elements(tidy)
        return None if elements is None else _of_elements(text, elements, ())
    elements = elements_of(tidy)
    if elements is None:
        return None
    return _of_elements(text, elements, () if GS in tidy else hidden_in(elements))


def _of_elements(text: _Text, elements: Elements, hidden: tuple[tuple[str, str], ...]) -> Gs1 | Sscc | None:
    fields = fields_of(elements)
    if fields is None:
        return None
    sscc_fits = fields.sscc is None or check_digit_fits(fields.sscc, 18)
    if fields.sscc and sscc_fits and not fields.serial:
        return Sscc(f"00{fields.sscc}", (*text.notes, "sscc"), fields if len(elements) > 1 and not hidden else None)
    doubts = () if fields.serial else ("no_serial",)
    if hidden:
        doubts = (*doubts, *dict.fromkeys(_DOUBTS.get(tail, "hidden_other") for _, tail in hidden))
    if not sscc_fits or (fields.gtin and not check_digit_fits(fields.gtin, 14)):
        doubts = (*doubts, "check_digit")
    return Gs1(key_of_fields(fields), fields, bool(doubts), text.notes, doubts, hidden, text.tidy)


def _broken(text: _Text) -> Gs1:
    """A drug's element string that cannot be taken apart, as when a field has swallowed its neighbours.

    Its key is its own text, so that a manifest made with the same damage still knows it.
    """
    fields = Gs1Fields(text.tidy[2:16], None, None, None, None, item=True)
    notes = (*text.notes, "gs1_broken")
    return Gs1(text.tidy, fields, True, notes, ("gs1_broken",), text=text.tidy)
