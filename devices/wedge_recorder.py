"""What a scanner types, key by key, for a recording; and back from its lines into keys. Pure; on the window's thread.

Only the keys of a label are handed on, taken or refused. What proves to be a person's is forgotten at once; where a
person's keys stand amid a label, and where a patient's code may stand in a refused one, no key is told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from devices.wedge import Answer, Outcome, Refused, Scanned, Typed, WedgeDecoder
from devices.wedge_burst import FAST_US, FEWEST
from devices.wedge_keys import DEAD_SIGNS, KeyEvent, KeyKind
from devices.wedge_layouts import LAYOUTS, US, Layout, Level
from devices.wedge_reading import AIM, WedgeProfile

BEFORE_US = 1_000_000
"""Modifiers and marks so long before a label are told with it."""
MOST_KEYS = 20_000
_WHOLE = frozenset({"wedge_caps_lock", "wedge_slow", "wedge_layout", "wedge_host_unknown", "wedge_gs_lost"})
"""Refusals of labels of which every sign came."""
_MODIFIERS = frozenset({KeyKind.SHIFT, KeyKind.ALT, KeyKind.CAPS, KeyKind.MODIFIER})


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that happened between keys: `entered`, `composed`, `left`, `pasted`."""

    name: str
    at_us: int


Step = KeyEvent | Sign


@dataclass(frozen=True, slots=True)
class TypedLabel:
    """One label as it was typed. `steps` is None where no key may be told."""

    came: Scanned | Refused
    profile: WedgeProfile
    editing: bool
    steps: tuple[Step, ...] | None = field(repr=False)
    is_patients: bool = False
    times_us: tuple[int, ...] = ()
    """When keys were pressed that may not be told."""


class WatchedDecoder(WedgeDecoder):
    """The window's decoder, which tells `watch` of every label, if there is one."""

    def __init__(self, profile: WedgeProfile) -> None:
        super().__init__(profile)
        self.watch: Callable[[TypedLabel], None] | None = None
        self.is_credential: Callable[[bytes], bool] = lambda _: False
        self._steps: list[Step] = []
        self._down: set[tuple[int, int]] = set()

    def feed(self, event: KeyEvent, *, editing: bool) -> Answer:
        if self.watch is None:
            return super().feed(event, editing=editing)
        profile = self._as_it_stands()
        answer = super().feed(event, editing=editing)
        ends_it = event.pressed and answer.keep and self._burst is None
        if answer.outcomes:
            going_on = [*self._taken_keys(), *self._trailing_modifiers()]
            self._decide(answer.outcomes, [*self._steps, event] if ends_it else self._steps, profile)
            self._steps = going_on
        if not ends_it:
            self._note(event, kept=answer.keep)
        (self._down.add if event.pressed else self._down.discard)(event.same_key)
        return answer

    def silence(self) -> tuple[Outcome, ...]:
        profile = self._as_it_stands()
        return self._told(super().silence(), profile)

    def give_back(self) -> tuple[Outcome, ...]:
        profile = self._as_it_stands()
        return self._told(super().give_back(), profile)

    def left(self) -> tuple[Outcome, ...]:
        profile = self._as_it_stands()
        self._mark("left", self._burst.last_us if self._burst is not None else 0)
        outcomes = self._told(super().left(), profile)
        self._steps, self._down = [], set()
        return outcomes

    def composed(self, at_us: int) -> None:
        super().composed(at_us)
        self._mark("composed", at_us)

    def entered(self, at_us: int) -> None:
        super().entered(at_us)
        self._mark("entered", at_us)

    def pasted(self, at_us: int) -> None:
        super().pasted(at_us)
        self._mark("pasted", at_us)

    def take_whole(self, label: bytes) -> None:
        """A label that came without keys, through the clipboard or an input method."""
        if self.watch is not None:
            hidden = self.is_credential(label)
            steps: tuple[Step, ...] | None = None if hidden else ()
            self.watch(TypedLabel(Scanned(label), self.profile, editing=False, steps=steps, is_patients=hidden))

    def _as_it_stands(self) -> WedgeProfile:
        """Whether silence ends a label is learned from labels; a recording begins after some of them."""
        return replace(self.profile, by_silence=self._ends_by_silence)

    def _told(self, outcomes: tuple[Outcome, ...], profile: WedgeProfile) -> tuple[Outcome, ...]:
        if self.watch is not None and outcomes:
            self._decide(outcomes, self._steps, profile)
            self._steps = self._taken_keys()
        return outcomes

    def _mark(self, name: str, at_us: int) -> None:
        if self.watch is not None:
            self._steps.append(Sign(name, at_us))

    def _note(self, event: KeyEvent, *, kept: bool) -> None:
        """Keep what may belong to a label that is not decided yet."""
        if self._burst is None or event.at_us < self._burst.first_us:
            self._steps = [step for step in self._steps if event.at_us - step.at_us <= BEFORE_US]
        if len(self._steps) > MOST_KEYS:
            return  # far longer than any label: it will be refused as such
        if event.kind in _MODIFIERS or (event.pressed and kept and self._burst is not None):
            self._steps.append(event)
        elif event.pressed:
            return  # a person's, and handed on
        elif any(isinstance(step, KeyEvent) and step.pressed and step.same_key == event.same_key
                 for step in self._steps):  # fmt: skip
            self._steps.append(event)
        elif event.same_key not in self._down:
            self._steps.append(Sign("composed", event.at_us))  # an input method has its press

    def _taken_keys(self) -> list[Step]:
        """That an input method took keys, which may have been the next label's."""
        return [step for step in self._steps if isinstance(step, Sign) and step.name == "composed"]

    def _trailing_modifiers(self) -> list[Step]:
        rest: list[Step] = []
        for step in reversed(self._steps):
            if isinstance(step, Sign) or step.kind not in _MODIFIERS:
                break
            rest.insert(0, step)
        return rest

    def _decide(self, outcomes: Sequence[Outcome], steps: Sequence[Step], profile: WedgeProfile) -> None:
        theirs = {id(event) for outcome in outcomes if isinstance(outcome, Typed) for event in outcome.events}
        for outcome in outcomes:
            if not isinstance(outcome, Typed):
                self._tell(outcome, steps, profile, theirs)
                steps = ()

    def _tell(self, came: Scanned | Refused, steps: Sequence[Step], profile: WedgeProfile, theirs: set[int]) -> None:
        assert self.watch is not None
        told: tuple[Step, ...] | None = tuple(step for step in steps if id(step) not in theirs)
        if isinstance(came, Scanned):
            is_patients = self.is_credential(came.payload)
        else:
            is_patients = may_be_patients(steps, came.code, self.is_credential)
            if theirs or came.code == "wedge_typing" or not is_scanners(steps):
                told = None
        if is_patients:
            self.watch(TypedLabel(came, profile, self._editing, None, is_patients=True))
        else:
            times = () if told is not None else tuple(press.at_us for press in _presses(steps))
            self.watch(TypedLabel(came, profile, self._editing, told, times_us=times))


