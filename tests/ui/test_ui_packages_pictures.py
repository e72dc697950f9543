"""What the window says of packages, in every state, shape, mode and text size, seen by the automatic check.

The pictures lie under out/ui/packages, for eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.flows.outcomes import CommandOutcome
from app.flows.relation_report import FileReport, Finding
from app.flows.views import ReceiptView, RefusedManifest
from app.ui import theme
from app.ui.file_import import ImportView
from app.ui.fonts import load_fonts
from app.ui.relay_words import RelayView
from app.ui.screens.file_places import FoundFile
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import LINES, RECENT, TREE
from app.ui.screens.settings import SettingsScreen
from app.ui.screens.tasks import TasksScreen
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Mode
from app.ui.widgets.cards import Page
from app.ui.window_news import notice_of
from sync.status import RelayStatus
from tests.ui import package_tree_views as trees
from tests.ui import screens_a_views as views
from tests.ui.picture_check import look_over, telling
from tests.ui.screens_b_views import settings as setting_rows
from tests.ui.test_ui_screens_a_pictures import settle

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "packages"
SHAPES = {"pocket": (360, 640), "tall": (480, 800), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "en_200": Look(Mode.LIGHT, 2.0, "en"),
}
PICTURES = telling(
    (
        *((shape, look) for shape in ("pocket", "desk") for look in LOOKS),
        ("tall", "light"),
    )
)
CODE = "89997770000000000001"
REFUSED = (
    RefusedManifest("M-20261121-07", "DEMO-20261122-14", "manifest_digest_wrong", views.NOW_MS),
    RefusedManifest("M-20261121-09", "", "manifest_rows_wrong", views.NOW_MS),
)
REPORT = FileReport(
    "HB2607-关联关系.xml", 4_812_330, "taken_in", codes=25_260, cartons=60, batches=("260701", "260702"), set_aside=42,
    problems=(
        Finding("relation_two_parents", 812, (("package", "89990123546848745268"), ("lines", "640, 812"))),
        Finding("relation_code_missing", 1_204),
    ),
    notes=(Finding("relation_mixed_batches", 77, (("package", "89990133546848745211"), ("lines", "77"))),),
    counted=(("relation_code_missing", 9), ("relation_mixed_batches", 1), ("relation_two_parents", 1)),
)  # fmt: skip
FILES = (
    FoundFile(Path("/media/usb/HB2607-关联关系.xml"), "U 盘", 4_812_330, views.NOW_MS),
    FoundFile(Path("/media/usb/阿莫西林胶囊_RelationCreate_20261120_一号线.xml"), "关联", 61_000, views.NOW_MS),
)


def receipt(**changed: object) -> ReceiptView:
    """Two lines rest on estimates, one carton was counted anew."""
    first, second, *others = views.receipt().lines
    lines = (replace(first, estimated=40), replace(second, estimated=20), *others)
    entries = (
        views.entry(24, packs=47),
        views.entry(
            23, what="restated", counted=False, in_force=False, undoable=False, line=None, packs=40, note="40 → 47"
        ),
        views.entry(22, what="open", counted=False, in_force=True, undoable=True),
        views.entry(21, what="level", counted=False, in_force=True, undoable=True),
        views.entry(20, packs=40, in_force=False, undoable=False),
        views.entry(19, "unknown_code", line=None, packs=None),
        views.entry(
            18, what="restated", counted=False, in_force=False, undoable=False, line=None, packs=40, note="40 → None"
        ),
    )
    return views.receipt(**({"lines": lines, "entries": entries} | changed))


def scenes(frame: Frame) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Name, screen, and what puts it into that state."""
    dock = cast("ReceivingScreen", frame.screen_named("receiving"))
    tasks = cast("TasksScreen", frame.screen_named("tasks"))
    settings = cast("SettingsScreen", frame.screen_named("settings"))
    yield "lines_estimated", "receiving", partial(open_dock, dock)
    yield "recent_restated", "receiving", partial(open_dock, dock, RECENT)
    for code in ("manifest_restated", "manifest_came"):
        yield code, "receiving", partial(frame.notices.tell, notice_of(code, {"count": 2}, ()))
    yield "unknown", "receiving", partial(unknown, frame, dock)
    yield "learn_drug", "receiving", dock._body.lead.click
    yield "learn_level", "receiving", partial(dock.differences.level_sheet._choose, "YP-0001")
    yield "conflict", "receiving", partial(conflict, dock)
    yield "sides", "receiving", partial(sides, dock)
    yield "carton", "receiving", partial(carton, dock)
    yield "tasks", "tasks", partial(tasks.draw, views.tasks())
    yield "import_nothing", "tasks", partial(tasks.show_imports, shown=True)
    yield "import_files", "tasks", partial(tasks.imports.draw_files, FILES)
    yield "import_working", "tasks", partial(tasks.imports.draw, ImportView(REPORT.file, "read", 37))
    yield "import_report", "tasks", partial(tasks.imports.draw, ImportView(REPORT.file, report=REPORT))
    trouble = ImportView("HB.xml", trouble="file_unreadable", values={"file": "HB.xml", "why": "Input/output error"})
    yield "import_trouble", "tasks", partial(tasks.imports.draw, trouble)
    for name, view in (
        ("absent", RelayView(RelayStatus())),
        ("online", RelayView(RelayStatus("online", None, 3, 2, views.NOW_MS), REFUSED)),
        ("away", RelayView(RelayStatus("offline", "relay_denied"))),
    ):
        yield f"relay_{name}", "settings", partial(show_relay, settings, view)


