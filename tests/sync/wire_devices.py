"""Many devices on one delivery of one middleware, all at once, over a line that is not good.

`python -m tests.sync.wire_devices --devices N --children C` prints one line of JSON; the devices are spread over child
processes, each with an engine, a data file and threads of its own. Every box is shot by one device, some by a second.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.base.clock import IdMaker
from sync.outbox import NewItem
from tests.fixtures.sandbox import ROOT, SandboxProcess
from tests.sync.sync_bench import FAST, Device

DELIVERY = "W-ALL"
BOXES = 6
SETTINGS = replace(FAST, linger_s=0.2, read_s=20.0, connect_s=20.0, backoff_base_s=0.2, backoff_cap_s=2.0,
                   pull_interval_s=3600.0)  # fmt: skip
FAULTS = {"lost_reply": 0.1, "status:503": 0.05, "reset_mid_reply": 0.05}
LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it: item ids by device, accepted and in conflict."""

    ids: int
    different: int
    accepted: int
    conflicts: int
    double: int
    missing: int
    requests: int
    seconds: float


def code(number: int) -> str:
    return f"8999011{number:013d}"


def note(devices: int) -> dict[str, Any]:
    """One delivery, with boxes for every device."""
    boxes = devices * BOXES
    line = {"line": 1, "drug": "YP-0001", "batch": "W1", "expiry": "2029-05-31", "packs": boxes}
    packages = [{"code": code(number), "level": 1, "parent": None, "line": 1} for number in range(boxes)]
    return {"delivery": DELIVERY, "supplier": "演示配送", "manifest": "complete", "lines": [line], "packages": packages}


class Shooter:
    """One device: its own boxes, and the first box of the next device."""

    def __init__(self, folder: Path, url: str, number: int, of: int) -> None:
        self.device = Device(folder / f"{number}.db")
        self.device.name = f"pda-{number:03d}"
        mine = [code(number * BOXES + place) for place in range(BOXES)]
        self._codes = [*mine, code((number + 1) % of * BOXES)]
        self._ids = IdMaker()
        self.ids: list[str] = []
        self.engine = self.device.engine(url, SETTINGS)

    def meet(self) -> None:
        """Start, and wait until the hospital is known."""
        self.engine.start()
        self.device.wait_status(lambda _: self.device.realm is not None, LIMIT_S)

    def shoot(self) -> None:
        """One scan after the other, each with its nudge."""
        for place, one in enumerate(self._codes, start=1):
            at_ms = 1_795_327_200_000  # everybody in the same millisecond, as devices with one clock might
            item = self._ids.new(at_ms)
            receipt = f"{DELIVERY}-R1"
            body = {
                "id": item, "device": self.device.name, "receipt": receipt, "seq": place, "kind": "scan",
                "at_ms": at_ms, "operator": "1001", "payload": one, "code": one, "line": 1, "count": 1,
                "digest": None,
            }  # fmt: skip
            made = NewItem(item, receipt, place, "scan", json.dumps(body).encode(), at_ms, None)
            self.device.add(made, realm=str(self.device.realm))
            self.ids.append(item)
            self.engine.nudge()

    def finish(self, until: float) -> tuple[int, int]:
        """(accepted, in conflict), when nothing waits any more."""
        while True:
            counts = self.device.counts()
            if counts.accepted + counts.refused == len(self.ids):
                return counts.accepted, counts.refused
            if time.monotonic() > until:
                raise TimeoutError(f"{self.device.name}: {counts}")
            self.device.wait_status(lambda _: True, max(0.1, until - time.monotonic()))


def work(folder: Path, url: str, numbers: range, of: int) -> dict[str, Any]:
    """The devices of one process, all at once."""
    shooters = [Shooter(folder, url, number, of) for number in numbers]
    try:
        for one in shooters:
            one.meet()
        for one in shooters:
            one.shoot()
        until = time.monotonic() + LIMIT_S
        ends = [one.finish(until) for one in shooters]
    finally:
        for one in shooters:
            one.device.close()
    ids = [item for one in shooters for item in one.ids]
    return {"ids": ids, "accepted": sum(end[0] for end in ends), "conflicts": sum(end[1] for end in ends)}


def campaign(devices: int, children: int) -> Told:
    """All of it; `children` 0: in this process."""
    with SandboxProcess(seed=51) as sandbox, tempfile.TemporaryDirectory() as name:
        sandbox.seed({"deliveries": [note(devices)]})
        sandbox.reset_calls()
        sandbox.faults(FAULTS)
        began = time.monotonic()
        if children:
            told = _spread(Path(name), sandbox.url, devices, children)
        else:
            told = [work(Path(name), sandbox.url, range(devices), devices)]
        seconds = time.monotonic() - began
        sandbox.faults({})
        rows = sandbox.ledger(DELIVERY)["codes"]
        requests = sandbox.calls()["total"]
    ids = [item for one in told for item in one["ids"]]
    wanted = {code(number) for number in range(devices * BOXES)}
    return Told(
        ids=len(ids), different=len(set(ids)), accepted=sum(one["accepted"] for one in told),
        conflicts=sum(one["conflicts"] for one in told), double=sum(row["times"] != 1 for row in rows),
        missing=len(wanted - {row["code"] for row in rows if row["state"] == "in"}), requests=requests,
        seconds=round(seconds, 1),
    )  # fmt: skip


def _spread(folder: Path, url: str, devices: int, children: int) -> list[dict[str, Any]]:
    step = -(-devices // children)
    words = [sys.executable, "-m", "tests.sync.wire_devices", "--devices", str(devices), "--url", url]
    started = [
        subprocess.Popen(
            [*words, "--folder", str(folder), "--from", str(first), "--to", str(min(devices, first + step))],
            cwd=ROOT, stdout=subprocess.PIPE,
        )
        for first in range(0, devices, step)
    ]  # fmt: skip
    told = [one.communicate(timeout=2 * LIMIT_S)[0] for one in started]
    if any(one.returncode for one in started):
        raise RuntimeError("a child failed")
    return [json.loads(line) for line in told]


def main() -> int:
    """The campaign, or with `--url` one child of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--children", type=int, default=4)
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--from", type=int, dest="first")
    parser.add_argument("--to", type=int, dest="end")
    args = parser.parse_args()
    if args.url:
        sys.stdout.write(json.dumps(work(args.folder, args.url, range(args.first, args.end), args.devices)) + "\n")
        return 0
    told = campaign(args.devices, args.children)
    sys.stdout.write(json.dumps({name: getattr(told, name) for name in Told.__slots__}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
