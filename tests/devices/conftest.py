"""Fixtures of the device tests: pseudo-terminals, a recorder of what devices tell, managers that are always stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices import DeviceManager, ScannerSpec
from tests.devices.device_recorder import Recorder
from tests.fixtures.ptyport import PtyPort


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[PtyPort]:
    with PtyPort(tmp_path) as plugged:
        yield plugged


@pytest.fixture
def start(recorder: Recorder) -> Iterator[Callable[..., DeviceManager]]:
    """Starts a manager on spec texts; stopped at the end of the test."""
    with contextlib.ExitStack() as stack:

        def starter(*specs: str) -> DeviceManager:
            manager = DeviceManager(
                [ScannerSpec.parse(text) for text in specs],
                on_scan=recorder.on_scan,
                on_status=recorder.on_status,
                now_ms=recorder.now_ms,
            )
            stack.callback(manager.stop)
            manager.start()
            return manager

        yield starter
