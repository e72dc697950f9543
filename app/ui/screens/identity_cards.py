"""Parts of the identity screen: the patient behind masks, what went wrong, papers instead of a voucher. UI thread."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from app.base.texts import Texts
from app.flows.identity_view import IdentityView
from app.patient.views import HandedOver, InsuredView, PatientView
from app.ui.icons import Icon
from app.ui.theme import GRID_PX, Look, Size, Tone
from app.ui.wedge_focus import keep_input_method_off
from app.ui.widgets.buttons import Button, Kind, PlainButton, PrimaryButton
from app.ui.widgets.cards import Badge, Card, SectionTitle
from app.ui.widgets.choices import Choice, Field
from app.ui.widgets.fitting import Fit, Label
from sync.errors import OFFLINE

PAPERS = (("02", "patient_paper_02"), ("03", "patient_paper_03"))
LINE_TROUBLES = OFFLINE | {
    "server_error", "throttled", "bad_reply", "html_reply", "reply_lacks", "reply_too_large", "redirected",
    "call_refused", "clock_skew", "insurance_down",
}  # fmt: skip
"""Nobody said no: the other side could not be asked, or did not answer sensibly."""
SHORT_S = 600
"""Less than so much left is told in the colour of attention."""


def time_words(left_s: float) -> str:
    """`1:54:03`; nothing is left below zero."""
    left = max(0, math.ceil(left_s))
    return f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02}"


class Worded(Card):
    """A card whose parts are made from data and words."""

    def __init__(self, *, tone: Tone | None = None, parent: QWidget | None = None) -> None:
        super().__init__(tone=tone, parent=parent)
        self._words_look, self._words_texts = Look(), Texts({})

    def retheme(self, look: Look, texts: Texts) -> None:
        super().retheme(look, texts)
        self._words_look, self._words_texts = look, texts
        self.reword()

    def say(self, code: str, **values: object) -> str:
        """The title of a text in the present language; the code itself where there is none."""
        return self._words_texts.title(code, self._words_look.lang, **values)

    def knows(self, code: str) -> bool:
        return self._words_texts.has(code)

    def reword(self) -> None:
        """Hook: draw again what was made from data and words."""

    def dress(self) -> None:
        """New parts look like the others."""
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        for part in cast("Iterable[Button]", self.findChildren(Button, options=direct)):
            part.retheme(self._words_look, self._words_texts)


class PersonCard(Worded):
    """Who it is, by which paper, and for how long."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._patient: PatientView | None = None
        self.name = Label(size=Size.LARGE, bold=True)
        self.number = Label(size=Size.BODY)
        self.paper = Badge()
        self.left = Label(bold=True, fit=Fit.SHRINK)
        self._left_s = 0.0
        for part in (self.paper, self.name, self.number, self.left):
            self.add(part)

    def draw(self, patient: PatientView | None) -> None:
        self._patient = patient
        self.setVisible(patient is not None)
        self.reword()

    def tick(self, left_s: float) -> None:
        """How long the token lives."""
        self._left_s = left_s
        self.left.set_tone(Tone.ATTENTION if left_s < SHORT_S else Tone.INK)
        self.left.show_text(self.say("patient_left", time=time_words(left_s)))

    def reword(self) -> None:
        self.tick(self._left_s)
        if self._patient is not None:
            self.name.show_text(self._patient.name)
            self.number.show_text(self.say("patient_number", number=self._patient.number))
            self.paper.say(f"patient_paper_{self._patient.credential}", Tone.ACCENT)


