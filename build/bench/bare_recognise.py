"""Bare, for `recognise`: biip alone parses the GS1 messages, one regular expression alone the 20-digit codes."""

import json
import re
import sys
import time
from pathlib import Path

from biip.gs1_messages import GS1Message

TRACE = re.compile(r"8[0-9]{19}")


def main() -> None:
    """Argument: the folder with codes.json, as the run of ours wrote it."""
    codes = json.loads((Path(sys.argv[1]) / "codes.json").read_text())
    began = time.perf_counter()
    for text in codes["gs1"]:
        GS1Message.parse(text)
    gs1_s = time.perf_counter() - began
    began = time.perf_counter()
    for text in codes["trace20"]:
        TRACE.fullmatch(text)
    trace_s = time.perf_counter() - began
    print(json.dumps({"gs1_us": gs1_s / len(codes["gs1"]) * 1e6, "trace_us": trace_s / len(codes["trace20"]) * 1e6}))


main()
