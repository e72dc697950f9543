"""The shipped udev rule with a real udev: people at the desk get their scanner, and nothing but their scanner."""

from __future__ import annotations

import grp
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

import pytest

from devices.hid_reader import list_found
from tests.devices.hid_library import wait_until
from tests.devices.hid_scanner import FORMS, descriptor, reports
from tests.rig.rig_scanners import HidGadget, SerialGadget, UhidScanner, WedgeScanner

RULE = Path(__file__).resolve().parents[2] / "resources" / "udev" / "60-matou-scanners.rules"
NOBODY = 65534
SPEC = "hid:0C2E:0B81:RIG"


@pytest.fixture
def rule():
    target = Path("/etc/udev/rules.d") / RULE.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(RULE, target)
    subprocess.run(["udevadm", "control", "--reload"], check=True)
    yield
    target.unlink()
    subprocess.run(["udevadm", "control", "--reload"], check=True)


@pytest.fixture
def listen():
    """Starts `matou devices listen` as an ordinary member of plugdev; gives its lines of states and of scans."""
    for folder in Path(sys.base_prefix).parents:
        folder.chmod(folder.stat().st_mode | 0o011)  # an interpreter below root's own folder; the guest forgets this
    running = []

    def starter(spec: str) -> tuple[Lines, Lines]:
        words = [sys.executable, "-m", "app", "devices", "listen", "--json", "--scanner", spec]
        child = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[grp.getgrnam("plugdev").gr_gid],
            env={**os.environ, "MATOU_LANG": "en", "HOME": "/"},
        )
        running.append(child)
        return Lines(child.stderr), Lines(child.stdout)

    yield starter
    for child in running:
        child.terminate()
        child.wait(10)
        child.stdout.close()
        child.stderr.close()


class Lines:
    """What a child prints, line by line, read on a thread of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._changed = threading.Condition()
        self._lines: list[str] = []
        threading.Thread(target=self._read, name="lines of a child", daemon=True).start()

    def wait(self, word: str, limit_s: float = 30.0) -> str:
        """The first line with this word."""

        def found() -> str | None:
            return next((line for line in self._lines if word in line), None)

        with self._changed:
            line = self._changed.wait_for(found, limit_s)
            assert line, f"{word!r} did not come: {self._lines}"
            return line

    def _read(self) -> None:
        for line in self._stream:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()


def settled(node: Path) -> tuple[str, int]:
    subprocess.run(["udevadm", "settle"], check=True)
    status = node.stat()
    return grp.getgrgid(status.st_gid).gr_name, status.st_mode & 0o777


def test_without_the_rule_a_member_of_plugdev_is_told_the_cure(listen):
    with HidGadget(descriptor(FORMS["a"])) as scanner:
        scanner.plug()
        states, _ = listen(SPEC)
        assert "udev" in states.wait("hid_denied")


def test_with_the_rule_a_member_of_plugdev_reads_the_scanner(rule, listen, figure):
    with HidGadget(descriptor(FORMS["a"])) as scanner:
        states, scans = listen(SPEC)
        states.wait("port_not_found")
        began_s = time.monotonic()
        scanner.plug()
        states.wait("ready")
        figure("udev rule, plugged in, ready for an ordinary user after", time.monotonic() - began_s, "s")
        scanner.send(*reports(FORMS["a"], b"]d2", b"SEEN"))
        assert json.loads(scans.wait("SEEN"))["aim"] == "]d2"


def test_another_makers_hid_device_stays_closed(rule):
    with UhidScanner(descriptor(FORMS["a"]), vid=0x1234, pid=1) as stranger, HidGadget(descriptor(FORMS["a"])) as known:
        assert stranger.started.wait(5)
        known.plug()
        assert wait_until(lambda: len(list_found()) == 2)
        rights = {found.vid: settled(Path(found.port or "")) for found in list_found()}
    assert rights == {0x1234: ("root", 0o600), 0x0C2E: ("plugdev", 0o660)}


def test_a_scanner_that_types_is_opened_to_the_desk_and_a_keyboard_is_not(rule):
    names = set(Path("/dev/input").glob("event*"))
    with WedgeScanner(vid=0x05E0, pid=0x1200), WedgeScanner(vid=0x1234, pid=1):
        assert wait_until(lambda: len(set(Path("/dev/input").glob("event*")) - names) == 2)
        rights = {}
        for node in set(Path("/dev/input").glob("event*")) - names:
            vid = Path("/sys/class/input", node.name, "device/id/vendor").read_text().strip()
            rights[vid] = settled(node)
    assert rights["05e0"] == ("plugdev", 0o660)
    assert rights["1234"][0] != "plugdev"


def test_modem_manager_is_kept_away_from_a_serial_scanner(rule):
    with SerialGadget() as scanner:
        scanner.plug()
        assert wait_until(Path("/dev/ttyACM0").exists)
        subprocess.run(["udevadm", "settle"], check=True)
        words = ["udevadm", "info", "--query=property", "--name=/dev/ttyACM0"]
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert "ID_MM_DEVICE_IGNORE=1" in told.splitlines()
    assert "TAGS=:systemd:uaccess:" in told or ":uaccess:" in told
