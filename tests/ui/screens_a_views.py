"""Views for the screens sign-in, tasks and receiving, and the states in which they are looked at. Invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from app.base.texts import Texts
from app.domain.documents import Equation
from app.flows.outcomes import CommandOutcome, ScanOutcome
from app.flows.views import (
    DeliveryTask,
    EntryView,
    LineView,
    OperatorChoice,
    ReceiptView,
    SettingRow,
    SiteView,
    TasksView,
)
from app.ui.icons import Icon
from app.ui.routing import Front
from app.ui.screens.receiving import ReceivingScreen
from app.ui.screens.receiving_body import DIFFERENCES, RECENT
from app.ui.screens.receiving_lacking import ask_of
from app.ui.screens.registry import SCREENS
from app.ui.screens.screen import Screen
from app.ui.screens.sign_in import SignInScreen
from app.ui.screens.tasks import TasksScreen
from app.ui.shell.frame import Frame
from app.ui.shell.status_strip import Network, ScannerStatus, Status
from app.ui.theme import Look, Tone
from app.ui.window_news import notice_of
from sync import SyncStatus

NOW_MS = 1_795_327_200_000  # 2026-11-22T06:00:00Z
DAY_MS = 86_400_000
ICONS = {
    Front.LOOKUP: Icon.LOOKUP,
    Front.UPLOADS: Icon.UPLOADS,
    Front.DEVICES: Icon.DEVICES,
    Front.SETTINGS: Icon.SETTINGS,
    Front.ABOUT: Icon.ABOUT,
}
PEOPLE = (
    OperatorChoice("1001", "演示员甲", "clerk"),
    OperatorChoice("1002", "演示员乙", "pharmacist"),
    OperatorChoice("1003", "演示员丙", "technician"),
)
SITE = SiteView("演示市第一人民医院（模拟）", True, "+08:00")
DRUGS = (
    ("阿莫西林胶囊", "0.25g×24粒/盒"),
    ("盐酸利多卡因注射液", "5ml:0.1g×5支/盒"),
    ("门冬胰岛素注射液（笔芯）", "3ml:300单位"),
    ("黄芪饮片", "1kg"),
    ("注射用头孢曲松钠", "1.0g×10瓶/盒"),
)


def task(number: int, state: str = "waiting", **changed: object) -> DeliveryTask:
    values: dict[str, object] = {
        "delivery": f"DEMO-20261122-{number}", "supplier": "演示医药商业有限公司", "state": state, "lines": 5,
        "expected": 180, "accounted": 0, "first_drug": "阿莫西林胶囊", "shipped_ms": NOW_MS - DAY_MS, "special": False,
        "gift": False, "manifest": "complete",
    }  # fmt: skip
    return DeliveryTask(**(values | changed))  # type: ignore[arg-type]


def tasks(**changed: object) -> TasksView:
    values: dict[str, object] = {
        "tasks": (
            task(12, "under_way", accounted=74, supplier="示例药品配送有限公司"),
            task(11, lines=1, expected=200, shipped_ms=NOW_MS - 3 * DAY_MS),
            task(13, manifest="missing", special=True, expected=140, first_drug="盐酸哌替啶注射液"),
            task(14, manifest="late", supplier="示例药品配送有限公司", expected=47, shipped_ms=None),
            task(15, gift=True, expected=77),
            task(10, "closed", accounted=180),
        ),
        "refused": 0, "held": 0, "waiting": 3, "replica_ms": NOW_MS,
    }  # fmt: skip
    return TasksView(**(values | changed))  # type: ignore[arg-type]


def line(number: int, expected: int, received: int = 0, **changed: object) -> LineView:
    name, spec = DRUGS[(number - 1) % len(DRUGS)]
    values: dict[str, object] = {
        "line": number, "drug": f"YP-{number:04d}", "name": name, "spec": spec, "batch": f"2607{number:02d}",
        "expiry": "2029-06-30", "unit": "盒", "expected": expected, "received": received, "short": 0, "damaged": 0,
        "rejected": 0, "exempt": 0, "exempt_reason": None, "coded": True,
    }  # fmt: skip
    return LineView(**(values | changed))  # type: ignore[arg-type]


def entry(seq: int, reason: str = "ok", **changed: object) -> EntryView:
    counted = reason in ("ok", "near_expiry")
    code = f"8999011{seq:013d}"
    values: dict[str, object] = {
        "seq": seq, "at_ms": NOW_MS, "what": "scan", "reason": reason, "code": code, "payload": code, "line": 1,
        "packs": 1, "counted": counted, "in_force": counted, "undoable": counted,
    }  # fmt: skip
    return EntryView(**(values | changed))  # type: ignore[arg-type]


def receipt(**changed: object) -> ReceiptView:
    """A delivery in the middle of being received."""
    lines = (
        line(1, 100, 60, damaged=1),
        line(2, 20, 20),
        line(3, 30, 12, short=2),
        line(4, 20, exempt_reason="饮片", coded=False, unit="kg"),
        line(5, 10, 0),
    )
    values: dict[str, object] = {
        "receipt": "DEMO-20261122-12-R1", "delivery": "DEMO-20261122-12", "supplier": "示例药品配送有限公司",
        "invoice_no": "DEMO-FP-0012", "store_room": "西药库", "lines": lines, "equation": equation_of(lines),
        "lists": (("extra", 1), ("foreign", 2), ("duplicate", 3), ("near_expiry", 0)),
        "entries": (
            entry(19, line=3),
            entry(18, "not_in_delivery", line=None, packs=None),
            entry(17, "duplicate_in_receipt"),
            entry(16, what="damaged", counted=False, in_force=True, undoable=True),
            entry(15, packs=20),
            entry(14, in_force=False, undoable=False),
            entry(13, "near_expiry", line=3, code="010952999900202021SN0000123", payload=None),
            entry(12), entry(11), entry(10), entry(9),
        ),
        "held": False, "closed": False,
    }  # fmt: skip
    return ReceiptView(**(values | changed))  # type: ignore[arg-type]


def equation_of(lines: tuple[LineView, ...]) -> Equation:
    parts = ("expected", "received", "short", "damaged", "rejected", "exempt")
    return Equation(*(sum(getattr(each, part) for each in lines) for part in parts))


def complete() -> ReceiptView:
    """Everything has an outcome."""
    lines = (line(1, 100, 99, damaged=1), line(2, 20, 20), line(3, 30, 28, short=2), line(4, 20, exempt=20))
    return receipt(lines=lines, equation=equation_of(lines))


def long_receipt(count: int) -> ReceiptView:
    lines = tuple(line(number, 10, number % 11) for number in range(1, count + 1))
    return receipt(lines=lines, equation=equation_of(lines))


def scan(reason: str = "ok", seq: int | None = 20, **changed: object) -> ScanOutcome:
    values: dict[str, object] = {
        "payload": "89990110000000000020", "line": 1, "packs": 1, "received": 61, "expected": 100,
        "values": {"drug": "阿莫西林胶囊", "received": 61, "expected": 100, "delivery": "DEMO-20261122-11"},
    }  # fmt: skip
    return ScanOutcome(seq, reason, **(values | changed))  # type: ignore[arg-type]


def refused_close() -> CommandOutcome:
    details = tuple(("line_lacks", {"line": number, "count": count}) for number, count in ((1, 39), (3, 16), (4, 20)))
    return CommandOutcome(21, "close", "outcome_missing", "command_outcome_missing", {}, (*details, details[0]))


class Elsewhere(Screen):
    """Stands for a screen that is not looked at here, so that the ways to it are in the picture."""

    def __init__(self, front: Front, look: Look, texts: Texts) -> None:
        self._front = front
        super().__init__(look, texts)

    @property
    def name(self) -> str:  # type: ignore[override]  # one class for several
        return self._front.value

    @property
    def icon(self) -> Icon:  # type: ignore[override]
        return ICONS[self._front]


def setting(key: str, value: str) -> SettingRow:
    return SettingRow(key, value, value, "site", may_change=False)


def build(look: Look, texts: Texts) -> Frame:
    """The whole window with the ways to every screen, nothing behind it."""
    screens = [
        Elsewhere(entry.front, look, texts) if entry.front in ICONS else entry.load(look, texts)[0] for entry in SCREENS
    ]
    frame = Frame(screens, look, texts)
    ready = ScannerStatus("ttyACM0", ready=True)
    frame.strip.draw(Status((ready,), Network.ONLINE, 3, 0, "演示员甲", demo=True))
    sign_in(frame).draw_site(SITE)
    tasks_of(frame).draw_site(SITE)
    return frame


def sign_in(frame: Frame) -> SignInScreen:
    return cast("SignInScreen", frame.screen_named("sign_in"))


def tasks_of(frame: Frame) -> TasksScreen:
    return cast("TasksScreen", frame.screen_named("tasks"))


def receiving(frame: Frame) -> ReceivingScreen:
    return cast("ReceivingScreen", frame.screen_named("receiving"))


@dataclass(frozen=True, slots=True)
class State:
    """One picture: what is shown, done to a fresh window."""

    name: str
    show: Callable[[Frame], None]


def _door(act: Callable[[SignInScreen], None]) -> Callable[[Frame], None]:
    def show(frame: Frame) -> None:
        frame.strip.draw(replace(frame.strip.status, operator=None))
        screen = sign_in(frame)
        act(screen)
        frame.go("sign_in")

    return show


def _list(view: TasksView, *offers: str) -> Callable[[Frame], None]:
    def show(frame: Frame) -> None:
        frame.strip.draw(replace(frame.strip.status, operator="演示员甲"))
        frame.go("tasks")
        screen = tasks_of(frame)
        screen.draw(view)
        for number in offers:
            screen.take_offer(number)
        if offers:
            screen._settle_offers()

    return show


def _dock(act: Callable[[ReceivingScreen], None], view: ReceiptView | None = None) -> Callable[[Frame], None]:
    def show(frame: Frame) -> None:
        frame.set_count("uploads", 2, Tone.ATTENTION)
        frame.strip.draw(replace(frame.strip.status, operator="演示员甲"))
        screen = receiving(frame)
        screen.forget()
        screen.open(view or receipt())
        act(screen)

    return show


def _people(screen: SignInScreen) -> None:
    screen.set_ready()
    screen.draw(PEOPLE)


def _people_and_no_notice(screen: SignInScreen) -> None:
    _people(screen)
    frame = screen.window()
    assert isinstance(frame, Frame)
    frame.notices.clear()


def _pin(screen: SignInScreen) -> None:
    _people(screen)
    screen.choose("1001")
    screen.keypad.type_digit("1")


def _wrong(screen: SignInScreen) -> None:
    _pin(screen)
    screen.tell("pin_wrong", {"operator": "1001", "left": 3})


def _locked(screen: SignInScreen) -> None:
    _pin(screen)
    tell_locked(screen, 60)


def tell_locked(screen: SignInScreen, seconds: int) -> None:
    screen.tell("pin_locked", {"operator": "1001", "seconds": seconds})


def _held_folder(screen: SignInScreen) -> None:
    screen.draw(())
    screen._ready = False
    screen.tell("data_folder_in_use", {"purpose": "receive", "pid": 4711})


def _no_hospital(screen: SignInScreen) -> None:
    screen.set_ready()
    screen.draw(())
    screen.draw_sync(SyncStatus("offline", trouble="server_unreachable"))


def _clock(screen: SignInScreen) -> None:
    _people(screen)
    frame = screen.window()
    assert isinstance(frame, Frame)
    frame.notices.tell(notice_of("clock_slow_hours", {"count": 3}, ()))


def _line_in_hand(screen: ReceivingScreen) -> None:
    """Too much of a line that adds up."""
    screen.show_scan(scan("over_quantity", line=2, received=20, expected=20))
    screen.draw(receipt(held=False))
    screen.line_list.chosen.emit("2")


def _over(screen: ReceivingScreen) -> None:
    _line_in_hand(screen)
    screen.differences.ask(ask_of(receipt().lines[1], "over"))


def _nobody(screen: SignInScreen) -> None:
    screen.set_ready()
    screen.tell("server_missing", {})


def _sheet(screen: ReceivingScreen) -> None:
    screen.show_tab(DIFFERENCES)
    screen.differences.ask(ask_of(receipt().lines[2], "short"))


def _stop(screen: ReceivingScreen) -> None:
    screen.show_scan(scan("not_in_delivery", line=None, received=None))
    screen.draw(receipt(held=True))


def _refused(screen: ReceivingScreen) -> None:
    screen.show_command(refused_close())


# In this order one window can go through all of them.
STATES = (
    State("sign_in_starting", _door(lambda _: None)),
    State("sign_in_nobody", _door(_nobody)),
    State("sign_in_folder_in_use", _door(_held_folder)),
    State("sign_in_no_hospital", _door(_no_hospital)),
    State("sign_in_clock_wrong", _door(_clock)),
    State("sign_in_people", _door(_people_and_no_notice)),
    State("sign_in_pin", _door(_pin)),
    State("sign_in_wrong", _door(_wrong)),
    State("sign_in_locked", _door(_locked)),
    State("tasks", _list(tasks())),
    State("tasks_attention", _list(tasks(refused=2, held=1))),
    State("tasks_offered", _list(tasks(), "DEMO-20261122-11", "DEMO-20261122-13")),
    State("tasks_none", _list(tasks(tasks=(), replica_ms=None))),
    State("receiving_none", lambda frame: frame.go("receiving")),
    State("receiving_idle", _dock(lambda _: None)),
    State("receiving_good", _dock(lambda screen: screen.show_scan(scan()))),
    State("receiving_carton", _dock(lambda screen: screen.show_scan(scan(packs=20)))),
    State("receiving_attention", _dock(lambda screen: screen.show_scan(scan("near_expiry", line=3)))),
    State("receiving_stop", _dock(_stop)),
    State("receiving_recent", _dock(lambda screen: screen.show_tab(RECENT))),
    State("receiving_differences", _dock(lambda screen: screen.show_tab(DIFFERENCES))),
    State("receiving_sheet", _dock(_sheet)),
    State("receiving_line_in_hand", _dock(_line_in_hand)),
    State("receiving_over", _dock(_over)),
    State("receiving_refused_close", _dock(_refused)),
    State("receiving_complete", _dock(lambda screen: screen.show_tab(DIFFERENCES), complete())),
    State("receiving_closed", _dock(lambda screen: screen.show_tab(DIFFERENCES), replace(complete(), closed=True))),
    State("receiving_held_again", _dock(lambda _: None, receipt(held=True))),
)
