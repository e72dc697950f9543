"""Real parts for the exchange: a middleware on a socket, a device on an SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.sync_bench import Device
from tests.sync.sync_middleware import Middleware


@pytest.fixture
def middleware() -> Iterator[Middleware]:
    made = Middleware()
    yield made
    made.close()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "matou.db")
    yield made
    made.close()
