"""Whether a patient's code may stand in keys that were typed: whole, in part, or as the rest of keys before. Pure.

Nobody knows how scanner and computer are set where a label was refused; so the keys are read in every way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from devices.wedge_burst import FAST_US, FEWEST
from devices.wedge_heads import Piece, goes_on, head_of, opens
from devices.wedge_keys import DEAD_SIGNS, MODIFIERS, KeyEvent, KeyKind, Sign, Step
from devices.wedge_layouts import Layout, Level
from devices.wedge_reading import AIM, set_of_layouts

_WHOLE = frozenset({"wedge_caps_lock", "wedge_slow", "wedge_layout", "wedge_host_unknown", "wedge_gs_lost"})
"""Refusals of labels of which every sign came."""
_FIRST_SIGNS = 8
"""Of a label, these tell whether it goes on with something."""
_Read = Callable[[Sequence[KeyEvent]], str]


def is_scanners(steps: Sequence[Step]) -> bool:
    """Whether keys that were refused came too fast for fingers; slower ones may be what somebody typed into nothing."""
    presses = presses_of(steps)
    gaps = [late.at_us - early.at_us for early, late in pairwise(presses)]
    return len(presses) >= FEWEST and 2 * sum(gap < FAST_US for gap in gaps) > len(gaps)


def may_be_patients(steps: Sequence[Step], code: str, is_credential: Callable[[bytes], bool]) -> bool:
    """Whether a label that was refused may hold a patient's code or begin one.

    Where a part of it is missing, digits alone may be the rest of one.
    """
    strokes = strokes_of(steps)
    texts = {read(strokes) for read in _ways_to_read()}
    if any(opens(text) or is_credential(text.encode("utf-8", "replace")) for text in texts):
        return True
    return code not in _WHOLE and any(_bare(text).isdigit() for text in texts)


def is_rest_of(before: Sequence[Piece], steps: Sequence[Step]) -> bool:
    """Whether a label, taken or refused, may be the rest of a patient's code that earlier keys began."""
    if not before:
        return False
    strokes = strokes_of(steps)[:_FIRST_SIGNS]
    return any(
        goes_on(head_of((read(piece.strokes), piece.is_label) for piece in before), read(strokes))
        for read in _ways_to_read()
    )


def may_be_rest(steps: Sequence[Step], code: str) -> bool:
    """Whether a refused label of which a part is missing may be the rest of a patient's code that has letters, too:
    signs of such a code only, and not even half a prefix that shows where the label begins."""
    if code in _WHOLE:
        return False
    strokes = strokes_of(steps)
    texts = [read(strokes).strip() for read in _ways_to_read()]
    return any(map(str.isalnum, texts)) and not any(map(AIM.match, texts))


def _ways_to_read() -> list[_Read]:
    """What keys may have meant: as the host shows them, and by every pair of layouts; also as if nothing had been
    shifted, whatever Caps Lock made of it."""
    layouts = set_of_layouts()
    pairs = [(scanner, host, flat) for scanner in layouts for host in (None, *layouts) for flat in (False, True)]
    return [partial(_read, _shown), *(partial(_read, partial(_at, *pair)) for pair in pairs)]


def _read(sign_of: Callable[[KeyEvent], str], strokes: Sequence[KeyEvent]) -> str:
    return "".join(map(sign_of, strokes))


def presses_of(steps: Sequence[Step]) -> list[KeyEvent]:
    return [step for step in steps if isinstance(step, KeyEvent) and step.pressed and step.kind not in MODIFIERS]


def strokes_of(steps: Sequence[Step]) -> list[KeyEvent]:
    """Presses that stand for a sign; digits of the keypad under Alt are one sign together."""
    strokes: list[KeyEvent] = []
    digits = ""
    for step in steps:
        if isinstance(step, Sign):
            continue
        if step.pressed and step.alt and step.keypad_digit is not None:
            digits += step.keypad_digit
        elif step.kind is KeyKind.ALT and digits:
            sign = chr(int(digits[:6])) if digits.isdecimal() and 0 < int(digits[:6]) < 128 else ""
            strokes.append(KeyEvent(0, sign, step.at_us, literal=True))
            digits = ""
        elif step.pressed and step.kind not in MODIFIERS and not step.auto_repeat:
            strokes.append(step)
    return strokes


def _shown(press: KeyEvent) -> str:
    return press.keypad_digit or press.sign or DEAD_SIGNS.get(press.key, "")


def _at(scanner: Layout, host: Layout | None, flat: bool, press: KeyEvent) -> str:
    """The sign of the scanner's layout at this key, or at the key that `host` has the shown sign on."""
    if press.keypad_digit is not None:
        return press.keypad_digit
    if press.literal:
        return press.text
    if host is None:
        home = (press.place, Level.SHIFT if press.shift else Level.PLAIN)
    else:
        shown = _shown(press)
        homes = host.homes.get(shown) or host.homes.get(shown.lower(), ())
        if not homes:
            return ""
        home = homes[0]
    return scanner.sign(home[0], Level.PLAIN if flat else home[1]) or ""


def _bare(text: str) -> str:
    text = text.strip()
    prefix = AIM.match(text)
    return text[prefix.end() :] if prefix else text
