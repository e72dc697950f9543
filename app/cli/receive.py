"""`matou receive`: receives a delivery without a window, through the same flow and the same store (contracts §3).

One JSON line per input line, flushed after the commit, then one line at the end. Main thread; scanners hand their
scans over through a queue.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from app.base.crash import say_line
from app.base.errors import EXIT_DONE, EXIT_WORLD_SAID_NO, Trouble, WrongUse
from app.base.options import Environment, add_data_options, add_scanner_option
from app.base.texts import Texts
from app.cli.input import Interrupted, Interrupts, lines_of, scans_of
from app.cli.program import call_of, text_of
from app.flows.lines import CommandInput, ScanInput
from app.flows.outcomes import CommandOutcome, ReceiptSummary, ScanOutcome
from app.flows.receiving import Receiving
from app.flows.wording import command_sentence, scan_sentence
from app.wiring import Program

FETCH_LIMIT_S = 8.0


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `receive`."""
    parser = subparsers.add_parser("receive", help="收货 (receive a delivery)")
    add_data_options(parser, nested=True)
    add_scanner_option(parser, nested=True)
    parser.add_argument("--delivery", metavar="NO", type=text_of, required=True, help="随货单号 (delivery number)")
    parser.add_argument("--operator", metavar="ID", type=text_of, help="工号；密码在 MATOU_PIN 或提示时输入 (operator)")
    parser.add_argument("--offline", action="store_true", help="完全不用网络 (no network at all)")
    parser.add_argument("--hold", action="store_true", help="停止提示要确认 (a stop holds until !confirm)")
    parser.add_argument("file", nargs="?", metavar="FILE", help="输入文件，默认标准输入 (default: standard input)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Receive; 0 done, 2 wrong use, 3 the world said no."""
    call = call_of(args, "matou receive")
    if not args.operator:
        raise WrongUse("operator_missing")
    pin = _pin(call.environment)
    texts = Texts.load()
    with Program(call) as program:
        _fetch_if_needed(program, args)
        operator = program.sign_in(args.operator, pin)
        desk = program.receiving(args.delivery, operator, holds=args.hold)
        session = _Session(desk, texts, call.environment)
        with _input(args, program.clock.now_ms) as source:
            if not args.offline and program.server is not None:
                program.start_sync()
            session.drive(source)
        _print(_end_line(desk.summary()))
        return session.exit_status()


class _Session:
    """Answers inputs until they end or the receipt is closed."""

    def __init__(self, desk: Receiving, texts: Texts, environment: Environment) -> None:
        self._desk = desk
        self._texts = texts
        self._lang = environment.lang
        self._witness_pin = environment.witness_pin
        self._closed = False
        self._refused: tuple[str, str] | None = None
        self._trouble: str | None = None

    def drive(self, source: Iterator[ScanInput | CommandInput]) -> None:
        with contextlib.suppress(Interrupted), Interrupts() as interrupts:
            while not self._closed:
                found = interrupts.wait(source)
                if found is None:
                    return
                self._answer(found)

    def exit_status(self) -> int:
        """3 if the last close was refused or something could not be recorded; says why on standard error."""
        if self._trouble is not None:
            say_line(self._trouble, self._texts.line(self._trouble, self._lang, why=self._trouble, kind=self._trouble))
            return EXIT_WORLD_SAID_NO
        if self._refused is not None:
            say_line(*self._refused)
            return EXIT_WORLD_SAID_NO
        return EXIT_DONE

    def _answer(self, found: ScanInput | CommandInput) -> None:
        if isinstance(found, CommandInput):
            outcome: ScanOutcome | CommandOutcome = self._desk.command(found.text, witness_pin=self._witness_pin)
        else:
            outcome = self._desk.scan_or_command(found.raw, at_ms=found.at_ms, scanner=found.scanner)
        self._trouble = outcome.trouble or self._trouble
        if isinstance(outcome, ScanOutcome):
            _print(_scan_line(outcome, scan_sentence(self._texts, outcome, self._lang)))
            return
        sentence = command_sentence(self._texts, outcome, self._lang)
        _print(_command_line(outcome, sentence))
        if outcome.command == "close":
            self._closed = outcome.ok
            self._refused = None if outcome.ok else (outcome.reason, sentence)


def _pin(environment: Environment) -> str:
    if environment.pin is not None:
        return environment.pin
    if sys.stdin is None or not sys.stdin.isatty():
        raise WrongUse("pin_missing")
    try:
        return getpass.getpass("PIN: ")
    except EOFError:
        raise WrongUse("pin_missing") from None


@contextlib.contextmanager
def _input(args: argparse.Namespace, now_ms: Callable[[], int]) -> Iterator[Iterator[ScanInput | CommandInput]]:
    """Where inputs come from: scanners if any are named, else the file, else standard input."""
    if args.scanner and args.file is None:
        with scans_of(args.scanner, now_ms) as scans:
            yield scans
        return
    with contextlib.ExitStack() as stack:
        # A program that is started without a standard input has none to read.
        stream: IO[bytes] = io.BytesIO() if sys.stdin is None else sys.stdin.buffer
        if args.file not in (None, "-"):
            try:
                stream = stack.enter_context(Path(args.file).open("rb"))
            except OSError as error:
                raise Trouble("input_file_bad", file=Path(args.file).name, why=error.strerror) from error
        yield lines_of(stream)


def _fetch_if_needed(program: Program, args: argparse.Namespace) -> None:
    """A delivery or an operator that is not here yet is fetched first, if there is a network to fetch it over.

    Raises Trouble: what kept the hospital from answering, if that is why something is missing; delivery_not_here.
    """
    if program.knows_delivery(args.delivery) and program.knows_operator(args.operator):
        return
    trouble: str | None = None
    if not args.offline and program.server is not None:
        trouble = program.engine().run_until_empty(limit_s=FETCH_LIMIT_S, until_empty=False).trouble
        program.follow_site()
    if not program.knows_delivery(args.delivery):
        raise Trouble(trouble or "delivery_not_here", delivery=args.delivery, server=program.server)
    if trouble is not None and not program.knows_operator(args.operator):
        raise Trouble(trouble, server=program.server)


def _print(line: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False).encode("utf-8") + b"\n")
    sys.stdout.buffer.flush()


def _scan_line(outcome: ScanOutcome, sentence: str) -> dict[str, object]:
    line: dict[str, object] = {"seq": outcome.seq, "kind": "scan", "payload": outcome.payload}
    if outcome.raw is not None:
        line["raw_hex"] = outcome.raw.hex()
    return line | {
        "verdict": str(outcome.verdict),
        "reason": outcome.reason,
        "counted": outcome.counted,
        "line": outcome.line,
        "packs": outcome.packs,
        "received": outcome.received,
        "expected": outcome.expected,
        "text": sentence,
    }


def _command_line(outcome: CommandOutcome, sentence: str) -> dict[str, object]:
    return {
        "seq": outcome.seq,
        "kind": "command",
        "command": outcome.command,
        "ok": outcome.ok,
        "reason": outcome.reason,
        "text": sentence,
    }


def _end_line(summary: ReceiptSummary) -> dict[str, object]:
    """`estimated` (line → packs) only where something rests on a pack ratio."""
    line: dict[str, object] = {
        "kind": "end",
        "closed": summary.closed,
        "receipt": summary.receipt,
        "equation": summary.equation.as_dict(),
        "lists": dict(summary.lists),
    }
    if summary.estimated:
        line["estimated"] = {str(number): packs for number, packs in summary.estimated.items()}
    return line
