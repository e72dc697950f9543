"""Puts the scanner panel and the tour beside the demonstration's window and joins them with it. UI thread.

What is asked of the hospital's control door goes out on a worker of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from PySide6.QtCore import QCoreApplication, QObject, QPoint, Slot
from PySide6.QtWidgets import QWidget

from app.base.errors import Trouble
from app.base.texts import Texts
from app.domain.codes import key_of, read
from app.flows.demo import DemoHospital
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.views import ReceiptView
from app.ui.bridge import Bridge
from app.ui.demo.gun import DoorGun, PtyGun
from app.ui.demo.scanner_panel import ScannerPanel
from app.ui.demo.tour import Step, Tour
from app.ui.jobs import Jobs
from app.ui.shell.notices import Notice
from app.ui.theme import GRID_PX, Tone
from app.ui.widgets.verdict_panel import VerdictPanel
from app.ui.window import MainWindow

CUT_S = 20.0
CLOSE_S = 3.0


class DemoStage(QObject):
    """Lives as long as its window."""

    def __init__(
        self, window: MainWindow, hospital: DemoHospital, gun: PtyGun | DoorGun, texts: Texts, *, tour: bool
    ) -> None:
        """`tour`: begin with the guided tour."""
        super().__init__(window)
        self._window, self._hospital, self._gun, self._texts = window, hospital, gun, texts
        self._look = window.frame.look
        self._bridge = Bridge(self)
        self._jobs = Jobs(self._bridge, self._tell_trouble)
        self.panel = ScannerPanel(self._look, texts, window)
        self.tour = Tour(window.frame, self._steps(), self._look, texts)
        if isinstance(gun, DoorGun):
            gun.aim(window.conductor.scan)
        self._hear_panel()
        self._hear_program()
        self._put_panel()
        self._fetch_dock()
        if tour:
            self.tour.start()

    @Slot()
    def close(self) -> None:
        """Ask the hospital nothing more. Called when the program ends."""
        self._jobs.close(lambda: None, limit_s=CLOSE_S)
        self._bridge.close()

    def _hear_panel(self) -> None:
        panel = self.panel
        panel.shot.connect(self._shoot)
        panel.cut_wanted.connect(self._cut)
        panel.truck_wanted.connect(self._truck)
        panel.tour_wanted.connect(self.tour.start)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    def _hear_program(self) -> None:
        conductor = self._window.conductor
        conductor.operators_changed.connect(self.panel.draw_people)
        conductor.signed_in.connect(self._signed_in)
        conductor.signed_out.connect(self._signed_out)
        conductor.receipt_opened.connect(self._opened)
        conductor.receipt_changed.connect(self._changed)
        conductor.receipt_left.connect(lambda: self.panel.open_delivery(None))
        conductor.scan_answered.connect(self._answered)
        conductor.command_answered.connect(self._commanded)
        conductor.settings_changed.connect(lambda _: self._follow_look())

    @Slot(str)
    def _shoot(self, code: str) -> None:
        if not self._gun.shoot(code):
            self._tell("demo_not_taken")

    def _cut(self) -> None:
        self._jobs.run(lambda: self._hospital.cut_network(CUT_S), lambda _: self._tell("demo_cut_done"))

    def _truck(self) -> None:
        def came(number: str) -> None:
            self._window.frame.notices.tell(Notice("demo_truck_done", Tone.GOOD, {"number": number}, passing=True))
            self._fetch_dock()
            self._window.conductor.sync_now()

        self._jobs.run(self._hospital.another_truck, came)

    def _fetch_dock(self) -> None:
        self._jobs.run(self._hospital.dock, self.panel.draw_dock)

    @Slot(object)
    def _signed_in(self, _operator: object) -> None:
        self.panel.set_signed_in(True)
        self.tour.happened("signed_in")

    @Slot()
    def _signed_out(self) -> None:
        self.panel.set_signed_in(False)
        self.panel.open_delivery(None)

    @Slot(object)
    def _opened(self, view: ReceiptView) -> None:
        self.panel.open_delivery(view.delivery)
        self._changed(view)
        self.tour.happened("opened")

    @Slot(object)
    def _changed(self, view: ReceiptView) -> None:
        """What the journal's latest entries say of each code; older ones stand as they were."""
        seen: dict[str, bool] = {}
        for entry in view.entries:  # newest first
            if entry.code is not None and entry.what == "scan" and entry.counted:
                seen[entry.code] = seen.get(entry.code, False) or entry.in_force
        self.panel.mark(seen)

    @Slot(object)
    def _answered(self, outcome: ScanOutcome) -> None:
        code = key_of(read(outcome.payload)) if outcome.payload else None
        if outcome.counted and code is not None:
            self.panel.mark({code: True})
            self.tour.happened("carton" if (outcome.packs or 0) > 1 else "box")
        elif not outcome.counted:
            self.tour.happened("wrong")

    @Slot(object)
    def _commanded(self, outcome: CommandOutcome) -> None:
        if outcome.ok and outcome.command == "close":
            self.panel.close_delivery()

    def _follow_look(self) -> None:
        """Language, theme or text size changed: the window took it up just before."""
        look = self._window.frame.look
        if look != self._look:
            self._look = look
            self.panel.retheme(look, self._texts)
            self.tour.retheme(look, self._texts)

    def _put_panel(self) -> None:
        """Beside the window where the screen has room for both, else over its right edge."""
        window, panel = self._window, self.panel
        room = window.screen().availableGeometry()
        frame = window.frameGeometry()
        spare = room.width() - panel.width() - 2 * GRID_PX
        if not window.isFullScreen() and spare < frame.width() and spare >= window.minimumWidth():
            window.resize(spare, window.height())
            frame = window.frameGeometry()
        if not window.isFullScreen() and frame.right() + GRID_PX + panel.width() > room.right():
            window.move(max(room.left(), room.right() - frame.width() - GRID_PX - panel.width()), frame.top())
            frame = window.frameGeometry()
        panel.resize(panel.width(), min(panel.height(), room.height()))
        left = min(frame.right() + GRID_PX, room.right() - panel.width())
        panel.move(QPoint(left, max(room.top(), frame.top())))
        panel.show()

    def _tell(self, code: str) -> None:
        self._window.frame.notices.tell(Notice(code, Tone.ATTENTION, passing=True))

    def _tell_trouble(self, trouble: Trouble) -> None:
        self._window.frame.notices.tell(Notice.of(trouble))

    def _verdict(self) -> QWidget | None:
        """The verdict that is seen now: more than one screen has one."""
        panels = cast("Iterable[VerdictPanel]", self._window.findChildren(VerdictPanel))  # the stubs say Never
        return next((panel for panel in panels if panel.isVisible()), None)

    def _steps(self) -> tuple[Step, ...]:
        frame = self._window.frame
        return (
            Step("tour_welcome"),
            Step("tour_sign_in", "signed_in"),
            Step("tour_open", "opened"),
            Step("tour_box", "box"),
            Step("tour_verdict", "", self._verdict),
            Step("tour_wrong", "wrong", self._verdict),
            Step("tour_carton", "carton"),
            Step("tour_uploads", "", lambda: frame.strip),
        )
