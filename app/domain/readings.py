"""What a scanned text can be, and the same few questions to each kind. Pure.

A level is never here: no digit of a code tells it (trace-codes.md §2), only a manifest, a table or a person does.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.domain.gs1 import Gs1Fields
from app.domain.lost_separators import splits_of

# Stable names of what was noticed and harms nothing, and of what makes a reading doubtful. A test demands their texts.
NOTES = frozenset(
    {
        "full_width",
        "grouped",
        "from_url",
        "leading_separator",
        "letter_for_digit",
        "add_on",
        "benwei",
        "sscc",
        "ma_check",
        "ma_date",
        "layout_unknown",
        "ahm_like",
        "ma_broken",
        "gs1_broken",
        "unusual_order",
        "not_text",
        "too_long",
    }
)
AMBIGUITIES = frozenset(
    {
        "no_serial",
        "hidden_batch",
        "hidden_serial",
        "hidden_expiry",
        "hidden_made",
        "hidden_other",
        "check_digit",
        "gs1_broken",
        "unusual_order",
        "gtin_or_benwei",
        "product_only",
        "ma_segment",
        "ma_twice",
        "several_makers",
    }
)


@dataclass(frozen=True, slots=True)
class TraceCode:
    """A 20-digit code; `prefix` (7 digits) tells drug and level, by a table only (trace-codes.md §2)."""

    key: str
    prefix: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gs1:
    """A GS1 element string. `ambiguous`: a person has to look, and `doubts` (stable names) say why.

    `key` is 01 + GTIN + 21 + serial; where there is no serial 01 + GTIN + 10 + batch; None without both; the text
    itself if it cannot be taken apart. `hidden`: (field, identifier that its tail may hide), see `split_candidates`.
    """

    key: str | None
    fields: Gs1Fields
    ambiguous: bool
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sscc:
    """A shipping label: not a drug, but it may be a carton of a manifest. `key` is 00 and the 18 digits."""

    key: str
    notes: tuple[str, ...] = ()
    fields: Gs1Fields | None = None  # what else the label says


@dataclass(frozen=True, slots=True)
class Udi:
    """A device in the MA scheme. `key` is DI + S, else DI + L (a batch, which many pieces share), else None."""

    key: str | None
    di: str
    serial: str | None = None
    batch: str | None = None
    sterile_batch: str | None = None
    made: dt.date | None = None
    expires: dt.date | None = None  # segment E
    valid_until: dt.date | None = None  # segment V
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MakerCode:
    """A code in a layout that the hospital named. `drug` is None if the templates of several drugs fit (`drugs`)."""

    key: str
    drug: str | None
    notes: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherTrace:
    """Twenty printable signs of an unknown layout: a legal trace code perhaps; only somebody else can tell."""

    key: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductCode:
    """A code that every box of a product carries: never a trace code. `also`: all the schemes it fits, if several."""

    text: str
    notes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


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


Reading = TraceCode | Gs1 | Sscc | Udi | MakerCode | OtherTrace | ProductCode | OwnForm | Voucher | Unknown


@dataclass(frozen=True, slots=True)
class Label:
    """What the label says beside its identity. `expiry_from`: 17 of GS1; V (valid until) or E (expires) of MA."""

    batch: str | None = None
    serial: str | None = None
    expiry: dt.date | None = None
    made: dt.date | None = None
    expiry_from: str = ""


NO_LABEL = Label()


def key_of(reading: Reading) -> str | None:
    """The normalised key by which two spellings of one code compare equal; None where there is none."""
    if isinstance(reading, TraceCode | Gs1 | Sscc | Udi | MakerCode | OtherTrace):
        return reading.key
    if isinstance(reading, Unknown) and reading.text and "too_long" not in reading.notes:
        return reading.text
    return None


def identifies_batch(reading: Reading) -> bool:
    """True if the key names a batch and not a piece: another scan of it is another piece, not a repetition."""
    if isinstance(reading, Gs1):
        return reading.fields.serial is None and bool(reading.fields.batch) and reading.key is not None
    return isinstance(reading, Udi) and reading.serial is None and reading.batch is not None


def label_of(reading: Reading) -> Label:
    """Batch, serial and dates as they stand on the label. Where MA says both V and E, the expiry is V."""
    if isinstance(reading, Gs1 | Sscc) and reading.fields is not None:
        found = reading.fields
        return Label(found.batch, found.serial, found.expiry, found.made, "17" if found.expiry else "")
    if isinstance(reading, Udi):
        expiry = reading.valid_until or reading.expires
        source = "V" if reading.valid_until else ("E" if reading.expires else "")
        return Label(reading.batch, reading.serial, expiry, reading.made, source)
    return NO_LABEL


def product_key_of(reading: Reading) -> str | None:
    """By what a catalogue may know the product: prefix of 7 digits, 14 digits (GTIN or national number) or DI."""
    if isinstance(reading, TraceCode):
        return reading.prefix
    if isinstance(reading, Gs1):
        return reading.fields.gtin
    if isinstance(reading, Udi):
        return reading.di
    return reading.text.zfill(14) if isinstance(reading, ProductCode) else None


def ambiguities_of(reading: Reading) -> tuple[str, ...]:
    """Why the reading is doubtful, by stable names; empty if it is not."""
    if isinstance(reading, Gs1 | Udi):
        return reading.doubts
    if isinstance(reading, ProductCode) and len(reading.also) > 1:
        return ("gtin_or_benwei",)
    return ("several_makers",) if isinstance(reading, MakerCode) and reading.drug is None else ()


def issuer_of(reading: Reading) -> str | None:
    """Who gave the code out: mashang (the platform of the 20 digits), gs1, ma or maker; None if nobody knows."""
    if isinstance(reading, ProductCode):
        return None if "benwei" in (*reading.notes, *reading.also) else "gs1"
    return _ISSUERS.get(type(reading))


_ISSUERS: dict[type[Reading], str] = {TraceCode: "mashang", Gs1: "gs1", Sscc: "gs1", Udi: "ma", MakerCode: "maker"}


def split_candidates(reading: Reading) -> tuple[Gs1Fields, ...]:
    """How lost separators could have made this text, to be held against a delivery; never a reading by itself."""
    if isinstance(reading, Gs1) and (reading.hidden or "gs1_broken" in reading.doubts):
        return splits_of(reading.text)
    return ()
