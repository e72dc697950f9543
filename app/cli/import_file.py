"""`matou import FILE`: takes in a production line's relation file, in words or as one JSON line. Main thread."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from app.base.crash import say_line
from app.base.errors import EXIT_DONE, EXIT_WORLD_SAID_NO
from app.base.options import add_data_options
from app.base.texts import Texts
from app.cli.program import call_of
from app.flows.relation_report import FileReport, Finding, Step
from app.flows.relation_words import report_words
from app.wiring import Program

_DONE = ("taken_in", "already_here")
_PERCENT = 100


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `import`."""
    parser = subparsers.add_parser("import", help="导入关联关系文件 (take in a relation file)")
    add_data_options(parser, nested=True)
    parser.add_argument("file", metavar="FILE", type=Path, help="生产线的关联关系 XML 文件 (of the production line)")
    parser.add_argument("--json", action="store_true", help="JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0: it is here now, or was before; 3: it was not taken in, and why."""
    call, texts = call_of(args, "matou import"), Texts.load()
    lang = call.environment.lang
    with Program(call) as program:
        report = program.take_in_file(args.file, _on_a_terminal() if not args.json else lambda _: True)
    text = _line(report, texts, lang) if args.json else "\n".join(report_words(report, texts, lang))
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
    sys.stdout.flush()
    if report.state in _DONE:
        return EXIT_DONE
    first = report.problems[0]
    code = "relation_all_aside" if report.set_aside else first.code
    say_line(code, texts.line(code, lang, **dict(first.values)))
    return EXIT_WORLD_SAID_NO


def _line(report: FileReport, texts: Texts, lang: str) -> str:
    return json.dumps(
        {
            "file": report.file,
            "state": report.state,
            "codes": report.codes,
            "cartons": report.cartons,
            "levels": {"?" if level is None else str(level): number for level, number in report.levels},
            "batches": report.batches,
            "drugs": report.drugs,
            "flags": dict(report.flags),
            "set_aside": report.set_aside,
            "problems": [_entry(each, texts, lang) for each in report.problems],
            "notes": [_entry(each, texts, lang) for each in report.notes],
            "counted": dict(report.counted),
            **({} if report.imported_as is None else {"imported_as": report.imported_as, "at_ms": report.imported_ms}),
        },
        ensure_ascii=False,
    )


def _entry(finding: Finding, texts: Texts, lang: str) -> dict[str, object]:
    return {"line": finding.line, "code": finding.code, "text": texts.line(finding.code, lang, **dict(finding.values))}


def _on_a_terminal() -> Callable[[Step], bool]:
    """Shows how far it is, where somebody sits and watches."""
    if not sys.stderr.isatty():
        return lambda _: True
    shown = ""

    def show(step: Step) -> bool:
        nonlocal shown
        share = f" {step.done * _PERCENT // step.total} %" if step.total else ""
        if (now := f"{step.phase}{share}") != shown:
            shown = now
            sys.stderr.write(f"\r\x1b[K{now}")
            sys.stderr.flush()
        return True

    return show
