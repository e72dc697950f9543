"""One picture with many codes: read in several turns, and what the turns agree on counts. Any thread but the window's.

A pass looks at the whole picture, turned by so many degrees. A code counts when two passes agree or the manifest has
it; two different codes at one place are doubtful until one of them was read three times and the other once. Two passes
are made at a time, on threads of their own; what they found is taken in their order, so the answer is always the same.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from devices.errors import DeviceError
from devices.places import Turn, Turner, cut, overlap, shifted, turned_back
from devices.symbols import FORMATS, GreyPicture, Quad, Symbol, read_symbols, turned_formats

MOST_PIXELS = 64_000_000
LEAST_SIDE_PX = 32
VOTES = 2
CLEAR_VOTES = 3
"""For a code that another one was read once in the place of."""


class Look(enum.Enum):
    """What a pass looks for. A tilt hides linear codes only, and small dots want a larger picture."""

    ALL = enum.auto()
    LINEAR = enum.auto()
    MATRIX = enum.auto()


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at the picture, turned by so many degrees. For linear codes a few rows of it will do."""

    degrees: float
    look: Look = Look.LINEAR
    enlarged: bool = False


PASSES = (
    Pass(0, Look.ALL),
    Pass(8, Look.ALL),
    Pass(-12, Look.ALL),
    Pass(15, Look.MATRIX, enlarged=True),
    Pass(-9, Look.MATRIX, enlarged=True),
    *(Pass(degrees + quarter) for degrees in (20, -24, 32, -36, 44) for quarter in (0, 90)),
)
"""Together they see a linear code at any tilt: the first three also look a quarter turn away."""
SECOND_LOOKS = (Pass(5, Look.ALL, enlarged=True), Pass(-17, Look.ALL, enlarged=True))
"""For a code read once: its place alone, twice as large."""
SMALL_PIXELS = 4_000_000
SMALL_SCALE = 2.0
ROW_SHARE = 0.25
"""Of the rows of a large picture, for linear codes: bars are many rows high, and turning costs by the pixel."""
EDGE_PX = 24
HANDS = 2
"""Passes at a time: both cores of a small machine, and a bound on the memory that turned pictures take."""


class PhotoMark(enum.Enum):
    """What is known of a code of a picture."""

    SURE = "sure"
    """Two passes agree."""
    EXPECTED = "expected"
    """Read once; the manifest has it."""
    SINGLE = "single"
    """Read once, and nobody expects it: not counted."""
    DOUBTFUL = "doubtful"
    """Another code was read in its place: not counted."""


@dataclass(frozen=True, slots=True)
class FoundCode:
    """One code of a picture."""

    payload: bytes = field(repr=False)
    aim: str
    places: tuple[Quad, ...]
    """On the picture as it was given; more than one where a code is printed twice."""
    mark: PhotoMark
    is_expected: bool

    @property
    def counts(self) -> bool:
        return self.mark in (PhotoMark.SURE, PhotoMark.EXPECTED)

    @property
    def label(self) -> bytes:
        return self.aim.encode() + self.payload


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What a picture holds, from its top to its bottom."""

    width: int
    height: int
    codes: tuple[FoundCode, ...]
    cancelled: bool
    """True: not every pass was made; what is here counts all the same."""


@dataclass(slots=True)
class _Candidate:
    symbol: Symbol
    expected: bool
    passes: set[object]
    places: list[Quad]


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how far the reading is, and may end it."""

    on_progress: Callable[[int, int], None] = lambda _done, _all: None
    is_cancelled: Callable[[], bool] = lambda: False


def read_photo(
    picture: GreyPicture,
    turner: Turner,
    expected: Callable[[bytes], bool],
    formats: Iterable[str] = FORMATS,
    watch: Watch = Watch(),
) -> PhotoResult:
    """All codes of a picture. DeviceError `photo_unreadable` or `photo_too_large` where it cannot be read."""
    if not picture.is_whole or min(picture.width, picture.height) < LEAST_SIDE_PX:
        raise DeviceError("photo_unreadable", f"{picture.width}×{picture.height}")
    if picture.width * picture.height > MOST_PIXELS:
        raise DeviceError("photo_too_large", f"{picture.width}×{picture.height}")
    reading = _Reading(picture, turner, expected, tuple(formats))
    done = 0
    with ThreadPoolExecutor(HANDS, "photo pass") as hands:
        try:
            for _ in reading.look_over(hands, watch):
                done += 1
                watch.on_progress(done, len(PASSES) + 1)
        finally:
            hands.shutdown(cancel_futures=True)  # a pass that is under way comes to its end
    return PhotoResult(picture.width, picture.height, reading.codes(), done <= len(PASSES))


