"""The real window as a child process that puts itself away and tells when it is called to the front again.

`python one_window_child.py DATA`: a line of JSON when the folder is open, and one for each call. Ends when standard
input closes, or when it is killed. Main thread.
"""

from __future__ import annotations

import json
import sys
import threading
from functools import partial
from pathlib import Path

from app.base.options import Environment
from app.base.texts import Texts
from app.ui.bridge import Bridge
from app.ui.one_window import OneWindow
from app.ui.window import MainWindow, Opening, run_window
from app.wiring import Call, Program


def main() -> int:
    data = Path(sys.argv[1])
    opening = Opening(lambda: Program(Call("window", data, None, Environment())), Texts.load(), folder=data)
    return run_window(["matou"], opening, on_shown=play)


def play(window: MainWindow) -> None:
    """Minimised as soon as there is a door."""

    def painted() -> None:
        only = next(iter(window.findChildren(OneWindow)))
        only.called.connect(lambda: tell(what="called", minimised=window.isMinimized()))

    def ready() -> None:
        window.showMinimized()
        tell(what="ready", minimised=window.isMinimized())

    window.painted.connect(painted)
    window.conductor.ready.connect(ready)
    bridge = Bridge(window)
    threading.Thread(target=partial(wait_for_end, bridge, window), name="input", daemon=True).start()


def wait_for_end(bridge: Bridge, window: MainWindow) -> None:
    sys.stdin.read()
    bridge.post(window.close)


def tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
