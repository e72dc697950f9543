"""Who may open, scan, close over a difference, and sign: asked at each act, answered with who may, kept in the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from app.base.errors import Trouble
from app.base.texts import Texts
from app.flows.receiving import Receiving
from app.flows.wording import command_sentence, scan_sentence
from tests.fixtures.hospital import DELIVERY, PIN, Dock, code, delivery, drug, line, operator, packages

ROOT = Path(__file__).resolve().parents[2]
BOXES = [code("8999011", n) for n in range(3)]
RECEIPT = f"{DELIVERY}-R1"


@pytest.fixture
def room(dock: Dock) -> Dock:
    """Three boxes of a special drug for the store room YK, and people with different rights."""
    dock.feed(
        operator("1001", rights=("receive", "close", "exempt", "witness")),
        operator("1002", rights=("count",), store_rooms=("YK",)),
        operator("1003", rights=("scan",)),
        operator("1004", rights=("receive", "close_even"), store_rooms=("YK",)),
        operator("1005", rights=("receive", "close"), store_rooms=("MZYF",)),
        operator("1006", rights=("accept", "witness")),
        operator("1007", rights=("export",)),
    )
    dock.feed(msgspec.structs.replace(drug("D1", {"8999011": 1}), special=True))
    dock.feed(packages({key: {} for key in BOXES}), delivery(line(1, "D1", 3), store_room="YK"))
    return dock


def opened(dock: Dock, who: str) -> str:
    with pytest.raises(Trouble) as caught:
        dock.desk(who=who)
    told = Texts.load().line(caught.value.code, "zh", **caught.value.values)
    assert "{" not in told
    return caught.value.code


def said(desk: Receiving, command: str, **more: str) -> tuple[str, str]:
    outcome = desk.command(command, **more)
    sentence = command_sentence(Texts.load(), outcome)
    assert "{" not in sentence
    return outcome.reason, sentence


def fold(dock: Dock) -> None:
    program = dock.program
    program.settings = type(program.settings)({**program.settings.values, "acceptance": "folded"})


def test_only_somebody_of_the_store_room_opens_its_delivery(room: Dock) -> None:
    assert opened(room, "1005") == "other_store_room"
    assert opened(room, "1007") == "no_right"
    assert room.rows("SELECT count(*) FROM receipts") == [(0,)]
    for who in ("1002", "1003", "1004"):
        assert room.desk(who=who).key.id == RECEIPT
    assert [task.delivery for task in room.program.tasks.view(room.person("1003")).tasks] == [DELIVERY]
    assert room.program.tasks.view(room.person("1005")).tasks == ()


def test_a_scan_without_the_right_does_not_count_and_is_kept_with_who_may(room: Dock) -> None:
    counter = room.desk(who="1002")
    found = counter.scan(BOXES[0].encode())
    assert (found.reason, found.counted, found.seq) == ("scan_not_allowed", False, 1)
    told = scan_sentence(Texts.load(), found)
    assert "演示员1001 1001" in told
    assert "1002" in told
    assert room.rows("SELECT reason, counted, payload FROM entries") == [("scan_not_allowed", 0, BOXES[0])]
    assert room.rows("SELECT count(*) FROM sync_outbox") == [(0,)]
    assert counter.command("short 1 1 lost").ok  # 收货 is another right than 扫追溯码
    shooter = room.desk(who="1003")
    assert shooter.scan(BOXES[0].encode()).counted
    assert said(shooter, "short 1 1 x")[0] == "no_right"
    assert said(shooter, f"damaged {BOXES[1]} wet")[0] == "no_right"
    assert said(shooter, "close")[0] == "no_right"


def test_a_right_that_the_hospital_takes_away_is_gone_at_the_next_scan(room: Dock) -> None:
    desk = room.desk()
    assert desk.scan(BOXES[0].encode()).counted
    room.feed(operator("1001", rights=("count",)))
    assert desk.scan(BOXES[1].encode()).reason == "scan_not_allowed"
    room.feed(operator("1001", rights=("receive",), store_rooms=("MZYF",)))
    assert desk.scan(BOXES[1].encode()).reason == "scan_not_allowed"
    assert said(desk, "short 1 1 x")[0] == "other_store_room"
    room.feed(operator("1001", rights=("receive",)))
    assert desk.scan(BOXES[1].encode()).counted


def test_an_undo_asks_for_a_right_too(room: Dock) -> None:
    desk = room.desk()
    assert desk.scan(BOXES[0].encode()).counted
    room.feed(operator("1001", active=False))
    reason, told = said(desk, "undo")
    assert reason == "no_right"
    assert "1001" in told
    assert desk.summary().equation.received == 1
    room.feed(operator("1001", rights=("scan",)))
    assert said(desk, "undo")[0] == "ok"


@pytest.mark.parametrize("state", ["accepted", "unsure", "in_flight"])
def test_what_the_hospital_has_or_may_have_by_somebody_else_is_taken_back_by_who_may(room: Dock, state: str) -> None:
    room.feed(operator("1004", rights=("receive", "undo"), store_rooms=("YK",)))
    first, second = room.desk(), room.desk(who="1003")
    assert first.scan(BOXES[0].encode()).counted
    assert second.command("undo").ok  # nobody else has heard of it
    assert first.scan(BOXES[0].encode()).counted
    database = room.program.writer.database
    room.program.writer.call(lambda: database.execute_sql("UPDATE sync_outbox SET state = ?", (state,)))
    assert said(second, "undo")[0] == "no_right"
    assert second.scan(BOXES[1].encode()).counted
    assert said(second, "undo")[0] == "ok"  # their own
    assert said(room.desk(who="1004"), "undo")[0] == "ok"
    assert first.summary().equation.received == 0


def test_a_held_desk_is_held_before_rights_are_asked(room: Dock) -> None:
    desk = room.desk(who="1002", holds=True)
    assert desk.scan(BOXES[0].encode()).reason == "scan_not_allowed"
    assert desk.scan(BOXES[0].encode()).reason == "held_by_stop"
    assert desk.command("confirm").ok


@pytest.mark.parametrize("difference", ["short 1 1 lost", f"damaged {BOXES[2]} wet", f"reject {BOXES[2]} torn"])
def test_closing_over_a_difference_is_a_right_of_its_own(room: Dock, difference: str) -> None:
    desk = room.desk(who="1004")
    for key in BOXES[:2]:
        assert desk.scan(key.encode()).counted
    assert said(desk, "close")[0] == "outcome_missing"
    assert desk.command(difference).ok
    reason, sentence = said(desk, "close")
    assert reason == "no_right"
    assert "有差异时完成收货" in sentence
    assert "演示员1001 1001" in sentence
    assert room.rows("SELECT state FROM receipts") == [("open",)]
    assert room.rows("SELECT count(*) FROM sync_outbox WHERE kind = 'close'") == [(0,)]
    assert room.desk().command("close").ok
    assert room.rows("SELECT state, closed_by FROM receipts") == [("closed", "1001")]


def test_what_is_more_than_expected_is_a_difference_too(room: Dock) -> None:
    desk = room.desk(who="1004")
    for key in BOXES:
        desk.scan(key.encode())
    assert desk.command("over 1 2 gift").ok
    assert said(desk, "close")[0] == "no_right"
    assert desk.command("undo").ok
    assert desk.command("close").ok


def test_an_unfinished_acceptance_keeps_the_receipt_open_and_says_what_is_missing(room: Dock) -> None:
    fold(room)
    desk, acceptance = room.desk(), room.program.acceptance
    for key in BOXES:
        desk.scan(key.encode())
    reason, sentence = said(desk, "close")
    assert reason == "acceptance_unfinished"
    for words in ("发票号", "许可证号", "验收结论"):
        assert words in sentence
    assert room.rows("SELECT state FROM receipts") == [("open",)]
    acceptance.type_invoice("1006", RECEIPT, "F1")
    acceptance.type_licence("1006", RECEIPT, "L1", "2029-01-01")
    acceptance.conclude("1006", RECEIPT, qualified=True)
    assert "第二个人签名" in said(desk, "close")[1]
    assert said(desk, "witness 1001")[0] == "witness_pin_missing"
    assert said(desk, "witness 1001", witness_pin="0000")[0] == "pin_wrong"
    # The clerk's command asks for the pharmacist's acceptance: only somebody with that right lets a second one sign.
    assert said(desk, "witness 1001", witness_pin=PIN)[0] == "no_right"
    room.feed(operator("1001", rights=("receive", "close", "witness", "accept")))
    assert said(desk, "witness 1006", witness_pin=PIN)[0] == "acceptance_same_person"
    assert said(desk, "witness 1099", witness_pin=PIN)[0] == "operator_unknown"
    assert said(desk, "witness 1007", witness_pin=PIN)[0] == "no_right"
    assert said(desk, "witness 1001", witness_pin=PIN) == ("ok", "第二人 1001 已签名")
    assert desk.command("close").ok


def test_no_pin_comes_near_the_disk(room: Dock) -> None:
    desk = room.desk()
    assert said(desk, "witness 1006 9876543", witness_pin="8765432")[0] == "bad_command"
    assert said(desk, "witness 1006", witness_pin="8765432")[0] == "pin_wrong"
    assert said(desk, "witness 1006", witness_pin=PIN)[0] == "no_right"
    assert room.rows("SELECT payload FROM entries ORDER BY seq") == [("witness 1006",)] * 3
    files = [*room.program.paths.root.rglob("*")]
    content = b"".join(file.read_bytes() for file in files if file.is_file())
    assert b"9876543" not in content
    assert b"8765432" not in content


def test_the_command_line_says_the_same(room: Dock) -> None:
    folder = room.program.paths.root
    room.program.close()

    def receive(who: str, *lines: str) -> tuple[int, list[dict[str, object]], str]:
        done = subprocess.run(
            [sys.executable, "-m", "app", "receive", "--delivery", DELIVERY, "--operator", who, "--offline",
             "--data-dir", str(folder)],
            input="\n".join(lines).encode(), capture_output=True, cwd=ROOT, timeout=120, check=False,
            env=os.environ | {"MATOU_PIN": PIN, "MATOU_WITNESS_PIN": PIN},
        )  # fmt: skip
        rows = [json.loads(row) for row in done.stdout.decode().splitlines()]
        return done.returncode, rows, done.stderr.decode()

    status, rows, error = receive("1005", BOXES[0])
    assert (status, rows) == (3, [])
    assert error.startswith("other_store_room")
    status, rows, _ = receive("1002", BOXES[0], "!short 1 1 lost", "!witness 1006")
    assert (status, [row.get("reason") for row in rows[:-1]]) == (
        0, ["scan_not_allowed", "ok", "no_right"]
    )  # fmt: skip
    status, rows, error = receive("1004", *BOXES[:2], "!close")
    assert status == 3
    assert error.startswith("no_right")
    assert rows[-1]["closed"] is False
    room.restart()


def test_rights_are_never_asked_of_somebody_else(room: Dock) -> None:
    """Two people on one receipt: the one who may not does not change what the other may."""
    one, two = room.desk(), room.desk(who="1002")
    assert two.scan(BOXES[0].encode()).reason == "scan_not_allowed"
    assert one.scan(BOXES[0].encode()).reason == "ok"
