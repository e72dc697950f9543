"""A hospital that the tests share, and data folders that have met it, each a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.sandbox import SandboxProcess
from tests.journeys.journey_program import matou


@pytest.fixture(scope="session")
def shared_hospital() -> Iterator[SandboxProcess]:
    """Nobody sends anything to it, so that nobody disturbs the others."""
    with SandboxProcess() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def synced(shared_hospital: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with all that the hospital has told; it is only copied."""
    folder = tmp_path_factory.mktemp("synced") / "data"
    done = matou("sync", "--until-empty", "--server", shared_hospital.url, "--data-dir", folder)
    assert done.status == 0, done.err
    return folder


@pytest.fixture
def data(synced: Path, tmp_path: Path) -> Path:
    """A data folder of this test's own, already synced."""
    return Path(shutil.copytree(synced, tmp_path / "data"))
