"""What a window tells of one key, and what kind of key it is. Pure; Qt's numbers as plain integers.

The numbers are those of `Qt::Key` and `Qt::KeyboardModifier` (Qt 6), so that the window hands them over as they are.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from devices.wedge_layouts import KEYPAD, MAIN_BLOCK

SHIFT, CONTROL, ALT, META, ON_KEYPAD, GROUP_SWITCH = (1 << bit for bit in range(25, 31))
"""Bits of `KeyEvent.modifiers`."""

TAB, RETURN, ENTER = 0x01000001, 0x01000004, 0x01000005
_KEY_SHIFT, _KEY_CONTROL, _KEY_META, _KEY_ALT, _KEY_CAPS, _KEY_NUM, _KEY_SCROLL = range(0x01000020, 0x01000027)
_KEY_SUPER_L, _KEY_SUPER_R = 0x01000053, 0x01000054
_KEY_ALT_GR, _KEY_LEVEL_5 = 0x01001103, 0x01001105
_F1, _F35 = 0x01000030, 0x01000052
_HOME, _PAGE_DOWN = 0x01000010, 0x01000017
_DEAD_FIRST, _DEAD_LAST = 0x01001250, 0x010012FF

DEAD_SIGNS: Mapping[int, str] = MappingProxyType(
    {0x01001250: "`", 0x01001251: "´", 0x01001252: "^", 0x01001253: "~", 0x01001257: "¨"}
)
"""Keys that wait for a letter to put their accent on, and the sign that layouts have in their place."""
KEYPAD_WITHOUT_NUM_LOCK: Mapping[int, str] = MappingProxyType(
    {
        0x01000006: "0", 0x01000011: "1", 0x01000015: "2", 0x01000017: "3", 0x01000012: "4", 0x0100000B: "5",
        0x01000014: "6", 0x01000010: "7", 0x01000013: "8", 0x01000016: "9",
    }
)  # fmt: skip
"""Insert, End, Down, PageDown, Left, Clear, Right, Home, Up and PageUp on the keypad."""

_EXTENDED: Mapping[int, int] = MappingProxyType({0x11D: 97, 0x138: 100, 0x11C: 96, 0x135: 98, 0x15B: 125, 0x15C: 126})
_X11_OFFSET = 8


class KeyKind(enum.Enum):
    """What a key is for."""

    SIGN = enum.auto()
    END = enum.auto()
    """Enter and Tab."""
    SHIFT = enum.auto()
    ALT = enum.auto()
    CAPS = enum.auto()
    MODIFIER = enum.auto()
    """The others that do nothing alone."""
    FUNCTION = enum.auto()
    """F-keys, arrows, Home and the like: what scanners send in the place of a separator, or what triggers one."""
    OTHER = enum.auto()


_KINDS: Mapping[int, KeyKind] = MappingProxyType(
    {
        TAB: KeyKind.END,
        RETURN: KeyKind.END,
        ENTER: KeyKind.END,
        _KEY_SHIFT: KeyKind.SHIFT,
        _KEY_ALT: KeyKind.ALT,
        _KEY_CAPS: KeyKind.CAPS,
    }
    | dict.fromkeys(
        (_KEY_CONTROL, _KEY_META, _KEY_NUM, _KEY_SCROLL, _KEY_SUPER_L, _KEY_SUPER_R, _KEY_ALT_GR, _KEY_LEVEL_5),
        KeyKind.MODIFIER,
    )
)


MODIFIERS = frozenset({KeyKind.SHIFT, KeyKind.ALT, KeyKind.CAPS, KeyKind.MODIFIER})
"""Kinds of keys that mean nothing alone."""


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One press or release. The text may be part of a patient's credential, so it never shows in `repr`."""

    key: int
    text: str = field(repr=False)
    at_us: int
    """When the system saw it, not when it was handled; any start, only differences count."""
    pressed: bool = True
    modifiers: int = 0
    place: int = 0
    """The key's place (evdev number), 0 where the system did not say."""
    auto_repeat: bool = False
    caps_lock: bool | None = None
    """None: not known."""
    literal: bool = False
    """The text was put in as such, past every layout (Windows: VK_PACKET, composed signs)."""
    native: tuple[int, int, int] = (0, 0, 0)
    """Scan code, virtual key and modifiers as the system counts them: carried, for a replay."""

    @property
    def kind(self) -> KeyKind:
        known = _KINDS.get(self.key)
        if known is not None:
            return known
        if self.place in MAIN_BLOCK or self.keypad_digit is not None or self.sign is not None or self.is_dead:
            return KeyKind.SIGN
        if _F1 <= self.key <= _F35 or _HOME <= self.key <= _PAGE_DOWN:
            return KeyKind.FUNCTION
        return KeyKind.OTHER

    @property
    def sign(self) -> str | None:
        """The one sign that the host made of it; a control character only where it stands alone (no Ctrl held)."""
        if len(self.text) == 1 and (self.text.isprintable() or self.literal):
            return self.text
        if self.modifiers & CONTROL and 0x20 <= self.key <= 0xFF:
            return chr(self.key).lower()
        return None

    @property
    def is_dead(self) -> bool:
        return _DEAD_FIRST <= self.key <= _DEAD_LAST

    @property
    def keypad_digit(self) -> str | None:
        """A digit or sign of the keypad, whatever Num Lock says."""
        if not self.modifiers & ON_KEYPAD:
            return None
        if self.place in KEYPAD:
            return KEYPAD[self.place]
        return KEYPAD_WITHOUT_NUM_LOCK.get(self.key) or (self.text if self.text in set("0123456789*-+/") else None)

    @property
    def shift(self) -> bool:
        return bool(self.modifiers & SHIFT)

    @property
    def alt_gr(self) -> bool:
        """AltGr, which Windows shows as Ctrl with Alt."""
        return bool(self.modifiers & GROUP_SWITCH) or self.modifiers & (CONTROL | ALT) == CONTROL | ALT

    @property
    def control(self) -> bool:
        return bool(self.modifiers & CONTROL) and not self.alt_gr

    @property
    def alt(self) -> bool:
        return bool(self.modifiers & ALT) and not self.alt_gr

    @property
    def same_key(self) -> tuple[int, int]:
        """What a press and its release have in common."""
        return (self.place, 0) if self.place else (0, self.key)


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that happened between keys: `entered`, `composed`, `left`, `pasted`."""

    name: str
    at_us: int


Step = KeyEvent | Sign


def place_of(scan_code: int, platform: str) -> int:
    """The place behind a native scan code; 0 where the platform's numbers are not known.

    `platform` as Qt names it: xcb and wayland count as X11 does (evdev + 8), windows as the keyboard does.
    """
    if scan_code <= 0:
        return 0
    if platform in ("xcb", "wayland"):
        return max(0, scan_code - _X11_OFFSET)
    if platform == "windows":
        return _EXTENDED.get(scan_code, scan_code if scan_code <= 88 else 0)
    return 0


def caps_of(native_modifiers: int, platform: str) -> bool | None:
    """Whether Caps Lock is on, as the system's own modifier bits say."""
    bit = {"xcb": 0x2, "wayland": 0x2, "windows": 0x100}.get(platform)
    return None if bit is None else bool(native_modifiers & bit)
