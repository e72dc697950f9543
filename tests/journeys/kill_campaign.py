"""Kill -9 again and again: `matou receive` and `matou sync` die at random moments against a hospital that misbehaves.

Afterwards every scan whose line was printed is in the store and in the hospital's ledger once, net of undos, and
nothing else is. One thread; the program and the sandbox are processes of their own. Small in the tests, large with
`python -m tests.journeys.kill_campaign --kills 300`; the last line of standard output is the report, exit status 1 if
a promise was broken.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fixtures.sandbox import ROOT, SandboxProcess
from tests.journeys.kill_feed import Goods, Truth, goods_of, make_feed

DELIVERY = "DEMO-20261122-20"
FAULTS = {"lost_reply": 0.15, "status:503": 0.1, "half_refused": 0.1, "reset_mid_reply": 0.05}
PROGRAM = (sys.executable, "-m", "app")
SYNC_SHARE = 0.2
LIMIT_S = 120
ENDED_BY_US = -9


class CampaignBroken(Exception):
    """The program died by itself, or said something that is no answer: not a lost scan, but a bug."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a campaign came to. Tuples of codes; `kind` tells where a lost code is missing."""

    kills: int
    kills_of_sync: int
    lines: int
    fed_again: int
    fed_again_and_known: int  # the kill fell between the commit and its line
    promises: int
    seconds: float
    ledger_codes: int
    lost: tuple[str, ...]
    double: tuple[str, ...]
    strangers: tuple[str, ...]
    unfinished: int
    refused: int

    @property
    def kept(self) -> bool:
        """True if every promise was kept."""
        return not (self.lost or self.double or self.strangers or self.unfinished or self.refused)


