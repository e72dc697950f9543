"""The whole way of a code, from the bytes on a real line to the rows on the disk. The bench runs more of the same."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from app.domain.rights import Operator
from devices import DeviceManager, DeviceState, DeviceStatus, RawScan, ScannerSpec
from tests.fixtures import hospital
from tests.fixtures.hospital import Dock
from tests.fixtures.ptyport import PtyPort

CLERK = Operator("1001", "收货员", "clerk", frozenset({"receive", "close", "exempt"}))
_PREFIX = "8999011"
_LIMIT_S = 600.0


def scan_all(folder: Path, count: int, *, seed: int = 20261122) -> dict[str, int]:
    """Two scanners share `count` boxes, with AIM identifiers and in pieces of any size; what became of them."""
    dice = random.Random(seed)
    codes = [hospital.code(_PREFIX, number) for number in range(count)]
    sent = {side: [b"]C0" + each.encode() for each in codes[side::2]] for side in (0, 1)}
    with Dock(folder / "data") as dock, PtyPort(folder, "left") as left, PtyPort(folder, "right") as right:
        dock.feed(
            hospital.drug("YP-1", {_PREFIX: 1}),
            hospital.packages({each: {} for each in codes}),
            hospital.delivery(hospital.line(1, "YP-1", count)),
        )
        desk = dock.program.receiving(hospital.DELIVERY, CLERK, holds=False)
        counter = _Counter(2, count)

        def take(scan: RawScan) -> None:
            counter.count(desk.scan(scan.label, at_ms=scan.at_ms, scanner=scan.device).counted)

        specs = [ScannerSpec.parse(port.spec) for port in (left, right)]
        manager = DeviceManager(specs, on_scan=take, on_status=counter.note, now_ms=dock.program.clock.now_ms)
        manager.start()
        assert counter.ready.wait(_LIMIT_S)
        writers = [
            threading.Thread(target=_write, args=(port, sent[side], random.Random(dice.random())))
            for side, port in enumerate((left, right))
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert counter.all_came.wait(_LIMIT_S), f"{counter.came} of {count}"
        manager.stop()
        return {**_stored(dock, codes, sent, specs), "counted": counter.counted, "notes": len(counter.notes)}


class _Counter:
    """What was told on the devices' threads."""

    def __init__(self, scanners: int, expected: int) -> None:
        self._lock = threading.Lock()
        self._left, self._expected = scanners, expected
        self.came = self.counted = 0
        self.notes: list[str] = []
        self.ready, self.all_came = threading.Event(), threading.Event()

    def count(self, counted: bool) -> None:
        with self._lock:
            self.came += 1
            self.counted += counted
            if self.came == self._expected:
                self.all_came.set()

    def note(self, status: DeviceStatus) -> None:
        with self._lock:
            if status.code is not None:
                self.notes.append(status.code)
            elif status.state is DeviceState.READY:
                self._left -= 1
                if self._left == 0:
                    self.ready.set()


def _write(port: PtyPort, labels: list[bytes], dice: random.Random) -> None:
    stream = b"".join(label + b"\r" for label in labels)
    at = 0
    while at < len(stream):
        step = dice.choice((5, 23, 24, 100, 1000))
        port.write(stream[at : at + step], limit_s=_LIMIT_S)
        at += step


def _stored(dock: Dock, codes: list[str], sent: dict[int, list[bytes]], specs: list[ScannerSpec]) -> dict[str, int]:
    """Codes on the disk that are missing or made up, and scans out of their scanner's order."""
    rows = dock.program.writer.call(
        lambda: dock.program.writer.database.execute_sql(
            "SELECT code, payload, scanner FROM entries WHERE kind = 'scan' ORDER BY seq"
        ).fetchall(),
        write=False,
    )
    stored = [row[0] for row in rows]
    disordered = sum(
        [row[1].encode() for row in rows if row[2] == spec.device] != sent[side] for side, spec in enumerate(specs)
    )
    return {
        "stored": len(stored),
        "missing": len(set(codes) - set(stored)),
        "made_up": len(set(stored) - set(codes)),
        "disordered": disordered,
    }
