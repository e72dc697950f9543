"""The packages of a code as cards: the tree, who says so, who disagrees, and the facts of its drug. UI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.package_view import Conflict, DrugFacts, PackageTree, TreeNode
from app.flows.package_words import conflict_words, side_words, sources_words
from app.ui.icons import Icon
from app.ui.screens.code_cards import Facts
from app.ui.screens.moments import DEFAULT_ZONE, in_groups, moment, tail_of
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import PlainButton
from app.ui.widgets.cards import Card, EmptyState, Page, SectionTitle
from app.ui.widgets.fitting import Label
from app.ui.widgets.package_tree import TreeView

CONFLICTS_SHOWN = 3
POCKET_ROWS, DESK_ROWS = 7, 10
SIDE_BY_SIDE_PX = 36 * GRID_PX  # at 100 %: under it the two words of a conflict stand under each other


class DrugCard(Card):
    """What the hospital knows of the drug, to be held beside the print on the box."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self.title = SectionTitle("tree_drug")
        self.title.setContentsMargins(0, 0, 0, 0)
        self.arithmetic = Label(bold=True)
        self.facts = Facts()
        for part in (self.title, self.arithmetic, self.facts):
            self.add(part)

    def draw(self, facts: DrugFacts, *, expiry_shown: str | None = None) -> None:
        """Show what is said; what is not said, or stands on the card above, takes no room."""
        self.arithmetic.setVisible(bool(facts.arithmetic))
        self.arithmetic.show_text(facts.arithmetic)
        self.facts.draw(
            (
                ("tree_generic", facts.generic),
                ("tree_trade", facts.trade),
                ("tree_approval", facts.approval_no),
                ("tree_spec", facts.spec),
                ("tree_pack_spec", facts.pack_spec),
                ("lookup_expiry", facts.expiry if facts.expiry != expiry_shown else ""),
                ("tree_maker", facts.maker),
                ("tree_hospital_unit", facts.hospital_unit),
            )
        )
        theme_tree(self.facts, self._look, self._texts)

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts


