"""The scanner doctor's visit: a person scans the sheet, and sees which settings to mend. Any one thread; keeps nothing.

A patient's code that gets in the way is not kept and not shown, only counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from devices import RawScan, ScannerSpec
from devices.catalog import Model
from devices.damages import Finding
from devices.doctor import Arrival, Diagnosis, Setup, diagnose
from devices.sheet import SHEET, SheetCode

# What makers call a setting, where that is known; everything else is said in general words.
_HINTS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("Zebra/Symbol", "doctor_suffix_missing"): "doctor_hint_zebra_suffix",
        ("Honeywell/Metrologic", "doctor_suffix_missing"): "doctor_hint_honeywell_suffix",
        ("Youjie (Honeywell)", "doctor_suffix_missing"): "doctor_hint_honeywell_suffix",
        ("Honeywell/Metrologic", "doctor_wrong_mode"): "doctor_hint_honeywell_mode",
        ("Youjie (Honeywell)", "doctor_wrong_mode"): "doctor_hint_honeywell_mode",
        ("Datalogic", "doctor_suffix_missing"): "doctor_hint_datalogic_suffix",
        ("Datalogic", "doctor_aim_other"): "doctor_hint_datalogic_aim",
    }
)


class SheetPrinter(Protocol):
    """Puts the sheet on paper; only the window's side can."""

    def write_sheet(self, path: Path, codes: tuple[SheetCode, ...], lang: str) -> None:
        """A PDF of one page. OSError where the file cannot be written."""


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code of the sheet: `state` is waiting, good, wrong or missing."""

    key: str
    symbology: str
    state: str


@dataclass(frozen=True, slots=True)
class Cure:
    """One wrong setting: `code` has words, `detail` fills them, `hint` names what the maker calls it."""

    code: str
    detail: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class DoctorView:
    """The visit as it stands: `state` is waiting, listening, good or wrong."""

    device: str
    state: str
    rows: tuple[CodeRow, ...]
    cures: tuple[Cure, ...]
    masked: int


class Examination:
    """One visit of one scanner."""

    def __init__(self, spec: ScannerSpec, model: Model | None, is_credential: Callable[[bytes], bool]) -> None:
        self._spec = spec
        self._maker = model.maker if model else ""
        self._is_credential = is_credential
        self._setup = Setup(spec.kind, spec.profile())
        self._latest: dict[str, Arrival] = {}
        self._unexplained: Arrival | None = None
        self._masked = 0
        self._finished = False

    @property
    def listens_by(self) -> ScannerSpec:
        """How the scanner is to be opened for the visit."""
        return self._spec.unframed()

    def take(self, scan: RawScan) -> DoctorView:
        """One more scan; a code that comes again replaces what came before, so that a mended setting shows at once."""
        if self._is_credential(scan.label):
            self._masked += 1
            return self.view()
        arrival = Arrival(scan.payload, scan.device.partition(":")[0], scan.aim)
        key = diagnose(self._setup, (*self._latest.values(), arrival)).readings[-1].key
        self._unexplained = arrival if key is None else None
        if key is not None:
            self._latest.pop(key, None)
            self._latest[key] = arrival
        return self.view()

    def finish(self) -> DoctorView:
        """Nothing more comes: what has not come is switched off."""
        self._finished = True
        return self.view()

    def view(self) -> DoctorView:
        strange = () if self._unexplained is None else (self._unexplained,)
        found = diagnose(self._setup, (*self._latest.values(), *strange), finished=self._finished)
        return DoctorView(
            self._spec.device,
            _state(found, bool(self._latest or strange), self._finished),
            tuple(CodeRow(code.key, code.symbology.value, self._row_state(code, found)) for code in SHEET),
            tuple(self._cure(finding) for finding in found.findings),
            self._masked,
        )

    def _row_state(self, code: SheetCode, found: Diagnosis) -> str:
        if code.key in found.missing:
            return "missing" if self._finished else "waiting"
        reading = next(reading for reading in found.readings if reading.key == code.key)
        return "wrong" if reading.findings else "good"

    def _cure(self, finding: Finding) -> Cure:
        return Cure(finding.code, finding.detail, _HINTS.get((self._maker, finding.code)))


def _state(found: Diagnosis, anything: bool, finished: bool) -> str:
    if found.findings:
        return "wrong"
    if found.is_healthy:
        return "good"
    if not anything:
        return "wrong" if finished else "waiting"
    return "wrong" if finished else "listening"