def is_scanners(steps: Sequence[Step]) -> bool:
    """Whether keys that were refused came too fast for fingers; slower ones may be what somebody typed into nothing."""
    presses = _presses(steps)
    gaps = [late.at_us - early.at_us for early, late in pairwise(presses)]
    return len(presses) >= FEWEST and 2 * sum(gap < FAST_US for gap in gaps) > len(gaps)


def may_be_patients(steps: Sequence[Step], code: str, is_credential: Callable[[bytes], bool]) -> bool:
    """Whether a label that nobody could read may hold a patient's code, by whatever layout it is read.

    Where a part of it is missing, digits alone may be the rest of one.
    """
    readings = {reading for flat in (False, True) for reading in _readings(steps, flat=flat)}
    if any(is_credential(reading.encode("utf-8", "replace")) for reading in readings):
        return True
    return code not in _WHOLE and any(_bare(reading).isdigit() for reading in readings)


def _readings(steps: Sequence[Step], *, flat: bool) -> list[str]:
    """What the keys may have meant: as the host shows them, and by every pair of layouts. `flat`: as if nothing had
    been shifted, whatever Caps Lock made of it."""
    presses = _strokes(steps)
    layouts = tuple({id(one): one for one in LAYOUTS.values()}.values())
    pairs = [(scanner, host) for scanner in layouts for host in (None, *layouts)]
    found = ["".join(_shown(press) for press in presses)]
    return found + ["".join(_at(press, scanner, host, flat) for press in presses) for scanner, host in pairs]


def _presses(steps: Sequence[Step]) -> list[KeyEvent]:
    return [step for step in steps if isinstance(step, KeyEvent) and step.pressed and step.kind not in _MODIFIERS]


def _strokes(steps: Sequence[Step]) -> list[KeyEvent]:
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
        elif step.pressed and step.kind not in _MODIFIERS and not step.auto_repeat:
            strokes.append(step)
    return strokes


def _shown(press: KeyEvent) -> str:
    return press.keypad_digit or press.sign or DEAD_SIGNS.get(press.key, "")


def _at(press: KeyEvent, scanner: Layout, host: Layout | None, flat: bool) -> str:
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


def _bare(reading: str) -> str:
    text = reading.strip()
    prefix = AIM.match(text)
    return text[prefix.end() :] if prefix else text


