"""A file is there whole or not at all, and what the world did to it is said in words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.errors import Trouble
from app.base.texts import Texts
from app.flows.whole_file import write_whole


def refusal(path: Path) -> str:
    with pytest.raises(Trouble) as caught:
        write_whole(path, b"new")
    assert Texts.load().has(caught.value.code)
    return caught.value.code


def test_a_new_file_and_a_newer_one(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        write_whole(tmp_path / "a.csv", content)
        assert (tmp_path / "a.csv").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_no_such_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none" / "a.csv") == "file_folder_missing"
    (tmp_path / "file").write_bytes(b"")
    assert refusal(tmp_path / "file" / "a.csv") == "file_folder_missing"


def test_a_folder_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert refusal(tmp_path / "a.csv") == "file_not_allowed"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "file_disk_full"), (errno.EDQUOT, "file_disk_full"), (errno.EROFS, "file_not_allowed"),
        (errno.EACCES, "file_not_allowed"), (errno.EIO, "file_not_written"),
    ],
)  # fmt: skip
def test_a_disk_that_refuses_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    write_whole(tmp_path / "a.csv", b"old")

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    assert refusal(tmp_path / "a.csv") == code
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.csv", b"old")]


def test_content_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_whole(tmp_path / "a.csv", broken())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the disk that is always full is a device of Linux")
def test_a_disk_that_is_really_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really = Path.open

    def of_the_full_one(path: Path, mode: str = "r", **more: object) -> object:
        return really(Path("/dev/full"), "wb") if mode == "xb" else really(path, mode, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", of_the_full_one)
    assert refusal(tmp_path / "a.csv") == "file_disk_full"
    assert list(tmp_path.iterdir()) == []
