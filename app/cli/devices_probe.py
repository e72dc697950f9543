"""`matou devices probe`: which scanner answers? Listens, and says how to name the one whose code comes. Main thread.

Only what the person names is opened, or what can be nothing but a scanner; nothing is ever written to a port.
"""

from __future__ import annotations

import argparse
import json
import queue
import sys
import time

from app.base.errors import EXIT_DONE, EXIT_WORLD_SAID_NO, Trouble
from app.base.options import add_scanner_option
from app.cli.device_lines import POLL_S, Lines, StateLines, Words, ended_by_signal, opened, parsed, scan_entry, shown
from app.flows.credentials import is_credential
from devices import RawScan, ScannerSpec
from devices.doctor import end_name
from devices.ports import scanner_ports

_LISTEN_S = 60.0


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `probe`."""
    parser = commands.add_parser("probe", help="扫一下，看是哪一把枪 (scan once: which scanner answers?)")
    add_scanner_option(parser, nested=True)
    parser.add_argument("--seconds", type=float, metavar="S", default=_LISTEN_S, help="等多久 (how long)")
    parser.add_argument("--json", action="store_true", help="一行 JSON (a line of JSON)")
    parser.set_defaults(run=run_probe)


def run_probe(args: argparse.Namespace) -> int:
    """0 and how to name the scanner; 3 where none answers, or none may be opened."""
    texts = getattr(args, "scanner", None)
    specs = parsed(texts) if texts else list(scanner_ports())
    if not specs:
        raise Trouble("probe_nothing_to_open")
    by_device = {spec.device: spec for spec in specs}
    words, inbox = Words.read(), queue.SimpleQueue[RawScan]()
    states = StateLines(words)
    states.say(words.line("probe_scan_now", subject=" ".join(by_device)))
    unframed = [spec.unframed() for spec in specs]
    with opened(unframed, inbox.put, states.take_status) as manager, ended_by_signal() as ended:
        deadline_s = time.monotonic() + args.seconds
        while not ended.is_set() and time.monotonic() < deadline_s:
            try:
                scan = inbox.get(timeout=POLL_S)
            except queue.Empty:
                if manager.wait_finished(0) and inbox.empty():
                    break
                continue
            manager.stop()
            _tell(scan, by_device[scan.device], words, as_json=args.json)
            return EXIT_DONE
    states.say(words.line("probe_no_answer"))
    return EXIT_WORLD_SAID_NO


def _tell(scan: RawScan, spec: ScannerSpec, words: Words, *, as_json: bool) -> None:
    """How the scanner is named, and how it ended its label."""
    out = Lines(sys.stdout.buffer)
    suffix = end_name(scan.payload)
    if as_json:
        out.write(json.dumps({"scanner": spec.device, "suffix": suffix, **scan_entry(scan)}))
    else:
        out.write(words.line("probe_found", subject=spec.device, suffix=suffix or words.title("probe_no_suffix")))
        out.write(words.title("credential_masked") if is_credential(scan.label) else shown(scan.label))
    out.raise_if_broken()
