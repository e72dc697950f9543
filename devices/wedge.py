"""Keys of one window → what a scanner typed, and what a person typed. Pure: no Qt, no clock, no thread.

Every press that may belong to a scan is kept back until it is decided. A scan is at least six signs at a pace no person
keeps, ended by Enter, Tab or silence; all its keys are swallowed, so that none lands in a field or presses a button.
What proves to be a person's is given back in order, 40 ms later at the most where text can be typed. What may have been
mixed, cut or eaten on the way is refused with a reason and never handed out in part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from devices.wedge_burst import ENDLESS_US, FAST_US, FEWEST, SLOW_US, Burst
from devices.wedge_heads import Heads, Piece, ends_one, head_of, is_open, opens
from devices.wedge_keys import MODIFIERS, KeyEvent, KeyKind
from devices.wedge_past import Past
from devices.wedge_reading import AIM, GS, Reading, WedgeProfile, control_sign, end_sign, read_strokes

SILENCE_US, _NO_END_US = 100_000, 300_000
ECHO_US, PASTE_ECHO_US = 50_000, 150_000
"""A second Enter or line feed so soon after a scan belongs to it."""
_MIXED_US, _CUT_US, _ENTERED_US, _COMPOSED_US = 150_000, 500_000, 150_000, 1_000_000
"""After a person's keys, half a label, the window's coming to the front, an input method's text: what begins so soon
may lack its head."""
_HELD_US = 60_000
"""A scanner presses Shift right before the letter; who had it down for longer is a person."""
_SLOW_FEWEST = 10
_USUAL_GAP_MS = WedgeProfile().gap_ms


@dataclass(frozen=True, slots=True)
class Scanned:
    """A whole label."""

    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A label that cannot be trusted; `code` is one of `wedge_reading.REFUSALS`."""

    code: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A person's keys, to be handed on in this order."""

    events: tuple[KeyEvent, ...]


