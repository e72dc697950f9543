"""Files and folders that the program must refuse, politely and without touching what is there."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from app.base.errors import Trouble
from app.base.options import Environment
from app.base.paths import DataPaths
from app.store.failures import sorted_failures, trouble_of
from app.wiring import Call, Program, Reader
from tests.data import make_database as old
from tests.fixtures.ordinary_user import as_ordinary_user

ROOT = Path(__file__).resolve().parents[2]
NEWER = 99

# Opens the folder as a program does, and says how that went.
OPEN = """
import sys
from pathlib import Path
from app.base.errors import Trouble
from app.base.options import Environment
from app.wiring import Call, Program
try:
    with Program(Call("test", Path(sys.argv[1]), None, Environment())):
        print("open")
except Trouble as trouble:
    print(trouble.code)
"""

# A newer program that is killed: its version stands in the journal only.
KILLED_NEWER = """
import os, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA wal_autocheckpoint = 0")
file.execute("PRAGMA user_version = 99")
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataPaths:
    paths = DataPaths(tmp_path / "data")
    paths.root.mkdir()
    shutil.copyfile(old.FOLDER / f"v{old.NEWEST}.db", paths.database)
    return paths


def refusal(paths: DataPaths) -> str:
    with pytest.raises(Trouble) as caught:
        Program(Call("test", paths.root, None, Environment()))
    return caught.value.code


def hashes(paths: DataPaths, *, without: str = "") -> dict[str, str]:
    """Every database file of the folder with its content."""
    files = [path for path in paths.root.iterdir() if path.name.startswith("matou.db") and path.name != without]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_newer_file_is_not_touched(folder: DataPaths) -> None:
    with contextlib.closing(sqlite3.connect(folder.database)) as file:
        file.execute(f"PRAGMA user_version = {NEWER}")
    before = hashes(folder)
    assert set(before) == {"matou.db"}

    assert refusal(folder) == "database_newer"
    with pytest.raises(Trouble, match="database_newer"):
        Reader(folder.root)

    assert hashes(folder) == before
    assert not folder.backups.exists()


def test_a_newer_file_in_another_journal_mode_is_not_touched(folder: DataPaths) -> None:
    with contextlib.closing(sqlite3.connect(folder.database)) as file:
        file.execute("PRAGMA journal_mode = delete")
        file.execute(f"PRAGMA user_version = {NEWER}")
    before = hashes(folder)

    assert refusal(folder) == "database_newer"
    assert hashes(folder) == before


def test_a_newer_version_that_stands_in_the_journal_is_seen(folder: DataPaths) -> None:
    subprocess.run([sys.executable, "-c", KILLED_NEWER, str(folder.database)], check=False, timeout=30)
    index = folder.database.name + "-shm"  # made anew from the journal by whoever looks
    before = hashes(folder, without=index)
    assert set(before) == {"matou.db", "matou.db-wal"}

    assert refusal(folder) == "database_newer"
    assert hashes(folder, without=index) == before


def test_garbage_is_told_as_damage_and_left_as_it_is(folder: DataPaths) -> None:
    folder.database.write_bytes(b"this is no database" * 1000)
    before = hashes(folder)

    assert refusal(folder) == "database_damaged"
    with pytest.raises(Trouble, match="database_damaged"):
        Reader(folder.root)
    assert hashes(folder) == before


@pytest.mark.parametrize("size", [1, 50, 99, 100, 2_000, 4_096, 20_000])
def test_a_truncated_file_is_told_as_damage(folder: DataPaths, size: int) -> None:
    with folder.database.open("r+b") as file:
        file.truncate(size)

    assert refusal(folder) == "database_damaged"


def test_a_page_that_is_lost_shows_where_it_is_needed(folder: DataPaths) -> None:
    """The file opens; the scan that needs the page is not recorded, and says why."""
    with contextlib.closing(sqlite3.connect(folder.database)) as file:
        (page,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'packages'").fetchone()
    with folder.database.open("r+b") as raw:
        raw.seek((page - 1) * 4096)
        raw.write(b"\xff" * 4096)
    with Program(Call("test", folder.root, None, Environment())) as program:
        desk = program.receiving(old.NO, program.sign_in("1001", old.PIN), holds=False)
        answer = desk.scan(old.BOXES[1].encode())
        after = desk.command("undo")

    assert (answer.reason, answer.trouble, answer.seq) == ("not_recorded", "database_damaged", None)
    assert after.ok


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    assert refusal(DataPaths(tmp_path / "data")) == "data_folder_bad"
    assert refusal(DataPaths(tmp_path / "data" / "below")) == "data_folder_bad"


def test_a_database_that_is_a_folder_is_refused(folder: DataPaths) -> None:
    folder.database.unlink()
    folder.database.mkdir()

    assert refusal(folder) == "data_folder_bad"


def opened_as_ordinary_user(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder)], cwd=ROOT, capture_output=True, encoding="utf-8", check=True,
        timeout=60, preexec_fn=as_ordinary_user,
    )  # fmt: skip
    return done.stdout.strip()


def test_a_read_only_folder_is_told(folder: DataPaths) -> None:
    folder.root.chmod(0o555)
    try:
        assert opened_as_ordinary_user(folder.root) == "data_folder_read_only"
    finally:
        folder.root.chmod(0o755)
    assert opened_as_ordinary_user(folder.root) == "open"


def test_a_read_only_file_is_told(folder: DataPaths) -> None:
    folder.database.chmod(0o444)
    assert opened_as_ordinary_user(folder.root) == "data_folder_read_only"
    folder.database.chmod(0o644)
    assert opened_as_ordinary_user(folder.root) == "open"


def test_a_file_that_may_not_be_read_is_told(folder: DataPaths) -> None:
    folder.database.chmod(0o000)
    assert opened_as_ordinary_user(folder.root) == "data_folder_read_only"


def test_a_folder_below_one_that_is_read_only_cannot_be_made(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        assert opened_as_ordinary_user(tmp_path / "data") == "data_folder_read_only"
    finally:
        tmp_path.chmod(0o755)


def test_our_own_mistakes_are_no_trouble_of_the_world() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as file:
        with pytest.raises(sqlite3.OperationalError), sorted_failures():
            file.execute("SELECT nonsense FROM nowhere")
        file.execute("CREATE TABLE t (a UNIQUE)")
        file.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.IntegrityError), sorted_failures():
            file.execute("INSERT INTO t VALUES (1)")
    assert trouble_of(ValueError()) is None
