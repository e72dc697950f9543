"""Every fault of the sandbox, alone and in pairs, at every endpoint: afterwards all is where it should be, once.

`python -m tests.sync.wire_matrix [--seed N] [--part K/N] [--only WORD]` runs all pairs and prints what failed with its
order; the test takes a seeded sample. One device per case on a hospital that they share; one thread, and the engine's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sync.credentials import HMAC, Credential
from sync.ports import SyncSettings
from sync.relay_line import RelayRoute
from sync.trust import Trust
from tests.fixtures.sandbox import SandboxProcess
from tests.sync.sync_bench import FAST
from tests.sync.sync_relay_toy import Dock

FAULTS = (
    "slow:30", "hang", "refuse_connection", "reset_mid_request", "reset_mid_reply", "lost_reply", "status:400",
    "status:401", "status:403", "status:404", "status:408", "status:413", "status:422", "status:429", "status:500",
    "status:502", "status:503", "retry_after:1", "html_instead_of_json", "truncated_json", "wrong_schema",
    "half_refused", "duplicate_reply", "clock_skew:10800", "clock_skew:-10800", "expired_tls", "poison",
)  # fmt: skip
MIDDLEWARE = ("site", "ask", "items", "changes")
RELAY = ("relay_heads", "relay_rows", "relay_ack")
SETTINGS: SyncSettings = replace(
    FAST, read_s=0.25, connect_s=3.0, relay_interval_s=0.05, relay_backoff_cap_s=0.05, relay_block=50
)
CALM = replace(SETTINGS, read_s=20.0)
BOXES = 6
OF_ONE_HOSPITAL = 40


@dataclass(frozen=True, slots=True)
class Case:
    """Faults that strike one endpoint at its first calls."""

    endpoint: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.endpoint}: {' + '.join(self.faults)}"


def cases() -> Iterator[Case]:
    """All of them: each fault alone, and each pair, for each endpoint."""
    for endpoint in (*MIDDLEWARE, *RELAY):
        for number in (1, 2):
            for faults in itertools.combinations(FAULTS, number):
                yield Case(endpoint, faults)


def sample(seed: int, pairs: int) -> list[Case]:
    """Every fault alone at some endpoint and every endpoint with some fault, and so many pairs."""
    chance = random.Random(seed)
    ends = (*MIDDLEWARE, *RELAY)
    alone = [Case(ends[place % len(ends)], (fault,)) for place, fault in enumerate(chance.sample(FAULTS, len(FAULTS)))]
    return alone + chance.sample([case for case in cases() if len(case.faults) == 2], pairs)


class Matrix:
    """One hospital over TLS, and a device after the other."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.sandbox = SandboxProcess(seed=seed, tls=True, auth="hmac")
        self.sandbox.seed({"hard": 2, "seed": seed, "knowledge": "relay"})
        self._secret = f"demo-secret-{seed}"
        self._numbers = itertools.count(1)

    def close(self) -> None:
        self.sandbox.stop()

    def run(self, case: Case) -> str | None:
        """What is wrong afterwards, None if nothing is."""
        number = next(self._numbers)
        delivery = f"W-{number}"
        boxes = [f"8999011{number:06d}{place:07d}" for place in range(BOXES)]
        self.sandbox.faults({})
        self.sandbox.seed({"deliveries": [note(delivery, boxes)]})
        dock = Dock(self.folder / f"{number}.db")
        dock.name = f"pda-{number}"
        try:
            self._calm(dock, 60.0)
            ids = scan_all(dock, delivery, boxes, number)
            if case.endpoint == "ask":
                dock.sql("UPDATE sync_outbox SET state = 'in_flight' RETURNING n")
            if case.endpoint in RELAY:
                forget_manifests(dock)
            self.sandbox.faults(order_of(case, boxes[0]))
            self._engine_run(dock, SETTINGS, 0.6)
            self.sandbox.faults({})
            self._calm(dock, 60.0)
            return self._wrong(dock, delivery, boxes, ids, case)
        finally:
            dock.close()

    def _calm(self, dock: Dock, limit_s: float) -> None:
        trouble = self._engine_run(dock, CALM, limit_s)
        assert trouble is None, trouble

    def _engine_run(self, dock: Dock, settings: SyncSettings, limit_s: float) -> str | None:
        assert self.sandbox.ca is not None
        engine = dock.engine(
            self.sandbox.url, settings, trust=Trust(Path(self.sandbox.ca)),
            credential=Credential(HMAC, self._secret, "demo-key"), relay=RelayRoute(),
        )  # fmt: skip
        try:
            return engine.run_until_empty(limit_s=limit_s, until_empty=True).trouble
        finally:
            engine.stop(20.0)
            dock.engines.clear()

    def _wrong(self, dock: Dock, delivery: str, boxes: list[str], ids: list[str], case: Case) -> str | None:
        rows = {row["code"]: (row["state"], row["times"]) for row in self.sandbox.ledger(delivery)["codes"]}
        states = {row.id: (row.state, row.code) for row in dock.rows(ids=ids)}
        poisoned = {boxes[0]} if "poison" in case.faults and rows.get(boxes[0]) is None else set()
        wanted = {code: ("in", 1) for code in boxes if code not in poisoned}
        if rows != wanted:
            return f"the books: {rows}"
        refused = [item for item in ids if states[item] != ("accepted", None)]
        if len(refused) != len(poisoned) or any(states[item] != ("refused", "poisoned") for item in refused):
            return f"the outbox: {states}"
        view = self.sandbox._call("GET", "/relay")["manifests"]
        manifests = {(one["manifest"], one["version"]) for one in view}
        done = {key for key, state in dock.states().items() if state == "complete"}
        return None if done == manifests else f"manifests: {len(done)} of {len(manifests)}"


