"""核验患者: the patient's code under the scanner, then who it is behind masks, and how long that holds. UI thread.

Reached from the task list where the site identifies patients; nothing here leads further than that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.flows.identity_view import ASKING, ENDED, KNOWN, WAITING, IdentityView
from app.patient.views import IDLE, LEFT
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.identity_cards import HandOverCard, InsuranceCard, PaperCard, PersonCard, TroubleCard
from app.ui.screens.screen import Form, Look, Screen
from app.ui.theme import GRID_PX, Size, theme_tree
from app.ui.widgets.buttons import Button, IconButton, Kind, PlainButton, PrimaryButton
from app.ui.widgets.cards import Card, EmptyState, Page
from app.ui.widgets.fitting import Fit, Label

WIDEST_PX = 1120
TICK_MS = 1000


class IdentityScreen(Screen):
    """Draws an IdentityView. `wished` gives an act of the patient desk and its values; `locked`: nobody works here."""

    name: ClassVar[str] = "identity"
    icon: ClassVar[Icon] = Icon.BADGE
    by_wish: ClassVar[bool] = True

    wished = Signal(str, object)
    locked = Signal()

    def __init__(
        self, look: Look, texts: Texts, parent: QWidget | None = None, *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        super().__init__(look, texts, parent)
        self._view, self._now_s, self._touched_s = IdentityView(), now_s, 0.0
        self.back = IconButton("patient_back", Icon.BACK)
        self.title = Label("ui_screen_identity", size=Size.LARGE, bold=True, fit=Fit.SHRINK)
        self.lock = IconButton("patient_lock", Icon.LOCK)
        self.scene = Button("patient_scene", kind=Kind.PLAIN, icon=Icon.DOWN)
        self.scenes = Card()
        self.scene_buttons: dict[str, Button] = {}
        self.empty = EmptyState(Icon.SCAN, "patient_waits", "patient_read")
        self.trouble, self.person = TroubleCard(), PersonCard()
        self.insurance, self.hand_over, self.paper = InsuranceCard(), HandOverCard(), PaperCard()
        self.paper_way = Button("patient_paper_way", kind=Kind.QUIET, icon=Icon.BADGE)
        self.finish = PrimaryButton("patient_finish", icon=Icon.CHECK)
        self.again = PlainButton("patient_read", icon=Icon.SCAN)
        self._clock = QTimer(self)
        self._clock.setInterval(TICK_MS)
        self._clock.timeout.connect(self._tick)
        self._build()
        self._join_parts()
        self._show()
        self.retheme(look, texts)

    @property
    def view(self) -> IdentityView:
        """What is shown now."""
        return self._view

    @Slot(object)
    def draw(self, view: IdentityView) -> None:
        """How it stands."""
        if view.state != self._view.state:
            self.scenes.hide()
            self._show_paper(shown=False)
        self._touched_s = self._now_s()
        self._view = view
        self._show()

    def reword(self) -> None:
        self._show()

    def arrange(self, form: Form) -> None:
        desk = form is Form.DESK
        self._columns.setDirection(QBoxLayout.Direction.LeftToRight if desk else QBoxLayout.Direction.TopToBottom)
        column = self._left if desk else self._right
        column.insertWidget(column.count() - 1, self.finish)  # the last thing in the pocket

    def opened(self) -> None:
        self._touched_s = self._now_s()
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        """What was typed of a card does not stay behind another screen."""
        super().hideEvent(event)
        self.paper.clear()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(self.back)
        head.addWidget(self.title, 1)
        head.addWidget(self.lock)
        self._page = Page(width_px=WIDEST_PX)
        self._page.add(head)
        for part in (self.scene, self.scenes, self.trouble):
            self._page.add(part)
        self._page.add(self.empty, 1)
        self._page.add(self._patient_part())
        for part in (self.again, self.paper_way, self.paper):
            self._page.add(part)
        self._rest = QWidget()  # has what room is left where nothing else stretches
        self._page.add(self._rest, 1)
        self.scenes.hide()
        self.paper.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._page)

    def _patient_part(self) -> QWidget:
        """Who it is at the left, what can be done at the right; one under the other in the pocket."""
        self._held = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom, self._held)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(GRID_PX + GRID_PX // 2)
        self._left, self._right = QVBoxLayout(), QVBoxLayout()
        shown = ((self._left, (self.person, self.finish)), (self._right, (self.insurance, self.hand_over)))
        for column, cards in shown:
            column.setSpacing(GRID_PX + GRID_PX // 2)
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
            self._columns.addLayout(column, 1)
        return self._held

    def _join_parts(self) -> None:
        self.back.clicked.connect(lambda: self.goes.emit("tasks"))
        self.lock.clicked.connect(self.locked)
        self.scene.clicked.connect(lambda: self.scenes.setVisible(self.scenes.isHidden()))
        self.finish.clicked.connect(lambda: self._wish("end", LEFT))
        for button in (self.again, self.empty.button):
            assert button is not None
            button.clicked.connect(lambda: self._wish("library"))
        self.insurance.chosen.connect(lambda place: self._wish("choose", place))
        self.hand_over.wished.connect(lambda infno: self._wish("hand_over", infno))
        self.paper.entered.connect(lambda *card: self._wish("card", *card))
        self.paper_way.clicked.connect(lambda: self._show_paper(shown=self.paper.isHidden()))

    def _show(self) -> None:
        view = self._view
        known = view.patient is not None and view.state in (KNOWN, ASKING)
        self._held.setVisible(view.patient is not None)
        self._show_scenes()
        self.trouble.draw(view)
        self._show_empty()
        self.person.draw(view.patient)
        self.insurance.draw(view.patient)
        self.hand_over.draw(view)
        self.finish.setVisible(known)
        asking = view.state == ASKING
        for part in (self.insurance, self.hand_over, self.paper_way, self.again):
            part.setEnabled(not asking)
        empty_button = self.empty.button
        assert empty_button is not None
        empty_button.setVisible(view.reads_itself and not asking and view.state != KNOWN)
        self.again.setVisible(view.reads_itself and not asking and self.empty.isHidden())
        self.paper_way.setVisible(not asking and not known)
        self._keep_time()

    def _show_empty(self) -> None:
        view = self._view
        code = {
            WAITING: "patient_waits_library" if view.reads_itself else "patient_waits",
            ASKING: "patient_asking",
            ENDED: f"patient_ended_{view.why}",
        }.get(view.state)
        self.empty.setVisible(code is not None and view.patient is None and self.paper.isHidden())
        self._rest.setVisible(self.empty.isHidden())
        if code is not None:
            self.empty.say(code)

    def _show_scenes(self) -> None:
        view = self._view
        if tuple(self.scene_buttons) != view.scenes:
            for button in self.scene_buttons.values():
                self.scenes.rows.removeWidget(button)
                button.hide()
                button.deleteLater()
            self.scene_buttons = {business: PlainButton(f"patient_type_{business}") for business in view.scenes}
            for business, button in self.scene_buttons.items():
                button.clicked.connect(partial(self._choose_scene, business))
                self.scenes.add(button)
        for business, button in self.scene_buttons.items():
            button.set_kind(Kind.PRIMARY if business == view.business else Kind.PLAIN)
        theme_tree(self.scenes, self.look, self.texts)
        self.scene.setVisible(bool(view.scenes))
        self.scene.setEnabled(len(view.scenes) > 1 and view.state != ASKING)
        self.scene.say("patient_scene", scene=self.say(f"patient_type_{view.business}") if view.business else "")

    def _show_paper(self, *, shown: bool) -> None:
        self.paper.clear()
        self.paper.setVisible(shown)
        self._show_empty()
        if shown:
            self.paper.number.edit.setFocus()

    def _choose_scene(self, business: str, _checked: bool = False) -> None:
        self.scenes.hide()
        self._wish("scene", business)

    def _wish(self, act: str, *values: object) -> None:
        self._touched_s = self._now_s()
        self.wished.emit(act, values)

    def _keep_time(self) -> None:
        held = self._view.patient is not None
        if held and not self._clock.isActive():
            self._clock.start()
        elif not held:
            self._clock.stop()
        if held:
            self.person.tick(self._view.until_s - self._now_s())

    def _tick(self) -> None:
        """Once a second while somebody is known, also behind another screen."""
        view, now_s = self._view, self._now_s()
        self.person.tick(view.until_s - now_s)
        idle = view.idle_s > 0 and now_s - self._touched_s > view.idle_s
        if view.patient is not None and idle and view.state == KNOWN:
            self._wish("end", IDLE)


def join(screen: Screen, conductor: Conductor) -> None:
    """Wishes down, answers up."""
    assert isinstance(screen, IdentityScreen)
    conductor.patient_changed.connect(screen.draw)
    conductor.signed_out.connect(screen.paper.clear)
    screen.wished.connect(lambda act, values: conductor.patient(act, *values))
    screen.locked.connect(lambda: conductor.patient("end", "locked"))
    screen.locked.connect(conductor.sign_out)
