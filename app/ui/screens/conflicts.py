"""冲突: two records that contradict each other, both sides, and what to do about it. UI thread."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.contradictions import ConflictsView, ConflictView
from app.flows.views import SiteView
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.conflict_detail import ConflictDetail, state_of
from app.ui.screens.moments import DEFAULT_ZONE, moment, tail_of
from app.ui.screens.screen import Form, Screen
from app.ui.screens.upload_story import as_of
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.cards import EmptyState
from app.ui.widgets.fitting import Label
from app.ui.widgets.row_words import PARTS
from app.ui.widgets.rows import Row, RowList

CLOCK_SIGNS = 11  # of a moment: `11-22 14:03`


class ConflictsScreen(Screen):
    """Draws a ConflictsView. `answered`: (id, take_back | ask | leave, reason)."""

    name: ClassVar[str] = "conflicts"
    icon: ClassVar[Icon] = Icon.ATTENTION

    answered = Signal(int, str, str)
    code_asked = Signal(str)

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._zone = DEFAULT_ZONE
        self._view = ConflictsView(0, (), None)
        self.title = Label(size=Size.TITLE, bold=True)
        self.age = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.rows = RowList("ui_screen_conflicts", details=True)
        self.empty = EmptyState(Icon.GOOD, "conflicts_none")
        self.detail = ConflictDetail()
        self._build()
        self.retheme(look, texts)

    @Slot(object)
    def draw(self, view: ConflictsView) -> None:
        """Take in what there is now; the one that is open stays open."""
        self._view = view
        self._show()

    @Slot(object)
    def set_site(self, site: SiteView) -> None:
        self._zone = site.zone
        self._show()

    def reword(self) -> None:
        self._show()

    def arrange(self, form: Form) -> None:
        desk = form is Form.DESK
        self._body.setSpacing(2 * GRID_PX if desk else 0)
        self.detail.set_closable(not desk)
        self._arrange_detail()

    def _build(self) -> None:
        self._list = QStackedWidget()
        self._list.addWidget(self.rows)
        self._list.addWidget(self.empty)
        self._left = QWidget()
        left = QVBoxLayout(self._left)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(GRID_PX // 2)
        left.addWidget(self.title)
        left.addWidget(self.age)
        left.addWidget(self._list, 1)
        self._body = QHBoxLayout(self)
        self._body.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        self._body.addWidget(self._left, 2)
        self._body.addWidget(self.detail, 3)
        self.rows.chosen.connect(self._open)
        self.detail.closed.connect(self._close)
        self.detail.answered.connect(self.answered)
        self.detail.code_asked.connect(self.code_asked)

    def _show(self) -> None:
        view = self._view
        self.title.say("conflicts_count", count=view.open)
        self.age.show_text(as_of(self.texts, self.look.lang, view.replica_ms, self._zone))
        self.rows.set_rows([self._row(row) for row in view.rows])
        self._list.setCurrentWidget(self.rows if view.rows else self.empty)
        shown = self.detail.shown
        if shown is not None:
            self._open(str(shown.id))
        self._arrange_detail()

    def _row(self, row: ConflictView) -> Row:
        code, tone = state_of(row)
        what = PARTS.join(filter(None, (tail_of(row.code) if row.code else row.ours.receipt, row.drug)))
        return Row(
            str(row.id), self.say(f"conflict_short_{row.kind}"), what, moment(row.at_ms, self._zone)[-CLOCK_SIGNS:],
            Tone.QUIET, Icon.ATTENTION if row.answer is None else Icon.CHECK, tone, faded=row.answer is not None,
            badge=self.say(code if row.answer or row.asked_ms else f"owner_{row.owner}"),
        )  # fmt: skip

    def _open(self, key: str) -> None:
        row = next((row for row in self._view.rows if str(row.id) == key), None)
        if row is None:
            self._close()
            return
        self.detail.draw(row, self._zone)
        self._arrange_detail()

    def _close(self) -> None:
        self.detail.clear()
        self._arrange_detail()

    def _arrange_detail(self) -> None:
        """On the desk beside the list, in the pocket in its place."""
        desk = self.form is Form.DESK
        is_open = self.detail.shown is not None
        self.detail.setVisible(is_open or (desk and bool(self._view.rows)))
        self._left.setVisible(desk or not is_open)


def join(screen: Screen, conductor: Conductor) -> None:
    """Wishes down, answers up."""
    assert isinstance(screen, ConflictsScreen)
    screen.answered.connect(conductor.answer_conflict)
    screen.code_asked.connect(conductor.look_up)
    screen.code_asked.connect(lambda _: screen.goes.emit("lookup"))
    conductor.conflicts_changed.connect(screen.draw)
    conductor.site_changed.connect(screen.set_site)
