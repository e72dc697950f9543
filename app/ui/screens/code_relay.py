"""The card that puts an unknown code to the relay (云码平台): offered, under way, and what came of it. UI thread."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.base.texts import Texts
from app.flows.lookups import CodeView
from app.ui.icons import Icon
from app.ui.relay_question import RelayQuestionView
from app.ui.screens.moments import DEFAULT_ZONE, moment
from app.ui.theme import GRID_PX, Look, Size, Tone, theme_tree
from app.ui.widgets.buttons import PlainButton
from app.ui.widgets.cards import Card, SectionTitle
from app.ui.widgets.fitting import Label

NOT_ASKED = frozenset({"voucher", "own_form", "product_code"})


class RelayAskCard(Card):
    """`asked` gives the code, `stopped` that nobody waits any more."""

    asked = Signal(str)
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._look, self._texts, self._zone = Look(), Texts({}), DEFAULT_ZONE
        self._view: CodeView | None = None
        self._question: RelayQuestionView | None = None
        title = SectionTitle("lookup_relay_title")
        title.setContentsMargins(0, 0, 0, 0)
        self.words, self.more = Label(bold=True), Label(size=Size.SMALL, tone=Tone.QUIET)
        self.ask = PlainButton("lookup_ask_relay", icon=Icon.SEND)
        self.stop = PlainButton("lookup_relay_stop", icon=Icon.CLOSE)
        for part in (title, self.words, self.more):
            self.add(part)
        self.rows.setSpacing(GRID_PX)
        for button in (self.ask, self.stop):
            self.add(button)
        self.ask.clicked.connect(self._ask)
        self.stop.clicked.connect(self.stopped)

    def draw(self, view: CodeView | None) -> None:
        """Another code is looked at; the answer of the relay stays beside the code that was asked."""
        self._view = view
        if self._question is not None and (view is None or view.key != self._question.code):
            self._question = None
        self._show()

    def draw_question(self, question: RelayQuestionView) -> None:
        """The question moved."""
        if self._view is not None and self._view.key == question.code:
            self._question = question
            self._show()

    def set_zone(self, zone: str) -> None:
        """The hospital's."""
        self._zone = zone
        self._show()

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._look, self._texts = look, texts
        self._show()

    def _show(self) -> None:
        view, question = self._view, self._question
        is_code = view is not None and view.key is not None and view.kind not in NOT_ASKED
        self.setVisible(is_code and view is not None and (view.tree is None or question is not None))
        asking = question is not None and not question.over
        self.stop.setVisible(asking)
        self.ask.setVisible(not asking and (question is None or question.state != "told"))
        title, more, tone = self._words()
        self.words.set_tone(tone)
        self.words.show_text(title)
        self.more.show_text(more)
        self.more.setVisible(bool(more))
        for part in (self.words, self.more, self.ask, self.stop):
            theme_tree(part, self._look, self._texts)

    def _words(self) -> tuple[str, str, Tone]:
        question, lang = self._question, self._look.lang
        if question is None or question.state in ("asking", "stopped"):
            kind = "offer" if question is None else question.state
            code = f"lookup_relay_{kind}"
            return self._texts.title(code, lang), self._texts.advice(code, lang), Tone.INK
        if question.trouble is not None:
            return self._texts.title(question.trouble, lang), self._texts.advice(question.trouble, lang), Tone.ATTENTION
        when, answer = moment(question.asked_ms, self._zone)[5:], question.answer
        code = f"lookup_relay_{question.state}"
        made = moment(answer.at_ms, self._zone)[:10] if answer is not None else ""
        values = {"when": when, "made": made, "name": answer.name if answer is not None else ""}
        tone = Tone.GOOD if question.state == "told" else Tone.INK
        return self._texts.title(code, lang, **values), self._texts.advice(code, lang, **values), tone

    def _ask(self) -> None:
        if self._view is not None and self._view.key is not None:
            self.asked.emit(self._view.key)
