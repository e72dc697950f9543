"""The device side of HID POS: report descriptors and reports of the known forms, written from the tables.

It shares nothing with the reader: the offsets stand here a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

REPORT_ID = 2


def item(tag: int, value: int) -> bytes:
    """One short item of a report descriptor with as many bytes as the value needs."""
    size = 1 if value < 0x100 else 2 if value < 0x1_0000 else 4
    return bytes([tag | (3 if size == 4 else size)]) + value.to_bytes(size, "little")


PAGE, USAGE, COLLECTION, REPORT = 0x04, 0x08, 0xA0, 0x84
MINIMUM, MAXIMUM, SIZE, COUNT, INPUT, FEATURE = 0x14, 0x24, 0x74, 0x94, 0x80, 0xB0
END = b"\xc0"
DATA, PADDING, BUFFERED = 2, 3, 0x102


def _bytes(usage: int | None, count: int = 1, flags: int = DATA) -> bytes:
    named = b"" if usage is None else item(USAGE, usage)
    return named + item(SIZE, 8) + item(COUNT, count) + item(INPUT, flags)


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of scanner lays out a report: what stands between the length and the last byte."""

    before_aim: int
    aim: bool
    data_bytes: int

    @property
    def reserved(self) -> int:
        return 64 - 3 - self.before_aim - (3 if self.aim else 0) - self.data_bytes


FORMS = {"a": Form(0, aim=True, data_bytes=56), "b": Form(0, aim=False, data_bytes=56), "c": Form(1, True, 56)}


def descriptor(form: Form, *, wake: bool = False, report_id: int = REPORT_ID) -> bytes:
    """A bar code scanner (page 0x8C, usage 2) whose one input report has this form; `wake` adds feature report 0xFE."""
    parts = [item(PAGE, 0x8C), item(USAGE, 0x02), item(COLLECTION, 1), item(REPORT, report_id)]
    parts += [item(USAGE, 0x12), item(COLLECTION, 2), item(MINIMUM, 0), item(MAXIMUM, 255)]
    parts += [item(PAGE, 0x01), _bytes(0x3B), item(PAGE, 0x8C)]
    if form.before_aim:
        parts.append(_bytes(None, form.before_aim, PADDING))
    if form.aim:
        parts += [_bytes(usage) for usage in (0xFB, 0xFC, 0xFD)]
    parts += [_bytes(0xFE, form.data_bytes, BUFFERED), _bytes(None, form.reserved, PADDING)]
    parts += [item(USAGE, 0xFF), item(MAXIMUM, 1), item(SIZE, 1), item(COUNT, 1), item(INPUT, DATA)]
    parts += [item(SIZE, 7), item(INPUT, PADDING), END]
    if wake:
        parts += [item(REPORT, 0xFE), item(USAGE, 0x20), item(SIZE, 8), item(COUNT, 1), item(FEATURE, DATA)]
    return b"".join([*parts, END])


def reports(
    form: Form, aim: bytes, label: bytes, *, size: int | None = None, report_id: int = REPORT_ID
) -> list[bytes]:
    """One label as the reports that carry it; `size` are the data bytes used of each, all by default."""
    size = size or form.data_bytes
    parts = [label[at : at + size] for at in range(0, len(label), size)] or [b""]
    sent = []
    for number, part in enumerate(parts, start=1):
        body = b"\0" * form.before_aim + (aim.ljust(3, b"\0") if form.aim else b"") + part
        report = bytes([report_id, len(part)]) + body
        sent.append(report.ljust(63, b"\0") + bytes([number < len(parts)]))
    return sent
