"""Old files open with the present program, upgrades are whole or not at all, and backups are made before."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import peewee
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.base.errors import Trouble
from app.base.options import Environment
from app.base.paths import DataPaths
from app.store.backup import BACKUPS_KEPT, back_up
from app.store.database import open_database, open_for_reading, schema_version
from app.wiring import SCHEMA, Call, Program, Reader
from sync.item_ids import unpacked
from tests.data import make_database as old
from tests.fixtures.outbox import BODIES
from tests.fixtures.outbox import bodies as read_bodies
from tests.store.store_bench import KNOWN

ROOT = Path(__file__).resolve().parents[2]
NEXT, AFTER_NEXT = KNOWN + 1, KNOWN + 2
TO_NEXT: Mapping[int, Sequence[str]] = {
    NEXT: ("CREATE TABLE later (a)", "INSERT INTO later VALUES (1)", "ALTER TABLE meta ADD COLUMN since TEXT")
}
NOW_MS = old.AT_MS

# Runs the upgrade to the version named last, and stops for ever after its first statement.
HALF_AN_UPGRADE = """
import sys
from pathlib import Path
from app.base.paths import DataPaths
from app.store.database import open_database
from app.wiring import SCHEMA

class Stops(tuple):
    def __iter__(self):
        yield tuple.__getitem__(self, 0)
        print("half", flush=True)
        sys.stdin.read()

