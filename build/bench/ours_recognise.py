"""Ours, for the figure `recognise`: the reading of codes, and a large heap of strings that no scanner would send.

Called by run.py as a program of its own; prints one JSON line with microseconds for each reading. One thread.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path

from app.domain.codes import GS, read
from tests.domain.code_fuzz import fault_of, strings

PRODUCTS, MESSAGES, CODES = 500, 20_000, 200_000
GTINS = ("09529999001016", "09529999002020", "09529999003034", "09529999004048", "19529999002027", "29529999001010")


def main() -> int:
    """One measurement; `speed` leaves its codes in the folder for the bare run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("speed", "fuzz"))
    parser.add_argument("place", help="speed: a folder; fuzz: the seed")
    parser.add_argument("--count", type=int, default=1_000_000)
    args = parser.parse_args()
    print(json.dumps(speed(Path(args.place)) if args.what == "speed" else fuzz(int(args.place), args.count)))
    return 0


def speed(folder: Path) -> dict[str, float]:
    """Boxes of many products and batches, each with a serial of its own; and plain 20-digit codes."""
    chance = random.Random(7)
    heads = [
        f"01{chance.choice(GTINS)}17{chance.randint(26, 32)}{chance.randint(1, 12):02}{chance.randint(0, 28):02}"
        f"10B{chance.randrange(10**7):07}"
        for _ in range(PRODUCTS)
    ]
    gs1 = [f"{chance.choice(heads)}{GS}21{chance.randrange(10**12):012}" for _ in range(MESSAGES)]
    trace20 = [f"8999{chance.randrange(10**16):016}" for _ in range(CODES)]
    (folder / "codes.json").write_text(json.dumps({"gs1": gs1, "trace20": trace20}), encoding="utf-8")
    trace_us = each(trace20)
    return {"gs1_us": each(gs1), "trace_us": trace_us, "trace_per_s": 1e6 / trace_us}


def each(texts: list[str]) -> float:
    """Microseconds of one reading."""
    began = time.perf_counter()
    for text in texts:
        read(text)
    return (time.perf_counter() - began) / len(texts) * 1e6


def fuzz(seed: int, count: int) -> dict[str, int]:
    """How many of so many strings are read wrongly; the first of them on standard error."""
    faults = [(text, fault) for text in strings(seed, count) if (fault := fault_of(text)) is not None]
    for text, fault in faults[:10]:
        print(f"{text!r}: {fault}", file=sys.stderr)
    return {"faults": len(faults)}


if __name__ == "__main__":
    sys.exit(main())
