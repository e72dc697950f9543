"""Ours, for `ui_wire_to_paint` and `ui_frames`: the real window on a real folder, off the screen.

Called by run.py as a program of its own; prints one JSON line, milliseconds. `wire`: bytes go out on a
pseudo-terminal, and each is timed until the verdict panel has painted its answer. `scroll`, `import`: a list of ten
thousand rows moves on with every frame, alone and while a manifest comes in from the hospital; timed is what lies
between two painted frames. UI thread, but for the scanner and for the look at what came in.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication

from app.base.options import Environment
from app.base.texts import Texts
from app.domain.rights import Operator
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.receiving import Receiving
from app.ui.screens.receiving import ReceivingScreen
from app.ui.widgets.verdict_panel import VerdictPanel
from app.ui.window import MainWindow, Opening, run_window
from app.wiring import Call, Program
from devices import DeviceState
from tests.fixtures.ptyport import PtyPort
from tests.ui.screens_a_views import long_receipt

CLERK = Operator("1001", "bench", "clerk", frozenset({"receive"}))
SCANNED, IMPORTED = "BENCH-01", "BENCH-03"
WARM_UP, STEADY, FAST = 20, 200, 400
STEADY_A_SECOND, FAST_A_SECOND = 20, 200
LOOK_MS = 20
OPENING_FRAMES = 10  # the list is opened and laid out; what follows is scrolling
ROWS, FRAME_MS, STEP_PX, SCROLL_S = 10_000, 16, 37, 6.0
LIMIT_S = 240.0


class Bench:
    """A window that is measured; `run` in it, and close it."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.ready = False
        window.complete()
        window.resize(1280, 800)
        window.conductor.scanners_changed.connect(self._scanners)
        screen = window.frame.screen_named("receiving")
        assert isinstance(screen, ReceivingScreen)
        self.screen = screen

    def _scanners(self, devices: tuple[object, ...]) -> None:
        self.ready = all(getattr(one, "state", None) is DeviceState.READY for one in devices)

    def sign_in(self) -> None:
        conductor = self.window.conductor
        if not self.ready:
            until("the program is not ready", lambda: self.ready)
        conductor.sign_in(CLERK.id, "")
        until("nobody is signed in", lambda: self.window.frame.current == "tasks")


def wire(args: argparse.Namespace, bench: Bench, port: PtyPort) -> dict[str, object]:
    """Scans at a steady pace, then fast."""
    codes = codes_of(args, args.first, WARM_UP + STEADY + FAST)
    bench.sign_in()
    bench.window.conductor.open_delivery(SCANNED)
    until("the delivery is not open", lambda: bench.screen.view is not None)
    assert bench.screen.view is not None
    before = bench.screen.view.equation.received
    sent: list[float] = []
    painted: list[float] = []
    waiting: list[float] = []
    committed: list[float] = []
    bench.window.conductor.scan_answered.connect(lambda _: waiting.append(0.0))
    paint, scan = VerdictPanel.paintEvent, Receiving.scan_or_command

    def timed_paint(panel: VerdictPanel, event: QPaintEvent) -> None:
        paint(panel, event)
        painted.extend(time.perf_counter() for _ in waiting)
        waiting.clear()

    def timed_scan(
        desk: Receiving, raw: bytes, *, at_ms: int | None = None, scanner: str | None = None
    ) -> ScanOutcome | CommandOutcome:
        outcome = scan(desk, raw, at_ms=at_ms, scanner=scanner)
        committed.append(time.perf_counter())
        return outcome

    with (
        mock.patch.object(VerdictPanel, "paintEvent", timed_paint),
        mock.patch.object(Receiving, "scan_or_command", timed_scan),
    ):
        steady = WARM_UP + STEADY
        shoot(port, codes[:steady], STEADY_A_SECOND, sent)
        with contextlib.suppress(TimeoutError):
            until("some scans were not painted", lambda: len(painted) == steady, 20)
        slow = [(there - here) * 1000 for here, there in zip(sent, painted, strict=False)][WARM_UP:]
        writing = [(there - here) * 1000 for here, there in zip(sent, committed, strict=False)][WARM_UP:]
        shoot(port, codes[steady:], FAST_A_SECOND, sent)
        with contextlib.suppress(TimeoutError):
            until("some scans were not answered", lambda: len(painted) == len(codes), 20)
    bench.window.conductor.show_front(bench.window.conductor.front)
    until("the receipt is not drawn anew", lambda: received(bench) >= before + len(committed), 20)
    lost = len(codes) - min(len(painted), received(bench) - before)
    drawing = [whole - part for whole, part in zip(slow, writing, strict=False)]
    return {"paint_ms": slow, "commit_ms": writing, "draw_ms": drawing, "lost": [lost]}


def received(bench: Bench) -> int:
    assert bench.screen.view is not None
    return bench.screen.view.equation.received