def keys_entry(label: TypedLabel) -> dict[str, object]:
    """A typed label as a line of a recording."""
    came, profile = label.came, label.profile
    refused = came.code if isinstance(came, Refused) else None
    entry: dict[str, object] = {"kind": "keys", "device": "keys", "payload": None, "raw_hex": None, "refused": refused}
    if label.steps is None:
        return entry | {"masked": True} | ({"times_us": list(label.times_us)} if label.times_us else {})
    if isinstance(came, Scanned):
        entry["raw_hex"] = came.payload.hex()
        with contextlib.suppress(UnicodeDecodeError):
            entry["payload"] = came.payload.decode()
    entry["editing"] = label.editing
    entry["profile"] = {
        "layout": profile.layout.name,
        "host": None if profile.host is None else profile.host.name,
        "prefix": profile.prefix,
        "ends": "".join(sorted(profile.ends)),
        "by_silence": profile.by_silence,
        "gap_ms": profile.gap_ms,
        "gs_keys": sorted(profile.gs_keys),
        "gs_sign": profile.gs_sign,
    }
    entry["steps"] = [_written(step) for step in label.steps]
    return entry


def _written(step: Step) -> list[object]:
    if isinstance(step, Sign):
        return [step.at_us, step.name]
    return [
        step.at_us, step.key, step.text, step.pressed, step.modifiers, step.place, step.caps_lock, step.auto_repeat,
        step.literal,
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeysLine:
    """A line of a recording, read back. Without steps there is nothing to be decoded anew."""

    came: Scanned | Refused | None
    """None: a patient's label."""
    profile: WedgeProfile = field(default_factory=WedgeProfile)
    editing: bool = False
    steps: tuple[Step, ...] = field(default=(), repr=False)

    def decode(self, decoder: WedgeDecoder) -> tuple[Outcome, ...]:
        """What this decoder makes of the keys now; lines in their order, through one decoder."""
        if not self.steps:
            return () if self.came is None else (self.came,)
        decoder.profile = self.profile
        outcomes: list[Outcome] = []
        for step in self.steps:
            if isinstance(step, KeyEvent):
                outcomes += decoder.feed(step, editing=self.editing).outcomes
            elif step.name == "left":
                outcomes += decoder.left()
            else:
                {"entered": decoder.entered, "composed": decoder.composed, "pasted": decoder.pasted}[step.name](
                    step.at_us
                )
        return (*outcomes, *decoder.silence())


def read_keys(entry: dict[str, object]) -> KeysLine:
    """A line with `kind` keys. ValueError where it is not in order."""
    came: Scanned | Refused | None = None
    refused, raw_hex = entry.get("refused"), entry.get("raw_hex")
    if isinstance(refused, str):
        came = Refused(refused)
    elif isinstance(raw_hex, str):
        came = Scanned(bytes.fromhex(raw_hex))
    if entry.get("masked") is True:
        return KeysLine(came)
    profile, steps = entry.get("profile"), entry.get("steps")
    if came is None or not isinstance(profile, dict) or not isinstance(steps, list):
        raise ValueError("neither keys nor masked")
    try:
        return KeysLine(came, _read_profile(profile), entry.get("editing") is True, tuple(map(_read_step, steps)))
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError("keys are not in order") from error


def _read_profile(said: dict[str, object]) -> WedgeProfile:
    host, gs_keys, by_silence = said["host"], said["gs_keys"], said["by_silence"]
    if not isinstance(gs_keys, list) or not (by_silence is None or isinstance(by_silence, bool)):
        raise ValueError("the profile is not in order")
    return WedgeProfile(
        layout=LAYOUTS[str(said["layout"])] if said["layout"] != US.name else US,
        host=None if host is None else LAYOUTS[str(host)],
        prefix=str(said["prefix"]),
        ends=frozenset(str(said["ends"])),
        by_silence=by_silence,
        gap_ms=int(str(said["gap_ms"])),
        gs_keys=frozenset(int(str(key)) for key in gs_keys),
        gs_sign=str(said["gs_sign"]),
    )


def _read_step(said: list[object]) -> Step:
    at_us = _number(said[0])
    if isinstance(said[1], str):
        if len(said) != 2 or said[1] not in ("entered", "composed", "left", "pasted"):
            raise ValueError("an unknown step")
        return Sign(said[1], at_us)
    _, key, text, pressed, modifiers, place, caps_lock, auto_repeat, literal = said
    if not isinstance(text, str) or not (caps_lock is None or isinstance(caps_lock, bool)):
        raise ValueError("a key is not in order")
    return KeyEvent(
        _number(key), text, at_us, pressed is True, _number(modifiers), _number(place), auto_repeat is True, caps_lock,
        literal is True,
    )  # fmt: skip


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("not a whole number")