class SideCard(Card):
    """What one source says in a conflict."""

    def __init__(self, who: str, says: str, parent: QWidget | None = None) -> None:
        super().__init__(tone=Tone.INK, padding_px=GRID_PX + GRID_PX // 2, parent=parent)
        self.rows.setSpacing(2)
        self.who, self.says = Label(size=Size.SMALL), Label(bold=True)
        self.who.show_text(who)
        self.says.show_text(says)
        self.add(self.who)
        self.add(self.says)


class ConflictBox(QWidget):
    """One conflict: what it is about, and the words of the sources beside each other."""

    def __init__(self, title: str, sides: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """`sides`: pairs of who and what."""
        super().__init__(parent)
        self._look = Look()
        self.title = Label(tone=Tone.ATTENTION, bold=True)
        self.title.show_text(title)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX // 2)
        rows.addWidget(self.title)
        self._sides = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._sides.setSpacing(GRID_PX)
        for who, says in sides:
            self._sides.addWidget(SideCard(who, says), 1)
        rows.addLayout(self._sides)

    def retheme(self, look: Look, _texts: Texts) -> None:
        self._look = look
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        beside = self.width() >= SIDE_BY_SIDE_PX * self._look.text_scale
        self._sides.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)


class ConflictBoxes(QVBoxLayout):
    """The first conflicts of a tree, under each other; how many more there are."""

    def __init__(self) -> None:
        super().__init__()
        self.setSpacing(GRID_PX + GRID_PX // 2)

    def draw(self, conflicts: Sequence[Conflict], zone: str, look: Look, texts: Texts) -> None:
        """Who says what; `zone` is the hospital's."""
        while self.count():
            part = self.takeAt(0).widget()
            part.hide()
            part.deleteLater()

        def when(at_ms: int) -> str:
            return moment(at_ms, zone)[5:]

        for conflict in conflicts[:CONFLICTS_SHOWN]:
            about = partial(side_words, texts, look.lang, conflict.about)
            sides = [about(replace(side, says=in_groups(side.says)), when) for side in conflict.sides]
            title = conflict_words(texts, look.lang, conflict, tail_of(conflict.code))
            self._add(ConflictBox(title, sides), look, texts)
        if (left := len(conflicts) - CONFLICTS_SHOWN) > 0:
            more = Label(tone=Tone.ATTENTION)
            more.say("tree_conflicts_more", count=left)
            self._add(more, look, texts)

    def _add(self, part: ConflictBox | Label, look: Look, texts: Texts) -> None:
        self.addWidget(part)
        part.retheme(look, texts)
        theme_tree(part, look, texts)


class TreeCard(Card):
    """The tree of a looked-up code, conflicts and sources under it. `asked` gives the code of a row that was tapped."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self._view, self._zone, self._most_rows = PackageTree(None), DEFAULT_ZONE, POCKET_ROWS
        self.title = SectionTitle("tree_title")
        self.title.setContentsMargins(0, 0, 0, 0)
        self.arithmetic = Label(bold=True)
        self.tree = TreeView("tree_title")
        self.sources = Label(size=Size.SMALL, tone=Tone.QUIET)
        self._conflicts = ConflictBoxes()
        for part in (self.title, self.arithmetic, self.tree, self._conflicts, self.sources):
            self.add(part)
        self.tree.folded.connect(self._fit)
        self.tree.chosen.connect(self.asked)

    def draw(self, view: PackageTree, zone: str) -> None:
        """Show a tree; `zone` is the hospital's."""
        is_new = view.root != self._view.root
        self._view, self._zone = view, zone
        if is_new:
            self.tree.draw(view.root)
        self._reword()

    def set_rows(self, most: int) -> None:
        """How many rows are seen at once; a longer tree scrolls."""
        self._most_rows = most
        self._fit()

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts
        self._reword()

    def _fit(self) -> None:
        self.tree.setFixedHeight(self.tree.height_for(max(1, min(self._most_rows, len(self.tree.rows)))))

    def _reword(self) -> None:
        self.arithmetic.setVisible(bool(self._view.arithmetic))
        self.arithmetic.show_text(self._view.arithmetic)
        self.sources.setVisible(bool(self._view.sources))
        self.sources.show_text(sources_words(self._texts, self._look.lang, self._view.sources, self._when))
        self._conflicts.draw(self._view.conflicts, self._zone, self._look, self._texts)

    def _when(self, at_ms: int) -> str:
        return moment(at_ms, self._zone)[5:]


class TreePanel(Card):
    """The tree of the code under the hand, beside the scans. It fills its place; the sources stand at the bottom.

    `opened` gives the carton under the hand when somebody opened it. Where sources disagree, who says what can be put
    in the place of the tree.
    """

    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(padding_px=GRID_PX, parent=parent)
        self._look, self._texts, self._zone = Look(), Texts({}), DEFAULT_ZONE
        self._view = PackageTree(None)
        self._may_open = self._shows_sides = False
        self.tree = TreeView("tree_title")
        self.empty = EmptyState(Icon.LAYERS, "tree_empty")
        self.sides = Page()
        self._boxes = ConflictBoxes()
        self.sides.rows.setContentsMargins(0, 0, GRID_PX, 0)
        self.sides.add(self._boxes)
        self.sides.add_stretch()
        self.conflicts = PlainButton("tree_sides_show", icon=Icon.ATTENTION)
        self.open = PlainButton("tree_open", icon=Icon.BOX_OPEN)
        self.sources = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.rows.setSpacing(GRID_PX // 2)
        for part in (self.empty, self.tree, self.sides):
            self.add(part, 1)
        self.add_row(self.conflicts, self.open)
        self.add(self.sources)
        self.tree.chosen.connect(self._touch)
        self.conflicts.clicked.connect(lambda: self.show_sides(shown=not self._shows_sides))
        self.open.clicked.connect(self._open)
        self._show()

    @property
    def view(self) -> PackageTree:
        """What is shown now."""
        return self._view

    @property
    def shows_sides(self) -> bool:
        """Whether who says what is in the place of the tree."""
        return self._shows_sides and bool(self._view.conflicts)

    def draw(self, view: PackageTree) -> None:
        """Another tree; the same one stays as it was folded."""
        is_new = view.root != self._view.root
        if view == self._view:
            return
        self._view = view
        if is_new:
            self.tree.draw(view.root)
        self._show()

    def set_zone(self, zone: str) -> None:
        """The hospital's, for the moments of the sources."""
        self._zone = zone
        self._show()

    def let_open(self, *, may: bool) -> None:
        """Whether a receipt is open in which a carton can be opened."""
        if may != self._may_open:
            self._may_open = may
            self._show()

    def show_sides(self, *, shown: bool) -> None:
        """Who says what where sources disagree, or the tree."""
        if shown != self._shows_sides:
            self._shows_sides = shown
            self._show()

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts
        self._show()

    def _show(self) -> None:
        view = self._view
        sides = self.shows_sides
        self.empty.setVisible(view.root is None and not sides)
        self.tree.setVisible(view.root is not None and not sides)
        self.sides.setVisible(sides)
        if sides:
            self._boxes.draw(view.conflicts, self._zone, self._look, self._texts)
        self.conflicts.setVisible(bool(view.conflicts))
        self.conflicts.say("tree_sides_hide" if sides else "tree_sides_show", count=len(view.conflicts))
        self.open.setVisible(self._may_open and not sides and package_in(view.root) is not None)
        self.sources.setVisible(view.root is not None and bool(view.sources) and not sides)
        self.sources.show_text(sources_words(self._texts, self._look.lang, view.sources, None))

    def _touch(self, code: str) -> None:
        """Beside the scans there is nothing to look up: the whole row folds."""
        for place, row in enumerate(self.tree.rows):
            if row.node.code == code and not row.more:
                self.tree.toggle(place)
                return

    def _open(self) -> None:
        node = package_in(self._view.root)
        if node is not None:
            self.opened.emit(node.code)


def package_in(root: TreeNode | None) -> TreeNode | None:
    """The code under the hand, if it is a package that can be opened and still stands for its content."""
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        if node.here:
            return node if (node.level or 0) > 1 and not node.opened else None
        waiting.extend(node.children)
    return None