class Campaign:
    """One data folder and one hospital under fire."""

    def __init__(self, hospital: SandboxProcess, folder: Path, seed: int, program: Sequence[str]) -> None:
        self._hospital = hospital
        self._data = folder / "data"
        self._feed_file = folder / "feed.txt"
        self._rng = random.Random(seed)
        self._program = tuple(program)
        self._common = ("--data-dir", str(self._data), "--server", hospital.url)
        self.kills = self.kills_of_sync = self.fed_again = self.lines = 0

    def run(self, kills: int, codes: int) -> Report:
        """Fetch the delivery, feed it under fire, let it come to rest, compare."""
        began = time.monotonic()
        self._sync_to_rest()
        goods = goods_of(self._hospital.deliveries()[DELIVERY]["packages"])
        truth = Truth(goods)
        self._hospital.faults(FAULTS)
        left = make_feed(goods, codes, self._rng)
        while left or self.kills < kills:
            to_come = kills - self.kills
            if to_come and (not left or self._rng.random() < SYNC_SHARE):
                self._life_of_sync()
            else:
                left = left[self._life_of_receive(left, truth, to_come) :]
        self._hospital.faults({})
        self._sync_to_rest()
        return self._report(goods, truth, time.monotonic() - began)

    def _life_of_receive(self, left: Sequence[str], truth: Truth, to_come: int) -> int:
        """Feed what is left until the kill (or, when none is to come, to the end); how many inputs were answered."""
        self._feed_file.write_text("\n".join(left) + "\n", encoding="ascii")
        lines_to_live = self._rng.randint(0, 2 * len(left) // to_come) if to_come else len(left) + 1
        command = ("receive", "--delivery", DELIVERY, "--operator", "1001", *self._common, str(self._feed_file))
        answered = 0
        with self._start(command) as process:
            assert process.stdout is not None
            if lines_to_live == 0:
                self._kill_after(process, self._rng.uniform(0.1, 0.7))
            for raw in process.stdout:
                answer = _whole(raw)
                if answer is None or answer["kind"] == "end":
                    break
                self._take(truth, left[answered], answer, fed_again=answered == 0 and self.fed_again > 0)
                answered += 1
                if answered == lines_to_live:
                    self._kill_after(process, self._rng.uniform(0, 0.006))
            self._end(process)
        if answered < len(left):
            self.fed_again += 1
        self.lines += answered
        return answered

    def _take(self, truth: Truth, line: str, answer: Mapping[str, object], *, fed_again: bool) -> None:
        try:
            truth.take(line, answer, fed_again=fed_again)
        except ValueError as error:
            raise CampaignBroken(str(error)) from error

    def _life_of_sync(self) -> None:
        with self._start(("sync", "--until-empty", *self._common)) as process:
            before = self.kills
            self._kill_after(process, self._rng.uniform(0.2, 0.8))
            self.kills_of_sync += self.kills - before
            self._end(process)

    def _sync_to_rest(self) -> None:
        """Raises CampaignBroken if the queue does not empty."""
        with self._start(("sync", "--until-empty", "--limit", str(LIMIT_S), *self._common)) as process:
            out, complaint = process.communicate(timeout=2 * LIMIT_S)
            if process.returncode:
                raise CampaignBroken(f"sync ended with {process.returncode}: {complaint.decode()} {out.decode()}")

    def _start(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "MATOU_PIN": "1234"}
        return subprocess.Popen(
            (*self._program, *words), cwd=ROOT, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def _kill_after(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        if process.poll() is None:
            process.kill()
            self.kills += 1

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        _, complaint = process.communicate(timeout=LIMIT_S)
        if process.returncode not in (0, ENDED_BY_US):
            raise CampaignBroken(f"the program ended with {process.returncode}: {complaint.decode()}")

    def _report(self, goods: Goods, truth: Truth, seconds: float) -> Report:
        store = _Store(self._data / "matou.db")
        rows = self._hospital.ledger(DELIVERY)["codes"]
        ledger = {str(row["code"]) for row in rows if row["state"] == "in"}
        wanted = truth.packs_in()
        lost = {
            "printed, not in the store": {one.code for one in truth.promises if (one.seq, one.code) not in store.kept},
            "in force, not in the ledger": wanted - ledger,
            "in force, not in the store": wanted - store.packs,
            "in the ledger, not in the store": ledger - store.packs,
        }
        double = [str(row["code"]) for row in rows if row["times"] != 1]
        strangers = (ledger | store.packs) - wanted
        strangers |= {str(row["code"]) for row in rows} - truth.packs_shot()
        if store.received != len(store.packs):
            raise CampaignBroken(f"the store counts {store.received} packs and holds {len(store.packs)}")
        return Report(
            kills=self.kills,
            kills_of_sync=self.kills_of_sync,
            lines=self.lines,
            fed_again=self.fed_again,
            fed_again_and_known=truth.refed_and_known,
            promises=len(truth.promises),
            seconds=round(seconds, 1),
            ledger_codes=len(ledger),
            lost=tuple(sorted(f"{code} {where}" for where, codes in lost.items() for code in codes)),
            double=tuple(sorted([*double, *store.counted_twice])),
            strangers=tuple(sorted(strangers)),
            unfinished=store.unfinished,
            refused=store.refused,
        )


class _Store:
    """The device's own file, read as any tool would read it."""

    def __init__(self, path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as file:
            rows = file.execute("SELECT seq, code FROM entries WHERE kind = 'scan' AND counted = 1").fetchall()
            self.kept = {(int(seq), str(code)) for seq, code in rows}
            self.packs = {str(row[0]) for row in file.execute("SELECT DISTINCT pack FROM holds")}
            self.received = int(file.execute("SELECT coalesce(sum(received), 0) FROM receipt_lines").fetchone()[0])
            self.counted_twice = tuple(
                str(row[0])
                for row in file.execute(
                    "SELECT code FROM entries WHERE kind = 'scan' AND in_force = 1 GROUP BY code HAVING count(*) > 1"
                )
            )
            states = dict(file.execute("SELECT state, count(*) FROM sync_outbox GROUP BY state").fetchall())
        self.refused = int(states.pop("refused", 0))
        states.pop("accepted", None)
        self.unfinished = sum(states.values())


def _whole(raw: bytes) -> dict[str, object] | None:
    """A printed line; None for the torn end of a killed program's output."""
    if not raw.endswith(b"\n"):
        return None
    answer: dict[str, object] = json.loads(raw)
    return answer


def run_campaign(
    kills: int, seed: int, folder: Path, *, codes: int = 2_000, program: Sequence[str] = PROGRAM
) -> Report:
    """Run one campaign in an empty folder, with a sandbox of its own.

    `codes`: boxes fed, at most 2,000. Raises CampaignBroken if the program fails in another way than by our kill.
    """
    with SandboxProcess(size="large") as hospital:
        return Campaign(hospital, folder, seed, program).run(kills, codes)


def main() -> int:
    """The large size."""
    parser = argparse.ArgumentParser(prog="kill_campaign")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--codes", type=int, default=2_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = run_campaign(args.kills, args.seed, Path(folder), codes=args.codes)
    sys.stdout.write(json.dumps({"seed": args.seed, "kept": report.kept} | asdict(report)) + "\n")
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
