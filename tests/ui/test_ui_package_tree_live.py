"""A relation file taken in, then its tree asked for through the conductor and drawn: the whole way, in one process."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui.fonts import load_fonts
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.lookup import join as join_lookup
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving import join as join_receiving
from app.ui.theme import Look
from tests.fixtures.hospital import Dock, drug
from tests.flows.relation_bench import LEVELS, batch, box, bundle, carton, document, tree, write
from tests.ui.conductor_ear import WAIT_MS, starter


def test_a_file_becomes_a_tree_on_both_screens(qtbot: QtBot, tmp_path: Path) -> None:
    load_fonts()
    with Dock(tmp_path / "data") as dock:
        dock.feed(drug("YP-1", LEVELS))
        file = write(tmp_path, document(batch(tree(bundles=3, boxes=4))))
        assert dock.program.take_in_file(file).state == "taken_in"
    texts = Texts.load()
    lookup, receiving = LookupScreen(Look(), texts), ReceivingScreen(Look(), texts)
    for screen in (lookup, receiving):
        qtbot.addWidget(screen)
    with starter(qtbot, tmp_path / "data") as start:
        conductor = start().conductor
        join_lookup(lookup, conductor)
        join_receiving(receiving, conductor)
        lookup.asked.emit(box(5))
        receiving.tree_asked.emit(bundle(1))
        qtbot.waitUntil(lambda: bool(receiving._body.tree.tree.rows), timeout=WAIT_MS)
        qtbot.waitUntil(lambda: bool(lookup.tree.tree.rows), timeout=WAIT_MS)

    found = [row.node.code for row in lookup.tree.tree.rows]
    assert found == [carton(0), bundle(0), bundle(1), *(box(number) for number in range(4, 8)), bundle(2)]
    assert [row.node.code for row in lookup.tree.tree.rows if row.node.here] == [box(5)]
    assert "生产线文件" in lookup.tree.sources.text()
    assert [row.node.code for row in receiving._body.tree.tree.rows if row.node.here] == [bundle(1)]
