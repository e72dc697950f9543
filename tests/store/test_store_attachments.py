"""Photos and papers on a real disk: whole or not at all, once each, and held against their names."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.errors import Trouble
from app.base.paths import DataPaths
from app.store.attachments import MOST_BYTES, Attachments

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + b"x" * 500

# Writes one picture and is killed between the last byte and the name.
KILLED = """
import os, sys
from pathlib import Path
from app.base.paths import DataPaths
from app.store import attachments
attachments.os.fsync = lambda handle: (print("written", flush=True), sys.stdin.read())
attachments.Attachments(DataPaths(Path(sys.argv[1]))).keep(bytes.fromhex(sys.argv[2]))
"""


@pytest.fixture
def kept(tmp_path: Path) -> Attachments:
    return Attachments(DataPaths(tmp_path))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A data folder on a disk of 200 kB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small disk is mounted by root on Linux")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "attachments").rglob("*") if path.is_file())


def trouble_of(kept: Attachments, content: bytes) -> str:
    with pytest.raises(Trouble) as caught:
        kept.keep(content)
    return caught.value.code


@pytest.mark.parametrize(("content", "suffix"), [(JPEG, ".jpg"), (PDF, ".pdf"), (b"\x89PNG\r\n\x1a\n" + b"p", ".png")])
def test_a_picture_lies_under_its_digest_and_once(
    kept: Attachments, tmp_path: Path, content: bytes, suffix: str
) -> None:
    digest = kept.keep(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert kept.keep(content) == digest
    assert files_in(tmp_path) == [digest + suffix]
    assert kept.path_of(digest).read_bytes() == content


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "attachment_empty"),
        (b"GIF89a", "attachment_kind_unknown"),
        (b"MZ\x90", "attachment_kind_unknown"),
        (b"RIFF\0\0\0\0WAVE", "attachment_kind_unknown"),
        (b"\xff\xd8\xff" + bytes(MOST_BYTES), "attachment_too_large"),
    ],
)
def test_what_is_no_picture_is_refused(kept: Attachments, tmp_path: Path, content: bytes, code: str) -> None:
    assert trouble_of(kept, content) == code
    assert not (tmp_path / "attachments").exists()


def test_a_full_disk_leaves_nothing_half(small_disk: Path) -> None:
    kept = Attachments(DataPaths(small_disk))
    first = kept.keep(JPEG)
    assert trouble_of(kept, JPEG + bytes(300_000)) == "disk_full"
    assert files_in(small_disk) == [f"{first}.jpg"]
    again = JPEG + bytes(1_000)
    assert kept.path_of(kept.keep(again)).read_bytes() == again


def test_a_kill_amid_a_picture_leaves_a_half_that_is_swept(kept: Attachments, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), JPEG.hex()],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"written\n"
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    (half,) = files_in(tmp_path)
    assert half.endswith(".part")
    with pytest.raises(Trouble, match="attachment_missing"):
        kept.path_of(hashlib.sha256(JPEG).hexdigest())
    assert kept.sweep() == 1
    assert kept.path_of(kept.keep(JPEG)).read_bytes() == JPEG


def test_a_picture_that_was_changed_or_taken_away_is_named(kept: Attachments) -> None:
    digest = kept.keep(JPEG)
    place = kept.path_of(digest)
    place.write_bytes(JPEG[:-1])
    with pytest.raises(Trouble, match="attachment_damaged"):
        kept.path_of(digest)
    assert kept.keep(JPEG) == digest, "and taking it in again mends it"
    assert kept.path_of(digest).read_bytes() == JPEG
    place.unlink()
    with pytest.raises(Trouble, match="attachment_missing"):
        kept.path_of(digest)
