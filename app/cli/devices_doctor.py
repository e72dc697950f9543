"""`matou devices doctor`: the sheet is scanned, and every wrong setting is named with its cure. Main thread.

`--sheet` writes the page to be scanned; drawing it needs the window's side, which the start-up file hands in.
"""

from __future__ import annotations

import argparse
import json
import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app.base.errors import EXIT_DONE, EXIT_WORLD_SAID_NO, Trouble, WrongUse
from app.base.options import add_scanner_option
from app.cli.device_lines import POLL_S, Lines, StateLines, Words, ended_by_signal, named_specs, opened
from app.flows.credentials import is_credential
from app.flows.doctor import CodeRow, DoctorView, Examination, SheetPrinter
from devices import RawScan, ScannerSpec
from devices.ports import address_of
from devices.sheet import SHEET

_LISTEN_S = 600.0


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `doctor`."""
    parser = commands.add_parser("doctor", help="检查扫码枪的设置 (examine a scanner's settings)")
    add_scanner_option(parser, nested=True)
    parser.add_argument("--sheet", type=Path, metavar="PDF", help="只保存检查页 (write the sheet to be scanned)")
    parser.add_argument("--seconds", type=float, metavar="S", default=_LISTEN_S, help="最多等多久 (at most)")
    parser.add_argument("--json", action="store_true", help="结束时一行 JSON (a line of JSON at the end)")
    parser.set_defaults(run=run_doctor)


def run_doctor(args: argparse.Namespace) -> int:
    """0: every code came and nothing is wrong, or the sheet was written; 3: something is wrong."""
    words = Words.read()
    if args.sheet is not None:
        return _write_sheet(args, words)
    specs = named_specs(args)
    if len(specs) > 1:
        raise WrongUse("one_scanner_only")
    model = address_of(specs[0])[1] if specs[0].kind == "serial" else None
    view = _visit(Examination(specs[0], model, is_credential), args.seconds, words)
    out = Lines(sys.stdout.buffer)
    for line in [json.dumps(view_entry(view))] if args.json else view_lines(view, words):
        out.write(line)
    out.raise_if_broken()
    return EXIT_DONE if view.state == "good" else EXIT_WORLD_SAID_NO


def view_entry(view: DoctorView) -> dict[str, object]:
    """The visit as JSON."""
    return {
        "device": view.device,
        "state": view.state,
        "codes": {row.key: row.state for row in view.rows},
        "findings": [{"code": cure.code, "detail": cure.detail, "hint": cure.hint} for cure in view.cures],
        "masked": view.masked,
    }


def view_lines(view: DoctorView, words: Words) -> list[str]:
    """The visit for the eye: the checklist, then what to mend, in order."""
    lines = [_row_line(row, words) for row in view.rows]
    for number, cure in enumerate(view.cures, start=1):
        lines.append(f"{number}. {words.line(cure.code, detail=shown_detail(cure.detail, words))}")
        if cure.hint is not None:
            lines.append(f"   {words.title(cure.hint)}")
    return [*lines, words.line(f"doctor_{view.state}")]


def _row_line(row: CodeRow, words: Words) -> str:
    return f"[{words.title(f'doctor_row_{row.state}')}] {words.title(f'doctor_code_{row.key}')}"


def shown_detail(detail: str, words: Words) -> str:
    """A symbology or a kind by its name; anything else as it arrived."""
    for code in (f"symbology_{detail}", f"kind_{detail}"):
        if words.has(code):
            return words.title(code)
    return detail


def _visit(examination: Examination, seconds: float, words: Words) -> DoctorView:
    """Listen until every code came and is right, a signal, or the time is over."""
    inbox = queue.SimpleQueue[RawScan]()
    states = StateLines(words)
    spec: ScannerSpec = examination.listens_by
    states.say(words.line("doctor_cli_scan"))
    with opened([spec], inbox.put, states.take_status) as manager, ended_by_signal() as ended:
        deadline_s = time.monotonic() + seconds
        while not ended.is_set() and time.monotonic() < deadline_s:
            try:
                view = examination.take(inbox.get(timeout=POLL_S))
            except queue.Empty:
                if manager.wait_finished(0) and inbox.empty():
                    break
                continue
            states.say("  ".join(_row_line(row, words) for row in view.rows if row.state != "waiting"))
            if view.state == "good":
                return view
            if all(row.state != "waiting" for row in view.rows):
                break
    return examination.finish()


def _write_sheet(args: argparse.Namespace, words: Words) -> int:
    make: Callable[[], SheetPrinter] | None = getattr(args, "sheet_printer", None)
    try:
        if make is None:
            raise ImportError
        printer = make()
    except ImportError as error:
        raise Trouble("qt_missing_here") from error
    try:
        printer.write_sheet(args.sheet, SHEET, words.lang)
    except OSError as error:
        raise Trouble("doctor_print_failed", subject=args.sheet.name) from error
    Lines(sys.stdout.buffer).write(words.line("doctor_printed", subject=args.sheet))
    return EXIT_DONE
