"""The figures: every bare program run alternately with ours, median and spread of both, and the median of the ratios.

`run.py [NAMES] [--runs N] [--kill] [--kills N] [--campaign] [--power] [--receipts] [--seed N] [--count N]` prints a
table and writes out/bench/NAME.json. Exit status: 0; 3 a target was missed (the last lines say which); 1 a measurement
failed.
Absolute times are only reported: the machine is not ours alone. One thread; every run is a process of its own,
in a folder of its own on the disk of the checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import run_campaign
import run_packages
import run_sync
import run_voucher
import run_wire
from measuring import OUT, PYTHON, Measure, both, folder, late, middle, of, report, run, surroundings, wire

from tests.fixtures.sandbox import ROOT, SandboxProcess

EXIT_MISSED = 3
DRAIN_CODES, DRAIN_BATCH = 20_000, 500
FRAME_MS, TWO_FRAMES_MS = 16.7, 33
WIRE_SCANS, WIRE_A_SECOND = 200, 20  # as ours_window.py times them
OTHER_DECODERS = frozenset(f"shared_found_{name}" for name in ("pyzbar", "libdmtx", "opencv"))


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES)}; default: all")
    parser.add_argument("--runs", type=int, default=7, help="pairs of runs")
    parser.add_argument("--kill", action="store_true", help="the large kill campaign, too")
    parser.add_argument("--kills", type=int, default=300)
    run_campaign.add_options(parser)
    args = parser.parse_args()
    wrong = [name for name in args.names if name not in FIGURES]
    if wrong or args.runs < 1:
        parser.error(f"not known: {' '.join(wrong)}" if wrong else "--runs is 1 or more")
    names = args.names or ([] if args.kill or run_campaign.asked(args) else list(FIGURES))
    missed: list[str] = []
    for name in names:
        measures = FIGURES[name](args.runs)
        missed += report(name, args.runs, measures)
    if args.kill:
        missed += kill(args.kills)
    missed += run_campaign.run_asked(args)
    for line in missed:
        print(f"missed: {line}")
    return EXIT_MISSED if missed else 0


# ---------------------------------------------------------------------------------------------------- the figures


def commit(runs: int) -> list[Measure]:
    """A scan's commit against sqlite3 alone writing the same rows."""
    ours, bare = [], []
    for _ in range(runs):
        with folder() as place:
            ours.append(run("ours_scans.py", "commit", place))
            bare.append(run("bare_commit.py", place))
    return [
        both("transaction p50", ours, bare, "transaction", middle, 2.5),
        both("transaction p99", ours, bare, "transaction", late, 2.5),
        both("whole answer p50", ours, bare, "answer", middle, against="transaction"),
        both("whole answer p99", ours, bare, "answer", late, against="transaction"),
    ]


def importing(runs: int) -> list[Measure]:
    """Scans at 200 a second while 100,000 rows are taken in; once more through the real engine."""
    ours, bare = [], []
    for _ in range(runs):
        with folder() as place:
            ours.append(run("ours_scans.py", "import", place))
            bare.append(run("bare_import.py", place))
    with folder() as place:
        synced = run("ours_scans.py", "import-synced", place)
    lost = [value for one in (*ours, synced) for value in one["lost"]]
    return [
        Measure("scans lost", "", tuple(lost), target=0),
        both("wait of a scan p50", ours, bare, "wait", middle),
        both("wait of a scan p99", ours, bare, "wait", late, note=f"one frame is {FRAME_MS} ms"),
        both("import", ours, bare, "import_s", middle, unit="s"),
        Measure("wait of a scan p99, real engine", "ms", (late(synced["wait"]),), note=f"{len(synced['wait'])} scans"),
        Measure("import, real engine", "s", (middle(synced["import_s"]),)),
    ]


def requests(runs: int) -> list[Measure]:
    """Requests for 200 scans in 20 seconds. The count hardly varies, so three runs at the most."""
    found = []
    for _ in range(min(runs, 3)):
        with folder() as place, SandboxProcess(size="large") as hospital:
            found.append(run("ours_wire.py", "requests", place, *wire(hospital, "DEMO-20261122-20", 200)))
    return [
        Measure("requests in the 20 s", "", of(found, "requests", max), target=12),
        Measure("requests until all are accepted", "", of(found, "until_all_accepted", max), target=12),
    ]


def million(runs: int) -> list[Measure]:
    """The same scans with a million codes on board and with none; here the bare run is our own small file."""
    big, small = [], []
    with folder() as large, folder() as little:
        built = run("ours_scans.py", "build-million", large, "--rows", "1000000")
        run("ours_scans.py", "build-million", little, "--rows", "0")
        for number in range(runs):
            scans = ("--scans", "500", "--first", str(500 * number))
            big.append(run("ours_scans.py", "million", large, *scans))
            small.append(run("ours_scans.py", "million", little, *scans))
    return [
        both("whole answer p50", big, small, "answer", middle, 1.3),
        both("reading of the facts p50", big, small, "reading", middle),
        both("whole answer p99", big, small, "answer", late),
        Measure("building the big file", "s", of([built], "build_s", max)),
    ]


