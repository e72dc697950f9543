"""The figures of packages: pallets, look-ups, bytes, a manifest coming in; and the hard deliveries. One thread."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from measuring import PYTHON, Measure, Values, both, folder, late, middle, of, run, surroundings

from tests.fixtures.sandbox import ROOT

FRAME_MS = 16.7
SIZES = (100_000, 1_000_000, 5_000_000)
SLOWER = 1.5  # than the logarithm of the number of codes, a look-up may grow
IMPORT_ROWS = 100_000


def packages(runs: int) -> list[Measure]:
    """What packages cost: a pallet, a look-up, a byte, a row."""
    return [*pallets(runs), *lookups(runs), *sizes(runs), *coming_in(runs)]


def pallets(runs: int) -> list[Measure]:
    """A pallet of 10,000 boxes in three levels, against the one statement that it comes down to."""
    ours, bare = [], []
    for _ in range(runs):
        with folder() as place:
            ours.append(run("ours_packages.py", "pallet", place))
            bare.append(run("bare_pallet.py", place))
    return [
        both("pallet of 10,000, answered", ours, bare, "scan", middle, 3),
        both("pallet of 10,000, undone", ours, bare, "undo", middle, 3),
    ]


def receipt(runs: int) -> list[Measure]:
    """A delivery of 10,000 expected codes is opened, and closed when all are in, against its rows read and written."""
    ours, bare = [], []
    for _ in range(runs):
        with folder() as place:
            ours.append(run("ours_receipt.py", place))
            bare.append(run("bare_receipt.py", place, "RECEIPT-1-R1"))
    return [both(f"10,000 expected codes, {what}", ours, bare, what, middle, 4) for what in ("open", "close")]


def lookups(runs: int) -> list[Measure]:
    """`show` through a Reader in this process, and the facts of a scan; here the bare run is our own smallest file."""
    found: dict[int, list[Values]] = {size: [] for size in SIZES}
    measures = []
    with folder() as place:
        for size in SIZES:
            built = run("ours_packages.py", "build", f"{place}/{size}", "--codes", str(size))
            measures.append(Measure(f"file with {size:,} codes", "MB", of([built], "megabytes", max)))
        for number in range(runs):
            for size, answers in found.items():
                words = ("--codes", str(size), "--first", str(number))
                answers.append(run("ours_packages.py", "lookups", f"{place}/{size}", *words))
    smallest = SIZES[0]
    for what in ("show", "show_carton", "facts", "facts_carton"):
        for size, answers in found.items():
            bound = SLOWER * math.log(size) / math.log(smallest) if size != smallest else None
            measures.append(both(f"{what} p50, {size:,}", answers, found[smallest], what, middle, bound))
            measures.append(Measure(f"{what} p99, {size:,}", "ms", of(answers, what, late)))
    return measures


def sizes(runs: int) -> list[Measure]:
    """Bytes do not depend on the machine: three runs at the most."""
    found = []
    for _ in range(min(runs, 3)):
        with folder() as place:
            found.append(run("ours_packages.py", "size", place))
    return [
        Measure("a known code with its relation", "bytes", of(found, "known", max), target=150),
        Measure("a received code, more", "bytes", of(found, "received", max), target=560),
    ]


def coming_in(runs: int) -> list[Measure]:
    """A relay's manifest of 100,000 rows, without scans and with 200 a second, against sqlite3 in slices; the same told
    by the hospital's feed, and with serials that run on within a drug, as real ones do.
    """
    kinds = {
        "quiet": (), "busy": ("--busy",), "feed": ("--feed",), "running": ("--running",),
        "busy running": ("--busy", "--running"),
    }  # fmt: skip
    ours: dict[str, list[Values]] = {name: [] for name in kinds}
    bare: dict[str, list[Values]] = {name: [] for name in kinds}
    for _ in range(runs):
        for name, words in kinds.items():
            with folder() as place:
                ours[name].append(run("ours_packages.py", "import", place, "--codes", str(IMPORT_ROWS), *words))
                bare[name].append(run("bare_import.py", place))
    rates = tuple(IMPORT_ROWS / seconds for seconds in of(ours["quiet"], "import_s", max))
    lost = [value for name in ("busy", "busy running") for one in ours[name] for value in one["lost"]]
    note = f"one frame is {FRAME_MS} ms"
    return [
        both("import of 100,000 rows", ours["quiet"], bare["quiet"], "import_s", middle, 2, unit="s"),
        Measure("rows a second", "/s", rates),
        both("import while scans come", ours["busy"], bare["busy"], "import_s", middle, unit="s"),
        both("wait of a scan meanwhile p50", ours["busy"], bare["busy"], "wait", middle),
        both("wait of a scan meanwhile p99", ours["busy"], bare["busy"], "wait", late, note=note),
        both("import through the hospital's feed", ours["feed"], bare["feed"], "import_s", middle, 2, unit="s"),
        both("import of running serials", ours["running"], bare["running"], "import_s", middle, 2, unit="s"),
        both("wait of a scan, running, p99", ours["busy running"], bare["busy running"], "wait", late, note=note),
        Measure("scans lost meanwhile", "", tuple(lost), target=0),
    ]


def hard_deliveries(runs: int) -> list[Measure]:
    """Fifty hard deliveries for each seed from 1 to `runs`; a broken promise is printed."""
    found = [campaign(seed) for seed in range(1, runs + 1)]
    for one in found:
        for words in one["broken"]:
            print(f"  seed {one['seed']}: {words}")
    counts = ("deliveries", "boxes", "packages_shot", "packages_counted", "packages_stopped", "estimates",
              "boxes_unclear", "boxes_on_wrong_line", "conflicts", "ledger_codes")  # fmt: skip
    return [
        Measure("promises broken", "", tuple(float(len(one["broken"])) for one in found), target=0),
        *(Measure(name.replace("_", " "), "", tuple(float(one[name]) for one in found)) for name in counts),
        Measure("took", "s", tuple(one["seconds"] for one in found)),
    ]


def campaign(seed: int) -> dict[str, Any]:
    """The report of one campaign."""
    words = [*PYTHON, "-m", "tests.journeys.package_campaign", "--seed", str(seed), "--count", "50"]
    done = subprocess.run(words, cwd=ROOT, env=surroundings(), stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"the hard deliveries of seed {seed} ended with {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


FIGURES: Mapping[str, Callable[[int], list[Measure]]] = {
    "receipt": receipt,
    "packages": packages,
    "hard_deliveries": hard_deliveries,
}
