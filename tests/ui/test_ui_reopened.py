"""A close that the hospital did not take: whoever made it is told once, wherever they are, and the list says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.flows.answers import Answers
from app.flows.close_answers import CloseAnswers
from app.ui.icons import Icon
from app.ui.screens.tasks import TasksScreen
from app.ui.shell.notices import Notice
from app.ui.signals import Signals
from app.ui.theme import Look, Tone
from app.ui.upload_desk import UploadDesk
from app.ui.window_news import notice_of
from sync import Settled
from tests.fixtures.hospital import DELIVERY, Dock, code, delivery, drug, line, operator, packages
from tests.ui import screens_a_views as views

BOX = code("8999011", 1)


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    """A box, received and closed by 1001."""
    with Dock(tmp_path / "data") as made:
        made.feed(operator(), operator("1002"), drug("D1", {"8999011": 1}), packages({BOX: {}}))
        made.feed(delivery(line(1, "D1", 1)))
        desk = made.desk()
        assert desk.scan(BOX.encode()).counted
        assert desk.command("close").ok
        yield made


def refuse(dock: Dock) -> None:
    program = dock.program
    rows = program.writer.call(program.outbox.rows, write=False)
    close = next(row for row in rows if row.kind == "close")
    settled = Settled(close.id, close.receipt, "close", "refused", "equation_open", None, ())
    apply = Answers(program.receipts, None, CloseAnswers(program._parts).heard).apply
    program.writer.call(lambda: apply([settled]))


def test_whoever_closed_it_is_told_once_and_others_are_not(dock: Dock, qapp: object) -> None:
    said: list[tuple[object, ...]] = []
    signals = Signals()
    desk = UploadDesk(dock.program, signals, lambda signal, *values: said.append((signal, *values)))

    def told() -> list[object]:
        found = [values for signal, *values in said if "trouble" in repr(signal)]
        said.clear()
        return [code for code, _ in found]

    desk.tell_conflicts(dock.person())
    assert told() == []
    refuse(dock)
    desk.tell_conflicts(dock.person("1002"))
    assert told() == []
    desk.tell_conflicts(dock.person())
    desk.tell_conflicts(dock.person())
    assert told() == ["receipt_reopened"]
    desk.tell_conflicts(None)
    desk.tell_conflicts(dock.person())
    assert told() == ["receipt_reopened"], "after the next sign-in again"
    assert dock.desk().command("close").ok
    desk.tell_conflicts(None)
    desk.tell_conflicts(dock.person())
    assert told() == []


def test_the_notice_stays_and_names_the_delivery() -> None:
    notice: Notice = notice_of("receipt_reopened", {"delivery": DELIVERY, "why": "equation_open"}, ())
    assert (notice.tone, notice.passing) == (Tone.ATTENTION, False)
    assert DELIVERY in Texts.load().line(notice.code, "zh", **notice.values)


@pytest.mark.parametrize(("why", "words"), [("equation_open", "数量对不上"), ("word_of_tomorrow", "原因见上传记录")])
def test_the_list_says_why_it_is_open_again(qtbot: QtBot, why: str, words: str) -> None:
    screen = TasksScreen(Look(), Texts.load())
    qtbot.addWidget(screen)
    row = screen._row(views.task(7, "paused", reopened=why))
    assert row.badge == "结单被退回"
    assert words in row.detail
    assert row.icon is Icon.ATTENTION
