"""Who is at work: the list of people, a pad for the PIN, a badge under the scanner. UI thread.

Everything works from the store. The hospital is needed once, for the first list of people, and never to come in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.screen import Form, Look, Screen
from app.ui.theme import COLUMN_PX, GRID_PX, Size, Tone
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.cards import EmptyState
from app.ui.widgets.fitting import Fit, Label
from app.ui.widgets.keypad import Keypad
from app.ui.widgets.rows import Row, RowList
from sync import SyncStatus

if TYPE_CHECKING:
    from app.flows.views import OperatorChoice, SiteView

HERE = frozenset({"pin_wrong", "pin_locked", "operator_unknown"})
"""Troubles that are told on this screen and nowhere else."""
FATAL = frozenset({"starting"})
TICK_MS = 1000
PAD_HIGH_PX = 460


class SignInScreen(Screen):
    """The door."""

    name: ClassVar[str] = "sign_in"
    icon: ClassVar[Icon] = Icon.BADGE
    alone: ClassVar[bool] = True

    entered = Signal(str, str)  # operator, PIN
    fetch = Signal()
    restart = Signal()

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._people: tuple[OperatorChoice, ...] = ()
        self._chosen: str | None = None
        self._ready = False
        self._why: tuple[str, Mapping[str, object]] | None = None  # why the program or the list is not there
        self._told: tuple[str, dict[str, object]] | None = None
        self._locked_s: dict[str, int] = {}
        self.title = Label("sign_in_title", size=Size.LARGE, bold=True, fit=Fit.SHRINK)
        self.site = Label(tone=Tone.QUIET, fit=Fit.SHRINK)
        self.site.hide()  # until the hospital is known
        self.people = RowList("sign_in_people")
        self.badge_hint = Label("sign_in_badge", size=Size.SMALL, tone=Tone.QUIET)
        self.pad, self.keypad = QWidget(), Keypad()
        self.back = IconButton("sign_in_back", Icon.BACK)
        self.person = Label(size=Size.TITLE, bold=True, fit=Fit.SHRINK)
        self.message = Label(tone=Tone.STOP, bold=True, align=Qt.AlignmentFlag.AlignHCenter)
        self.nobody = EmptyState(Icon.PERSON, "sign_in_starting", "sign_in_fetch")
        self._list, self._main = QWidget(), QWidget()
        self._clock = QTimer(self)
        self._clock.setInterval(TICK_MS)
        self._clock.timeout.connect(self._tick)
        self._lay_out()
        self.people.chosen.connect(self.choose)
        self.keypad.entered.connect(self._enter)
        self.back.clicked.connect(lambda: self.choose(None))
        assert self.nobody.button is not None
        self.nobody.button.clicked.connect(self._fetch)

    @property
    def chosen(self) -> str | None:
        """The person whose PIN is asked for."""
        return self._chosen

    def draw(self, people: tuple[OperatorChoice, ...]) -> None:
        """Everybody who may sign in here."""
        self._people = people
        if people:
            self._why = None
        if self._chosen is not None and self._chosen not in {person.id for person in people}:
            self._chosen = None
        self._show()

    def draw_site(self, site: SiteView) -> None:
        """The hospital's name over the list."""
        self.site.show_text(site.name)
        self.site.setVisible(bool(site.name))

    def set_ready(self) -> None:
        """The data folder is open."""
        self._ready, self._why = True, None
        self._show()

    def draw_sync(self, status: SyncStatus) -> None:
        """Why the list could not be fetched, while there is none."""
        if not self._people and self._ready:
            self._why = (status.trouble, {"subject": status.subject or ""}) if status.trouble else None
            self._show()

    def tell(self, code: str, values: Mapping[str, object]) -> None:
        """A trouble: of the PIN, or one that keeps the program from opening."""
        if code in HERE:
            self._told = (code, dict(values))
            if code == "pin_locked":
                self._locked_s[str(values["operator"])] = int(str(values["seconds"]))
                self._clock.start()
            self.keypad.clear()
            self._show()
        elif not self._ready and code not in FATAL:
            self._why = (code, values)
            self._show()

    @Slot(str)
    def choose(self, operator: str | None) -> None:
        """Ask for this person's PIN (a touch, or a badge); None: the list again. An unknown badge says so."""
        if operator is not None and operator not in {person.id for person in self._people}:
            self._told = ("operator_unknown", {"operator": operator})
            self._show()
            return
        self._chosen, self._told = operator, None
        self.keypad.clear()
        self._show()
        (self.keypad if operator else self.people).setFocus()

    def leave(self) -> None:
        """Somebody else's turn: nothing of the last person stays."""
        self._locked_s.clear()
        self.choose(None)

    def reword(self) -> None:
        self._show()

    def arrange(self, form: Form) -> None:
        while self._grid.takeAt(0) is not None:
            pass
        desk = form is Form.DESK
        self._grid.addWidget(self._head, 0, 0, 1, 2 if desk else 1)
        self._grid.addWidget(self._list, 1, 0)
        self._grid.addWidget(self.pad, 1, 1 if desk else 0, Qt.AlignmentFlag(0))
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1 if desk else 0)
        self._grid.setRowStretch(1, 1)
        self._grid.setHorizontalSpacing(4 * GRID_PX if desk else 0)
        self._main.setMaximumWidth(COLUMN_PX + 30 * GRID_PX if desk else COLUMN_PX)
        self._show()

    def _lay_out(self) -> None:
        self._head = QWidget()
        self._grid = QGridLayout(self._main)
        self._grid.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, GRID_PX)
        self._grid.setSpacing(GRID_PX)
        for part in (self._head, self._list, self.pad):
            part.setParent(self._main)
        head = QVBoxLayout(self._head)
        people = QVBoxLayout(self._list)
        for box, parts in ((head, (self.title, self.site)), (people, (self.badge_hint, self.people))):
            box.setContentsMargins(0, 0, 0, 0)
            box.setSpacing(GRID_PX)
            for part in parts:
                box.addWidget(part)
        self._lay_pad()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self._main, 1000)
        row.addWidget(self.nobody, 1000)
        row.addStretch(1)
        self.arrange(self.form)

    def _lay_pad(self) -> None:
        who = QHBoxLayout()
        who.setSpacing(GRID_PX)
        who.addWidget(self.back)
        who.addWidget(self.person, 1)
        pad = QVBoxLayout(self.pad)
        pad.setContentsMargins(0, 0, 0, GRID_PX)
        pad.setSpacing(GRID_PX)
        pad.addLayout(who)
        pad.addWidget(self.message)
        keys = QHBoxLayout()
        keys.addStretch(1)
        keys.addWidget(self.keypad, 1000)
        keys.addStretch(1)
        pad.addLayout(keys, 1000)
        pad.addStretch(1)
        self.keypad.setMaximumHeight(PAD_HIGH_PX)

    def _show(self) -> None:
        self._main.setVisible(bool(self._people))
        self.nobody.setVisible(not self._people)
        if not self._people:
            self._show_nobody()
            return
        self.people.set_rows([self._row(person) for person in self._people])
        desk = self.form is Form.DESK
        self._list.setVisible(desk or self._chosen is None)
        self.pad.setVisible(desk or self._chosen is not None)
        self._head.setVisible(desk or self._chosen is None)
        self.back.setVisible(not desk)
        chosen = next((person for person in self._people if person.id == self._chosen), None)
        if chosen is None:
            self.person.say("sign_in_choose")
        else:
            self.person.show_text(chosen.name)
        self.keypad.setEnabled(chosen is not None and not self._locked_s.get(chosen.id))
        self._show_message(chosen)

    def _show_nobody(self) -> None:
        assert self.nobody.button is not None
        if self._why is not None:
            code, values = self._why
            self.nobody.say(code, **values)
        else:
            self.nobody.say("sign_in_nobody" if self._ready else "sign_in_starting")
        self.nobody.button.setVisible(self._ready or self._why is not None)
        self.nobody.button.say("sign_in_fetch" if self._ready else "sign_in_again")

    def _show_message(self, chosen: OperatorChoice | None) -> None:
        """What is said about the PIN; a lock counts down to its end."""
        lang = self.look.lang
        words = ""
        locked_s = self._locked_s.get(chosen.id, 0) if chosen else 0
        if locked_s:
            words = self.texts.line("pin_locked", lang, operator=chosen.name if chosen else "", seconds=locked_s)
        elif self._told is not None and self._told[0] != "pin_locked":
            code, values = self._told
            if chosen is not None:
                values = {**values, "operator": chosen.name}
            words = self.texts.line("sign_in_wrong" if code == "pin_wrong" else code, lang, **values)
        self.message.show_text(words)
        self.message.setVisible(bool(words))
        # In the pocket the pad is not seen before somebody is chosen.
        unheard = bool(words) and chosen is None and self.form is Form.POCKET
        self.badge_hint.set_tone(Tone.STOP if unheard else Tone.QUIET)
        if unheard:
            self.badge_hint.show_text(words)
        else:
            self.badge_hint.say("sign_in_badge")

    def _row(self, person: OperatorChoice) -> Row:
        role = f"sign_in_role_{person.role}"
        words = self.say(role) if self.texts.has(role) else person.role
        tone = Tone.ACCENT if person.id == self._chosen else Tone.INK
        return Row(person.id, person.name, words, person.id, icon=Icon.PERSON, tone=tone)

    def _enter(self, pin: str) -> None:
        if self._chosen is not None:
            self._told = None
            self._show()
            self.entered.emit(self._chosen, pin)

    def _fetch(self) -> None:
        (self.fetch if self._ready else self.restart).emit()

    @Slot()
    def _tick(self) -> None:
        self._locked_s = {who: left_s - 1 for who, left_s in self._locked_s.items() if left_s > 1}
        if not self._locked_s:
            self._clock.stop()
            self._told = None
        self._show()


def join(screen: SignInScreen, conductor: Conductor) -> None:
    """What the screen hears and wishes."""
    conductor.ready.connect(screen.set_ready)
    conductor.site_changed.connect(screen.draw_site)
    conductor.operators_changed.connect(screen.draw)
    conductor.badge_read.connect(screen.choose)
    conductor.sync_changed.connect(screen.draw_sync)
    conductor.trouble.connect(screen.tell)
    conductor.signed_out.connect(screen.leave)
    conductor.signed_in.connect(screen.leave)
    screen.entered.connect(conductor.sign_in)
    screen.fetch.connect(conductor.sync_now)
    screen.restart.connect(conductor.start)
