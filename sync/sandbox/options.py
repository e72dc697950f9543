"""The options of `matou sandbox` and `python -m sync.sandbox`. Light to import; runs on the main thread."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from sync.sandbox.identity import Demand

DEFAULT_SEED = 20261122


@dataclass(frozen=True, slots=True)
class Options:
    """What to serve. `port` 0 is any free one; without `state` everything is in memory only."""

    port: int
    seed: int
    size: str
    state: Path | None
    faults: str
    tls: bool
    auth: Demand = "none"
    client_certificates: bool = False
    claims: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options on a parser."""
    parser.add_argument("--port", type=_port, default=0, metavar="P", help="port of the hospital; 0: any free one")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, metavar="N", help="the number all data is drawn from")
    parser.add_argument("--size", choices=("small", "large"), default="small", help="how many deliveries")
    parser.add_argument("--state", type=Path, default=None, metavar="DIR", help="folder that survives a restart")
    parser.add_argument("--faults", default="{}", metavar="JSON", help="misbehaviour from the start")
    parser.add_argument("--tls", action="store_true", help="HTTPS with a certificate authority of its own")
    parser.add_argument("--auth", choices=("none", "bearer", "hmac"), default="none", help="what a caller must prove")
    parser.add_argument(
        "--client-certificates", action="store_true", help="with --tls: only callers that show client.pem"
    )
    parser.add_argument("--claims", action="store_true", help="takes rows for the insurance, too")


def read_options(args: argparse.Namespace) -> Options:
    """The parsed options, typed."""
    return Options(
        args.port, args.seed, args.size, args.state, args.faults, args.tls, args.auth, args.client_certificates,
        args.claims,
    )  # fmt: skip


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is not a port")
    return port
