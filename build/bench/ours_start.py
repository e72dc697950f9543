"""Ours, for `ui_first_paint`: the real program from the start of its process to its first paint and to a scan it takes.

Called by run.py as `ours_start.py STARTED_S FOLDER`, off the screen, with a scanner on a pseudo-terminal and a hospital
that does not answer; prints one JSON line, milliseconds. Imports nothing of the program beyond what the program does
itself until its window stands. UI thread, which is the main thread.
"""

from __future__ import annotations

import json
import os
import sys
import time
import tty
from collections.abc import Iterable
from pathlib import Path
from typing import Any

STARTED_S = float(sys.argv[1])  # time.monotonic() of the caller, just before this process

# A development environment has `rich` for other tools, and httpx loads all of it where it finds it; users have none.
sys.modules["rich"] = None  # type: ignore[assignment]

from PySide6.QtCore import QObject, QTimer  # noqa: E402 - the clock is running

from app.__main__ import main as matou  # noqa: E402
from app.ui.window import MainWindow  # noqa: E402

REST_MS, LIMIT_MS = 500, 60_000  # until memory is looked at; until it is given up
NOBODY = "http://127.0.0.1:9"


class Watch(QObject):
    """Sees the first paint, which may have many parts, and the moment from which a scan would be answered."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.paint_ms = self.ready_ms = self.paint_cpu_ms = self.ready_cpu_ms = 0.0
        self._open = self._scanner = False
        window.conductor.ready.connect(self._opened)
        window.conductor.scanners_changed.connect(self._scanners)
        QTimer.singleShot(LIMIT_MS, window.close)

    def painted(self) -> None:
        """Called when the paint that has begun, with all its parts, is over."""
        self.paint_ms, self.paint_cpu_ms = since_ms(), time.process_time() * 1000

    def _opened(self) -> None:
        self._open = True
        self._look()

    def _scanners(self, devices: Iterable[Any]) -> None:
        self._scanner = any(one.state.name == "READY" for one in devices)
        self._look()

    def _look(self) -> None:
        if self._open and self._scanner and not self.ready_ms:
            self.ready_ms, self.ready_cpu_ms = since_ms(), time.process_time() * 1000
            QTimer.singleShot(REST_MS, self._window.close)


def since_ms() -> float:
    return (time.monotonic() - STARTED_S) * 1000


def memory_mb() -> float:
    """What is resident now."""
    rows = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS"))


def main() -> int:
    """Start, look, close."""
    watches: list[Watch] = []
    memory: list[float] = []
    begin, paint, end = MainWindow.begin, MainWindow.paintEvent, MainWindow.closeEvent

    def watched_begin(window: MainWindow) -> None:
        watches.append(Watch(window))
        begin(window)

    def watched_paint(window: MainWindow, event: Any) -> None:
        if not watches[0].paint_ms:
            QTimer.singleShot(0, watches[0].painted)  # the window is painted first, then its parts, without a pause
        paint(window, event)

    def watched_end(window: MainWindow, event: Any) -> None:
        memory.append(memory_mb())
        end(window, event)

    _, port = os.openpty()
    tty.setraw(port)
    # By hand: unittest.mock would bring asyncio with it, on our time.
    MainWindow.begin = watched_begin  # type: ignore[assignment, method-assign]
    MainWindow.paintEvent = watched_paint  # type: ignore[assignment, method-assign]
    MainWindow.closeEvent = watched_end  # type: ignore[assignment, method-assign]
    status = matou(["--data-dir", sys.argv[2], "--server", NOBODY, "--scanner", f"serial:{os.ttyname(port)}"])
    watch = watches[0]
    if status or not watch.ready_ms:
        raise RuntimeError(f"the window ended with {status} and was {'' if watch.ready_ms else 'not '}ready")
    found = {
        "paint_ms": [watch.paint_ms], "paint_cpu_ms": [watch.paint_cpu_ms], "ready_ms": [watch.ready_ms],
        "ready_cpu_ms": [watch.ready_cpu_ms], "memory_mb": memory[:1],
    }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
