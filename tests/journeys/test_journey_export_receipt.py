"""`matou export receipt`: the document of a receipt through the whole program, while another one holds the folder."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.hospital import Dock
from tests.flows.receipt_samples import RECEIPT, eventful
from tests.journeys.journey_program import Done, matou


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that a program has open, with a closed receipt."""
    folder = tmp_path_factory.mktemp("export") / "data"
    with Dock(folder) as dock:
        assert eventful(dock).command("close").ok
        yield folder


def export(data: Path, *words: object) -> Done:
    return matou("export", "receipt", *words, "--data-dir", data)


def test_as_csv_as_a_workbook_and_as_a_pdf(data: Path, tmp_path: Path) -> None:
    for suffix in ("csv", "xlsx", "pdf"):
        done = export(data, RECEIPT, tmp_path / f"单据.{suffix}")
        assert (done.status, done.err) == (0, "")
        assert f"单据.{suffix}" in done.out.decode("utf-8")
    rows = list(csv.reader(io.StringIO((tmp_path / "单据.csv").read_text("utf-8-sig"))))
    assert [row[0] for row in rows] == ["行", "1", "2"]
    assert zipfile.ZipFile(tmp_path / "单据.xlsx").testzip() is None
    assert (tmp_path / "单据.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".pdf", ".xlsx"]


def test_the_form_can_be_said_whatever_the_name(data: Path, tmp_path: Path) -> None:
    assert export(data, RECEIPT, tmp_path / "a.txt", "--format", "csv").status == 0
    assert (tmp_path / "a.txt").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("receipt", "file", "status", "code"),
    [
        (RECEIPT, "a.txt", 2, "export_format_unknown"),
        (RECEIPT, "none/a.csv", 3, "file_folder_missing"),
        (RECEIPT, "none/a.pdf", 3, "file_folder_missing"),
        ("nobody", "a.csv", 3, "receipt_not_here"),
    ],
)
def test_what_cannot_be_is_said_in_words(
    data: Path, tmp_path: Path, receipt: str, file: str, status: int, code: str
) -> None:
    done = export(data, receipt, tmp_path / file)
    assert (done.status, done.complaint) == (status, code)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert export(tmp_path / "none", RECEIPT, tmp_path / "a.csv").complaint == "data_folder_missing"


def test_without_a_thing_to_export_the_program_was_called_wrongly(data: Path) -> None:
    assert matou("export").status == 2
