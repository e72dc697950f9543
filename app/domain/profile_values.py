"""One fact written as a profile wants it: text, number, date, code of a table. Pure."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from app.domain.own_forms import holds_voucher
from app.domain.profile import Fact, Field, Forms, Json, Profile

_PARTS = re.compile("yyyy|MM|dd|HH|mm|ss|SSS")
_DIGITS = 16  # of a number whose length the profile does not say


@dataclass(frozen=True, slots=True)
class Written:
    """A value ready to be sent; `lost` is what was cut off."""

    value: Json
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value cannot be sent."""

    code: str
    values: tuple[tuple[str, str], ...] = ()


def write(field: Field, fact: Fact, profile: Profile) -> Written | Refusal:
    """The fact as this field's value."""
    if field.kind in ("date", "datetime"):
        return _moment(field, fact, profile.forms)
    if field.kind == "number":
        return _number(field, fact, profile.forms)
    if not isinstance(fact, str):
        return Refusal("claim_wrong_kind", (("kind", field.kind),))
    if holds_voucher(fact):
        return Refusal("claim_voucher")
    table = None if field.table is None else profile.tables[field.table]
    if table is not None and fact not in table:
        return Refusal("claim_not_in_table", (("value", fact), ("table", ", ".join(table))))
    return _text(field, fact, profile.forms)


def _text(field: Field, text: str, forms: Forms) -> Written | Refusal:
    try:
        signs = text.encode(forms.charset)
    except UnicodeEncodeError as error:
        return Refusal("claim_bad_sign", (("sign", ascii(text[error.start])), ("charset", forms.charset)))
    if any(sign < " " or "\x7f" <= sign < "\xa0" for sign in text):
        bad = next(sign for sign in text if sign < " " or "\x7f" <= sign < "\xa0")
        return Refusal("claim_bad_sign", (("sign", ascii(bad)), ("charset", forms.charset)))
    in_bytes = forms.length_unit == "bytes"
    length = len(signs) if in_bytes else len(text)
    if field.most is None or length <= field.most:
        return Written(text)
    if field.over != "cut":
        return Refusal("claim_too_long", (("most", str(field.most)), ("length", str(length))))
    kept = text[: field.most]
    while in_bytes and len(kept.encode(forms.charset)) > field.most:  # whole signs, whatever their bytes
        kept = kept[:-1]
    if not kept.strip():
        return Refusal("claim_too_long", (("most", str(field.most)), ("length", str(length))))
    return Written(kept, text[len(kept) :])


def _number(field: Field, fact: Fact, forms: Forms) -> Written | Refusal:
    try:
        value = Decimal(fact) if isinstance(fact, str) and field.otherwise == fact else fact
    except ArithmeticError:
        return Refusal("claim_wrong_kind", (("kind", field.kind),))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return Refusal("claim_wrong_kind", (("kind", field.kind),))
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > 2 * _DIGITS:
        return Refusal("claim_number_bad", (("value", str(value)),))
    if field.positive and number <= 0:
        return Refusal("claim_not_positive", (("value", f"{number:f}"),))
    plain = f"{number:f}"
    whole, _, part = plain.lstrip("-").partition(".")
    whole, part = whole.lstrip("0"), part.rstrip("0")
    scale = field.scale or 0
    if len(part) > scale:
        return Refusal("claim_too_fine", (("value", plain), ("scale", str(scale))))
    if len(whole) + scale > (field.digits or _DIGITS):
        return Refusal("claim_number_bad", (("value", plain),))
    part = part.ljust(scale, "0") if forms.decimals == "all" else part
    sign = "-" if number < 0 else ""
    text = f"{sign}{whole or '0'}{'.' if part else ''}{part}"
    if forms.numbers == "string":
        return Written(text)
    return Written(Decimal(text) if part else int(text))


def _moment(field: Field, fact: Fact, forms: Forms) -> Written | Refusal:
    is_moment = isinstance(fact, dt.datetime)
    if not isinstance(fact, dt.date) or is_moment != (field.kind == "datetime"):
        return Refusal("claim_wrong_kind", (("kind", field.kind),))
    moment = fact if isinstance(fact, dt.datetime) else dt.datetime.combine(fact, dt.time())
    parts = {
        "yyyy": f"{moment.year:04}", "MM": f"{moment.month:02}", "dd": f"{moment.day:02}", "HH": f"{moment.hour:02}",
        "mm": f"{moment.minute:02}", "ss": f"{moment.second:02}", "SSS": f"{moment.microsecond // 1000:03}",
    }  # fmt: skip
    form = field.form or (forms.datetime if is_moment else forms.date)
    return Written(_PARTS.sub(lambda part: parts[part[0]], form))
