"""Key events of a scanner that types → labels. Pure: no device, no clock, no thread; one Typist per scanner.

Key codes are those of Linux's input-event-codes.h; they name positions, so the layout and the input method of this
machine have no say. The scanner is expected to type for a US keyboard. A label with a key that cannot be understood, or
with keys missing, is dropped and told as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from devices.framing import Label, Profile, Suffix
from devices.scan import Dropped

DOWN, UP, REPEATED = 1, 0, 2
_SHIFTS, _CTRLS, _ALTS = frozenset({42, 54}), frozenset({29, 97}), frozenset({56, 100})
_MODIFIERS = _SHIFTS | _CTRLS | _ALTS
_META = frozenset({125, 126})
CAPS_LOCK = 58
_LOCKS_WITHOUT_MEANING = frozenset({69, 70})  # Num Lock, Scroll Lock: keypad digits are digits either way
_FIRST_BUTTON = 0x100
"""From here on there are no keys of a keyboard: a trigger may stand among them."""

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
US = MappingProxyType(
    {first + at: (plain[at], shifted[at]) for first, plain, shifted in _ROWS for at in range(len(plain))}
)
"""Key code → sign without and with Shift."""
_KEYPAD = MappingProxyType(dict(zip((71, 72, 73, 75, 76, 77, 79, 80, 81, 82), "7894561230", strict=True)))
_KEYPAD_SIGNS = MappingProxyType({55: "*", 74: "-", 78: "+", 83: ".", 98: "/"})
_ENTERS = MappingProxyType({28: b"\r", 96: b"\r", 15: b"\t"})
_CONTROL_DIGITS = MappingProxyType({"2": 0x00, "6": 0x1E, "-": 0x1F})
FUNCTION_KEYS = MappingProxyType({f"f{number}": code for number, code in enumerate((*range(59, 69), 87, 88), start=1)})

_LINE_ENDS = frozenset(b"\r\n")
_END_BYTES = MappingProxyType(
    {
        # A keyboard has one Enter: whatever kind of line end the scanner was set to, that is what it types.
        **dict.fromkeys((Suffix.AUTO, Suffix.EITHER, Suffix.CR, Suffix.LF, Suffix.CRLF), _LINE_ENDS),
        Suffix.TAB: frozenset(b"\t"),
        Suffix.ETX: frozenset(b"\x03"),
        Suffix.NONE: frozenset(),
    }
)
_ENDED_BY_SILENCE = frozenset({Suffix.NONE, Suffix.EITHER})


@dataclass(frozen=True, slots=True)
class Typing:
    """How one scanner types."""

    profile: Profile = field(default_factory=Profile)
    gap_ms: int = 100
    """Silence that ends a label where there is no suffix."""
    gs_key: int | None = None
    """A key that stands for GS, where the scanner is set so."""


class Typist:
    """Reads one scanner's keys.

    With `midstream` the first keys may be the end of a label: until a moment of silence they are not trusted.
    """

    def __init__(self, typing: Typing, *, midstream: bool = False, caps_lock: bool = False) -> None:
        self._typing = typing
        self._ends = _END_BYTES[typing.profile.suffix]
        self._held: set[int] = set()
        self._caps = caps_lock
        self._alt_digits: str | None = None
        self._label = bytearray()
        self._refused: str | None = None
        self._unsure = midstream
        self._ended_since_lost = False
        self._last_ms: int | None = None

    @property
    def synchronised(self) -> bool:
        """True while the next key is known to belong to a label that will be handed out whole."""
        return not (self._unsure or self._refused)

    @property
    def is_unsure(self) -> bool:
        """Whether the next key may stand in the middle of a label."""
        return self._unsure

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is half read and no key that changes others is down."""
        return self.synchronised and not self._label and not self._held and self._alt_digits is None

    @property
    def caps_lock(self) -> bool:
        """Whether the scanner has switched its own Caps Lock on."""
        return self._caps

    def key(self, code: int, value: int, at_ms: int) -> tuple[Label | Dropped, ...]:
        """One key event with the time the kernel gave it."""
        told = self._pass_time(at_ms)
        if value == REPEATED or code >= _FIRST_BUTTON:
            return told
        self._last_ms = at_ms
        if self._unsure:
            self._unsure = False
            self._refused = "fragment_dropped"
            told = (*told, Dropped("fragment_dropped"))
        return (*told, *self._take(code, value))

    def quiet(self, at_ms: int) -> tuple[Label | Dropped, ...]:
        """No event was waiting at `at_ms`, on the clock of the events."""
        if self._last_ms is None:
            self._last_ms = at_ms
        return self._pass_time(at_ms)

    def lost(self, held: frozenset[int]) -> tuple[Dropped, ...]:
        """The kernel threw events away; `held` are the keys that are down now."""
        self._held = set(held & (_MODIFIERS | _META))
        self._alt_digits = None
        self._label.clear()
        self._refused = "evdev_keys_lost"
        self._ended_since_lost = False
        self._unsure = False
        return (Dropped("evdev_keys_lost"),)

    def give_up(self) -> tuple[Dropped, ...]:
        """The scanner is gone: what waits for its end will never be whole."""
        waiting = bool(self._label) and not self._refused
        self._label.clear()
        return (Dropped("fragment_dropped"),) if waiting else ()

    def _pass_time(self, at_ms: int) -> tuple[Label | Dropped, ...]:
        profile = self._typing.profile
        silent_ms = 0 if self._last_ms is None else at_ms - self._last_ms
        if self._unsure:
            self._unsure = silent_ms < self._typing.gap_ms
            return ()
        if silent_ms >= self._typing.gap_ms:
            if self._refused == "evdev_keys_lost" and self._ended_since_lost:
                self._recover()
            if profile.suffix in _ENDED_BY_SILENCE:
                return tuple(self._end())
        if silent_ms < profile.idle_reset_ms:
            return ()
        waiting = self.give_up()
        self._recover()
        return waiting

    def _take(self, code: int, value: int) -> Iterator[Label | Dropped]:
        if code in _MODIFIERS or code in _META:
            yield from self._modify(code, value)
        elif value == DOWN:
            yield from self._press(code)

    def _modify(self, code: int, value: int) -> Iterator[Label | Dropped]:
        if value == DOWN:
            self._held.add(code)
            if code in _ALTS and self._alt_digits is None:
                self._alt_digits = ""
            return
        self._held.discard(code)
        if code in _ALTS and not self._held & _ALTS:
            digits, self._alt_digits = self._alt_digits, None
            if digits:
                # Above 127 the number means another sign on every machine.
                yield from self._type(int(digits)) if int(digits) < 128 else self._refuse()

    def _press(self, code: int) -> Iterator[Label | Dropped]:
        if code == CAPS_LOCK:
            self._caps = not self._caps
        elif code in _LOCKS_WITHOUT_MEANING:
            return
        elif self._held & _ALTS:
            if code in _KEYPAD and self._alt_digits is not None and len(self._alt_digits) < 4:
                self._alt_digits += _KEYPAD[code]
            else:
                yield from self._refuse()
        else:
            sign = None if self._held & _META else self._sign(code)
            yield from self._refuse() if sign is None else self._type(sign)

    def _sign(self, code: int) -> int | None:
        """The byte that a key stands for with what is held down; None where it stands for none."""
        ctrl = bool(self._held & _CTRLS)
        if code in _ENTERS:
            return _ENTERS[code][0]
        if code == self._typing.gs_key:
            return 0x1D
        if code in _KEYPAD or code in _KEYPAD_SIGNS:
            return None if ctrl else ord(_KEYPAD.get(code) or _KEYPAD_SIGNS[code])
        if code not in US:
            return None
        plain, shifted = US[code]
        if ctrl:
            if plain in _CONTROL_DIGITS:
                return _CONTROL_DIGITS[plain]
            return ord(plain) & 0x1F if plain.isalpha() or plain in "[\\]" else None
        upper = bool(self._held & _SHIFTS) is not (self._caps and plain.isalpha())
        return ord(shifted if upper else plain)

    def _type(self, byte: int) -> Iterator[Label | Dropped]:
        if byte in self._ends:
            yield from self._end()
        elif self._refused:
            self._ended_since_lost = False
        else:
            self._label.append(byte)
            if len(self._label) > self._typing.profile.limit_bytes + len(self._typing.profile.prefix):
                yield from self._refuse("label_overlong")

    def _refuse(self, code: str = "evdev_key_unknown") -> Iterator[Dropped]:
        if not self._refused:
            self._refused = code
            self._label.clear()
            yield Dropped(code)

    def _end(self) -> Iterator[Label | Dropped]:
        label = bytes(self._label).removeprefix(self._typing.profile.prefix)
        self._label.clear()
        if self._refused == "evdev_keys_lost":
            # The end of the label that was told may itself be among the keys that are gone: then this is another's.
            # Trust comes back with silence, for a Caps Lock may be gone too.
            if not self._ended_since_lost:
                self._ended_since_lost = True
                yield Dropped(self._refused)
        elif self._refused:
            self._refused = None
        elif label:
            yield Label(label)

    def _recover(self) -> None:
        if self._refused == "evdev_keys_lost":
            self._caps = False
        self._refused = None
