"""One window for each data folder, with real processes: the second calls the first to the front and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.base.folder import DataFolder, Holder, holder_of
from app.base.texts import Texts
from app.ui.one_window import call_first, door_name

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIMIT_S = 60
Child = subprocess.Popen[bytes]


@contextmanager
def first_window(data: Path) -> Iterator[Child]:
    with started(data) as child:
        assert heard(child) == {"what": "ready", "minimised": True}
        yield child


@contextmanager
def started(data: Path) -> Iterator[Child]:
    with subprocess.Popen(
        [sys.executable, str(HERE / "one_window_child.py"), str(data)],
        cwd=ROOT, env=offscreen(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as child:  # fmt: skip
        try:
            yield child
        finally:
            child.kill()


def offscreen() -> dict[str, str]:
    return os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "MATOU_PIN": "1234"}


def heard(child: Child) -> Any:
    assert child.stdout is not None
    return json.loads(child.stdout.readline())


def matou(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=ROOT, env=offscreen(), input=text, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip


def test_a_second_window_calls_the_first_and_ends(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with first_window(data) as first:
        for asked in (data, tmp_path / "data" / ".." / "data"):
            done = matou("--data-dir", str(asked))
            assert (done.returncode, done.stdout) == (0, "")
            assert done.stderr.splitlines() == [f"window_open_already: {Texts.load().title('window_open_already')}"]
            assert heard(first) == {"what": "called", "minimised": False}

        writing = matou("receive", "--delivery", "X", "--operator", "1001", "--offline", "--data-dir", str(data))
        assert writing.returncode == 3
        assert writing.stderr.startswith("data_folder_in_use: ")
        assert str(first.pid) in writing.stderr

        assert first.stdin is not None
        first.stdin.close()
        assert first.wait(LIMIT_S) == 0
    assert holder_of(data) is None


def test_what_a_killed_window_left_is_in_nobodys_way(tmp_path: Path) -> None:
    with first_window(tmp_path) as killed:
        killed.send_signal(signal.SIGKILL)
        killed.wait(LIMIT_S)
        assert holder_of(tmp_path) == Holder(killed.pid, "window")
    with first_window(tmp_path) as again:
        done = matou("--data-dir", str(tmp_path))
        assert done.returncode == 0
        assert heard(again)["what"] == "called"


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("purpose", ["receive", "window"])
def test_whoever_has_no_door_is_not_called(tmp_path: Path, purpose: str) -> None:
    """A command line has none; a window that does not answer is none. The new window says so."""
    folder = DataFolder(tmp_path, purpose)
    entry = tmp_path / "matou.lock.json"
    entry.write_text(json.dumps({"pid": os.getpid() + 1, "purpose": purpose}), encoding="utf-8")
    assert not call_first(tmp_path, Texts.load())
    folder.close()
    assert holder_of(tmp_path) is None


def test_two_that_start_at_once_end_as_one(tmp_path: Path) -> None:
    """A clerk clicks twice: whichever takes the folder, the other one gives way."""
    with started(tmp_path) as one, started(tmp_path) as other:
        told = [json.loads(child.stdout.readline() or b"null") for child in (one, other) if child.stdout is not None]
        assert {"what": "ready", "minimised": True} in told
        stays, goes = (one, other) if told[0] is not None else (other, one)
        assert goes.wait(LIMIT_S) == 0
        assert goes.stderr is not None
        assert goes.stderr.read().startswith(b"window_open_already: ")
        assert stays.poll() is None
        assert heard(stays)["what"] == "called"


def test_the_door_follows_from_the_folder(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert door_name(link) == door_name(tmp_path) != door_name(tmp_path / "other")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x", "purpose": "window"}', "\0"])
def test_an_entry_that_cannot_be_read_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "matou.lock.json").write_text(text, encoding="utf-8")
    assert holder_of(tmp_path) is None
