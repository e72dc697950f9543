"""`python -m sync.sandbox`: the sandbox alone. Lives on the main thread."""

from __future__ import annotations

import argparse
import sys

from sync.sandbox.options import add_arguments, read_options
from sync.sandbox.server import serve


def main() -> int:
    """Parse the command line and serve; returns the exit status."""
    parser = argparse.ArgumentParser(prog="sandbox", description="Matou 码头 · simulated hospital")
    add_arguments(parser)
    return serve(read_options(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
