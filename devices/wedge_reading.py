"""What a scanner meant by the keys it pressed: exactly that, or the reason why it cannot be told. Pure.

A scanner types places of the keyboard that it is set to (US as delivered); the host makes signs of them by a layout of
its own, turns letters round under Caps Lock, and lets an input method at them. Where the system tells the places, they
are read by the scanner's layout, whatever the host made of them; the host's signs must still be those of a layout that
we know, or equal, else the places are not to be trusted. Where it does not, the host's layout has to be known and the
signs are traced back through it. What two keys could have made is refused, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from devices.errors import WEDGE_CODES
from devices.wedge_keys import DEAD_SIGNS, ENTER, RETURN, TAB, KeyEvent, KeyKind
from devices.wedge_layouts import LAYOUTS, US, Layout, Level

GS = "\x1d"
REFUSALS = (*WEDGE_CODES, "label_overlong")
"""Why a label that came as keys was not taken."""

LIMIT_SIGNS = 8192
AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_AIM_LETTERS = frozenset("ACEFGHILQXZdez")
"""Symbologies that stand on boxes here; the same letter turned round is none of them."""
_CONTROLS = {chr(ord("a") + at): chr(1 + at) for at in range(26)} | {
    "[": "\x1b", "\\": "\x1c", "]": "\x1d", "6": "\x1e", "^": "\x1e", "-": "\x1f", "_": "\x1f"
}  # fmt: skip
_ENDS = {TAB: "\t", RETURN: "\r", ENTER: "\r"}


@dataclass(frozen=True, slots=True)
class WedgeProfile:
    """How the scanner that types is set, and the computer that it types into."""

    layout: Layout = US
    """The keyboard that the scanner takes itself to be at."""
    host: Layout | None = None
    """The computer's layout, for systems that tell signs but no places; None: not known."""
    prefix: str = ""
    """What every label begins with; taken off. A label without it is refused."""
    ends: frozenset[str] = frozenset("\r\n\t")
    by_silence: bool | None = None
    """Whether silence ends a label; None: until the first one that ended with Enter or Tab."""
    gap_ms: int = 40
    """A person's key waits so long for a second one before it is shown: longer than any gap of the scanner."""
    gs_keys: frozenset[int] = frozenset()
    """Keys (Qt's numbers) that the scanner sends for GS, F8 for one."""
    gs_sign: str = ""
    """The printable sign that the scanner sends for GS."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`text` as the scanner meant it, or the `refusal`."""

    text: str = field(default="", repr=False)
    refusal: str | None = None


class _Refusal(Exception):
    """Ends a reading; never leaves this module."""


def read_strokes(strokes: Sequence[KeyEvent], profile: WedgeProfile) -> Reading:
    """The label of one burst, without prefix and end. `strokes`: its presses in order, without modifiers."""
    try:
        return Reading(_finish(_signs(strokes, profile), profile))
    except _Refusal as refusal:
        return Reading(refusal=str(refusal))


def control_sign(event: KeyEvent, profile: WedgeProfile) -> str | None:
    """The control character behind a key that was pressed with Ctrl; the host's text is not asked (Ctrl+] shows as
    GS under X11 and as `]` elsewhere)."""
    if not event.control:
        return None
    level = Level.SHIFT if event.shift else Level.PLAIN
    if event.place:
        return _CONTROLS.get((profile.layout.sign(event.place, level) or "").lower())
    sign = event.sign
    if sign is None or profile.host is None:
        return None
    if profile.host is profile.layout:
        return _CONTROLS.get(sign)
    found = {
        _CONTROLS.get(profile.layout.sign(place, Level.PLAIN) or "")
        for place, home in profile.host.homes.get(sign, ())
        if home is Level.PLAIN
    }
    return found.pop() if len(found) == 1 else None


def end_sign(event: KeyEvent, profile: WedgeProfile) -> str | None:
    """CR, LF, TAB or ETX where the key may end a label; also the Ctrl+M and Ctrl+J of control-character modes."""
    if event.kind is KeyKind.END:
        sign = _ENDS[event.key] if not (event.control or event.alt) else None
    else:
        sign = control_sign(event, profile)
    return sign if sign is not None and sign in profile.ends else None


def is_composed(text: str) -> bool:
    """Whether an input method made this: full-width, Chinese, Japanese or Korean signs, several signs for one key."""
    return len(text) > 1 or any(
        "\u2010" <= sign <= "\u2027" or "\u3000" <= sign <= "\ud7ff" or "\uff00" <= sign <= "\uffef" for sign in text
    )


def _signs(strokes: Sequence[KeyEvent], profile: WedgeProfile) -> str:
    if any(is_composed(stroke.text) for stroke in strokes):
        raise _Refusal("wedge_ime")
    if {True, False} <= {stroke.caps_lock for stroke in strokes}:
        raise _Refusal("wedge_caps_lock")
    typed = [stroke for stroke in strokes if not stroke.literal]
    if typed and all(stroke.place for stroke in typed):
        text = "".join(_by_place(stroke, profile) for stroke in strokes)
        _mistrust_places(typed, profile)
        if any(stroke.caps_lock for stroke in typed):
            _mistrust_case(text)
        return text
    if any(stroke.place for stroke in typed):
        raise _Refusal("wedge_unknown_key")
    if typed and profile.host is None:
        raise _Refusal("wedge_host_unknown")
    _mistrust_caps(typed)
    return "".join(_by_text(stroke, profile) for stroke in strokes)


