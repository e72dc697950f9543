"""The upload log: filters, stories, owners, a person's word, setting aside, and the export."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import partial
from pathlib import Path

import pytest

from app.__main__ import main
from app.base.errors import Trouble
from app.base.texts import Texts
from app.domain.packages import piece_of
from app.domain.upload_owners import ASIDE, OWNERS, Owner, owner_of
from app.flows import contradictions, upload_search
from app.flows.views import UploadFilter
from sync.errors import ANSWER_CODES
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages

ROOT = Path(__file__).resolve().parents[2]
BOXES = [code("8999011", number) for number in range(40)]
CARTON = code("8999013", 0)


@pytest.fixture
def stocked(dock: Dock) -> Dock:
    """Thirty scans of one person, ten of another, in two deliveries."""
    dock.feed(
        operator(), operator("1002"), drug("YP-1", {"8999011": 1, "8999013": 3}), drug("YP-2", {}, exempt="免码"),
        delivery(line(1, "YP-1", len(BOXES)), line(2, "YP-2", 5)), packages({CARTON: {box: {} for box in BOXES}}),
        delivery(line(1, "YP-2", 5), number="T-2"),
    )  # fmt: skip
    desk, other = dock.desk(), None
    for box in BOXES[:30]:
        desk.scan(box.encode())
    other = dock.desk(who="1002")
    for box in BOXES[30:]:
        other.scan(box.encode())
    dock.desk("T-2").command("short 1 5 =1+1")
    return dock


def become(dock: Dock, state: str, because: str | None, *ns: int) -> None:
    database = dock.program.writer.database
    dock.program.writer.call(
        lambda: [
            database.execute_sql("UPDATE sync_outbox SET state = ?, code = ?, result = ? WHERE n = ?",
                                 (state, because, state, n))
            for n in ns
        ]
    )  # fmt: skip


def found(dock: Dock, **wanted: object) -> list[int]:
    return [row.n for row in dock.program.uploads.log.every(UploadFilter(**wanted))]  # type: ignore[arg-type]


def test_every_code_of_the_contract_has_an_owner_and_a_next_step() -> None:
    texts = Texts.load()
    said = set()
    for path in (ROOT / "sync" / "sandbox").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        said |= set(re.findall(r'_refuse\(item, "([a-z_]+)"', source))
        said |= set(re.findall(r'Answer\([a-z_.]+, "refused", "([a-z_]+)"', source))
    assert "not_in_delivery" in said
    for name in {*ANSWER_CODES, *said, *OWNERS, *ASIDE.values()}:
        assert name in OWNERS, f"{name} has no owner"
        assert texts.has(name), f"{name} has no words"
        for lang in ("zh", "en"):
            assert texts.title(name, lang)
            assert texts.advice(name, lang), f"{name} has no next step"
    for owner in Owner:
        assert texts.has(f"owner_{owner}")
    for kind in (*contradictions.OWNERS, contradictions.OTHER_KIND):
        assert texts.advice(f"conflict_{kind}", "zh"), kind


def test_what_waits_for_nobody_and_what_is_new() -> None:
    assert owner_of("queued", "busy") is Owner.NOBODY
    assert owner_of("unsure", None) is Owner.NOBODY
    assert owner_of("unsure", "ask_unavailable") is Owner.IT
    assert owner_of("refused", "a_word_of_tomorrow") is Owner.IT
    assert owner_of("refused", "busy") is Owner.IT, "an end is somebody's, whatever its word"
    assert owner_of("held", "aside_supplier") is Owner.SUPPLIER


def test_filters_find_what_they_say(stocked: Dock) -> None:
    become(stocked, "accepted", None, *range(1, 21))
    become(stocked, "refused", "unknown_line", 21, 22)
    become(stocked, "refused", "bad_item", 23)
    become(stocked, "held", "aside_pharmacist", 24)
    become(stocked, "unsure", "ask_unavailable", 25)
    assert found(stocked) == list(range(41, 0, -1))
    assert found(stocked, states=("refused",)) == [23, 22, 21]
    assert found(stocked, states=("refused", "held", "accepted")) == list(range(24, 0, -1))
    assert found(stocked, owner="supplier") == [22, 21]
    assert found(stocked, owner="it") == [25, 23]
    assert found(stocked, owner="pharmacist") == [24]
    assert found(stocked, owner="clerk") == []
    assert found(stocked, reason="bad_item") == [23]
    assert found(stocked, operator="1002") == list(range(40, 30, -1))
    assert found(stocked, operator="1002", states=("refused",)) == []
    assert found(stocked, delivery="T-2") == [41]
    assert found(stocked, delivery="T-9") == []
    assert found(stocked, code=BOXES[3]) == [4]
    assert found(stocked, code=" ".join(BOXES[3][at : at + 4] for at in range(0, 20, 4))) == [4], "as printed"
    assert found(stocked, code="nonsense") == []
    assert stocked.program.uploads.log.owners() == {
        "clerk": 0, "pharmacist": 1, "it": 2, "supplier": 2, "insurance": 0
    }  # fmt: skip
    made = stocked.program.uploads.log.page(UploadFilter(), 1).rows[0].created_ms
    assert found(stocked, until_ms=made - 10**9) == []
    assert len(found(stocked, since_ms=made - 10**9, until_ms=made)) == 41


def test_pages_join_without_a_gap_whatever_the_step(stocked: Dock, monkeypatch: pytest.MonkeyPatch) -> None:
    for step, at_once in ((3, 2), (7, 1), (1, 1)):
        monkeypatch.setattr(upload_search, "STEP", step)
        monkeypatch.setattr(upload_search, "STEPS_AT_ONCE", at_once)
        assert found(stocked) == list(range(41, 0, -1))
        assert found(stocked, operator="1002") == list(range(40, 30, -1))
        assert found(stocked, states=("queued", "refused")) == list(range(41, 0, -1))
        page = stocked.program.uploads.log.page(UploadFilter(), 2)
        assert 1 <= len(page.rows) <= 2
        assert page.next == page.rows[-1].n


def test_a_story_has_attempts_acts_and_what_the_hospital_shows(stocked: Dock) -> None:
    become(stocked, "refused", "unknown_line", 1)
    log, who = stocked.program.uploads.log, stocked.person("1002")
    (row,) = log.page(UploadFilter(states=("refused",))).rows
    with pytest.raises(Trouble, match="reason_missing"):
        log.set_aside([row.id], who, "supplier", " ")
    assert log.set_aside([row.id], who, "supplier", "等补单") == 1
    story = log.story(row.id)
    assert story is not None
    assert (story.row.state, story.row.owner, story.row.operator) == ("held", "supplier", "演示员1001 1001")
    assert [(act.act, act.operator, act.note) for act in story.acts] == [("set_aside", "演示员1002 1002", "等补单")]
    assert story.attempts == ()
    assert story.evidence.state is None
    assert log.story("01a201d7-0000-7000-8000-00000000dead") is None
    assert stocked.program.uploads.retry([row.id]) == 1
    log.retried([row.id], who)
    story = log.story(row.id)
    assert story is not None
    assert [act.act for act in story.acts] == ["set_aside", "retried"]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_person_decides_what_nobody_can_be_asked_for(stocked: Dock, arrived: bool) -> None:
    become(stocked, "unsure", "ask_unavailable", 1)
    become(stocked, "unsure", None, 2)
    log = stocked.program.uploads.log
    ids = [row.id for row in log.page(UploadFilter(states=("unsure",))).rows]
    assert log.decide(ids, stocked.person(), arrived=arrived) == 1, "the other one can still be asked for"
    story = log.story(ids[1])
    assert story is not None
    assert story.row.state == ("accepted" if arrived else "queued")
    assert [act.act for act in story.acts] == ["arrived" if arrived else "not_arrived"]
    assert log.decide(ids, stocked.person(), arrived=True) == 0


def export(stocked: Dock, *words: str) -> int:
    return main(["export", "uploads", "--data-dir", str(stocked.program.paths.root), *words])


def test_the_export_is_a_table_that_a_spreadsheet_reads(stocked: Dock, tmp_path: Path) -> None:
    become(stocked, "refused", "unknown_line", 1)
    become(stocked, "refused", "bad_item", 41)
    database = stocked.program.writer.database
    stocked.program.writer.call(lambda: database.execute_sql("UPDATE sync_outbox SET text = '=cmd|1' WHERE n = 41"))
    file = tmp_path / "上传.csv"
    assert export(stocked, str(file), "--state", "refused") == 0
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [(row["收货单"], row["谁来处理"], row["原因代码"]) for row in rows] == [
        ("T-2-R1", "信息科", "bad_item"),
        ("T-1-R1", "供应商", "unknown_line"),
    ]
    assert rows[0]["医院说明"] == "'=cmd|1"
    assert rows[1]["码"] == BOXES[0]
    assert rows[1]["下一步"]


def test_the_export_for_programs_has_a_line_for_each(stocked: Dock, tmp_path: Path, capfdbinary) -> None:
    file = tmp_path / "log.jsonl"
    assert export(stocked, str(file)) == 0
    rows = [json.loads(text) for text in file.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 41
    assert rows[0]["state"] == "queued"
    capfdbinary.readouterr()
    assert export(stocked, "--operator", "1002", "--format", "jsonl") == 0
    assert len(capfdbinary.readouterr().out.splitlines()) == 10


def test_the_export_as_one_array_is_json_whatever_it_holds(stocked: Dock, tmp_path: Path, capfdbinary) -> None:
    file = tmp_path / "log.json"
    assert export(stocked, str(file)) == 0
    rows = json.loads(file.read_bytes())
    capfdbinary.readouterr()
    assert export(stocked, "--format", "jsonl") == 0
    assert rows == [json.loads(text) for text in capfdbinary.readouterr().out.splitlines()]
    assert len(rows) == 41
    for count, words in ((0, ("--delivery", "T-9")), (1, ("--code", BOXES[3]))):
        assert export(stocked, "--format", "json", *words) == 0
        assert len(json.loads(capfdbinary.readouterr().out)) == count


def test_the_pieces_of_a_batch_are_found_by_its_code(stocked: Dock) -> None:
    piece, database = piece_of(BOXES[0], "01a201d7-0000-7000-8000-00000000dead"), stocked.program.writer.database
    move = partial(database.execute_sql, "UPDATE entries SET code = ? WHERE code = ?", (piece, BOXES[7]))
    stocked.program.writer.call(move)
    assert found(stocked, code=BOXES[0]) == [8, 1]


def test_a_piece_is_exported_by_the_code_that_is_printed_on_it(stocked: Dock, capfdbinary) -> None:
    piece, database = piece_of(BOXES[0], "01a201d7-0000-7000-8000-00000000dead"), stocked.program.writer.database
    text = f"damaged {piece} 外箱压扁"
    for payload, shown in ((piece, BOXES[0]), (text, f"damaged {BOXES[0]} 外箱压扁")):
        change = partial(database.execute_sql, "UPDATE entries SET payload = ? WHERE code = ?", (payload, BOXES[0]))
        stocked.program.writer.call(change)
        assert export(stocked, "--format", "json", "--code", BOXES[0]) == 0
        assert [row["payload"] for row in json.loads(capfdbinary.readouterr().out)] == [shown]


def test_an_export_that_cannot_be_says_why(stocked: Dock, tmp_path: Path, capsys) -> None:
    assert export(stocked, str(tmp_path / "x.csv"), "--from", "昨天") == 2
    assert "export_moment_bad" in capsys.readouterr().err
    assert export(stocked, str(tmp_path / "none" / "x.csv")) == 3
    assert "file_folder_missing" in capsys.readouterr().err
    assert list(tmp_path.glob("*.csv")) == []
