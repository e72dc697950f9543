"""A manifest of three hundred thousand rows: streamed, and never in memory as a whole."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sync.relay import RelayPull
from sync.relay_wire import ManifestHead, ManifestRow, PackageEvent
from sync.transport import HttpTransport
from tests.fixtures.sandbox import SandboxProcess
from tests.sync.sync_bench import FAST, Device, SystemTime

BOXES = 284_400
PATIENT = replace(FAST, read_s=20.0, relay_block=500)
MEMORY_BYTES = 2_000_000


class _Counter:
    """A sink that keeps nothing but a count and the largest block."""

    def __init__(self) -> None:
        self.rows = 0
        self.most = 0
        self.done: list[ManifestHead] = []

    def known(self, manifest: str, version: int) -> bool:
        return False

    def staged(self, head: ManifestHead) -> int:
        return 0

    def stage(self, head: ManifestHead, rows: list[ManifestRow], first: int) -> Iterator[None]:
        self.rows = first + len(rows)
        self.most = max(self.most, len(rows))
        yield

    def complete(self, head: ManifestHead) -> None:
        self.done.append(head)

    def refuse(self, head: ManifestHead, code: str, detail: str) -> None:
        raise AssertionError(code)

    def withdraw(self, manifest: str) -> None:
        raise AssertionError

    def events(self, events: list[PackageEvent]) -> None:
        raise AssertionError


def test_three_hundred_thousand_rows_in_little_memory(tmp_path: Path) -> None:
    device = Device(tmp_path / "matou.db")
    with SandboxProcess(seed=22) as sandbox:
        sandbox.seed({"generate": {"boxes": BOXES, "delivery": "LOAD-1"}})
        address, sink = f"{sandbox.url}/relay", _Counter()
        transport = HttpTransport(address, "pda-1", ca=None, settings=PATIENT, token="demo-relay-22")
        pull = RelayPull(
            transport=transport, database=device.database, writer=device.writer, sink=sink, clock=SystemTime(),
            settings=PATIENT,
        )  # fmt: skip
        tracemalloc.start()
        try:
            done = pull.run("load", lambda: False)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            transport.close()
            device.close()
    largest = max(head.rows for head in sink.done)
    assert (done.trouble, done.refused) == (None, 0)
    assert largest == BOXES + BOXES // 20 + BOXES // 200 >= 300_000
    assert sink.most == 500
    assert peak < MEMORY_BYTES, peak
