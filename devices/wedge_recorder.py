"""What a scanner types, key by key, for a recording; and back from its lines into keys. Pure; on the window's thread.

Only the keys of a label are handed on, taken or refused. What proves to be a person's is forgotten at once; where a
person's keys stand amid a label, and where a patient's code may stand in a refused one, no key is told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from devices.wedge import Answer, Outcome, Refused, Scanned, Typed, WedgeDecoder
from devices.wedge_heads import Piece
from devices.wedge_keys import MODIFIERS, KeyEvent, Sign, Step
from devices.wedge_layouts import LAYOUTS, US
from devices.wedge_masking import is_rest_of, is_scanners, may_be_patients, may_be_rest, presses_of
from devices.wedge_reading import WedgeProfile

BEFORE_US = 1_000_000
"""Modifiers and marks so long before a label are told with it."""
MOST_KEYS = 20_000


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
        profile, before = self._as_it_stands()
        answer = super().feed(event, editing=editing)
        ends_it = event.pressed and answer.keep and self._burst is None
        if answer.outcomes:
            going_on = [*self._taken_keys(), *self._trailing_modifiers()]
            self._decide(answer.outcomes, [*self._steps, event] if ends_it else self._steps, profile, before)
            self._steps = going_on
        if not ends_it:
            self._note(event, kept=answer.keep)
        (self._down.add if event.pressed else self._down.discard)(event.same_key)
        return answer

    def silence(self) -> tuple[Outcome, ...]:
        profile, before = self._as_it_stands()
        return self._told(super().silence(), profile, before)

    def give_back(self) -> tuple[Outcome, ...]:
        profile, before = self._as_it_stands()
        return self._told(super().give_back(), profile, before)

    def left(self) -> tuple[Outcome, ...]:
        profile, before = self._as_it_stands()
        self._mark("left", self._burst.last_us if self._burst is not None else 0)
        outcomes = self._told(super().left(), profile, before)
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

    def _as_it_stands(self) -> tuple[WedgeProfile, tuple[Piece, ...]]:
        """Whether silence ends a label is learned from labels; a recording begins after some of them. And what the keys
        that are kept back may be the rest of."""
        before = () if self._burst is None else self._heads.before(self._burst.first_us)
        return replace(self.profile, by_silence=self._ends_by_silence), before

    def _told(
        self, outcomes: tuple[Outcome, ...], profile: WedgeProfile, before: tuple[Piece, ...]
    ) -> tuple[Outcome, ...]:
        if self.watch is not None and outcomes:
            self._decide(outcomes, self._steps, profile, before)
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
        if event.kind in MODIFIERS or (event.pressed and kept and self._burst is not None):
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
            if isinstance(step, Sign) or step.kind not in MODIFIERS:
                break
            rest.insert(0, step)
        return rest

    def _decide(
        self, outcomes: Sequence[Outcome], steps: Sequence[Step], profile: WedgeProfile, before: tuple[Piece, ...]
    ) -> None:
        theirs = {id(event) for outcome in outcomes if isinstance(outcome, Typed) for event in outcome.events}
        for outcome in outcomes:
            if not isinstance(outcome, Typed):
                is_patients = self._may_be_patients(outcome, steps, before)
                self._tell(outcome, steps, profile, theirs, is_patients=is_patients)
                steps = ()

    def _may_be_patients(self, came: Scanned | Refused, steps: Sequence[Step], before: tuple[Piece, ...]) -> bool:
        if isinstance(came, Refused) and may_be_patients(steps, came.code, self.is_credential):
            return True
        return is_rest_of(before, steps) or (isinstance(came, Scanned) and self.is_credential(came.payload))

    def _tell(
        self, came: Scanned | Refused, steps: Sequence[Step], profile: WedgeProfile, theirs: set[int], *,
        is_patients: bool,
    ) -> None:  # fmt: skip
        assert self.watch is not None
        told: tuple[Step, ...] | None = tuple(step for step in steps if id(step) not in theirs)
        if isinstance(came, Refused) and (
            theirs or came.code == "wedge_typing" or not is_scanners(steps) or may_be_rest(steps, came.code)
        ):
            told = None
        if is_patients:
            self.watch(TypedLabel(came, profile, self._editing, None, is_patients=True))
        else:
            times = () if told is not None else tuple(press.at_us for press in presses_of(steps))
            self.watch(TypedLabel(came, profile, self._editing, told, times_us=times))


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
