"""Schedules by the hundred: each seed is a day of its own (`campaign_schedule`), and each can be lived through alone.

`python -m tests.campaign.schedule_campaign --seed N --count M` lives through the seeds N to N+M-1, in processes of
their own; whatever fails is printed with its seed at once. The last line of standard output is the report, exit status
1 if a promise was broken. Small in the tests, large with `build/dev.py bench --campaign`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.campaign.campaign_schedule import Report, Schedule, Stage
from tests.fixtures.sandbox import ROOT

MEMORY = Path("/dev/shm")
"""Where there is one: what a lost sync does is the question of `power_campaign`, and here each would cost time."""


@dataclass(slots=True)
class Sum:
    """What all schedules came to."""

    seed: int
    count: int
    lived: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    broken: dict[str, list[str]] = field(default_factory=dict)  # seed → words

    def take(self, report: Report) -> None:
        """One schedule more."""
        self.lived += 1
        self.add(report.counts)
        if report.broken:
            self.broken[str(report.seed)] = report.broken[:10]

    def add(self, counts: Mapping[str, int]) -> None:
        self.counts = dict(Counter(self.counts) + Counter(counts))


def live(seeds: Iterable[int]) -> Iterator[Report]:
    """One schedule after the other, in this process. A schedule that ends in an exception is broken, too."""
    logging.disable()  # a dying program says so, thousands of times
    try:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="matou-campaign-") as place:
            stage = Stage(Path(place))
            for seed in seeds:
                schedule = Schedule(stage, Path(place) / str(seed), seed)
                try:
                    yield schedule.run()
                except Exception:
                    schedule.report.broken.append(traceback.format_exc(limit=-4))
                    yield schedule.report
    finally:
        logging.disable(logging.NOTSET)


def run_campaign(seed: int, count: int, jobs: int) -> Sum:
    """So many seeds from `seed` on, shared by so many processes."""
    began, found = time.monotonic(), Sum(seed, count)
    words = [sys.executable, "-m", "tests.campaign.schedule_campaign", "--seed", str(seed), "--count", str(count)]
    children = [
        subprocess.Popen(
            [*words, "--jobs", str(jobs), "--job", str(job)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for job in range(jobs)
    ]  # fmt: skip
    for child in children:
        out, _ = child.communicate()
        if child.returncode not in (0, 1) or not out:
            raise RuntimeError(f"a part of the campaign ended with {child.returncode}")
        part = json.loads(out.splitlines()[-1])
        found.lived += part["lived"]
        found.add(part["counts"])
        found.broken |= part["broken"]
    found.seconds = round(time.monotonic() - began, 1)
    return found


def _part(args: argparse.Namespace) -> Sum:
    """The share of one process; what fails is said at once."""
    began, found = time.monotonic(), Sum(args.seed, args.count)
    for report in live(range(args.seed + args.job, args.seed + args.count, args.jobs)):
        found.take(report)
        if report.broken:
            sys.stderr.write(f"campaign: seed {report.seed}: {'; '.join(report.broken[:5])}\n")
            sys.stderr.flush()
            if args.stop:
                break
    found.seconds = round(time.monotonic() - began, 1)
    return found


def main() -> int:
    """The large size."""
    parser = argparse.ArgumentParser(prog="schedule_campaign")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--job", type=int, default=None, help="only this share of them, in this process")
    parser.add_argument("--stop", action="store_true", help="with --job: at the first that fails")
    args = parser.parse_args()
    found = run_campaign(args.seed, args.count, args.jobs) if args.job is None else _part(args)
    sys.stdout.write(json.dumps(asdict(found) | {"kept": not found.broken}) + "\n")
    return 1 if found.broken else 0


if __name__ == "__main__":
    sys.exit(main())
