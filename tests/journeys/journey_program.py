"""The whole program as a child process: run to its end, or talked to line by line. Standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PIN = "1234"
LIMIT_S = 60.0
COMMAND = (sys.executable, "-m", "app")


@dataclass(frozen=True, slots=True)
class Done:
    """A run that has ended."""

    status: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its lines of JSON."""
        return [json.loads(line) for line in self.out.split(b"\n")[:-1]]

    @property
    def complaint(self) -> str:
        """The stable code of the one line on standard error; AssertionError if it is not exactly one such line."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        code, colon, sentence = lines[0].partition(": ")
        assert colon
        assert code.replace("_", "").isalpha()
        # A person reads Chinese first, and no place in the sentence is left unfilled.
        assert any("\u4e00" <= sign <= "\u9fff" for sign in sentence), self.err
        assert "{" not in sentence, self.err
        return code


def surroundings(**more: str | None) -> dict[str, str]:
    """The environment of a child: ours without MATOU_ and PYTHON variables, with the PIN; None takes one away.

    An unbuffered Python would hide that the program does not flush its answers.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MATOU_", "PYTHON"))}
    wanted = {"MATOU_PIN": PIN, **more}
    return kept | {name: value for name, value in wanted.items() if value is not None}


def matou(
    *words: str | Path | bytes,
    stdin: bytes | Path = b"",
    limit_s: float = LIMIT_S,
    before: Callable[[], None] | None = None,
    command: Sequence[str] = COMMAND,
    variables: Mapping[str, str | None] | None = None,
) -> Done:
    """Run the program to its end. `before` runs in the child first; `variables` are environment variables."""
    with contextlib.ExitStack() as stack:
        given: dict[str, Any] = {"input": stdin}
        if isinstance(stdin, Path):
            given = {"stdin": stack.enter_context(stdin.open("rb"))}
        found = subprocess.run(
            [*command, *words], cwd=ROOT, env=surroundings(**variables or {}), capture_output=True, check=False,
            timeout=limit_s, preexec_fn=before, **given,
        )  # fmt: skip
    return Done(found.returncode, found.stdout, found.stderr.decode("utf-8"))


class Talk:
    """A running program: lines in, lines of JSON out, and what it says on standard error. A context manager."""

    def __init__(self, *words: str | Path, **variables: str | None) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *words], cwd=ROOT, env=surroundings(**variables), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._said: list[str] = []
        self._heard = threading.Condition()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=_pass_on, args=(self.process.stdout, self._answers.put)),
            threading.Thread(target=_pass_on, args=(self.process.stderr, self._hear)),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.end()

    @property
    def said(self) -> list[str]:
        """Lines of standard error so far."""
        with self._heard:
            return list(self._said)

    def say(self, *lines: str | bytes) -> None:
        """Lines of input, without waiting for answers."""
        assert self.process.stdin is not None
        for line in lines:
            self.process.stdin.write((line.encode() if isinstance(line, str) else line) + b"\n")
        self.process.stdin.flush()

    def ask(self, line: str | bytes) -> dict[str, Any]:
        """A line of input and its answer."""
        self.say(line)
        return self.answer()

    def answer(self, limit_s: float = LIMIT_S) -> dict[str, Any]:
        """The next line of output; queue.Empty if none comes."""
        found: dict[str, Any] = json.loads(self._answers.get(timeout=limit_s))
        return found

    def wait_said(self, code: str, *, times: int = 1, limit_s: float = LIMIT_S) -> None:
        """Until a line of standard error has begun with this code so many times."""
        with self._heard:
            heard = self._heard.wait_for(
                lambda: sum(line.startswith(f"{code}: ") for line in self._said) >= times, limit_s
            )
        assert heard, (code, self.said)

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[int, list[dict[str, Any]]]:
        """No more input; the exit status and the answers not yet read."""
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        status = self.process.wait(LIMIT_S)
        for reader in self._readers:
            reader.join(LIMIT_S)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return status, [json.loads(line) for line in self._rest()]

    def _rest(self) -> Iterator[bytes]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._answers.get_nowait()

    def _hear(self, line: bytes) -> None:
        with self._heard:
            self._said.append(line.decode("utf-8").rstrip("\n"))
            self._heard.notify_all()


def _pass_on(pipe: Any, give: Callable[[bytes], None]) -> None:
    for line in pipe:
        give(line)


def until(fits: Callable[[], bool], *, limit_s: float = LIMIT_S, step_s: float = 0.05) -> None:
    """Look until it fits; AssertionError after the limit."""
    looks = threading.Event()
    for _ in range(int(limit_s / step_s)):
        if fits():
            return
        looks.wait(step_s)
    raise AssertionError("it never came to that")


def with_times(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, int]]:
    """Ledger rows as code → (state, times)."""
    return {row["code"]: (row["state"], row["times"]) for row in rows}
