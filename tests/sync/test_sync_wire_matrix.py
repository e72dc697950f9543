"""A seeded sample of the matrix of faults: each fault alone somewhere, each endpoint, and some pairs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sync.wire_matrix import FAULTS, MIDDLEWARE, RELAY, Case, Matrix, cases, sample

SEED = 41
PAIRS = 5


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    made = Matrix(tmp_path_factory.mktemp("matrix"), SEED)
    yield made
    made.close()


@pytest.mark.parametrize("case", sample(SEED, PAIRS), ids=str)
def test_after_the_faults_all_is_where_it_should_be_once(matrix: Matrix, case: Case) -> None:
    assert matrix.run(case) is None


def test_the_matrix_is_whole() -> None:
    every = list(cases())
    assert len(every) == len(set(every)) == 7 * (len(FAULTS) + len(FAULTS) * (len(FAULTS) - 1) // 2)
    sampled = sample(SEED, PAIRS)
    assert {case.faults[0] for case in sampled if len(case.faults) == 1} == set(FAULTS)
    assert {case.endpoint for case in sampled} == {*MIDDLEWARE, *RELAY}
