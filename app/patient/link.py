"""The window's end of one patient process: starts it, writes wishes, hears what it tells. Any thread.

What is heard comes on a thread of the link's own (`patient-reader`). Closing the pipe ends the process; one that does
not go is killed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from app.patient import wire
from app.patient.wire import BadLine, Hello, Told, Wish

COMMAND = "patient-process"
END_S = 2.0
_log = logging.getLogger(__name__)


def command_of(data_dir: Path, server: str | None) -> tuple[str, ...]:
    """How this program starts itself as a patient process."""
    own = (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "app")
    return (*own, "--data-dir", str(data_dir), *(("--server", server) if server else ()), COMMAND)


class PatientLink:
    """One process from its start to its end."""

    def __init__(
        self, command: Sequence[str], heard: Callable[[PatientLink, Told], None], gone: Callable[[PatientLink], None],
        hello: Hello | None = None,
    ) -> None:  # fmt: skip
        """Without `hello` it loads what it will need, and waits for `greet`.

        `heard` and `gone` come on the link's thread. Raises OSError where no process can be started.
        """
        self._heard, self._gone = heard, gone
        self._lock = threading.Lock()
        self._ending = False
        self.greeted_s: float | None = None
        self.ready_s: float | None = None
        """How long it took from the greeting until a patient could come."""
        self._child = _start(command)
        if hello is not None:
            self.greet(hello)
        threading.Thread(target=self._read, name="patient-reader", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return not self._ending and self._child.poll() is None

    def greet(self, hello: Hello) -> bool:
        """Somebody signed in: for whom it works, and how. False where the process is not there any more."""
        self.greeted_s = time.monotonic()
        return self._write(wire.line_of(hello))

    def send(self, wish: Wish) -> bool:
        """False where the process is not there any more."""
        return self._write(wire.line_of(wish))

    def end(self, limit_s: float = END_S) -> None:
        """Nothing is held any more when this returns: the process went, or was killed."""
        self._ending = True
        with self._lock, contextlib.suppress(OSError):
            assert self._child.stdin is not None
            self._child.stdin.close()
        try:
            self._child.wait(limit_s)
        except subprocess.TimeoutExpired:
            _log.warning("the patient process was killed, it did not go by itself")
            self._child.kill()
            self._child.wait()

    def _write(self, line: bytes) -> bool:
        with self._lock:
            if self._ending:
                return False
            try:
                assert self._child.stdin is not None
                self._child.stdin.write(line)
                self._child.stdin.flush()
            except (OSError, ValueError):
                return False
            return True

    def _read(self) -> None:
        """On the link's thread, to the end of the process's output."""
        stream: IO[bytes] | None = self._child.stdout
        assert stream is not None
        with stream:
            while line := stream.readline(wire.LINE_MOST):
                try:
                    told = wire.told_of(line)
                except BadLine:
                    _log.error("the patient process told what nobody understands")
                    continue
                if told.event == wire.READY and self.greeted_s is not None:
                    self.ready_s = time.monotonic() - self.greeted_s
                if not self._ending:
                    self._heard(self, told)
        self._child.wait()
        if not self._ending:
            self.end()
            self._gone(self)


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    hidden = int(getattr(subprocess, "CREATE_NO_WINDOW", 0))  # else Windows opens a console beside the window
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        cwd=Path(__file__).resolve().parents[2] if not getattr(sys, "frozen", False) else None,
        env={name: value for name, value in os.environ.items() if not name.startswith(("MATOU_PIN", "MATOU_WITNESS"))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=hidden,
    )