def long(runs: int) -> list[Measure]:
    """The last boxes of a receipt of ten thousand against its first ones: an answer must not slow down."""
    found = []
    for _ in range(runs):
        with folder() as place:
            found.append(run("ours_scans.py", "long", place, "--scans", "10000"))
    last, first = of(found, "last", middle), of(found, "first", middle)
    return [Measure("answer without commit p50", "ms", last, first, 1.3, "bare: the first 500 of the same run")]


def drain(runs: int) -> list[Measure]:
    """A queue of 20,000, by time and as codes a second; the rate is only reported."""
    ours, bare = [], []
    for _ in range(runs):
        with folder() as place:
            with SandboxProcess() as hospital:
                hospital.seed({"generate": {"boxes": DRAIN_CODES, "delivery": "BENCH-03"}})
                ours.append(run("ours_wire.py", "drain", place, *wire(hospital, "BENCH-03", DRAIN_CODES)))
            with SandboxProcess() as hospital:
                hospital.seed({"generate": {"boxes": DRAIN_CODES, "delivery": "BENCH-03"}})
                bare.append(run("bare_drain.py", place, hospital.url, str(DRAIN_BATCH)))
    return [
        both("time for each code", ours, bare, "code_us", middle, 1.5, unit="us"),
        both("codes a second", ours, bare, "codes_per_s", middle, unit="/s"),
        both("with the pull after it", ours, bare, "with_pull_codes_per_s", middle, unit="/s", against="codes_per_s"),
    ]


def kill(kills: int) -> list[str]:
    """The large campaign; what was missed."""
    words = [*PYTHON, "-m", "tests.journeys.kill_campaign", "--kills", str(kills)]
    done = subprocess.run(words, cwd=ROOT, env=surroundings(), stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"the kill campaign ended with {done.returncode}")
    found = json.loads(done.stdout)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "kill.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(
        f"kill: {found['kills']} kills ({found['kills_of_sync']} of sync), {found['lines']} lines, "
        f"{found['promises']} promises, {found['fed_again_and_known']} fed again and known, {found['seconds']} s, "
        f"lost {len(found['lost'])}, double {len(found['double'])}, strangers {len(found['strangers'])}, "
        f"unfinished {found['unfinished']}, refused {found['refused']} (seed {found['seed']})"
    )
    return [] if found["kept"] else ["kill: a promise was broken, see kill.json"]


def ui_first_paint(runs: int) -> list[Measure]:
    """The real window, from the start of its process, against an empty one. The clock starts in this process."""
    ours, bare = [], []
    for _ in range(runs + 1):
        with folder() as place:
            run("ours_scans.py", "build-million", place, "--rows", "0")
            ours.append(run("ours_start.py", str(time.monotonic()), str(Path(place) / "data")))
            bare.append(run("bare_window.py", str(time.monotonic())))
    del ours[0], bare[0]  # the first run reads everything from the disk
    return [
        both("first paint", ours, bare, "paint_ms", middle, 2.5),
        both("ready to scan", ours, bare, "ready_ms", middle, 5, against="paint_ms"),
        both("first paint, of the processor", ours, bare, "paint_cpu_ms", middle),
        both("ready to scan, of the processor", ours, bare, "ready_cpu_ms", middle, against="paint_cpu_ms"),
        both("memory when ready", ours, bare, "memory_mb", middle, 3, unit="MB"),
    ]


def ui_wire_to_paint(runs: int) -> list[Measure]:
    """From the bytes on the wire to the painted verdict, with a million codes on board; and nothing lost when fast."""
    with folder() as place:
        run("ours_scans.py", "build-million", place, "--rows", "1000000")
        os.sync()  # the writing of so large a file is not part of a scan
        found, bare = [], []
        for number in range(runs):
            found.append(run("ours_window.py", "wire", place, "--first", str(700 * number)))
            bare.append(run("bare_wire.py", place, str(WIRE_SCANS), str(WIRE_A_SECOND)))
    every = [value for one in found for value in one["paint_ms"]]
    return [
        Measure("lost, 200 a second", "", of(found, "lost", max), target=0),
        Measure("wire to paint p50, 20 a second", "ms", of(found, "paint_ms", middle)),
        Measure("wire to paint p99, worst run", "ms", of(found, "paint_ms", late), target=FRAME_MS),
        Measure("wire to paint p99, all scans", "ms", (late(every),), note=f"{len(every)} scans, reported only"),
        Measure("of it to the commit p50", "ms", of(found, "commit_ms", middle)),
        both("of it to the commit p99", found, bare, "commit_ms", late, note="the disk's part; bare: a commit alone"),
        Measure("of it to the paint p50", "ms", of(found, "draw_ms", middle)),
        Measure("of it to the paint p99", "ms", of(found, "draw_ms", late), note="the window's part"),
    ]


