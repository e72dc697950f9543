"""`matou import`: a relation file through the whole program, and what the data folder holds of it afterwards."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.fixtures.hospital import Dock, drug
from tests.flows.relation_bench import LEVELS, Row, batch, box, bundle, document, tree, write
from tests.journeys.journey_program import Done, matou

SOUND = document(batch(tree(), "HB2607"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of a hospital that knows the drug; no network."""
    with Dock(tmp_path / "data") as dock:
        dock.feed(drug("YP-1", LEVELS))
    return tmp_path / "data"


def claims(data: Path) -> dict[str, tuple[str | None, str, str]]:
    """code → (parent, kind and state of the source), as the file has it."""
    with contextlib.closing(sqlite3.connect(data / "matou.db")) as file:
        rows = file.execute(
            "SELECT p.code, p.parent, s.kind, s.state FROM packages p JOIN sources s ON s.id = p.source"
        )
        return {code: (parent, kind, state) for code, parent, kind, state in rows}


def bring(file: Path, data: Path, *words: str) -> Done:
    return matou("import", file, "--data-dir", data, *words)


def test_a_file_comes_in_once_and_its_codes_are_known(data: Path, tmp_path: Path) -> None:
    file = write(tmp_path, SOUND, "关联关系 01.xml")
    first, again = bring(file, data, "--json"), bring(file, data, "--json")

    assert (first.status, again.status, first.err, again.err) == (0, 0, "", "")
    assert first.lines[0] == {
        "file": "关联关系 01.xml", "state": "taken_in", "codes": 7, "cartons": 1, "levels": {"1": 4, "2": 2, "3": 1},
        "batches": ["HB2607"], "drugs": ["YP-1"], "flags": {"0": 7}, "set_aside": 0, "problems": [], "notes": [],
        "counted": {},
    }  # fmt: skip
    assert again.lines[0]["state"] == "already_here"
    assert claims(data)[box(3)] == (bundle(1), "line_file", "complete")
    assert len(claims(data)) == 7


def test_words_for_a_person(data: Path, tmp_path: Path) -> None:
    rows = [*tree(), *(Row(box(n), 1, box(n)) for n in range(100, 130))]
    done = bring(write(tmp_path, document(batch(rows))), data)
    words = done.out.decode()

    assert (done.status, done.err) == (0, "")
    assert "relation.xml：已导入" in words
    assert "码 7 个，整箱 1 个，批号：B1" in words
    assert f"问题 · 第 14 行：{box(100)} 的外包装写成了它自己" in words
    assert "同样的情况还有 10 处" in words
    assert "{" not in words


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("xml_entities", '<!DOCTYPE x [<!ENTITY a "b">]><Document>&a;</Document>'),
        ("relation_truncated", SOUND[:-40]),
        ("relation_not_xml", "这不是 XML"),
        ("relation_cycle", document(batch([*tree(), Row(box(8), 1, bundle(8)), Row(bundle(8), 2, box(8))]))),
        ("relation_all_aside", document(batch([Row(box(1), 1, box(1))]))),
    ],
)
def test_a_wrong_file_is_one_line_and_changes_nothing(data: Path, tmp_path: Path, code: str, text: str) -> None:
    done = bring(write(tmp_path, text), data, "--json")

    assert (done.status, done.complaint) == (3, code)
    assert done.lines[0]["state"] == "refused"
    assert claims(data) == {}


def test_a_file_that_is_not_there(data: Path, tmp_path: Path) -> None:
    done = bring(tmp_path / "无.xml", data)

    assert (done.status, done.complaint, done.out) == (3, "file_missing", b"")


def test_a_folder_that_never_met_a_hospital(tmp_path: Path) -> None:
    done = bring(write(tmp_path, SOUND), tmp_path / "new", "--json")

    assert (done.status, done.lines[0]["codes"]) == (0, 7)
