"""The tables as the code names them against the migrated file, and the statements made from them."""

from __future__ import annotations

import pytest

from app.store.tables import COLUMNS, insert_statement, select
from tests.store.store_bench import Bench


def names_in_file(bench: Bench) -> set[str]:
    found = bench.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(row[0]) for row in found if not str(row[0]).startswith(("sync_", "sqlite_"))}


def test_every_table_of_the_file_is_declared_and_no_other(bench: Bench) -> None:
    assert names_in_file(bench) == set(COLUMNS)


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_columns_are_those_of_the_file_in_their_order(bench: Bench, table: str) -> None:
    assert tuple(row[1] for row in bench.rows(f"PRAGMA table_info({table})")) == COLUMNS[table]


def test_an_insert_fills_every_column(bench: Bench) -> None:
    bench.writer.call(lambda: bench.database.execute_sql(insert_statement("recalls"), ("YP-1", "B1", None)))

    found = bench.writer.call(lambda: list(select(bench.database, "recalls", drug="YP-1", batch="B1")))
    assert found == [{"drug": "YP-1", "batch": "B1", "reason": None}]
    assert bench.writer.call(lambda: list(select(bench.database, "recalls", drug="YP-2"))) == []


def test_statements_of_two_open_files_do_not_mix(bench: Bench, tmp_path) -> None:
    second = Bench(tmp_path / "second")
    try:
        second.writer.call(lambda: second.catalogue.set_meta("only", "second"))
        assert bench.writer.call(lambda: list(select(bench.database, "meta"))) == []
        assert second.writer.call(lambda: list(select(second.database, "meta"))) == [{"key": "only", "value": "second"}]
    finally:
        second.close()
