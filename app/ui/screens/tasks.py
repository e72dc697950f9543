"""What there is to do: deliveries under way and waiting, and what the hospital sent back. UI thread.

A touch opens a delivery; so does its printed number, or a box of it under the scanner. That first box is not counted,
and the screen that opens says so.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.base.clock import day_of, zone_of
from app.base.texts import Texts
from app.domain.documents import DeliveryNo, receipt_id
from app.flows.outcomes import CommandOutcome
from app.flows.views import DeliveryTask, ReceiptView, RefusedManifest, SiteView, TasksView
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.receipt_buttons import ReceiptButtons
from app.ui.relay_words import refused_in_short
from app.ui.screens.hand_over import HandOverCard
from app.ui.screens.screen import Form, Look, Screen
from app.ui.screens.tasks_import import ImportPage
from app.ui.theme import COLUMN_PX, GRID_PX, Size, Tone
from app.ui.widgets.buttons import Button, IconButton, Kind
from app.ui.widgets.cards import Card, EmptyState
from app.ui.widgets.fitting import Fit, Label
from app.ui.widgets.progress import Counts
from app.ui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from app.flows.identity_view import IdentityView

GATHER_MS = 60
"""A code that several deliveries name is offered in several steps; they are shown as one question."""
LOOKS = {
    "under_way": (Icon.BOX_OPEN, Tone.ACCENT),
    "paused": (Icon.PAUSE, Tone.ACCENT),
    "waiting": (Icon.DELIVERY, Tone.INK),
    "closed": (Icon.GOOD, Tone.GOOD),
}


class TasksScreen(Screen):
    """The list of deliveries."""

    name: ClassVar[str] = "tasks"
    icon: ClassVar[Icon] = Icon.TASKS

    opens = Signal(str)  # number of a delivery
    refreshed = Signal()

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._view: TasksView | None = None
        self._zone: dt.tzinfo = dt.UTC
        self._offers: list[str] = []
        self._under_hand = self._paused = ""  # deliveries: the open one, and the one that was just paused
        self.title = Label("tasks_title", size=Size.LARGE, bold=True, fit=Fit.SHRINK)
        self.as_of = Label(size=Size.SMALL, tone=Tone.QUIET)
        self.refresh = IconButton("tasks_refresh", Icon.RETRY)
        self.refresh.clicked.connect(self.refreshed)
        self.importers = {
            Form.POCKET: IconButton("import_open", Icon.DOCUMENT),
            Form.DESK: Button("import_open", kind=Kind.QUIET, icon=Icon.DOCUMENT),
        }
        self.imports = ImportPage()
        self.identity = Button("tasks_identity", kind=Kind.PLAIN, icon=Icon.BADGE)
        self.identity.clicked.connect(lambda: self.goes.emit("identity"))
        self.identity.hide()  # until it is known that patients are identified here
        self.banner = Card(tone=Tone.ATTENTION, padding_px=GRID_PX + GRID_PX // 2)
        self.banner_words = Label(bold=True)
        self.banner_button = Button("tasks_attend", kind=Kind.PLAIN, icon=Icon.UPLOADS)
        self.banner_button.clicked.connect(lambda: self.goes.emit("uploads"))
        self.conflicts = Button("tasks_conflicts", kind=Kind.PLAIN, icon=Icon.ATTENTION)
        self.conflicts.clicked.connect(lambda: self.goes.emit("conflicts"))
        self.manifests = Card(tone=Tone.ATTENTION, padding_px=GRID_PX + GRID_PX // 2)
        self.manifest_words = (Label(bold=True), Label(size=Size.SMALL))
        self.offer_words = Label("tasks_offered", bold=True)
        self.offer = Card(tone=Tone.ACCENT, padding_px=GRID_PX + GRID_PX // 2)
        self.list = RowList("tasks_title", bars=True, title_lines=1)
        self.list.chosen.connect(self._choose)
        self.papers, self.paper_words = ReceiptButtons(), Label(bold=True)
        self.paper_card = Card(padding_px=GRID_PX + GRID_PX // 2)
        self.hand_over = HandOverCard()
        self.empty = EmptyState(Icon.INBOX, "tasks_none", "tasks_refresh")
        assert self.empty.button is not None
        self.empty.button.clicked.connect(self.refreshed)
        self._column = QWidget()
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.setInterval(GATHER_MS)
        self._gather.timeout.connect(self._settle_offers)
        self._lay_out()

    def draw(self, view: TasksView) -> None:
        """The deliveries as they stand."""
        self._view = view
        if all(task.delivery != self.hand_over.delivery or task.state == "closed" for task in view.tasks):
            self.hand_over.hide()
        self._show()

    def draw_site(self, site: SiteView) -> None:
        """Moments are shown in the hospital's zone."""
        self._zone = zone_of(site.zone)
        self._show()

    def draw_patients(self, view: IdentityView) -> None:
        """The way to the patients, where they are identified."""
        self.identity.setVisible(view.open)

    def take_offer(self, number: str) -> None:
        """A code of this delivery was scanned here; with one offer only it is opened."""
        self._offers.append(number)
        self._gather.start()

    def take_receipt(self, view: ReceiptView) -> None:
        """This one is under the hand."""
        self._under_hand = view.delivery

    def take_command(self, outcome: CommandOutcome) -> None:
        """Who paused is led here, and may want to go on at another device."""
        if outcome.ok and outcome.command == "pause":
            self._paused = self._under_hand

    def show_imports(self, *, shown: bool) -> None:
        """The page of relation files in the place of the deliveries, or these again."""
        self._column.setHidden(shown)
        self.imports.setVisible(shown)
        if shown:
            self.imports.open()
        else:
            self.importers[self.form].setFocus()

    def opened(self) -> None:
        self._offers.clear()
        self.paper_card.hide()
        self.hand_over.hide()
        if self._paused:
            self.hand_over.offer(self._paused)
            self._paused = ""
        self._show()

    def reword(self) -> None:
        self._show()

    def arrange(self, form: Form) -> None:
        side = 3 * GRID_PX if form is Form.DESK else GRID_PX + GRID_PX // 2
        self._rows.setContentsMargins(side, 2 * GRID_PX if form is Form.DESK else GRID_PX, side, 0)
        self._column.setMaximumWidth(COLUMN_PX + 20 * GRID_PX)
        for each, button in self.importers.items():
            button.setVisible(each is form)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.as_of)
        head = QHBoxLayout()
        head.addLayout(words, 1)
        for button in self.importers.values():
            head.addWidget(button)
            button.clicked.connect(lambda: self.show_imports(shown=True))
        head.addWidget(self.refresh)
        self.banner.add(self.banner_words)
        self.banner.add(self.banner_button)
        for label in self.manifest_words:
            self.manifests.add(label)
        self.offer.add(self.offer_words)
        self.paper_card.add(self.paper_words)
        self.paper_card.add(self.papers)
        self.paper_card.hide()
        self._rows = QVBoxLayout(self._column)
        self._rows.setSpacing(GRID_PX)
        self._rows.addLayout(head)
        for part in (
            self.identity,
            self.conflicts,
            self.banner,
            self.manifests,
            self.offer,
            self.paper_card,
            self.hand_over,
        ):
            self._rows.addWidget(part)
        self._rows.addWidget(self.list, 1)
        self._rows.addWidget(self.empty, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self._column, 1000)
        row.addWidget(self.imports, 1000)
        self.imports.left.connect(lambda: self.show_imports(shown=False))
        self.imports.hide()
        row.addStretch(1)
        self.arrange(self.form)

    def _show(self) -> None:
        view = self._view
        tasks = view.tasks if view else ()
        attention = view is not None and bool(view.refused or view.held)
        self.banner.setVisible(attention)
        if view is not None:
            self.banner_words.say("tasks_attention", refused=view.refused, held=view.held)
        self.conflicts.setVisible(view is not None and view.conflicts > 0)
        self.conflicts.say("tasks_conflicts", count=view.conflicts if view is not None else 0)
        self._show_manifests(view.refused_manifests if view is not None else ())
        fetched_ms = view.replica_ms if view else None
        self.as_of.say("tasks_never" if fetched_ms is None else "tasks_as_of", moment=self._moment(fetched_ms))
        offered = {number for number in self._offers if len(self._offers) > 1}
        self.offer.setVisible(bool(offered))
        shown = [task for task in tasks if task.delivery in offered] if offered else list(tasks)
        self.list.set_rows([self._row(task) for task in shown])
        self.list.setVisible(bool(shown))
        self.empty.setVisible(not shown)

    def _choose(self, number: str) -> None:
        """A delivery is opened; of one that is closed the papers are offered."""
        self.hand_over.hide()
        tasks = self._view.tasks if self._view else ()
        closed = any(task.delivery == number and task.state == "closed" for task in tasks)
        self.paper_card.setVisible(closed)
        if closed:
            self.paper_words.say("tasks_closed_receipt", delivery=number)
            self.papers.show_receipt(receipt_id(DeliveryNo(number)))
        else:
            self.opens.emit(number)

    def _show_manifests(self, refused: Sequence[RefusedManifest]) -> None:
        """What the supplier has to mend: which ones, and what to do about the newest."""
        self.manifests.setVisible(bool(refused))
        if refused:
            title, advice = refused_in_short(self.texts, self.look.lang, refused)
            self.manifest_words[0].show_text(title)
            self.manifest_words[1].show_text(advice)

    def _row(self, task: DeliveryTask) -> Row:
        icon, tone = LOOKS[task.state] if task.reopened is None else (Icon.ATTENTION, Tone.ATTENTION)
        marks = [self._why_reopened(task.reopened)] if task.reopened else []
        marks += [
            self.say(code)
            for code, holds in (
                ("tasks_special", task.special),
                ("tasks_gift", task.gift),
                ("tasks_manifest_refused", task.manifest_refused is not None),
                (f"tasks_manifest_{task.manifest}", task.manifest != "complete" and task.manifest_refused is None),
            )
            if holds
        ]
        drug = task.first_drug
        if task.lines > 1:
            drug = self.say("tasks_drugs", drug=drug, lines=task.lines)
        detail = " · ".join((task.delivery, *(marks or (drug,))))
        begun = task.accounted > 0 or task.state != "waiting"
        counts = Counts(task.accounted, 0, task.expected) if begun else None
        return Row(
            task.delivery, task.supplier, detail, self._value(task),
            Tone.ACCENT if tone is Tone.ACCENT else Tone.QUIET, icon, tone, counts, faded=task.state == "closed",
            badge=self.say("tasks_reopened") if task.reopened else "",
        )  # fmt: skip

    def _why_reopened(self, why: str) -> str:
        code = f"recv_reopened_{why}"
        return self.say(code) if self.texts.has(code) else self.say("tasks_reopened_other")

    def _value(self, task: DeliveryTask) -> str:
        """Where it stands: how much is in, or for how long it has been waiting."""
        if task.state == "closed":
            return self.say("tasks_closed")
        if task.accounted or task.state != "waiting":
            return f"{task.accounted}/{task.expected}"
        return self.say("tasks_packs", count=task.expected) if task.shipped_ms is None else self._age(task.shipped_ms)

    def _age(self, shipped_ms: int) -> str:
        days = (day_of(time.time_ns() // 1_000_000, self._zone) - day_of(shipped_ms, self._zone)).days
        if days <= 0:
            return self.say("tasks_today")
        return self.say("tasks_yesterday") if days == 1 else self.say("tasks_days", days=days)

    def _moment(self, at_ms: int | None) -> str:
        """`09:12`, with the date where it is not of today."""
        if at_ms is None:
            return ""
        at = dt.datetime.fromtimestamp(at_ms / 1000, self._zone)
        today = dt.datetime.now(self._zone).date()
        return f"{at:%H:%M}" if at.date() == today else f"{at:%m-%d %H:%M}"

    @Slot()
    def _settle_offers(self) -> None:
        if len(self._offers) == 1:
            number = self._offers.pop()
            self.opens.emit(number)
            return
        self._show()


def join(screen: TasksScreen, conductor: Conductor) -> None:
    """What the screen hears and wishes."""
    conductor.tasks_changed.connect(screen.draw)
    conductor.patient_changed.connect(screen.draw_patients)
    conductor.site_changed.connect(screen.draw_site)
    conductor.delivery_offered.connect(screen.take_offer)
    conductor.receipt_opened.connect(screen.take_receipt)
    conductor.command_answered.connect(screen.take_command)
    screen.opens.connect(conductor.open_delivery)
    screen.refreshed.connect(conductor.refresh_tasks)
    screen.refreshed.connect(conductor.sync_now)
    screen.papers.wished.connect(conductor.accept)
    conductor.paper_told.connect(screen.papers.take)
    conductor.import_moved.connect(screen.imports.draw)
    screen.imports.wanted.connect(conductor.import_file)
    screen.imports.cancelled.connect(conductor.cancel_import)
