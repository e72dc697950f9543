"""Receipts through the window from the badge to the close, in both shells, each step a picture without a fault.

The pictures lie under out/ui/journeys (all of them with MATOU_PICTURES=1), for eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import zxingcpp
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.domain.acceptance import Signed
from app.domain.acceptance_rules import Stage
from app.domain.rights import Operator
from app.ui.screens.acceptance import AcceptanceScreen
from app.ui.screens.receiving_body import DIFFERENCES, RECENT
from app.ui.widgets.panes import Form
from app.wiring import Program
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.conductor_ear import call_of, fetch
from tests.ui.journey_hand import DELIVERY, OFFLINE, Goods, Hand
from tests.ui.picture_check import look_over
from tests.ui.test_ui_screens_a_pictures import settle

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "journeys"
SHELLS = {"pocket": (480, 800), "desk": (1280, 800)}
TWELVE, PALLET = "DEMO-20261122-16", "DEMO-20261122-11"
COLD = "DEMO-COLD"
LICENCE = {"supplier_licence": "冀AA3110001", "supplier_licence_expiry": "2029-01-01"}
MOST_SHOTS = 15
FOREIGN = "89990110335974782423"
Take = Callable[[Hand, str], None]


@pytest.fixture
def data(tmp_path: Path, hospital: SandboxProcess) -> Path:
    """A folder that has met the hospital, which stays within reach."""
    fetch(tmp_path / "data", hospital.url)
    return tmp_path / "data"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def take(request: pytest.FixtureRequest, qapp: QApplication, shell: str) -> Iterator[Take]:
    """Takes a picture of the whole window; a fault in any of them fails the journey at its end."""
    journey = request.node.originalname.removeprefix("test_")
    taken: list[str] = []
    problems: list[str] = []

    def picture(hand: Hand, name: str) -> None:
        taken.append(name)
        settle(qapp, hand.frame)
        file = OUT / f"{journey}-{len(taken)}-{name}-{shell}.png"
        problems.extend(f"{name}: {problem}" for problem in look_over(hand.window, file))

    yield picture
    assert taken
    assert problems == []


@pytest.fixture(autouse=True)
def shaped(request: pytest.FixtureRequest, hand: Hand, shell: str) -> None:
    hand.window.resize(*SHELLS[shell])
    wanted = Form.POCKET if shell == "pocket" else Form.DESK
    hand.until(lambda: hand.dock.form is wanted, shell)


def goods_of(hospital: SandboxProcess, number: str) -> Goods:
    found: Goods = {}
    for row in hospital.deliveries()[number]["packages"]:
        found.setdefault(row["line"], {}).setdefault(row["level"], []).append(row["code"])
    return found


def enter(hand: Hand, number: str) -> None:
    """By the badge, the PIN and the printed number."""
    hand.shoot_and_go_on("MATOU#1001")
    hand.until(lambda: hand.door.chosen == "1001", "the badge")
    hand.pin("1234")
    hand.until(lambda: hand.frame.current == "tasks", "the tasks")
    hand.until(lambda: number in {row.key for row in hand.tasks.list.rows}, "the delivery")
    hand.shoot_and_go_on(f"MATOU={number}")
    hand.until(lambda: hand.frame.current == "receiving" and hand.dock.view is not None, "the receipt")


def look_at(hand: Hand, tab: str) -> None:
    if hand.dock.form is Form.POCKET:
        hand.dock.show_tab(tab)


def test_twelve_lines_clean_by_cartons(hand: Hand, take: Take, hospital: SandboxProcess, data: Path) -> None:
    """At most fifteen shots, the note, the exemption and the close among them, and nothing is typed."""
    goods = goods_of(hospital, TWELVE)
    enter(hand, TWELVE)
    take(hand, "opened")
    outer = [levels[max(levels)] for _, levels in sorted(goods.items())]
    shots = [code for codes in outer for code in codes]
    for place, code in enumerate(shots):
        assert hand.shoot(code).counted
        if place == 0:
            take(hand, "first_carton")
    assert hand.shoot("MATOU!exempt 12 20 饮片").ok
    hand.until(lambda: hand.view.equation.exempt == 20, "the exemption")
    look_at(hand, DIFFERENCES)
    take(hand, "even")
    assert hand.shoot("MATOU!close").ok
    hand.until(lambda: hand.view.closed, "closed")
    take(hand, "closed")
    assert len(shots) + len(("note", "exempt", "close")) <= MOST_SHOTS
    assert hand.view.equation.received == hand.view.equation.expected - 20
    finished(hand, hospital, data, TWELVE, hand.view.equation.received)


def test_one_of_each_kind_and_an_undo(
    hand: Hand, take: Take, goods: Goods, hospital: SandboxProcess, data: Path
) -> None:
    """One short, one damaged, one foreign, one duplicate, one that expires soon, and one taken back."""
    dock = hand.dock
    enter(hand, DELIVERY)
    assert hand.shoot(goods[1][3][0]).counted
    soon = hand.shoot(goods[4][2][0])
    assert soon.reason == "near_expiry"
    take(hand, "near_expiry")
    assert hand.shoot(goods[4][2][0]).reason == "duplicate_in_receipt"
    take(hand, "duplicate")
    assert hand.shoot(FOREIGN).reason == "not_in_delivery"
    hand.until(lambda: dock.panel.holding, "the stop holds")
    take(hand, "foreign")
    assert hand.after(lambda: hand.touch(dock.panel._button)).ok
    for code in goods[2][1][:19]:
        assert hand.shoot(code).counted
    wrong = hand.shoot(goods[3][2][0])
    assert wrong.counted
    look_at(hand, RECENT)
    assert hand.after(lambda: hand.touch_undo(str(wrong.seq))).ok
    hand.until(lambda: hand.line(3) == "0/30", "taken back")
    take(hand, "undone")
    assert hand.shoot(goods[3][2][0]).counted
    assert hand.shoot(f"MATOU!damaged {goods[1][1][7]} 压坏").ok
    assert hand.shoot("MATOU!exempt 5 20 饮片").ok
    assert hand.shoot("MATOU!close").reason == "outcome_missing"
    hand.until(lambda: hand.view.equation.damaged == 1, "the damage")
    take(hand, "not_yet")
    hand.touch(dock.differences.lacking[0].buttons["short"])
    take(hand, "why_short")
    assert hand.after(lambda: hand.touch(dock.differences.sheet._reasons[0])).ok
    hand.until(lambda: hand.view.equation.short == 1, "the short one")
    dock.differences._lists.chosen.emit("foreign")
    dock.differences._page.ensureWidgetVisible(dock.differences._lists_card)
    take(hand, "lists")
    foreign = next(row for row in dock.differences._lists.rows if row.key.startswith("#"))
    dock.differences._lists.chosen.emit(foreign.key)
    assert dock.differences.chosen is not None
    assert dock.differences.chosen.key == FOREIGN
    assert hand.shoot("MATOU!close").ok
    hand.until(lambda: hand.view.closed, "closed")
    take(hand, "closed")
    assert dict(hand.view.lists) | {"foreign": 1, "duplicate": 1, "near_expiry": 1} == dict(hand.view.lists)
    finished(hand, hospital, data, DELIVERY, 158)


def test_two_devices_on_one_pallet_with_the_network_cut(
    hand: Hand, take: Take, hospital: SandboxProcess, data: Path, tmp_path: Path
) -> None:
    """Both shoot offline, one bundle both; then the network is back, the sets unite, and one closes."""
    goods = goods_of(hospital, PALLET)
    bundles, boxes = goods[1][2], goods[1][1]
    other_data = tmp_path / "other"
    fetch(other_data, hospital.url)
    enter(hand, PALLET)
    hospital.faults(OFFLINE)
    for code in bundles[:6]:
        assert hand.shoot(code).counted
    with Program(call_of(other_data, hospital.url)) as other:
        there = other.receiving(PALLET, clerk(other), holds=False)
        for code in bundles[5:]:
            assert there.scan(code.encode()).counted
        assert not there.command("close").ok
        hospital.faults({})
        assert other.engine().run_until_empty(limit_s=20, until_empty=False).trouble is None
        hand.window.conductor.sync_now()
        hand.until(lambda: hand.view.others in (80, 100), "the other one's bundles: who was first has the fifth")
        hand.until(lambda: hand.view.equation.received == 200, "the whole pallet")
        look_at(hand, DIFFERENCES)
        take(hand, "together")
        look_at(hand, RECENT)
        take(hand, "contradicted")
        assert hand.shoot(boxes[-1]).reason in ("covered_by_parent", "duplicate_in_receipt", "children_all_in")
        assert hand.shoot("MATOU!close").ok
        hand.until(lambda: hand.view.closed, "closed")
        hand.until(lambda: hospital.ledger(PALLET)["receipts"][0]["state"] == "closed", "closed at the hospital")
        assert other.engine().run_until_empty(limit_s=20, until_empty=False).trouble is None
        assert there.summary().equation.received == 200
        assert other.catalogue.remote_receipt(there.key.id) == "closed" or there.summary().closed
    finished(hand, hospital, data, PALLET, 200)


def test_a_hand_over_in_the_middle(
    hand: Hand, take: Take, hospital: SandboxProcess, data: Path, tmp_path: Path
) -> None:
    """Paused here, and gone on there by the code on this screen."""
    bundles = goods_of(hospital, PALLET)[1][2]
    other_data = tmp_path / "other"
    fetch(other_data, hospital.url)
    enter(hand, PALLET)
    for code in bundles[:4]:
        assert hand.shoot(code).counted
    assert hand.shoot("MATOU!pause").ok
    hand.until(lambda: hand.frame.current == "tasks", "the tasks")
    hand.until(hand.tasks.hand_over.isVisible, "the code")
    take(hand, "paused")
    shown = codes_in(hand.window.grab().toImage())
    assert shown == [f"MATOU={PALLET}"]
    hand.until(lambda: len(hospital.ledger(PALLET)["codes"]) == 80, "sent")
    with Program(call_of(other_data, hospital.url)) as other:
        assert other.engine().run_until_empty(limit_s=20, until_empty=False).trouble is None
        there = other.receiving(shown[0].partition("=")[2], clerk(other), holds=False)
        assert there.summary().equation.received == 80
        assert there.scan(bundles[0].encode()).reason == "children_all_in"
        assert all(there.scan(code.encode()).counted for code in bundles[4:])
        assert there.command("close").ok
        assert other.engine().run_until_empty(limit_s=20, until_empty=False).trouble is None
    hand.window.conductor.sync_now()
    hand.until(lambda: PALLET in {row.key for row in hand.tasks.list.rows if row.faded}, "done with here, too")
    take(hand, "done")
    finished(hand, hospital, data, PALLET, 200)


def test_cold_goods_are_accepted_with_two_signatures(hand: Hand, take: Take, hospital: SandboxProcess) -> None:
    """Received by one, accepted by another with the temperature of the journey, signed by a second person, put away."""
    boxes = [f"8999910{number:013d}" for number in range(1, 5)]
    hospital.seed(cold_and_special(boxes))
    hand.window.conductor.sync_now()
    enter(hand, COLD)
    assert all(hand.shoot(code).counted for code in boxes)
    assert hand.shoot("MATOU!close").ok
    hand.until(lambda: hand.view.closed, "closed")
    hand.window.conductor.sign_out()
    hand.until(lambda: hand.frame.current == "sign_in", "the door")
    hand.sign_in(operator="1002")
    hand.until(lambda: hand.frame.current == "tasks", "the tasks")
    hand.frame.go("acceptance")
    screen = cast("AcceptanceScreen", hand.frame.screen_named("acceptance"))
    hand.until(lambda: bool(screen.list.rows), "a receipt that waits")
    take(hand, "waits")
    hand.touch_row(screen.list, f"{COLD}-R1")
    hand.until(lambda: screen._view is not None and bool(screen._view.missing), "what is missing")
    take(hand, "missing")
    screen.papers.temperature.edit.setText("4.6")
    screen.papers._buttons[0].click()
    hand.until(lambda: screen._view is not None and screen._view.found.temperature is not None, "the temperature")
    assert screen._view.missing == ()
    screen.conclusion.good.click()
    hand.until(lambda: screen._view is not None and screen._view.needs_witness, "a second person is asked for")
    screen._page.ensureWidgetVisible(screen.end)
    take(hand, "second_person")
    hand.shoot_and_go_on("MATOU#1001")
    hand.until(lambda: screen.end.witness.edit.text() == "1001", "the badge")
    hand.type(screen.end.pin.edit, "1234")
    hand.touch(screen.end.sign)
    hand.until(lambda: screen._view is not None and screen._view.stage is Stage.ACCEPTED, "accepted")
    screen._page.ensureWidgetVisible(screen.end)
    take(hand, "signed")
    screen.end.shelf.edit.setText("冷藏 A-03")
    screen.end.put_away.click()
    hand.until(lambda: screen._view is not None and screen._view.stage is Stage.STOCKED, "on the shelf")
    take(hand, "stocked")
    assert screen._view is not None
    signed = [event.fact for event in screen._view.events if isinstance(event.fact, Signed)]
    assert [fact.witness for fact in signed] == ["1001"]
    assert "1002" in {event.operator for event in screen._view.events}


def cold_and_special(boxes: list[str]) -> dict[str, object]:
    drug = {"drug": "YP-0091", "name": "注射用重组人生长激素", "storage": "2-8℃", "special": True}
    lines = [{"line": 1, "drug": "YP-0091", "batch": "SZ2610", "expiry": "2028-09-30", "packs": len(boxes)}]
    packages = [{"code": code, "level": 1, "parent": None, "line": 1} for code in boxes]
    note = {"delivery": COLD, "supplier": "示例药品配送有限公司", "manifest": "complete", "store_room": "YK"}
    delivery = {**note, "invoice_no": "DEMO-FP-0091", **LICENCE, "lines": lines, "packages": packages}
    return {"setting": {"catalogue": [{**drug, "levels": {boxes[0][:7]: 1}}]}, "deliveries": [delivery]}


def clerk(program: Program) -> Operator:
    return program.sign_in("1002", "1234")


def codes_in(picture: QImage) -> list[str]:
    """What a scanner would read off this screen."""
    grey = picture.convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = memoryview(cast("memoryview", grey.constBits())).cast("B", (grey.height(), grey.bytesPerLine()))
    return [found.text for found in zxingcpp.read_barcodes(pixels)]


def finished(hand: Hand, hospital: SandboxProcess, data: Path, number: str, packs: int) -> None:
    """The hospital has every pack once."""
    assert hand.window.close()
    hospital.faults({})
    fetch(data, hospital.url)
    ledger = hospital.ledger(number)
    assert [row for row in ledger["codes"] if row["times"] > 1] == []
    assert sum(row.get("packs", 1) for row in ledger["codes"] if row["state"] == "in") == packs
    assert ledger["receipts"][0]["state"] == "closed"
