"""The cards of acceptance: what is missing, what differs, papers, conclusion, second signature, journal. UI thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.flows.acceptance_view import AcceptanceView
from app.ui.icons import Icon
from app.ui.screens.acceptance_words import Say, difference_words, event_row, line_row, temperature_words
from app.ui.screens.screen import Screen
from app.ui.theme import GRID_PX, Size, Tone, theme_tree
from app.ui.widgets.buttons import Button, Kind, PlainButton, PrimaryButton
from app.ui.widgets.cards import Card, SectionTitle
from app.ui.widgets.choices import Choice, Field
from app.ui.widgets.fitting import Label
from app.ui.widgets.rows import RowList

EVENTS_SHOWN = 6


class ListedCard(Card):
    """A title and a few sentences that are made anew with every view."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.title = SectionTitle(title)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(GRID_PX)
        self.add(self.title)
        self.add(self._lines)

    def show_lines(self, lines: Sequence[tuple[str, str]], screen: Screen) -> None:
        """Pairs of what is said and what stands small under it; `screen` gives their look."""
        while self._lines.count():
            old = self._lines.takeAt(0).widget()
            old.hide()
            old.deleteLater()
        for title, below in lines:
            label = Label(bold=True)
            label.show_text(title)
            small = Label(size=Size.SMALL, tone=Tone.QUIET)
            small.show_text(below)
            for part in (label, small):
                self._lines.addWidget(part)
            small.setVisible(bool(below))
        theme_tree(self, screen.look, screen.texts)


class PapersCard(Card):
    """Temperature and papers. `wished` gives an act's name and its values; `picks` asks for a file."""

    wished = Signal(str, object)
    picks = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.temperature, self.temperature_now = Field("acceptance_temperature"), Label(tone=Tone.QUIET)
        self.invoice, self.invoice_code = Field("acceptance_invoice"), Field("acceptance_invoice_code")
        self.licence, self.licence_day = Field("acceptance_licence"), Field("acceptance_licence_day")
        self.line, self.report = Field("acceptance_report_line"), Field("acceptance_report_no")
        self.kind = Choice(
            "acceptance_report_no",
            [("inspection", "acceptance_report_inspection"), ("import", "acceptance_report_import")],
        )
        self.kind.set_value("inspection")
        self.kept = Label(size=Size.SMALL, tone=Tone.QUIET)
        self._buttons = [
            self._button("acceptance_save_temperature", lambda: self._wish("temperature", self.temperature)),
            self._button("acceptance_take_logger", lambda: self.picks.emit("logger"), Icon.DOCUMENT),
            self._button("acceptance_save_invoice", lambda: self._wish("invoice", self.invoice, self.invoice_code)),
            self._button("acceptance_save_licence", lambda: self._wish("licence", self.licence, self.licence_day)),
            self._button("acceptance_save_report", self._wish_report),
            self._button("acceptance_photo_damage", lambda: self.picks.emit("damage"), Icon.PICTURE),
            self._button("acceptance_photo_paper", lambda: self.picks.emit("paper"), Icon.PICTURE),
        ]
        save_temperature, logger, save_invoice, save_licence, save_report, damage, paper = self._buttons
        for parts in (
            (SectionTitle("acceptance_papers"), self.temperature, self.temperature_now, save_temperature, logger),
            (self.invoice, self.invoice_code, save_invoice, self.licence, self.licence_day, save_licence),
            (self.line, self.report, self.kind, save_report, damage, paper, self.kept),
        ):
            for part in parts:
                self.add(part)

    def draw(self, view: AcceptanceView, say: Say) -> None:
        self.temperature_now.show_text(temperature_words(view.found.temperature, say))
        found = view.found
        for field, value in (
            (self.invoice, found.invoice.no if found.invoice else view.invoice_no),
            (self.invoice_code, found.invoice.code if found.invoice else ""),
            (self.licence, found.licence.no if found.licence else view.licence),
            (self.licence_day, found.licence.expiry if found.licence else view.licence_expiry),
        ):
            if not field.edit.hasFocus():
                field.edit.setText(value)
        self.kept.show_text(say("acceptance_kept", photos=len(found.photos), reports=len(found.reports)))

    def _button(self, code: str, wish: object, icon: Icon = Icon.CHECK) -> Button:
        button = PlainButton(code, icon=icon)
        button.clicked.connect(wish)
        return button

    def _wish(self, name: str, *fields: Field) -> None:
        self.wished.emit(name, tuple(field.edit.text() for field in fields))
        for field in fields:
            field.edit.clearFocus()

    def _wish_report(self) -> None:
        self.wished.emit("report", (self.line.edit.text(), self.kind.value, self.report.edit.text()))