def order_of(case: Case, code: str) -> dict[str, object]:
    """The faults as the control door takes them: the first at the first call, the second at the one after it, and
    both at the third."""
    named = [f"poison:{code}" if fault == "poison" else fault for fault in case.faults]
    plan: list[dict[str, object]] = []
    for place, fault in enumerate(named, start=1):
        plan += [{"endpoint": case.endpoint, "fault": fault, "nth": nth, **_lasting(fault)} for nth in (place, 3)]
    return {"plan": plan}


def _lasting(fault: str) -> dict[str, object]:
    return {"for_s": 0.3} if fault in ("hang", "refuse_connection", "expired_tls") else {}


def note(delivery: str, boxes: list[str]) -> dict[str, object]:
    """A delivery of one line with these boxes."""
    line = {"line": 1, "drug": "YP-0001", "batch": "W1", "expiry": "2029-05-31", "packs": len(boxes)}
    packages = [{"code": code, "level": 1, "parent": None, "line": 1} for code in boxes]
    return {"delivery": delivery, "supplier": "演示配送", "manifest": "complete", "lines": [line], "packages": packages}


def scan_all(dock: Dock, delivery: str, boxes: list[str], number: int) -> list[str]:
    """One scan per box, as the program would write it."""
    items = []
    for place, code in enumerate(boxes, start=1):
        item_id = f"01a201d7-{number >> 16 & 0xFFFF:04x}-7{place:03x}-8000-{number:012d}"
        made = dock.item("scan", f"{delivery}-R1")
        body = {
            "id": item_id, "device": dock.name, "receipt": f"{delivery}-R1", "seq": place, "kind": "scan",
            "at_ms": 1795327200000 + place, "operator": "1001", "payload": code, "code": code, "line": 1, "count": 1,
            "digest": None,
        }  # fmt: skip
        items.append(replace(made, id=item_id, body=json.dumps(body).encode()))
    dock.add(*items, realm=str(dock.realm))
    return [item.id for item in items]


def forget_manifests(dock: Dock) -> None:
    """As a device that meets the relay for the first time."""
    for table in ("m_heads", "m_rows", "sync_cursor WHERE realm LIKE 'relay%'"):
        dock.sql(f"DELETE FROM {table}")


def tried(matrix: Matrix, case: Case) -> str | None:
    """What is wrong, also when it went up in flames."""
    try:
        return matrix.run(case)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main() -> int:
    """Run all cases, or a part of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--part", default="1/1", help="K/N: every Nth case from the Kth on")
    parser.add_argument("--only", default="", help="cases whose words hold this")
    args = parser.parse_args()
    first, step = map(int, args.part.split("/"))
    wanted = [case for case in list(cases())[first - 1 :: step] if args.only in str(case)]
    failed, began = [], time.monotonic()
    for start in range(0, len(wanted), OF_ONE_HOSPITAL):
        with tempfile.TemporaryDirectory() as name:
            matrix = Matrix(Path(name), args.seed)
            try:
                for case in wanted[start : start + OF_ONE_HOSPITAL]:
                    if (wrong := tried(matrix, case)) is not None:
                        failed.append(str(case))
                        sys.stdout.write(f"{case}\n    {wrong[:300]}\n")
                        sys.stdout.flush()
            finally:
                matrix.close()
    took_s = time.monotonic() - began
    sys.stdout.write(f"{len(wanted)} cases, {len(failed)} failed, {took_s:.0f} s, seed {args.seed}\n")
    return 3 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
