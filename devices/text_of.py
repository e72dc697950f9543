"""The text beside the raw bytes of a label, and how it was found. Pure; the bytes themselves are never changed.

GS1 content is ASCII by definition; Chinese stands in QR codes, and the scanner decides whether it sends UTF-8 or GBK.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Encoding(enum.Enum):
    """How bytes became text. The values are stable."""

    ASCII = "ascii"
    UTF_8 = "utf-8"
    GB18030 = "gb18030"
    """A guess: nearly any pair of high bytes is a Chinese sign. What stands on it says so."""
    NONE = "bytes"
    """No text; shown sign by sign as Latin-1, which keeps every byte apart."""


_CHINESE_FROM = "\u2e80"  # below stand the alphabets; UTF-8 writes them with two bytes, as GBK writes Chinese


@dataclass(frozen=True, slots=True)
class LabelText:
    """Text for the eye and for rules that need no certainty."""

    text: str = field(repr=False)
    encoding: Encoding

    @property
    def is_guess(self) -> bool:
        """True where the bytes could have meant something else."""
        return self.encoding in (Encoding.GB18030, Encoding.NONE)


def text_of(raw: bytes) -> LabelText:
    """Strict ASCII, then strict UTF-8, then strict GB18030, then no text at all.

    Some Chinese words in GBK (药品 is one) happen to be valid UTF-8 of letters that nobody prints on a box here: where
    UTF-8 makes no Chinese at all and GB2312 makes nothing else, they are read as Chinese.
    """
    if raw.isascii():
        return LabelText(raw.decode("ascii"), Encoding.ASCII)
    text = _decoded(raw, "utf-8")
    if text is not None and not (_has_no_chinese(text) and _is_chinese(_decoded(raw, "gb2312"))):
        return LabelText(text, Encoding.UTF_8)
    text = _decoded(raw, "gb18030")
    if text is not None:
        return LabelText(text, Encoding.GB18030)
    return LabelText(raw.decode("latin-1"), Encoding.NONE)


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _has_no_chinese(text: str) -> bool:
    return all(sign < _CHINESE_FROM for sign in text)


def _is_chinese(text: str | None) -> bool:
    return text is not None and all(sign.isascii() or sign >= _CHINESE_FROM for sign in text)
