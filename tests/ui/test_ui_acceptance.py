"""Acceptance in the window: every state a picture without a fault, and a receipt brought to the shelf by touch.

The pictures lie under out/ui/acceptance, for eyes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.options import Environment
from app.base.texts import Texts
from app.domain.acceptance import (
    Concluded,
    Event,
    Fact,
    Goods,
    GoodsLine,
    InvoiceSeen,
    PhotoKept,
    ReportSeen,
    Signed,
    TemperatureRead,
    Undone,
    findings_of,
    in_force,
)
from app.domain.acceptance_rules import (
    REQUIREMENTS,
    AcceptanceRules,
    Stage,
    areas_of,
    differences_of,
    missing_for_conclusion,
    missing_for_signature,
    stage_of,
)
from app.domain.temperature import Range
from app.flows.acceptance_view import AcceptanceTask, AcceptanceView
from app.ui import theme
from app.ui.conductor import Conductor
from app.ui.fonts import load_fonts
from app.ui.fronts import Front
from app.ui.screens.acceptance import AcceptanceScreen, join
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Mode
from app.wiring import Call, Program
from tests.fixtures.hospital import NOW_MS, PIN, Dock, code, delivery, drug, line, operator, packages
from tests.ui.picture_check import look_over, telling
from tests.ui.test_ui_screens_a_pictures import settle

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "acceptance"
SHAPES = {"pocket": (360, 640), "tall": (480, 800), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "en_200": Look(Mode.LIGHT, 2.0, "en"),
}
PICTURES = telling((*((shape, look) for shape in ("pocket", "desk") for look in LOOKS), ("tall", "light")))
WAIT_MS = 20_000
TODAY = dt.date(2026, 11, 22)
GOODS = Goods(
    (
        GoodsLine(1, "门冬胰岛素注射液（笔芯）", "SYN2612B", "2027-03-31", 20, 20, storage=Range(2, 8)),
        GoodsLine(2, "阿莫西林胶囊", "260701", "2028-06-30", 200, 197, damaged=2),
        GoodsLine(3, "盐酸哌替啶注射液", "H2610", "2028-01-31", 10, 10, special=True),
    ),
    True, "YK", "24952000000123456789", "", "冀AA3110001", "2027-01-01",
)  # fmt: skip
TASKS = (
    AcceptanceTask("D-11-R1", "DEMO-20261122-11", "示例药品配送有限公司", Stage.TO_ACCEPT, 227, True, True),
    AcceptanceTask("D-12-R1", "DEMO-20261122-12", "演示医药商业有限公司", Stage.ACCEPTED, 180, False, False),
    AcceptanceTask("D-13-R1", "DEMO-20261122-13", "演示医药商业有限公司", Stage.REJECTED, 47, True, False),
)
PAPERS: tuple[Fact, ...] = (
    TemperatureRead(4.0, 9.5, "logger", 120, 3, 0, "d" * 64, "11-22 08:00", "11-22 14:00"),
    InvoiceSeen("24952000000123456780", "C7"), ReportSeen(1, "import", "JK-2026-118"),
    PhotoKept("e" * 64, "damage", "破损-02.jpg", 80_000, 2), TemperatureRead(5, 5), Undone(5),
)  # fmt: skip
DONE: tuple[Fact, ...] = (*PAPERS, Concluded(True, (1,), "运输途中超温"))


def view(*facts: Fact, may: bool = True) -> AcceptanceView:
    """As the flow would make it."""
    events = tuple(Event(seq, f"id{seq}", NOW_MS + seq * 60_000, "1002", fact) for seq, fact in enumerate(facts, 1))
    found, rules = findings_of(events), AcceptanceRules(False, frozenset(REQUIREMENTS) - {"report"})
    stage = stage_of(GOODS, found, rules)
    missing = missing_for_conclusion(GOODS, found, rules, found.conclusion or Concluded(True), TODAY)
    return AcceptanceView(
        "D-11-R1", "DEMO-20261122-11", "示例药品配送有限公司", "YK", stage, False,
        tuple(areas_of(GOODS, found, stage).items()), GOODS.lines, found,
        (*missing, *missing_for_signature(GOODS, found, rules)), differences_of(GOODS, found),
        tuple(reversed(events)), frozenset(event.seq for event in in_force(events)), GOODS.invoice_no, GOODS.licence,
        GOODS.licence_expiry, may, may,
    )  # fmt: skip


def scenes(screen: AcceptanceScreen) -> Iterator[tuple[str, Callable[[], None]]]:
    def scroll(share: float) -> None:
        bar = screen._page.verticalScrollBar()
        bar.setValue(round(bar.maximum() * share))

    def draw(made: AcceptanceView, share: float = 0.0) -> None:
        screen.draw(made)
        QApplication.processEvents()
        QApplication.processEvents()
        scroll(share)

    yield "list", lambda: (screen.leave(), screen.draw_list(TASKS))[0]
    yield "none", lambda: (screen.leave(), screen.draw_list(()))[0]
    yield "fresh", lambda: draw(view())
    yield "papers", lambda: draw(view(*PAPERS), 0.55)
    yield "journal", lambda: draw(view(*PAPERS), 1.0)
    yield "witness", lambda: draw(view(*DONE))
    yield "witness_below", lambda: draw(view(*DONE), 0.5)
    yield "accepted", lambda: draw(view(*DONE, Signed(len(DONE), "1004")), 0.5)
    yield "looking", lambda: draw(view(*PAPERS, may=False))


@pytest.fixture
def dressed(qapp: QApplication) -> Iterator[None]:
    load_fonts()
    before = qapp.palette(), qapp.font(), qapp.styleSheet(), qapp.style().name()
    yield
    qapp.setStyle(before[3])
    qapp.setPalette(before[0])
    qapp.setFont(before[1])
    qapp.setStyleSheet(before[2])


@pytest.mark.usefixtures("dressed")
@pytest.mark.parametrize(("shape", "name"), PICTURES)
def test_every_state_is_a_picture_without_a_fault(qtbot: QtBot, qapp: QApplication, shape: str, name: str) -> None:
    look, texts = LOOKS[name], Texts.load()
    theme.apply(qapp, look)
    screen = AcceptanceScreen(look, texts)
    frame = Frame([screen], look, texts)
    qtbot.addWidget(frame)
    frame.strip.draw(Status((ScannerStatus("FR27", True),), Network.ONLINE, 3, 0, "演示员乙", True))
    frame.resize(*SHAPES[shape])
    with qtbot.waitExposed(frame):
        frame.show()
    problems: list[str] = []
    for scene, put in scenes(screen):
        put()
        settle(qapp, frame)
        problems += [f"{scene}: {problem}" for problem in look_over(frame, OUT / f"{scene}-{shape}-{name}.png")]
    assert not problems, "\n".join(problems)


@pytest.fixture
def received(tmp_path: Path) -> Path:
    """A data folder where a clerk has received two vials of a special drug that travels cold."""
    vials = [code("8999021", n) for n in range(2)]
    with Dock(tmp_path / "data") as dock:
        dock.feed(operator("1001", rights=("receive", "close", "witness")))
        dock.feed(operator("1002", rights=("receive", "accept", "put_away", "undo")))
        dock.feed(msgspec.structs.replace(drug("D1", {"8999021": 1}), storage="2-8℃", special=True))
        dock.feed(packages({key: {} for key in vials}))
        note = msgspec.structs.replace(delivery(line(1, "D1", 2)), invoice_no="F1", supplier_licence="L1")
        dock.feed(msgspec.structs.replace(note, supplier_licence_expiry="2027-01-01"))
        desk = dock.desk()
        assert all(desk.scan(key.encode()).counted for key in vials)
        assert desk.command("close").ok
    return tmp_path / "data"


def test_a_receipt_is_brought_to_the_shelf_by_touch(qtbot: QtBot, received: Path, tmp_path: Path) -> None:
    conductor = Conductor(lambda: Program(Call("window", received, None, Environment(now_ms=NOW_MS))))
    screen = AcceptanceScreen(Look(), Texts.load())
    qtbot.addWidget(screen)
    troubles: list[str] = []
    conductor.trouble.connect(lambda said, _: troubles.append(said))
    join(screen, conductor)

    def until(fits: Callable[[AcceptanceView], bool]) -> AcceptanceView:
        qtbot.waitUntil(lambda: screen._view is not None and fits(screen._view), timeout=WAIT_MS)
        return cast("AcceptanceView", screen._view)

    try:
        with qtbot.waitSignal(conductor.ready, timeout=WAIT_MS):
            conductor.start()
        with qtbot.waitSignal(conductor.signed_in, timeout=WAIT_MS):
            conductor.sign_in("1002", PIN)
        conductor.show_front(Front.ACCEPTANCE)
        qtbot.waitUntil(lambda: len(screen.list.rows) == 1, timeout=WAIT_MS)
        screen.list.chosen.emit(screen.list.rows[0].key)
        assert [one.code for one in until(bool).missing] == ["acceptance_temperature_missing"]
        screen.conclusion.good.click()
        qtbot.waitUntil(lambda: "acceptance_temperature_missing" in troubles, timeout=WAIT_MS)
        logger = tmp_path / "logger.csv"
        logger.write_text("time,temp\n08:00,4.5\n08:10,5.0\n", encoding="utf-8")
        screen.take_file("logger", str(logger))
        until(lambda seen: seen.missing == () and seen.found.temperature is not None)
        screen.papers.invoice.edit.setText("F9")
        screen.papers._buttons[2].click()
        until(lambda seen: seen.found.invoice == InvoiceSeen("F9") and len(seen.differences) == 1)
        screen.conclusion.good.click()
        assert until(lambda seen: seen.found.conclusion is not None).needs_witness
        screen.end.witness.edit.setText("1001")
        screen.end.pin.edit.setText(PIN)
        screen.end.sign.click()
        assert screen.end.pin.edit.text() == ""
        until(lambda seen: seen.stage is Stage.ACCEPTED)
        screen.end.shelf.edit.setText("A-03")
        screen.end.put_away.click()
        until(lambda seen: seen.stage is Stage.STOCKED)
        qtbot.waitUntil(lambda: screen.list.rows == (), timeout=WAIT_MS)
        screen.journal.undo.click()
        until(lambda seen: seen.stage is Stage.ACCEPTED)
    finally:
        assert conductor.close()
    assert set(troubles) <= {"acceptance_temperature_missing", "server_missing"}


def test_a_touch_turns_a_line_down_and_another_one_back(qtbot: QtBot) -> None:
    screen = AcceptanceScreen(Look(), Texts.load())
    qtbot.addWidget(screen)
    screen.draw(view(*PAPERS))
    wished: list[tuple[str, str, object]] = []
    screen.wished.connect(lambda *said: wished.append(said))
    for key in ("1", "2", "2"):
        screen.conclusion.lines.chosen.emit(key)
    screen.conclusion.note.edit.setText("超温")
    screen.conclusion.good.click()
    screen.conclusion.bad.click()
    assert wished == [
        ("D-11-R1", "conclude", (True, (1,), "超温")), ("D-11-R1", "conclude", (False, (), "超温")),
    ]  # fmt: skip
    screen.draw(replace(view(*PAPERS), receipt="another"))
    assert screen.conclusion.note.edit.text() == "", "another receipt begins anew"
