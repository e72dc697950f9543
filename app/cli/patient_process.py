"""`matou patient-process`: the child that alone holds a patient's voucher. The window starts it, nobody by hand.

It reads wishes from standard input and tells masked views on standard output. With `--library` it is that child's own
child, which loads the national library and may fall over.
"""

from __future__ import annotations

import argparse
from functools import partial

from app.base.paths import DataPaths, default_data_dir
from app.patient.library import own_streams, serve_library
from app.patient.link import COMMAND, command_of
from app.patient.quiet import be_quiet, be_unreadable, leave_no_core


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command, which no help names."""
    parser = subparsers.add_parser(COMMAND)
    parser.add_argument("--library", action="store_true")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until the pipe ends; does not return."""
    leave_no_core()
    be_unreadable()
    be_quiet()
    source, out = own_streams()
    if args.library:
        serve_library(source, out)
    # Here and not above: the library's child needs nothing of it.
    from app.flows.patient_world import Place, world_of  # noqa: PLC0415
    from app.patient.process import PatientProcess  # noqa: PLC0415

    folder = args.data_dir or default_data_dir()
    place = Place(DataPaths(folder), args.server, (*command_of(folder, None), "--library"))
    PatientProcess(out, partial(world_of, place)).serve(source)
    return 0
