"""What the camera sees, with the verdicts that the program gave, as signs and counts. Pure; called on the UI thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.reasons import Panel
from app.flows.outcomes import ScanOutcome
from app.ui.widgets.viewfinder import Sign
from devices.dock_photo import FoundCode, PhotoResult
from devices.sightings import Mark, Marked

VERDICTS_KEPT = 2_000


class Verdicts:
    """The last verdict of each label. A code that was received already when it was seen first stays what it was."""

    def __init__(self) -> None:
        self._panels: dict[bytes, Panel] = {}
        self._counted: set[bytes] = set()

    def take(self, outcome: ScanOutcome) -> None:
        """A scan was answered."""
        label = label_of(outcome)
        if label is None:
            return
        self._panels.pop(label, None)  # the newest stands last
        self._panels[label] = outcome.panel
        if outcome.counted:
            self._counted.add(label)
        while len(self._panels) > VERDICTS_KEPT:
            self._panels.pop(next(iter(self._panels)))

    def forget(self) -> None:
        self._panels.clear()
        self._counted.clear()

    def panel(self, label: bytes) -> Panel | None:
        return self._panels.get(label)

    def is_counted(self, label: bytes) -> bool:
        return label in self._counted


def label_of(outcome: ScanOutcome) -> bytes | None:
    """What was scanned, as the camera names it; None for a credential."""
    return outcome.raw if outcome.payload is None else outcome.payload.encode()


def signs_of(marks: Sequence[Marked], verdicts: Verdicts) -> tuple[Sign, ...]:
    """Doubt before any verdict; no sign yet for what is being read."""
    return tuple(Sign(one.symbol.place, _panel_of(one, verdicts)) for one in marks)


def _panel_of(one: Marked, verdicts: Verdicts) -> Panel | None:
    if one.mark is Mark.DOUBTFUL:
        return Panel.ATTENTION
    return verdicts.panel(one.symbol.label) if one.mark is Mark.COUNTED else None


def photo_signs(result: PhotoResult, verdicts: Verdicts) -> tuple[Sign, ...]:
    """Every place of every code of a picture."""
    return tuple(
        Sign(place, verdicts.panel(code.label) or photo_panel(code)) for code in result.codes for place in code.places
    )


def photo_panel(code: FoundCode) -> Panel:
    """Before it is scanned: expected, read but not expected, doubtful."""
    if not code.counts:
        return Panel.ATTENTION
    return Panel.GOOD if code.is_expected else Panel.STOP


@dataclass(frozen=True, slots=True)
class PhotoCounts:
    """The codes of a picture by what can be done with them."""

    found: int
    expected: int
    strange: int
    """Sure, but not in the manifest."""
    doubtful: int


def count_photo(result: PhotoResult) -> PhotoCounts:
    """How many of each."""
    sure = [code for code in result.codes if code.counts]
    expected = sum(code.is_expected for code in sure)
    return PhotoCounts(len(result.codes), expected, len(sure) - expected, len(result.codes) - len(sure))


def to_count(result: PhotoResult, verdicts: Verdicts) -> tuple[FoundCode, ...]:
    """What one touch scans: the expected codes not yet counted; all that are sure where the manifest has none of them.

    A code outside the manifest would stop the scanning in the middle of the pile, so it is scanned one by one.
    """
    sure = [code for code in result.codes if code.counts]
    wanted = [code for code in sure if code.is_expected] or sure
    return tuple(code for code in wanted if not verdicts.is_counted(code.label))


def tally(signs: Sequence[Sign]) -> Mapping[Panel | None, int]:
    """How many codes in view have which sign."""
    found: dict[Panel | None, int] = {}
    for sign in signs:
        found[sign.panel] = found.get(sign.panel, 0) + 1
    return found
