"""Long lists: a model of rows, a view that lays out only what is seen, a delegate that draws. UI thread.

Ten thousand rows cost no more per frame than ten: every row has the same height, which follows from the text size
and from whether the list shows details and bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.base.texts import Texts
from app.ui.icons import Icon, draw_icon
from app.ui.theme import GRID_PX, RADIUS_PX, Look, Size, Tone
from app.ui.widgets.fitting import Block, lay_out, line_height, shrink, text_width
from app.ui.widgets.progress import Counts, draw_bar
from app.ui.widgets.row_words import lay_out_detail, lay_out_title
from app.ui.widgets.scrolling import as_plain_list

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = int(Qt.ItemDataRole.UserRole)
KEPT_LAYOUTS = 128
LARGE_TEXT = 1.4  # from here on titles get one line more


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list. `key` is what `RowList.chosen` gives; the words are ready to be read."""

    key: str
    title: str
    detail: str = ""
    value: str = ""  # at the right: a number, a time, a state
    value_tone: Tone = Tone.QUIET
    icon: Icon | None = None
    tone: Tone = Tone.INK  # of the icon and of a row that needs attention
    counts: Counts | None = None  # a bar under the words
    faded: bool = False  # undone or done with: quiet ink
    badge: str = ""  # a word or two in a pill before the detail: what one must know of the value


@dataclass(frozen=True, slots=True)
class RowPlan:
    """How one row lies in a place: blocks with left, top and tone; sizes in pixels. `fits` is for the picture check."""

    blocks: tuple[tuple[Block, float, float, Tone], ...]
    icon: QRectF | None
    bar: QRectF | None
    fits: bool
    pill: QRectF | None = None  # behind the badge


