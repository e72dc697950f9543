"""build/rig.py, loaded by path: a machine that cannot run the virtual bench skips it and says why."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def rig(checkout: Path) -> ModuleType:
    """The script as a module of this test alone."""
    spec = importlib.util.spec_from_file_location("matou_rig_under_test", checkout / "build" / "rig.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bare_machine(rig: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Linux with no program at all."""
    monkeypatch.setattr(rig.sys, "platform", "linux")
    monkeypatch.setattr(rig.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(rig, "SYSTEM_PATHS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_without_qemu_the_bench_is_skipped_with_everything_missing_named(rig, bare_machine, capsys):
    assert rig.main([]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        "rig: skipped: qemu-system-x86_64, busybox, modprobe, cpio not found "
        "(Debian: apt-get install qemu-system-x86 busybox-static kmod cpio)"
    )


def test_without_apt_the_bench_is_skipped(rig, bare_machine, capsys):
    for name in rig.TOOLS:
        (bare_machine / name).write_text("", encoding="ascii")
        (bare_machine / name).chmod(0o755)
    assert rig.main([]) == 0
    assert "no apt-get here" in capsys.readouterr().out


def test_another_machine_is_named(rig, monkeypatch, capsys):
    monkeypatch.setattr(rig.platform, "machine", lambda: "aarch64")
    assert rig.main([]) == 0
    assert capsys.readouterr().out.startswith("rig: skipped: the virtual machine is made for Linux on x86-64")


def test_a_guest_that_never_ends_is_no_pass(rig, tmp_path, capsys):
    assert rig.exit_status(tmp_path / "status") == 1
    (tmp_path / "status").write_text("5\n", encoding="ascii")
    assert rig.exit_status(tmp_path / "status") == 5


def test_the_guest_runs_the_tests_of_the_bench_unless_others_are_chosen(rig, monkeypatch):
    monkeypatch.setattr(rig, "tool", lambda name: name)

    def words(*given: str) -> list[str]:
        return shlex.split(
            next(line for line in rig.job(given, record=False).splitlines() if "pytest" in line and ";" in line)
        )

    assert "tests/rig;" in words()
    chosen = words("tests/rig/test_rig_udev.py", "-x")
    assert "tests/rig;" not in chosen
    assert "tests/rig/test_rig_udev.py" in chosen
    assert "RIG_RECORD=1" in rig.job((), record=True)
    assert "RIG_RECORD" not in rig.job((), record=False)
