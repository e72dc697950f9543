"""`matou sync`: fetches and sends without a window; ends with one JSON line (contracts §3). Main thread."""

from __future__ import annotations

import argparse
import json
import sys

from app.base.crash import say_line
from app.base.errors import EXIT_DONE, EXIT_WORLD_SAID_NO
from app.base.options import add_data_options
from app.base.texts import Texts
from app.cli.program import call_of
from app.wiring import Program

DEFAULT_LIMIT_S = 60.0
_COUNTS = ("fetched", "sent", "accepted", "refused", "held", "unsure", "waiting")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sync`."""
    parser = subparsers.add_parser("sync", help="与前置机同步 (fetch and send)")
    add_data_options(parser, nested=True)
    parser.add_argument("--until-empty", action="store_true", help="直到没有待传 (until nothing waits)")
    parser.add_argument("--limit", type=_seconds, metavar="SECONDS", default=DEFAULT_LIMIT_S, help="最长秒数")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: done; 3: the hospital could not be reached, or not all was done within the limit."""
    call = call_of(args, "matou sync")
    with Program(call) as program:
        summary = program.engine().run_until_empty(limit_s=args.limit, until_empty=args.until_empty)
    line = {name: getattr(summary, name) for name in _COUNTS}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    if summary.trouble is None:
        return EXIT_DONE
    words = {"server": program.server, "subject": summary.subject}
    say_line(summary.trouble, Texts.load().line(summary.trouble, call.environment.lang, **words))
    return EXIT_WORLD_SAID_NO


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"not 0 < SECONDS <= 86400: {text}")
    return value
