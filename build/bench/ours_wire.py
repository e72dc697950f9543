"""Ours, for the figures `requests` and `drain`: the real engine against a hospital that run.py has started.

Called by run.py as a program of its own; prints one JSON line. The scans of `requests` come from the main thread.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from app.base.options import Environment
from app.domain.rights import Operator
from app.store.writer import SCAN
from app.wiring import Call, Program
from sync import SyncStatus
from sync.bodies import Beside, unpacked
from sync.item_ids import unpacked as unpacked_id

CLERK = Operator("1001", "bench", "clerk", frozenset({"receive"}))
SCANS_A_SECOND = 10
LIMIT_S = 300.0


def main() -> int:
    """One measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("requests", "drain"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--server", required=True)
    parser.add_argument("--control", required=True)
    parser.add_argument("--delivery", required=True)
    parser.add_argument("--codes", type=int, required=True)
    args = parser.parse_args()
    sys.stdout.write(json.dumps({"requests": requests, "drain": drain}[args.what](args)) + "\n")
    return 0


def requests(args: argparse.Namespace) -> dict[str, object]:
    """Ten scans a second with the exchange in the background: calls until the last scan is accepted."""
    empty = threading.Event()
    last = threading.Event()

    def heard(status: SyncStatus) -> None:
        if last.is_set() and status.waiting == 0:
            empty.set()

    with opened(args) as program:
        desk = program.receiving(args.delivery, CLERK, holds=False)
        control(args.control, "/calls", b"{}")
        program.start_sync(heard)
        begin = time.perf_counter()
        pause = threading.Event()
        for number, code in enumerate(codes_of(args)):
            pause.wait(max(0.0, begin + number / SCANS_A_SECOND - time.perf_counter()))
            if number == args.codes - 1:
                last.set()
            if not desk.scan(code.encode()).counted:
                raise RuntimeError(code)
        pause.wait(max(0.0, begin + args.codes / SCANS_A_SECOND - time.perf_counter()))
        by_then = total(args.control)
        if not empty.wait(LIMIT_S):
            raise RuntimeError("the queue does not empty")
        return {"requests": [by_then], "until_all_accepted": [total(args.control)]}


def drain(args: argparse.Namespace) -> dict[str, object]:
    """A long queue, made by real scans, sent to its end; the pull that follows is timed apart."""
    with opened(args) as program:
        desk = program.receiving(args.delivery, CLERK, holds=False)
        codes = codes_of(args)
        program.writer.call(lambda: [desk.scan(code.encode()) for code in codes], priority=SCAN)
        with (
            contextlib.closing(sqlite3.connect(args.folder / "data" / "matou.db")) as file,
            contextlib.closing(sqlite3.connect(args.folder / "start.db")) as copy,
        ):
            file.backup(copy)
            as_they_travel(copy)
        began, began_ms = time.perf_counter(), program.clock.now_ms()
        summary = program.engine().run_until_empty(limit_s=LIMIT_S, until_empty=True)
        whole_s = time.perf_counter() - began
        if summary.accepted != args.codes:
            raise RuntimeError(f"{summary}")
        settled_ms = program.writer.call(
            lambda: program.writer.database.execute_sql("SELECT max(settled_ms) FROM sync_outbox").fetchone()[0],
            priority=SCAN,
            write=False,
        )
        sent_s = (settled_ms - began_ms) / 1000
    rate = args.codes / sent_s
    return {"codes_per_s": [rate], "code_us": [1e6 / rate], "with_pull_codes_per_s": [args.codes / whole_s]}


def as_they_travel(file: sqlite3.Connection) -> None:
    """The bare program sends the very same bodies, and has nothing to unpack."""
    rows = file.execute("SELECT n, id, receipt, seq, kind, created_ms, body FROM sync_outbox").fetchall()
    bodies = ((unpacked(body, Beside(unpacked_id(kept), *beside)), n) for n, kept, *beside, body in rows)
    with file:
        file.executemany("UPDATE sync_outbox SET body = ? WHERE n = ?", bodies)


@contextlib.contextmanager
def opened(args: argparse.Namespace) -> Iterator[Program]:
    """The program on FOLDER/data, after a first exchange."""
    with Program(Call("bench", args.folder / "data", args.server, Environment())) as program:
        summary = program.engine().run_until_empty(limit_s=LIMIT_S, until_empty=False)
        if summary.trouble is not None:
            raise RuntimeError(summary.trouble)
        yield program


def codes_of(args: argparse.Namespace) -> list[str]:
    """The first boxes of the delivery, as the manifest here has them."""
    with contextlib.closing(sqlite3.connect(args.folder / "data" / "matou.db")) as file:
        found = file.execute(
            "SELECT p.code FROM packages p JOIN sources o ON o.id = p.source WHERE o.name = ? AND p.level = 1 LIMIT ?",
            (args.delivery, args.codes),
        ).fetchall()
    if len(found) != args.codes:
        raise RuntimeError(f"only {len(found)} boxes")
    return [str(row[0]) for row in found]


def total(url: str) -> int:
    """Calls so far."""
    answer: dict[str, int] = json.loads(control(url, "/calls"))
    return answer["total"]


def control(url: str, path: str, body: bytes | None = None) -> bytes:
    """Ask the sandbox's control door, past any proxy of the environment."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url + path, data=body, timeout=60) as reply:
        found: bytes = reply.read()
    return found


if __name__ == "__main__":
    sys.exit(main())
