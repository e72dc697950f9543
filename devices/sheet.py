"""The codes of the scanner doctor's sheet, as data: what is printed, and what a healthy scanner sends. Pure.

Each code is there for what it would show: the first is made of signs that move on other keyboards and of letters in
both cases, two hold a group separator, one holds Chinese. The trace code lies in the range of the demonstration.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

GS = b"\x1d"
_DRUG = "".join(map(chr, (0x963F, 0x83AB, 0x897F, 0x6797, 0x80F6, 0x56CA)))  # amoxicillin capsules
_PLACE = "".join(map(chr, (0x7801, 0x5934, 0x626B, 0x7801)))  # scans at the dock
_CHINESE = f"Matou-{_PLACE}-{_DRUG}-7"


class Symbology(enum.Enum):
    """What kinds of code are on the sheet. The values are stable."""

    CODE_128 = "code128"
    GS1_128 = "gs1_128"
    GS1_DATAMATRIX = "gs1_datamatrix"
    QR = "qr"
    EAN_13 = "ean13"


@dataclass(frozen=True, slots=True)
class SheetCode:
    """One code of the sheet."""

    key: str
    symbology: Symbology
    content: str
    """What a maker of symbols is given: GS1 with its identifiers in brackets, else the text."""
    label: bytes
    """What a healthy scanner sends behind the AIM identifier."""
    aims: tuple[str, ...]
    """AIM identifiers that are right for it, the usual one first."""


SHEET = (
    SheetCode("plain", Symbology.CODE_128, "aAqQzZyYwWmM-/;256", b"aAqQzZyYwWmM-/;256", ("]C0",)),
    SheetCode("trace", Symbology.CODE_128, "89990112026112200017", b"89990112026112200017", ("]C0",)),
    SheetCode(
        "gs1_128",
        Symbology.GS1_128,
        "(01)06901234567892(10)LotAbC-09(21)S1x",
        b"010690123456789210LotAbC-09" + GS + b"21S1x",
        ("]C1",),
    ),
    SheetCode("ean13", Symbology.EAN_13, "6901234567892", b"6901234567892", ("]E0",)),
    SheetCode(
        "gs1_datamatrix",
        Symbology.GS1_DATAMATRIX,
        "(01)06901234567892(17)280630(10)zYqW-7m(21)aQ256",
        b"01069012345678921728063010zYqW-7m" + GS + b"21aQ256",
        ("]d2",),
    ),
    SheetCode(
        "qr",
        Symbology.QR,
        _CHINESE,
        _CHINESE.encode(),
        ("]Q1", "]Q0", "]Q2"),
    ),
)
BY_KEY = {code.key: code for code in SHEET}