class ConclusionCard(Card):
    """Lines to be turned down, the word why, and the two ends."""

    wished = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._unqualified: set[int] = set()
        self._view: AcceptanceView | None = None
        self._say: Say | None = None
        self.lines = RowList("acceptance_lines", detail_lines=2)
        self.lines.chosen.connect(self._turn)
        self.note = Field("acceptance_note")
        self.good = PrimaryButton("acceptance_conclude_good", icon=Icon.GOOD)
        self.bad = Button("acceptance_conclude_bad", kind=Kind.PLAIN, icon=Icon.STOP)
        self.good.clicked.connect(lambda: self._conclude(qualified=True))
        self.bad.clicked.connect(lambda: self._conclude(qualified=False))
        for part in (SectionTitle("acceptance_conclusion"), Label("acceptance_lines", size=Size.SMALL, tone=Tone.QUIET,
                part="advice"), self.lines, self.note, self.good, self.bad):  # fmt: skip
            self.add(part)

    def draw(self, view: AcceptanceView, say: Say) -> None:
        if self._view is None or self._view.receipt != view.receipt:
            self._unqualified.clear()
            self.note.edit.clear()
        self._view, self._say = view, say
        done = view.found.conclusion
        bad = set(done.unqualified) if done else self._unqualified
        if done and not done.qualified:
            bad = {line.line for line in view.lines}
        self.lines.set_rows([line_row(line, unqualified=line.line in bad, say=say) for line in view.lines])
        self.lines.setFixedHeight(self.lines.height_for(min(len(view.lines), 6)))
        for part in (self.note, self.good, self.bad):
            part.setVisible(done is None and view.may_accept)

    def _turn(self, key: str) -> None:
        if self._view is None or self._say is None or self._view.found.conclusion is not None:
            return
        self._unqualified ^= {int(key)}
        self.draw(self._view, self._say)

    def _conclude(self, *, qualified: bool) -> None:
        lines = tuple(sorted(self._unqualified)) if qualified else ()
        self.wished.emit("conclude", (qualified, lines, self.note.edit.text()))


class EndCard(Card):
    """The second signature and the shelf: what follows a conclusion."""

    wished = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.witness, self.pin = Field("acceptance_witness"), Field("acceptance_witness_pin", secret=True)
        self.sign = PrimaryButton("acceptance_sign", icon=Icon.BADGE)
        self.shelf = Field("acceptance_shelf")
        self.put_away = PrimaryButton("acceptance_put_away", icon=Icon.BOXES)
        self.sign.clicked.connect(self._sign)
        self.put_away.clicked.connect(lambda: self.wished.emit("put_away", (self.shelf.edit.text(),)))
        for part in (self.witness, self.pin, self.sign, self.shelf, self.put_away):
            self.add(part)

    def draw(self, view: AcceptanceView, _: Say) -> None:
        asks = view.needs_witness and view.found.conclusion is not None
        stores = view.stage == "accepted" and view.may_put_away
        for part in (self.witness, self.pin, self.sign):
            part.setVisible(asks)
        for part in (self.shelf, self.put_away):
            part.setVisible(stores)
        self.setVisible(asks or stores)

    def _sign(self) -> None:
        witness, pin = self.witness.edit.text(), self.pin.edit.text()
        self.pin.edit.clear()  # a PIN stays nowhere
        self.wished.emit("sign", (witness, pin))


class JournalCard(Card):
    """What was written, newest first, and one step back."""

    wished = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.rows_shown = RowList("acceptance_journal", detail_lines=2)
        self.undo = PlainButton("acceptance_undo", icon=Icon.UNDO)
        self.undo.clicked.connect(lambda: self.wished.emit("undo", ()))
        for part in (SectionTitle("acceptance_journal"), self.rows_shown, self.undo):
            self.add(part)

    def draw(self, view: AcceptanceView, say: Say, zone: str) -> None:
        shown = view.events[:EVENTS_SHOWN]
        rows = [event_row(one, in_force=one.seq in view.undoable, zone=zone, say=say) for one in shown]
        self.rows_shown.set_rows(rows)
        self.rows_shown.setFixedHeight(self.rows_shown.height_for(max(len(rows), 1)))
        self.undo.setVisible(bool(view.undoable) and view.may_accept)
        self.setVisible(bool(rows))


def missing_lines(view: AcceptanceView, screen: Screen) -> list[tuple[str, str]]:
    """What stands before the next step, each with what to do."""
    texts, lang = screen.texts, screen.look.lang
    return [
        (texts.title(one.code, lang, **dict(one.values)), texts.advice(one.code, lang, **dict(one.values)))
        for one in view.missing
    ]


def difference_lines(view: AcceptanceView, say: Say) -> list[tuple[str, str]]:
    return [difference_words(row, say) for row in view.differences]
