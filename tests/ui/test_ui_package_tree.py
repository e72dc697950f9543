"""The tree of packages: which rows are seen, what they say, how a hand and keys move in it, and ten thousand boxes."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.flows.package_view import PackageTree, TreeNode
from app.ui.fonts import load_fonts
from app.ui.screens.code_tree import TreeCard, TreePanel
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import TREE
from app.ui.screens.screen import Form
from app.ui.theme import Look, theme_tree
from app.ui.widgets.package_rows import TreeModel, ways_to_here
from app.ui.widgets.package_tree import TreeView
from tests.ui import package_tree_views as views
from tests.ui import screens_a_views as receipts

TEXTS = Texts.load()
SLOWEST_S = 2.0  # for ten thousand rows; some tenths of a second in truth


@pytest.fixture
def tree(qtbot: QtBot) -> TreeView:
    load_fonts()
    made = TreeView("tree_title")
    qtbot.addWidget(made)
    made.retheme(Look(), TEXTS)
    made.resize(360, 400)
    made.show()
    return made


def codes(tree: TreeView) -> list[str]:
    return [row.node.code for row in tree.rows]


def read_out(tree: TreeView, place: int) -> str:
    return str(tree.model_of_tree.index(place).data(int(Qt.ItemDataRole.AccessibleTextRole)))


def touch(qtbot: QtBot, tree: TreeView, place: int, *, at_fold: bool) -> None:
    seen = tree.visualRect(tree.model_of_tree.index(place))
    plan = tree.drawer.plan(tree.rows[place], seen.width())
    x = plan.fold.center().x() if at_fold and plan.fold else plan.words_left + 8
    qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(int(x), seen.center().y()))


def test_it_opens_at_the_code_under_the_hand(tree: TreeView) -> None:
    root = views.carton_of_bundles()
    tree.draw(root)

    here = root.children[1]
    assert codes(tree) == [
        root.code, root.children[0].code, here.code, *(each.code for each in here.children), root.children[2].code,
    ]  # fmt: skip
    assert [row.depth for row in tree.rows[:4]] == [0, 1, 1, 2]
    assert tree.currentIndex().row() == 2


def test_a_box_under_the_hand_is_in_sight_however_long_the_carton(tree: TreeView) -> None:
    begin = time.perf_counter()
    tree.draw(views.long_carton())
    tree.grab()

    assert time.perf_counter() - begin < SLOWEST_S
    place = tree.model_of_tree.place_of_here()
    assert place == 5_001
    assert tree.viewport().rect().contains(tree.visualRect(tree.model_of_tree.index(place)))
    assert len(tree.findChildren(QWidget)) < 20  # rows are no widgets


def test_a_tap_at_the_fold_folds_and_a_tap_on_the_words_chooses(qtbot: QtBot, tree: TreeView) -> None:
    root = views.carton_of_bundles()
    tree.draw(root)
    with qtbot.assertNotEmitted(tree.chosen):
        touch(qtbot, tree, 2, at_fold=True)
    assert len(tree.rows) == 4
    with qtbot.waitSignal(tree.chosen) as chosen:
        touch(qtbot, tree, 2, at_fold=False)

    assert chosen.args == [root.children[1].code]
    assert len(tree.rows) == 4


def test_keys_fold_unfold_and_choose(qtbot: QtBot, tree: TreeView) -> None:
    tree.draw(views.carton_of_bundles())
    tree.setFocus()
    qtbot.keyClick(tree, Qt.Key.Key_Left)
    assert len(tree.rows) == 4
    qtbot.keyClick(tree, Qt.Key.Key_Right)
    assert len(tree.rows) == 24
    qtbot.keyClick(tree, Qt.Key.Key_Space)
    assert len(tree.rows) == 4
    qtbot.keyClick(tree, Qt.Key.Key_Up)
    with qtbot.waitSignal(tree.chosen) as chosen:
        qtbot.keyClick(tree, Qt.Key.Key_Return)

    assert chosen.args == [tree.rows[1].node.code]


def test_a_folded_package_forgets_nothing_of_its_neighbours(tree: TreeView) -> None:
    tree.draw(views.carton_of_bundles())
    for place in (3 + 20, 1, 0):  # the last bundle, the first, then the carton
        tree.toggle(place)
    assert len(tree.rows) == 1
    tree.toggle(0)
    assert len(tree.rows) == 4
    assert [row.unfolded for row in tree.rows] == [True, False, False, False]


def test_counts_that_move_leave_the_folds_alone(tree: TreeView) -> None:
    tree.draw(views.carton_of_bundles())
    tree.toggle(1)
    before = codes(tree)
    moved = views.carton_of_bundles()
    tree.draw(views.package(moved.code, 3, moved.children, packs_in=60))

    assert codes(tree) == before
    assert tree.model_of_tree.value_of(tree.rows[0]) == "60/60"


def test_rows_say_what_they_are(tree: TreeView) -> None:
    tree.draw(views.carton_of_bundles())
    root, here = tree.rows[0], tree.rows[2]

    assert root.detail == "阿莫西林胶囊 · 批号 260701 · 有效期至 2029-06-30"
    assert tree.model_of_tree.value_of(root) == "26/60"
    assert here.detail == ""
    assert read_out(tree, 2) == f"中包 {here.node.code} 6/20 已展开"
    assert [tree.model_of_tree.value_of(row) for row in tree.rows[3:10]] == [
        "已收", "未收", "已收", "破损", "拒收", "在别处", "不清楚",
    ]  # fmt: skip


def test_what_is_unusual_is_said(tree: TreeView) -> None:
    tree.draw(views.box_in_a_mixed_carton())
    details = [row.detail for row in tree.rows if row.foldable]

    assert details[0] == "说法不一 · 已拆箱 · 阿莫西林胶囊 · 批号 260701、260702"
    assert details[2] == "已拆箱 · 批号 260702 · 有效期至 2029-07-31"
    tree.draw(views.unknown_content())
    assert [tree.model_of_tree.name_of(row) for row in tree.rows] == ["第 4 级包装", "层级不明", "还有 23 个没有列出"]
    assert tree.model_of_tree.value_of(tree.rows[0]) == "约 4,800"


def test_language_follows(tree: TreeView) -> None:
    tree.draw(views.carton_of_bundles())
    tree.toggle(1)
    shown = codes(tree)
    tree.retheme(Look(lang="en"), TEXTS)

    assert codes(tree) == shown
    assert tree.rows[0].detail.endswith("expires 2029-06-30")


@pytest.mark.parametrize("width", [328, 448, 600])
@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_row_has_the_height_of_a_thumb_and_its_words_fit(
    tree: TreeView, width: int, scale: float, lang: str
) -> None:
    tree.retheme(Look(text_scale=scale, lang=lang), TEXTS)
    for view in views.TREES.values():
        assert view.root is not None
        tree.draw(view.root)
        for row in tree.rows[:40]:
            assert tree.drawer.plan(row, width).fits, (row.node.code, width, scale)
    assert tree.drawer.height_px() >= 48


def test_where_the_code_is_not_in_the_tree_the_outermost_package_is_unfolded(qtbot: QtBot) -> None:
    root = views.package("1", 2, (views.box(1), views.box(2)))
    model = TreeModel()
    model.set_root(root)

    assert ways_to_here(root) == {()}
    assert len(model.rows) == 3
    model.set_root(None)
    assert not model.rowCount()
    assert model.place_of_here() is None


def test_the_card_is_as_high_as_its_rows_and_never_higher_than_was_asked(qtbot: QtBot) -> None:
    card = TreeCard()
    qtbot.addWidget(card)
    card.retheme(Look(), TEXTS)
    theme_tree(card, Look(), TEXTS)
    card.set_rows(6)
    card.draw(views.TREES["unknown"], "+08:00")
    assert card.tree.height() == card.tree.height_for(3)
    card.draw(views.TREES["bundle"], "+08:00")
    assert card.tree.height() == card.tree.height_for(6)
    assert card.sources.text() == "来源：云码平台 11-22 10:00 · 生产线文件 HB2607.xml 11-21 14:00"


def test_beside_the_scans_the_whole_row_folds(qtbot: QtBot) -> None:
    panel = TreePanel()
    qtbot.addWidget(panel)
    panel.retheme(Look(), TEXTS)
    theme_tree(panel, Look(), TEXTS)
    panel.resize(360, 400)
    panel.show()
    panel.draw(views.TREES["bundle"])
    touch(qtbot, panel.tree, 2, at_fold=False)
    assert len(panel.tree.rows) == 4
    panel.draw(PackageTree(None))
    assert panel.empty.isVisibleTo(panel)
    assert not panel.tree.isVisibleTo(panel)


def test_a_row_that_stands_for_many_does_not_choose(qtbot: QtBot, tree: TreeView) -> None:
    node: TreeNode = views.unknown_content()
    tree.draw(node)
    with qtbot.assertNotEmitted(tree.chosen):
        touch(qtbot, tree, 2, at_fold=False)


def test_the_receipt_asks_for_packages_only_while_they_can_be_seen(qtbot: QtBot) -> None:
    screen = ReceivingScreen(Look(), TEXTS)
    qtbot.addWidget(screen)
    asked: list[str] = []
    screen.tree_asked.connect(asked.append)
    view = receipts.receipt()
    screen.open(view)
    screen.show_scan(receipts.scan("ok"))
    assert asked == []
    screen.show_tab(TREE)
    newest = next(entry.code for entry in screen._entries if entry.code)
    assert asked == [newest]
    screen.show_scan(receipts.scan("ok", seq=21))
    assert len(asked) == 1  # between quick scans there is no time for it
    screen.draw(view)
    assert len(asked) == 2
    screen.draw_tree(views.TREES["bundle"])
    screen.forget()
    assert screen._body.tree.view.root is None


def test_on_the_desk_the_tree_unfolds_in_the_place_of_the_last_scans(qtbot: QtBot) -> None:
    screen = ReceivingScreen(Look(), TEXTS)
    qtbot.addWidget(screen)
    screen.set_form(Form.DESK)
    screen.open(receipts.receipt())
    with qtbot.waitSignal(screen.tree_asked):
        screen._body.tree_fold.click()
    assert screen._body.tree.isVisibleTo(screen)
    assert not screen.entry_list.isVisibleTo(screen)
    screen._body.tree_fold.click()
    assert not screen._body.tree.isVisibleTo(screen)
    assert screen.entry_list.isVisibleTo(screen)
