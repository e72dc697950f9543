"""`matou devices replay`: a recording decoded once more; what came then beside what comes now. Main thread.

Nothing is opened but the file. Every line of it that holds more than a label is judged; that is a test of a fault.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from app.base.errors import EXIT_DONE, EXIT_WORLD_SAID_NO, Trouble
from app.cli.device_lines import Lines, Words, shown
from app.flows.credentials import is_credential
from devices import DeviceError
from devices.raw import Came


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `replay`."""
    parser = commands.add_parser("replay", help="录制文件重新判读一遍 (decode a recording once more)")
    parser.add_argument("file", type=Path, metavar="FILE", help="record 录的文件 (what record wrote)")
    parser.add_argument("--json", action="store_true", help="每条一行 JSON (a line of JSON each)")
    parser.set_defaults(run=run_replay)


def run_replay(args: argparse.Namespace) -> int:
    """0: the same comes now as then; 3: not, or the file cannot be read."""
    from devices.played_again import played_again  # noqa: PLC0415 - it brings the reader of pictures with it

    words, out = Words.read(), Lines(sys.stdout.buffer)
    try:
        found = played_again(_content_of(args.file), str(args.file))
    except DeviceError as error:
        raise Trouble(error.code, subject=error.subject) from error
    for each in found:
        then, now = _shown(each.then, words), _shown(each.now, words)
        if args.json:
            out.write(json.dumps({"where": each.where, "device": each.device, "kind": each.kind, "then": then,
                                  "now": now, "same": each.is_same}))  # fmt: skip
        elif each.is_same:
            out.write(f"{each.where}\t{each.device}\t{' '.join(now)}")
        else:
            said = words.line("replay_differs", then=" ".join(then), now=" ".join(now))
            out.write(f"{each.where}\t{each.device}\t{said}")
    other = sum(not each.is_same for each in found)
    if not args.json:
        out.write(words.line("replay_done" if found else "replay_nothing", count=len(found), other=other))
    out.raise_if_broken()
    return EXIT_WORLD_SAID_NO if other else EXIT_DONE


def _content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Trouble("recording_not_found", subject=str(path)) from error
    except OSError as error:
        raise Trouble("recording_unreadable", subject=str(path)) from error


def _shown(came: tuple[Came, ...], words: Words) -> list[str]:
    return [_one(item, words) for item in came]


def _one(item: Came, words: Words) -> str:
    if isinstance(item, str):
        return f"[{item}]"
    return words.title("credential_masked") if is_credential(item) else shown(item)
