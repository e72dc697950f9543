"""A clerk receives a whole delivery through the window, offline the whole time, and the hospital has it once."""

from __future__ import annotations

from pathlib import Path

from app.domain.reasons import Panel
from app.ui.screens.receiving_body import DIFFERENCES, LINES, RECENT
from app.ui.theme import Look, Mode
from app.ui.widgets.panes import Form
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.conductor_ear import fetch
from tests.ui.journey_hand import DELIVERY, Goods, Hand

FOREIGN = "89990110335974782423"  # a drug of another delivery


def test_a_whole_delivery_offline(hand: Hand, goods: Goods, data: Path, hospital: SandboxProcess) -> None:
    sign_in_with_a_slip(hand)
    open_by_number(hand)
    cartons_and_mistakes(hand, goods)
    other_words_and_shapes(hand, goods)
    counted = outcomes_by_touch(hand, goods)
    close_at_last(hand, goods)
    assert set(hand.troubles) <= {"pin_wrong"}
    assert hand.window.status.network == "offline"
    assert hand.window.close()

    hospital.faults({})
    fetch(data, hospital.url)
    ledger = [row for row in hospital.ledger()["codes"] if row["delivery"] == DELIVERY]
    assert {row["code"] for row in ledger if row["state"] == "in"} == counted
    assert [row for row in ledger if row["times"] != 1] == []
    receipt = next(row for row in hospital.ledger()["receipts"] if row["delivery"] == DELIVERY)
    assert receipt["state"] == "closed"
    assert receipt["equation"] == {
        "expected": 180, "received": 157, "short": 1, "damaged": 1, "rejected": 1, "exempt": 20,
    }  # fmt: skip


def sign_in_with_a_slip(hand: Hand) -> None:
    assert [row.key for row in hand.door.people.rows] == ["1001", "1002", "1003"]
    hand.sign_in("9999")
    hand.until(lambda: "密码不对" in hand.door.message.text(), "the slip is told")
    assert "还可以试 4 次" in hand.door.message.text()
    assert hand.frame.notices.told == ()
    hand.pin("1234")
    hand.until(lambda: hand.frame.current == "tasks", "the tasks")
    assert hand.window.status.operator == "演示员甲"


def open_by_number(hand: Hand) -> None:
    """The printed number of the delivery, shot in the task list."""
    hand.until(lambda: DELIVERY in {row.key for row in hand.tasks.list.rows}, "the delivery")
    hand.shoot_and_go_on(f"MATOU={DELIVERY}")
    hand.until(lambda: hand.frame.current == "receiving" and hand.dock.view is not None, "the receipt")
    assert hand.view.delivery == DELIVERY
    assert hand.dock.panel.said.word == "请扫码"


def cartons_and_mistakes(hand: Hand, goods: Goods) -> None:
    dock = hand.dock
    box, carton = goods[1][1][0], goods[1][3][0]
    assert hand.shoot(box).reason == "ok"
    assert (hand.line(1), dock.line_list.marked) == ("1/100", "1")
    assert hand.shoot(box).reason == "duplicate_in_receipt"
    assert dock.panel.said.panel is Panel.ATTENTION
    assert hand.shoot(carton).reason == "ok"
    assert hand.line(1) == "100/100"
    assert "整包 100" in dock.panel.said.hint
    assert dock.totals.large.counts.received == 100
    assert hand.shoot(goods[1][1][1]).reason == "covered_by_parent"
    assert hand.shoot(FOREIGN).reason == "not_in_delivery"
    hand.until(lambda: dock.panel.holding, "the stop holds")
    assert hand.shoot(goods[2][1][0]).reason == "held_by_stop"
    assert hand.line(2) == "0/20"
    assert hand.after(lambda: hand.touch(dock.panel._button)).ok
    hand.until(lambda: not dock.panel.holding, "the stop is confirmed")
    assert hand.tones.played[-7:] == ["good", "attention", "good", "soft", "stop", "stop", "soft"]
    bundle = hand.shoot(goods[2][2][0])
    assert (bundle.reason, hand.line(2)) == ("ok", "20/20")
    assert hand.after(lambda: hand.touch_undo(str(bundle.seq))).ok
    hand.until(lambda: hand.line(2) == "0/20", "the undo is seen")
    row = next(row for row in dock.entry_list.rows if row.key == str(bundle.seq))
    assert row.faded
    assert hand.shoot(goods[2][2][0]).received == 20


