"""HID report descriptor → where each field stands in its report. Pure (Device Class Definition for HID 1.11, 6.2.2)."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

LONGEST_BITS = 8 * 16_384
"""Of one report; the kernel takes no longer ones either."""
_LONG_ITEM = 0xFE
_MAIN, _GLOBAL, _LOCAL = 0, 1, 2
_COLLECTION, _END_COLLECTION = 0xA, 0xC
_CONSTANT = 1


class Kind(enum.Enum):
    """What a report is for; the values are the tags of the main items."""

    INPUT = 0x8
    OUTPUT = 0x9
    FEATURE = 0xB


_FIELD_TAGS = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True)
class Field:
    """One run of equal elements of a report."""

    kind: Kind
    report_id: int | None
    """None where the device numbers no reports."""
    page: int
    usage: int | None
    """None: padding."""
    bit_at: int
    """Counted from the first byte after the report id."""
    bits: int
    """Of the whole run."""


class BadDescriptor(ValueError):
    """The bytes are no report descriptor."""


@dataclass(frozen=True, slots=True)
class _Globals:
    page: int = 0
    size: int = 0
    count: int = 0
    report_id: int | None = None


def parse(descriptor: bytes) -> tuple[Field, ...]:
    """Every field in the order of the descriptor; BadDescriptor where it ends within an item or makes no sense."""
    return tuple(_Reader().read(descriptor))


def report_bits(fields: tuple[Field, ...], kind: Kind, report_id: int | None) -> int:
    """The length of one report without its id."""
    return max((it.bit_at + it.bits for it in fields if (it.kind, it.report_id) == (kind, report_id)), default=0)


def report_ids(fields: tuple[Field, ...], kind: Kind) -> frozenset[int | None]:
    """The reports of one kind that the device has."""
    return frozenset(it.report_id for it in fields if it.kind is kind)


def _items(descriptor: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, tag and data of each short item; long items mean nothing yet and are passed over."""
    at = 0
    while at < len(descriptor):
        head = descriptor[at]
        if head == _LONG_ITEM:
            at += 3 + (descriptor[at + 1] if at + 1 < len(descriptor) else 0)
            if at > len(descriptor):
                raise BadDescriptor("ends within a long item")
            continue
        length = (0, 1, 2, 4)[head & 3]
        data = descriptor[at + 1 : at + 1 + length]
        if len(data) < length:
            raise BadDescriptor("ends within an item")
        yield head >> 2 & 3, head >> 4, data
        at += 1 + length


class _Reader:
    """The state that items build up: globals stay, locals hold until the next main item."""

    def __init__(self) -> None:
        self._globals = _Globals()
        self._stack: list[_Globals] = []
        self._depth = 0
        self._usages: list[tuple[int, int]] = []
        self._usage_from: tuple[int, int] | None = None
        self._ends: dict[tuple[Kind, int | None], int] = {}

    def read(self, descriptor: bytes) -> Iterator[Field]:
        for item_type, tag, data in _items(descriptor):
            value = int.from_bytes(data, "little")
            if item_type == _MAIN:
                yield from self._main(tag, value)
                self._usages, self._usage_from = [], None
            elif item_type == _GLOBAL:
                self._global(tag, value)
            elif item_type == _LOCAL:
                self._local(tag, value, len(data))
        if self._depth:
            raise BadDescriptor("a collection is not closed")

    def _main(self, tag: int, value: int) -> Iterator[Field]:
        if tag in _FIELD_TAGS:
            yield from self._fields(Kind(tag), constant=bool(value & _CONSTANT))
        elif tag == _COLLECTION:
            self._depth += 1
        elif tag == _END_COLLECTION:
            self._depth -= 1
            if self._depth < 0:
                raise BadDescriptor("a collection is closed that was not opened")

    def _global(self, tag: int, value: int) -> None:
        if tag == 0x0:
            self._globals = replace(self._globals, page=value)
        elif tag == 0x7:
            self._globals = replace(self._globals, size=value)
        elif tag == 0x8:
            if not 0 < value < 256:
                raise BadDescriptor("a report id out of range")
            self._globals = replace(self._globals, report_id=value)
        elif tag == 0x9:
            self._globals = replace(self._globals, count=value)
        elif tag == 0xA:
            self._stack.append(self._globals)
        elif tag == 0xB:
            if not self._stack:
                raise BadDescriptor("more popped than pushed")
            self._globals = self._stack.pop()

    def _local(self, tag: int, value: int, length: int) -> None:
        # A usage of four bytes brings its own page.
        usage = (value >> 16, value & 0xFFFF) if length == 4 else (self._globals.page, value)
        if tag == 0x0:
            self._usages.append(usage)
        elif tag == 0x1:
            self._usage_from = usage
        elif tag == 0x2 and self._usage_from is not None:
            page, first = self._usage_from
            # A field has no more elements than the longest report has bits.
            self._usages += [(page, number) for number in range(first, min(usage[1], first + LONGEST_BITS) + 1)]
            self._usage_from = None

    def _fields(self, kind: Kind, *, constant: bool) -> Iterator[Field]:
        state = self._globals
        key = (kind, state.report_id)
        bit_at = self._ends.get(key, 0)
        end = bit_at + state.size * state.count
        if end > LONGEST_BITS:
            raise BadDescriptor("a report is longer than any report")
        self._ends[key] = end
        usages: list[tuple[int, int | None]] = [] if constant else [*self._usages[: state.count]]
        if not usages:
            usages = [(state.page, None)]
        for number, (page, usage) in enumerate(usages, start=1):
            # The last usage stands for all elements that are left.
            bits = end - bit_at if number == len(usages) else state.size
            if bits:
                yield Field(kind, state.report_id, page, usage, bit_at, bits)
            bit_at += bits
