"""Receiving a delivery: the verdict, how much is in, the lines, the last scans, the differences, the close. UI thread.

In the pocket the verdict is on top and lines, last scans and differences share the room under it; on the desk they
stand in three columns. The parts are the same in both and are only placed anew, so nothing is lost when the window
changes its shape.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar, cast

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.codes import key_of, read
from app.domain.reasons import Panel
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.views import EntryView, LineView, ReceiptView, SettingRow
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.receiving_differences import ChosenCode, Differences
from app.ui.screens.receiving_header import Header, Totals
from app.ui.screens.receiving_lists import EntryList, LineList
from app.ui.screens.receiving_words import Said, entry_row, is_shown, line_row, say_command, say_scan
from app.ui.screens.screen import Form, Look, Screen
from app.ui.theme import GRID_PX
from app.ui.widgets.cards import EmptyState, SectionTitle
from app.ui.widgets.choices import Choice
from app.ui.widgets.rows import Row
from app.ui.widgets.verdict_panel import ConfirmButton, VerdictPanel
from app.ui.widgets.verdict_panel import arrange as plan_of
from devices import DeviceState, DeviceStatus

LATEST_SHOWN = 50
LINES, RECENT, DIFFERENCES = "lines", "recent", "differences"
PANEL_PX, LOW_PANEL_PX, LIST_PX = 168, 112, 80
MOST_OF_SCREEN = 0.75
MOST_PX = 16_777_215  # QWIDGETSIZE_MAX
NOT_HELD = "not_recorded"  # a scan that could not be written could not be held either


class ReceivingScreen(Screen):
    """One receipt under the hand, or the advice to open one."""

    name: ClassVar[str] = "receiving"
    icon: ClassVar[Icon] = Icon.RECEIVE

    commanded = Signal(str)  # the text of a command, without the `!`
    left = Signal()

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._view: ReceiptView | None = None
        self._lines: dict[int, LineView] = {}
        self._received = 0  # smallest packs of all lines
        self._entries: list[EntryView] = []
        self._last: ScanOutcome | CommandOutcome | None = None
        self._held, self._stop_holds, self._scanner_ready = False, True, True
        self._offered = ""  # the delivery that a box was scanned for
        self.empty = EmptyState(Icon.BOX_OPEN, "recv_none", "recv_to_tasks")
        self.header, self.totals = Header(), Totals()
        self.panel = VerdictPanel()
        self.tabs = Choice("recv_tabs", [(part, f"recv_tab_{part}") for part in (LINES, RECENT, DIFFERENCES)])
        self.line_list, self.entry_list, self.differences = LineList(), EntryList(), Differences()
        self._recent_title = SectionTitle("recv_recent")
        self._body = QWidget()
        self._grid = QGridLayout(self._body)
        self._lay_out()
        self._join_parts()

    @property
    def view(self) -> ReceiptView | None:
        """The receipt that is shown."""
        return self._view

    @property
    def tab(self) -> str:
        """Which part the pocket shows: lines, recent, differences."""
        return self.tabs.value or LINES

    def expect(self, delivery: str) -> None:
        """A box of this delivery found it: if it is opened, that box must be scanned again."""
        self._offered = delivery

    def open(self, view: ReceiptView) -> None:
        """A receipt came under the hand, new or resumed."""
        if self._offered != view.delivery:
            self._offered = ""
        if self._view is None or self._view.receipt != view.receipt:
            self._forget_scans()
            self.show_tab(LINES)
        self.draw(view)
        self._show_body(shown=True)
        self.goes.emit(self.name)

    def draw(self, view: ReceiptView) -> None:
        """The receipt as it stands; a view of another one than that under the hand is nothing to this screen."""
        if self._view is not None and self._view.receipt != view.receipt and self._entries:
            self._forget_scans()
        self._view, self._held = view, view.held
        self.header.draw(view)
        self._received = view.equation.received
        self.totals.draw(view.equation)
        self._draw_lines(view.lines)
        self._draw_entries(view.entries)
        self.differences.draw(view)
        if self.panel.holding != view.held or self._last is None:
            self._say()
        self._arrange_pocket()

    def forget(self) -> None:
        """No receipt is under the hand any more."""
        self._view = None
        self._forget_scans()
        self._show_body(shown=False)
        if self.isVisible():
            self.goes.emit("tasks")

    def show_scan(self, outcome: ScanOutcome) -> None:
        """The answer to a scan, after its commit."""
        self._last, self._offered = outcome, ""
        was_held = self._held
        self._held = self._stop_holds and outcome.panel is Panel.STOP and outcome.reason != NOT_HELD
        self._say()
        if self._held != was_held or not self.panel.plan().fits:
            self._arrange_pocket()  # else nothing moves under the hand, and a scan costs no layout
        line = self._lines.get(outcome.line or 0)
        if line is not None and outcome.received is not None and outcome.counted:
            self._line_moved(replace(line, received=outcome.received))
        self.line_list.mark(str(outcome.line or ""))
        self._note(outcome)

    def show_command(self, outcome: CommandOutcome) -> None:
        """The answer to a command; the receipt as it stands then follows by itself."""
        self._last = outcome
        self._held = self._held and not (outcome.ok and outcome.command == "confirm")
        self._say()
        if outcome.reason == "outcome_missing":
            self.show_tab(DIFFERENCES)
        self._arrange_pocket()

    def opened(self) -> None:
        """The keys begin in the list that is seen, not at the ways to other screens."""
        next((part for part in (self.line_list, self.entry_list) if part.isVisible()), self.empty).setFocus()

    def take_settings(self, rows: tuple[SettingRow, ...]) -> None:
        """Whether a stop holds here."""
        self._stop_holds = next((row.value == "true" for row in rows if row.key == "stop_holds"), True)

    def take_scanners(self, statuses: tuple[DeviceStatus, ...]) -> None:
        """Without a scanner that is ready the idle panel says so."""
        self._scanner_ready = not statuses or any(status.state is DeviceState.READY for status in statuses)
        if self._last is None:
            self._say()

    def show_tab(self, tab: str) -> None:
        """Show a part in the pocket."""
        self.tabs.set_value(tab)
        self._arrange_pocket()

    def reword(self) -> None:
        lang = self.look.lang
        self.line_list.set_rows([line_row(self.texts, lang, line) for line in self._lines.values()])
        self.entry_list.set_rows([self._entry_row(entry) for entry in self._entries])
        if self._view is not None:
            self.header.draw(self._view)
        self._say()
        self._arrange_pocket()

    def arrange(self, form: Form) -> None:
        while self._grid.takeAt(0) is not None:
            pass
        if form is Form.DESK:
            self._arrange_desk()
        else:
            self._place_in_pocket()
        self._arrange_pocket()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange_pocket()

    def _lay_out(self) -> None:
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        for page in (self.empty, self._body):
            rows.addWidget(page)
        self._show_body(shown=False)
        for part in (
            self.header, self.panel, self.totals, self.tabs, self.line_list, self._recent_title, self.entry_list,
            self.differences,
        ):  # fmt: skip
            part.setParent(self._body)
        for rows_of in (self.line_list, self.entry_list):
            rows_of.setMinimumHeight(LIST_PX)
        self.tabs.set_value(LINES)
        self.arrange(self.form)

    def _show_body(self, *, shown: bool) -> None:
        self.empty.setVisible(not shown)
        self._body.setVisible(shown)

    def _join_parts(self) -> None:
        assert self.empty.button is not None
        self.empty.button.clicked.connect(lambda: self.goes.emit("tasks"))
        self.header.left.connect(self.left)
        self.header.paused.connect(lambda: self.commanded.emit("pause"))
        self.panel.confirmed.connect(lambda: self.commanded.emit("confirm"))
        self.tabs.chosen.connect(self.show_tab)
        self.entry_list.undo.connect(lambda key: self.commanded.emit(f"undo {key}"))
        self.entry_list.chosen.connect(self._choose_entry)
        self.line_list.chosen.connect(self._choose_line)
        self.differences.wished.connect(self.commanded)
        self.differences.left.connect(self.left)

    def _place_in_pocket(self) -> None:
        grid, pad = self._grid, GRID_PX + GRID_PX // 2
        grid.setContentsMargins(pad, GRID_PX, pad, 0)
        grid.setSpacing(GRID_PX)
        for row, part in enumerate((self.header, self.panel, self.totals, self.tabs)):
            grid.addWidget(part, row, 0)
        for part in (self.line_list, self.entry_list, self.differences):
            grid.addWidget(part, 4, 0)
        self._set_stretches(rows=(0, 5, 0, 0, 4), columns=(1, 0, 0))

    def _arrange_desk(self) -> None:
        grid = self._grid
        grid.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        grid.setSpacing(2 * GRID_PX)
        grid.addWidget(self.header, 0, 0, 1, 3)
        grid.addWidget(self.line_list, 1, 0, 4, 1)
        grid.addWidget(self.panel, 1, 1)
        grid.addWidget(self.totals, 2, 1)
        grid.addWidget(self._recent_title, 3, 1)
        grid.addWidget(self.entry_list, 4, 1)
        grid.addWidget(self.differences, 1, 2, 4, 1)
        self._set_stretches(rows=(0, 5, 0, 0, 4), columns=(10, 13, 10))

    def _set_stretches(self, *, rows: tuple[int, ...], columns: tuple[int, ...]) -> None:
        for place, share in enumerate(rows):
            self._grid.setRowStretch(place, share)
        for place, share in enumerate(columns):
            self._grid.setColumnStretch(place, share)

    def _arrange_pocket(self) -> None:
        """What is seen, and how much room the verdict has: less while differences are worked on, or in a low window."""
        pocket = self.form is Form.POCKET
        tab = self.tab if pocket else ""
        self.tabs.setVisible(pocket)
        self._recent_title.setVisible(not pocket)
        for name, part in ((LINES, self.line_list), (RECENT, self.entry_list), (DIFFERENCES, self.differences)):
            part.setVisible(not pocket or name == tab)
        low = pocket and self._is_low()
        working = pocket and tab == DIFFERENCES and not self._held
        self.header.set_slim(slim=low)
        self.totals.set_small(small=low or working)
        least_px = self._least_panel(PANEL_PX if not (low or working) else LOW_PANEL_PX)
        self.panel.setMinimumHeight(least_px)
        self.panel.setMaximumHeight(least_px if working else MOST_PX)
        fills = low and self._held and self._room_px() < least_px + self.line_list.height_for(1) + self._below_px()
        self._grid.setRowStretch(1, 9 if self._held else 5)
        self._grid.setRowStretch(4, 0 if fills else 4)
        if fills:
            # A stop that must be confirmed needs the room more than what nobody can scan now.
            for other in (self.tabs, self.totals, self.line_list, self.entry_list, self.differences):
                other.hide()
        else:
            self.totals.show()

    def _below_px(self) -> int:
        """What tabs, the small total and the gaps take."""
        return self.tabs.sizeHint().height() + self.totals.small.sizeHint().height() + 5 * GRID_PX

    def _least_panel(self, floor_px: int) -> int:
        """The lowest panel, from `floor_px` at 100 % on, in which its words fit; never more than the screen has."""
        air = 1 + (self.look.text_scale - 1) / 2
        pad = 4 * GRID_PX
        if self.form is Form.DESK:
            return round(floor_px * air)  # there the panel is high enough for everything that it can say
        width = self._body.width() - 3 * GRID_PX
        button = cast("ConfirmButton", self.panel.findChild(ConfirmButton))
        held_px = button.sizeHint().height() + GRID_PX if self.panel.holding else 0
        high = round(floor_px * air)
        while high + held_px < self._room_px() * MOST_OF_SCREEN:
            if plan_of(self.panel.said, QRectF(0, 0, width - pad, high - pad), self.look.text_scale).fits:
                break
            high += 3 * GRID_PX
        return high + held_px

    def _is_low(self) -> bool:
        """True where the parts do not all fit: then the header goes and the total is one line."""
        needed = self.header.full_height() + self.totals.full_height() + self.tabs.sizeHint().height()
        needed += self.panel.minimumSizeHint().height() + self.line_list.height_for(1) + 6 * GRID_PX
        return self._room_px() < needed

    def _room_px(self) -> int:
        """The height that the window gives; this screen may be higher and then scrolls."""
        room = self.parentWidget()
        return self.height() if room is None else room.height()

    def _say(self) -> None:
        """The last answer, in the present language; before the first one, what can be done."""
        said: Said | None = None
        if isinstance(self._last, ScanOutcome):
            said = say_scan(self.texts, self.look.lang, self._last)
        elif isinstance(self._last, CommandOutcome):
            said = say_command(self.texts, self.look.lang, self._last)
        elif self._held:
            title, advice = self.say("recv_held"), self.texts.advice("recv_held", self.look.lang)
            said = Said(Panel.STOP, self.say("recv_held_word"), title, advice)
        if said is not None:
            self.panel.show_outcome(said.panel, said.word, said.sentence, said.hint, holds=self._held)
        elif self._offered:
            self.panel.show_idle("recv_opened_by_scan")
        elif self._view is not None and self._view.closed:
            self.panel.show_idle("ui_idle_closed")
        else:
            self.panel.show_idle("ui_idle" if self._scanner_ready else "ui_idle_no_scanner")

    def _draw_lines(self, lines: tuple[LineView, ...]) -> None:
        """Only the lines that changed are drawn anew: a delivery may have ten thousand."""
        draw = partial(line_row, self.texts, self.look.lang)
        if [line.line for line in lines] != list(self._lines):
            self._lines = {line.line: line for line in lines}
            self.line_list.set_rows([draw(line) for line in lines])
            return
        for line in lines:
            if line != self._lines[line.line]:
                self._lines[line.line] = line
                self.line_list.replace_row(draw(line))

    def _draw_entries(self, entries: tuple[EntryView, ...]) -> None:
        shown = [entry for entry in entries if is_shown(entry)][:LATEST_SHOWN]
        if shown != self._entries:
            self._entries = shown
            self.entry_list.set_rows([self._entry_row(entry) for entry in shown])
        self._tell_undoable()
        if self.differences.chosen is None:
            self._choose_latest()

    def _choose_latest(self) -> None:
        entry = next((entry for entry in self._entries if entry.code), None)
        if entry is not None and entry.code:
            self.differences.choose(ChosenCode(entry.code, self._name_of(entry.line)))

    def _note(self, outcome: ScanOutcome) -> None:
        """The scan as the newest of the last ones; the next view brings it with everything."""
        key = key_of(read(outcome.payload)) if outcome.payload is not None else None
        if key is not None:
            self.differences.take_scanned(ChosenCode(key, self._name_of(outcome.line)))
        if outcome.seq is None:
            return
        entry = EntryView(
            outcome.seq, 0, "scan", outcome.reason, key, outcome.payload, outcome.line, outcome.packs,
            outcome.counted, outcome.counted, outcome.counted,
        )  # fmt: skip
        model = self.entry_list.model_of_rows
        if model.place_of(str(entry.seq)) is not None:
            return  # a view brought it already
        self._entries.insert(0, entry)
        del self._entries[LATEST_SHOWN:]
        model.insert(0, self._entry_row(entry))
        model.keep_first(LATEST_SHOWN)
        self._tell_undoable()

    def _line_moved(self, line: LineView) -> None:
        self._received += line.received - self._lines[line.line].received
        self._lines[line.line] = line
        self.line_list.replace_row(line_row(self.texts, self.look.lang, line))
        self.totals.receive(self._received)

    def _tell_undoable(self) -> None:
        open_now = self._view is not None and not self._view.closed
        keys = (str(entry.seq) for entry in self._entries if entry.undoable and open_now)
        self.entry_list.set_undoable(frozenset(keys))

    def _choose_entry(self, key: str) -> None:
        entry = next((entry for entry in self._entries if str(entry.seq) == key), None)
        if entry is not None and entry.code:
            self.differences.choose(ChosenCode(entry.code, self._name_of(entry.line)))
            self.differences.show_overview()
            self.show_tab(DIFFERENCES)

    def _choose_line(self, key: str) -> None:
        if self._view is not None and not self._view.closed and self._lines[int(key)].missing:
            self.differences.bring(int(key))
            self.show_tab(DIFFERENCES)

    def _forget_scans(self) -> None:
        self._last, self._held, self._entries, self._lines = None, False, [], {}
        self.entry_list.set_rows([])
        self.line_list.mark("")
        self.differences.choose(None)
        self.differences.show_overview()

    def _entry_row(self, entry: EntryView) -> Row:
        return entry_row(self.texts, self.look.lang, entry, self._name_of(entry.line))

    def _name_of(self, number: int | None) -> str:
        line = self._lines.get(number or 0)
        return line.name if line is not None else ""


def join(screen: ReceivingScreen, conductor: Conductor) -> None:
    """What the screen hears and wishes."""
    conductor.delivery_offered.connect(screen.expect)
    conductor.receipt_opened.connect(screen.open)
    conductor.receipt_changed.connect(screen.draw)
    conductor.receipt_left.connect(screen.forget)
    conductor.signed_out.connect(screen.forget)
    conductor.scan_answered.connect(screen.show_scan)
    conductor.command_answered.connect(screen.show_command)
    conductor.settings_changed.connect(screen.take_settings)
    conductor.scanners_changed.connect(screen.take_scanners)
    screen.commanded.connect(conductor.command)
    screen.left.connect(conductor.leave_receipt)
