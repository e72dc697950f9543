"""What a kernel hands out is recorded piece by piece, and played again it gives the labels that were shot."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.flows.credentials import CredentialJudge
from devices import DeviceManager, ScannerSpec
from devices.played_again import played_again
from devices.recorder import Recording
from devices.scan import DeviceState
from tests.devices.evdev_typing import keys
from tests.devices.hid_scanner import FORMS, descriptor, reports
from tests.rig.rig_scanners import SerialGadget, UhidScanner, WedgeScanner

READY = DeviceState.READY
CODE = b"010690123456789210LotAbC-09\x1d21S1"


class Taken:
    """A manager that records, and what it has written."""

    def __init__(self, spec: str, recorder) -> None:
        self.stream = io.BytesIO()
        self.recording = Recording(self.stream, CredentialJudge())
        self.wrote = threading.Event()
        self.manager = DeviceManager(
            [ScannerSpec.parse(spec)],
            on_scan=recorder.on_scan,
            on_status=recorder.on_status,
            now_ms=recorder.now_ms,
            on_raw=self._take,
        )

    def _take(self, read) -> None:
        self.recording.take_raw(read)
        self.wrote.set()

    def __enter__(self) -> Taken:
        self.manager.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.manager.stop()


@pytest.mark.parametrize("way", ["serial", "hid", "evdev"])
def test_what_came_is_decoded_again_to_the_same(way, recorder):
    made: dict[str, Callable[[], Any]] = {
        "serial": SerialGadget,
        "hid": lambda: UhidScanner(descriptor(FORMS["a"])),
        "evdev": WedgeScanner,
    }
    spec = {"serial": "serial:05E0:1701", "hid": "hid:0C2E:0B81", "evdev": "evdev:05E0:1200"}[way]
    with made[way]() as scanner, Taken(spec, recorder) as taken:
        if way == "serial":
            scanner.plug()
        recorder.wait_status(READY)
        match way:
            case "serial":
                scanner.write(CODE + b"\r")
            case "hid":
                scanner.send(*reports(FORMS["a"], b"]d2", CODE * 3))
            case "evdev":
                scanner.type(keys(CODE.decode() + "\r"))
        recorder.wait_scans(1)
        assert taken.wrote.wait(20)
    (again,) = [one for one in played_again(taken.stream.getvalue(), way) if one.then]
    assert again.now == again.then == (recorder.scans[0].label,)
