"""上传: what waits, what was refused and why, and what to do about it. UI thread.

The totals are the filters. Rows come in pages as one scrolls, so that ten thousand of them cost no more than the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.upload_search import UploadStory
from app.flows.views import SiteView, UploadFilter, UploadRow, UploadsView
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.count_tile import CountTile
from app.ui.screens.line_card import LineView
from app.ui.screens.moments import DEFAULT_ZONE, moment, tail_of
from app.ui.screens.screen import Form, Screen
from app.ui.screens.upload_detail import UploadDetail
from app.ui.screens.upload_filter import UploadFilterForm
from app.ui.screens.upload_pages import PAGE, UploadPages
from app.ui.theme import GRID_PX, Look, Tone
from app.ui.widgets.buttons import PlainButton, PrimaryButton
from app.ui.widgets.cards import EmptyState
from app.ui.widgets.fitting import Label
from app.ui.widgets.rows import Row, RowList
from sync import SyncStatus

FILTERS: Mapping[str, tuple[str, ...]] = {
    "waiting": ("queued", "in_flight"),
    "refused": ("refused",),
    "unsure": ("unsure",),
    "held": ("held",),
    "accepted": ("accepted",),
}
"""Filter → the states of its rows."""
FILTER_ICONS = {
    "waiting": Icon.WAITING,
    "refused": Icon.ATTENTION,
    "unsure": Icon.HELP,
    "held": Icon.SET_ASIDE,
    "accepted": Icon.CLOUD_DONE,
}
FILTER_TONES = {"refused": Tone.STOP, "unsure": Tone.ATTENTION, "held": Tone.ATTENTION, "accepted": Tone.GOOD}
STATE_TONES = {"refused": Tone.ATTENTION, "accepted": Tone.GOOD, "in_flight": Tone.ACCENT}
KIND_ICONS = {"scan": Icon.SCAN, "reversal": Icon.UNDO, "outcome": Icon.FLAG, "close": Icon.CHECK}
AGAIN = ("refused", "held")
MANY = 2**31  # nobody counts what a search finds
NEAR_END_PX = 600
CLOCK_SIGNS = 11  # of a moment: `11-22 14:03`
WIDE_SCALE = 1.25  # above it the totals are compact in the pocket, and the name of the filter stands under them


class UploadsScreen(Screen):
    """Draws an UploadsView. `wanted` asks for rows: (states or an UploadFilter, limit, before)."""

    name: ClassVar[str] = "uploads"
    icon: ClassVar[Icon] = Icon.UPLOADS

    wanted = Signal(object, int, object)
    retried = Signal(object)
    retried_found = Signal(object)
    put_aside = Signal(object, str, str)
    decided = Signal(str, bool)
    story_asked = Signal(str)
    synced = Signal()
    code_asked = Signal(str)

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._zone = DEFAULT_ZONE
        self._filter = "waiting"
        self._search: UploadFilter | None = None
        self._pages = UploadPages()
        self._view = UploadsView(0, 0, 0, 0, 0, 0, ())
        self._words: dict[UploadRow, Row] = {}
        self.tiles = {name: CountTile(f"uploads_tile_{name}", FILTER_ICONS[name]) for name in FILTERS}
        self.sync = PrimaryButton("uploads_sync", icon=Icon.RETRY)
        self.retry_all = PlainButton("uploads_retry_all", icon=Icon.RETRY)
        self.rows = RowList("ui_screen_uploads", details=True)
        self.empty = EmptyState(Icon.CLOUD_DONE, "uploads_empty_waiting")
        self.detail = UploadDetail()
        self.search = PlainButton("upload_filter", icon=Icon.LOOKUP)
        self.form_of_search = UploadFilterForm()
        self.line = LineView()
        self._build()
        self._connect()
        self.choose("waiting")
        self.retheme(look, texts)

    @property
    def filter(self) -> str:
        """Which rows are shown."""
        return self._filter

    @Slot(object)
    def draw(self, view: UploadsView) -> None:
        """Take in the totals, and a page of rows into those that are shown already."""
        self._view = view
        if self._search is not None and view.filter != self._search:
            self._show()
            return  # the answer to an earlier question
        states = () if self._search is not None else FILTERS[self._filter]
        total = self._counts()[self._filter] if self._search is None else MANY
        if self._pages.take(view.rows, states, total, view.next):
            # From here on the newest rows are kept fresh again, not the page that was scrolled to.
            self.wanted.emit(self._asked(), PAGE, None)
        elif self._search is not None and len(self._pages.rows) < PAGE and not self._pages.complete:
            self._ask_next()  # a long search goes on by itself until it has something to show
        self._show()

    @Slot(object)
    def set_site(self, site: SiteView) -> None:
        self._zone = site.zone
        self.line.set_zone(site.zone)
        self.form_of_search.set_zone(site.zone)
        self._words.clear()
        self._show()

    def choose(self, name: str) -> None:
        """Another filter; its rows are asked for."""
        self._filter = name
        self._search = None
        self.form_of_search.empty()
        self._pages.clear()
        self.detail.clear()
        self._arrange_detail()
        for each, tile in self.tiles.items():
            tile.setChecked(each == name)
        self._show()
        self.wanted.emit(FILTERS[name], PAGE, None)

    def search_for(self, wanted: UploadFilter) -> None:
        """Rows of every state that meet these conditions; none given: the filter of the totals again."""
        self._show_over(None)
        if wanted == UploadFilter():
            self.choose(self._filter)
            return
        self._search = wanted
        self._pages.clear()
        self.detail.clear()
        for tile in self.tiles.values():
            tile.setChecked(False)
        self._show()
        self.wanted.emit(wanted, PAGE, None)

    @Slot(object)
    def set_sync(self, status: SyncStatus) -> None:
        """How the line to the hospital stands."""
        self.line.draw(status)

    @Slot(str)
    def take_code(self, code: str) -> None:
        """A code was scanned here: its records."""
        self.form_of_search.fields["code"].edit.setText(code)
        self.search_for(UploadFilter(code=code))

    @Slot(object)
    def draw_story(self, story: UploadStory) -> None:
        self.detail.draw_story(story, self._zone)

    def opened(self) -> None:
        # Here and not where they are laid out: when the screen gets its place in the window Qt mixes the order up.
        before, more = (*self.tiles.values(), self.line.panel.more), (self.search, self.rows, self.retry_all, self.sync)
        for part, after in pairwise((*before, *more)):
            self.setTabOrder(part, after)
        self.wanted.emit(self._asked(), PAGE, None)

    def reword(self) -> None:
        self._words.clear()
        self.line.retheme(self.look, self.texts)
        self._lay_tiles()
        self._show()

    def arrange(self, form: Form) -> None:
        desk = form is Form.DESK
        self._body.setSpacing(2 * GRID_PX if desk else 0)
        self.detail.set_closable(not desk)
        self._lay_tiles()
        self._arrange_detail()

    def _build(self) -> None:
        self._totals = QGridLayout()
        self._totals.setSpacing(GRID_PX)
        self.shown = Label(bold=True)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(GRID_PX)
        self._buttons.addWidget(self.retry_all, 1)
        self._buttons.addWidget(self.sync, 1)
        self._list = QStackedWidget()
        self._list.addWidget(self.rows)
        self._list.addWidget(self.empty)
        self._list.setMinimumHeight(0)
        self._list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._left = QWidget()
        left = QVBoxLayout(self._left)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(GRID_PX)
        left.addLayout(self._totals)
        left.addWidget(self.shown)
        left.addWidget(self.line.panel)
        left.addWidget(self.search)
        left.addWidget(self._list, 1)
        left.addLayout(self._buttons)
        self._body = QHBoxLayout(self)
        self._body.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        self._body.addWidget(self._left, 3)
        for page in (self.form_of_search, self.line.page):
            self._body.addWidget(page, 3)
            page.hide()
        self._body.addWidget(self.detail, 2)

    def _connect(self) -> None:
        for name, tile in self.tiles.items():
            tile.clicked.connect(lambda _on=False, name=name: self.choose(name))
        self.sync.clicked.connect(self.synced)
        self.retry_all.clicked.connect(self._retry_all)
        self.search.clicked.connect(lambda: self._show_over(self.form_of_search))
        self.form_of_search.searched.connect(self.search_for)
        self.line.panel.more.clicked.connect(lambda: self._show_over(self.line.page))
        for page in (self.form_of_search, self.line.page):
            page.left.connect(lambda: self._show_over(None))
        self.rows.chosen.connect(self._open)
        self.rows.verticalScrollBar().valueChanged.connect(self._near_end)
        self.detail.closed.connect(self._close)
        self.detail.retried.connect(lambda key: self.retried.emit((key,)))
        self.detail.put_aside.connect(lambda key, owner, reason: self.put_aside.emit((key,), owner, reason))
        self.detail.decided.connect(self.decided)
        self.detail.code_asked.connect(self.code_asked)

    def _lay_tiles(self) -> None:
        """All in one line on the desk and where they are compact, else three in a line."""
        compact = self.form is not Form.DESK and self.look.text_scale > WIDE_SCALE
        across = 3 if self.form is not Form.DESK and not compact else len(self.tiles)
        for place, tile in enumerate(self.tiles.values()):
            tile.set_compact(compact)
            self._totals.removeWidget(tile)
            self._totals.addWidget(tile, place // across, place % across)
        for column in range(len(self.tiles)):
            self._totals.setColumnStretch(column, 1 if column < across else 0)
        self.shown.setVisible(compact)
        directions = QHBoxLayout.Direction
        self._buttons.setDirection(directions.TopToBottom if compact else directions.LeftToRight)

    def _arrange_detail(self) -> None:
        """On the desk beside the list, in the pocket in its place."""
        desk = self.form is Form.DESK
        open_row = self.detail.row is not None
        covered = any(not page.isHidden() for page in (self.form_of_search, self.line.page))
        self.detail.setVisible(open_row or (desk and bool(self._pages.rows)))
        self._left.setVisible((desk or not open_row) and not covered)
        if covered and not desk:
            self.detail.hide()

    def _counts(self) -> Mapping[str, int]:
        view = self._view
        return {
            "waiting": view.queued + view.in_flight,
            "refused": view.refused,
            "unsure": view.unsure,
            "held": view.held,
            "accepted": view.accepted,
        }

    def _show(self) -> None:
        counts = self._counts()
        for name, tile in self.tiles.items():
            tile.set_count(counts[name], FILTER_TONES.get(name, Tone.INK) if counts[name] else Tone.QUIET)
        self.rows.set_rows([self._row(row) for row in self._pages.rows])
        self.shown.say(f"uploads_tile_{self._filter}")
        self.empty.say("uploads_empty_filter" if self._search is not None else f"uploads_empty_{self._filter}")
        self._say_owners()
        self._list.setCurrentWidget(self.rows if self._pages.rows else self.empty)
        self._list.setMinimumHeight(self.rows.height_for(1))  # in a room that is too low the screen scrolls
        self._arrange_detail()
        again = [row for row in self._pages.rows if row.state in AGAIN]
        self.retry_all.setVisible(bool(again))
        self.retry_all.say("uploads_retry_all", count=len(again) if self._pages.complete else f"{len(again)}+")
        if self.detail.row is not None:
            found = self._pages.find(self.detail.row.id)
            if found is None:
                self._close()
            elif found != self.detail.row:
                self._open(found.id)

    def _row(self, row: UploadRow) -> Row:
        found = self._words.get(row)
        if found is None:
            code = tail_of(row.payload) if row.payload else row.receipt
            found = self._words[row] = Row(
                row.id,
                f"{self.say(f'uploads_kind_{row.kind}')} {code}",
                self._why(row),
                moment(row.created_ms, self._zone)[-CLOCK_SIGNS:],
                Tone.QUIET,
                KIND_ICONS.get(row.kind, Icon.DOCUMENT),
                STATE_TONES.get(row.state, Tone.INK),
            )
        return found

    def _why(self, row: UploadRow) -> str:
        return self.say(row.code) if row.code and self.texts.has(row.code) else self.say(f"uploads_why_{row.state}")

    def _open(self, key: str) -> None:
        row = self._pages.find(key)
        if row is None:
            self._close()
            return
        self.detail.draw(row, self._zone)
        self._arrange_detail()
        self.story_asked.emit(key)

    def _close(self) -> None:
        self.detail.clear()
        self._arrange_detail()

    def _near_end(self, value: int) -> None:
        if self.rows.verticalScrollBar().maximum() - value > NEAR_END_PX:
            return
        self._ask_next()

    def _ask_next(self) -> None:
        before = self._pages.next_page()
        if before is not None:
            self.wanted.emit(self._asked(), PAGE, before)

    def _asked(self) -> UploadFilter | tuple[str, ...]:
        return self._search if self._search is not None else FILTERS[self._filter]

    def _retry_all(self) -> None:
        """All that the filter finds, also those that have not been scrolled to."""
        if self._search is None and self._pages.complete:
            self.retried.emit(tuple(row.id for row in self._pages.rows))
        else:
            self.retried_found.emit(self._search or UploadFilter(FILTERS[self._filter]))

    def _say_owners(self) -> None:
        """Whose turn it is, in one line; pressed, the log is searched."""
        waiting = [(owner, count) for owner, count in self._view.owners if count]
        words = " · ".join(f"{self.say(f'owner_{owner}')} {count}" for owner, count in waiting)
        if self._search is not None:
            words = self.say("upload_filter_on")
        if words:
            self.search.setText(words)
            self.search.setAccessibleName(f"{self.say('upload_filter')} {words}")
        else:
            self.search.say("upload_filter")

    def _show_over(self, shown: QWidget | None) -> None:
        """The form or the line in the place of the list; None: the list."""
        for page in (self.form_of_search, self.line.page):
            page.setVisible(page is shown)
        self._arrange_detail()


def join(screen: Screen, conductor: Conductor) -> None:
    """Wishes down, answers up."""
    assert isinstance(screen, UploadsScreen)
    screen.wanted.connect(conductor.refresh_uploads)
    screen.retried.connect(conductor.retry)
    screen.retried_found.connect(conductor.retry_found)
    screen.put_aside.connect(conductor.set_aside_for)
    screen.decided.connect(conductor.decide_upload)
    screen.story_asked.connect(conductor.ask_upload)
    conductor.upload_told.connect(screen.draw_story)
    conductor.sync_changed.connect(screen.set_sync)
    conductor.upload_code_read.connect(screen.take_code)
    screen.synced.connect(conductor.sync_now)
    screen.code_asked.connect(conductor.look_up)
    screen.code_asked.connect(lambda _: screen.goes.emit("lookup"))
    conductor.uploads_changed.connect(screen.draw)
    conductor.site_changed.connect(screen.set_site)
