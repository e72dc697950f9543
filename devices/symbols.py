"""Pictures → the symbols in them, over zxing-cpp. No state; whoever calls owns the thread, and the lock of Python is
let go while the library works.

What counts is `.bytes` and the symbology identifier: the library's text rewrites GS1 and guesses character sets. The
one exception is QR in Kanji mode, whose bytes are Shift-JIS that nobody downstream expects.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field

import zxingcpp
from zxingcpp import BarcodeFormat, Binarizer, ContentType, ImageFormat

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]
"""Corners of a symbol in pixels of the picture: top left, top right, bottom right, bottom left of the symbol itself."""

LINEAR = ("Code128", "EAN13", "EAN8")
FORMATS = (*LINEAR, "DataMatrix", "QRCode")
MORE_FORMATS = {"itf": "ITF", "pdf417": "PDF417"}
"""On request: ITF has no check digit of its own and finds codes in printed lines; PDF417 costs time."""
_NEVER_TURNED = frozenset({"DataMatrix", "QRCode"})
_KANJI = ((0x8140, 0x9FFC), (0xE040, 0xEBBF))


@dataclass(frozen=True, slots=True, eq=False)
class GreyPicture:
    """Brightness, one byte per pixel, perhaps with other bytes between: YUYV has a `step` of 2, BGRX one of 4."""

    pixels: bytes = field(repr=False)
    width: int
    height: int
    stride: int
    """Bytes from row to row; the last row has as many (zxing-cpp refuses a view that ends sooner)."""
    step: int = 1
    """Bytes from pixel to pixel."""

    @property
    def is_whole(self) -> bool:
        """Whether there is a picture and every pixel of it is there; the library reads memory as it is told."""
        if self.width < 1 or self.height < 1 or self.step < 1 or self.stride < self.width * self.step:
            return False
        return self.height * self.stride <= len(self.pixels)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol as it was read. The payload may be a patient's credential, so it never shows in `repr`."""

    payload: bytes = field(repr=False)
    aim: str
    """`]d2` and the like."""
    place: Quad

    @property
    def label(self) -> bytes:
        """Identifier and payload, as a scanner that sends identifiers would: what tells two codes apart."""
        return self.aim.encode() + self.payload


def formats_with(more: Sequence[str] = ()) -> tuple[str, ...]:
    """The usual formats and those of MORE_FORMATS that were asked for."""
    return FORMATS + tuple(MORE_FORMATS[name] for name in more)


def turned_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Those of `formats` for which a tilt matters."""
    return tuple(name for name in formats if name not in _NEVER_TURNED)


def read_symbols(
    picture: GreyPicture, formats: Sequence[str] = FORMATS, *, thorough: bool = False, upright: bool = False
) -> tuple[Symbol, ...]:
    """All symbols of a picture. `thorough` also looks at a smaller copy; `upright` also looks a quarter turn away.

    One bar or dot needs two pixels or more. A linear code is found up to some ten degrees of tilt: turn the picture
    for more. A picture that is not whole has no symbols.
    """
    if not picture.is_whole:
        return ()
    pixels = picture.pixels  # a name that keeps them: the view alone does not (zxing-cpp 3.1.1)
    view = zxingcpp.ImageView(
        memoryview(pixels), picture.width, picture.height, ImageFormat.Lum, picture.stride, picture.step
    )
    found = zxingcpp.read_barcodes(
        view,
        formats=_formats(tuple(formats)),
        try_rotate=thorough or upright,
        try_downscale=thorough,
        try_invert=False,
        binarizer=Binarizer.LocalAverage,
    )
    return tuple(
        Symbol(_payload_of(one), one.symbology_identifier, _quad_of(one.position)) for one in found if one.valid
    )


@functools.cache
def _formats(names: tuple[str, ...]) -> zxingcpp.BarcodeFormats:
    return zxingcpp.BarcodeFormats([getattr(BarcodeFormat, name) for name in names])


def _payload_of(barcode: zxingcpp.Barcode) -> bytes:
    payload = bytes(barcode.bytes)
    if barcode.content_type == ContentType.Text and is_kanji(payload, barcode.text):
        return barcode.text.encode()
    return payload


def is_kanji(payload: bytes, text: str) -> bool:
    """Whether the bytes are Shift-JIS of Kanji mode, and can be nothing that a Chinese label holds (UTF-8, GB 2312)."""
    for charset in ("utf-8", "gb2312"):
        try:
            payload.decode(charset)
        except UnicodeDecodeError:
            continue
        return False
    try:
        signs = [sign.encode("shift_jis") for sign in text]
    except UnicodeEncodeError:
        return False
    in_range = all(
        (len(sign) == 1 and sign[0] < 0x80)
        or (len(sign) == 2 and any(low <= int.from_bytes(sign) <= high for low, high in _KANJI))
        for sign in signs
    )  # fmt: skip
    return in_range and b"".join(signs) == payload


def _quad_of(position: zxingcpp.Position) -> Quad:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    first, second, third, fourth = ((float(corner.x), float(corner.y)) for corner in corners)
    return first, second, third, fourth
