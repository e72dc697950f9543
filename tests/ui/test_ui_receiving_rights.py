"""What the window says to somebody who may not, of an unfinished acceptance, and of a close that was not taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from app.base.options import Environment
from app.base.texts import Texts
from app.flows.answers import Answers
from app.flows.close_answers import CloseAnswers
from app.ui.conductor import Conductor
from app.ui.fronts import Front
from app.ui.screens import acceptance, receiving
from app.ui.screens.acceptance import AcceptanceScreen
from app.ui.screens.receiving import ReceivingScreen
from app.ui.theme import Look, theme_tree
from app.wiring import Call, Program
from sync import Settled
from tests.fixtures.hospital import DELIVERY, NOW_MS, PIN, Dock, code, delivery, drug, line, operator, packages

WAIT_MS = 20_000
RECEIPT = f"{DELIVERY}-R1"
BOX = code("8999011", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A delivery of one box of a special drug, and people with different rights."""
    with Dock(tmp_path / "data") as dock:
        dock.feed(
            operator("1001", rights=("count", "close_even")), operator("1002", rights=("receive", "close", "accept")),
            operator("1003", rights=("receive",), store_rooms=("MZYF",)), operator("1004", rights=("witness",)),
        )  # fmt: skip
        dock.feed(msgspec.structs.replace(drug("D1", {"8999011": 1}), special=True))
        note = delivery(line(1, "D1", 1), store_room="YK")
        dock.feed(packages({BOX: {}}), msgspec.structs.replace(
            note, invoice_no="F1", supplier_licence="L1", supplier_licence_expiry="2029-01-01"
        ))  # fmt: skip
    return tmp_path / "data"


@pytest.fixture
def conductor(qtbot: QtBot, folder: Path) -> Iterator[Conductor]:
    made = Conductor(lambda: Program(Call("window", folder, None, Environment(now_ms=NOW_MS))))
    with qtbot.waitSignal(made.ready, timeout=WAIT_MS):
        made.start()
    yield made
    assert made.close()


@pytest.fixture
def screen(qtbot: QtBot, conductor: Conductor) -> ReceivingScreen:
    made = ReceivingScreen(Look(), Texts.load())
    qtbot.addWidget(made)
    theme_tree(made, Look(), Texts.load())
    receiving.join(made, conductor)
    return made


def begin(qtbot: QtBot, conductor: Conductor, who: str) -> None:
    with qtbot.waitSignal(conductor.signed_in, timeout=WAIT_MS):
        conductor.sign_in(who, PIN)
    with qtbot.waitSignal(conductor.receipt_opened, timeout=WAIT_MS):
        conductor.open_delivery(DELIVERY)


def said(screen: ReceivingScreen) -> str:
    return str(screen.panel.said)


def until(qtbot: QtBot, fits: Callable[[], bool]) -> None:
    qtbot.waitUntil(fits, timeout=WAIT_MS)


def test_who_may_not_scan_reads_who_may(qtbot: QtBot, conductor: Conductor, screen: ReceivingScreen) -> None:
    begin(qtbot, conductor, "1001")
    conductor.scan(BOX.encode())
    until(qtbot, lambda: "没有权限" in said(screen))
    assert "演示员1002 1002" in said(screen)
    assert screen.view is not None
    assert screen.view.equation.received == 0
    conductor.command("confirm")
    with qtbot.waitSignal(conductor.command_answered, timeout=WAIT_MS):
        conductor.command("short 1 1 lost")
    conductor.command("close")
    until(qtbot, lambda: "有差异时完成收货" in said(screen))


def test_somebody_of_another_store_room_is_told_so(qtbot: QtBot, conductor: Conductor) -> None:
    with qtbot.waitSignal(conductor.signed_in, timeout=WAIT_MS):
        conductor.sign_in("1003", PIN)
    with qtbot.waitSignal(conductor.trouble, timeout=WAIT_MS) as told:
        conductor.open_delivery(DELIVERY)
    assert told.args is not None
    assert told.args[0] == "other_store_room"
    assert "MZYF" in Texts.load().line("other_store_room", **told.args[1])


def test_folded_the_close_waits_for_the_second_person_whose_badge_is_enough_to_name_them(
    qtbot: QtBot, conductor: Conductor, screen: ReceivingScreen, folder: Path
) -> None:
    program = conductor._session._program
    program.settings = type(program.settings)({**program.settings.values, "acceptance": "folded"})
    begin(qtbot, conductor, "1002")
    conductor.scan(BOX.encode())
    conductor.command("close")
    until(qtbot, lambda: "还没有验收结论" in said(screen))
    desk = AcceptanceScreen(Look(), Texts.load())
    qtbot.addWidget(desk)
    acceptance.join(desk, conductor)
    desk.show()
    conductor.open_acceptance(RECEIPT)
    until(qtbot, lambda: desk._view is not None)
    told: list[str] = []
    conductor.trouble.connect(lambda what, _: told.append(what))
    conductor.show_front(Front.ACCEPTANCE)
    conductor.scan(b"MATOU#1004")
    until(qtbot, lambda: "badge_while_signed_in" in told)
    desk.conclusion.good.click()
    until(qtbot, lambda: desk._view is not None and desk._view.needs_witness)
    conductor.command("close")
    until(qtbot, lambda: "第二个人签名" in said(screen))
    conductor.scan(b"MATOU#1004")
    until(qtbot, lambda: desk.end.witness.edit.text() == "1004")
    desk.end.pin.edit.setText(PIN)
    desk.end.sign.click()
    until(qtbot, lambda: desk._view is not None and not desk._view.missing)
    conductor.command("close")
    until(qtbot, lambda: screen.view is not None and screen.view.closed)


def test_a_close_that_was_not_taken_says_so_in_the_trail(
    qtbot: QtBot, conductor: Conductor, screen: ReceivingScreen
) -> None:
    program = conductor._session._program
    begin(qtbot, conductor, "1002")
    conductor.scan(BOX.encode())
    conductor.command("close")
    until(qtbot, lambda: screen.view is not None and screen.view.closed)
    rows = program.writer.call(lambda: program.outbox.rows(receipt=RECEIPT), write=False)
    close = next(row for row in rows if row.kind == "close")
    answer = Settled(close.id, RECEIPT, "close", "held", "close_differs", None, ())
    apply = Answers(program.receipts, None, CloseAnswers(program._parts).heard).apply
    program.writer.call(lambda: apply([answer]))
    with qtbot.waitSignal(conductor.receipt_opened, timeout=WAIT_MS):
        conductor.open_delivery(DELIVERY)
    until(qtbot, lambda: screen.view is not None and not screen.view.closed)
    first = screen.entry_list.rows[0]
    assert first.title == "医院没有收下结单，收货单又打开了"
    assert first.detail == "医院记的数和这里不一样"
