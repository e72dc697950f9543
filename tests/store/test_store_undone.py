"""A transaction that fails takes with it what was remembered of its rows: their numbers will be somebody else's."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from app.base.options import Environment
from app.store.packages import Content
from app.store.writer import IMPORT, SCAN
from app.wiring import Call, Program


class DiskFull(Exception):
    """What a transaction may meet at its end."""


@pytest.mark.parametrize("sliced", [False, True])
def test_a_content_of_an_undone_transaction_is_not_believed(tmp_path: Path, *, sliced: bool) -> None:
    with Program(Call("undone", tmp_path, None, Environment())) as program:
        packages, database = program._parts.packages, program.writer.database

        def write(batch: str) -> int | None:
            return database.execute_sql(
                "INSERT INTO contents (drug, batch, expiry, made) VALUES ('D-1', ?, '2027-05-31', '')", (batch,)
            ).lastrowid

        def fail() -> None:
            assert packages.content(write("L-1")) == Content("D-1", "L-1", "2027-05-31", "")
            raise DiskFull

        drive = partial(program.writer.run_sliced, lambda: iter(()), finish=fail)
        with pytest.raises(DiskFull):
            drive() if sliced else program.writer.call(fail, priority=IMPORT)

        kept = program.writer.call(lambda: packages.content(write("L-2")), priority=SCAN)
        assert kept == Content("D-1", "L-2", "2027-05-31", "")


def test_a_drug_of_an_undone_transaction_is_not_believed(tmp_path: Path) -> None:
    with Program(Call("undone", tmp_path, None, Environment())) as program:
        catalogue, database = program.catalogue, program.writer.database

        def fail() -> None:
            database.execute_sql("INSERT INTO prefixes (prefix, drug, level) VALUES ('8999012', 'D-1', 2)")
            assert catalogue.prefix("8999012") is not None
            raise DiskFull

        with pytest.raises(DiskFull):
            program.writer.call(fail)
        assert program.writer.call(lambda: catalogue.prefix("8999012"), write=False) is None
