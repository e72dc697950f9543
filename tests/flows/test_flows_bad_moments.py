"""A receipt at bad moments: commands out of order, a delivery that changes or goes while it is open, two who close.

Each time there are clear words, and nothing that was answered is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.base.errors import Trouble
from app.base.options import Environment
from app.base.texts import Texts
from app.flows.receiving import Receiving
from app.flows.wording import command_sentence, scan_sentence
from app.wiring import Call, Program
from tests.fixtures.hospital import Dock, code, delivery, drug, line, operator, packages
from tests.fixtures.sandbox import SandboxProcess

B = [code("8999011", n) for n in range(6)]
NOTE = delivery(line(1, "D1", 4))
NO = "TWO-1"


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    with Dock(tmp_path / "data") as made:
        made.feed(operator(rights=("receive", "close", "undo", "exempt")), drug("D1", {"8999011": 1}))
        made.feed(packages({key: {} for key in B[:4]}), NOTE)
        yield made


def test_commands_out_of_order_are_answered_one_by_one(dock: Dock) -> None:
    desk = dock.desk()
    wanted = {
        "confirm": "nothing_to_confirm", "undo": "nothing_to_undo", "undo 99": "nothing_to_undo",
        f"undo {B[0]}": "nothing_to_undo", "close": "outcome_missing", "short 9 1 没到": "no_such_line",
        "short 1 5 没到": "quantity_bad", "witness 1001": "witness_pin_missing", f"damaged {code('8999099', 1)} 坏":
        "unknown_code", "short": "bad_command", "close now": "bad_command", "fly": "unknown_command",
    }  # fmt: skip
    texts = Texts.load()
    for text, reason in wanted.items():
        found = desk.command(text)
        assert (found.ok, found.reason) == (False, reason), text
        for lang in ("zh", "en"):
            assert command_sentence(texts, found, lang).strip(), text
    assert desk.summary().equation.as_dict() == dict.fromkeys(desk.summary().equation.as_dict(), 0) | {"expected": 4}
    assert all(desk.scan(key.encode()).counted for key in B[:4])
    assert desk.command("close").ok
    after = desk.command("undo")
    assert (after.reason, after.trouble) == ("not_recorded", "receipt_closed")
    assert desk.scan(B[0].encode()).trouble == "receipt_closed"


def test_a_delivery_that_is_withdrawn_while_it_is_open_says_so_and_keeps_all(dock: Dock) -> None:
    desk, texts = dock.desk(holds=True), Texts.load()
    assert desk.scan(B[0].encode()).counted
    dock.feed(msgspec.structs.replace(NOTE, state="withdrawn"))

    scan = desk.scan(B[1].encode())
    assert (scan.reason, scan.counted) == ("delivery_withdrawn", False)
    assert "撤回" in scan_sentence(texts, scan, "zh")
    assert desk.scan(B[1].encode()).reason == "held_by_stop"
    assert desk.command("confirm").ok
    for text in ("close", "short 1 3 没到", f"damaged {B[0]} 坏"):
        answer = desk.command(text)
        assert answer.reason == "delivery_withdrawn"
        assert "撤回" in command_sentence(texts, answer, "zh")
    assert desk.summary().equation.received == 1, "what was answered stays"
    assert desk.command(f"undo {B[0]}").ok

    dock.feed(NOTE)  # it was a mistake
    assert desk.scan(B[1].encode()).counted


def test_a_delivery_that_changes_while_it_is_open_is_held_against_the_new_note(dock: Dock) -> None:
    desk = dock.desk()
    assert all(desk.scan(key.encode()).counted for key in B[:3])
    more = msgspec.structs.replace(NOTE, lines=(*NOTE.lines, *delivery(line(2, "D1", 1, batch="B2")).lines))
    dock.feed(more)

    assert desk.summary().equation.expected == 5
    found = desk.command("close")
    assert found.reason == "outcome_missing"
    assert [values["line"] for _, values in found.details] == [1, 2]
    assert desk.command("short 1 1 没到").ok
    assert desk.command("short 2 1 没到").ok
    assert desk.command("close").ok


def test_two_devices_close_at_once_and_the_receipt_is_closed_once(tmp_path: Path) -> None:
    """Both are right by what they know; the hospital takes the first, the second one is told."""
    with SandboxProcess() as hospital:
        rows = [{"code": key, "level": 1, "parent": None, "line": 1} for key in B[:2]]
        lines = [{"line": 1, "drug": "YP-0001", "batch": "B1", "expiry": "2099-12-31", "packs": 2}]
        note = {"delivery": NO, "supplier": "演示医药", "manifest": "complete"}
        hospital.seed({"deliveries": [{**note, "lines": lines, "packages": rows}]})
        with opened(tmp_path / "one", hospital) as one, opened(tmp_path / "two", hospital) as two:
            desks = [desk_of(one), desk_of(two)]
            assert desks[0].scan(B[0].encode()).counted
            assert desks[1].scan(B[1].encode()).counted
            exchange(one)
            exchange(two)
            exchange(one)
            assert [desk.summary().equation.received for desk in desks] == [2, 2]
            assert all(desk.command("close").ok for desk in desks)
            exchange(one)
            exchange(two)
            exchange(one)
            (receipt,) = hospital.ledger(NO)["receipts"]
            assert receipt["state"] == "closed"
            assert [row["times"] for row in hospital.ledger(NO)["codes"]] == [1, 1]
            for program in (one, two):
                with pytest.raises(Trouble, match="receipt_closed"):
                    desk_of(program)
                assert program.counts().waiting == 0


def opened(folder: Path, hospital: SandboxProcess) -> Program:
    program = Program(Call("test", folder, hospital.url, Environment()))
    exchange(program)
    return program


def exchange(program: Program) -> None:
    assert program.engine().run_until_empty(limit_s=30, until_empty=False).trouble is None


def desk_of(program: Program) -> Receiving:
    return program.receiving(NO, program.sign_in("1001", "1234"), holds=False)
