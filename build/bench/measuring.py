"""What every figure is measured with: a run of a program, median and spread, the table and the file. One thread.

Imported by run.py and run_*.py, which are run from this folder.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fixtures.sandbox import ROOT, SandboxProcess

HERE = Path(__file__).resolve().parent
OUT = ROOT / "out" / "bench"
PYTHON = (sys.executable, "-X", "utf8")
Values = Mapping[str, list[float]]


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table. `target` bounds the median ratio, or our own worst value where `bare` is empty."""

    name: str
    unit: str
    ours: tuple[float, ...]
    bare: tuple[float, ...] = ()
    target: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Median of the pairwise ratios."""
        return statistics.median(a / b for a, b in zip(self.ours, self.bare, strict=True)) if self.bare else None

    @property
    def met(self) -> bool:
        """True if there is no target or it is kept."""
        reached = max(self.ours) if self.ratio is None else self.ratio
        return self.target is None or reached <= self.target


class folder(tempfile.TemporaryDirectory[str]):  # noqa: N801 - used like a function
    """A folder on the disk of the checkout: the temporary one may be memory, where fsync costs nothing."""

    def __init__(self) -> None:
        OUT.mkdir(parents=True, exist_ok=True)
        super().__init__(dir=OUT, prefix="run-")


def wire(hospital: SandboxProcess, delivery: str, codes: int) -> tuple[str, ...]:
    """Where the hospital is and what to scan."""
    where = ("--server", hospital.url, "--control", hospital.control)
    return (*where, "--delivery", delivery, "--codes", str(codes))


def run(program: str, *words: str) -> Values:
    """The one JSON line of a program, every value as a list. A program that fails ends the bench."""
    done = subprocess.run(
        [*PYTHON, str(HERE / program), *words], cwd=ROOT, env=surroundings(), stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(f"{program} {words[0]} ended with {done.returncode}")
    found: dict[str, float | list[float]] = json.loads(done.stdout)
    return {name: value if isinstance(value, list) else [value] for name, value in found.items()}


def surroundings() -> dict[str, str]:
    """The environment in which the checkout's packages are found, compiled once, as an installed program is."""
    ours = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(OUT / "bytecode"), "QT_QPA_PLATFORM": "offscreen"}
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | ours


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def late(values: Sequence[float]) -> float:
    """The 99th percentile."""
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]


def of(found: Sequence[Values], name: str, how: Callable[[Sequence[float]], float]) -> tuple[float, ...]:
    """One number of each run."""
    return tuple(how(one[name]) for one in found)


def both(
    name: str, ours: Sequence[Values], bare: Sequence[Values], key: str, how: Callable[[Sequence[float]], float],
    target: float | None = None, *, unit: str = "ms", against: str | None = None, note: str = "",
) -> Measure:  # fmt: skip
    """One number of each run of ours beside the same of each bare run."""
    return Measure(name, unit, of(ours, key, how), of(bare, against or key, how), target, note)


def report(name: str, runs: int, measures: Sequence[Measure]) -> list[str]:
    """Print the table, write the file; what was missed."""
    print(f"{name}\n  {'':34}runs  {'ours: median (min-max)':30}{'bare: median (min-max)':30}ratio")
    for one in measures:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        bound = "" if one.target is None else f"target {one.target:g} {'met' if one.met else 'MISSED'}"
        sides = f"{spread(one.ours, one.unit):30}{spread(one.bare, one.unit):30}{ratio} {bound} {one.note}"
        print(f"  {one.name:34}{len(one.ours):4}  {sides}".rstrip())
    rows = [asdict(one) | {"ratio": one.ratio, "met": one.met} for one in measures]
    text = json.dumps({"figure": name, "runs": runs, "measures": rows}, indent=1)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return [f"{name}: {one.name}" for one in measures if not one.met]


def spread(values: Sequence[float], unit: str) -> str:
    """`1.10 (0.98-1.31) ms`."""
    if not values:
        return ""
    low, high = min(values), max(values)
    digits = 0 if high >= 100 or not unit else 2
    return f"{middle(values):.{digits}f} ({low:.{digits}f}-{high:.{digits}f}) {unit}"
