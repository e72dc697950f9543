"""The parts of an open receipt and how they lie: three columns on the desk, one with tabs in the pocket. UI thread.

The parts are the same in both shapes and only placed anew, so nothing is lost when the window changes its shape.
"""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from app.ui.icons import Icon
from app.ui.screens.code_tree import TreePanel
from app.ui.screens.receiving_differences import Differences
from app.ui.screens.receiving_header import Header, Totals
from app.ui.screens.receiving_lists import EntryList, LineList
from app.ui.screens.screen import Form
from app.ui.theme import GRID_PX
from app.ui.widgets.buttons import Button, Kind
from app.ui.widgets.cards import SectionTitle
from app.ui.widgets.choices import Choice
from app.ui.widgets.verdict_panel import ConfirmButton, VerdictPanel
from app.ui.widgets.verdict_panel import arrange as plan_of

LINES, RECENT, TREE, DIFFERENCES = "lines", "recent", "tree", "differences"
PANEL_PX, LOW_PANEL_PX, LIST_PX = 168, 112, 80
MOST_OF_ROOM = 0.75
MOST_PX = 16_777_215  # QWIDGETSIZE_MAX
PANEL_ROW, LEAD_ROW, LIST_ROW = 1, 2, 5
PANEL_SHARE, HELD_SHARE, LIST_SHARE, TREE_SHARE = 5, 9, 4, 9
DESK_COLUMNS = (10, 13, 10)


