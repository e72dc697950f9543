"""Keyboard layouts as data: which sign stands on which key. Pure.

A key is named by its place, the number that Linux gives to the key of a US keyboard (evdev); Windows' scan codes of
the main block are the same numbers. Only what a scanner types is listed: the keys of the main block. Where X11 and
Windows differ on the third level, the sign is left out, so that nobody builds on it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class Level(enum.IntEnum):
    """Which sign of a key: alone, with Shift, with AltGr."""

    PLAIN = 0
    SHIFT = 1
    ALT_GR = 2


_ROWS = ((41, *range(2, 14)), tuple(range(16, 28)), (43,), tuple(range(30, 41)), (86, *range(44, 54)), (57,))
"""Places row by row: digits, Q, the key beside Enter, A, the key left of Z (ISO keyboards) with Z, the space bar."""

# Per layout: the rows without and with Shift. A blank stands for a key that has no sign there.
_US = (
    ("`1234567890-=", "qwertyuiop[]", "\\", "asdfghjkl;'", "<zxcvbnm,./", " "),
    ("~!@#$%^&*()_+", "QWERTYUIOP{}", "|", 'ASDFGHJKL:"', ">ZXCVBNM<>?", " "),
)
_DE = (
    ("^1234567890ß´", "qwertzuiopü+", "#", "asdfghjklöä", "<yxcvbnm,.-", " "),
    ('°!"§$%&/()=?`', "QWERTZUIOPÜ*", "'", "ASDFGHJKLÖÄ", ">YXCVBNM;:_", " "),
)
_FR = (
    ("²&é\"'(-è_çà)=", "azertyuiop^$", "*", "qsdfghjklmù", "<wxcvbn,;:!", " "),
    (" 1234567890°+", "AZERTYUIOP¨£", "µ", "QSDFGHJKLM%", ">WXCVBN?./§", " "),
)
_BE = (
    ("²&é\"'(§è!çà)-", "azertyuiop^$", "µ", "qsdfghjklmù", "<wxcvbn,;:=", " "),
    ("³1234567890°_", "AZERTYUIOP¨*", "£", "QSDFGHJKLM%", ">WXCVBN?./+", " "),
)
_ALT_GR: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "us": {},
        "de": {8: "{", 9: "[", 10: "]", 11: "}", 12: "\\", 16: "@", 27: "~", 86: "|"},
        "fr": {3: "~", 4: "#", 5: "{", 6: "[", 7: "|", 8: "`", 9: "\\", 10: "^", 11: "@", 12: "]", 13: "}"},
        "be": {2: "|", 3: "@", 4: "#", 7: "^", 10: "{", 11: "}", 26: "[", 27: "]", 86: "\\"},
    }
)
_ELSEWHERE: Mapping[str, Mapping[tuple[int, Level], str]] = MappingProxyType(
    {"us": {(86, Level.PLAIN): "\\", (86, Level.SHIFT): "|"}}
)
"""What Windows has where X11 has another sign."""
_SPACE = 57
MAIN_BLOCK = frozenset(place for row in _ROWS for place in row)


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout. `signs`: (place, level) → sign; `homes`: the other way round, every place of a sign on any system."""

    name: str
    signs: Mapping[tuple[int, Level], str]
    homes: Mapping[str, tuple[tuple[int, Level], ...]]

    def sign(self, place: int, level: Level) -> str | None:
        """None where the key has no sign on this level."""
        return self.signs.get((place, level))


def _layout(name: str, rows: tuple[tuple[str, ...], tuple[str, ...]]) -> Layout:
    signs: dict[tuple[int, Level], str] = {}
    for level, lines in zip((Level.PLAIN, Level.SHIFT), rows, strict=True):
        for places, line in zip(_ROWS, lines, strict=True):
            for place, sign in zip(places, line, strict=True):
                if sign != " " or place == _SPACE:
                    signs[place, level] = sign
    signs |= {(place, Level.ALT_GR): sign for place, sign in _ALT_GR[name].items()}
    homes: dict[str, tuple[tuple[int, Level], ...]] = {}
    for home, sign in (*signs.items(), *_ELSEWHERE.get(name, {}).items()):
        homes[sign] = (*homes.get(sign, ()), home)
    return Layout(name, MappingProxyType(signs), MappingProxyType(homes))


US = _layout("us", _US)
DE = _layout("de", _DE)
FR = _layout("fr", _FR)
BE = _layout("be", _BE)
LAYOUTS: Mapping[str, Layout] = MappingProxyType({"us": US, "zh": US, "de": DE, "fr": FR, "be": BE})
"""By the name of the option; Chinese keyboards are US keyboards."""

KEYPAD: Mapping[int, str] = MappingProxyType(
    {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"}
    | {55: "*", 74: "-", 78: "+", 83: ".", 98: "/"}
)
"""Signs of the keypad with Num Lock on, the same in every layout but for the point, which is a comma in some."""
