"""Reads of a camera, frame by frame → codes that count, each once. Pure: time is handed in; one thread at a time.

A code counts after two reads in different frames, or at once where the manifest has it. While two different codes are
read at one place, neither counts: one of the two was never there. A code that stays in view, or comes back within
2.5 s, is the same scan.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from devices.places import overlap
from devices.symbols import Symbol

READS = 2
SETTLED_READS = 3
"""In a row, for a code that another one was read in the place of."""
AGREE_S = 2.0
"""Two reads that lie further apart say nothing about each other."""
RIVAL_S = 0.3
"""For so long a place belongs to the code last read there: a hand that moves on brings the next code later."""
SILENT_S = 2.5
SHOWN_S = 0.5
"""For so long after its last read a code is still marked: not every frame is sharp."""


class Mark(enum.Enum):
    """What is known of a code in view."""

    READING = "reading"
    """Read once: not counted yet."""
    DOUBTFUL = "doubtful"
    """Another code was read in its place."""
    COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class Marked:
    """A code in view, at one of its places, and what is known of it."""

    symbol: Symbol
    mark: Mark


@dataclass(frozen=True, slots=True)
class Seen:
    """What one frame brought."""

    counted: tuple[Symbol, ...]
    """Scans, those that the manifest has first."""
    marks: tuple[Marked, ...]
    """Everything in view."""


@dataclass(slots=True)
class _Track:
    """One code while it is in view."""

    symbols: tuple[Symbol, ...]
    """As last read: more than one where a frame has it at several places."""
    expected: bool
    last_s: float
    frame: int = 0
    before: int = 0
    """The frame of the read before the last one."""
    reads: int = 0
    rival_reads: int | None = None
    """Reads since another code was last read in its place; None: none was."""
    counted: bool = False


class Sightings:
    """What one camera sees, from its start to its end."""

    def __init__(self, expected: Callable[[bytes], bool]) -> None:
        """`expected` tells whether the manifest has a label; it is asked once per code and view."""
        self._expected = expected
        self._tracks: dict[bytes, _Track] = {}
        self._frame = 0

    def see(self, symbols: Sequence[Symbol], at_s: float) -> Seen:
        """Take the symbols of the next frame, read at `at_s` (any clock that only goes on)."""
        self._frame += 1
        self._forget_gone(at_s)
        by_label: dict[bytes, list[Symbol]] = {}
        for symbol in symbols:
            by_label.setdefault(symbol.label, []).append(symbol)
        fresh = [self._take(label, tuple(same), at_s) for label, same in by_label.items()]
        for track in fresh:
            if any(self._rivals(track, at_s)):
                track.rival_reads = 0
        counted = [track for track in fresh if not track.counted and self._is_sure(track)]
        for track in counted:
            track.counted = True
        counted.sort(key=lambda track: not track.expected)
        shown = [track for track in self._tracks.values() if at_s - track.last_s <= SHOWN_S]
        marks = tuple(Marked(symbol, _mark_of(track)) for track in shown for symbol in track.symbols)
        return Seen(tuple(track.symbols[0] for track in counted), marks)

    def is_expected(self, label: bytes) -> bool:
        """Whether a code in view was found in the manifest when it came."""
        track = self._tracks.get(label)
        return track is not None and track.expected

    def forget(self, label: bytes) -> None:
        """The scan of this code was not taken: if it is read again, it counts again."""
        self._tracks.pop(label, None)

    def _take(self, label: bytes, symbols: tuple[Symbol, ...], at_s: float) -> _Track:
        track = self._tracks.get(label)
        if track is None:
            track = self._tracks[label] = _Track(symbols, self._expected(label), at_s)
        elif not track.counted and at_s - track.last_s > AGREE_S:
            track.reads, track.rival_reads = 0, None
        track.symbols, track.last_s = symbols, at_s
        track.before, track.frame = track.frame, self._frame
        track.reads += 1
        if track.rival_reads is not None:
            track.rival_reads += 1
        return track

    def _rivals(self, track: _Track, at_s: float) -> Iterator[_Track]:
        """Other codes read in this place since this one was, in this frame or just before."""
        for other in self._tracks.values():
            if other is track or other.frame <= track.before or at_s - other.last_s > RIVAL_S:
                continue
            if any(overlap(mine.place, theirs.place) for mine in track.symbols for theirs in other.symbols):
                yield other

    def _is_sure(self, track: _Track) -> bool:
        if track.rival_reads is not None:
            return track.rival_reads >= SETTLED_READS
        return track.expected or track.reads >= READS

    def _forget_gone(self, at_s: float) -> None:
        for label in [label for label, track in self._tracks.items() if at_s - track.last_s > SILENT_S]:
            del self._tracks[label]


def _mark_of(track: _Track) -> Mark:
    if track.counted:
        return Mark.COUNTED
    return Mark.READING if track.rival_reads is None else Mark.DOUBTFUL
