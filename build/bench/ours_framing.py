"""Ours, for the figure `framing`: codes through the framer, and from a real line to the disk. Prints one JSON line.

The codes are made from a fixed seed; every one that comes back is held against the one that was sent.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tests.devices.framing_campaign import codes_unchanged
from tests.devices.path_campaign import scan_all


def main() -> int:
    """One measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("framing", "path"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--codes", type=int, required=True)
    args = parser.parse_args()
    began_s = time.perf_counter()
    found = framing(args.codes) if args.what == "framing" else path(args.folder, args.codes)
    took_s = time.perf_counter() - began_s
    sys.stdout.write(json.dumps({**found, "per_s": [found["came"][0] / took_s]}) + "\n")
    return 0


def framing(count: int) -> dict[str, list[float]]:
    """All suffix rules, `count` codes each."""
    found = codes_unchanged(count=count, seed=20261122).values()
    return {"came": [sum(came for came, _ in found)], "wrong": [sum(wrong for _, wrong in found)]}


def path(folder: Path, count: int) -> dict[str, list[float]]:
    """Two scanners, from the bytes on the line to the rows on the disk."""
    found = scan_all(folder, count)
    wrong = found["missing"] + found["made_up"] + found["disordered"] + found["notes"] + count - found["counted"]
    return {"came": [found["stored"]], "wrong": [wrong]}


if __name__ == "__main__":
    sys.exit(main())
