"""Ways in a receipt: how far a step is from the tasks, to another delivery, into the lists, to another device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.domain.reasons import LIST_OWNERS, Lists
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.views import ListedCode, TasksView
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_words import list_rows, listed_key
from app.ui.screens.registry import SCREENS
from app.ui.screens.tasks import TasksScreen
from app.ui.shell.frame import Frame
from app.ui.shell.pocket import MORE, MorePage
from app.ui.theme import Look
from app.ui.widgets.buttons import NavButton
from tests.ui import screens_a_views as views

LEFT = Qt.MouseButton.LeftButton
OF_A_RECEIPT = {"receiving", "lookup", "uploads", "conflicts", "acceptance"}
MOST_SCREENS = 2
FOREIGN = "89990110335974782423"


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


@pytest.fixture
def frame(qtbot: QtBot, qapp: QApplication, texts: Texts) -> Frame:
    load_fonts()
    theme.apply(qapp, Look())
    made = Frame([entry.load(Look(), texts)[0] for entry in SCREENS], Look(), texts)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def dock(frame: Frame) -> ReceivingScreen:
    found = frame.screen_named("receiving")
    assert isinstance(found, ReceivingScreen)
    frame.resize(1280, 800)
    found.open(views.receipt())
    return found


@pytest.mark.parametrize("size", [(360, 640), (480, 800), (1280, 800)])
def test_every_step_is_at_most_two_screens_from_the_task_list(
    qtbot: QtBot, frame: Frame, size: tuple[int, int]
) -> None:
    frame.resize(*size)
    far = {"tasks": 0}
    for step in range(1, MOST_SCREENS + 1):
        for start in [name for name, distance in far.items() if distance == step - 1]:
            for way in range(len(ways_of(frame, start))):
                frame.go("tasks")
                qtbot.mouseClick(ways_of(frame, start)[way], LEFT)
                far.setdefault(frame.current, step)
            if start == MORE:
                for name in more_of(frame):
                    more_page(frame).list.chosen.emit(name)
                    far.setdefault(frame.current, step)
    assert far.keys() >= OF_A_RECEIPT
    named = {entry.front.value: frame.screen_named(entry.front.value) for entry in SCREENS}
    assert {name for name, one in named.items() if not (one.alone or one.by_wish)} <= far.keys()


def ways_of(frame: Frame, name: str) -> list[NavButton]:
    """The shell's buttons that are seen from this screen."""
    frame.go(name)
    found = cast("Iterable[NavButton]", frame.findChildren(NavButton))  # the 6.8 stubs say Iterable[Never]
    return [one for one in found if one.isVisible()]


def more_page(frame: Frame) -> MorePage:
    page = frame.screen_named(MORE)
    assert isinstance(page, MorePage)
    return page


def more_of(frame: Frame) -> list[str]:
    frame.go(MORE)
    return [row.key for row in more_page(frame).list.rows]


def test_a_code_of_another_delivery_leads_there_and_counts(qtbot: QtBot, dock: ReceivingScreen) -> None:
    told: list[object] = []
    dock.opens.connect(told.append)
    dock.shot.connect(told.append)
    dock.show_scan(ScanOutcome(9, "other_delivery", FOREIGN, values={"delivery": "DEMO-2", "drug": "阿莫西林"}))
    assert "DEMO-2" in dock.panel.said.sentence
    assert dock._body.lead.isVisible()
    qtbot.mouseClick(dock._body.lead, LEFT)
    assert told == ["DEMO-2", FOREIGN.encode()]
    qtbot.keyClick(dock, Qt.Key.Key_F4)
    assert told == ["DEMO-2", FOREIGN.encode()] * 2


def test_a_list_shows_its_codes_and_one_of_them_can_be_given_an_outcome(dock: ReceivingScreen, texts: Texts) -> None:
    codes = tuple(ListedCode("foreign", f"{FOREIGN[:-1]}{n}", None, 10 + n, n + 1) for n in range(2))
    lists = tuple((str(name), 2 if name is Lists.FOREIGN else 0) for name in Lists)
    view = replace(views.receipt(), lists=lists, listed=codes)
    dock.draw(view)
    assert [row.key for row in dock.differences._lists.rows] == ["foreign"]
    dock.differences._lists.chosen.emit("foreign")
    assert [row.key for row in dock.differences._lists.rows] == ["foreign", *map(listed_key, codes)]
    dock.draw(view)
    assert len(dock.differences._lists.rows) == 3, "it stays open while the receipt is drawn anew"
    dock.differences._lists.chosen.emit(listed_key(codes[1]))
    assert dock.differences.chosen is not None
    assert dock.differences.chosen.key == codes[1].code
    assert dock.differences.code_buttons["reject"].isEnabled()
    dock.differences._lists.chosen.emit("foreign")
    assert [row.key for row in dock.differences._lists.rows] == ["foreign"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_list_has_a_reason_an_owner_and_a_next_step(texts: Texts, lang: str) -> None:
    assert set(LIST_OWNERS) == set(Lists)
    view = replace(views.receipt(), lists=tuple((str(name), 1) for name in Lists))
    rows = list_rows(texts, lang, view)
    assert [row.key for row in rows] == [str(name) for name in Lists]
    for row in rows:
        owner, _, step = row.detail.partition(" · ")
        assert row.title
        assert owner == texts.title(f"owner_{LIST_OWNERS[Lists(row.key)]}", lang)
        assert step


def test_what_other_devices_have_is_told_with_its_age(dock: ReceivingScreen) -> None:
    dock.draw(replace(views.receipt(), others=1200, others_as_of="11-22 09:12"))
    label = dock.differences._others
    assert label.isVisible()
    assert "1,200" in label.text()
    assert "09:12" in label.text()
    dock.draw(views.receipt())
    assert not label.isVisible()


def test_who_pauses_gets_a_code_for_the_next_device_until_it_is_done(frame: Frame) -> None:
    tasks = frame.screen_named("tasks")
    assert isinstance(tasks, TasksScreen)
    view = views.receipt()
    tasks.take_receipt(view)
    tasks.take_command(CommandOutcome(3, "pause", "ok", "paused"))
    frame.go("receiving")
    frame.go("tasks")
    assert tasks.hand_over.isVisible()
    assert tasks.hand_over.code.accessibleName() == f"MATOU={view.delivery}"
    tasks.draw(TasksView((), 0, 0, 0, None))
    assert not tasks.hand_over.isVisible(), "it is not here any more"
    frame.go("receiving")
    frame.go("tasks")
    assert not tasks.hand_over.isVisible()
