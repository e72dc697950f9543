"""Nothing of a patient is left behind, seen from outside: files, temporary files, free pages, the window's memory."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.ptyport import PtyPort
from tests.fixtures.sandbox import SandboxProcess
from tests.patient.patient_place import set_up
from tests.patient.privacy_search import in_files, in_memory
from tests.ui.conductor_ear import fetch

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("identity_child.py")
WAIT_S = 60.0
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks through /proc")


class Window:
    """The window as a process of its own, in a world of its own."""

    def __init__(self, root: Path, server: str, port: PtyPort, operator: str = "1002") -> None:
        for name in ("tmp", "home"):
            (root / name).mkdir(exist_ok=True)
        environment = {
            **os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "TMPDIR": str(root / "tmp"),
            "HOME": str(root / "home"), "XDG_RUNTIME_DIR": str(root / "tmp"),
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD), str(root / "data"), server, port.spec, operator], cwd=root, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, what: str, **fits: object) -> dict[str, Any]:
        """The next line of that kind."""
        while True:
            line = self._lines.get(timeout=WAIT_S)
            if line["what"] == what and fits.items() <= line.items():
                return line

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.end()

    def close(self) -> None:
        """As a person closes it."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"close\n")
        self.process.stdin.flush()
        self.end()

    def end(self) -> None:
        self.process.wait(timeout=WAIT_S)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))


@pytest.fixture
def window(tmp_path: Path, hospital: SandboxProcess, port: PtyPort) -> Iterator[Window]:
    fetch(tmp_path / "data", hospital.url)
    set_up(tmp_path / "data", hospital, evoucher_hand_over=["01302=2201 2206A 2207A"])
    made = Window(tmp_path, hospital.url, port)
    made.wait("scanners", ready=[True])
    made.wait("identity")
    yield made
    if made.process.poll() is None:
        made.kill()


def secrets_of(patient: dict[str, Any], *vouchers: str) -> dict[str, str]:
    found = {name: str(patient[name]) for name in ("ec_token", "id_no", "name", "card_no") if patient.get(name)}
    return found | {f"voucher {number}": voucher for number, voucher in enumerate((patient["voucher"], *vouchers))}


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2]


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not so():
        assert time.monotonic() < end
        os.sched_yield()


def test_the_windows_memory_holds_no_token_and_the_disk_nothing(
    window: Window, hospital: SandboxProcess, port: PtyPort, tmp_path: Path
) -> None:
    first, second = hospital.patients()[0], hospital.patients()[2]
    vouchers = [hospital.show_voucher(0), hospital.show_voucher(2)]
    port.write(vouchers[0].encode() + b"\r")
    holder = window.wait("patient", state="known")["pids"][0]
    secrets = secrets_of(first, *vouchers)
    unseen = {name: secrets[name] for name in ("ec_token", "id_no", "name")}
    assert in_memory(window.process.pid, unseen) == []
    try:  # a search that finds nothing anywhere proves nothing
        assert "ec_token" in in_memory(holder, unseen)
    except PermissionError:
        assert os.geteuid() != 0, "nobody but root may look into that process"
    port.write(vouchers[1].encode() + b"\r")
    window.wait("patient", state="known", name=second["name"][:1] + "*" * min(len(second["name"]) - 1, 3))
    until(lambda: is_gone(holder))
    port.write(vouchers[1].encode() + b"\r")  # a second time: used
    window.wait("patient", state="trouble", trouble="voucher_used")
    port.write(b"89990110920985118883\r")  # a drug's code in the patient's place
    assert in_memory(window.process.pid, unseen) == []
    window.close()
    for one in (secrets, secrets_of(second, *vouchers)):
        assert in_files(tmp_path, one) == []


def test_killed_in_the_middle_nothing_is_left_and_nobody_lives_on(
    window: Window, hospital: SandboxProcess, port: PtyPort, tmp_path: Path
) -> None:
    patient, voucher = hospital.patients()[0], hospital.show_voucher(0)
    hospital.faults({"plan": [{"endpoint": "evoucher", "fault": "slow", "for_s": 600}]})
    port.write(voucher.encode() + b"\r")
    asking = window.wait("patient", state="asking")
    window.kill()
    until(lambda: all(is_gone(pid) for pid in asking["pids"]))
    assert in_files(tmp_path, secrets_of(patient, voucher)) == []


def test_killed_while_a_patient_is_known(
    window: Window, hospital: SandboxProcess, port: PtyPort, tmp_path: Path
) -> None:
    patient, voucher = hospital.patients()[0], hospital.show_voucher(0)
    port.write(voucher.encode() + b"\r")
    known = window.wait("patient", state="known")
    window.kill()
    until(lambda: all(is_gone(pid) for pid in known["pids"]))
    assert in_files(tmp_path, secrets_of(patient, voucher)) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    for name, encoding in (("a.log", "utf-8"), ("b.db", "utf-16-le"), ("c.txt", "gbk")):
        (tmp_path / name).write_bytes(b"x" * 5000 + "演示患者甲".encode(encoding) + b"y")
    assert len(in_files(tmp_path, {"name": "演示患者甲"})) == 3
    assert in_memory(os.getpid(), {"mark": "".join(("LEFT", "-IN-", "MEMORY"))}) == ["mark"]
