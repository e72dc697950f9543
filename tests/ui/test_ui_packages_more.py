"""Guesses shown at once, refused manifests where the clerk is, and a code put to the relay, in the real window."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import cast

import pytest
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.base.texts import Texts
from app.flows.resolving import CodeAnswer
from app.ui.relay_question import RelayQuestion, RelayQuestionView
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import DIFFERENCES
from app.ui.theme import Look, theme_tree
from sync.changes import CodeRow, CodesChange
from tests.fixtures.hospital import DELIVERY, code
from tests.flows.package_desk import box, bundle, carton, carton_of
from tests.ui import screens_a_views as views
from tests.ui.journey_hand import Hand
from tests.ui.test_ui_packages import hand, relay_of, titles, told

__all__ = ["hand"]  # the fixture
STRANGE = code("8999777", 1)
LIMIT_S = 30.0


def answer(text: str = STRANGE, **facts: object) -> CodeAnswer:
    values: dict[str, object] = {"level": 1, "drug": "D1", "batch": "B1", "expiry": "2029-06-30"}
    return CodeAnswer(text, "relay", "M-7", 40, views.NOW_MS, **(values | facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(("guess", "badge", "word"), [("ratio", "估 40", "估"), ("line", "行待定 40", "行待定")])
def test_a_guess_is_marked_with_its_scan(qtbot: QtBot, guess: str, badge: str, word: str) -> None:
    """No view is drawn anew between the scan and what is seen."""
    dock = ReceivingScreen(Look(), Texts.load())
    qtbot.addWidget(dock)
    dock.open(views.receipt())
    before = dock.line_list.rows[0].badge
    assert not dock.totals.estimated.text()
    dock.show_scan(views.scan("ok", line=1, packs=40, received=60, guess=guess))
    assert (before, dock.line_list.rows[0].badge) == ("", badge)
    assert dock.entry_list.rows[0].title == f"已收 ×40 · {word}"
    assert dock.totals.estimated.text()


def test_an_estimate_does_not_hide_that_the_manifest_is_not_used(qtbot: QtBot) -> None:
    """In the small pocket, where differences and packages are worked on, both stand there."""
    texts = Texts.load()
    dock = ReceivingScreen(Look(), texts)
    qtbot.addWidget(dock)
    theme_tree(dock, Look(), texts)
    view = views.receipt()
    lines = (replace(view.lines[0], estimated=4), *view.lines[1:])
    dock.open(replace(view, lines=lines, manifest_refused="manifest_digest_wrong"))
    dock.resize(360, 560)
    dock.show()
    dock.show_tab(DIFFERENCES)
    totals = dock.totals
    assert [badge.text() for badge in (totals.badge, totals.refused) if badge.isVisible()] == [
        "估 4",
        "清单未采用，请数盒",
    ]
    dock.draw(replace(view, manifest_refused="manifest_digest_wrong"))
    assert (totals.badge.isVisible(), totals.refused.isVisible()) == (False, True)
    dock.draw(replace(view, lines=lines))
    assert (totals.badge.isVisible(), totals.refused.isVisible()) == (True, False)


def test_a_batch_of_boxes_nobody_named_moves_to_its_line_with_an_entry(hand: Hand) -> None:
    relay = relay_of(hand)
    relay.set_up(lines={"B1": 2, "B2": 6})
    hand.until(lambda: DELIVERY in {row.key for row in hand.tasks.list.rows})
    hand.open(DELIVERY)
    assert [hand.shoot(box(number)).reason for number in range(3)] == ["ok"] * 3
    assert [row.badge for row in hand.dock.line_list.rows] == ["行待定 2", "行待定 1"]

    rows = (CodeRow(box(0), f"{DELIVERY}-R1", DELIVERY, 2, "in", relay.program.device),)
    relay.program.writer.run_sliced(
        lambda: relay.program._restating.after(relay.program._replica.apply)((CodesChange(rows),)), finish=lambda: None
    )
    hand.window.conductor.show_front(hand.window.conductor.front)
    hand.until(lambda: "批号知道了：从第 1 行改到第 2 行" in titles(hand), "the trail tells it")
    assert (hand.line(1), hand.line(2)) == ("1/2", "2/6")

    relay.tell(carton_of((0, 1, 2), batch="B2"))
    hand.until(lambda: "manifest_restated" in told(hand), "the manifest is told")
    hand.until(lambda: hand.line(2) == "3/6", "all of it is on the second line")
    assert [row.badge for row in hand.dock.line_list.rows] == ["", ""]


def test_a_refused_manifest_is_told_where_the_delivery_is(hand: Hand) -> None:
    relay = relay_of(hand)
    rows = carton_of(range(3))
    relay.stage(rows)
    head = relay.head(rows, "M-1", 1, DELIVERY)
    relay.program.writer.call(lambda: relay.program._manifests.refuse(head, "manifest_digest_wrong", "7 rows"))
    hand.window.conductor.refresh_tasks()
    hand.until(hand.tasks.manifests.isVisible, "the tasks say so")
    assert "1 份包装清单没有采用" in hand.tasks.manifest_words[0].text()
    assert "供应商" in hand.tasks.manifest_words[1].text()
    detail = next(row.detail for row in hand.tasks.list.rows if row.key == DELIVERY)
    assert "清单未采用，请数盒" in detail

    hand.open(DELIVERY)
    assert "清单未采用，请数盒" in hand.dock.totals.estimated.text()
    said = hand.dock.differences._manifest
    assert said.isVisible()
    assert "供应商的包装清单校验不符" in said.text()
    assert hand.shoot(box(1)).reason == "ok"

    relay.tell(rows, version=2)
    hand.until(lambda: not said.isVisible(), "the next version mends it")


def test_a_code_is_put_to_the_relay_and_known_afterwards(hand: Hand) -> None:
    program = relay_of(hand).program
    session = hand.window.conductor._session
    assert session is not None
    go = threading.Event()

    def relay_says(text: str) -> tuple[CodeAnswer, ...]:
        assert go.wait(LIMIT_S)
        found = (answer(text),)
        program._kept.keep(found)
        return found

    session.question._ask = relay_says
    hand.frame.go("lookup")
    screen = cast("LookupScreen", hand.frame.screen_named("lookup"))
    screen.asked.emit(STRANGE)
    hand.until(screen.relay.ask.isVisible, "nobody here knows it: the relay is offered")
    hand.touch(screen.relay.ask)
    hand.until(screen.relay.stop.isVisible, "under way")
    hand.touch(screen.relay.stop)
    hand.until(lambda: screen.relay.words.text() == "没有等到回答", "given up")
    hand.touch(screen.relay.ask)
    go.set()
    hand.until(screen.tree.isVisible, "its packages are known")
    hand.until(lambda: "M-7" in screen.relay.words.text(), "and who said so")
    assert not screen.relay.ask.isVisible()
    view = program.look_up(STRANGE)
    assert (view.name, view.level, view.batch) == ("药D1", 1, "B1")
    hand.frame.go("tasks")
    hand.open(DELIVERY)
    assert hand.shoot(STRANGE).reason == "ok"


def test_what_the_relay_cannot_say_is_said(hand: Hand) -> None:
    session = hand.window.conductor._session
    assert session is not None
    hand.frame.go("lookup")
    screen = cast("LookupScreen", hand.frame.screen_named("lookup"))
    screen.asked.emit(STRANGE)
    hand.until(screen.relay.ask.isVisible)
    hand.touch(screen.relay.ask)  # there is no server in this window
    hand.until(lambda: screen.relay.words.text() == Texts.load().title("server_missing"), "offline is said")
    session.question._ask = lambda _: ()
    hand.touch(screen.relay.ask)
    hand.until(lambda: "也不知道这个码" in screen.relay.words.text(), "the relay does not know it")
    screen.asked.emit("6901234567892")
    hand.until(lambda: not screen.relay.isVisible(), "a product code is nobody's package")


@pytest.mark.parametrize("fails", [Trouble("relay_unreachable"), RuntimeError("a bug")])
def test_a_question_ends_once_and_a_late_answer_is_told_to_nobody(fails: Exception) -> None:
    heard: list[RelayQuestionView] = []
    over, go = threading.Event(), threading.Event()

    def tell(view: RelayQuestionView) -> None:
        heard.append(view)
        if view.over and view.code == "B":
            over.set()

    def ask(text: str) -> tuple[CodeAnswer, ...]:
        if text == "A":
            assert go.wait(LIMIT_S)
            return (answer("A"),)
        raise fails

    question = RelayQuestion(ask, tell)
    question.begin("A")
    late = question._thread
    question.stop()
    question.stop()
    question.begin("B")
    assert over.wait(LIMIT_S)
    go.set()
    assert late is not None
    late.join(LIMIT_S)
    question.end()
    trouble = fails.code if isinstance(fails, Trouble) else "bug"
    assert [(view.code, view.state, view.trouble) for view in heard] == [
        ("A", "asking", None), ("A", "stopped", None), ("B", "asking", None), ("B", "trouble", trouble),
    ]  # fmt: skip


def test_a_package_told_by_the_relay_covers_its_boxes(hand: Hand) -> None:
    program = relay_of(hand).program
    inside = (box(0), box(1))
    program._kept.keep((answer(bundle(0), level=2, parent=carton(0), children=inside),))
    program._kept.keep((answer(bundle(0), level=2, parent=carton(0), children=inside),))  # asked twice
    hand.open(DELIVERY)
    assert (hand.shoot(bundle(0)).packs, hand.shoot(box(1)).reason) == (2, "covered_by_parent")
