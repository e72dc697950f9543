"""Receiving a delivery: the verdict, how much is in, the lines, the last scans, the differences, the close. UI thread.

In the pocket the verdict is on top and lines, last scans and differences share the room under it; on the desk they
stand in three columns. The parts are the same in both and are only placed anew, so nothing is lost when the window
changes its shape.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.base.texts import Texts
from app.domain.codes import key_of, read
from app.domain.packages import code_of
from app.domain.reasons import Panel
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.package_view import PackageTree
from app.flows.views import EntryView, LineView, ReceiptView, SettingRow, SiteView
from app.ui.conductor import Conductor
from app.ui.icons import Icon
from app.ui.screens.receiving_body import DIFFERENCES, LINES, TREE, Body
from app.ui.screens.receiving_differences import ChosenCode
from app.ui.screens.receiving_sheet import OUTCOME_KEYS
from app.ui.screens.receiving_words import (
    ENDS_LEAD,
    GUESS_NOTES,
    LEADS,
    Said,
    entry_row,
    is_shown,
    line_row,
    say_command,
    say_scan,
    with_scan,
)
from app.ui.screens.screen import Form, Look, Screen
from app.ui.widgets.cards import EmptyState
from app.ui.widgets.rows import Row
from devices import DeviceState, DeviceStatus

LATEST_SHOWN = 50
NOT_HELD = "not_recorded"  # a scan that could not be written could not be held either


class ReceivingScreen(Screen):
    """One receipt under the hand, or the advice to open one."""

    name: ClassVar[str] = "receiving"
    icon: ClassVar[Icon] = Icon.RECEIVE

    commanded = Signal(str)  # the text of a command, without the `!`
    left = Signal()
    opens = Signal(str)  # another delivery, whose code was shot here; then
    shot = Signal(bytes)  # that code, to be counted there
    tree_asked = Signal(str)  # the code under the hand, while its packages can be seen

    def __init__(self, look: Look, texts: Texts, parent: QWidget | None = None) -> None:
        super().__init__(look, texts, parent)
        self._view: ReceiptView | None = None
        self._lines: dict[int, LineView] = {}
        self._received = 0  # smallest packs of all lines
        self._entries: list[EntryView] = []
        self._last: ScanOutcome | CommandOutcome | None = None
        self._held, self._stop_holds, self._scanner_ready = False, True, True
        self._offered = ""  # the delivery that a box was scanned for
        self._led: ScanOutcome | None = None  # the scan from which there is a way on
        self.empty = EmptyState(Icon.BOX_OPEN, "recv_none", "recv_to_tasks")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._body = body = Body()
        self.header, self.panel, self.totals, self.tabs = body.header, body.panel, body.totals, body.tabs
        self.line_list, self.entry_list, self.differences = body.line_list, body.entry_list, body.differences
        self._lay_out()
        self._join_parts()

    @property
    def view(self) -> ReceiptView | None:
        """The receipt that is shown."""
        return self._view

    @property
    def tab(self) -> str:
        """Which part the pocket shows: lines, recent, differences."""
        return self._body.tab

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
        self.totals.draw(view.equation, view.lines, manifest_refused=view.manifest_refused is not None)
        self._body.tree.let_open(may=not view.closed)
        self._draw_lines(view.lines)
        self._draw_entries(view.entries)
        self.differences.draw(view)
        if self.panel.holding != view.held or self._last is None:
            self._say()
        self._fit()
        self._ask_tree()

    def draw_tree(self, tree: PackageTree) -> None:
        """The packages of the code under the hand."""
        self._body.tree.draw(tree)

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
        moved = self._lead_from(outcome if outcome.payload and " " not in outcome.payload else None)
        if moved or self._held != was_held or not self.panel.plan().fits:
            self._fit()  # else nothing moves under the hand, and a scan costs no layout
        line = self._lines.get(outcome.line or 0)
        if line is not None and outcome.received is not None and outcome.counted:
            self._line_moved(with_scan(line, outcome))
            if outcome.guess is not None:
                self.totals.guess(tuple(self._lines.values()))
                self._fit()
        self.line_list.mark(str(outcome.line or ""))
        self._note(outcome)

    def show_command(self, outcome: CommandOutcome) -> None:
        """The answer to a command; the receipt as it stands then follows by itself."""
        self._last = outcome
        self._held = self._held and not (outcome.ok and outcome.command == "confirm")
        if outcome.ok and outcome.command in ENDS_LEAD:
            self._lead_from(None)
        self._say()
        if outcome.reason == "outcome_missing":
            self.show_tab(DIFFERENCES)
        self._fit()

    def opened(self) -> None:
        """The keys begin here: not at the ways to other screens, nor on a line, where a ring means the last scan."""
        self.setFocus()

    def take_site(self, site: SiteView) -> None:
        """Moments are shown in the hospital's zone."""
        self._body.tree.set_zone(site.zone)

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
        self._fit()
        self._ask_tree()

    def reword(self) -> None:
        lang = self.look.lang
        self.line_list.set_rows([line_row(self.texts, lang, line) for line in self._lines.values()])
        self.entry_list.set_rows([self._entry_row(entry) for entry in self._entries])
        if self._view is not None:
            self.header.draw(self._view)
        self._say()
        self._fit()

    def arrange(self, form: Form) -> None:
        self._body.place(form)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        name = OUTCOME_KEYS.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_F4 and not event.modifiers() and self._led is not None:
            self._follow_lead()
        elif name is None or event.modifiers() or self._view is None:
            super().keyPressEvent(event)
        elif self.differences.ask_for(name):
            self.show_tab(DIFFERENCES)
            self.differences.sheet.take_keys()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _lay_out(self) -> None:
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        for page in (self.empty, self._body):
            rows.addWidget(page)
        self._show_body(shown=False)
        self.arrange(self.form)

    def _fit(self) -> None:
        room = self.parentWidget()  # as high as the window gives; this screen may be higher and then scrolls
        self._body.fit(self.height() if room is None else room.height(), self.look.text_scale, held=self._held)

    def _show_body(self, *, shown: bool) -> None:
        self.empty.setVisible(not shown)
        self._body.setVisible(shown)

    def _join_parts(self) -> None:
        assert self.empty.button is not None
        self.empty.button.clicked.connect(lambda: self.goes.emit("tasks"))
        self.header.left.connect(self.left)
        self.header.camera_wanted.connect(lambda: self.goes.emit("camera"))
        self.header.paused.connect(lambda: self.commanded.emit("pause"))
        self.panel.confirmed.connect(lambda: self.commanded.emit("confirm"))
        self.tabs.chosen.connect(self.show_tab)
        self._body.tree_fold.clicked.connect(self._fold_tree)
        self._body.lead.clicked.connect(self._follow_lead)
        self._body.tree.opened.connect(lambda code: self.commanded.emit(f"open {code}"))
        self.entry_list.undo.connect(lambda key: self.commanded.emit(f"undo {key}"))
        self.entry_list.chosen.connect(self._choose_entry)
        self.line_list.chosen.connect(self._choose_line)
        self.differences.wished.connect(self.commanded)
        self.differences.left.connect(self.left)

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
        latest = next((entry for entry in self._entries if entry.code), None)
        if self.differences.chosen is None and latest is not None and latest.code:
            self.differences.choose(ChosenCode(latest.code, self._name_of(latest.line), latest.line))

    def _note(self, outcome: ScanOutcome) -> None:
        """The scan as the newest of the last ones; the next view brings it with everything."""
        key = key_of(read(outcome.payload)) if outcome.payload is not None else None
        if key is not None:
            self.differences.take_scanned(ChosenCode(key, self._name_of(outcome.line), outcome.line))
        if outcome.seq is None:
            return
        entry = EntryView(
            outcome.seq, 0, "scan", outcome.reason, key, outcome.payload, outcome.line, outcome.packs,
            outcome.counted, outcome.counted, outcome.counted, GUESS_NOTES.get(outcome.guess or ""),
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
        is_open = self._view is not None and not self._view.closed
        self.entry_list.set_undoable(frozenset(str(one.seq) for one in self._entries if one.undoable and is_open))

    def _choose_entry(self, key: str) -> None:
        entry = next((entry for entry in self._entries if str(entry.seq) == key), None)
        if entry is not None and entry.code:
            self.differences.choose(ChosenCode(entry.code, self._name_of(entry.line), entry.line))
            self.differences.show_overview()
            self.show_tab(DIFFERENCES)

    def _choose_line(self, key: str) -> None:
        if self._view is not None and not self._view.closed:
            self.differences.bring(int(key))
            self.show_tab(DIFFERENCES)

    def _lead_from(self, outcome: ScanOutcome | None) -> bool:
        """What can be done about this scan; True if a button came or went."""
        words, icon = LEADS.get(outcome.reason, ("", Icon.NEXT)) if outcome is not None else ("", Icon.NEXT)
        self._led = outcome if words else None
        self._body.tree.show_sides(shown=False)
        return self._body.lead_to(words, icon)

    def _follow_lead(self) -> None:
        led = self._led
        if led is None or led.payload is None:
            return
        if led.reason == "other_delivery":
            self.opens.emit(str(led.values["delivery"]))
            self.shot.emit(led.payload.encode())
        elif led.reason == "unknown_code":
            self.show_tab(DIFFERENCES)
            self.differences.ask_level(led.payload)
        else:
            self._body.unfold_tree(unfolded=True)
            self._body.tree.show_sides(shown=True)
            self.show_tab(TREE)

    def _fold_tree(self) -> None:
        self._body.unfold_tree(unfolded=not self._body.shows_tree)
        self._fit()
        self._ask_tree()

    def _ask_tree(self) -> None:
        """Between quick scans there is no time for it: this is called when the receipt is drawn after a pause."""
        code = next((entry.code for entry in self._entries if entry.code), None)
        if code and self._body.shows_tree:
            self.tree_asked.emit(code_of(code))

    def _forget_scans(self) -> None:
        self._lead_from(None)
        self._body.tree.draw(PackageTree(None))
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
    conductor.tree_found.connect(screen.draw_tree)
    conductor.site_changed.connect(screen.take_site)
    screen.tree_asked.connect(conductor.ask_tree)
    screen.commanded.connect(conductor.command)
    screen.differences.papers.wished.connect(conductor.accept)
    conductor.paper_told.connect(screen.differences.papers.take)
    screen.left.connect(conductor.leave_receipt)
    screen.opens.connect(conductor.open_delivery)
    screen.shot.connect(conductor.scan)
