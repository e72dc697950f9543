"""The tree of packages as a flat list of the rows that are seen: what is folded costs nothing. UI thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from app.base.texts import Texts
from app.flows.package_view import TreeNode
from app.flows.package_words import detail_words, level_words, more_words, value_words

Index = QModelIndex | QPersistentModelIndex
NODE_ROLE = int(Qt.ItemDataRole.UserRole)
Path = tuple[int, ...]  # which child of which child; the root is ()


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One row: a package, or (`more` > 0) how many of its siblings are not listed."""

    path: Path
    node: TreeNode
    details: tuple[str, ...]  # what there is to say, from the long form to the short one; may be empty
    last: tuple[bool, ...]  # of each generation from the first on: is it the last of its siblings?
    unfolded: bool = False
    more: int = 0

    @property
    def depth(self) -> int:
        return len(self.path)

    @property
    def detail(self) -> str:
        """All that there is to say."""
        return self.details[0] if self.details else ""

    @property
    def foldable(self) -> bool:
        return bool(self.node.children or self.node.more) and not self.more


class TreeModel(QAbstractListModel):
    """The rows of one tree. Folding changes only the rows below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._root: TreeNode | None = None
        self._rows: list[TreeRow] = []
        self._texts, self._lang = Texts({}), "zh"

    @property
    def rows(self) -> tuple[TreeRow, ...]:
        return tuple(self._rows)

    def set_words(self, texts: Texts, lang: str) -> None:
        """The same rows in another language."""
        self._texts, self._lang = texts, lang
        self.set_root(self._root, keep={row.path for row in self._rows if row.unfolded})

    def set_root(self, root: TreeNode | None, *, keep: set[Path] | None = None) -> None:
        """Another tree, unfolded down to the code under the hand; `keep` says instead what is unfolded.

        The same tree with other counts stays as it was folded.
        """
        if keep is None and root is not None and self._root is not None and _same_shape(root, self._root):
            keep = {row.path for row in self._rows if row.unfolded}
        self.beginResetModel()
        self._root = root
        open_now = ways_to_here(root) if keep is None else keep
        self._rows = [] if root is None else list(self._flat(root, (), (), None, open_now))
        self.endResetModel()

    def place_of_here(self) -> int | None:
        """Where the code under the hand stands among the rows."""
        return next((place for place, row in enumerate(self._rows) if row.node.here and not row.more), None)

    def toggle(self, place: int) -> None:
        """Fold or unfold a row; one without children stays."""
        row = self._rows[place]
        if row.foldable:
            self.set_unfolded(place, not row.unfolded)

    def set_unfolded(self, place: int, unfolded: bool) -> None:
        row = self._rows[place]
        if not row.foldable or row.unfolded == unfolded:
            return
        changed = replace(row, unfolded=unfolded)
        if unfolded:
            below = list(self._below(row.node, row.path, row.last, set()))
            self.beginInsertRows(QModelIndex(), place + 1, place + len(below))
            self._rows[place : place + 1] = [changed, *below]
            self.endInsertRows()
        else:
            end = place + 1
            while end < len(self._rows) and self._rows[end].path[: row.depth] == row.path:
                end += 1
            self.beginRemoveRows(QModelIndex(), place + 1, end - 1)
            self._rows[place:end] = [changed]
            self.endRemoveRows()
        self.dataChanged.emit(self.index(place), self.index(place))

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = NODE_ROLE) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == NODE_ROLE:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._read_out(row)
        return None

    def name_of(self, row: TreeRow) -> str:
        """What kind of package it is, or that some are not listed."""
        if row.more:
            return more_words(self._texts, self._lang, row.more)
        return level_words(self._texts, self._lang, row.node.level)

    def value_of(self, row: TreeRow) -> str:
        """At the right: how many of how many are in; for one pack, what became of it."""
        return "" if row.more else value_words(self._texts, self._lang, row.node)

    def _read_out(self, row: TreeRow) -> str:
        if row.more:
            return self.name_of(row)
        folded = self._say("tree_unfolded" if row.unfolded else "tree_folded") if row.foldable else ""
        state = "" if 0 < row.node.packs_in < row.node.packs else self._say(f"tree_state_{row.node.state}")
        value = "" if self.value_of(row) == state else self.value_of(row)
        parts = (self.name_of(row), row.node.code, state, value, row.detail, folded)
        return " ".join(part for part in parts if part)

    def _flat(
        self, node: TreeNode, path: Path, last: tuple[bool, ...], above: TreeNode | None, unfolded: set[Path]
    ) -> Iterator[TreeRow]:
        opens = path in unfolded
        yield TreeRow(
            path,
            node,
            detail_words(self._texts, self._lang, node, above),
            last,
            opens and bool(node.children or node.more),
        )
        if opens:
            yield from self._below(node, path, last, unfolded)

    def _below(self, node: TreeNode, path: Path, last: tuple[bool, ...], unfolded: set[Path]) -> Iterator[TreeRow]:
        end = len(node.children) - (0 if node.more else 1)
        for place, child in enumerate(node.children):
            yield from self._flat(child, (*path, place), (*last, place == end), node, unfolded)
        if node.more:
            yield TreeRow((*path, len(node.children)), node, (), (*last, True), more=node.more)

    def _say(self, code: str, /, **values: object) -> str:
        return self._texts.title(code, self._lang, **values)


def ways_to_here(root: TreeNode | None) -> set[Path]:
    """The packages around the code under the hand, and itself; the outermost one where that code is not in the tree."""
    found = None if root is None else _find(root, ())
    return {found[:depth] for depth in range(len(found) + 1)} if found is not None else {()}


def _same_shape(one: TreeNode, other: TreeNode) -> bool:
    """The same packages, and the same one under the hand."""
    same = (one.code, one.here, len(one.children)) == (other.code, other.here, len(other.children))
    return same and all(_same_shape(*pair) for pair in zip(one.children, other.children, strict=True))


def _find(node: TreeNode, path: Path) -> Path | None:
    if node.here:
        return path
    for place, child in enumerate(node.children):
        if (found := _find(child, (*path, place))) is not None:
            return found
    return None