class RowsModel(QAbstractListModel):
    """The rows of a list, in order. Changes name what changed, so that only it is drawn again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._places: dict[str, int] = {}

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(self._rows)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """All rows anew; keys must differ (ValueError)."""
        places = {row.key: place for place, row in enumerate(rows)}
        if len(places) != len(rows):
            raise ValueError("two rows with one key")
        self.beginResetModel()
        self._rows, self._places = list(rows), places
        self.endResetModel()

    def replace(self, row: Row) -> None:
        """Draw one row anew; a key that is not in the list is added at its end."""
        place = self._places.get(row.key)
        if place is None:
            self.insert(len(self._rows), row)
            return
        self._rows[place] = row
        index = self.index(place)
        self.dataChanged.emit(index, index)

    def insert(self, place: int, row: Row) -> None:
        """Put a row before `place` (0 is the top)."""
        if row.key in self._places:
            raise ValueError("two rows with one key")
        self.beginInsertRows(QModelIndex(), place, place)
        self._rows.insert(place, row)
        self._number_from(place)
        self.endInsertRows()

    def remove(self, key: str) -> None:
        """Take a row out; an unknown key changes nothing."""
        place = self._places.get(key)
        if place is None:
            return
        self.beginRemoveRows(QModelIndex(), place, place)
        del self._rows[place]
        del self._places[key]
        self._number_from(place)
        self.endRemoveRows()

    def keep_first(self, count: int) -> None:
        """Drop all rows after the first `count` (a list of the latest)."""
        if count >= len(self._rows):
            return
        self.beginRemoveRows(QModelIndex(), count, len(self._rows) - 1)
        for row in self._rows[count:]:
            del self._places[row.key]
        del self._rows[count:]
        self.endRemoveRows()

    def place_of(self, key: str) -> int | None:
        return self._places.get(key)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = ROW_ROLE) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return " ".join(part for part in (row.title, row.value, row.badge, row.detail) if part)
        return None

    def _number_from(self, place: int) -> None:
        for at in range(place, len(self._rows)):
            self._places[self._rows[at].key] = at


class RowDelegate(QStyledItemDelegate):
    """Draws rows as rounded cards: icon, title over detail, value at the right, bar below."""

    def __init__(self, *, detail_lines: int, bars: bool, title_lines: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = Look()
        self._details, self._bars, self._title_lines = detail_lines, bars, title_lines
        self._plans: dict[tuple[Row, int], RowPlan] = {}
        self._height_px = 0  # asked for with every row that is painted

    def set_look(self, look: Look) -> None:
        self._look = look
        self._plans.clear()
        self._height_px = 0

    def height_px(self) -> int:
        """Of every row, with the gap under it."""
        if not self._height_px:
            self._height_px = self._high()
        return self._height_px

    def _high(self) -> int:
        tokens = self._look.tokens
        lines = self._title_lines + (1 if self._look.text_scale >= LARGE_TEXT else 0)
        high = lines * line_height(tokens.font(Size.BODY, bold=True))
        if self._details:
            high += self._details_px()
        if self._bars:
            high += self._bar_line_px()
        return max(tokens.touch_px(), high + 3 * GRID_PX) + GRID_PX

    def font_of_rows(self) -> QFont:
        return self._look.tokens.font(Size.BODY, bold=True)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(20 * GRID_PX, self.height_px())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        if isinstance(row, Row):
            rect, state = option.rect, option.state  # type: ignore[attr-defined]  # the 6.8 stubs lack the fields
            self._paint_row(painter, QRectF(rect), row, state)

    def plan(self, row: Row, width_px: int) -> RowPlan:
        """How the row lies in a card of this width."""
        found = self._plans.get((row, width_px))
        if found is None:
            if len(self._plans) >= KEPT_LAYOUTS:
                self._plans.clear()
            found = self._plans[row, width_px] = self._arrange(row, width_px)
        return found

    def _paint_row(self, painter: QPainter, place: QRectF, row: Row, state: QStyle.StateFlag) -> None:
        tokens, colours = self._look.tokens, self._look.tokens.colours
        card = place.adjusted(2, 2, -2, 2 - GRID_PX)
        loud = row.tone in (Tone.ATTENTION, Tone.STOP) and not row.faded
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.paint(row.tone).tint if loud else colours.card))
        painter.drawRoundedRect(card, RADIUS_PX, RADIUS_PX)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent.fill), 2))
            painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), RADIUS_PX, RADIUS_PX)
        painter.translate(card.topLeft())
        plan = self.plan(row, int(card.width()))
        if plan.icon is not None and row.icon is not None:
            ink = tokens.ink(Tone.QUIET if row.faded or row.tone is Tone.INK else row.tone)
            draw_icon(painter, row.icon, ink, plan.icon)
        if plan.pill is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.card if loud else colours.attention.tint))
            painter.drawRoundedRect(plan.pill, GRID_PX, GRID_PX)
        for block, left, top, tone in plan.blocks:
            ink = tokens.ink(tone)
            if loud and tone is Tone.QUIET:
                ink = tokens.ink(Tone.INK)
            block.draw(painter, left, top, ink)
        if plan.bar is not None and row.counts is not None:
            draw_bar(painter, plan.bar, row.counts.shares(), tokens, complete=row.counts.complete)
        painter.restore()

    def _arrange(self, row: Row, width_px: int) -> RowPlan:
        tokens = self._look.tokens
        pad, high = GRID_PX + GRID_PX // 2, self.height_px() - GRID_PX
        left, right = float(2 * GRID_PX), float(width_px - 2 * GRID_PX)
        side = tokens.icon_px()
        left += side + pad if row.icon is not None else 0
        bars = self._bars and row.counts is not None
        bar_px = self._bar_line_px() if bars else 0
        detail_px = self._details_px()
        value, value_wide = self._value(row, int((right - left) * 0.5))
        tone = Tone.QUIET if row.faded else row.value_tone
        blocks: list[tuple[Block, float, float, Tone]] = []
        title_room, bar = int(right - left), None
        if value is not None and bars:
            middle = high - pad - bar_px / 2 + 2
            blocks.append((value, right - value.width, middle - value.height / 2, tone))
            bar = QRectF(left, middle - GRID_PX / 2, right - left - value_wide, GRID_PX) if row.counts else None
        elif value is not None:
            title_room -= value_wide
        title_px = high - 2 * pad - bar_px - detail_px
        font = shrink(row.title, tokens.font(Size.BODY, bold=True), title_room, title_px)
        title = lay_out_title(row.title, font, title_room)
        fits = title.height <= title_px + 1 and title.width <= title_room + 1 and (value is None or value.lines == 1)
        detail = badge = None
        if self._details and row.badge:
            badge = lay_out(row.badge, tokens.font(Size.SMALL, bold=True), int(right - left) - GRID_PX)
        before = badge.width + GRID_PX + GRID_PX // 2 if badge else 0
        if self._details and row.detail:
            free = 0 if badge else int(title_px - title.height) + detail_px - line_height(tokens.font(Size.SMALL)) - 2
            detail = lay_out_detail(row.detail, tokens.font(Size.SMALL), int(right - left) - before, free)
        under = max((block.height + 2 for block in (detail, badge) if block is not None), default=0)
        top = pad + (title_px + detail_px - title.height - under) / 2
        blocks.append((title, left, top, Tone.QUIET if row.faded else Tone.INK))
        level = top + title.height / title.lines / 2  # of the title's first line, which the value stands beside
        middle = level if bars else high / 2
        icon = QRectF(2 * GRID_PX, middle - side / 2, side, side) if row.icon is not None else None
        if value is not None and not bars:
            blocks.append((value, right - value.width, level - value.height / 2, tone))
        pill = None
        if badge is not None:
            pill = QRectF(left, top + title.height + 2, badge.width + GRID_PX, badge.height)
            blocks.append((badge, left + GRID_PX / 2, pill.top(), Tone.ATTENTION))
            fits = fits and badge.lines == 1
        if detail is not None:
            blocks.append((detail, left + before, top + title.height + 2, Tone.QUIET))
        return RowPlan(tuple(blocks), icon, bar, fits, pill)

    def _value(self, row: Row, most_px: int) -> tuple[Block | None, int]:
        """The value in one line, and the room that it takes with the gap before it."""
        if not row.value:
            return None, 0
        font = self._look.tokens.font(Size.BODY, bold=True)
        font = shrink(row.value, font, most_px, line_height(font))
        block = lay_out(row.value, font, most_px)
        least = text_width("00/00", font) if self._bars else 0
        return block, max(block.width, least) + GRID_PX + GRID_PX // 2

    def _details_px(self) -> int:
        return self._details * line_height(self._look.tokens.font(Size.SMALL)) + 2 if self._details else 0

    def _bar_line_px(self) -> int:
        return line_height(self._look.tokens.font(Size.BODY)) + GRID_PX // 2


class RowList(QListView):
    """A list of rows. `chosen` gives the key of the row that was tapped, or opened with Enter."""

    chosen = Signal(str)

    def __init__(
        self,
        code: str,
        *,
        details: bool = True,
        bars: bool = False,
        title_lines: int = 1,
        detail_lines: int = 1,
        parent: QWidget | None = None,
    ) -> None:
        """`code`: the list's name for readers. `details`, `bars`: whether rows have them (all are equally high)."""
        detail_lines = detail_lines if details else 0
        super().__init__(parent)
        self._code = code
        self.model_of_rows = RowsModel(self)
        self.drawer = RowDelegate(detail_lines=detail_lines, bars=bars, title_lines=title_lines, parent=self)
        self.setModel(self.model_of_rows)
        self.setItemDelegate(self.drawer)
        self._bar = as_plain_list(self)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.model_of_rows.rows

    def set_rows(self, rows: Sequence[Row]) -> None:
        """All rows anew; the place where one reads is kept as far as it can be."""
        at = self.verticalScrollBar().value()
        self.model_of_rows.set_rows(rows)
        self.verticalScrollBar().setValue(at)

    def replace_row(self, row: Row) -> None:
        self.model_of_rows.replace(row)

    def show_row(self, key: str) -> None:
        """Scroll until the row is seen."""
        place = self.model_of_rows.place_of(key)
        if place is not None:
            self.scrollTo(self.model_of_rows.index(place))

    def retheme(self, look: Look, texts: Texts) -> None:
        self.setAccessibleName(texts.title(self._code, look.lang))
        self.drawer.set_look(look)
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID_PX, self.height_for(2))

    def minimumSizeHint(self) -> QSize:
        """One row and the sight of a second."""
        return QSize(20 * GRID_PX, self.height_for(3) // 2)

    def height_for(self, rows: int) -> int:
        """Pixels that so many rows take, to show a short list whole."""
        return rows * self.drawer.height_px()

    def _choose(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if isinstance(row, Row):
            self.chosen.emit(row.key)
