"""The large campaigns that go through a module of the tests: schedules of two devices, histories of a receipt, and
power cuts. One thread."""

from __future__ import annotations

import argparse
import json
import subprocess
from typing import Any

from measuring import OUT, PYTHON, surroundings

from tests.fixtures.sandbox import ROOT


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("--campaign", action="store_true", help="the large campaign of schedules, too")
    parser.add_argument("--power", action="store_true", help="the large campaign of power cuts, too")
    parser.add_argument("--receipts", action="store_true", help="the large campaign of a receipt's histories, too")
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule or history, or of the power cuts")
    parser.add_argument("--count", type=int, help="schedules, histories (10,000) or power cuts (1,000)")


def asked(args: argparse.Namespace) -> bool:
    """True if any of these was asked for."""
    return bool(args.campaign or args.power or args.receipts)


def run_asked(args: argparse.Namespace) -> list[str]:
    """Run what was asked for; what was missed."""
    missed = campaign(args.seed, args.count or 10_000) if args.campaign else []
    missed += receipts(args.seed, args.count or 10_000) if args.receipts else []
    return missed + (power(args.seed, args.count or 1_000) if args.power else [])


def campaign(seed: int, count: int) -> list[str]:
    """Schedules; one that fails is printed with its seed at once, and can be run alone with `--count 1`."""
    found = _report("campaign", "tests.campaign.schedule_campaign", "--seed", str(seed), "--count", str(count))
    counts = ", ".join(f"{number} {name}" for name, number in sorted(found["counts"].items()))
    print(f"campaign: {found['lived']} schedules from seed {seed}, {found['seconds']} s: {counts}")
    return [f"campaign: seed {one}: {'; '.join(words[:3])}" for one, words in found["broken"].items()]


def receipts(seed: int, count: int) -> list[str]:
    """Histories of one receipt on two devices; one that differs from the model can be run alone with `--count 1`."""
    found = _report("receipts", "tests.campaign.receipt_campaign", "--seed", str(seed), "--count", str(count))
    counts = ", ".join(f"{number} {name}" for name, number in sorted(found["counts"].items()))
    print(f"receipts: {found['lived']} histories from seed {seed}, {found['seconds']} s: {counts}")
    return [f"receipts: seed {one}: {'; '.join(words[:3])}" for one, words in found["broken"].items()]


def power(seed: int, points: int) -> list[str]:
    """Power cuts of one recorded sitting."""
    found = _report("power", "tests.campaign.power_campaign", "--seed", str(seed), "--points", str(points))
    counts = ", ".join(f"{found[name]} {name}" for name in ("calls", "syncs", "folds", "fed", "said"))
    print(f"power: {found['points']} cuts (seed {seed}), {found['seconds']} s: {counts}, broken {len(found['broken'])}")
    return [f"power: seed {seed}: {words}" for words in found["broken"][:20]]


def _report(name: str, module: str, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [*PYTHON, "-m", module, *words], cwd=ROOT, env=surroundings(), stdout=subprocess.PIPE, check=False
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"the {name} campaign ended with {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found