def ui_frames(runs: int) -> list[Measure]:
    """Milliseconds from frame to frame while a list of 10,000 rows scrolls, alone and while a manifest comes in."""
    alone, busy = [], []
    for _ in range(min(runs, 3)):
        with folder() as place:
            run("ours_scans.py", "build-million", place, "--rows", "0")
            alone.append(run("ours_window.py", "scroll", place))
        with folder() as place, SandboxProcess(size="large") as hospital:
            hospital.seed({"generate": {"boxes": 100_000, "delivery": "BENCH-03"}})
            busy.append(run("ours_window.py", "import", place, "--server", hospital.url, "--rows", "100000"))
    return [
        Measure("scrolling p99", "ms", of(alone, "frame_ms", late), target=TWO_FRAMES_MS),
        Measure("scrolling while 100,000 come in p50", "ms", of(busy, "frame_ms", middle)),
        Measure("scrolling while 100,000 come in p99", "ms", of(busy, "frame_ms", late), target=TWO_FRAMES_MS),
        Measure("the import meanwhile", "s", of(busy, "import_s", max)),
    ]


def recognise(runs: int) -> list[Measure]:
    """The reading of one code against biip alone, and against one regular expression; and a million odd strings."""
    ours, bare = [], []
    for _ in range(runs):
        with folder() as place:
            ours.append(run("ours_recognise.py", "speed", place))
            bare.append(run("bare_recognise.py", place))
    odd = run("ours_recognise.py", "fuzz", "1")
    return [
        both("a GS1 message", ours, bare, "gs1_us", middle, 1.25, unit="us", note="0.8 of biip's speed"),
        both("a 20-digit code", ours, bare, "trace_us", middle, unit="us", note="reported only"),
        Measure("20-digit codes a second", "/s", of(ours, "trace_per_s", min), note="100,000 are asked for"),
        Measure("of 1,000,000 odd strings read wrongly", "", of([odd], "faults", max), target=0),
    ]


def framing(_: int) -> list[Measure]:
    """A million codes under each of the four usual suffix rules, and twenty thousand from the line to the disk."""
    with folder() as place:
        cut = run("ours_framing.py", "framing", place, "--codes", "1000000")
        stored = run("ours_framing.py", "path", place, "--codes", "20000")
    return [
        Measure("codes changed, lost or made up of 4,000,000", "", of([cut], "wrong", max), target=0),
        Measure("codes cut a second", "/s", of([cut], "per_s", min)),
        Measure("codes wrong on the disk of 20,000", "", of([stored], "wrong", max), target=0),
        Measure("codes a second from the line to the disk", "/s", of([stored], "per_s", min)),
    ]


def relation_file(runs: int) -> list[Measure]:
    """A relation file of a million boxes, read and checked, against expat and sqlite3 alone; only reported."""
    ours, bare = [], []
    with folder() as place:
        for _ in range(runs):
            ours.append(run("ours_relation_file.py", place, "1000000"))
            bare.append(run("bare_relation_file.py", place))
    return [
        both("reading and checking", ours, bare, "took_s", middle, unit="s"),
        Measure("memory at its highest", "MB", of(ours, "peak_mb", max), target=160),
    ]


def camera(runs: int) -> list[Measure]:
    """Frames through the decoder against zxing-cpp alone; 6,000 worn labels and seven photographs, each once."""
    with folder() as place:
        run("ours_camera.py", "draw", place)
        pairs = [(run("ours_camera.py", "frames", place), run("bare_camera.py", place)) for _ in range(runs)]
        known = {**run("ours_camera.py", "labels", place), **run("ours_camera.py", "photo", place)}
    ours, bare = [one for one, _ in pairs], [one for _, one in pairs]
    targets = {
        "Code128_missed_percent": 0.5,
        "Code128_invented": 0,
        "DataMatrix_invented": 0,
        "shared_invented_ours": 0,
    }
    units = {name: "%" if name.endswith("percent") else "s" if name.endswith("_s") else "" for name in known}
    others = [value for name, (value, *_) in known.items() if name in OTHER_DECODERS]
    best = Measure(
        "labels of the best other, of ours", "", (max(others, default=0),), tuple(known["shared_found_ours"])
    )
    return [
        both("a frame, of the processor", ours, bare, "frame_ms", middle, 1 / 0.9),
        *(Measure(name, units[name], tuple(known[name]), target=targets.get(name)) for name in known),
        *([replace(best, target=0.99)] if others else []),
    ]


FIGURES: Mapping[str, Callable[[int], list[Measure]]] = {
    "commit": commit,
    "import": importing,
    "requests": requests,
    "million": million,
    "long": long,
    "drain": drain,
    "camera": camera,
    "framing": framing,
    "recognise": recognise,
    "relation_file": relation_file,
    "wedge": lambda _: [Measure(name, "", tuple(found)) for name, found in run("ours_wedge.py", "all").items()],
    "ui_first_paint": ui_first_paint,
    "ui_wire_to_paint": ui_wire_to_paint,
    "ui_frames": ui_frames,
    **run_packages.FIGURES,
    **run_wire.FIGURES,
    **run_sync.FIGURES,
    **run_voucher.FIGURES,
}


if __name__ == "__main__":
    sys.exit(main())