steps = {int(version): ("CREATE TABLE later_" + version + " (a)",) for version in sys.argv[2:]}
last = max(steps)
steps[last] = Stops(steps[last] + ("CREATE TABLE never (a)",))
open_database(DataPaths(Path(sys.argv[1])), (*SCHEMA, steps), now_ms=lambda: 0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataPaths:
    """A data folder with the file of the present version."""
    paths = DataPaths(tmp_path / "data")
    paths.root.mkdir()
    shutil.copyfile(old.FOLDER / f"v{KNOWN}.db", paths.database)
    return paths


def version_of(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as found:
        return int(found.execute("PRAGMA user_version").fetchone()[0])


def rows_of(path: Path) -> dict[str, list[frozenset[tuple[str, object]]]]:
    """Table → rows in their order, each as (column, value) without NULL; ids as text."""
    found: dict[str, list[frozenset[tuple[str, object]]]] = {}
    with contextlib.closing(sqlite3.connect(path)) as file:
        for table in sorted(tables_of(path)):
            cursor = file.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            found[table] = [
                frozenset(
                    (
                        name,
                        unpacked(value)
                        if name in ("id", "negates", "waits_for") and isinstance(value, bytes)
                        else value,
                    )
                    for name, value in zip(names, row, strict=True)
                    if value is not None
                )
                for row in cursor
            ]
    return found


def tables_of(path: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(path)) as found:
        return {row[0] for row in found.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def upgraded(paths: DataPaths, *more: Mapping[int, Sequence[str]], now_ms: int = NOW_MS) -> None:
    open_database(paths, (*SCHEMA, *more), now_ms=lambda: now_ms).close()


def program_on(paths: DataPaths) -> Program:
    return Program(Call("test", paths.root, None, Environment()))


@pytest.mark.parametrize("version", range(1, KNOWN + 1))
def test_every_version_has_an_old_file_with_rows_in_every_table(version: int) -> None:
    file = old.FOLDER / f"v{version}.db"
    assert file.stat().st_size < 400_000
    assert version_of(file) == version
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as found:
        names = [row[0] for row in found.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        empty = [name for name in names if found.execute(f"SELECT count(*) FROM {name}").fetchone()[0] == 0]
    assert empty == []
    assert {"sync_outbox", "sync_cursor", "sync_batch", "sync_tally", "entries", "holds"} <= set(names)


@pytest.mark.parametrize("version", range(1, KNOWN + 1))
def test_the_maker_makes_what_is_kept(tmp_path: Path, version: int) -> None:
    """The file in the checkout is what its maker says: same tables, same rows."""
    made = old.make(version, tmp_path)
    kept_file = old.FOLDER / f"v{version}.db"
    with (
        contextlib.closing(sqlite3.connect(made)) as new,
        contextlib.closing(sqlite3.connect(f"{kept_file.as_uri()}?mode=ro&immutable=1", uri=True)) as kept,
    ):
        assert list(new.iterdump()) == list(kept.iterdump())
    with pytest.raises(FileExistsError):
        old.make(version, tmp_path)


@pytest.mark.parametrize("version", range(1, KNOWN + 1))
def test_an_old_file_is_gone_on_with_where_it_ended(tmp_path: Path, version: int) -> None:
    paths = DataPaths(tmp_path)
    shutil.copyfile(old.FOLDER / f"v{version}.db", paths.database)
    with program_on(paths) as program:
        assert program.device == old.DEVICE
        operator = program.sign_in("1001", old.PIN)
        desk = program.receiving(old.NO, operator, holds=False)
        before = desk.summary()
        again = desk.scan(old.BOXES[0].encode())
        damaged = desk.scan(old.BOXES[2].encode())
        second = desk.scan(old.BOXES[1].encode())
        elsewhere = desk.scan(old.ELSEWHERE.encode())
        undone = desk.command("undo")
        counts = program.writer.call(program.outbox.counts, write=False)

    assert before.equation.as_dict() == {
        "expected": 3, "received": 1, "short": 0, "damaged": 1, "rejected": 0, "exempt": 0,
    }  # fmt: skip
    assert (again.seq, again.reason) == (5, "duplicate_in_receipt")
    assert damaged.reason == "duplicate_in_receipt"
    assert (second.reason, second.received) == ("ok", 2)
    assert elsewhere.reason == "already_received"
    assert undone.ok
    assert (counts.accepted, counts.queued) == (2, 4)


@pytest.mark.parametrize("version", [1, 2])
def test_no_row_is_lost_or_changed_on_the_way_to_version_3(tmp_path: Path, version: int) -> None:
    """Ids are written otherwise, and say the same. The feed is fetched anew for what nobody kept of it."""
    paths = DataPaths(tmp_path)
    shutil.copyfile(old.FOLDER / f"v{version}.db", paths.database)
    before = rows_of(paths.database)
    upgraded(paths)
    after = rows_of(paths.database)
    moved = {"sync_cursor"} | ({"packages"} if version == 1 else set())  # to claims of a source; a test of its own
    for table in before.keys() - moved:
        kept = {name for row in before[table] for name, _ in row}
        assert [frozenset(one for one in row if one[0] in kept) for row in after[table]] == before[table], table


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("UPDATE receipts SET state = 'open'", ["relay heads of r"]),
        ("UPDATE receipts SET state = 'closed'", ["relay heads of r"]),  # a close of the file was not taken
        ("DELETE FROM receipts", ["relay heads of r"]),
        (
            "UPDATE sync_outbox SET state = 'accepted'; UPDATE receipts SET state = 'closed'",
            [old.REALM, "relay heads of r"],
        ),
    ],
)  # fmt: skip
def test_the_feed_is_fetched_anew_where_a_receipt_may_still_change(
    tmp_path: Path, change: str, left: list[str]
) -> None:
    """What it told of outcomes came before anybody kept it."""
    paths = DataPaths(tmp_path)
    shutil.copyfile(old.FOLDER / "v3.db", paths.database)
    with contextlib.closing(sqlite3.connect(paths.database)) as file:
        file.executescript(f"{change}; INSERT INTO sync_cursor VALUES ('relay heads of r', 'c', 1);")
        file.commit()
    upgraded(paths)
    with contextlib.closing(sqlite3.connect(paths.database)) as file:
        assert [row[0] for row in file.execute("SELECT realm FROM sync_cursor ORDER BY realm DESC")] == sorted(
            left, reverse=True
        )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    items=st.lists(
        st.tuples(
            st.one_of(st.uuids().map(str), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)),
            st.one_of(st.none(), st.uuids().map(str), st.just("odd")),
            st.binary(),
        ),
        max_size=30,
        unique_by=lambda item: item[0],
    )
)
def test_every_item_of_an_older_outbox_is_there_and_travels_as_it_would_have(
    tmp_path_factory: pytest.TempPathFactory, items: list[tuple[str, str | None, bytes]]
) -> None:
    paths = DataPaths(tmp_path_factory.mktemp("older"))
    shutil.copyfile(old.FOLDER / "v2.db", paths.database)
    bodies = [b"{" + body for _, _, body in items]
    with contextlib.closing(sqlite3.connect(paths.database)) as file, file:
        for place, ((item, other, _), body) in enumerate(zip(items, bodies, strict=True)):
            file.execute(
                "INSERT INTO sync_outbox (n, id, realm, receipt, seq, kind, negates, waits_for, urgent, created_ms, "
                "body) VALUES (?, ?, 'r', 'X-1-R1', ?, 'scan', ?, ?, 0, 5, ?)",
                (1_000 + place, item, place, other, other, body),
            )
            file.execute(
                "INSERT INTO entries (receipt, seq, id, kind, at_ms, operator, reason, counted, in_force) "
                "VALUES ('X-1-R1', ?, ?, 'scan', 5, '1001', 'ok', 0, 0)",
                (place, item),
            )
    upgraded(paths)
    with Reader(paths.root) as reader:
        found = {row.id: row for row in reader.outbox.rows(ids=[item for item, _, _ in items], limit=100)}
        stored = reader.database.execute_sql(f"{BODIES.replace(' ORDER', ' WHERE n >= 1000 ORDER')}").fetchall()
        ids = reader.database.execute_sql("SELECT id FROM entries WHERE receipt = 'X-1-R1' ORDER BY seq").fetchall()
    assert [(found[item].negates, found[item].seq) for item, _, _ in items] == [
        (other, place) for place, (_, other, _) in enumerate(items)
    ]
    assert read_bodies(stored) == bodies
    assert [unpacked(one) for (one,) in ids] == [item for item, _, _ in items]


