"""The scanners that somebody named, as what the device manager opens. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.base.errors import Trouble
from devices import DeviceError, ScannerSpec


def specs_of(scanners: Sequence[str]) -> tuple[list[ScannerSpec], list[Trouble]]:
    """What can be understood, each device once; one that is written wrongly must not keep the others shut."""
    specs: list[ScannerSpec] = []
    troubles: list[Trouble] = []
    for text in scanners:
        try:
            spec = ScannerSpec.parse(text)
        except DeviceError as error:
            troubles.append(Trouble(error.code, subject=error.subject))
            continue
        if spec.device in {known.device for known in specs}:
            troubles.append(Trouble("bad_scanner_spec", subject=text))
        else:
            specs.append(spec)
    return specs, troubles
