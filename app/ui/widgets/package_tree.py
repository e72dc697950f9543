"""The tree of packages on the screen: a list that lays out only what is seen, rows of one thumb's height. UI thread.

What is in has a tick, what is missing is grey with an empty ring, what is partly in has a ring that fills. `chosen`
gives the code of a row that was tapped; a tap left of the words folds and unfolds.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.base.texts import Texts
from app.flows.package_view import TreeNode
from app.ui.icons import Icon, draw_icon
from app.ui.screens.moments import in_groups, tail_of
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Size, Tone
from app.ui.widgets.fitting import Block, in_one_line, lay_out, line_height, shrink, text_width
from app.ui.widgets.package_rows import NODE_ROLE, Index, TreeModel, TreeRow
from app.ui.widgets.scrolling import as_plain_list

KEPT_LAYOUTS = 256
RING_PX = 2.5
STATE_MARKS = {
    "in": (Icon.GOOD, Tone.GOOD),
    "elsewhere": (Icon.DELIVERY, Tone.ATTENTION),
    "damaged": (Icon.DAMAGED, Tone.STOP),
    "rejected": (Icon.UNDO, Tone.STOP),
    "unknown": (Icon.HELP, Tone.QUIET),
}


@dataclass(frozen=True, slots=True)
class TreeRowPlan:
    """How one row lies: blocks with left, top and tone; places of the fold and of the mark. `fits`: for a check."""

    blocks: tuple[tuple[Block, float, float, Tone], ...]
    fold: QRectF | None
    mark: QRectF
    words_left: float
    fits: bool


class TreeDelegate(QStyledItemDelegate):
    """Draws the rows of a tree."""

    def __init__(self, model: TreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._look = model, Look()
        self._plans: dict[tuple[TreeRow, int], TreeRowPlan] = {}

    def set_look(self, look: Look) -> None:
        self._look = look
        self._plans.clear()

    def height_px(self) -> int:
        """Of every row: two lines of words and never less than a thumb needs."""
        tokens = self._look.tokens
        words = line_height(tokens.font(Size.BODY)) + line_height(tokens.font(Size.SMALL))
        return max(tokens.touch_px(), words + GRID_PX)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(20 * GRID_PX, self.height_px())

    def plan(self, row: TreeRow, width_px: int) -> TreeRowPlan:
        """How the row lies in this width."""
        found = self._plans.get((row, width_px))
        if found is None:
            if len(self._plans) >= KEPT_LAYOUTS:
                self._plans.clear()
            found = self._plans[row, width_px] = self._arrange(row, width_px)
        return found

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(NODE_ROLE)
        if isinstance(row, TreeRow):
            rect, state = option.rect, option.state  # type: ignore[attr-defined]  # the 6.8 stubs lack the fields
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(rect.topLeft())
            self._paint_row(painter, row, rect.width(), bool(state & QStyle.StateFlag.State_HasFocus))
            painter.restore()

    def _paint_row(self, painter: QPainter, row: TreeRow, width_px: int, focused: bool) -> None:
        tokens, colours = self._look.tokens, self._look.tokens.colours
        plan, high = self.plan(row, width_px), self.height_px()
        here = row.node.here and not row.more
        self._draw_guides(painter, row, high)
        if here or focused:
            left = (plan.fold or plan.mark).left() - GRID_PX / 2
            painter.setPen(QPen(QColor(colours.accent.fill), 2) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent.tint) if here else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(left, 1, width_px - left - 1, high - 2), RADIUS_PX, RADIUS_PX)
        if plan.fold is not None:
            draw_icon(painter, Icon.DOWN if row.unfolded else Icon.NEXT, tokens.ink(Tone.QUIET), plan.fold)
        self._draw_mark(painter, row, plan.mark)
        for block, left, top, tone in plan.blocks:
            block.draw(painter, left, top, QColor(colours.accent.tint_ink) if here else tokens.ink(tone))

    def _draw_guides(self, painter: QPainter, row: TreeRow, high: int) -> None:
        """The lines that join a row to the package around it and to its siblings."""
        painter.setPen(QPen(QColor(self._look.tokens.colours.line), 2))
        for place, is_last in enumerate(row.last):
            x = int(self._left_of(place) + self._cell() / 2)
            own = place == row.depth - 1
            if own or not is_last:
                painter.drawLine(x, 0, x, high // 2 if is_last else high)
            if own:
                painter.drawLine(x, high // 2, int(self._left_of(row.depth)), high // 2)

    def _draw_mark(self, painter: QPainter, row: TreeRow, place: QRectF) -> None:
        tokens, node = self._look.tokens, row.node
        if row.more:
            draw_icon(painter, Icon.MORE, tokens.ink(Tone.QUIET), place)
        elif node.disputed:
            draw_icon(painter, Icon.ATTENTION, tokens.ink(Tone.ATTENTION), place)
        elif 0 < node.packs_in < node.packs and node.state in ("in", "missing"):
            self._draw_ring(painter, place, node.packs_in / node.packs)
        elif node.state == "missing":
            self._draw_ring(painter, place, 0)
        else:
            icon, tone = STATE_MARKS[node.state]
            draw_icon(painter, icon, tokens.ink(tone), place)

    def _draw_ring(self, painter: QPainter, place: QRectF, share: float) -> None:
        colours = self._look.tokens.colours
        ring = place.adjusted(3, 3, -3, -3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        style = Qt.PenStyle.SolidLine if share else Qt.PenStyle.DotLine
        painter.setPen(QPen(QColor(colours.line if share else colours.quiet_ink), RING_PX if share else 2, style))
        painter.drawEllipse(ring)
        if share:
            pen = QPen(QColor(colours.good.tint_ink), RING_PX + 1)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            painter.drawArc(ring, 90 * 16, -round(360 * 16 * share))

    def _arrange(self, row: TreeRow, width_px: int) -> TreeRowPlan:
        tokens, high = self._look.tokens, self.height_px()
        cell, side = self._cell(), tokens.icon_px()
        left, middle = self._left_of(row.depth), (high - side) / 2
        fold = QRectF(left + (cell - side) / 2, middle, side, side) if row.foldable else None
        left += cell if fold is not None else 0
        mark = QRectF(left + (cell - side) / 2, middle, side, side)
        left += cell + GRID_PX / 2
        right = float(width_px - GRID_PX - GRID_PX // 2)
        value = self._value(row, int((right - left) * 0.45))
        room = int(right - left - (value.width + GRID_PX if value else 0))
        detail = self._detail(row, room)
        title_px = high - GRID_PX // 2 - (detail.height if detail else 0)
        title = self._title(row, room, title_px)
        top = (high - title.height - (detail.height if detail else 0)) / 2
        ink = self._tone_of(row)
        blocks = [(title, left, top, ink)]
        if detail is not None:
            tone = Tone.ATTENTION if row.node.disputed else Tone.QUIET
            blocks.append((detail, left, top + title.height, tone))
        if value is not None:
            blocks.append((value, right - value.width, (high - value.height) / 2, ink))
        fits = title.height <= title_px + 1 and title.width <= room + 1 and (value is None or value.lines == 1)
        return TreeRowPlan(tuple(blocks), fold, mark, left, fits)

    def _detail(self, row: TreeRow, room: int) -> Block | None:
        """The longest form that there is room for."""
        font = self._look.tokens.font(Size.SMALL)
        fitting = (words for words in row.details if text_width(words, font) <= room)
        words = next(fitting, row.details[-1] if row.details else "")
        return in_one_line(words, font, room, least_share=0.8) if words else None

    def _title(self, row: TreeRow, room: int, high: int) -> Block:
        """Kind and code; the whole code where there is room for it, else its end, by which boxes are told apart."""
        font = self._look.tokens.font(Size.BODY, bold=row.node.here or row.foldable)
        name, code = self._model.name_of(row), row.node.code
        if row.more:
            return lay_out(name, shrink(name, font, room, high), room)
        whole = f"{name}  {in_groups(code)}"
        short = f"{name} {tail_of(code)}"
        words = whole if text_width(whole, font) <= room else short
        if text_width(short, font) > room and not row.details:
            words = f"{name}\n{tail_of(code)}"
        font = shrink(words, font, room, high)
        return lay_out(words, font, room)

    def _value(self, row: TreeRow, most_px: int) -> Block | None:
        words = self._model.value_of(row)
        if not words:
            return None
        font = self._look.tokens.font(Size.BODY if row.foldable else Size.SMALL, bold=row.foldable)
        return lay_out(words, shrink(words, font, most_px, line_height(font)), most_px)

    def _tone_of(self, row: TreeRow) -> Tone:
        if row.more or (row.node.state == "missing" and not row.node.packs_in) or row.node.state == "unknown":
            return Tone.QUIET
        return Tone.STOP if row.node.state in ("damaged", "rejected") else Tone.INK

    def _left_of(self, depth: int) -> float:
        return GRID_PX / 2 + depth * self._cell()

    def _cell(self) -> int:
        """One step to the right: as wide as an icon with a little air."""
        return self._look.tokens.icon_px() + 4


class TreeView(QListView):
    """A tree of packages. `chosen` gives the code of the row that was tapped, or opened with Enter."""

    chosen = Signal(str)
    folded = Signal()  # rows came or went

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        """`code`: its name for readers."""
        super().__init__(parent)
        self._code = code
        self.model_of_tree = TreeModel(self)
        self.drawer = TreeDelegate(self.model_of_tree, self)
        self.setModel(self.model_of_tree)
        self.setItemDelegate(self.drawer)
        self._bar = as_plain_list(self)
        self._pressed_x = 0
        self.clicked.connect(self._touch)

    @property
    def rows(self) -> tuple[TreeRow, ...]:
        return self.model_of_tree.rows

    def draw(self, root: TreeNode | None) -> None:
        """Another tree, with the code under the hand in sight."""
        self.model_of_tree.set_root(root)
        self.show_here()
        self.folded.emit()

    def show_here(self) -> None:
        """Scroll until the code under the hand is seen, with the package around it where both have room."""
        place = self.model_of_tree.place_of_here()
        if place is not None:
            self.setCurrentIndex(self.model_of_tree.index(place))
            self.scrollTo(self.model_of_tree.index(place), QListView.ScrollHint.PositionAtCenter)

    def toggle(self, place: int) -> None:
        """Fold or unfold the row at this place."""
        self._fold(place)

    def height_for(self, rows: int) -> int:
        return rows * self.drawer.height_px()

    def retheme(self, look: Look, texts: Texts) -> None:
        self.setAccessibleName(texts.title(self._code, look.lang))
        self.drawer.set_look(look)
        self.model_of_tree.set_words(texts, look.lang)
        self.scheduleDelayedItemsLayout()
        self.viewport().update()
        self.folded.emit()

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID_PX, self.height_for(min(4, max(1, len(self.rows)))))

    def minimumSizeHint(self) -> QSize:
        return QSize(20 * GRID_PX, self.height_for(2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_x = event.position().toPoint().x()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        key = event.key()
        if index.isValid() and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._fold(index.row(), unfolded=key == Qt.Key.Key_Right)
        elif index.isValid() and key == Qt.Key.Key_Space:
            self._fold(index.row())
        elif index.isValid() and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(index)
        else:
            super().keyPressEvent(event)

    def _touch(self, index: QModelIndex) -> None:
        row = self.rows[index.row()]
        plan = self.drawer.plan(row, self.visualRect(index).width())
        if row.foldable and self._pressed_x < plan.words_left:
            self._fold(index.row())
        else:
            self._choose(index)

    def _fold(self, place: int, *, unfolded: bool | None = None) -> None:
        if unfolded is None:
            self.model_of_tree.toggle(place)
        else:
            self.model_of_tree.set_unfolded(place, unfolded)
        self.folded.emit()

    def _choose(self, index: QModelIndex) -> None:
        row = self.rows[index.row()]
        if not row.more:
            self.chosen.emit(row.node.code)
