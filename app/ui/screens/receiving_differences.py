"""The differences of a receipt: its equation, the lines that lack something, the last code, the lists. UI thread.

What is recorded here goes out as the text of a command, the same that a printed command code would send.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import cast

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.views import LineView, ReceiptView
from app.ui.icons import Icon
from app.ui.receipt_buttons import ReceiptButtons
from app.ui.relay_words import refused_here
from app.ui.screens.receiving_lacking import ButtonPair, EquationGrid, LackingCard, ask_of
from app.ui.screens.receiving_level import LevelSheet
from app.ui.screens.receiving_sheet import Ask, OutcomeSheet
from app.ui.screens.receiving_words import OUTCOME_ICONS, code_tail, list_rows, listed_key, say_missing, say_others
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.widgets.buttons import Button, Kind, PlainButton
from app.ui.widgets.cards import Card, Page, SectionTitle
from app.ui.widgets.fitting import Label
from app.ui.widgets.rows import RowList

REST_MS = 150
LACKING_SHOWN = 12
"""So many lacking lines have buttons of their own; the next ones follow when these are settled."""


@dataclass(frozen=True, slots=True)
class ChosenCode:
    """The code that can be called damaged, rejected or over: its key, the drug's name and line if they are known."""

    key: str
    name: str = ""
    line: int | None = None

    @property
    def subject(self) -> str:
        """The drug over the end of the code."""
        return "\n".join(part for part in (self.name, code_tail(self.key)) if part)


