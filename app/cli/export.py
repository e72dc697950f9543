"""`matou export …`: what leaves the program as a file; one module for each kind. Main thread; looks only."""

from __future__ import annotations

import argparse

from app.cli import export_receipt, export_uploads


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `export` with what can be exported."""
    parser = subparsers.add_parser("export", help="导出文件 (uploads, receipt)")
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    export_uploads.register(kinds)
    export_receipt.register(kinds)
