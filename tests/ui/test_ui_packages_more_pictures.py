"""Guessed lines, pieces of a batch, refused manifests and the question to the relay, as pictures without a fault.

They lie under out/ui/packages_more, for eyes.
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
from app.flows.lookups import CodeView
from app.flows.package_view import Conflict, Side
from app.flows.resolving import CodeAnswer
from app.flows.views import ReceiptView, RefusedManifest
from app.ui import theme
from app.ui.relay_question import RelayQuestionView
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import DIFFERENCES, LINES, RECENT, TREE
from app.ui.screens.tasks import TasksScreen
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from tests.ui import package_tree_views as trees
from tests.ui import screens_a_views as views
from tests.ui.picture_check import look_over
from tests.ui.test_ui_packages_pictures import CODE, LOOKS, PICTURES, SHAPES, dressed
from tests.ui.test_ui_screens_a_pictures import settle

__all__ = ["dressed"]  # the fixture
OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "packages_more"
REFUSED = (
    RefusedManifest("M-07", "DEMO-20261122-14", "manifest_digest_wrong", views.NOW_MS),
    RefusedManifest("M-09", "DEMO-20261122-13", "manifest_rows_wrong", views.NOW_MS),
)
UNKNOWN = CodeView("trace20", CODE, (), False, None, None, None, None, None, None, None, (), (), None)
WITHIN = Conflict(CODE, "self_parent", (Side("relay", "M-7", views.NOW_MS, CODE),))
TURNED = Conflict(CODE, "levels", (Side("line_file", "一号线.xml", views.NOW_MS, "89990130000000000001"),))


def receipt(**changed: object) -> ReceiptView:
    """Two lines of one drug without a manifest, one scan that moved, one piece of a batch."""
    first, second, *others = views.receipt().lines
    lines = (replace(first, guessed=12, estimated=40), replace(second, guessed=8), *others)
    entries = (
        views.entry(24, note="line_guessed"),
        views.entry(
            23, what="restated", counted=False, in_force=False, undoable=False, line=2, packs=1, note="line 1 → 2"
        ),
        views.entry(22, packs=40, note="estimated"),
        views.entry(21, code="010952999900303410LOT7#0192f0c1-aaaa-7bbb-8ccc-0123456789ab"),
    )
    return views.receipt(**({"lines": lines, "entries": entries} | changed))


def scenes(frame: Frame) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Name, screen, and what puts it into that state."""
    dock = cast("ReceivingScreen", frame.screen_named("receiving"))
    tasks = cast("TasksScreen", frame.screen_named("tasks"))
    lookup = cast("LookupScreen", frame.screen_named("lookup"))
    refused = [replace(task, manifest_refused="x") if task.manifest == "late" else task for task in views.tasks().tasks]
    yield (
        "tasks_refused",
        "tasks",
        partial(tasks.draw, views.tasks(tasks=tuple(refused), refused_manifests=REFUSED, refused=2)),
    )
    yield "guessed", "receiving", partial(open_dock, dock, LINES)
    yield "moved", "receiving", partial(open_dock, dock, RECENT)
    yield (
        "piece",
        "receiving",
        partial(dock.show_scan, views.scan("ok", line=1, packs=1, received=61, pieces=13, guess="line")),
    )
    yield "refused", "receiving", partial(open_dock, dock, LINES, manifest_refused="manifest_digest_wrong")
    yield "refused_why", "receiving", partial(open_dock, dock, DIFFERENCES, manifest_refused="manifest_digest_wrong")
    yield "within", "receiving", partial(within, dock)
    yield "relay_offer", "lookup", partial(lookup.draw, UNKNOWN)
    for question in (
        RelayQuestionView(CODE),
        RelayQuestionView(CODE, "stopped"),
        RelayQuestionView(CODE, "nothing", None, views.NOW_MS),
        RelayQuestionView(CODE, "trouble", None, views.NOW_MS, "relay_unreachable"),
        RelayQuestionView(
            CODE, "told", CodeAnswer(CODE, "relay", "M-20261121-07", 40, views.NOW_MS, 1, "YP-0001"), views.NOW_MS
        ),
    ):
        yield f"relay_{question.state}", "lookup", partial(lookup.relay.draw_question, question)


def open_dock(dock: ReceivingScreen, tab: str, **changed: object) -> None:
    dock.forget()
    dock.open(receipt(**changed))
    dock.show_tab(tab)


def within(dock: ReceivingScreen) -> None:
    """A source that contradicts itself."""
    open_dock(dock, TREE)
    dock._body.unfold_tree(unfolded=True)
    dock.show_tab(TREE)
    dock.draw_tree(replace(trees.TREES["bundle"], conflicts=(WITHIN, TURNED)))
    dock._body.tree.show_sides(shown=True)


@pytest.mark.parametrize(("shape", "name"), PICTURES)
def test_every_state_is_a_picture_without_a_fault(qtbot: QtBot, qapp: QApplication, shape: str, name: str) -> None:
    look, texts = LOOKS[name], Texts.load()
    theme.apply(qapp, look)
    frame = Frame([TasksScreen(look, texts), ReceivingScreen(look, texts), LookupScreen(look, texts)], look, texts)
    qtbot.addWidget(frame)
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
