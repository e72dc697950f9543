"""The doctor's visit and the search for a scanner behind the devices screen. On the window's worker.

While a visit or a search is under way, what is scanned with the devices screen in front goes here as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.base.errors import Trouble
from app.flows.credentials import is_credential
from app.ui.fronts import Shot
from app.ui.signals import Signals
from app.wiring import Program
from devices import RawScan, ScannerSpec, list_scanners
from devices.ports import address_of

if TYPE_CHECKING:
    from app.flows.doctor import Examination
    from app.flows.scanner_search import ScannerSearch

Say = Callable[..., None]


class ScannerCare:
    """At most one visit or search at a time."""

    def __init__(self, program: Program, to: Signals, say: Say) -> None:
        self._program = program
        self._to = to
        self._say = say
        self._visit: Examination | None = None
        self._visited: ScannerSpec | None = None
        self._search: ScannerSearch | None = None

    def examine(self, device: str) -> None:
        """Begin a visit. Raises Trouble `scanner_not_here`."""
        self.end()
        manager = self._program.scanners
        spec = None if manager is None else manager.spec_of(device)
        if manager is None or spec is None:
            raise Trouble("scanner_not_here", subject=device)
        from app.flows.doctor import Examination  # noqa: PLC0415 - nobody waits for the doctor at the start

        model = address_of(spec)[1] if spec.kind == "serial" else None
        self._visit, self._visited = Examination(spec, model, is_credential), spec
        if spec.unframed() != spec:
            manager.open(spec.unframed())
        self._say(self._to.doctor_changed, self._visit.view())

    def finish(self) -> None:
        """Nothing more will be scanned: say what did not come."""
        if self._visit is not None:
            self._say(self._to.doctor_changed, self._visit.finish())

    def search(self) -> None:
        """Begin to look for a scanner. Raises Trouble `scanner_not_here`."""
        self.end()
        if self._program.scanners is None:
            raise Trouble("scanner_not_here", subject="")
        from app.flows.scanner_search import ScannerSearch  # noqa: PLC0415 - as above

        self._search = ScannerSearch(self._program.scanners, list_scanners)
        self._say(self._to.search_changed, self._search.begin())

    def end(self) -> None:
        """Every scanner is again as it was named."""
        if self._search is not None:
            self._search.end()
        spec, manager = self._visited, self._program.scanners
        if spec is not None and manager is not None and spec.unframed() != spec:
            manager.open(spec)
        self._visit = self._visited = self._search = None

    def take(self, scan: Shot, keep: Callable[[str], None]) -> None:
        """A scan that came while the devices screen was in front; `keep` writes a scanner into the settings."""
        if self._visit is not None:
            raw = RawScan(scan.device, scan.payload, scan.at_ms or 0)
            self._say(self._to.doctor_changed, self._visit.take(raw))
        if self._search is not None:
            view = self._search.take(scan.device, scan.payload)
            if view.state in ("found", "known"):
                self._search = None
            self._say(self._to.search_changed, view)
            if view.spec:
                keep(view.spec)