def test_an_old_file_can_be_looked_into(folder: DataPaths) -> None:
    with Reader(folder.root) as reader:
        assert reader.catalogue.delivery(old.NO) is not None
        assert [row.state for row in reader.outbox.rows(ids=[old.ITEMS[0]])] == ["accepted"]


def test_an_older_file_is_not_upgraded_by_looking(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    shutil.copyfile(old.FOLDER / "v1.db", paths.database)
    with pytest.raises(Trouble, match="database_older"):
        Reader(paths.root)
    assert version_of(paths.database) == 1


def test_an_upgrade_keeps_a_backup_of_before(folder: DataPaths) -> None:
    upgraded(folder, TO_NEXT)

    assert version_of(folder.database) == NEXT
    assert "later" in tables_of(folder.database)
    (kept,) = folder.backups.iterdir()
    assert kept.name == f"matou-20261122T060000-before-v{NEXT}.db"
    assert version_of(kept) == KNOWN
    assert "later" not in tables_of(kept)
    with contextlib.closing(sqlite3.connect(kept)) as found:
        assert found.execute("SELECT count(*) FROM entries").fetchone() == (4,)


def test_a_file_at_the_newest_version_needs_no_backup(folder: DataPaths) -> None:
    upgraded(folder, TO_NEXT)
    for path in folder.backups.iterdir():
        path.unlink()
    upgraded(folder, TO_NEXT)

    assert list(folder.backups.iterdir()) == []


def test_a_new_folder_gets_every_version_and_no_backup(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    upgraded(paths, TO_NEXT)

    assert version_of(paths.database) == NEXT
    assert not paths.backups.exists()


def test_an_upgrade_that_fails_leaves_the_older_version_whole(folder: DataPaths) -> None:
    broken = {NEXT: ("CREATE TABLE later (a)", "INSERT INTO nowhere VALUES (1)")}
    with pytest.raises((peewee.PeeweeException, sqlite3.Error), match="nowhere"):
        upgraded(folder, broken)

    assert version_of(folder.database) == KNOWN
    assert "later" not in tables_of(folder.database)


@pytest.mark.parametrize(("versions", "left"), [((NEXT,), KNOWN), ((NEXT, AFTER_NEXT), NEXT)], ids=["first", "second"])
def test_a_kill_in_the_middle_of_an_upgrade_leaves_a_whole_version(
    folder: DataPaths, versions: tuple[int, ...], left: int
) -> None:
    words = [sys.executable, "-c", HALF_AN_UPGRADE, str(folder.root), *map(str, versions)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"half\n"
        child.kill()
        child.wait(20)

    assert version_of(folder.database) == left
    assert {name for name in tables_of(folder.database) if name.startswith(("later_", "never"))} == {
        f"later_{version}" for version in versions if version <= left
    }
    upgraded(folder, TO_NEXT if left == KNOWN else {NEXT: (), AFTER_NEXT: ("CREATE TABLE later (a)",)})
    assert version_of(folder.database) == max(versions)


def test_backups_rotate(folder: DataPaths) -> None:
    database = open_database(folder, SCHEMA, now_ms=lambda: NOW_MS)
    with contextlib.closing(database):
        made = [back_up(database, folder.backups, name="day", now_ms=NOW_MS + 1000 * number) for number in range(8)]

    assert sorted(folder.backups.iterdir()) == sorted(made[-BACKUPS_KEPT:])


def test_a_backup_of_a_clock_that_went_back_is_kept(folder: DataPaths) -> None:
    """Its name is the oldest of all, and yet it is the one that is needed."""
    database = open_database(folder, SCHEMA, now_ms=lambda: NOW_MS)
    with contextlib.closing(database):
        for number in range(BACKUPS_KEPT):
            back_up(database, folder.backups, name="day", now_ms=NOW_MS + 1000 * number)
        newest = back_up(database, folder.backups, name="reset", now_ms=0)

    assert newest.exists()
    assert len(list(folder.backups.iterdir())) == BACKUPS_KEPT


def test_what_a_killed_backup_left_is_swept_away(folder: DataPaths) -> None:
    folder.backups.mkdir()
    (folder.backups / "matou-20200101T000000-before-v1.part").write_bytes(b"half")
    upgraded(folder, TO_NEXT)

    assert [path.suffix for path in folder.backups.iterdir()] == [".db"]


def test_a_backup_of_a_damaged_file_is_told_as_damage(folder: DataPaths) -> None:
    """One page is gone: SQLite opens the file, but the copy does not pass its check, and no upgrade is tried."""
    with contextlib.closing(sqlite3.connect(folder.database)) as file:
        (page,) = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'holds'").fetchone()
        (size,) = file.execute("PRAGMA page_size").fetchone()
    with folder.database.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)
    with pytest.raises(Trouble, match="database_damaged"):
        upgraded(folder, TO_NEXT)

    assert version_of(folder.database) == KNOWN
    assert list(folder.backups.iterdir()) == []


def test_a_backup_folder_that_cannot_be_made_is_told(folder: DataPaths) -> None:
    folder.backups.write_bytes(b"a file in its place")
    with pytest.raises(Trouble, match="disk_error"):
        upgraded(folder, TO_NEXT)

    assert version_of(folder.database) == KNOWN


def test_a_reader_refuses_what_it_does_not_know(tmp_path: Path, folder: DataPaths) -> None:
    with pytest.raises(Trouble, match="data_folder_missing"):
        open_for_reading(DataPaths(tmp_path / "nowhere"), SCHEMA)
    with pytest.raises(Trouble, match="database_older"):
        open_for_reading(folder, (*SCHEMA, TO_NEXT))
    upgraded(folder, TO_NEXT)
    with pytest.raises(Trouble, match="database_newer"):
        open_for_reading(folder, SCHEMA)


def test_a_reader_cannot_write(folder: DataPaths) -> None:
    database = open_for_reading(folder, SCHEMA)
    with contextlib.closing(database):
        assert schema_version(database) == KNOWN
        with pytest.raises(peewee.OperationalError, match="readonly"):
            database.execute_sql("DELETE FROM entries")
