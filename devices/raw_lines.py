"""What a device read, as a line of a recording; back from the line, and through the decoder once more. Pure.

Times of steps are microseconds from the first one. A decoder is made anew for each line, as it stood at its beginning.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from devices.evdev_events import EventReader
from devices.evdev_keys import Typing, Typist
from devices.framing import Framer, Label, Profile, Suffix
from devices.hid_layout import FORMS, LabelLayout, describe
from devices.hid_pos import Habits, HidLabel, HidPosDecoder
from devices.raw import Came, HidSetup, RawRead, RawStep, SerialSetup, Setup, TypingSetup
from devices.scan import Dropped

_SUFFIXES = {suffix.value: suffix for suffix in Suffix}
_PIECES = frozenset({"bytes", "report"})
_NUMBERS = {"silence": 1, "event": 3}
"""How many numbers a step of this kind has; `held` has as many as there are."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line of a recording, read back. Without steps there is nothing to be decoded anew."""

    device: str
    at_ms: int
    came: tuple[Came, ...] = field(repr=False)
    setup: Setup | None = None
    steps: tuple[RawStep, ...] = field(default=(), repr=False)

    def decode(self) -> tuple[tuple[Came, int], ...]:
        """What the decoder makes of the steps now, each with the epoch milliseconds at which it came."""
        if self.setup is None:
            return tuple((item, self.at_ms) for item in self.came)
        return tuple((item, self.at_ms + at_us // 1000) for item, at_us in decoded(self.setup, self.steps))


def decoded(setup: Setup, steps: Iterable[RawStep]) -> Iterator[tuple[Came, int]]:
    """What comes of these steps, each with the time of its step; what is half read at their end has been given up."""
    at_us = 0
    take, give_up = _decoder_of(setup)
    for step in steps:
        at_us = step.at_us
        for item in take(step):
            yield item, at_us
    for item in give_up():
        yield item, at_us


def raw_entry(read: RawRead) -> dict[str, object]:
    """What was read, as a line of a recording."""
    entry: dict[str, object] = {"kind": "raw", "device": read.device, "at_ms": read.at_ms}
    entry["came"] = [_came_entry(item) for item in read.came]
    if read.steps is not None:
        first_us = read.steps[0].at_us if read.steps else 0
        entry["setup"] = _setup_entry(read.setup)
        entry["steps"] = [_step_entry(step, first_us) for step in read.steps]
    return entry


def read_raw(entry: dict[str, object]) -> RawLine:
    """A line with `kind` raw. ValueError where it is not in order."""
    device, at_ms = str(entry.get("device")), _number(entry.get("at_ms", 0))
    if entry.get("masked") is True:
        return RawLine(device, at_ms, ())
    try:
        came = tuple(_read_came(each) for each in _list(entry["came"]))
        if "steps" not in entry:
            return RawLine(device, at_ms, came)
        steps = tuple(_read_step(each) for each in _list(entry["steps"]))
        setup = _read_setup(_dict(entry["setup"]))
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("what was read is not in order") from error
    if not all(step.kind in _KINDS_OF[type(setup)] for step in steps):
        raise ValueError("steps of another kind of scanner")
    return RawLine(device, at_ms, came, setup, steps)


_KINDS_OF = {
    SerialSetup: frozenset({"bytes", "silence"}),
    HidSetup: frozenset({"report", "quiet"}),
    TypingSetup: frozenset({"event", "held", "quiet"}),
}
_Take = Callable[[RawStep], Iterable[Came]]


def _decoder_of(setup: Setup) -> tuple[_Take, Callable[[], Iterable[Came]]]:
    match setup:
        case SerialSetup():
            framer = Framer(setup.profile, midstream=setup.midstream, by_silence=setup.by_silence)
            return (
                lambda step: _told(framer.silence(step.numbers[0]) if step.numbers else framer.feed(step.data)),
                lambda: _told(framer.give_up()),
            )
        case HidSetup():
            described = describe(setup.descriptor)
            hid = HidPosDecoder(described, setup.profile, setup.habits, midstream=setup.midstream)
            return (
                lambda step: _told(
                    hid.feed(step.data, step.at_us // 1000) if step.kind == "report" else hid.quiet(step.at_us // 1000)
                ),
                lambda: _told(hid.give_up()),
            )
        case TypingSetup():
            return _typist_of(setup)


def _typist_of(setup: TypingSetup) -> tuple[_Take, Callable[[], Iterable[Came]]]:
    typist = Typist(setup.typing, midstream=setup.midstream, caps_lock=setup.caps_lock)
    held: list[frozenset[int]] = [frozenset()]
    reader = EventReader(typist, lambda: held[0])
    told_late: list[RawStep] = []

    def take(step: RawStep) -> tuple[Came, ...]:
        # What is held was asked for after the event that made it necessary, and stands behind it.
        if step.kind == "held":
            held[0] = frozenset(step.numbers)
            late = told_late.pop() if told_late else None
            return () if late is None else _told(reader.take(*_event(late), late.at_us // 1000))
        if step.kind == "quiet":
            return _told(typist.quiet(step.at_us // 1000))
        if reader.needs_held(*step.numbers[:2]):
            told_late.append(step)
            return ()
        return _told(reader.take(*_event(step), step.at_us // 1000))

    return take, lambda: _told(typist.give_up())


def _event(step: RawStep) -> tuple[int, int, int]:
    kind, code, value = step.numbers
    return kind, code, value


def _told(events: Iterable[Label | HidLabel | Dropped]) -> tuple[Came, ...]:
    return tuple(_came_of(event) for event in events)


def _came_of(event: Label | HidLabel | Dropped) -> Came:
    if isinstance(event, Dropped):
        return event.code
    return event.payload if isinstance(event, Label) else event.label


def _came_entry(item: Came) -> dict[str, object]:
    if isinstance(item, str):
        return {"dropped": item}
    entry: dict[str, object] = {"raw_hex": item.hex(), "payload": None}
    with contextlib.suppress(UnicodeDecodeError):
        entry["payload"] = item.decode()
    return entry


def _read_came(said: object) -> Came:
    entry = _dict(said)
    return str(entry["dropped"]) if "dropped" in entry else bytes.fromhex(str(entry["raw_hex"]))


def _step_entry(step: RawStep, first_us: int) -> list[object]:
    head: list[object] = [step.at_us - first_us, step.kind]
    return [*head, step.data.hex()] if step.kind in _PIECES else [*head, *step.numbers]


def _read_step(said: object) -> RawStep:
    at_us, kind, *rest = _list(said)
    if kind in _PIECES:
        return RawStep(_number(at_us), str(kind), bytes.fromhex(str(rest[0])))
    numbers = tuple(_number(one) for one in rest)
    if len(numbers) != _NUMBERS.get(str(kind), 0) and kind != "held":
        raise ValueError("a step is not in order")
    return RawStep(_number(at_us), str(kind), numbers=numbers)


def _setup_entry(setup: Setup) -> dict[str, object]:
    profile = setup.typing.profile if isinstance(setup, TypingSetup) else setup.profile
    entry: dict[str, object] = {
        "suffix": profile.suffix.value,
        "prefix": profile.prefix.hex(),
        "idle_ms": profile.idle_ms,
        "idle_reset_ms": profile.idle_reset_ms,
        "limit_bytes": profile.limit_bytes,
        "midstream": setup.midstream,
    }
    match setup:
        case SerialSetup():
            return entry | {"way": "serial", "by_silence": setup.by_silence}
        case HidSetup():
            habits = setup.habits
            return entry | {
                "way": "hid",
                "descriptor": setup.descriptor.hex(),
                "answers": sorted(habits.answers),
                "form": _form_name(habits.form),
                "likely_form": _form_name(habits.likely_form),
            }
        case TypingSetup():
            typing = setup.typing
            return entry | {
                "way": "evdev", "gap_ms": typing.gap_ms, "gs_key": typing.gs_key, "caps_lock": setup.caps_lock,
            }  # fmt: skip


def _read_setup(said: dict[str, object]) -> Setup:
    profile = Profile(
        _SUFFIXES[str(said["suffix"])],
        bytes.fromhex(str(said["prefix"])),
        *(_number(said[name]) for name in ("idle_ms", "idle_reset_ms", "limit_bytes")),
    )
    midstream = said["midstream"] is True
    match said["way"]:
        case "serial":
            return SerialSetup(profile, midstream, said["by_silence"] is True)
        case "hid":
            answers = frozenset(str(one) for one in _list(said["answers"]))
            habits = Habits(answers, _form_of(said["form"]), _form_of(said["likely_form"]))
            return HidSetup(profile, midstream, bytes.fromhex(str(said["descriptor"])), habits)
        case "evdev":
            gs_key = None if said["gs_key"] is None else _number(said["gs_key"])
            typing = Typing(profile, _number(said["gap_ms"]), gs_key)
            return TypingSetup(typing, midstream, said["caps_lock"] is True)
    raise ValueError("an unknown way in")


def _form_name(form: LabelLayout | None) -> str | None:
    return next((name for name, each in FORMS.items() if each is form), None)


def _form_of(name: object) -> LabelLayout | None:
    return None if name is None else FORMS[str(name)]


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("not a whole number")


def _list(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise ValueError("not a list")


def _dict(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise ValueError("not an entry")
