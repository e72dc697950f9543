"""A dock with one program on a real data folder, before and after the demo hospital has told it everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.hospital import Dock


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    with Dock(tmp_path / "data") as made:
        yield made
