"""What a scanner sent, made visible: hexadecimal, text with named control signs, the AIM prefix's name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from devices.text_of import Encoding, text_of

PICTURES_FROM = 0x2400  # U+2400…: pictures of the control characters, so GS (0x1D) is ␝
DELETE = 0x7F
CONTROLS = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF",
    "VT", "FF", "CR", "SO", "SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK",
    "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)  # fmt: skip
AIM_LENGTH = 3
AIM_CODES: Mapping[str, str] = {
    "]C0": "aim_code128",
    "]C1": "aim_gs1_128",
    "]C2": "aim_code128",
    "]A0": "aim_code39",
    "]E0": "aim_ean",
    "]E4": "aim_ean8",
    "]F0": "aim_codabar",
    "]G0": "aim_code93",
    "]I0": "aim_itf",
    "]I1": "aim_itf",
    "]L0": "aim_pdf417",
    "]Q0": "aim_qr",
    "]Q1": "aim_qr",
    "]Q3": "aim_gs1_qr",
    "]d0": "aim_matrix",
    "]d1": "aim_matrix",
    "]d2": "aim_gs1_matrix",
    "]e0": "aim_gs1_databar",
    "]X0": "aim_other",
    "]z0": "aim_aztec",
    "]J0": "aim_dot",
    "]J1": "aim_gs1_dot",
    "]h0": "aim_han_xin",
    "]h1": "aim_han_xin",
}
"""ISO/IEC 15424 prefixes that scanners at a dock may send → the text that names the symbology."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters to be read, or the name of one control sign or of one byte that is no text."""

    text: str
    sign: bool


def hex_of(raw: bytes) -> str:
    """`30 31 1D`."""
    return raw.hex(" ").upper()


def visible_of(raw: bytes) -> str:
    """The bytes as text: control signs as their pictures (GS as ␝), bytes that are no UTF-8 as `\\xNN`."""
    return "".join(_picture(sign) for sign in raw.decode(_codec(raw), "backslashreplace"))


def pieces_of(raw: bytes) -> tuple[Piece, ...]:
    """The bytes cut into readable text and named signs, in order; nothing is left out."""
    pieces: list[Piece] = []
    for sign in raw.decode(_codec(raw), "surrogateescape"):
        name = _name(sign)
        if name is not None:
            pieces.append(Piece(name, sign=True))
        elif pieces and not pieces[-1].sign:
            pieces[-1] = Piece(pieces[-1].text + sign, sign=False)
        else:
            pieces.append(Piece(sign, sign=False))
    return tuple(pieces)


def in_line(raw: bytes) -> str:
    """The bytes as one line of plain words: `]d2…<GS>21A`."""
    return "".join(f"<{piece.text}>" if piece.sign else piece.text for piece in pieces_of(raw))


def aim_code(raw: bytes) -> str | None:
    """The text that names the AIM prefix; None where there is none."""
    head = raw[:AIM_LENGTH].decode("latin-1")
    if len(head) < AIM_LENGTH or not head.isascii():
        return None
    if head[0] != "]" or not (head[1].isalpha() and head[2].isalnum()):
        return None
    return AIM_CODES.get(head, "aim_unknown")


def _codec(raw: bytes) -> str:
    """UTF-8, unless these bytes are more likely Chinese in GBK: then every byte of it is shown as a byte."""
    return "ascii" if text_of(raw).encoding is Encoding.GB18030 else "utf-8"


def _name(sign: str) -> str | None:
    number = ord(sign)
    if number < len(CONTROLS):
        return CONTROLS[number]
    if number == DELETE:
        return "DEL"
    return f"{number - 0xDC00:02X}" if 0xDC80 <= number <= 0xDCFF else None


def _picture(sign: str) -> str:
    number = ord(sign)
    if number < len(CONTROLS):
        return chr(PICTURES_FROM + number)
    return "\u2421" if number == DELETE else sign
