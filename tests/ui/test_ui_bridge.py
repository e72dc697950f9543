"""From threads to the screen and back: nothing is lost, nothing overtakes, nothing leaks, a burst is one wake-up."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QThread, Signal, Slot
from pytestqt.qtbot import QtBot

from app.base.errors import Trouble
from app.flows.outcomes import ScanOutcome
from app.ui.bridge import Bridge
from app.ui.jobs import LATER, Jobs
from app.ui.routing import Front, Goal, Route, route

SCANS = 100_000
ROUND = 20_000
BURST = 5_000
WAIT_MS = 60_000
VOUCHER = b"424" + b"7" * 25


class Screen(QObject):
    """Hears outcomes as a screen does, and keeps only whether they came in order."""

    answered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0
        self.wrong: list[int | None] = []
        self.elsewhere = 0
        self.answered.connect(self.draw)

    @Slot(object)
    def draw(self, outcome: ScanOutcome) -> None:
        if outcome.seq != self.heard:
            self.wrong.append(outcome.seq)
        self.elsewhere += QThread.currentThread() is not self.thread()
        self.heard += 1


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()


@pytest.fixture
def troubles() -> list[Trouble]:
    return []


@pytest.fixture
def jobs(bridge: Bridge, troubles: list[Trouble]) -> Iterator[Jobs]:
    made = Jobs(bridge, troubles.append)
    yield made
    made.close(lambda: None, limit_s=10)


def shoot(bridge: Bridge, screen: Screen, first: int, count: int) -> threading.Thread:
    """A scanner's worth of outcomes, from a thread of its own."""

    def run() -> None:
        for seq in range(first, first + count):
            outcome = ScanOutcome(seq, "ok", f"8999011{seq:013d}", values={"received": seq})
            bridge.post(partial(screen.answered.emit, outcome))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def heard_by(qtbot: QtBot, screen: Screen, count: int) -> None:
    qtbot.waitUntil(lambda: screen.heard == count, timeout=WAIT_MS)


def fails() -> None:
    raise KeyError("missing")


