"""How a command ends: exit status and the one line on standard error, through real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60.0
GUARDED = (
    "import sys\nfrom app.base.crash import run_guarded\nfrom app.base.errors import Trouble\n"
    "{}\nsys.exit(run_guarded(command))\n"
)


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MATOU_")}
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=clean | variables, capture_output=True, timeout=LIMIT_S, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_wrong_use_is_2(tmp_path: Path) -> None:
    for words in (("receive",), ("nonsense",), ("receive", "--delivery", "X", "--data-dir", str(tmp_path))):
        assert run("-m", "app", *words).returncode == 2
    done = run("-m", "app", "receive", "--delivery", "X", "--data-dir", str(tmp_path))
    assert done.stderr.startswith(b"operator_missing: ")
    assert done.stdout == b""


def test_an_unknown_variable_is_2(tmp_path: Path) -> None:
    done = run("-m", "app", "sync", "--data-dir", str(tmp_path), MATOU_PINN="1")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert done.stderr.decode().startswith("variable_unknown: 不认识环境变量 MATOU_PINN")


@pytest.mark.parametrize(("lang", "words"), [("zh", "没有写前置机地址"), ("en", "No hospital server is given")])
def test_the_world_said_no_is_3(tmp_path: Path, lang: str, words: str) -> None:
    done = run("-m", "app", "sync", "--data-dir", str(tmp_path / "d"), MATOU_LANG=lang)
    assert (done.returncode, done.stderr.count(b"\n")) == (3, 1)
    assert done.stderr.decode().startswith(f"server_missing: {words}")


def test_a_delivery_that_is_not_here_is_3(tmp_path: Path) -> None:
    words = ("receive", "--delivery", "X", "--operator", "1001", "--offline", "--data-dir", str(tmp_path / "d"))
    done = run("-m", "app", *words, MATOU_PIN="1234")
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(b"delivery_not_here: ")


def test_a_bug_is_70_with_its_trace() -> None:
    done = run("-c", GUARDED.format("def command():\n    raise KeyError('lost')"))
    assert done.returncode == 70
    assert done.stderr.decode().startswith("bug: 程序出错（KeyError）")
    assert b"Traceback" in done.stderr


def test_trouble_is_said_in_one_line_whatever_the_console() -> None:
    body = "def command():\n    raise Trouble('disk_full')"
    done = run("-c", GUARDED.format(body), PYTHONIOENCODING="ascii")
    assert done.returncode == 3
    assert done.stderr.decode("utf-8").startswith("disk_full: 磁盘已满")


def test_a_bug_on_another_thread_is_reported() -> None:
    body = (
        "import threading\ndef command():\n"
        "    thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join(); return 0"
    )
    done = run("-c", GUARDED.format(body))
    assert done.returncode == 0
    assert b"bug: " in done.stderr
    assert b"ZeroDivisionError" in done.stderr


def test_an_interrupt_and_a_reader_that_left() -> None:
    assert run("-c", GUARDED.format("def command():\n    raise KeyboardInterrupt")).returncode == 130
    body = "def command():\n    raise BrokenPipeError"
    assert run("-c", GUARDED.format(body)).returncode == 0
    assert run("-c", GUARDED.format("command = lambda: 5")).returncode == 5
