"""What a person at the dock does with packages, by touch, in the real window on the real program.

Estimates and the manifest that comes late; a code that nobody knows; a carton that was opened; sources that disagree;
a relation file from a stick.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.domain.reasons import Panel
from app.flows.relation_report import FileReport, Progress, Step
from app.ui import theme
from app.ui.file_import import FileImport, ImportView
from app.ui.fonts import load_fonts
from app.ui.screens.receiving_body import TREE
from app.ui.screens.settings import SettingsScreen
from app.ui.theme import Look, Tone
from app.ui.widgets.fitting import Label
from app.ui.widgets.panes import Form
from app.wiring import Program
from sync import SyncStatus
from sync.status import RelayStatus
from tests.fixtures.hospital import DELIVERY, NOW_MS, code, delivery, line
from tests.fixtures.ptyport import PtyPort
from tests.flows.package_desk import PackageDock, box, bundle, carton, carton_of, row
from tests.flows.relation_bench import batch, document, tree, write
from tests.flows.relation_bench import carton as file_carton
from tests.ui.journey_hand import Hand

STRANGE = code("8999777", 1)
TWO_DRUGS = "T-2"


class LateRelay(PackageDock):
    """The relay that speaks to a program under a window."""

    def __init__(self, program: Program) -> None:
        self.program = program


@pytest.fixture
def hand(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Hand]:
    """A window on a folder that has met the hospital: forty boxes of one drug, and no manifest yet."""
    load_fonts()
    theme.apply(qapp, Look())
    with PackageDock(tmp_path / "data") as dock:
        dock.set_up(packs=40)
        dock.feed(delivery(line(1, "D1", 10), line(2, "D2", 10), number=TWO_DRUGS, manifest="late"))
    with PtyPort(tmp_path) as port:
        made = Hand(qtbot, tmp_path / "data", None, port)
        made.sign_in()
        made.window.resize(1280, 800)
        made.until(lambda: made.frame.current == "tasks" and made.dock.form is Form.DESK, "the tasks on the desk")
        yield made
        made.window.close()


def relay_of(hand: Hand) -> LateRelay:
    session = hand.window.conductor._session
    assert session is not None
    return LateRelay(session._program)


def told(hand: Hand) -> list[str]:
    return [notice.code for notice in hand.frame.notices.told]


def shown_in(part: QWidget) -> list[str]:
    return [label.text() for label in cast("list[Label]", part.findChildren(Label)) if label.isVisible()]


def titles(hand: Hand) -> list[str]:
    return [row.title for row in hand.dock.entry_list.rows]


def test_an_estimate_is_said_and_the_late_manifest_counts_it_anew(hand: Hand) -> None:
    hand.open(DELIVERY)
    dock, totals = hand.dock, hand.dock.totals
    assert hand.shoot(carton()).packs == 4
    hand.until(lambda: dock.line_list.rows[0].badge == "估 4", "the line says that it is an estimate")
    assert totals.estimated.text() == "其中 4 按包装比例估算"
    assert totals.estimated.isVisible()

    before = len(told(hand))
    relay_of(hand).tell(carton_of(range(3)))
    hand.until(lambda: "manifest_restated" in told(hand), "a notice says that the manifest came")
    assert len(told(hand)) == before + 1
    hand.until(lambda: hand.line(1) == "3/40", "the line is counted anew")
    assert dock.line_list.rows[0].badge == ""
    assert not totals.estimated.isVisible()
    assert titles(hand) == ["已收 ×3", "清单到了：估 4 → 实 3", "已收 ×4（已撤销）"]
    assert hand.shoot(box(1)).reason == "covered_by_parent"


def test_a_manifest_of_another_delivery_is_nobodys_news(hand: Hand) -> None:
    hand.open(DELIVERY)
    relay = relay_of(hand)
    relay.tell(carton_of(range(100, 104), number=9), manifest="M-9", delivery_no="T-9")
    relay.tell(carton_of(range(3)))
    hand.until(lambda: "manifest_came" in told(hand), "that of this delivery is told")
    assert "manifest_restated" not in told(hand)
    came = next(notice for notice in hand.frame.notices.told if notice.code == "manifest_came")
    assert (came.tone, came.passing) == (Tone.GOOD, True)


@pytest.mark.parametrize("size", [(480, 800), (1280, 800)])
def test_an_unknown_code_is_learnt_in_two_touches(hand: Hand, size: tuple[int, int]) -> None:
    hand.open(DELIVERY)
    hand.window.resize(*size)
    dock = hand.dock
    assert not dock._body.lead.isVisible()
    assert hand.shoot(STRANGE).reason == "unknown_code"
    assert dock.panel.said.panel is Panel.ATTENTION
    hand.touch(dock._body.lead)
    sheet = dock.differences.level_sheet
    hand.until(sheet.isVisible, "the sheet")
    assert sheet.levels[1].isVisible()  # one drug only: nothing to choose
    assert min(button.height() for button in sheet.levels.values()) >= 48
    answer = hand.after(lambda: hand.touch(sheet.levels[1]))
    assert (answer.command, answer.ok) == ("level", True)
    assert dock.panel.said.word == "已登记"
    assert not dock._body.lead.isVisible()
    assert not sheet.isVisible()
    assert hand.shoot(STRANGE).reason == "ok"
    assert hand.line(1) == "1/40"
    hand.until(lambda: titles(hand)[:2] == ["已收", "已登记"], "both stand among the last scans")


def test_an_unknown_code_is_learnt_with_keys_alone(hand: Hand, qtbot: QtBot) -> None:
    hand.open(TWO_DRUGS)
    dock = hand.dock
    hand.shoot(STRANGE)
    qtbot.keyClick(dock, Qt.Key.Key_F4)
    sheet = dock.differences.level_sheet
    hand.until(sheet.drugs.isVisible, "the drugs of the delivery")
    assert [row.title for row in sheet.drugs.rows] == ["药D1", "药D2"]
    hand.until(lambda: hand.window.focusWidget() is sheet.drugs, "the keys are at the drugs")
    qtbot.keyClick(sheet.drugs, Qt.Key.Key_Down)
    qtbot.keyClick(sheet.drugs, Qt.Key.Key_Return)
    hand.until(lambda: hand.window.focusWidget() is sheet.levels[1], "the keys are at the smallest level")
    qtbot.keyClick(sheet.levels[1], Qt.Key.Key_Escape)
    assert sheet.drugs.isVisible()
    qtbot.keyClick(sheet.drugs, Qt.Key.Key_Return)
    answer = hand.after(lambda: qtbot.keyClick(sheet.levels[1], Qt.Key.Key_Return))
    assert (answer.ok, answer.values) == (True, {"drug": "药D2", "level": 1})


def test_a_carton_under_the_hand_is_opened(hand: Hand) -> None:
    relay_of(hand).tell(carton_of(range(4)))
    hand.open(DELIVERY)
    dock = hand.dock
    assert hand.shoot(bundle(0)).packs == 2
    hand.touch(dock._body.tree_fold)
    panel = dock._body.tree
    hand.until(panel.open.isVisible, "the packages, and what can be said of this one")
    answer = hand.after(lambda: hand.touch(panel.open))
    assert (answer.command, answer.ok) == ("open", True)
    hand.until(lambda: not panel.open.isVisible(), "it is opened, and shown so")
    assert dock.panel.said.word == "已记开箱"
    hand.touch(dock._body.tree_fold)
    hand.until(lambda: titles(hand)[0] == "已记开箱", "it stands among the last scans")
    assert hand.after(lambda: hand.touch_undo(dock.entry_list.rows[0].key)).ok


def test_a_conflict_leads_to_who_says_what(hand: Hand) -> None:
    relay = relay_of(hand)
    relay.tell(carton_of(range(4)))
    other = [row(carton(1), batch=None), row(bundle(1_000), carton(1), batch=None), row(box(0), bundle(1_000))]
    relay.tell(other, manifest="M-2")
    hand.open(DELIVERY)
    hand.window.resize(480, 800)
    dock = hand.dock
    assert hand.shoot(carton()).reason == "source_conflict"
    hand.until(lambda: dock.panel.holding, "the stop holds")
    assert hand.after(lambda: hand.touch(dock.panel._button)).ok
    hand.until(lambda: not dock.panel.holding, "confirmed")
    hand.touch(dock._body.lead)
    hand.until(dock._body.tree.sides.isVisible, "who says what")
    assert dock.tab == TREE
    hand.until(lambda: any("云码平台" in words for words in shown_in(dock._body.tree.sides)), "the relay's word")
    hand.touch(dock._body.tree.conflicts)
    assert dock._body.tree.tree.isVisible()


def test_a_relation_file_is_taken_in_from_a_stick(hand: Hand, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    write(stick, document(batch(tree(bundles=3, boxes=4))), "line.xml")
    write(stick, b"PK\x03\x04 packed", "packed.xml")
    page = hand.tasks.imports
    page.finder.places = lambda: (stick,)
    hand.touch(hand.tasks.importers[hand.tasks.form])
    hand.until(lambda: len(page.files.rows) == 2, "the files on the stick")
    key = next(row.key for row in page.files.rows if row.title == "line.xml")
    hand.touch_row(page.files, key)
    hand.until(page.more.isVisible, "what came of it")
    assert page.sentences[:2] == ("line.xml：已导入", "码 16 个，整箱 1 个，批号：B1")

    hand.touch(page.more)
    hand.until(page.files.isVisible, "another one")
    key = next(row.key for row in page.files.rows if row.title == "packed.xml")
    hand.touch_row(page.files, key)
    hand.until(page.more.isVisible, "what came of it")
    assert page.sentences[0] == "packed.xml：没有导入"
    assert "压缩包" in page.sentences[1]
    hand.touch(page._back)
    assert hand.tasks.list.isVisible()

    hand.open(DELIVERY)
    assert hand.shoot(file_carton(0)).packs == 12


def test_a_file_is_chosen_from_a_folder(hand: Hand, tmp_path: Path) -> None:
    path = write(tmp_path, document(batch(tree())), "chosen.xml")
    page = hand.tasks.imports
    page.finder.places = tuple
    hand.touch(hand.tasks.importers[hand.tasks.form])
    hand.touch(page.browse)
    dialog = cast("QFileDialog", page.findChild(QFileDialog))
    hand.until(dialog.isVisible, "the folder")
    dialog.selectFile(str(path))
    dialog.accept()
    hand.until(page.more.isVisible, "what came of it")
    assert page.sentences[0] == "chosen.xml：已导入"


def test_an_import_is_cancelled_and_scans_go_on_meanwhile(hand: Hand, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    write(stick, document(batch(tree())))
    session = hand.window.conductor._session
    assert session is not None
    gate = Gate(session._program.take_in_file)
    session.imports._take_in = gate.take_in
    page = hand.tasks.imports
    page.finder.places = lambda: (stick,)
    hand.touch(hand.tasks.importers[hand.tasks.form])
    hand.until(lambda: bool(page.files.rows), "the file")
    hand.touch_row(page.files, "0")
    hand.until(lambda: page.stop.isVisible() and page.phase.text() == "正在保存", "it is under way")
    assert page.progress.counts.received == 70

    hand.touch(page._back)
    hand.open(DELIVERY)
    assert hand.shoot(box(0)).reason == "ok"
    hand.touch(hand.dock.header._back)
    hand.until(lambda: hand.frame.current == "tasks", "the tasks")
    hand.touch(hand.tasks.importers[hand.tasks.form])
    hand.touch(page.stop)
    hand.until(session.imports._stop.is_set, "the wish arrived")
    gate.open.set()
    hand.until(page.more.isVisible, "what came of it")
    assert page.sentences[0] == "relation.xml：已取消，什么也没有留下"
    assert relay_of(hand).rows("SELECT 1 FROM sources WHERE kind = 'line_file' AND state <> 'dropped'") == []


class Gate:
    """Takes files in, and waits before the store is written until it is let through."""

    def __init__(self, take_in: Callable[[Path, Progress], FileReport]) -> None:
        self._take_in = take_in
        self.open = threading.Event()

    def take_in(self, path: Path, progress: Progress = lambda _: True) -> FileReport:
        def held(step: Step) -> bool:
            going_on = progress(step)
            if step.phase == "store":
                self.open.wait(20)
                going_on = progress(step)
            return going_on

        return self._take_in(path, held)


def test_two_files_at_once_are_one_too_many_and_the_end_cancels(hand: Hand, tmp_path: Path) -> None:
    path = write(tmp_path, document(batch(tree())))
    session = hand.window.conductor._session
    assert session is not None
    gate = Gate(session._program.take_in_file)
    seen: list[ImportView] = []
    imports = FileImport(gate.take_in, seen.append)
    imports.begin(path)
    with pytest.raises(Trouble, match="import_busy"):
        imports.begin(path)
    threading.Timer(0.05, gate.open.set).start()
    imports.end()
    assert seen[-1].report is not None
    assert seen[-1].report.state == "cancelled"
    assert [view.percent for view in seen[:-1]] == sorted(view.percent for view in seen[:-1])


def test_a_refused_manifest_has_an_owner(hand: Hand) -> None:
    relay = relay_of(hand)
    settings = cast("SettingsScreen", hand.frame.screen_named("settings"))
    assert settings.relay.state.text() == "未配置"
    rows = carton_of(range(3))
    head = relay.head(rows, "M-1", 1, DELIVERY)
    relay.stage(rows)
    relay.program.writer.call(lambda: relay.program._manifests.refuse(head, "manifest_digest_wrong", "7 rows"))
    hand.window.conductor._on_exchange(SyncStatus("online", relay=RelayStatus("online", None, 0, 1, NOW_MS)))
    hand.until(lambda: settings.relay.state.text() == "已连接 11-22 14:00", "the relay answers")
    title, advice = settings.relay.refused[0]
    assert title.text() == f"清单 {DELIVERY}：供应商的包装清单校验不符"
    assert advice.text().startswith("由供应商处理：")

    relay.tell(rows, version=2)
    trouble = SyncStatus("online", relay=RelayStatus("offline", "relay_unreachable", 1, 1, NOW_MS))
    hand.window.conductor._on_exchange(trouble)
    hand.until(lambda: settings.relay.state.text() == "暂不可用", "it is away")
    assert title.isHidden()
    assert "连不上云码平台" in settings.relay.why.text()
