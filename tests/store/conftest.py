"""A data folder per test, met with a hospital and one delivery of four boxes where asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.store_bench import Bench, delivery, drug, packages


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def dock(bench: Bench) -> Bench:
    """A folder that has the delivery D-1: one line, one carton, two bundles, four boxes."""
    bench.meet()
    bench.apply(drug(), packages(), delivery())
    return bench