def open_dock(dock: ReceivingScreen, tab: str = LINES) -> None:
    dock.forget()
    dock.open(receipt())
    dock.show_tab(tab)


def unknown(frame: Frame, dock: ReceivingScreen) -> None:
    frame.notices.clear()
    open_dock(dock)
    dock.show_scan(views.scan("unknown_code", line=None, received=None, packs=None, payload=CODE))


def conflict(dock: ReceivingScreen) -> None:
    open_dock(dock)
    dock.show_scan(views.scan("source_conflict", line=1, received=None, packs=None))
    dock.draw(receipt(held=True))


def sides(dock: ReceivingScreen) -> None:
    """After the stop was confirmed."""
    conflict(dock)
    dock.show_command(CommandOutcome(26, "confirm", "ok", "confirmed"))
    dock.draw(receipt())
    dock.draw_tree(trees.TREES["mixed"])
    dock._body.lead.click()


def carton(dock: ReceivingScreen) -> None:
    open_dock(dock, TREE)
    dock._body.unfold_tree(unfolded=True)
    dock.show_tab(TREE)
    dock.draw_tree(trees.TREES["bundle"])


def show_relay(settings: SettingsScreen, view: RelayView) -> None:
    settings.draw(setting_rows(may_change=True))
    settings.relay.draw(view)
    QApplication.processEvents()
    cast("Page", settings.findChild(Page)).ensureWidgetVisible(settings.relay, 0, 0)


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[None]:
    load_fonts()
    before = qapp.palette(), qapp.font(), qapp.styleSheet(), qapp.style().name()
    yield
    qapp.setStyle(before[3])
    qapp.setPalette(before[0])
    qapp.setFont(before[1])
    qapp.setStyleSheet(before[2])


@pytest.mark.parametrize(("shape", "name"), PICTURES)
def test_every_state_is_a_picture_without_a_fault(qtbot: QtBot, qapp: QApplication, shape: str, name: str) -> None:
    look, texts = LOOKS[name], Texts.load()
    theme.apply(qapp, look)
    frame = Frame([TasksScreen(look, texts), ReceivingScreen(look, texts), SettingsScreen(look, texts)], look, texts)
    qtbot.addWidget(frame)
    tasks = cast("TasksScreen", frame.screen_named("tasks"))
    tasks.imports.finder.places = tuple
    frame.strip.draw(Status((ScannerStatus("FR27", True),), Network.ONLINE, 3, 0, "演示员甲", True))
    frame.resize(*SHAPES[shape])
    with qtbot.waitExposed(frame):
        frame.show()
    problems: list[str] = []
    for scene, screen, put in scenes(frame):
        frame.go(screen)
        put()
        settle(qapp, frame)
        problems += [f"{scene}: {problem}" for problem in look_over(frame, OUT / f"{scene}-{shape}-{name}.png")]
    assert not problems, "\n".join(problems)
