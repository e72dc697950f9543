"""The identity screen: each state as a picture without a fault, what may be pressed in it, and what it wishes for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import LANGUAGES, Texts
from app.patient.plan import BUSINESS_TYPES
from app.patient.remote import SHOWN_IDS
from app.patient.views import ENDS
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.identity import IdentityScreen
from app.ui.screens.identity_cards import time_words
from app.ui.screens.tasks import TasksScreen
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Mode
from sync.endpoints.txn_passthrough import NODES
from tests.ui import identity_views as views
from tests.ui.picture_check import look_over, telling

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "identity"
SIZES = {"pocket": (360, 640), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "light_en": Look(lang="en"),
}
FOUR_LOOKS = ("light", "dark", "light_200", "dark_200")
SETTLED = 12  # rounds of events after which a column that scrolls has found its height


@pytest.fixture
def screen(qtbot: QtBot) -> IdentityScreen:
    made = IdentityScreen(Look(), Texts.load())
    qtbot.addWidget(made)
    made.resize(480, 800)
    made.show()
    return made


def wishes(screen: IdentityScreen) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    screen.wished.connect(lambda act, values: found.append((act, values)))
    return found


@pytest.mark.parametrize(
    ("size", "name"),
    telling((*((size, name) for size in SIZES for name in FOUR_LOOKS), ("pocket", "light_en"))),
)  # fmt: skip
def test_every_state_is_a_picture_without_a_fault(qtbot: QtBot, qapp: QApplication, size: str, name: str) -> None:
    look, texts = LOOKS[name], Texts.load()
    assert not load_fonts().missing
    theme.apply(qapp, look)
    screen = IdentityScreen(look, texts)
    tasks = TasksScreen(look, texts)
    frame = Frame([tasks, screen], look, texts)
    qtbot.addWidget(frame)
    frame.strip.draw(Status((ScannerStatus("FR27", True),), Network.ONLINE, 3, 0, "演示员乙", True))
    frame.resize(*SIZES[size])
    frame.show()
    problems: list[str] = []

    def look_at(scene: str) -> None:
        for _ in range(SETTLED):
            qapp.processEvents()
        problems.extend(f"{scene}: {one}" for one in look_over(frame, OUT / f"{scene}_{size}_{name}.png"))

    tasks.draw_patients(views.WAITS)
    look_at("tasks")
    frame.go("identity")
    for scene, view in views.STATES.items():
        screen.draw(view)
        look_at(scene)
    screen.draw(views.WAITS)
    screen.scenes.show()
    look_at("scenes")
    screen.scenes.hide()
    screen.paper_way.click()
    screen.paper.kind._pick("03")
    look_at("paper")
    assert not problems, "\n".join(problems)


def test_every_word_is_there() -> None:
    texts = Texts.load()
    wanted = {f"patient_type_{one}" for one in BUSINESS_TYPES} | {f"patient_ended_{one}" for one in ENDS}
    wanted |= {f"patient_txn_{one}" for one in NODES}
    wanted |= {f"patient_id_{one}" for one in SHOWN_IDS}
    wanted |= {"patient_waits", "patient_asking", "patient_waits_library", "ui_screen_identity"}
    assert [code for code in sorted(wanted) if not all(texts.title(code, lang) != code for lang in LANGUAGES)] == []


def test_the_way_is_there_only_where_patients_are_identified(qtbot: QtBot) -> None:
    look, texts = Look(), Texts.load()
    tasks, screen = TasksScreen(look, texts), IdentityScreen(look, texts)
    frame = Frame([tasks, screen], look, texts)
    qtbot.addWidget(frame)
    frame.show()
    assert not tasks.identity.isVisible()
    tasks.draw_patients(replace(views.WAITS, open=False))
    assert not tasks.identity.isVisible()
    tasks.draw_patients(views.WAITS)
    qtbot.mouseClick(tasks.identity, Qt.MouseButton.LeftButton)
    assert frame.current == "identity"
    qtbot.mouseClick(screen.back, Qt.MouseButton.LeftButton)
    assert frame.current == "tasks"


def test_one_of_several_kinds_is_chosen_by_a_touch(screen: IdentityScreen, qtbot: QtBot) -> None:
    heard = wishes(screen)
    screen.draw(views.known(views.SEVERAL, hand_overs=("2201",)))
    assert screen.insurance.ask.isVisible()
    assert not screen.hand_over.buttons["2201"].isEnabled()
    qtbot.mouseClick(screen.insurance.buttons[1], Qt.MouseButton.LeftButton)
    assert heard == [("choose", (1,))]
    screen.draw(views.known(replace(views.SEVERAL, chosen=1), hand_overs=("2201",)))
    assert not screen.insurance.ask.isVisible()
    qtbot.mouseClick(screen.hand_over.buttons["2201"], Qt.MouseButton.LeftButton)
    assert heard[-1] == ("hand_over", ("2201",))


def test_while_somebody_is_asked_nothing_can_be_pressed_twice(screen: IdentityScreen) -> None:
    screen.draw(replace(views.known(hand_overs=("2201",)), state="asking"))
    assert not screen.hand_over.buttons["2201"].isEnabled()
    assert not screen.scene.isEnabled()


def test_a_scene_is_chosen(screen: IdentityScreen, qtbot: QtBot) -> None:
    heard = wishes(screen)
    screen.draw(views.WAITS)
    qtbot.mouseClick(screen.scene, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(screen.scene_buttons["01301"], Qt.MouseButton.LeftButton)
    assert heard == [("scene", ("01301",))]
    assert not screen.scenes.isVisible()
    screen.draw(replace(views.WAITS, scenes=("01302",)))
    assert not screen.scene.isEnabled(), "nothing to choose from"


def test_a_card_is_typed_unseen_and_does_not_stay(screen: IdentityScreen, qtbot: QtBot) -> None:
    heard = wishes(screen)
    screen.draw(views.WAITS)
    qtbot.mouseClick(screen.paper_way, Qt.MouseButton.LeftButton)
    screen.paper.number.edit.setText("99999919900101001X")
    assert "9" not in screen.paper.number.edit.displayText()
    qtbot.mouseClick(screen.paper.ask, Qt.MouseButton.LeftButton)
    assert heard == [("card", ("02", "99999919900101001X", ""))]
    assert screen.paper.number.edit.text() == ""
    screen.paper.number.edit.setText("9999")
    screen.hide()
    assert screen.paper.number.edit.text() == ""


def test_the_countdown_goes_on_and_idleness_ends_it(qtbot: QtBot) -> None:
    now = [1000.0]
    screen = IdentityScreen(Look(), Texts.load(), now_s=lambda: now[0])
    qtbot.addWidget(screen)
    heard = wishes(screen)
    screen.draw(replace(views.known(), until_s=1000.0 + 3661, idle_s=60.0))
    assert screen.person.left.text().endswith("1:01:01")
    now[0] += 59
    screen._tick()
    assert screen.person.left.text().endswith("1:00:02")
    assert heard == []
    now[0] += 2
    screen._tick()
    assert heard == [("end", ("idle",))]


def test_the_other_sides_words_are_passed_on(screen: IdentityScreen) -> None:
    screen.draw(views.STATES["expired"])
    assert "二维码已过期，请刷新后重试" in screen.trouble.said.text()
    assert "重新扫描" in screen.trouble.advice.text()


@pytest.mark.parametrize(("left_s", "words"), [(7200, "2:00:00"), (59.2, "0:01:00"), (0.1, "0:00:01"), (-5, "0:00:00")])
def test_time_as_people_read_it(left_s: float, words: str) -> None:
    assert time_words(left_s) == words
