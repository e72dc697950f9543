"""The real window as a child process that says in lines of JSON what it hears: `… DATA SERVER [SCANNER]`.

Everything is done to it through the keyboard of its screen. Ends when `end` comes on standard input. Main thread.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from PySide6.QtCore import QSocketNotifier

from app.base.options import Environment
from app.base.texts import Texts
from app.ui.window import MainWindow, Opening, run_window
from app.wiring import Call, Program
from devices import DeviceStatus


def main() -> int:
    """Until `end`."""
    data, server, *scanners = sys.argv[1].split("|")
    call = Call("window", Path(data), server, Environment())
    tell(started=True)
    opening = Opening(lambda: Program(call), Texts.load(), tuple(scanners))
    return run_window(["matou"], opening, on_shown=listen)


def listen(window: MainWindow) -> None:
    """Join every signal that the journey waits for."""
    conductor = window.conductor
    conductor.operators_changed.connect(lambda people: tell(people=len(people)))
    conductor.badge_read.connect(lambda operator: tell(badge=operator))
    conductor.signed_in.connect(lambda operator: tell(signed_in=operator.id))
    conductor.receipt_opened.connect(lambda view: tell(opened=view.delivery))
    conductor.scan_answered.connect(lambda one: tell(scan=one.payload, reason=one.reason))
    conductor.command_answered.connect(lambda one: tell(command=one.command, ok=one.ok))
    conductor.trouble.connect(lambda code, _: tell(trouble=code))
    conductor.scanners_changed.connect(told_scanners)
    notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, window)
    notifier.activated.connect(lambda *_: hear(window))


def told_scanners(devices: tuple[DeviceStatus, ...]) -> None:
    tell(scanners={one.device: one.state.value for one in devices})


def hear(window: MainWindow) -> None:
    """`end`, or the question what is to be seen."""
    for word in os.read(sys.stdin.fileno(), 4096).decode().split():
        if word == "end":
            window.close()
        tell(screen=window.frame.current)


def tell(**words: object) -> None:
    sys.stdout.write(json.dumps(words, default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
