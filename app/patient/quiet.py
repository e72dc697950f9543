"""A process that leaves nothing behind: no core dump, no other process that reads its memory, nothing on its streams.

Called first thing in the patient process, on its main thread. What a system lacks is passed over.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import sys

_PR_SET_DUMPABLE = 4
_SEM_QUIET = 0x0001 | 0x0002 | 0x8000  # FAILCRITICALERRORS, NOGPFAULTERRORBOX, NOOPENFILEERRORBOX


def leave_no_core() -> None:
    """No picture of this process's memory is written when it falls over."""
    if os.name == "nt":
        with contextlib.suppress(OSError, AttributeError):
            getattr(ctypes, "windll").kernel32.SetErrorMode(_SEM_QUIET)  # noqa: B009 - only Windows has it
        return
    import resource  # noqa: PLC0415 - POSIX only

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def be_unreadable() -> None:
    """Other processes of the same person may not look into this one's memory (Linux: not dumpable)."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def be_quiet() -> None:
    """No log, no complaint: a trace may hold what nobody is to read."""
    logging.disable(logging.CRITICAL)
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
