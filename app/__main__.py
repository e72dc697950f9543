"""`matou` and `python -m app`: the window, or a sub-command of app.cli. The main thread lives here."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app import __version__
from app.base.crash import run_guarded
from app.base.options import add_data_options, add_demo_option, add_scanner_option

if TYPE_CHECKING:
    from app.flows.doctor import SheetPrinter
    from app.flows.receipt_document import ReceiptPaper

COMMANDS = {
    "receive": "app.cli.receive",
    "sync": "app.cli.sync",
    "show": "app.cli.show",
    "import": "app.cli.import_file",
    "export": "app.cli.export",
    "devices": "app.cli.devices",
    "sandbox": "app.cli.sandbox",
    "self-test": "app.cli.self_test",
    "patient-process": "app.cli.patient_process",
}


def build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The command line of contracts §3. Only the command that is called is imported: a window must not wait for it."""
    parser = argparse.ArgumentParser(prog="matou", description="Matou 码头：收货扫码终端 (scanning client)")
    parser.add_argument("--version", action="version", version=f"matou {__version__}")
    add_data_options(parser)
    add_scanner_option(parser)
    add_demo_option(parser)
    parser.add_argument("--fullscreen", action="store_true", help="全屏显示 (full screen)")
    subparsers = parser.add_subparsers(metavar="COMMAND", help="不写命令就打开窗口 (none: the window)")
    for name in _wanted(words):
        importlib.import_module(COMMANDS[name]).register(subparsers)
    return parser


def _wanted(words: Sequence[str]) -> tuple[str, ...]:
    """The commands whose options are needed to read these words: those named; all for help or a first word unknown."""
    named = tuple(name for name in COMMANDS if name in words)
    if named or not words:
        return named
    return tuple(COMMANDS) if words[0] in ("-h", "--help") or not words[0].startswith("-") else ()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is that of contracts §3."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = build_parser(words).parse_args(words)
    args.sheet_printer, args.receipt_paper = _sheet_printer, _receipt_paper
    command = getattr(args, "run", None)
    return run_guarded(lambda: _window(args) if command is None else int(command(args)))


def _sheet_printer() -> SheetPrinter:
    # Here and not above: only a command that draws a page needs Qt.
    from app.ui.paper import Paper  # noqa: PLC0415

    return Paper()


def _receipt_paper() -> ReceiptPaper:
    # As above: only a PDF needs Qt.
    from app.ui.receipt_paper import ReceiptPrinter  # noqa: PLC0415

    return ReceiptPrinter()


def _window(args: argparse.Namespace) -> int:
    # Here and not above: Qt is loaded only when a window is wanted.
    if args.demo:
        from app.ui.demo.start import open_demo  # noqa: PLC0415

        return open_demo(args)
    from app.ui.window import open_window  # noqa: PLC0415

    return open_window(args)


if __name__ == "__main__":
    sys.exit(main())
