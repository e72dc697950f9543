"""验收: receipts that wait for acceptance or for the shelf, and one of them with its papers. UI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.acceptance_view import AcceptanceTask, AcceptanceView
from app.flows.views import SiteView
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.acceptance_cards import (
    ConclusionCard,
    EndCard,
    JournalCard,
    ListedCard,
    PapersCard,
    difference_lines,
    missing_lines,
)
from app.ui.screens.acceptance_words import STAGE_LOOKS, areas_words, task_row
from app.ui.screens.moments import DEFAULT_ZONE
from app.ui.screens.screen import Form, Look, Screen
from app.ui.theme import GRID_PX, Size, Tone
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.cards import Badge, EmptyState, Page
from app.ui.widgets.fitting import Label
from app.ui.widgets.rows import RowList

WIDEST_PX = 1120
FILES = {"logger": "*.csv *.txt *.CSV *.TXT", "damage": "*.jpg *.jpeg *.png *.webp *.pdf *.JPG *.PNG *.PDF"}


class AcceptanceScreen(Screen):
    """Draws the list and one receipt. `opens` asks for a receipt, `wished` for an act on it."""

    name: ClassVar[str] = "acceptance"
    icon: ClassVar[Icon] = Icon.LIST

    opens = Signal(str)
    wished = Signal(str, str, object)  # receipt, act, values
    refreshed = Signal()
    unasked = Signal()  # a badge, and nobody is asked to sign

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._zone = DEFAULT_ZONE
        self._tasks: tuple[AcceptanceTask, ...] = ()
        self._view: AcceptanceView | None = None
        self.list = RowList("ui_screen_acceptance", detail_lines=2)
        self.empty = EmptyState(Icon.GOOD, "acceptance_empty")
        self.back = IconButton("acceptance_back", Icon.BACK)
        self.supplier = Label(bold=True, size=Size.TITLE, middle=True)
        self.stage, self.place = Badge(), Label(size=Size.SMALL, tone=Tone.QUIET)
        self.missing, self.differences = ListedCard("acceptance_missing"), ListedCard("acceptance_differences")
        self.papers, self.conclusion = PapersCard(), ConclusionCard()
        self.end, self.journal = EndCard(), JournalCard()
        self._build()
        self.list.chosen.connect(self.opens)
        self.back.clicked.connect(self.leave)
        self.papers.picks.connect(self._pick)
        for card in (self.papers, self.conclusion, self.end, self.journal):
            card.wished.connect(self._wish)
        self._show()
        self.retheme(look, texts)

    @Slot(object)
    def draw_list(self, tasks: Sequence[AcceptanceTask]) -> None:
        """The receipts that wait."""
        self._tasks = tuple(tasks)
        self._show()

    @Slot(object)
    def draw(self, view: AcceptanceView) -> None:
        """One receipt in the place of the list."""
        fresh = self._view is None or self._view.receipt != view.receipt
        self._view = view
        self._show()
        if fresh:
            self._page.verticalScrollBar().setValue(0)

    @Slot(object)
    def set_site(self, site: SiteView) -> None:
        self._zone = site.zone
        self._show()

    def leave(self) -> None:
        """Back to the list; nothing is lost, every act is kept when it is done."""
        self._view = None
        self._show()
        self.refreshed.emit()

    def reword(self) -> None:
        self._show()

    def arrange(self, form: Form) -> None:
        desk = form is Form.DESK
        self._columns.setDirection(
            QBoxLayout.Direction.LeftToRight if desk else QBoxLayout.Direction.TopToBottom
        )  # fmt: skip
        side = 3 * GRID_PX if desk else GRID_PX + GRID_PX // 2
        self._list_rows.setContentsMargins(side, 2 * GRID_PX, side, 0)

    def _build(self) -> None:
        listing = QWidget()
        self._list_rows = QVBoxLayout(listing)
        self._list_rows.addWidget(self.list, 1)
        self._list_rows.addWidget(self.empty, 1)
        self._page = Page(width_px=WIDEST_PX)
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(self.back)
        head.addWidget(self.supplier, 1)
        self._page.add(head)
        self._page.add(self.stage)
        self._page.add(self.place)
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._columns.setSpacing(GRID_PX + GRID_PX // 2)
        for cards in ((self.missing, self.differences, self.conclusion, self.end), (self.papers, self.journal)):
            column = QVBoxLayout()
            column.setSpacing(GRID_PX + GRID_PX // 2)
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
            self._columns.addLayout(column, 1)
        self._page.add(self._columns)
        self._pages = QStackedWidget()
        self._pages.addWidget(listing)
        self._pages.addWidget(self._page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def _show(self) -> None:
        view = self._view
        self._pages.setCurrentIndex(0 if view is None else 1)
        self.list.set_rows([task_row(task, self.say) for task in self._tasks])
        self.list.setVisible(bool(self._tasks))
        self.empty.setVisible(not self._tasks)
        if view is None:
            return
        self.supplier.show_text(view.supplier)
        self.stage.say(f"acceptance_stage_{view.stage}", STAGE_LOOKS[view.stage][1])
        self.place.show_text(" · ".join((view.delivery, areas_words(view, self.say))))
        missing = missing_lines(view, self)
        self.missing.setVisible(bool(missing))
        self.missing.set_tone(Tone.ATTENTION)
        self.missing.show_lines(missing, self)
        differences = difference_lines(view, self.say)
        self.differences.setVisible(bool(differences))
        self.differences.show_lines(differences, self)
        self.papers.setVisible(view.may_accept and view.found.conclusion is None)
        self.papers.draw(view, self.say)
        self.conclusion.draw(view, self.say)
        self.end.draw(view, self.say)
        self.journal.draw(view, self.say, self._zone)

    def _wish(self, act: str, values: object) -> None:
        if self._view is not None:
            self.wished.emit(self._view.receipt, act, values)

    def _pick(self, what: str) -> None:
        """Which file: a logger's, or a picture of damage or of a paper."""
        kinds = FILES.get(what, FILES["damage"])
        name, _ = QFileDialog.getOpenFileName(
            self, self.say("acceptance_file"), "", f"{self.say('acceptance_file')} ({kinds})"
        )
        if name:
            self.take_file(what, name)

    def take_file(self, what: str, name: str) -> None:
        """A file that somebody chose."""
        if what == "logger":
            self._wish("logger", (name,))
        else:
            self._wish("photo", (name, what))

    def take_badge(self, operator: str) -> None:
        """A badge says who the second person is; the PIN proves it."""
        if not self.isVisible():
            return
        if self.end.witness.isVisible():
            self.end.witness.edit.setText(operator)
            self.end.pin.edit.setFocus()
        else:
            self.unasked.emit()


def join(screen: Screen, conductor: Conductor) -> None:
    """Wishes down, answers up."""
    assert isinstance(screen, AcceptanceScreen)
    conductor.acceptance_listed.connect(screen.draw_list)
    conductor.acceptance_changed.connect(screen.draw)
    conductor.site_changed.connect(screen.set_site)
    conductor.signed_out.connect(screen.leave)
    conductor.badge_read.connect(screen.take_badge)
    screen.unasked.connect(lambda: conductor.trouble.emit("badge_while_signed_in", {"device": ""}))
    screen.opens.connect(conductor.open_acceptance)
    screen.wished.connect(conductor.accept)
    screen.refreshed.connect(conductor.refresh_acceptance)