class Body(QWidget):
    """Header, verdict, total, tabs, lines, last scans, the packages of the code under the hand, differences."""

    def __init__(self) -> None:
        super().__init__()
        self.header, self.totals = Header(), Totals()
        self.panel = VerdictPanel()
        self.lead = Button("", kind=Kind.PRIMARY)  # the way on from the last verdict, beside scanning
        self._leads = False
        self.tabs = Choice("recv_tabs", [(part, f"recv_tab_{part}") for part in (LINES, RECENT, TREE, DIFFERENCES)])
        self.line_list, self.entry_list, self.differences = LineList(), EntryList(), Differences()
        self.tree, self.tree_fold = TreePanel(), Button("recv_tree_show", kind=Kind.QUIET, icon=Icon.LAYERS)
        self._tree_unfolded = False  # on the desk, in the place of the last scans
        self._recent_title = SectionTitle("recv_recent")
        self._middle_bar = _side_by_side(self._recent_title, self.tree_fold)
        self._form = Form.POCKET
        self._grid = QGridLayout(self)
        for part in (
            self.header, self.panel, self.lead, self.totals, self.tabs, self.line_list, self._middle_bar,
            self.entry_list, self.tree, self.differences,
        ):  # fmt: skip
            part.setParent(self)
        for rows in (self.line_list, self.entry_list):
            rows.setMinimumHeight(LIST_PX)
        self.tabs.set_value(LINES)

    @property
    def tab(self) -> str:
        """Which part the pocket shows."""
        return self.tabs.value or LINES

    @property
    def shows_tree(self) -> bool:
        """Whether the packages of the code under the hand can be seen now."""
        return self._tree_unfolded if self._form is Form.DESK else self.tab == TREE

    def unfold_tree(self, *, unfolded: bool) -> None:
        """On the desk the tree takes the place of the last scans."""
        self._tree_unfolded = unfolded
        self.tree_fold.say("recv_tree_hide" if unfolded else "recv_tree_show")

    def lead_to(self, code: str, icon: Icon | None = None) -> bool:
        """Offer a way on by the words of `code`, none if it is empty; True if the parts have to be fitted anew."""
        moved = self._leads != bool(code)
        self._leads = bool(code)
        if code:
            self.lead.set_icon(icon)
            self.lead.say(code)
        return moved

    def place(self, form: Form) -> None:
        """Put the parts where they belong in this shape."""
        self._form = form
        while self._grid.takeAt(0) is not None:
            pass
        if form is Form.DESK:
            self._place_on_desk()
        else:
            self._place_in_pocket()

    def fit(self, room_px: int, text_scale: float, *, held: bool) -> None:
        """What is seen, and how much the verdict has of `room_px`: less while differences or packages are worked on.

        `held`: a stop waits to be confirmed, and needs the room more than what nobody can scan now.
        """
        pocket = self._form is Form.POCKET
        tab = self.tab if pocket else ""
        self.tabs.setVisible(pocket)
        self._middle_bar.setVisible(not pocket)
        self._recent_title.setVisible(not self._tree_unfolded)
        for name, part in ((LINES, self.line_list), (DIFFERENCES, self.differences)):
            part.setVisible(not pocket or name == tab)
        self.tree.setVisible(self.shows_tree)
        self.entry_list.setVisible(tab == RECENT if pocket else not self._tree_unfolded)
        low = pocket and room_px < self._needed_px()
        working = not held and tab in (DIFFERENCES, TREE)
        self.header.set_slim(slim=low)
        self.totals.set_small(small=low or working)
        least_px = self._least_panel_px(LOW_PANEL_PX if low or working else PANEL_PX, room_px, text_scale)
        self.panel.setMinimumHeight(least_px)
        self.panel.setMaximumHeight(least_px if working else MOST_PX)
        fills = low and held and room_px < least_px + self._below_px()
        self._grid.setRowStretch(PANEL_ROW, HELD_SHARE if held else PANEL_SHARE)
        list_share = TREE_SHARE if self._form is Form.DESK and self._tree_unfolded else LIST_SHARE
        self._grid.setRowStretch(LIST_ROW, 0 if fills else list_share)
        self.totals.setVisible(not fills)
        followed = tab in (TREE, DIFFERENCES) or (not pocket and self._tree_unfolded)  # there one is already
        self.lead.setVisible(self._leads and not fills and not followed)
        if fills:
            for other in (self.tabs, self.line_list, self.entry_list, self.tree, self.differences):
                other.hide()

    def _place_in_pocket(self) -> None:
        grid, pad = self._grid, GRID_PX + GRID_PX // 2
        grid.setContentsMargins(pad, GRID_PX, pad, 0)
        grid.setSpacing(GRID_PX)
        for row, part in enumerate((self.header, self.panel, self.lead, self.totals, self.tabs)):
            grid.addWidget(part, row, 0)
        for part in (self.line_list, self.entry_list, self.tree, self.differences):
            grid.addWidget(part, LIST_ROW, 0)
        self._share_columns((1, 0, 0))

    def _place_on_desk(self) -> None:
        grid = self._grid
        grid.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        grid.setSpacing(2 * GRID_PX)
        grid.addWidget(self.header, 0, 0, 1, 3)
        grid.addWidget(self.line_list, PANEL_ROW, 0, 5, 1)
        grid.addWidget(self.panel, PANEL_ROW, 1)
        grid.addWidget(self.lead, LEAD_ROW, 1)
        grid.addWidget(self.totals, 3, 1)
        grid.addWidget(self._middle_bar, 4, 1)
        grid.addWidget(self.entry_list, LIST_ROW, 1)
        grid.addWidget(self.tree, LIST_ROW, 1)
        grid.addWidget(self.differences, PANEL_ROW, 2, 5, 1)
        self._share_columns(DESK_COLUMNS)

    def _share_columns(self, shares: tuple[int, ...]) -> None:
        for place, share in enumerate(shares):
            self._grid.setColumnStretch(place, share)

    def _needed_px(self) -> int:
        """Under this height the header goes and the total is one line."""
        high = self.header.full_height() + self.totals.full_height() + self.tabs.sizeHint().height()
        high += self.lead.sizeHint().height() + GRID_PX if self._leads else 0
        return high + self.panel.minimumSizeHint().height() + self.line_list.height_for(1) + 6 * GRID_PX

    def _below_px(self) -> int:
        """What the small total, the tabs and one line take, with the gaps."""
        high = self.tabs.sizeHint().height() + self.totals.small.sizeHint().height()
        return high + self.line_list.height_for(1) + 5 * GRID_PX

    def _least_panel_px(self, floor_px: int, room_px: int, text_scale: float) -> int:
        """The lowest panel, from `floor_px` at 100 % on, in which its words fit; never more than most of the room."""
        air = 1 + (text_scale - 1) / 2
        if self._form is Form.DESK:
            return round(floor_px * air)  # there the panel is high enough for everything that it can say
        pad = 4 * GRID_PX
        width = self.width() - 3 * GRID_PX - pad
        button = cast("ConfirmButton", self.panel.findChild(ConfirmButton))
        held_px = button.sizeHint().height() + GRID_PX if self.panel.holding else 0
        high = round(floor_px * air)
        while high + held_px < room_px * MOST_OF_ROOM:
            if plan_of(self.panel.said, QRectF(0, 0, width, high - pad), text_scale).fits:
                break
            high += 3 * GRID_PX
        return high + held_px


def _side_by_side(title: SectionTitle, button: Button) -> QWidget:
    """A title with a wish at its right."""
    bar = QWidget()
    row = QHBoxLayout(bar)
    row.setContentsMargins(0, 0, 0, 0)
    title.middle = True
    title.setContentsMargins(GRID_PX // 2, 0, 0, 0)
    row.addWidget(title, 1)
    row.addStretch(0)
    row.addWidget(button)
    return bar