class InsuranceCard(Worded):
    """The kinds of insurance; with several, one is chosen. `chosen` gives its place."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._patient: PatientView | None = None
        self.title = SectionTitle("patient_insurance")
        self.none = Label("patient_uninsured", tone=Tone.ATTENTION, bold=True)
        self.ask = Label("patient_choose", tone=Tone.ATTENTION, bold=True)
        for part in (self.title, self.none, self.ask):
            self.add(part)
        self.buttons: list[Button] = []

    def draw(self, patient: PatientView | None) -> None:
        self._patient = patient
        self.setVisible(patient is not None)
        rows = patient.insured if patient is not None else ()
        self._fill(rows)
        self.none.setVisible(not rows)
        self.ask.setVisible(patient is not None and patient.must_choose)
        for one, button in zip(rows, self.buttons, strict=True):
            mine = patient is not None and patient.chosen == one.place
            button.set_kind(Kind.PRIMARY if mine else Kind.PLAIN)
            button.set_icon(Icon.CHECK if mine else None)
            button.setEnabled(len(rows) > 1 or mine)
        self.reword()
        self.dress()

    def reword(self) -> None:
        rows = self._patient.insured if self._patient is not None else ()
        for one, button in zip(rows, self.buttons, strict=True):
            button.say("patient_insured", kind=self.kind_words(one), place=self._place_words(one))

    def kind_words(self, one: InsuredView) -> str:
        """The name of a kind; a number that nobody knows is shown as it is."""
        code = f"patient_kind_{one.kind}"
        return self.say(code) if self.knows(code) else self.say("patient_kind_other", number=one.kind)

    def _place_words(self, one: InsuredView) -> str:
        marks = [self.say("patient_away")] if one.away else []
        marks += [] if one.active else [self.say("patient_paused")]
        return " · ".join((one.area, *marks))

    def _fill(self, rows: Sequence[InsuredView]) -> None:
        while len(self.buttons) > len(rows):
            gone = self.buttons.pop()
            self.rows.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        while len(self.buttons) < len(rows):
            button = PlainButton("patient_insured")
            button.clicked.connect(partial(self._choose, len(self.buttons)))
            self.buttons.append(button)
            self.add(button)

    def _choose(self, place: int, _checked: bool = False) -> None:
        self.chosen.emit(place)


class HandOverCard(Worded):
    """What is handed on for this patient, and the ids that came back. `wished` gives the transaction."""

    wished = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._view = IdentityView()
        self.title = SectionTitle("patient_hand_over")
        self.done = Label()
        self.add(self.title)
        self.add(self.done)
        self.buttons: dict[str, Button] = {}

    def draw(self, view: IdentityView) -> None:
        """Buttons for what this scene hands on, and what was taken."""
        self._view = view
        patient = view.patient
        wanted = view.hand_overs if patient is not None else ()
        if tuple(self.buttons) != wanted:
            for button in self.buttons.values():
                self.rows.removeWidget(button)
                button.hide()
                button.deleteLater()
            self.buttons = {infno: PlainButton("patient_hand", icon=Icon.SEND) for infno in wanted}
            for infno, button in self.buttons.items():
                button.clicked.connect(partial(self._wish, infno))
                self.add(button)
        for button in self.buttons.values():
            button.setEnabled(patient is not None and not patient.must_choose)
        self.setVisible(bool(wanted) or bool(patient is not None and patient.handed))
        self.reword()
        self.dress()

    def reword(self) -> None:
        for infno, button in self.buttons.items():
            button.say("patient_hand", name=self.name_of(infno), number=infno)
        handed = self._view.patient.handed if self._view.patient is not None else ()
        self.done.setVisible(bool(handed))
        self.done.show_text("\n".join(self._words(one) for one in handed))

    def name_of(self, infno: str) -> str:
        """What a transaction is called at the desk."""
        code = f"patient_txn_{infno}"
        return self.say(code) if self.knows(code) else infno

    def _words(self, one: HandedOver) -> str:
        ids = " · ".join(f"{self.say(f'patient_id_{name}')} {value}" for name, value in one.ids)
        return self.say("patient_handed", name=self.name_of(one.infno), number=one.infno, ids=ids or "—")

    def _wish(self, infno: str, _checked: bool = False) -> None:
        self.wished.emit(infno)


class TroubleCard(Worded):
    """Why it did not go, what to do, and the other side's own words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tone=Tone.ATTENTION, parent=parent)
        self._view = IdentityView()
        self.title = Label(bold=True, size=Size.TITLE)
        self.advice, self.said = Label(), Label(size=Size.SMALL)
        for part in (self.title, self.advice, self.said):
            self.add(part)

    def draw(self, view: IdentityView) -> None:
        self._view = view
        self.setVisible(bool(view.trouble))
        self.reword()

    def reword(self) -> None:
        view = self._view
        if not view.trouble:
            return
        values = dict(view.values)
        lang = self._words_look.lang
        self.title.show_text(self._words_texts.title(view.trouble, lang, **values))
        # Elsewhere such a call is repeated by itself; a voucher is not.
        advised = "patient_line" if view.trouble in LINE_TROUBLES else view.trouble
        self.advice.show_text(self._words_texts.advice(advised, lang, **values))
        self.advice.setVisible(bool(self.advice.text()))
        said, number = values.get("said", ""), values.get("number", "")
        self.said.setVisible(bool(said or number))
        self.said.show_text(self.say("patient_said", said=said or "—", number=number or "—"))


class PaperCard(Worded):
    """An identity card or a social-security card, typed. `entered` gives kind, number and identification code."""

    entered = Signal(str, str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.kind = Choice("patient_paper", PAPERS)
        self.number = Field("patient_paper_number", secret=True)
        self.card_sn = Field("patient_card_sn", secret=True)
        self.ask = PrimaryButton("patient_paper_ask", icon=Icon.LOOKUP)
        for part in (SectionTitle("patient_paper"), self.kind, self.number, self.card_sn, self.ask):
            self.add(part)
        self.rows.setSpacing(GRID_PX + GRID_PX // 2)
        for field in (self.number, self.card_sn):
            keep_input_method_off(field.edit)
            field.edit.setMaxLength(50)
            field.edit.returnPressed.connect(self._enter)
        self.kind.chosen.connect(lambda _: self._follow())
        self.ask.clicked.connect(self._enter)
        self.kind.set_value("02")
        self._follow()

    def clear(self) -> None:
        """Nothing that was typed stays."""
        for field in (self.number, self.card_sn):
            field.edit.clear()

    def _follow(self) -> None:
        self.card_sn.setVisible(self.kind.value == "03")

    def _enter(self) -> None:
        number, serial = self.number.edit.text(), self.card_sn.edit.text()
        kind = self.kind.value or "02"
        self.clear()
        if number.strip():
            self.entered.emit(kind, number, serial if kind == "03" else "")
