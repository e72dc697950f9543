"""The stand-alone program as a child, and a hospital of its own making. Main thread of a test."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Packaged:
    """The program, called where no Python of ours is: nothing but the system's own surroundings."""

    program: Path
    home: Path

    def run(self, *words: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *words], input=given, env=self.surroundings(more), cwd=self.home, capture_output=True,
            text=True, encoding="utf-8", timeout=LIMIT_S, check=False,
        )  # fmt: skip

    def start(self, *words: str, errors: Path) -> subprocess.Popen[bytes]:
        """Begin to run; its standard error goes to a file."""
        with errors.open("wb") as words_of_trouble:
            return subprocess.Popen(
                [self.program, *words], env=self.surroundings({}), cwd=self.home, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=words_of_trouble,
            )  # fmt: skip

    def surroundings(self, more: dict[str, str]) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin", "HOME": str(self.home), "LANG": os.environ.get("LANG", "C.UTF-8"),
            "QT_QPA_PLATFORM": "offscreen", **more,
        }  # fmt: skip


class Hospital:
    """`matou sandbox` of the stand-alone program."""

    def __init__(self, packaged: Packaged, errors: Path) -> None:
        self._child = packaged.start("sandbox", errors=errors)
        assert self._child.stdout is not None
        first = json.loads(self._child.stdout.readline())
        self.url: str = first["url"]
        self._control: str = first["control"]

    def get(self, what: str) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self._control}/{what}", timeout=30) as reply:
            return json.load(reply)

    def close(self) -> int:
        """Close its standard input; the exit status."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        status = self._child.wait(timeout=LIMIT_S)
        self._child.stdout.close()
        return status
