"""`matou --demo`: a hospital, a scanner and a guide around the ordinary window. UI thread, the program's main thread.

Nothing of the program is replaced: codes come in over a serial line, the hospital answers over HTTP. The demonstration
has a data folder of its own; closing the window ends the hospital, and what was received is there at the next start.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from dataclasses import replace

from app.base.clock import SystemClock, parse_moment
from app.base.errors import Trouble, WrongUse
from app.base.options import Environment
from app.base.paths import DataPaths
from app.base.texts import Texts
from app.flows.demo import DemoFolder, DemoHospital
from app.ui.demo.gun import make_gun
from app.ui.demo.stage import DemoStage
from app.ui.window import Opening, early_look, has_screen, is_open_already, run_window
from app.wiring import Call, Program

FRESH_FROM, FRESH_UNTIL = "2026-11-22T00:00:00Z", "2027-02-28T00:00:00Z"
"""Outside of these days the demonstration's goods are not yet made or expired: then its clock starts at MIDDAY."""
MIDDAY = "2026-11-22T04:00:00Z"


def open_demo(args: argparse.Namespace) -> int:
    """Open the demonstration and stay until its window is closed; gives the exit status.

    Raises Trouble: no_screen, demo_folder_taken, demo_hospital_failed; WrongUse `demo_has_server`.
    """
    if not has_screen(sys.platform, os.environ):
        raise Trouble("no_screen")
    if args.server:
        raise WrongUse("demo_has_server")
    environment = with_demo_clock(Environment.read(os.environ), SystemClock().now_ms())
    folder, texts = DemoFolder(args.data_dir), Texts.load()
    if is_open_already(folder.root, texts):
        return 0
    with ExitStack() as closing:
        gun = make_gun(folder.root)
        closing.callback(gun.close)
        hospital = closing.enter_context(DemoHospital(folder.hospital))
        if not hospital.open_deliveries():
            hospital.another_truck()
        call = Call("demo", folder.root, hospital.url, environment)
        look, follows_system = early_look(DataPaths(folder.root), environment.lang)
        opening = Opening(
            lambda: Program(call),
            texts,
            (*gun.scanners, *args.scanner),
            look,
            follows_system=follows_system,
            fullscreen=bool(args.fullscreen),
            folder=folder.root,
        )
        return run_window(
            sys.argv[:1],
            opening,
            on_shown=lambda window: DemoStage(window, hospital, gun, texts, tour=not folder.seen_before),
        )


def with_demo_clock(environment: Environment, now_ms: int) -> Environment:
    """The environment, with a moment at which the demonstration's goods are fresh. `now_ms`: epoch milliseconds."""
    if environment.now_ms is not None or parse_moment(FRESH_FROM) <= now_ms < parse_moment(FRESH_UNTIL):
        return environment
    return replace(environment, now_ms=parse_moment(MIDDAY))
