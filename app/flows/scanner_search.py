"""“Scan this”: the screen shows a code, every scanner that may be opened listens, and the one that answers is kept.

Any one thread. Only what can be nothing but a scanner is opened; what was opened and did not answer is let go of.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from devices import DeviceError, DeviceManager, Found, ScannerSpec
from devices.doctor import end_name
from devices.sheet import BY_KEY, SheetCode

_log = logging.getLogger(__name__)
SHOWN: SheetCode = BY_KEY["trace"]
_SUFFIXES = {None: "either", "TAB": "TAB", "ETX": "ETX"}  # CR, LF and CR LF need no word


@dataclass(frozen=True, slots=True)
class SearchView:
    """The search as it stands. `state`: listening, found, known (it is in use already) or alone (nothing to open)."""

    state: str
    listening: tuple[str, ...]
    device: str = ""
    spec: str = ""
    """What was kept, as the settings name it."""


class ScannerSearch:
    """One search."""

    def __init__(self, manager: DeviceManager, look: Callable[[], tuple[Found, ...]]) -> None:
        self._manager = manager
        self._look = look
        self._opened: dict[str, ScannerSpec] = {}

    def begin(self) -> SearchView:
        """Open what may be opened."""
        for found in self._look():
            if _may_be_opened(found):
                self._open(ScannerSpec.parse(found.spec))
        return self._view()

    def take(self, device: str, raw: bytes) -> SearchView:
        """A scan; the search is over when it was the code that is shown."""
        if SHOWN.label not in raw:
            return self._view()
        spec = self._opened.pop(device, None)
        self.end()
        if spec is None:
            return SearchView("known", (), device)
        suffix = _SUFFIXES.get(end_name(raw)) if spec.kind == "serial" else None
        text = f"{spec.device}?suffix={suffix}" if suffix else spec.device
        self._manager.open(ScannerSpec.parse(text))
        return SearchView("found", (), device, text)

    def end(self) -> None:
        """Let go of what did not answer."""
        for device in self._opened:
            self._manager.close(device)
        self._opened.clear()

    def _open(self, spec: ScannerSpec) -> None:
        if self._manager.spec_of(spec.device) is not None:
            return
        try:
            self._manager.open(spec.unframed())
        except DeviceError as error:
            _log.info("%s cannot listen: %s", spec.device, error.code)
            return
        self._opened[spec.device] = spec

    def _view(self) -> SearchView:
        listening = tuple(status.device for status in self._manager.statuses())
        return SearchView("listening" if listening else "alone", listening)


def _may_be_opened(found: Found) -> bool:
    """A known product on a serial line, or a HID scanner; keyboards answer through the window, without being taken."""
    if found.trouble is not None or found.model is None:
        return False
    return found.kind == "hid" or (found.kind == "serial" and found.model.opens_by_itself)
