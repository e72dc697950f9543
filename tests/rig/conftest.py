"""The tests of this folder run in the virtual machine that `build/dev.py rig` boots, and nowhere else."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices import DeviceManager, ScannerSpec
from tests.devices.device_recorder import Recorder

OUT = os.environ.get("RIG_GUEST")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Outside the guest each test says where it belongs."""
    if OUT is None:
        elsewhere = pytest.mark.skip(reason="needs the virtual machine: python3 build/dev.py rig")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(elsewhere)


class RealTime(Recorder):
    """A recorder whose clock runs, for figures."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


@pytest.fixture
def recorder() -> RealTime:
    return RealTime()


@pytest.fixture
def start(recorder: RealTime) -> Iterator[Callable[..., DeviceManager]]:
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


@pytest.fixture
def figure() -> Callable[[str, float, str], None]:
    """Reports something that was measured; the runner prints it at the end."""

    def report(name: str, value: float, unit: str) -> None:
        assert OUT is not None
        with (Path(OUT) / "figures.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name, "value": round(value, 3), "unit": unit}) + "\n")

    return report


@pytest.fixture
def recordings() -> Path | None:
    """Where recordings go; None when none are wanted."""
    return Path(OUT) / "recordings" if OUT and os.environ.get("RIG_RECORD") else None