def resident_kib() -> float:
    """Memory of this process as the system counts it."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def test_a_hundred_thousand_outcomes_arrive_in_order_and_leave_nothing(qtbot: QtBot, bridge: Bridge) -> None:
    screen = Screen()
    memory: list[float] = []
    for first in range(0, SCANS, ROUND):
        thread = shoot(bridge, screen, first, ROUND)
        heard_by(qtbot, screen, first + ROUND)
        thread.join()
        memory.append(resident_kib())
    assert (screen.heard, screen.wrong, screen.elsewhere) == (SCANS, [], 0)
    assert memory[-1] <= memory[0] * 1.05, memory


def test_a_burst_is_drained_in_few_wake_ups(qtbot: QtBot, bridge: Bridge) -> None:
    screen = Screen()
    shoot(bridge, screen, 0, BURST).join()
    heard_by(qtbot, screen, BURST)
    assert screen.wrong == []
    assert bridge.wakes == 1


def test_many_threads_lose_nothing(qtbot: QtBot, bridge: Bridge) -> None:
    heard: list[tuple[int, int]] = []

    def post_all(who: int) -> None:
        for n in range(1000):
            bridge.post(partial(heard.append, (who, n)))

    threads = [threading.Thread(target=post_all, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    qtbot.waitUntil(lambda: len(heard) == 4000, timeout=WAIT_MS)
    for thread in threads:
        thread.join()
    assert [[n for who, n in heard if who == one] for one in range(4)] == [list(range(1000))] * 4


def test_a_screen_that_fails_does_not_swallow_what_follows(
    qtbot: QtBot, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []
    bridge.post(fails)
    bridge.post(partial(heard.append, "after"))
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT_MS)
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]


def test_a_closed_bridge_delivers_nothing(qtbot: QtBot, bridge: Bridge) -> None:
    heard: list[int] = []
    bridge.post(partial(heard.append, 1))
    bridge.close()
    bridge.post(partial(heard.append, 2))
    other = Bridge()
    other.post(partial(heard.append, 3))
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT_MS)
    assert heard == [3]


def test_results_come_back_on_the_ui_thread(qtbot: QtBot, jobs: Jobs) -> None:
    ran: list[str] = []
    came: list[tuple[int, bool]] = []

    def work() -> int:
        ran.append(threading.current_thread().name)
        return 42

    ui = threading.current_thread()
    jobs.run(work, lambda answer: came.append((answer, threading.current_thread() is ui)))
    qtbot.waitUntil(lambda: bool(came), timeout=WAIT_MS)
    assert (ran, came) == (["ui-jobs"], [(42, True)])


def test_a_failure_has_a_default_and_a_bug_is_told_as_one(
    qtbot: QtBot, jobs: Jobs, troubles: list[Trouble], caplog: pytest.LogCaptureFixture
) -> None:
    own: list[Trouble] = []

    def meets_trouble() -> None:
        raise Trouble("disk_full")

    jobs.run(meets_trouble)
    jobs.run(fails)
    jobs.run(meets_trouble, failed=own.append)
    qtbot.waitUntil(lambda: bool(own), timeout=WAIT_MS)
    assert [(one.code, one.values) for one in troubles] == [("disk_full", {}), ("bug", {"kind": "KeyError"})]
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]


def test_views_let_scans_go_first_and_are_dropped_at_the_end(qtbot: QtBot, jobs: Jobs) -> None:
    ran: list[object] = []
    gate = threading.Event()
    jobs.run(lambda: gate.wait(20))
    jobs.run(lambda: ran.append("view"), priority=LATER)
    for scan in range(50):
        jobs.run(partial(ran.append, scan))

    threading.Timer(0.05, gate.set).start()
    assert jobs.close(lambda: ran.append("end"), limit_s=20)
    assert ran == [*range(50), "end"]


def test_a_worker_that_hangs_is_left_behind_in_time(qtbot: QtBot, jobs: Jobs) -> None:
    gate = threading.Event()
    jobs.run(lambda: gate.wait(20))
    assert not jobs.close(lambda: None, limit_s=0.1)
    gate.set()
    jobs.run(lambda: None)


@pytest.mark.parametrize(
    ("raw", "front", "signed_in", "receiving", "expected"),
    [
        (b"89990110000000000001", Front.RECEIVING, True, True, Route(Goal.RECEIVE)),
        (b"MATOU!undo", Front.RECEIVING, True, True, Route(Goal.RECEIVE)),
        (VOUCHER, Front.RECEIVING, True, True, Route(Goal.RECEIVE)),
        (b"\xff\xfe", Front.RECEIVING, True, True, Route(Goal.RECEIVE)),
        (b"89990110000000000001", Front.RECEIVING, True, False, Route(Goal.NOTICE, "no_receipt_open")),
        (b"MATOU=D-1", Front.RECEIVING, True, True, Route(Goal.OPEN, "D-1")),
        (b"MATOU=D-1", Front.TASKS, True, False, Route(Goal.OPEN, "D-1")),
        (b"89990110000000000001", Front.TASKS, True, False, Route(Goal.OFFER)),
        (VOUCHER, Front.TASKS, True, False, Route(Goal.NOTICE, "voucher_at_dock")),
        (b"89990110000000000001", Front.LOOKUP, True, True, Route(Goal.LOOK_UP)),
        (VOUCHER, Front.LOOKUP, True, True, Route(Goal.LOOK_UP)),
        (b"anything\x1d", Front.DEVICES, False, False, Route(Goal.SHOW_BYTES)),
        (VOUCHER, Front.DEVICES, True, True, Route(Goal.NOTICE, "credential_masked")),
        (b"\xff " + VOUCHER, Front.DEVICES, True, True, Route(Goal.NOTICE, "credential_masked")),
        (b"MATOU#1001", Front.SIGN_IN, False, False, Route(Goal.BADGE, "1001")),
        (b"MATOU#1001", Front.RECEIVING, True, True, Route(Goal.NOTICE, "badge_while_signed_in")),
        (b"89990110000000000001", Front.SIGN_IN, False, False, Route(Goal.NOTICE, "scan_signed_out")),
        (b"MATOU=D-1", Front.TASKS, False, False, Route(Goal.NOTICE, "scan_signed_out")),
        (b"89990110000000000001", Front.SETTINGS, True, True, Route(Goal.NOTICE, "scan_not_here")),
    ],
)
def test_every_scan_goes_somewhere(raw: bytes, front: Front, signed_in: bool, receiving: bool, expected: Route) -> None:
    assert route(raw, front, signed_in=signed_in, receiving=receiving) == expected
