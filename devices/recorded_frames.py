"""What a camera read frame by frame, from the lines of a recording through the judgement once more. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.recorder import HIDDEN
from devices.sightings import Sightings
from devices.symbols import Symbol


@dataclass(frozen=True, slots=True)
class FrameLine:
    """A line of a recording, read back."""

    device: str
    at_s: float | None
    """None: recorded before times were."""
    codes: tuple[Symbol, ...]
    counted: tuple[bytes, ...] = field(repr=False)
    expected: frozenset[bytes] = field(repr=False)
    forgotten: tuple[bytes, ...] = field(repr=False)


class FramesAgain:
    """One recorded camera, judged anew."""

    def __init__(self) -> None:
        self._expected: frozenset[bytes] = frozenset()
        self._sightings = Sightings(lambda label: label in self._expected)

    def see(self, line: FrameLine) -> tuple[bytes, ...]:
        """The labels that become scans with this frame."""
        for label in line.forgotten:
            self._sightings.forget(label)
        self._expected = line.expected
        return tuple(code.label for code in self._sightings.see(line.codes, line.at_s or 0.0).counted)


def read_sightings(entry: dict[str, object]) -> FrameLine:
    """A line with `kind` sightings. ValueError where it is not in order."""
    codes, at_us, forgotten = entry.get("codes"), entry.get("at_us"), entry.get("forgotten", [])
    if not (isinstance(codes, list) and isinstance(forgotten, list) and isinstance(at_us, int | None)):
        raise ValueError("a frame is not in order")  # noqa: TRY004 - as everything that is wrong with a line
    try:
        seen = [(_code(one), one.get("expected") is True, one.get("counted") is True) for one in codes]
        gone = tuple(bytes.fromhex(str(one)) for one in forgotten)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("a code is not in order") from error
    return FrameLine(
        str(entry.get("device")),
        None if at_us is None else at_us / 1_000_000,
        tuple(code for code, _, _ in seen),
        tuple(code.label for code, _, counted in seen if counted),
        frozenset(code.label for code, expected, _ in seen if expected),
        gone,
    )


def _code(said: dict[str, object]) -> Symbol:
    payload = HIDDEN if said.get("masked") is True else bytes.fromhex(str(said["raw_hex"]))
    place = said["place"]
    if not isinstance(place, list) or len(place) != 4:
        raise ValueError("a place is not in order")
    first, second, third, fourth = ((float(x), float(y)) for x, y in place)
    return Symbol(payload, str(said["aim"]), (first, second, third, fourth))
