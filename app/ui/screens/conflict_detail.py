"""One conflict in full: what it is, both sides, whose turn it is, and the answers that a person can give. UI thread."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.contradictions import ConflictView, SideView
from app.ui.icons import Icon
from app.ui.screens.code_cards import Facts
from app.ui.screens.moments import in_groups, moment
from app.ui.screens.upload_story import Lines, act_lines
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import IconButton, PlainButton, PrimaryButton
from app.ui.widgets.cards import Badge, Card, EmptyState, Page, SectionTitle
from app.ui.widgets.choices import Field
from app.ui.widgets.fitting import Label


def state_of(row: ConflictView) -> tuple[str, Tone]:
    """Where it stands: a text and its tone."""
    if row.answer is not None:
        return f"conflict_{row.answer}", Tone.GOOD
    return ("conflict_asked", Tone.ACCENT) if row.asked_ms is not None else ("conflict_open", Tone.ATTENTION)


class ConflictDetail(QWidget):
    """`answered`: (id, take_back | ask | leave, reason)."""

    closed = Signal()
    answered = Signal(int, str, str)
    code_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._texts = Look(), Texts({})
        self._row: ConflictView | None = None
        self.back = IconButton("conflict_back", Icon.BACK)
        self.title = Label(size=Size.TITLE, bold=True)
        self.state = Badge()
        self.what = Label(bold=True)
        self.owner = Label(bold=True)
        self.advice = Label()
        self.ours, self.other = SideCard("conflict_ours"), SideCard("conflict_other")
        self.take_back = PrimaryButton("conflict_take_back", icon=Icon.UNDO)
        self.ask = PlainButton("conflict_ask", icon=Icon.PERSON)
        self.leave = PlainButton("conflict_leave", icon=Icon.FLAG)
        self.look_up = PlainButton("uploads_look_up", icon=Icon.LOOKUP)
        self.reason = Field("conflict_reason")
        self.missing = Label("reason_missing", tone=Tone.STOP)
        self.leave_do = PrimaryButton("conflict_leave_do", icon=Icon.FLAG)
        self.acts = Lines("upload_acts")
        self.empty = EmptyState(Icon.ATTENTION, "conflicts_choose")
        self._later = QTimer(self)  # its own, so that it ends with it
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._see_reason)
        self._build()
        self._connect()
        self.clear()

    @property
    def shown(self) -> ConflictView | None:
        return self._row

    def set_closable(self, closable: bool) -> None:
        """In the pocket it stands in the place of the list, so it needs a way back."""
        self.back.setVisible(closable)

    def clear(self) -> None:
        self._row = None
        self._page.hide()
        self.empty.show()

    def draw(self, row: ConflictView, zone: str) -> None:
        """Show one conflict; what was being written is kept while it stays the same one."""
        again = self._row is not None and (self._row.id, self._row.answer) == (row.id, row.answer)
        if self._row is None or self._row.id != row.id:
            self._page.verticalScrollBar().setValue(0)
        self._row = row
        self.empty.hide()
        self._page.show()
        lang = self._look.lang
        self.title.say(f"conflict_{row.kind}")
        self.state.say(*state_of(row))
        self.what.show_text(" · ".join(filter(None, (row.drug, in_groups(row.code or "")))))
        self.what.setVisible(bool(self.what.text()))
        is_open = row.answer is None
        whose = self._texts.title(f"owner_{row.owner}", lang)
        self.owner.show_text(f"{self._texts.title('conflict_next', lang)} · {whose}")
        self.advice.show_text(self._texts.advice(f"conflict_{row.kind}", lang))
        for part in (self.owner, self.advice):
            part.setVisible(is_open)
        self.ours.draw(row.ours, zone)
        self.other.draw(row.other, zone)
        self.take_back.setVisible(row.may_take_back)
        self.ask.setVisible(is_open)
        self.look_up.setVisible(row.code is not None)
        self.acts.draw(act_lines(self._texts, lang, row.acts, zone))
        self.acts.setVisible(bool(row.acts))
        if not again or not is_open:
            self._write_reason(shown=False)

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts

    def _build(self) -> None:
        card = Card()
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(self.title, 1)
        head.addWidget(self.state)
        card.add(head)
        for part in (self.what, self.owner, self.advice):
            card.add(part)
        sides = QVBoxLayout()
        sides.setSpacing(GRID_PX)
        sides.addWidget(self.ours)
        sides.addWidget(self.other)
        self._page = Page()
        self._page.rows.setContentsMargins(0, 0, GRID_PX, 0)
        top = QHBoxLayout()
        top.addWidget(self.back)
        top.addStretch(1)
        self._page.add(top)
        self._page.add(card)
        self._page.add(sides)
        for button in (self.take_back, self.ask, self.leave, self.reason, self.missing, self.leave_do, self.look_up):
            self._page.add(button)
        self._page.add(self.acts)
        self._page.add_stretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._page)
        outer.addWidget(self.empty)

    def _connect(self) -> None:
        self.back.clicked.connect(self.closed)
        self.take_back.clicked.connect(lambda: self._answer("take_back"))
        self.ask.clicked.connect(lambda: self._answer("ask"))
        self.leave.clicked.connect(lambda: self._write_reason(shown=True))
        self.leave_do.clicked.connect(self._leave)
        self.reason.edit.returnPressed.connect(self._leave)
        self.look_up.clicked.connect(self._look_up)

    def _write_reason(self, *, shown: bool) -> None:
        is_open = self._row is not None and self._row.answer is None
        for part in (self.reason, self.leave_do):
            part.setVisible(shown and is_open)
        self.leave.setVisible(is_open and not shown)
        self.missing.hide()
        if shown:
            self.reason.edit.setFocus()
            self._later.start(0)
        else:
            self.reason.edit.clear()

    @Slot()
    def _see_reason(self) -> None:
        """After the page was laid out with it."""
        self._page.ensureWidgetVisible(self.leave_do)

    def _leave(self) -> None:
        reason = self.reason.edit.text().strip()
        self.missing.setVisible(not reason)
        if reason:
            self._answer("leave", reason)

    def _answer(self, act: str, reason: str = "") -> None:
        if self._row is not None:
            self.answered.emit(self._row.id, act, reason)

    def _look_up(self) -> None:
        if self._row is not None and self._row.code is not None:
            self.code_asked.emit(self._row.code)


class SideCard(Card):
    """Who, when, which device, which receipt."""

    def __init__(self, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts = Look(), Texts({})
        self.facts = Facts()
        title = SectionTitle(code)
        title.setContentsMargins(0, 0, 0, 0)
        self.add(title)
        self.add(self.facts)

    def draw(self, side: SideView, zone: str) -> None:
        untold = self._texts.title("conflict_untold", self._look.lang)
        self.facts.draw(
            (
                ("conflict_who", side.operator or untold),
                ("conflict_when", moment(side.at_ms, zone, seconds=True) if side.at_ms is not None else untold),
                ("conflict_device", side.device or untold),
                ("conflict_receipt", side.receipt or untold),
            )
        )
        theme_tree(self.facts, self._look, self._texts)

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts
