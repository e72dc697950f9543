"""A recording through the real decoders once more: what came then beside what comes now. Pure.

This makes a test of a hospital's fault: as long as both are equal the program still does what it did there. Where the
fault was the program's, what should have come is written into the line, and the test is red until it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from devices.errors import RecordingError
from devices.raw import Came
from devices.raw_lines import read_raw
from devices.recorded_frames import FramesAgain, read_sightings
from devices.replay import entry_of_line, lines_of
from devices.wedge import Outcome, Refused, Scanned, WedgeDecoder
from devices.wedge_reading import WedgeProfile
from devices.wedge_recorder import read_keys


@dataclass(frozen=True, slots=True)
class Again:
    """One recorded label, or the frame that made one: what came then, and what comes now."""

    where: str
    device: str
    kind: str
    """raw, keys or sightings."""
    then: tuple[Came, ...] = field(repr=False)
    now: tuple[Came, ...] = field(repr=False)

    @property
    def is_same(self) -> bool:
        return self.then == self.now


def played_again(content: bytes, name: str) -> tuple[Again, ...]:
    """Every line that holds more than a label; the others say nothing new. RecordingError names `name` and the line."""
    player = _Player()
    found: list[Again] = []
    for where, line in lines_of(content, name):
        entry = entry_of_line(line, where)
        if entry is None:
            continue
        try:
            found += player.play(entry, where)
        except ValueError:
            # Without the cause: its text would show the line.
            raise RecordingError("bad_recording", where) from None
    return tuple(found)


class _Player:
    """One recording; a camera's frames and typed labels stand on those before them."""

    def __init__(self) -> None:
        self._wedge = WedgeDecoder(WedgeProfile())
        self._cameras: dict[str, FramesAgain] = {}

    def play(self, entry: dict[str, object], where: str) -> Iterator[Again]:
        """ValueError where the line is not in order."""
        match entry.get("kind"):
            case "raw":
                line = read_raw(entry)
                if line.setup is not None:
                    now = tuple(item for item, _ in line.decode())
                    yield Again(where, line.device, "raw", line.came, now)
            case "keys":
                keys = read_keys(entry)
                outcomes = keys.decode(self._wedge)
                if keys.came is not None and keys.steps:
                    yield Again(where, "keys", "keys", _came((keys.came,)), _came(outcomes))
            case "sightings":
                frame = read_sightings(entry)
                if frame.at_s is None:
                    return
                counted = self._cameras.setdefault(frame.device, FramesAgain()).see(frame)
                if frame.counted or counted:
                    yield Again(where, frame.device, "sightings", frame.counted, counted)


def _came(outcomes: Iterable[Outcome]) -> tuple[Came, ...]:
    return tuple(
        one.payload if isinstance(one, Scanned) else one.code for one in outcomes if isinstance(one, Scanned | Refused)
    )