Outcome = Scanned | Refused | Typed


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with an event: first the outcomes, then hand it on, unless it is kept."""

    keep: bool
    outcomes: tuple[Outcome, ...] = ()


class WedgeDecoder:
    """One window's keys. `editing` tells whether the part with the focus takes text."""

    def __init__(self, profile: WedgeProfile) -> None:
        self.profile = profile
        """May be changed at any time; holds from the next label."""
        self._burst: Burst | None = None
        self._editing = False
        self._past = Past()
        self._heads = Heads()
        self._swallowed: set[tuple[int, int]] = set()
        self._passed: set[tuple[int, int]] = set()
        self._alt_digits = ""
        self._echo_until_us = -1
        self._ends_seen = False
        self._suspect: tuple[int, str] = (-1, "")

    @property
    def wait_us(self) -> int | None:
        """How long after the last key silence is a silence; None where nothing is kept back."""
        return None if self._burst is None else self._limit_us(self._burst)

    def would_keep(self, event: KeyEvent) -> bool:
        """Whether a press would be kept back or swallowed; asks without changing anything."""
        if event.kind in MODIFIERS:
            return False
        if self._burst is not None and event.at_us - self._burst.last_us <= self._limit_us(self._burst):
            return self._looks_scanned(self._burst) or event.kind in (KeyKind.SIGN, KeyKind.END)
        return self._starts(event) or self._is_echo(event)

    def feed(self, event: KeyEvent, *, editing: bool) -> Answer:
        """Take one press or release, in the order in which they came."""
        self._editing = editing
        if self._burst is not None and event.pressed and event.kind in MODIFIERS:
            self._burst.modifier(event)
        if event.kind is KeyKind.ALT:
            return Answer(self._alt(event))
        if event.kind in MODIFIERS:
            self._past.modifier(event)
            return Answer(keep=False)
        if self._past.repeats(event):
            return Answer(event.same_key not in self._passed)
        return self._press(event) if event.pressed else self._release(event)

    def silence(self) -> tuple[Outcome, ...]:
        """Nothing came for `wait_us` after the last key."""
        return () if self._burst is None else self._close(self._burst, None)

    def composed(self, at_us: int) -> None:
        """An input method has put text in: what comes at the same time has lost keys to it."""
        self._past.composed_us = at_us
        if self._burst is not None:
            self._burst.composed = True

    def entered(self, at_us: int) -> None:
        """The window became the active one: the head of what comes at once may have gone elsewhere."""
        self._suspect = (at_us + _ENTERED_US, "wedge_focus_lost")

    def pasted(self, at_us: int) -> None:
        """A label came through the clipboard: an Enter that follows belongs to it."""
        self._echo_until_us = at_us + PASTE_ECHO_US

    def left(self) -> tuple[Outcome, ...]:
        """Keys go elsewhere from now on, releases too."""
        burst, self._burst = self._burst, None
        self._swallowed.clear()
        self._passed.clear()
        self._past.forget_keys()
        if burst is None:
            return ()
        is_label = self._looks_scanned(burst)
        self._heads.add(burst.strokes, is_label=is_label)
        return (Refused("wedge_focus_lost"),) if is_label else (Typed(tuple(burst.events)),)

    def give_back(self) -> tuple[Outcome, ...]:
        """The mouse is pressed: what a person has typed before comes first. A scan under way stays."""
        return self._give_up(self._burst) if self._burst is not None and not self._looks_scanned(self._burst) else ()

    def _press(self, event: KeyEvent) -> Answer:
        outcomes: tuple[Outcome, ...] = ()
        burst = self._burst
        if burst is not None and event.at_us - burst.last_us > self._limit_us(burst):
            outcomes = self._close(burst, None)
            burst = None
        if burst is None:
            rest = self._begin(event)
        elif end_sign(event, self.profile) is not None:
            rest = self._end(burst, event)
        elif event.kind is KeyKind.SIGN or event.key in self.profile.gs_keys or self._looks_scanned(burst):
            rest = self._go_on(burst, event)
        else:
            rest = Answer(self._pass(event), self._give_up(burst))
        return Answer(rest.keep, outcomes + rest.outcomes)

    def _begin(self, event: KeyEvent) -> Answer:
        if self._starts(event):
            self._burst = Burst(event.at_us)
            self._burst.composed = self._past.lost_keys_since(event.at_us - _COMPOSED_US)
            return self._go_on(self._burst, event)
        if self._is_echo(event):
            self._swallowed.add(event.same_key)
            return Answer(keep=True)
        if end_sign(event, self.profile) is not None and self._past.was_slow_scan(event.at_us, editing=self._editing):
            self._swallowed.add(event.same_key)
            return Answer(keep=True, outcomes=(Refused("wedge_slow"),))
        return Answer(self._pass(event))

    def _go_on(self, burst: Burst, event: KeyEvent) -> Answer:
        if event.alt and event.keypad_digit is not None and event.keypad_digit.isdigit():
            self._alt_digits += event.keypad_digit
            burst.press(event, stroke=False)
            self._swallowed.add(event.same_key)
        elif event.literal and event.key == 0 and self._past.is_alt_echo(event):
            pass  # Windows shows the sign of an Alt code, which has been read from its digits
        else:
            burst.press(event)
        return Answer(keep=True)

    def _end(self, burst: Burst, event: KeyEvent) -> Answer:
        outcomes = self._close(burst, event)
        if any(isinstance(outcome, Scanned | Refused) for outcome in outcomes):
            self._swallowed.add(event.same_key)
            self._echo_until_us = event.at_us + ECHO_US
            self._heads.clear()
            return Answer(True, outcomes)
        rest = self._begin(event)
        return Answer(rest.keep, outcomes + rest.outcomes)

    def _release(self, event: KeyEvent) -> Answer:
        if self._burst is not None and self._burst.release(event):
            return Answer(keep=True)
        if event.same_key in self._swallowed:
            self._swallowed.discard(event.same_key)
            return Answer(keep=True)
        if event.same_key in self._passed:
            self._passed.discard(event.same_key)
        else:
            # Its press never came here: an input method has it.
            self._past.composed_us = event.at_us
            if self._burst is not None:
                self._burst.composed = True
        return Answer(keep=False)

    def _alt(self, event: KeyEvent) -> bool:
        """Alt alone is a person's; with digits of the keypad it is a sign by its number."""
        burst = self._burst
        if event.pressed:
            self._alt_digits = ""
            if burst is not None:
                self._swallowed.add(event.same_key)
            return burst is not None
        digits, self._alt_digits = self._alt_digits, ""
        if digits and burst is not None:
            number = int(digits[:6])
            made = KeyEvent(0, chr(number) if 0 < number < 128 else "\ufffd", event.at_us, literal=True)
            burst.add_sign(made)
            self._past.alt_code_us = event.at_us
        kept = event.same_key in self._swallowed
        self._swallowed.discard(event.same_key)
        return kept

    def _pass(self, event: KeyEvent) -> bool:
        self._passed.add(event.same_key)
        self._swallowed.discard(event.same_key)
        self._past.other_key(event)
        if event.kind is KeyKind.END:
            self._heads.clear()
        elif event.kind is KeyKind.SIGN and event.alt:
            # Where the computer has no AltGr, a scanner of another country begins so; nobody knows with which sign.
            self._suspect = (event.at_us + _MIXED_US, "wedge_layout")
        return False

    def _starts(self, event: KeyEvent) -> bool:
        if event.kind is not KeyKind.SIGN:
            return False
        if event.alt:
            return event.keypad_digit is not None
        if event.control:
            sign = control_sign(event, self.profile)
            return sign == GS or (sign is not None and self.profile.prefix.startswith(sign))
        return True

    def _is_echo(self, event: KeyEvent) -> bool:
        return event.at_us <= self._echo_until_us and end_sign(event, self.profile) is not None

    def _limit_us(self, burst: Burst) -> int:
        """The longest pause inside a burst."""
        gap_us = self.profile.gap_ms * 1000
        if self._looks_scanned(burst):
            # Where an end has to come, silence only means that it does not: nobody waits for that.
            return max(gap_us, SILENCE_US if self._ends_by_silence else _NO_END_US)
        return gap_us if self._editing else max(gap_us, SILENCE_US)

    def _looks_scanned(self, burst: Burst) -> bool:
        return burst.is_fast or (len(burst.strokes) >= FEWEST and burst.median_below(self._fast_us))

    @property
    def _fast_us(self) -> int:
        """Where nobody can type text, or the site says that its scanner is slow, a scanner may take longer."""
        return FAST_US if self._editing and self.profile.gap_ms <= _USUAL_GAP_MS else ENDLESS_US

    def _close(self, burst: Burst, end: KeyEvent | None) -> tuple[Outcome, ...]:
        """The burst is over: whose was it?"""
        count = len(burst.strokes)
        if count >= FEWEST and burst.median_below(self._fast_us):
            return self._judge(burst, end)
        if burst.is_fast and self._is_patients(burst, self._read(burst.strokes), end):
            self._forget(burst, self._swallowed)
            self._remember(burst, end, "wedge_cut")
            return (Refused("wedge_cut"),)
        if end is not None and count >= _SLOW_FEWEST and burst.median_below(SLOW_US):
            self._forget(burst, self._swallowed)
            return (Refused("wedge_slow"),)
        return self._give_up(burst)

    def _judge(self, burst: Burst, end: KeyEvent | None) -> tuple[Outcome, ...]:
        self._forget(burst, self._swallowed)
        intruders = burst.intruders()
        if intruders:
            theirs = burst.events_of(intruders)
            down = {event.same_key for event in theirs if event.pressed} & set(burst.down)
            self._swallowed -= down
            self._passed |= down
            self._heads.add([one for at, one in enumerate(burst.strokes) if at not in intruders], is_label=True)
            return (Refused("wedge_typing"), Typed(theirs))
        first: tuple[Outcome, ...] = ()
        reading = read_strokes(burst.strokes, self.profile)
        refusal = self._why_not_whole(burst, end)
        if refusal is None and burst.has_late_second() and not self._is_headed(reading):
            reading = read_strokes(burst.strokes[1:], self.profile)
            if self._is_headed(reading):
                first = (Typed(burst.events_of((0,))),)
            else:
                refusal = "wedge_typing"
        refusal = refusal or reading.refusal
        if refusal is None and self._is_suspect(burst, end) and not self._is_headed(reading):
            refusal = self._suspect[1]
        if refusal is None and self._is_patients(burst, reading.text, end):
            refusal = "wedge_cut"
        self._remember(burst, end, refusal)
        return (*first, Scanned(reading.text.encode("ascii")) if refusal is None else Refused(refusal))

    def _why_not_whole(self, burst: Burst, end: KeyEvent | None) -> str | None:
        if burst.composed:
            return "wedge_ime"
        if self._alt_digits:
            return "wedge_unknown_key"
        if burst.caps_turned:
            return "wedge_caps_lock"
        first = burst.strokes[0]
        if (end is not None and end.shift) or self._past.shift_held(first, _HELD_US):
            return "wedge_typing"
        return "wedge_cut" if end is None and not self._ends_by_silence else None

    @property
    def _ends_by_silence(self) -> bool:
        return not self._ends_seen if self.profile.by_silence is None else self.profile.by_silence

    def _is_headed(self, reading: Reading) -> bool:
        """Whether the beginning is certain to be the label's own."""
        return reading.refusal is None and (bool(self.profile.prefix) or AIM.match(reading.text) is not None)

    def _is_suspect(self, burst: Burst, end: KeyEvent | None) -> bool:
        """Whether its head may have gone elsewhere; two labels of a scanner without line end are two labels."""
        until_us, code = self._suspect
        return burst.first_us <= until_us and (code != "wedge_cut" or end is not None or not self._ends_by_silence)

    def _is_patients(self, burst: Burst, text: str, end: KeyEvent | None) -> bool:
        """Whether a patient's code is under way: what is shown or handed on of it is not to be more than its head."""
        before = self._heads.before(burst.first_us)
        if ends_one(self._head(before), text):
            return True
        if end is None and len(burst.strokes) < FEWEST:
            return opens(text) or is_open(self._head(before), text)
        # A code of somebody else may begin so; what was handed on as a label may have been one.
        return end is None and is_open(self._head(piece for piece in before if not piece.is_long), text)

    def _head(self, pieces: Iterable[Piece]) -> str:
        return head_of((self._read(piece.strokes), piece.is_label) for piece in pieces)

    def _read(self, strokes: Sequence[KeyEvent]) -> str:
        """As the scanner meant it; a sign that is not certain, as it is shown."""
        whole = read_strokes(strokes, self.profile).text
        return whole or "".join(read_strokes((one,), self.profile).text or one.text for one in strokes)

    def _remember(self, burst: Burst, end: KeyEvent | None, refusal: str | None) -> None:
        self._suspect = (-1, "")
        if end is None:
            self._heads.add(burst.strokes, is_label=True)
            # If the rest comes with an end of its own, this was not all of it.
            self._suspect = (burst.last_us + _CUT_US, "wedge_cut")
        elif refusal is None:
            self._ends_seen = True

    def _give_up(self, burst: Burst) -> tuple[Outcome, ...]:
        """A person's. A label that begins at once may have lost its head to this."""
        self._forget(burst, self._passed)
        self._suspect = (burst.last_us + _MIXED_US, "wedge_typing")
        self._heads.add(burst.strokes, is_label=False)
        events = self._past.typed(tuple(burst.events), editing=self._editing)
        return (Typed(events),) if events else ()

    def _forget(self, burst: Burst, keys: set[tuple[int, int]]) -> None:
        keys.update(burst.down)
        self._burst = None


def pasted_label(text: str, profile: WedgeProfile, *, editing: bool) -> bytes | None:
    """The label that a scanner's program pasted: one line that ends as labels do; None where it is a person's.

    Where nobody can type, the end may be missing: the program sends it as a key of its own.
    """
    label = text.rstrip("\r\n\t")
    ended = label != text and text[len(label)] in profile.ends
    whole = len(label) >= FEWEST and label.isascii() and not set(label) & set("\r\n\t")
    return label.removeprefix(profile.prefix).encode("ascii") if whole and (ended or not editing) else None
