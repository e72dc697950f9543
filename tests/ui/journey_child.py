"""The real window as a child process that signs in and opens a delivery by itself, and tells what it shows.

`python journey_child.py DATA SERVER SCANNER DELIVERY`: a line of JSON for the receipt when it opens, when the scanner
is ready, and for each answer after it was drawn. Ends when it is killed. Main thread.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from app.base.options import Environment
from app.base.texts import Texts
from app.flows.outcomes import ScanOutcome
from app.flows.views import ReceiptView
from app.ui.screens.receiving import ReceivingScreen
from app.ui.window import MainWindow, Opening, run_window
from app.wiring import Call, Program


def main() -> int:
    data, server, scanner, delivery = sys.argv[1:]
    call = Call("window", Path(data), server, Environment())
    return run_window(
        ["matou"],
        Opening(lambda: Program(call), Texts.load(), (scanner,)),
        on_shown=lambda window: play(window, delivery),
    )


def play(window: MainWindow, delivery: str) -> None:
    """Sign in as soon as there are people, open the delivery as soon as somebody is signed in."""
    window.complete()
    conductor = window.conductor
    dock = window.frame.screen_named("receiving")
    assert isinstance(dock, ReceivingScreen)
    conductor.operators_changed.connect(lambda _: conductor.sign_in("1001", "1234"))
    conductor.signed_in.connect(lambda _: conductor.open_delivery(delivery))

    def opened(view: ReceiptView) -> None:
        tell(what="opened", received=view.equation.received, lines=shown_lines(dock), marked=dock.line_list.marked)

    def answered(outcome: ScanOutcome) -> None:
        tell(
            what="scan", seq=outcome.seq, reason=outcome.reason, payload=outcome.payload, lines=shown_lines(dock),
            word=dock.panel.said.word,
        )  # fmt: skip

    conductor.receipt_opened.connect(opened)
    conductor.scan_answered.connect(answered)
    conductor.scanners_changed.connect(
        lambda all_: tell(what="scanners", ready=[one.state.value == "ready" for one in all_])
    )


def shown_lines(dock: ReceivingScreen) -> dict[str, str]:
    return {row.key: row.value for row in dock.line_list.rows}


def tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
