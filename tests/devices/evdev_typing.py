"""The device side of a scanner that types: text → key events of a US keyboard. Shares nothing with the reader."""

from __future__ import annotations

from collections.abc import Iterator

SHIFT, CTRL, ALT, CAPS, ENTER, TAB, F8, NUM_LOCK = 42, 29, 56, 58, 28, 15, 66, 69
_POSITIONS = {
    "1": 2, "2": 3, "3": 4, "4": 5, "5": 6, "6": 7, "7": 8, "8": 9, "9": 10, "0": 11, "-": 12, "=": 13, "q": 16,
    "w": 17, "e": 18, "r": 19, "t": 20, "y": 21, "u": 22, "i": 23, "o": 24, "p": 25, "[": 26, "]": 27, "a": 30,
    "s": 31, "d": 32, "f": 33, "g": 34, "h": 35, "j": 36, "k": 37, "l": 38, ";": 39, "'": 40, "`": 41, "\\": 43,
    "z": 44, "x": 45, "c": 46, "v": 47, "b": 48, "n": 49, "m": 50, ",": 51, ".": 52, "/": 53, " ": 57,
}  # fmt: skip
_WITH_SHIFT = {
    "!": "1", "@": "2", "#": "3", "$": "4", "%": "5", "^": "6", "&": "7", "*": "8", "(": "9", ")": "0", "_": "-",
    "+": "=", "{": "[", "}": "]", ":": ";", '"': "'", "~": "`", "|": "\\", "<": ",", ">": ".", "?": "/",
}  # fmt: skip
_KEYPAD = {"0": 82, "1": 79, "2": 80, "3": 81, "4": 75, "5": 76, "6": 77, "7": 71, "8": 72, "9": 73}

Key = tuple[int, int]
"""A key code, and 1 for down or 0 for up."""


def tap(code: int, *held: int) -> list[Key]:
    """One key with others held around it."""
    return [*((key, 1) for key in held), (code, 1), (code, 0), *((key, 0) for key in reversed(held))]


def alt_code(digits: str) -> list[Key]:
    """Alt held while a number is typed on the keypad."""
    return [(ALT, 1), *(key for digit in digits for key in tap(_KEYPAD[digit])), (ALT, 0)]


def keys(text: str, *, gs: str = "ctrl", caps: bool = False, keypad: bool = False) -> list[Key]:
    """A text; `gs` tells how the separator is typed, `caps` that the scanner's own Caps Lock is on."""
    return [key for sign in text for key in _sign(sign, gs, caps, keypad)]


def _sign(sign: str, gs: str, caps: bool, keypad: bool) -> Iterator[Key]:
    if sign == "\x1d":
        yield from {"ctrl": tap(_POSITIONS["]"], CTRL), "alt": alt_code("029"), "f8": tap(F8)}[gs]
    elif keypad and sign in _KEYPAD:
        yield from tap(_KEYPAD[sign])
    elif sign in _WITH_SHIFT:
        yield from tap(_POSITIONS[_WITH_SHIFT[sign]], SHIFT)
    elif sign.isalpha() and sign.isupper() is not caps:
        yield from tap(_POSITIONS[sign.lower()], SHIFT)
    else:
        yield from tap({"\r": ENTER, "\t": TAB}.get(sign) or _POSITIONS[sign.lower()])
