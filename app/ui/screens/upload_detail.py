"""One item of the upload queue told in full: what it is, why it is not through, what to do next. UI thread."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.upload_search import UploadStory
from app.flows.views import UploadRow
from app.ui.icons import Icon
from app.ui.screens.code_cards import Facts
from app.ui.screens.moments import in_groups, moment
from app.ui.screens.upload_story import AsideCard, DoubtCard, Lines, act_lines, attempt_lines
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import IconButton, PlainButton, PrimaryButton
from app.ui.widgets.cards import Badge, Card, EmptyState, IconMark, Page
from app.ui.widgets.fitting import Label

MAY_GO_AGAIN = ("refused", "held")
MAY_BE_HELD = ("queued", "refused")
TONES = {"refused": Tone.STOP, "unsure": Tone.ATTENTION, "held": Tone.ATTENTION, "accepted": Tone.GOOD}
MARKS = {
    "refused": Icon.CLOUD_OFF,
    "unsure": Icon.HELP,
    "held": Icon.SET_ASIDE,
    "accepted": Icon.CLOUD_DONE,
    "queued": Icon.WAITING,
    "in_flight": Icon.UPLOADS,
}


class UploadDetail(QWidget):
    """Signals carry the item's id, `code_asked` its code; `put_aside`: id, owner, reason; `decided`: id, arrived."""

    closed = Signal()
    retried = Signal(str)
    put_aside = Signal(str, str, str)
    decided = Signal(str, bool)
    code_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._texts = Look(), Texts({})
        self._row: UploadRow | None = None
        self.back = IconButton("uploads_back", Icon.BACK)
        self.mark = IconMark(Icon.CLOUD_OFF, grids=7)
        self.title = Label(size=Size.TITLE, bold=True, middle=True)
        self.state = Badge()
        self.why = Label(bold=True)
        self.next_title = Label("uploads_next", size=Size.SMALL, tone=Tone.QUIET)
        self.next = Label()
        self.facts = Facts()
        self.retry = PrimaryButton("uploads_retry", icon=Icon.RETRY)
        self.aside = PlainButton("uploads_set_aside", icon=Icon.SET_ASIDE)
        self.look_up = PlainButton("uploads_look_up", icon=Icon.LOOKUP)
        self.empty = EmptyState(Icon.UPLOADS, "uploads_choose")
        self.doubt, self.asider = DoubtCard(), AsideCard()
        self.attempts, self.acts = Lines("upload_attempts"), Lines("upload_acts")
        self._later = QTimer(self)  # its own, so that it ends with it
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._see_aside)
        self._build()
        self.back.clicked.connect(self.closed)
        self.retry.clicked.connect(lambda: self.retried.emit(self._key()))
        self.aside.clicked.connect(lambda: self._open_aside(shown=True))
        self.asider.left.connect(lambda: self._open_aside(shown=False))
        self.asider.done.connect(lambda owner, reason: self.put_aside.emit(self._key(), owner, reason))
        self.doubt.decided.connect(lambda arrived: self.decided.emit(self._key(), arrived))
        self.look_up.clicked.connect(self._ask)
        self.clear()

    @property
    def row(self) -> UploadRow | None:
        return self._row

    def set_closable(self, closable: bool) -> None:
        """In the pocket it stands in the place of the list, so it needs a way back."""
        self.back.setVisible(closable)

    def clear(self) -> None:
        """Nothing is chosen."""
        self._row = None
        self._page.hide()
        self.empty.show()

    def draw(self, row: UploadRow, zone: str) -> None:
        """Show one item."""
        if self._row is None or self._row.id != row.id:
            for part in (self.attempts, self.acts):
                part.hide()
            self._page.verticalScrollBar().setValue(0)
        self._row = row
        self._open_aside(shown=False)
        self.doubt.hide()
        self.empty.hide()
        self._page.show()
        lang = self._look.lang
        known = row.code is not None and self._texts.has(row.code)
        code = row.code if known and row.code else f"uploads_why_{row.state}"
        self.mark.set_icon(MARKS.get(row.state, Icon.UPLOADS), TONES.get(row.state, Tone.ACCENT))
        self.title.say(f"uploads_kind_{row.kind}")
        self.state.say(f"upload_{row.state}", TONES.get(row.state, Tone.ACCENT))
        self.why.say(code)
        advice = self._texts.advice(code, lang)
        self.next.show_text(advice)
        self.next.setVisible(bool(advice))
        self.next_title.setVisible(bool(advice))
        self.facts.draw(
            (
                ("uploads_code", in_groups(row.payload or "")),
                ("uploads_receipt", self._texts.title("uploads_place", lang, receipt=row.receipt, seq=row.seq)),
                ("uploads_owner", self._owner(row)),
                ("uploads_operator", row.operator),
                ("uploads_said", row.text or ""),
                ("uploads_answer", row.code or ""),
                ("uploads_attempts", str(row.attempts)),
                ("uploads_created", moment(row.created_ms, zone, seconds=True)),
            )
        )
        self.retry.setVisible(row.state in MAY_GO_AGAIN and row.result != "conflict")
        self.look_up.setVisible(bool(row.payload))
        theme_tree(self.facts, self._look, self._texts)

    def draw_story(self, story: UploadStory, zone: str) -> None:
        """Its attempts and what people did, if it is still the one that is shown."""
        if self._row is None or self._row.id != story.row.id:
            return
        self.draw(story.row, zone)
        lang = self._look.lang
        self.attempts.draw(attempt_lines(self._texts, lang, story.attempts, zone))
        self.attempts.show()
        acts = act_lines(self._texts, lang, story.acts, zone)
        self.acts.draw(acts)
        self.acts.setVisible(bool(acts))
        doubtful = (story.row.state, story.row.code) == ("unsure", "ask_unavailable")
        self.doubt.draw(story, zone)
        self.doubt.setVisible(doubtful)

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID_PX + GRID_PX // 2)
        head.addWidget(self.mark)
        head.addWidget(self.title, 1)
        head.addWidget(self.state)
        card = Card()
        card.add(head)
        card.add(self.why)
        card.add(self.next_title)
        card.add(self.next)
        about = Card()
        about.add(self.facts)
        self._page = Page()
        self._page.rows.setContentsMargins(0, 0, GRID_PX, 0)
        top = QHBoxLayout()
        top.addWidget(self.back)
        top.addStretch(1)
        self._page.add(top)
        self._page.add(card)
        self._page.add(self.doubt)
        self._page.add(self.asider)
        for button in (self.retry, self.aside, self.look_up):
            self._page.add(button)
        self._page.add(about)
        self._page.add(self.attempts)
        self._page.add(self.acts)
        self._page.add_stretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._page)
        outer.addWidget(self.empty)

    def _open_aside(self, *, shown: bool) -> None:
        self.asider.setVisible(shown)
        if shown:
            self._later.start(0)
        self.aside.setVisible(not shown and self._row is not None and self._row.state in MAY_BE_HELD)

    @Slot()
    def _see_aside(self) -> None:
        """After the page was laid out with it."""
        self._page.ensureWidgetVisible(self.asider)

    def _owner(self, row: UploadRow) -> str:
        return "" if row.owner == "nobody" else self._texts.title(f"owner_{row.owner}", self._look.lang)

    def _key(self) -> str:
        return self._row.id if self._row is not None else ""

    def _ask(self) -> None:
        if self._row is not None and self._row.payload:
            self.code_asked.emit(self._row.payload)
