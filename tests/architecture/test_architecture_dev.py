"""build/dev.py, loaded by path as it is meant to be: what it says and how it ends when something is missing."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def dev(checkout: Path) -> ModuleType:
    """The script as a module of this test alone."""
    spec = importlib.util.spec_from_file_location("matou_dev_under_test", checkout / "build" / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_dev(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(checkout / "build" / "dev.py"), *words],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_a_part_that_is_not_here_is_named(dev: ModuleType) -> None:
    with pytest.raises(dev.NotPossible, match=r"build/no_such_part\.py comes with its own part; not here yet"):
        dev.run_part("no_such_part.py", [])


@pytest.mark.parametrize("words", [(), ("no-such-chore",), ("lock", "--unheard-of"), ("check", "something")])
def test_wrong_use_is_told_from_failure(checkout: Path, words: tuple[str, ...]) -> None:
    done = run_dev(checkout, *words)
    assert done.returncode == 2
    assert done.stderr


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (4, 0)])
def test_a_python_without_our_qt_is_refused(dev: ModuleType, version: tuple[int, int]) -> None:
    with pytest.raises(dev.NotPossible, match=rf"3\.11 to 3\.13 is needed, this is {version[0]}\.{version[1]}"):
        dev.check_python(version)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_every_supported_python_is_taken(dev: ModuleType, version: tuple[int, int]) -> None:
    assert dev.check_python(version) is None


def test_missing_libraries_are_named_by_their_package(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev, "SYSTEM_LIBRARIES", {"libno-such-thing.so.7": "libno7", "libno-other.so.1": "libno1"})
    assert dev.missing_system_packages(with_qt_libraries=True)[-2:] == ["libno7", "libno1"]
    assert "libno7" not in dev.missing_system_packages(with_qt_libraries=False)


def test_whoever_is_not_root_is_told_what_to_install(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "missing_system_packages", lambda *, with_qt_libraries: ["libone", "libtwo"])
    monkeypatch.setattr(dev.shutil, "which", lambda name: name)
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000, raising=False)
    with pytest.raises(dev.NotPossible, match="as root: apt-get install libone libtwo"):
        dev.ensure_system_packages(with_qt_libraries=True)


def test_a_system_without_apt_is_told_the_names(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "missing_system_packages", lambda *, with_qt_libraries: ["libone"])
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    with pytest.raises(dev.NotPossible, match=r"missing \(names as on Debian\): libone"):
        dev.ensure_system_packages(with_qt_libraries=True)


def test_an_environment_that_is_ready_is_left_alone(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[list[str]] = []

    def pretend(words: list[str], more: dict[str, str] | None = None) -> int:
        calls.append(words)
        if words[1:3] == ["-m", "venv"]:
            python = tmp_path / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
            python.parent.mkdir(parents=True)
            python.write_text("", encoding="ascii")
        return 0

    lock_file = tmp_path / "some.lock"
    lock_file.write_text("one==1\n", encoding="ascii")
    monkeypatch.setattr(dev, "run", pretend)
    monkeypatch.setattr(dev, "same_python", lambda python: True)

    dev.ensure_environment(tmp_path / "venv", lock_file)
    assert len(calls) == 3, "environment, packages, project"
    dev.ensure_environment(tmp_path / "venv", lock_file)
    assert len(calls) == 3, "nothing to do"
    lock_file.write_text("one==2\n", encoding="ascii")
    dev.ensure_environment(tmp_path / "venv", lock_file)
    assert len(calls) == 5, "packages and project again, the environment stays"
    assert "--require-hashes" in calls[-2]


def test_a_failed_installation_leaves_no_stamp(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("", encoding="ascii")
    lock_file = tmp_path / "some.lock"
    lock_file.write_text("one==1\n", encoding="ascii")
    monkeypatch.setattr(dev.os, "name", "posix")
    monkeypatch.setattr(dev, "run", lambda words, more=None: 1)
    monkeypatch.setattr(dev, "same_python", lambda python: True)
    with pytest.raises(dev.NotPossible, match="is there a network"):
        dev.ensure_environment(tmp_path, lock_file)
    assert list(tmp_path.glob("*.stamp")) == []


def test_the_last_line_of_a_run_is_kept(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    status, last = dev.run_and_keep_last([sys.executable, "-c", "print('1 passed\\n\\n== 2 passed ==\\n'); exit(5)"])
    assert (status, last) == (5, "== 2 passed ==")
    assert "1 passed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], []),
        (["-k", "soak"], ["-k", "soak"]),
        (["tests/ui"], None),
        (["tests/ui/test_ui_window.py::test_x", "-q"], None),
        (["tests/ui", "tests/architecture", "-q"], ["tests/architecture", "-q"]),
    ],
)
def test_tests_of_qt_are_not_sent_to_the_run_without_it(
    dev: ModuleType, words: list[str], expected: list[str] | None
) -> None:
    assert dev.for_the_run_without_qt(words) == expected


def test_both_runs_agree_on_what_needs_qt(dev: ModuleType, checkout: Path) -> None:
    settings = (checkout / "tests" / "pytest-noqt.ini").read_text(encoding="utf-8")
    assert tuple(re.findall(r"--ignore=(\S+)", settings)) == dev.QT_TESTS


def test_needs_nothing_but_the_standard_library(checkout: Path) -> None:
    tree = ast.parse((checkout / "build" / "dev.py").read_text(encoding="utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in plain | parts} <= set(sys.stdlib_module_names)
