"""`matou sandbox`: the simulated hospital until standard input ends. Lives on the main thread."""

from __future__ import annotations

import argparse

from sync.sandbox.options import add_arguments, read_options


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser("sandbox", help="模拟医院 · simulated hospital")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve; returns the exit status (contracts §3)."""
    # Here and not above: no other command is to wait for a web server to be imported.
    from sync.sandbox.server import serve  # noqa: PLC0415

    return serve(read_options(args))