def _finish(text: str, profile: WedgeProfile) -> str:
    if not text.startswith(profile.prefix):
        raise _Refusal("wedge_prefix_missing")
    if not text.isascii():
        raise _Refusal("wedge_layout")
    label = text.removeprefix(profile.prefix)
    if len(label) > LIMIT_SIGNS:
        raise _Refusal("label_overlong")
    return label.replace(profile.gs_sign, GS) if profile.gs_sign else label


def _by_place(stroke: KeyEvent, profile: WedgeProfile) -> str:
    special = _special(stroke, profile)
    if special is not None:
        return special
    sign = profile.layout.sign(stroke.place, _level(stroke))
    if sign is None:
        raise _Refusal("wedge_layout" if stroke.kind is KeyKind.SIGN else "wedge_unknown_key")
    return sign


def _by_text(stroke: KeyEvent, profile: WedgeProfile) -> str:
    special = _special(stroke, profile)
    if special is not None:
        return special
    if profile.host is None:
        raise _Refusal("wedge_host_unknown")
    level, shown = _level(stroke), _shown(stroke)
    places = [place for place, home in profile.host.homes.get(shown, ()) if home is level]
    signs = {shown} if places and profile.host is profile.layout else {profile.layout.sign(at, level) for at in places}
    sign = signs.pop() if len(signs) == 1 else None
    if sign is None:
        raise _Refusal("wedge_layout" if stroke.kind is KeyKind.SIGN else "wedge_unknown_key")
    return sign


def _special(stroke: KeyEvent, profile: WedgeProfile) -> str | None:
    """Keys that mean the same in every layout; None for those that do not."""
    if stroke.literal:
        if not (stroke.text.isascii() and len(stroke.text) == 1):
            raise _Refusal("wedge_unknown_key")
        return stroke.text
    if stroke.key in profile.gs_keys:
        return GS
    if stroke.kind is KeyKind.FUNCTION:
        raise _Refusal("wedge_gs_lost")
    if stroke.kind is KeyKind.END:
        return _ENDS[stroke.key]
    if stroke.control:
        sign = control_sign(stroke, profile)
        if sign is None:
            raise _Refusal("wedge_gs_lost")
        return sign
    if stroke.alt:
        raise _Refusal("wedge_unknown_key")
    digit = stroke.keypad_digit
    if digit is not None and stroke.sign not in (None, digit):
        raise _Refusal("wedge_layout")
    return digit


def _mistrust_places(strokes: Iterable[KeyEvent], profile: WedgeProfile) -> None:
    """Places that no layout of ours turns into the signs seen are not a keyboard's, or the layout is a stranger."""
    plain = [one for one in strokes if _special(one, profile) is None]
    as_meant = all(_shown(one) == profile.layout.sign(one.place, _level(one)) for one in plain)
    if not as_meant and not any(all(_explains(layout, one) for one in plain) for layout in set_of_layouts()):
        raise _Refusal("wedge_layout")


def set_of_layouts() -> tuple[Layout, ...]:
    """Each layout once."""
    return tuple({layout.name: layout for layout in LAYOUTS.values()}.values())


def _explains(layout: Layout, stroke: KeyEvent) -> bool:
    shown = _shown(stroke)
    if shown == (layout.sign(stroke.place, _level(stroke)) or ""):
        return True
    if stroke.caps_lock is False or stroke.alt_gr:
        return False
    either = {layout.sign(stroke.place, level) for level in (Level.PLAIN, Level.SHIFT)}
    return shown in either or shown.swapcase() in either


def _mistrust_case(text: str) -> None:
    """Under Caps Lock the places tell the case, unless the scanner turns it round itself: its own prefix shows that."""
    letter = text[1:2] if AIM.match(text) else ""
    if letter and letter not in _AIM_LETTERS and letter.swapcase() in _AIM_LETTERS:
        raise _Refusal("wedge_caps_lock")


def _mistrust_caps(strokes: Iterable[KeyEvent]) -> None:
    """Without places a letter under Caps Lock, or one whose case does not fit its Shift key, may be either case."""
    for one in strokes:
        cased = one.text.lower() != one.text.upper() and not one.control
        if cased and (one.caps_lock or one.text.isupper() != one.shift):
            raise _Refusal("wedge_caps_lock")


def _level(stroke: KeyEvent) -> Level:
    if stroke.alt_gr:
        return Level.ALT_GR
    return Level.SHIFT if stroke.shift else Level.PLAIN


def _shown(stroke: KeyEvent) -> str:
    """The sign that the host shows; of a dead key the one that layouts have in its place."""
    return stroke.text or DEAD_SIGNS.get(stroke.key, "")