class _Reading:
    """One picture under way."""

    def __init__(
        self, picture: GreyPicture, turner: Turner, expected: Callable[[bytes], bool], formats: tuple[str, ...]
    ) -> None:
        self._picture, self._turner, self._expected = picture, turner, expected
        self._formats = {
            Look.ALL: formats,
            Look.LINEAR: turned_formats(formats),
            Look.MATRIX: tuple(name for name in formats if name not in turned_formats(formats)),
        }
        small = picture.width * picture.height <= SMALL_PIXELS
        self._scale, self._rows = (SMALL_SCALE, 1.0) if small else (1.0, ROW_SHARE)
        self._found: dict[bytes, _Candidate] = {}

    def look_over(self, hands: ThreadPoolExecutor, watch: Watch) -> Iterator[None]:
        """All passes, then a closer look at what was read once: a step each, until somebody cancels."""
        passes = [hands.submit(self._symbols, self._picture, one, self._scale) for one in PASSES]
        for one, found in zip(PASSES, passes, strict=True):
            if watch.is_cancelled():
                return
            self._take(found.result(), one)
            yield
        once = [candidate.symbol.place for candidate in self._found.values() if len(candidate.passes) < VOTES]
        for looks in [hands.submit(self._look_again, place) for place in once]:
            if watch.is_cancelled():
                return
            for one, symbols in zip(SECOND_LOOKS, looks.result(), strict=True):
                self._take(symbols, one)
        if not watch.is_cancelled():
            yield

    def _look_again(self, place: Quad) -> tuple[tuple[Symbol, ...], ...]:
        """What lies at a place, from near."""
        left, top, part = cut(self._picture, place, EDGE_PX)
        return tuple(
            tuple(
                Symbol(symbol.payload, symbol.aim, shifted(symbol.place, left, top))
                for symbol in self._symbols(part, one, SMALL_SCALE)
            )
            for one in SECOND_LOOKS
        )

    def codes(self) -> tuple[FoundCode, ...]:
        """What was found so far, judged."""
        everybody = tuple(self._found.values())
        codes = [_judge(candidate, everybody) for candidate in everybody]
        codes.sort(key=lambda code: (code.places[0][0][1], code.places[0][0][0]))
        return tuple(codes)

    def _symbols(self, picture: GreyPicture, one: Pass, enlarged: float) -> tuple[Symbol, ...]:
        wanted = self._formats[one.look]
        if not wanted:
            return ()
        upright = one.look is Look.ALL
        scale = enlarged if one.enlarged else 1.0
        if one.degrees == 0 and scale == 1.0:
            return read_symbols(picture, wanted, upright=upright)
        turn = Turn(one.degrees, scale, self._rows if one.look is Look.LINEAR else scale)
        turned = self._turner.turn(picture, turn)
        return tuple(
            Symbol(symbol.payload, symbol.aim, turned_back(symbol.place, turned, turn, picture))
            for symbol in read_symbols(turned, wanted, upright=upright)
        )

    def _take(self, symbols: Iterable[Symbol], one: Pass) -> None:
        for symbol in symbols:
            candidate = self._found.get(symbol.label)
            if candidate is None:
                candidate = _Candidate(symbol, self._expected(symbol.label), set(), [])
                self._found[symbol.label] = candidate
            candidate.passes.add(one)
            if not any(overlap(symbol.place, place) for place in candidate.places):
                candidate.places.append(symbol.place)


def _judge(candidate: _Candidate, everybody: Iterable[_Candidate]) -> FoundCode:
    votes = len(candidate.passes)
    rivals = [other for other in everybody if other is not candidate and _share_a_place(candidate, other)]
    if rivals and not (votes >= CLEAR_VOTES and all(len(rival.passes) == 1 for rival in rivals)):
        mark = PhotoMark.DOUBTFUL
    elif votes >= VOTES:
        mark = PhotoMark.SURE
    else:
        mark = PhotoMark.EXPECTED if candidate.expected else PhotoMark.SINGLE
    symbol = candidate.symbol
    return FoundCode(symbol.payload, symbol.aim, tuple(candidate.places), mark, candidate.expected)


def _share_a_place(one: _Candidate, other: _Candidate) -> bool:
    return any(overlap(mine, theirs) for mine in one.places for theirs in other.places)
