"""What the conductor's tests share: an ear for every signal, a small delivery, and the ways to a program and a sandbox.

Lives on the UI thread; the program behind it has threads of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from app.base.options import Environment
from app.flows.views import ReceiptView
from app.ui.conductor import Conductor
from app.wiring import Call, Program
from devices import DeviceState
from tests.fixtures.sandbox import SandboxProcess

WAIT_MS = 20_000
DELIVERY = "UI-1"
BOXES = [f"8999011{number:013d}" for number in range(900, 920)]
VOUCHER = b"424" + b"7" * 25
NAMES = (
    "ready", "site_changed", "operators_changed", "badge_read", "signed_in", "signed_out", "tasks_changed",
    "delivery_offered", "receipt_opened", "receipt_changed", "receipt_left", "scan_answered", "command_answered",
    "looked_up", "uploads_changed", "settings_changed", "scanners_changed", "scanner_bytes", "sync_changed", "trouble",
    "search_changed", "doctor_changed", "tree_found", "relay_changed", "import_moved",
    "upload_told", "upload_code_read", "conflicts_changed", "relay_told", "acceptance_listed", "acceptance_changed",
    "paper_told", "patient_changed",
)  # fmt: skip


class Ear:
    """Everything that a window would hear, in order."""

    def __init__(self, qtbot: QtBot, conductor: Conductor) -> None:
        self._qtbot = qtbot
        self.conductor = conductor
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        for name in NAMES:
            getattr(conductor, name).connect(lambda *values, name=name: self.heard.append((name, values)))

    def forget(self) -> None:
        """What was heard so far answers nothing that is asked from here on."""
        self.heard.clear()

    def all(self, name: str) -> list[Any]:
        """What every signal of that name said."""
        return [values[0] if len(values) == 1 else values for what, values in self.heard if what == name]

    def wait(self, name: str, count: int = 1, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The newest that fits, once there are so many."""

        def found() -> list[Any]:
            return [value for value in self.all(name) if fits(value)]

        self._qtbot.waitUntil(lambda: len(found()) >= count, timeout=WAIT_MS)
        return found()[-1]

    def codes(self) -> list[str]:
        """Codes of all troubles."""
        return [code for code, _ in self.all("trouble")]

    def sign_in(self, pin: str = "1234") -> None:
        self.wait("operators_changed", fits=bool)
        self.conductor.sign_in("1001", pin)
        self.wait("signed_in")

    def open(self, number: str = DELIVERY) -> ReceiptView:
        self.wait("tasks_changed", fits=lambda view: number in {task.delivery for task in view.tasks})
        before = len(self.all("receipt_opened"))
        self.conductor.open_delivery(number)
        opened: ReceiptView = self.wait("receipt_opened", before + 1)
        return opened

    def wait_scanner(self) -> None:
        """Until the only scanner is open: what is shot before is lost on any serial line."""
        self.wait("scanners_changed", fits=lambda all_: [one.state for one in all_] == [DeviceState.READY])


def call_of(data: Path, server: str | None = None, purpose: str = "matou window") -> Call:
    return Call(purpose, data, server, Environment())


@contextlib.contextmanager
def stocked_sandbox() -> Iterator[SandboxProcess]:
    """A hospital with a delivery of twenty boxes."""
    with SandboxProcess() as process:
        packages = [{"code": box, "level": 1, "parent": None, "line": 1} for box in BOXES]
        line = {"line": 1, "drug": "YP-0001", "batch": "B1", "expiry": "2029-01-31", "packs": len(BOXES)}
        delivery = {
            "delivery": DELIVERY, "supplier": "演示医药", "manifest": "complete", "lines": [line],
            "packages": packages,
        }  # fmt: skip
        process.seed({"deliveries": [delivery]})
        yield process


def fetch(data: Path, server: str) -> None:
    """The data folder meets the hospital."""
    with Program(call_of(data, server, "fetch")) as program:
        program.engine().run_until_empty(limit_s=20, until_empty=False)


@contextlib.contextmanager
def starter(qtbot: QtBot, data: Path) -> Iterator[Callable[..., Ear]]:
    """Starts conductors on the data folder: `start(server=None, *scanners)`; they are closed at the end."""
    with contextlib.ExitStack() as stack:

        def start(server: str | None = None, *scanners: str) -> Ear:
            conductor = Conductor(lambda: Program(call_of(data, server)), scanners)
            stack.callback(conductor.close)
            ear = Ear(qtbot, conductor)
            conductor.start()
            return ear

        yield start
