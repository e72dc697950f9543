"""A scanner that types, and the computer that it types into: labels → what a window is told of each key.

What the computer makes of a key stands in tests/data/wedge/x11_keys.json, written down from a real X server with Qt at
it; nothing here asks the tables of the decoder. Times are given, not waited for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from devices.wedge import Outcome, Refused, Scanned, Typed, WedgeDecoder
from devices.wedge_keys import KeyEvent

KEYS = Path(__file__).parent.parent / "data" / "wedge" / "x11_keys.json"
GS1_SIGNS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
HOSTS = ("us", "zh", "de", "fr", "be")
SEPARATORS = ("ctrl", "alt", "f8", "ctrl literal")
SHIFT, CONTROL, ALT, ALT_GR = 42, 29, 56, 100
ENTER, F8, BRACKET = 28, 66, 27
_KEYPAD = {"0": 82, "2": 80, "9": 73}
_NAMES = {SHIFT: (0x01000020, 1 << 25), CONTROL: (0x01000021, 1 << 26), ALT: (0x01000023, 1 << 27)}
_ALT_GR_NAME = {"us": (0x01000023, 1 << 27)}
_CAPS_CHANGES_DIGITS = ("fr", "be")
START_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Composed:
    """An input method put text into the part with the focus."""

    at_us: int


@dataclass(frozen=True, slots=True)
class Setting:
    """How scanner and computer are set. `layout` is the scanner's."""

    host: str = "us"
    layout: str = "us"
    places: bool = True
    caps: bool = False
    knows_caps: bool = True
    shift_lock: bool = False
    """Caps Lock gives the shifted sign of the digit keys, too, as French and Belgian Windows does."""
    input_method: str = ""
    """`eats`: presses vanish, releases come; `composes`: keys vanish and text is put in."""
    separator: str = "ctrl"
    gap_us: int = 2_000
    end: int | None = ENTER


@dataclass(slots=True)
class Heard:
    """What came of one stream."""

    labels: list[bytes] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    shown: list[KeyEvent] = field(default_factory=list)
    """Keys that reached the part with the focus, in order."""

    @property
    def text_shown(self) -> str:
        return "".join(event.text for event in self.shown if event.pressed)


@cache
def recorded() -> dict[str, dict[int, tuple[int, str, int]]]:
    """Layout and way of pressing → place → (key, text, modifiers)."""
    lines = json.loads(KEYS.read_text(encoding="utf-8"))
    return {
        name.replace("cn ", "zh "): {int(place): tuple(one) for place, one in keys.items()}
        for name, keys in lines.items()
    }


@cache
def homes(layout: str) -> dict[str, tuple[int, str]]:
    """Sign → the key that a scanner with this layout presses, and how."""
    found: dict[str, tuple[int, str]] = {}
    for way in ("plain", "shift", "alt_gr"):
        for place, (_, text, _) in recorded()[f"{layout} {way}"].items():
            if place < 66 or place == 86:
                found.setdefault(text, (place, way))
    return found


