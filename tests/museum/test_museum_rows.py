"""docs/museum.toml against the list of failures, written out once more, and against the tests that pytest finds."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIELDS = {"name", "failure", "elsewhere", "answer", "test", "also", "open"}
WITH_QT = importlib.util.find_spec("PySide6") is not None
NEED_QT = ("tests/ui/", "tests/journeys/", "tests/packaged/", "tests/rig/")
LIST = (
    "scans_lost_when_fast", "codes_silently_changed", "failure_stamped_as_done", "one_locked_record_stops_all",
    "no_way_back", "good_expiry_blanked", "batch_glued_to_serial", "queue_of_errors", "warning_for_a_block",
    "progress_that_does_not_move", "expected_serials_not_verified",
)  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    return tomllib.loads((ROOT / "docs" / "museum.toml").read_text(encoding="utf-8"))["failure"]


@pytest.fixture(scope="module")
def found(rows) -> set[str]:
    """The names of all tests that pytest collects from the files that the table names, without their parameters."""
    files = {name.split("::")[0] for name in names_in(rows) if can_run_here(name)}
    words = ["--collect-only", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    words += [] if WITH_QT else ["-c", "tests/pytest-noqt.ini", "--rootdir", "."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *files],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.split("[")[0] for line in done.stdout.splitlines() if "::" in line}


def names_in(rows) -> list[str]:
    return [name for row in rows for name in (row["test"], *row["also"])]


def can_run_here(name: str) -> bool:
    """Tests of Qt are not collected where there is none."""
    return WITH_QT or not name.startswith(NEED_QT)


def is_found(name: str, found: set[str]) -> bool:
    """A whole file, a class, or a test."""
    return any(one == name or one.startswith(f"{name}::") for one in found)


def test_every_failure_of_the_list_has_its_row_and_no_other(rows) -> None:
    assert tuple(row["name"] for row in rows) == LIST


def test_every_row_is_whole(rows) -> None:
    for row in rows:
        assert set(row) == FIELDS, row["name"]
        assert all(str(row[field]).strip() for field in FIELDS - {"also", "open"}), row["name"]


def test_every_row_has_a_test_of_its_own_in_the_museum(rows, found: set[str]) -> None:
    own = [row["test"] for row in rows]
    assert len(set(own)) == len(own)
    assert {name for name in found if "/test_museum_failures.py::" in name} == set(own)


def test_every_test_that_is_named_exists(rows, found: set[str]) -> None:
    assert [name for name in names_in(rows) if can_run_here(name) and not is_found(name, found)] == []
    assert not is_found("tests/museum/test_museum_failures.py::test_no_such", found)


def test_files_of_tests_that_cannot_run_here_exist(rows) -> None:
    for name in names_in(rows):
        file, *rest = name.split("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert all(part in text for part in rest), name
