"""The real window as a child process that signs in and goes to the patients by itself, and tells what it shows.

`python identity_child.py DATA SERVER SCANNER OPERATOR`: a line of JSON for each view of a patient, with the ids of the
patient processes. Ends when it is killed, or when a line comes on standard input. Main thread.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from PySide6.QtCore import QTimer

from app.base.options import Environment
from app.base.texts import Texts
from app.flows.identity_view import IdentityView
from app.ui.window import MainWindow, Opening, run_window
from app.wiring import Call, Program


def main() -> int:
    data, server, scanner, operator = sys.argv[1:]
    call = Call("window", Path(data), server, Environment())
    return run_window(
        ["matou"],
        Opening(lambda: Program(call), Texts.load(), (scanner,)),
        on_shown=lambda window: play(window, operator),
    )


def play(window: MainWindow, operator: str) -> None:
    """Sign in as soon as there are people, then to the patients."""
    window.complete()
    conductor = window.conductor
    conductor.operators_changed.connect(lambda _: conductor.sign_in(operator, "1234"))

    def signed_in(_: object) -> None:
        window.frame.go("identity")
        tell(what="identity", pids=pids(window))

    def changed(view: IdentityView) -> None:
        patient = view.patient
        name = "" if patient is None else patient.name
        tell(what="patient", state=view.state, name=name, trouble=view.trouble, why=view.why, pids=pids(window))

    conductor.signed_in.connect(signed_in)
    conductor.patient_changed.connect(changed)
    conductor.scanners_changed.connect(
        lambda all_: tell(what="scanners", ready=[one.state.value == "ready" for one in all_])
    )
    watch = QTimer(window)
    watch.setInterval(50)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
    watch.timeout.connect(lambda: window.close() if ended.is_set() else None)
    watch.start()


def pids(window: MainWindow) -> list[int]:
    session = window.conductor._session
    return [] if session is None else list(session._patients.identity.pids)


def tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