class Typist:
    """One scanner at one computer."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._held: list[int] = []
        self._now_us = START_US
        self._eaten = False

    def label(self, text: str, start_us: int = START_US) -> Iterator[KeyEvent | Composed]:
        """All that the window is told while the label is typed."""
        self._now_us = start_us - self._setting.gap_us
        self._eaten = False
        for sign in text:
            self._now_us += self._setting.gap_us
            if sign == "\x1d":
                yield from self._separator()
                continue
            place, way = homes(self._setting.layout)[sign]
            held = {"plain": (), "shift": (SHIFT,), "alt_gr": (ALT_GR,)}[way]
            yield from self._tap(place, held)
        if self._setting.end is not None:
            self._now_us += self._setting.gap_us
            yield from self._tap(self._setting.end, ())

    @property
    def end_us(self) -> int:
        return self._now_us

    def _separator(self) -> Iterator[KeyEvent | Composed]:
        if self._setting.separator == "f8":
            yield from self._tap(F8, ())
        elif self._setting.separator.startswith("ctrl"):
            yield from self._tap(BRACKET, (CONTROL,))
        else:
            yield self._modifier(ALT, pressed=True)
            for digit in "029":
                yield from self._tap(_KEYPAD[digit], ())
                self._now_us += self._setting.gap_us
            yield self._modifier(ALT, pressed=False)

    def _tap(self, place: int, held: Sequence[int]) -> Iterator[KeyEvent | Composed]:
        for other in held:
            yield self._modifier(other, pressed=True)
        event = self._event(place)
        yield from self._past_input_method(event)
        for other in held:
            yield self._modifier(other, pressed=False)

    def _modifier(self, place: int, *, pressed: bool) -> KeyEvent:
        self._held = [*self._held, place] if pressed else [one for one in self._held if one != place]
        key, _ = self._name(place)
        return KeyEvent(key, "", self._now_us, pressed, self._bits(), place if self._setting.places else 0)

    def _name(self, place: int) -> tuple[int, int]:
        if place == ALT_GR:
            return _ALT_GR_NAME.get(self._setting.host.replace("zh", "us"), (0x01001103, 1 << 30))
        return _NAMES[place]

    def _bits(self) -> int:
        bits = 0
        for place in self._held:
            bits |= self._name(place)[1]
        return bits

    def _event(self, place: int) -> KeyEvent:
        host, shifted = self._setting.host, SHIFT in self._held
        if CONTROL in self._held:
            way = "ctrl"
        elif ALT_GR in self._held:
            way = "alt_gr"
        else:
            way = " ".join(["caps"] * self._setting.caps + ["shift"] * shifted) or "plain"
            if self._setting.caps and self._setting.shift_lock and host in _CAPS_CHANGES_DIGITS and 2 <= place <= 13:
                way = "plain" if shifted else "shift"
        key, text, bits = (0x01000004, "\r", 0) if place == ENTER else recorded()[f"{host} {way}"][place]
        if self._setting.separator == "ctrl literal" and CONTROL in self._held:
            text = "]" if text == "\x1d" else text
        on_keypad = bits & (1 << 29)
        return KeyEvent(
            key,
            text,
            self._now_us,
            modifiers=self._bits() | on_keypad,
            place=place if self._setting.places else 0,
            caps_lock=self._setting.caps if self._setting.knows_caps else None,
        )

    def _past_input_method(self, event: KeyEvent) -> Iterator[KeyEvent | Composed]:
        """As Pinyin does: letters are gathered, a digit chooses among them, punctuation becomes full-width."""
        released = replace(event, pressed=False, text="" if event.text == "\r" else event.text)
        takes = self._setting.input_method and not event.modifiers & ((1 << 26) | (1 << 27))
        letter, other = event.text.isalpha() and event.text.islower(), event.text in set("]!()?:;,.<>'\"_")
        if takes and (letter or other or (self._eaten and event.text.isdigit())):
            self._eaten = letter
            if self._setting.input_method == "eats":
                yield released
            else:
                yield Composed(event.at_us)
            return
        yield event
        yield released


def hear(decoder: WedgeDecoder, stream: Sequence[KeyEvent | Composed], *, editing: bool = False) -> Heard:
    """Feed a stream, let the silences between its events pass as a clock would, and one at the end."""
    heard = Heard()
    last_us = 0
    for one in stream:
        wait_us = decoder.wait_us
        if wait_us is not None and one.at_us - last_us > wait_us:
            _take(heard, decoder.silence())
        if isinstance(one, Composed):
            decoder.composed(one.at_us)
            continue
        answer = decoder.feed(one, editing=editing)
        _take(heard, answer.outcomes)
        if not answer.keep:
            heard.shown.append(one)
        if one.pressed:
            last_us = one.at_us
    _take(heard, decoder.silence())
    return heard


def _take(heard: Heard, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Scanned):
            heard.labels.append(outcome.payload)
        elif isinstance(outcome, Refused):
            heard.refusals.append(outcome.code)
        else:
            assert isinstance(outcome, Typed)
            heard.shown.extend(outcome.events)
