"""The stand-alone program, made once for all tests here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaged.packaged_program import Hospital, Packaged

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def program() -> Path:
    """Made anew only if its sources changed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "build" / "package.py")], stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 0
    return Path(done.stdout.strip())


@pytest.fixture
def packaged(program: Path, tmp_path: Path) -> Packaged:
    return Packaged(program, tmp_path)


@pytest.fixture
def hospital(packaged: Packaged, tmp_path: Path) -> Iterator[Hospital]:
    running = Hospital(packaged, tmp_path / "sandbox-errors.txt")
    yield running
    assert running.close() == 0
