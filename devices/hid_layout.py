"""Where a label stands in the reports of a HID POS scanner: read from its descriptor, or one of the known forms. Pure.

HID Point of Sale Usage Tables 1.02, usage page 0x8C: 0xFB to 0xFD symbology identifier, 0xFE decoded data, 0xFF decode
data continued.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from devices.hid_descriptor import BadDescriptor, Field, Kind, parse, report_bits, report_ids

SCANNER_PAGE = 0x8C
SCANNER_USAGE = 0x02
_AIM_USAGES = (0xFB, 0xFC, 0xFD)
_DATA_USAGE, _MORE_USAGE = 0xFE, 0xFF
_BYTE_COUNT = (0x01, 0x3B)


@dataclass(frozen=True, slots=True)
class LabelLayout:
    """One report that carries (a part of) a label. Offsets count from the first byte as the system hands it out."""

    report_id: int | None
    size: int
    """Bytes of the whole report, its id included."""
    length_at: int
    aim_at: tuple[int, ...]
    """Of the three characters of the AIM identifier; empty where there is none."""
    data_at: int
    data_bytes: int
    more_at: int | None
    """Byte whose bit says that the label goes on in the next report; None: a label is one report."""
    more_mask: int = 1


COMMON = LabelLayout(2, 64, 1, (2, 3, 4), 5, 56, 63)
WITHOUT_AIM = LabelLayout(2, 64, 1, (), 2, 56, 63)
SHIFTED = LabelLayout(2, 64, 1, (3, 4, 5), 6, 56, 63)
VENDOR = LabelLayout(1, 64, 1, (), 2, 62, None)

FORMS = {"a": COMMON, "b": WITHOUT_AIM, "c": SHIFTED, "d": VENDOR}
"""The forms by the names that a spec may give."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a report descriptor says about labels."""

    layouts: tuple[LabelLayout, ...] = ()
    """Empty: no usable word about labels; the reports themselves must tell."""
    input_ids: frozenset[int | None] = frozenset()
    """Every input report that the device has."""
    feature_sizes: Mapping[int | None, int] = field(default_factory=dict)
    """Bytes of every feature report, its id included."""
    longest: int = 64
    """Bytes of its longest input report, its id included."""


def describe(descriptor: bytes) -> Described:
    """Read a descriptor; one that makes no sense says nothing."""
    try:
        fields = parse(descriptor)
    except BadDescriptor:
        return Described()
    inputs = report_ids(fields, Kind.INPUT)
    sizes = [_bytes_of(fields, number) for number in inputs]
    features = {number: _bytes_of(fields, number, Kind.FEATURE) for number in report_ids(fields, Kind.FEATURE)}
    return Described(tuple(_layouts(fields)), inputs, features, max([64, *sizes]))


def _layouts(fields: tuple[Field, ...]) -> Iterator[LabelLayout]:
    for report_id in sorted(report_ids(fields, Kind.INPUT), key=lambda number: number or 0):
        layout = _layout(fields, report_id)
        if layout is not None:
            yield layout


def _layout(fields: tuple[Field, ...], report_id: int | None) -> LabelLayout | None:
    """The layout of one report; None where it carries no label, or no byte says how long that is."""
    own = [it for it in fields if it.kind is Kind.INPUT and it.report_id == report_id]
    shift = 0 if report_id is None else 1
    data = _first(own, SCANNER_PAGE, _DATA_USAGE)
    if data is None or data.bit_at % 8 or data.bits % 8:
        return None
    length = _first(own, *_BYTE_COUNT) or _byte_in_front(own)
    if length is None or length.bit_at % 8 or length.bits != 8:
        return None
    more = _first(own, SCANNER_PAGE, _MORE_USAGE)
    return LabelLayout(
        report_id=report_id,
        size=_bytes_of(fields, report_id),
        length_at=length.bit_at // 8 + shift,
        aim_at=tuple(at + shift for at in _aim_bytes(own)),
        data_at=data.bit_at // 8 + shift,
        data_bytes=data.bits // 8,
        more_at=None if more is None else more.bit_at // 8 + shift,
        more_mask=1 if more is None else 1 << more.bit_at % 8,
    )


def _aim_bytes(fields: list[Field]) -> tuple[int, ...]:
    """The three bytes of the identifier: a field each, or one field under the first usage."""
    found = [_first(fields, SCANNER_PAGE, usage) for usage in _AIM_USAGES]
    parts = [it for it in found if it is not None and not it.bit_at % 8]
    if len(parts) == 1 and parts[0].bits == 8 * len(_AIM_USAGES):
        first = parts[0].bit_at // 8
        return tuple(range(first, first + len(_AIM_USAGES)))
    if len(parts) == len(_AIM_USAGES) and all(it.bits == 8 for it in parts):
        return tuple(it.bit_at // 8 for it in parts)
    return ()


def _first(fields: list[Field], page: int, usage: int) -> Field | None:
    return next((it for it in fields if (it.page, it.usage) == (page, usage)), None)


def _byte_in_front(fields: list[Field]) -> Field | None:
    """The length where its usage is not named: in every known form it is the first byte of the report."""
    first = next((it for it in fields if it.bit_at == 0), None)
    if first is None or first.bits != 8 or (first.page == SCANNER_PAGE and first.usage in (*_AIM_USAGES, _DATA_USAGE)):
        return None
    return first


def _bytes_of(fields: tuple[Field, ...], report_id: int | None, kind: Kind = Kind.INPUT) -> int:
    return -(-report_bits(fields, kind, report_id) // 8) + (0 if report_id is None else 1)