class Differences(QStackedWidget):
    """The differences, or the sheet over them. `wished` is the text of a command."""

    wished = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._look, self._texts = Look(), Texts({})
        self._view: ReceiptView | None = None
        self._code: ChosenCode | None = None
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(REST_MS)
        self._resting.timeout.connect(self._draw_code)
        self._first = 0  # the line that a person asked for stands before the others
        self.sheet = OutcomeSheet()
        self.sheet.decided.connect(self._decided)
        self.sheet.dropped.connect(self.show_overview)
        self.level_sheet = LevelSheet()
        self.level_sheet.decided.connect(self._decided)
        self.level_sheet.dropped.connect(self.show_overview)
        self._equation = EquationGrid()
        self._state = Label(size=Size.SMALL, tone=Tone.ATTENTION, bold=True)
        self._manifest = Label(size=Size.SMALL, tone=Tone.ATTENTION)
        self._others = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.close_button = Button("recv_close", kind=Kind.PRIMARY, icon=Icon.CHECK)
        self.close_button.clicked.connect(self._close)
        self.papers = ReceiptButtons()
        self._code_title, self._code_label = SectionTitle("recv_code"), Label()
        self._code_pair = ButtonPair(("damaged", "reject"))
        self._code_over = PlainButton("recv_give_over", icon=OUTCOME_ICONS["over"])
        self.code_buttons = {**self._code_pair.buttons, "over": self._code_over}
        self._lacking_title = SectionTitle("recv_lacking")
        self.lacking = [LackingCard() for _ in range(LACKING_SHOWN)]
        self._rest = Label(size=Size.SMALL, tone=Tone.QUIET)
        self._lists_title = SectionTitle("recv_lists")
        self._lists, self._opened_list = RowList("recv_lists"), ""
        self._lists.chosen.connect(self._choose_listed)
        self._lists_card = QWidget()
        self._page = Page()
        self._lay_out()

    @property
    def chosen(self) -> ChosenCode | None:
        """The code that damaged, rejected and over would be said of."""
        return self._code

    def draw(self, view: ReceiptView) -> None:
        """Show the receipt as it stands."""
        if self._view is None or self._view.receipt != view.receipt:
            self._first, self._opened_list = 0, ""
        self._view = view
        self._equation.draw(view.equation)
        lacking = [line for line in view.lines if line.missing or line.line == self._first] if not view.closed else []
        even = not any(line.missing for line in lacking)
        lacking.sort(key=lambda line: line.line != self._first)
        sentence = say_missing(self._texts, self._look.lang, view.lines)
        self._state.setVisible(bool(sentence) or view.closed)
        if view.closed:
            self._state.set_tone(Tone.GOOD)
            self._state.say("closed")
        else:
            self._state.set_tone(Tone.ATTENTION)
            self._state.show_text(sentence)
        self._others.setVisible(view.others > 0)
        self._others.show_text(say_others(self._texts, self._look.lang, view))
        self._manifest.setVisible(view.manifest_refused is not None and not view.closed)
        if view.manifest_refused is not None:
            self._manifest.show_text("。".join(refused_here(self._texts, self._look.lang, view.manifest_refused)))
        self.close_button.set_kind(Kind.PRIMARY if even else Kind.PLAIN)
        self.close_button.set_icon(Icon.BACK if view.closed else Icon.CHECK)
        self.close_button.say("recv_to_tasks" if view.closed else "recv_close")
        self.papers.setVisible(view.closed)
        self.papers.show_receipt(view.receipt)
        self._code_title.setVisible(not view.closed)
        self._code_card.setVisible(not view.closed)
        self._lacking_title.say("recv_lacking" if all(line.missing for line in lacking) else "recv_this_line")
        self._draw_lacking(lacking)
        self._draw_lists(view)
        self._draw_code()
        self._follow(view)

    def choose(self, code: ChosenCode | None) -> None:
        """Damaged, rejected and over are said of this code from now on."""
        self._code = code
        self._draw_code()

    def take_scanned(self, code: ChosenCode) -> None:
        """The same for the code of a scan; its words follow when the hand rests, so that a burst costs no layout."""
        self._code = code
        self._resting.start()

    def bring(self, line: int) -> None:
        """Show this line before the others that lack something, also if nothing is missing."""
        self._first = line
        self.show_overview()
        if self._view is not None:
            self.draw(self._view)
            self._page.ensureWidgetVisible(self.lacking[0])
            buttons = self.lacking[0].buttons
            buttons["over" if buttons["short"].isHidden() else "short"].setFocus()

    def ask_for(self, name: str) -> bool:
        """Open the sheet for an outcome of the code or the line under the hand; False if there is none for it."""
        if self._view is None or self._view.closed:
            return False
        if name in self._code_pair.buttons:
            self._ask_code(name)
            return self._code is not None
        line = self._line_for(name)
        if line is not None:
            self.ask(ask_of(line, name))
        return line is not None

    def ask(self, ask: Ask) -> None:
        """Open the sheet."""
        self.sheet.open(ask)
        self.setCurrentWidget(self.sheet)

    def ask_level(self, code: str) -> None:
        """Open the sheet for a code that nobody knows."""
        if self._view is not None and not self._view.closed:
            self.setCurrentWidget(self.level_sheet)
            self.level_sheet.open(code, self._view.lines)

    def show_overview(self) -> None:
        """Put the sheet away."""
        focus = cast("QWidget | None", self.focusWidget())  # the 6.8 stubs leave the None out
        worked_here = focus is not None and any(one.isAncestorOf(focus) for one in (self.sheet, self.level_sheet))
        self.sheet.drop()
        self.level_sheet.drop()
        self.setCurrentWidget(self._page)
        if worked_here:  # else Qt moves the keys to the next part of the window, which may be a way out of here
            self.close_button.setFocus()

    def retheme(self, look: Look, texts: Texts) -> None:
        self._look, self._texts = look, texts
        if self._view is not None:
            self.draw(self._view)

    def _lay_out(self) -> None:
        self._page.rows.setContentsMargins(0, 0, 0, 2 * GRID_PX)
        card = Card()
        for part in (self._equation, self._others, self._state, self._manifest, self.papers, self.close_button):
            card.add(part)
        self._page.add(card)
        self._code_card = Card(padding_px=GRID_PX + GRID_PX // 2)
        self._code_card.add(self._code_label)
        self._code_card.add(self._code_pair)
        self._code_card.add(self._code_over)
        for name, button in self.code_buttons.items():
            button.clicked.connect(partial(self.ask_for, name))
        self._page.add(self._code_title)
        self._page.add(self._code_card)
        self._page.add(self._lacking_title)
        for one in self.lacking:
            one.asked.connect(self.ask)
            self._page.add(one)
        self._page.add(self._rest)
        self._page.add(self._lists_title)
        holder = QVBoxLayout(self._lists_card)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addWidget(self._lists)
        self._page.add(self._lists_card)
        self._page.add_stretch()
        self.addWidget(self._page)
        self.addWidget(self.sheet)
        self.addWidget(self.level_sheet)

    def _draw_lacking(self, lacking: list[LineView]) -> None:
        self._lacking_title.setVisible(bool(lacking))
        for place, card in enumerate(self.lacking):
            card.setVisible(place < len(lacking))
            if place < len(lacking):
                card.draw(lacking[place], self._look, self._texts)
        rest = len(lacking) - LACKING_SHOWN
        self._rest.setVisible(rest > 0)
        self._rest.say("recv_and_more", count=max(0, rest))

    def _follow(self, view: ReceiptView) -> None:
        """A sheet that is open asks for what is missing now; if nothing is, it goes."""
        ask = self.sheet.ask
        line = next((line for line in view.lines if ask is not None and line.line == ask.line), None)
        if ask is None or line is None:
            return
        now = ask_of(line, ask.command)
        if view.closed or now.most < 1:
            self.show_overview()
        elif now != ask:
            self.sheet.follow(now)

    def _draw_lists(self, view: ReceiptView) -> None:
        rows = list_rows(self._texts, self._look.lang, view, self._opened_list)
        self._lists_title.setVisible(bool(rows))
        self._lists_card.setVisible(bool(rows))
        self._lists.set_rows(rows)
        self._lists.setFixedHeight(self._lists.height_for(len(rows)))

    def _choose_listed(self, key: str) -> None:
        """A list shows its codes, or puts them away; one of them becomes the code that an outcome is said of."""
        view = self._view
        one = next((one for one in view.listed if listed_key(one) == key), None) if view is not None else None
        if one is None:
            self._opened_list = "" if key == self._opened_list else key
            if view is not None:
                self._draw_lists(view)
            return
        name = next((line.name for line in view.lines if line.line == one.line), "") if view is not None else ""
        self.choose(ChosenCode(one.code, name, one.line))
        self._page.ensureWidgetVisible(self._code_card)

    def _draw_code(self) -> None:
        self._resting.stop()
        code = self._code
        open_now = self._view is not None and not self._view.closed
        self._code_label.set_tone(Tone.INK if code else Tone.QUIET)
        if code is None:
            self._code_label.say("recv_no_code_yet")
        else:
            self._code_label.show_text(code.subject)
        for button in self.code_buttons.values():
            button.setEnabled(code is not None and open_now)
        self._code_over.setEnabled(open_now and self._line_for("over") is not None)

    def _line_for(self, name: str) -> LineView | None:
        """Over: the line of the code. Else the line that a person asked for, that of the code, or the first lacking."""
        lines = {line.line: line for line in self._view.lines} if self._view is not None else {}
        of_code = lines.get((self._code.line if self._code is not None else None) or 0)
        if name == "over":
            return of_code
        near = (lines.get(self._first), of_code, *lines.values())
        return next((line for line in near if line is not None and line.missing > 0), None)

    def _ask_code(self, name: str) -> None:
        if self._code is not None:
            self.ask(Ask(name, self._code.subject, code=self._code.key))

    def _decided(self, text: str) -> None:
        if self.sheet.ask is not None and self.sheet.ask.command == "over":
            self._first = 0  # that line is done with
        self.show_overview()
        self.wished.emit(text)

    def _close(self) -> None:
        if self._view is not None and self._view.closed:
            self.left.emit()
        else:
            self.wished.emit("close")
