"""The tree of packages in the look-up and beside the scans: every shape, mode and text size, and the automatic check.

The pictures lie under out/ui/package_tree, for eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.flows.package_view import PackageTree
from app.ui import theme
from app.ui.fonts import load_fonts
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import TREE
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Mode
from tests.ui import package_tree_views as trees
from tests.ui import screens_a_views as receipts
from tests.ui import screens_b_views as codes
from tests.ui.picture_check import look_over, telling

OUT = Path(__file__).resolve().parents[2] / "out" / "ui" / "package_tree"
SIZES = {"pocket": (360, 640), "tall": (480, 800), "desk": (1280, 800)}
LOOKS = {
    "light": Look(),
    "dark": Look(Mode.DARK),
    "light_200": Look(Mode.LIGHT, 2.0),
    "dark_200": Look(Mode.DARK, 2.0),
    "en_200": Look(Mode.LIGHT, 2.0, "en"),
}
SETTLED = 12  # rounds of events after which a column that scrolls has found its height
ALL = telling((size, name) for size in SIZES for name in LOOKS if size != "tall" or name in ("light", "dark_200"))


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[None]:
    assert not load_fonts().missing
    before = qapp.palette(), qapp.font(), qapp.styleSheet(), qapp.style().name()
    yield
    qapp.setStyle(before[3])
    qapp.setPalette(before[0])
    qapp.setFont(before[1])
    qapp.setStyleSheet(before[2])


def scenes(frame: Frame) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Name, screen, and what puts it into that state."""
    lookup, receiving = frame.screen_named("lookup"), frame.screen_named("receiving")
    assert isinstance(lookup, LookupScreen)
    assert isinstance(receiving, ReceivingScreen)
    for name, tree in trees.TREES.items():
        view = replace(codes.known_bundle(), tree=tree, facts=trees.FACTS)
        yield f"lookup_{name}", "lookup", partial(lookup.draw, view)
        if name in ("bundle", "mixed"):
            yield f"lookup_{name}_below", "lookup", lambda: lookup._page.ensureWidgetVisible(lookup.tree.sources)
    for name, tree in trees.TREES.items():
        yield f"receiving_{name}", "receiving", partial(show_beside, receiving, tree)
    yield "receiving_none", "receiving", lambda: receiving.draw_tree(PackageTree(None))


def show_beside(screen: ReceivingScreen, tree: PackageTree) -> None:
    """The receipt with the tree in its place of this shape."""
    screen.open(receipts.receipt())
    screen.show_scan(receipts.scan("ok"))
    screen.show_tab(TREE)
    if not screen._body.shows_tree:
        screen._body.tree_fold.click()
    screen.draw_tree(tree)


@pytest.mark.parametrize(("size", "name"), ALL)
def test_every_tree_is_a_picture_without_a_fault(qtbot: QtBot, qapp: QApplication, size: str, name: str) -> None:
    look, texts = LOOKS[name], Texts.load()
    theme.apply(qapp, look)
    frame = Frame([LookupScreen(look, texts), ReceivingScreen(look, texts)], look, texts)
    qtbot.addWidget(frame)
    frame.strip.draw(Status((ScannerStatus("FR27", True),), Network.ONLINE, 3, 0, "演示员甲", True))
    frame.resize(*SIZES[size])
    frame.show()
    problems: list[str] = []
    for scene, screen, put in scenes(frame):
        frame.go(screen)
        put()
        for _ in range(SETTLED):
            qapp.processEvents()
        problems += [f"{scene}: {problem}" for problem in look_over(frame, OUT / f"{scene}-{size}-{name}.png")]
    assert not problems, "\n".join(problems)