def shoot(port: PtyPort, codes: list[str], a_second: int, sent: list[float]) -> None:
    """From a thread of its own, at a steady pace; the window goes on."""

    def pull() -> None:
        begin = time.perf_counter()
        pause = threading.Event()
        for number, code in enumerate(codes):
            pause.wait(max(0.0, begin + number / a_second - time.perf_counter()))
            sent.append(time.perf_counter())
            port.write(f"{code}\r".encode())

    thread = threading.Thread(target=pull, name="gun")
    thread.start()
    until("the scanner does not come to its end", lambda: not thread.is_alive())


def scroll(_: argparse.Namespace, bench: Bench, _port: PtyPort) -> dict[str, object]:
    """The list alone."""
    bench.sign_in()
    end_s = time.monotonic() + SCROLL_S
    return {"frame_ms": frames(bench, lambda: time.monotonic() > end_s)}


def importing(args: argparse.Namespace, bench: Bench, _port: PtyPort) -> dict[str, object]:
    """The list while the manifest comes in."""
    came = threading.Event()
    began = time.monotonic()

    def look() -> None:
        while not came.wait(0.5) and time.monotonic() < began + LIMIT_S:
            if rows_of(args, IMPORTED) >= args.rows:
                came.set()

    bench.sign_in()
    threading.Thread(target=look, name="look", daemon=True).start()
    found = frames(bench, came.is_set)
    return {"frame_ms": found, "import_s": [time.monotonic() - began], "rows": [rows_of(args, IMPORTED)]}


def frames(bench: Bench, over: Callable[[], bool]) -> list[float]:
    """Move the list with every frame until it is over; milliseconds between painted frames."""
    bench.screen.open(long_receipt(ROWS))
    until("the list is not seen", lambda: bench.window.frame.current == "receiving")
    rows = bench.screen.line_list
    bar, painted = rows.verticalScrollBar(), [time.perf_counter()]
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)

    def step() -> None:
        bar.setValue((bar.value() + STEP_PX) % bar.maximum())
        rows.viewport().repaint()
        painted.append(time.perf_counter())

    timer.timeout.connect(step)
    timer.start(FRAME_MS)
    until("it does not end", over)
    timer.stop()
    found = [(later - sooner) * 1000 for sooner, later in itertools.pairwise(painted)]
    return found[OPENING_FRAMES:]


# ------------------------------------------------------------------------------------------------- the small world


def until(else_: str, holds: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    """Let the window live until this holds; TimeoutError.

    In Qt's own loop, as the program does: QTest.qWait would keep the interpreter from the other threads.
    """
    end_s = time.monotonic() + limit_s
    loop, look = QEventLoop(), QTimer()
    look.timeout.connect(lambda: loop.quit() if holds() or time.monotonic() > end_s else None)
    look.start(LOOK_MS)
    if not holds():
        loop.exec()
    if not holds():
        raise TimeoutError(else_)


def codes_of(args: argparse.Namespace, first: int, count: int) -> list[str]:
    """Boxes of the delivery, as the manifest here has them."""
    with contextlib.closing(sqlite3.connect(args.folder / "data" / "matou.db")) as file:
        found = file.execute(
            "SELECT p.code FROM packages p JOIN sources o ON o.id = p.source "
            "WHERE o.name = ? AND p.level = 1 ORDER BY p.code LIMIT ? OFFSET ?",
            (SCANNED, count, first),
        ).fetchall()
    if len(found) != count:
        raise RuntimeError(f"only {len(found)} boxes")
    return [str(row[0]) for row in found]


def rows_of(args: argparse.Namespace, delivery: str) -> int:
    """How many smallest packs of this delivery are here."""
    with contextlib.closing(sqlite3.connect(args.folder / "data" / "matou.db")) as file:
        found = file.execute(
            "SELECT count(*) FROM packages p JOIN sources o ON o.id = p.source WHERE o.name = ? AND p.level = 1",
            (delivery,),
        ).fetchone()
    return int(found[0])


WHAT: dict[str, Callable[[argparse.Namespace, Bench, PtyPort], dict[str, object]]] = {
    "wire": wire,
    "scroll": scroll,
    "import": importing,
}


def main() -> int:
    """One measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=tuple(WHAT))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--server")
    parser.add_argument("--rows", type=int, default=0)
    args = parser.parse_args()
    call = Call("bench", args.folder / "data", args.server, Environment())
    found: list[dict[str, object]] = []

    with PtyPort(args.folder) as port, mock.patch.object(Program, "sign_in", return_value=CLERK):
        opening = Opening(lambda: Program(call), Texts.load(), (port.spec,))

        def measure(window: MainWindow) -> None:
            try:
                found.append(WHAT[args.what](args, Bench(window), port))
            finally:
                window.close()

        run_window(sys.argv[:1], opening, on_shown=lambda window: QTimer.singleShot(0, lambda: measure(window)))
        QApplication.processEvents()
    if not found:
        return 1
    sys.stdout.write(json.dumps(found[0]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
