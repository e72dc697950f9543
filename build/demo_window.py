"""The hand in the demonstration: opens the real window and does in it what a clerk does, by clicks on real widgets.

Called by demo.py as `demo_window.py PICTURES WORDS…`, where WORDS are those of `matou`. Orders come in as JSON lines
on standard input, one at a time, each with an answer on standard output; what was scanned is told there, too, once it
is painted. Everything but the reading of orders lives on the UI thread.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast
from unittest import mock

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

import app.ui.window as window_module
from app.__main__ import main as matou
from app.base.texts import Texts
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.ui.bridge import Bridge
from app.ui.screens.lookup import LookupScreen
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import DIFFERENCES, RECENT
from app.ui.screens.sign_in import SignInScreen
from app.ui.screens.tasks import TasksScreen
from app.ui.screens.uploads import UploadsScreen
from app.ui.shell.pocket import MORE, MorePage
from app.ui.theme import Look, Mode
from app.ui.widgets.buttons import NavButton
from app.ui.widgets.keypad import DigitButton
from app.ui.widgets.progress import LineProgress, TotalProgress
from app.ui.widgets.rows import RowList
from app.ui.widgets.verdict_panel import ConfirmButton
from app.ui.window import MainWindow
from devices import DeviceState
from tests.ui import picture_check

WAIT_S = 30.0
LOOK_MS = 5
SHELLS = {"small": (360, 640), "pocket": (480, 800), "desk": (1280, 800)}
LOOKS = tuple(Look(mode, scale) for mode in Mode for scale in (1.0, 2.0))
RESTING_LOOKS = 6  # so often nothing has moved: what the worker says of a new look is drawn a moment after it
SETTLES = 6  # rounds of Qt's own events until a new size has gone through every layout
W = TypeVar("W", bound=QWidget)
Order = dict[str, Any]


class Hand(QObject):
    """One person before one window."""

    def __init__(self, window: MainWindow, pictures: Path) -> None:
        super().__init__(window)
        window.complete()
        self._window, self._pictures, self._texts = window, pictures, Texts.load()
        self._heard: list[Order] = []  # answers that are not painted yet
        self._bytes_seen = self._looked_up = self._closed_receipts = 0
        self._waiting, self._scanner_ready = -1, False
        self._orders = Bridge(self)
        self._listen()
        self.panel = self._screen(ReceivingScreen).panel
        self.panel.installEventFilter(self)
        threading.Thread(target=self._read_orders, name="orders", daemon=True).start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """After the verdict panel has painted what was scanned, say so."""
        if watched is self.panel and event.type() == QEvent.Type.Paint and self._heard:
            told, self._heard = self._heard, []
            for one in told:
                self._orders.post(partial(self._tell_heard, one))
        return False

    # ------------------------------------------------------------------------------------------------ orders

    def ready(self, _: Order) -> Order:
        """Until people can sign in and the scanner is open: what is shot before is lost on any serial line."""
        door = self._screen(SignInScreen)
        self._until("nobody can sign in", lambda: bool(door.people.rows) and self._scanner_ready)
        return {"people": len(door.people.rows)}

    def shape(self, order: Order) -> Order:
        self._window.resize(*SHELLS[order["shell"]])
        self._settle()
        return {"form": self._window.frame.form.name}

    def choose_person(self, order: Order) -> Order:
        door = self._screen(SignInScreen)
        self._click_row(door.people, order["operator"])
        self._until("the PIN is not asked for", lambda: door.chosen == order["operator"])
        return {}

    def sign_in(self, order: Order) -> Order:
        """By the keys of the PIN pad."""
        self.choose_person(order)
        keys = {key.text(): key for key in found(self._screen(SignInScreen).keypad, DigitButton)}
        for digit in order["pin"]:
            self._click(keys[digit])
        self._until("not signed in", lambda: self._window.frame.current == "tasks")
        return {}

    def open(self, order: Order) -> Order:
        """Touch the delivery in the list."""
        tasks, dock = self._screen(TasksScreen), self._screen(ReceivingScreen)
        number = order["delivery"]
        self._until("the delivery is not in the list", lambda: number in {row.key for row in tasks.list.rows})
        self._click_row(tasks.list, number)
        self._until("the delivery does not open", lambda: dock.view is not None and dock.view.delivery == number)
        self._settle()
        assert dock.view is not None
        return {"received": dock.view.equation.received, "rows": self._rows(), "entries": len(dock.entry_list.rows)}

    def confirm(self, _: Order) -> Order:
        """Press what a stop asks for."""
        self._click(next(iter(found(self.panel, ConfirmButton))))
        return {}

    def undo(self, _: Order) -> Order:
        """Touch the newest row that can be undone, at its right end."""
        dock = self._screen(ReceivingScreen)
        self._show_tab(RECENT)
        self._until(
            "nothing can be undone", lambda: any(dock.entry_list.can_undo(row.key) for row in dock.entry_list.rows)
        )
        key = next(row.key for row in dock.entry_list.rows if dock.entry_list.can_undo(row.key))
        dock.entry_list.show_row(key)
        place = dock.entry_list.undo_centre(key)
        assert place is not None
        QTest.mouseClick(dock.entry_list.viewport(), Qt.MouseButton.LeftButton, pos=place)
        return {}

    def close(self, _: Order) -> Order:
        """Press the close button; then back to the list."""
        dock = self._screen(ReceivingScreen)
        self._show_tab(DIFFERENCES)
        self._click(dock.differences.close_button)
        self._until("the receipt does not close", lambda: dock.view is not None and dock.view.closed)
        assert dock.view is not None
        received, closed = dock.view.equation.received, dock.view.closed
        self._settle()
        return {"received": received, "closed": closed}

    def go(self, order: Order) -> Order:
        """To another screen, by the rail or the bar."""
        self._go(order["screen"])
        return {}

    def seen(self, order: Order) -> Order:
        """Until what was shot in the look-up or at the device test is on the screen."""
        counts = {"lookup": lambda: self._looked_up, "devices": lambda: self._bytes_seen}
        self._until("the shot is not shown", lambda: counts[order["screen"]]() > 0)
        self._settle()
        return {"kind": getattr(self._screen(LookupScreen).view, "kind", "")}

    def send(self, _: Order) -> Order:
        """Press 立即同步 and wait until nothing waits."""
        self._go("uploads")
        self._click(self._screen(UploadsScreen).sync)
        self._until("the queue does not empty", lambda: self._waiting == 0, limit_s=60)
        return {"waiting": self._waiting}

    def pictures(self, order: Order) -> Order:
        """Every screen that is named, in every shell and look, with what a careful eye finds wrong in each."""
        before, size, look = self._window.frame.current, self._window.size(), self._window.frame.look
        files: list[str] = []
        problems: list[str] = []
        for shell in order.get("shells", ("pocket", "desk")):
            self._window.resize(*SHELLS[shell])
            for one in LOOKS:
                self._wear(one)
                for screen in order["screens"]:
                    self._window.frame.go(screen)
                    name = f"{order.get('name', screen)}-{shell}-{one.mode}-{one.text_scale * 100:.0f}"
                    problems += [f"{name}: {problem}" for problem in self._picture(name)]
                    files.append(f"{name}.png")
        self._wear(look)
        self._window.resize(size)
        self._window.frame.go(before)
        self._settle()
        return {"files": files, "problems": problems}

    def quit(self, _: Order) -> Order:
        self._window.close()
        return {}

    # ------------------------------------------------------------------------------------------------ by hand

    def _go(self, screen: str) -> None:
        if not self._press_way(screen):
            self._press_way(MORE)
            self._until("the page with the other screens does not open", lambda: self._window.frame.current == MORE)
            self._click_row(self._screen(MorePage).list, screen)
        self._until(f"{screen} does not open", lambda: self._window.frame.current == screen)

    def _wear(self, look: Look) -> None:
        """As a person sets it: a screen that asks for the settings anew keeps it."""
        self._window.conductor.set_setting("theme", str(look.mode))
        self._window.conductor.set_setting("text_scale", str(look.text_scale))
        self._until("the look does not change", lambda: self._window.frame.look == look)

    def _press_way(self, screen: str) -> bool:
        words = self._texts.title(f"ui_screen_{screen}", self._window.frame.look.lang)
        for button in found(self._window.frame, NavButton):
            if button.isVisible() and button.text() == words:
                self._click(button)
                return True
        return False

    def _show_tab(self, tab: str) -> None:
        """The pocket shows one part at a time."""
        dock = self._screen(ReceivingScreen)
        if not dock.tabs.isVisible() or dock.tab == tab:
            return
        words = self._texts.title(f"recv_tab_{tab}", self._window.frame.look.lang)
        self._click(next(one for one in found(dock.tabs, QAbstractButton) if one.text() == words))
        self._settle()

    def _click(self, button: QWidget) -> None:
        self._until(f"cannot press {button.accessibleName()!r}", lambda: button.isVisible() and button.isEnabled())
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=button.rect().center())

    def _click_row(self, rows: RowList, key: str) -> None:
        rows.show_row(key)
        self._settle()
        place = rows.model_of_rows.place_of(key)
        assert place is not None, key
        middle: QPoint = rows.visualRect(rows.model_of_rows.index(place)).center()
        QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=middle)

    # ------------------------------------------------------------------------------------------------ seeing

    def _picture(self, name: str) -> list[str]:
        self._rest()
        for bar in (*found(self._window, TotalProgress), *found(self._window, LineProgress)):
            bar.settle()
        self._window.grab().save(str(self._pictures / f"{name}.png"))
        return picture_check.check(self._window.frame)

    def _rows(self) -> dict[str, str]:
        return {row.key: row.value for row in self._screen(ReceivingScreen).line_list.rows}

    def _seen(self, one: Order) -> Order:
        """What stands on the screen for it: the panel's words, the line's numbers, whether a stop waits."""
        said = self.panel.said
        row = self._rows().get(str(one.get("line")), "")
        return {"panel": said.panel, "word": said.word, "row": row, "holding": self.panel.holding}

    def _settle(self) -> None:
        for _ in range(SETTLES):
            QApplication.processEvents()

    def _rest(self) -> None:
        """Until no part moves any more."""
        looks: list[list[object]] = []

        def rests() -> bool:
            looks.append([one.geometry().getRect() for one in found(self._window, QWidget)])
            return len(looks) > RESTING_LOOKS and all(look == looks[-1] for look in looks[-RESTING_LOOKS:])

        self._settle()
        self._until("the window does not come to rest", rests)

    def _until(self, else_: str, holds: Callable[[], bool], limit_s: float = WAIT_S) -> None:
        """In Qt's own loop: QTest.qWait would keep the interpreter from the other threads."""
        end_s = time.monotonic() + limit_s
        loop, look = QEventLoop(), QTimer()
        look.timeout.connect(lambda: loop.quit() if holds() or time.monotonic() > end_s else None)
        look.start(LOOK_MS)
        if not holds():
            loop.exec()
        if not holds():
            raise TimeoutError(else_)

    def _screen(self, kind: type[W]) -> W:
        return next(iter(found(self._window, kind)))

    # ------------------------------------------------------------------------------------------- hearing and telling

    def _tell_heard(self, one: Order) -> None:
        tell(one | self._seen(one))

    def _listen(self) -> None:
        conductor = self._window.conductor
        conductor.scan_answered.connect(self._hear_scan)
        conductor.command_answered.connect(self._hear_command)
        conductor.scanners_changed.connect(self._hear_scanners)
        conductor.sync_changed.connect(lambda status: setattr(self, "_waiting", status.waiting))
        conductor.scanner_bytes.connect(lambda *_: setattr(self, "_bytes_seen", self._bytes_seen + 1))
        conductor.looked_up.connect(lambda _: setattr(self, "_looked_up", self._looked_up + 1))

    def _hear_scan(self, outcome: ScanOutcome) -> None:
        self._heard.append(
            {
                "heard": "scan", "seq": outcome.seq, "reason": outcome.reason, "counted": outcome.counted,
                "line": outcome.line, "received": outcome.received, "expected": outcome.expected,
            }
        )  # fmt: skip

    def _hear_command(self, outcome: CommandOutcome) -> None:
        self._heard.append({"heard": outcome.command, "seq": outcome.seq, "reason": outcome.reason, "ok": outcome.ok})

    def _hear_scanners(self, devices: Iterable[Any]) -> None:
        self._scanner_ready = any(one.state is DeviceState.READY for one in devices)

    def _read_orders(self) -> None:
        """On a thread of its own; the end of standard input closes the window."""
        for line in sys.stdin:
            order = json.loads(line)
            self._orders.post(partial(self._carry_out, order))
        self._orders.post(self._window.close)

    def _carry_out(self, order: Order) -> None:
        try:
            done: Order = getattr(self, order["do"])(order)
        except Exception as error:
            tell({"did": order["do"], "failed": f"{type(error).__name__}: {error}"})
            raise
        tell({"did": order["do"]} | done)


def found(within: QWidget, kind: type[W]) -> Iterator[W]:
    """The parts of this kind, in the order in which they were made."""
    return iter(cast("Iterable[W]", within.findChildren(kind)))  # the 6.8 stubs say Iterable[Never]


def tell(line: Order) -> None:
    """One JSON line to demo.py."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run `matou WORDS…` with a hand in its window."""
    pictures, words = Path(sys.argv[1]), sys.argv[2:]
    hands: list[Hand] = []
    run_window = window_module.run_window

    def with_hand(*args: Any, **more: Any) -> int:
        return run_window(*args, **more, on_shown=lambda window: hands.append(Hand(window, pictures)))

    with mock.patch.object(window_module, "run_window", with_hand):
        return matou(words)


if __name__ == "__main__":
    sys.exit(main())