def other_words_and_shapes(hand: Hand, goods: Goods) -> None:
    """Language, theme, text size and shape change in the middle; nothing else does."""
    dock, before = hand.dock, hand.view
    for code in goods[3][1][:20]:
        assert hand.shoot(code).reason == "ok"
    hand.until(lambda: hand.view.equation.received == 140, "the view caught up")
    before = hand.view
    settings = (("lang", "en"), ("theme", "dark"), ("text_scale", "2.0"))
    for key, value in settings:
        hand.window.conductor.set_setting(key, value)
    hand.until(lambda: hand.frame.look == Look(Mode.DARK, 2.0, "en"), "the new look")
    assert dock.panel.said.word == "Received"
    assert dock.line_list.marked == "3"
    for key, value in (("lang", "zh"), ("theme", "light"), ("text_scale", "1.0")):
        hand.window.conductor.set_setting(key, value)
    hand.until(lambda: hand.frame.look == Look(), "the old look")
    assert dock.panel.said.word == "已收"
    entries = [row.key for row in dock.entry_list.rows]
    hand.window.resize(360, 640)
    hand.until(lambda: dock.form is Form.POCKET, "the pocket")
    assert dock.tab == LINES
    assert dock.line_list.isVisible()
    assert not dock.entry_list.isVisible()
    assert hand.shoot(goods[3][1][20]).received == 21
    hand.window.resize(1280, 800)
    hand.until(lambda: dock.form is Form.DESK, "the desk")
    assert dock.line_list.marked == "3"
    assert [row.key for row in dock.entry_list.rows][1:] == entries[: len(dock.entry_list.rows) - 1]
    assert hand.view.receipt == before.receipt


def outcomes_by_touch(hand: Hand, goods: Goods) -> set[str]:
    """In the pocket, by thumb: short, exempt, damaged, rejected. Gives the codes that are in."""
    dock, differences = hand.dock, hand.dock.differences
    hand.window.resize(480, 800)
    hand.until(lambda: dock.form is Form.POCKET, "the pocket")
    for code in goods[3][1][21:29]:
        hand.shoot(code)
    dock.tabs.chosen.emit(RECENT)
    damaged, rejected = goods[3][1][27], goods[3][1][28]
    for code, command in ((damaged, "damaged"), (rejected, "reject")):
        dock.show_tab(RECENT)
        key = next(str(entry.seq) for entry in dock._entries if entry.code == code)
        hand.touch_row(dock.entry_list, key)
        assert dock.tab == DIFFERENCES
        hand.touch(differences.code_buttons[command])
        answer = hand.after(lambda: hand.touch(differences.sheet._reasons[0]))
        assert (answer.command, answer.ok) == (command, True)
    hand.until(lambda: hand.view.lines[2].received == 27, "both left what was received")
    give(hand, 3, "short")
    assert hand.after(lambda: hand.touch(differences.sheet._reasons[0])).ok
    hand.until(lambda: hand.view.lines[2].missing == 0, "line 3 adds up")
    give(hand, 5, "exempt")
    hand.type(differences.sheet._own.edit, "herbs carry no code")
    assert hand.after(lambda: hand.touch(differences.sheet._record)).ok
    hand.until(lambda: hand.view.lines[4].missing == 0, "line 5 adds up")
    give(hand, 5, "over")
    assert hand.after(lambda: hand.touch(differences.sheet._reasons[0])).ok
    hand.until(lambda: hand.view.lines[4].over == 1, "one more than the note says")
    assert hand.view.lines[4].missing == 0
    return {*goods[1][1], *goods[2][1], *goods[3][1][:27], *goods[4][1]}


def give(hand: Hand, line: int, outcome: str) -> None:
    """Touch the line, then the outcome on its card."""
    hand.dock.show_tab(LINES)
    hand.touch_row(hand.dock.line_list, str(line))
    card = hand.dock.differences.lacking[0]
    hand.until(card.isVisible, "the card of the line")
    hand.touch(card.buttons[outcome])


def close_at_last(hand: Hand, goods: Goods) -> None:
    dock = hand.dock
    refused = hand.after(lambda: hand.touch(dock.differences.close_button))
    assert (refused.ok, refused.reason) == (False, "outcome_missing")
    assert dock.panel.said.sentence == "第 4 行还差 10"
    near = hand.shoot(goods[4][2][0])
    assert (near.reason, near.received) == ("near_expiry", 10)
    hand.until(lambda: hand.view.equation.received == 157, "everything is in")
    dock.show_tab(DIFFERENCES)
    assert hand.after(lambda: hand.touch(dock.differences.close_button)).ok
    hand.until(lambda: hand.view.closed, "closed")
    assert dock.panel.said.word == "已结单"
    assert hand.tones.played[-1] == "good"
    hand.touch(dock.differences.close_button)
    hand.until(lambda: hand.frame.current == "tasks", "back at the tasks")
    hand.until(lambda: DELIVERY in {row.key for row in hand.tasks.list.rows if row.faded}, "it is done with")
