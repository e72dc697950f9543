"""Power cuts: a recorded sitting cut at sixty moments keeps every promise; a program that does not sync is caught."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.campaign.power_campaign import compiler, run_campaign
from tests.campaign.power_disk import Disk, Kind, Loss, Record, read_records

POINTS = 60
ALL, NONE = Loss(1, None), Loss(0, None)
DICE = random.Random(1)

# A commit is in the file, but nobody waited for the disk.
DOES_NOT_SYNC = """
import sys
from app.__main__ import main
from app.store import database
database.PRAGMAS = tuple((name, "normal" if name == "synchronous" else value) for name, value in database.PRAGMAS)
sys.exit(main())
"""

needs_a_compiler = pytest.mark.skipif(
    compiler() is None, reason="no C compiler on this machine (Debian: gcc, libc6-dev), or not Linux"
)


@needs_a_compiler
def test_sixty_power_cuts_lose_nothing_and_invent_nothing(tmp_path: Path) -> None:
    report = run_campaign(POINTS, random.randrange(10**6), tmp_path)

    assert report.broken == [], report
    assert report.points == POINTS
    assert report.said > 400
    assert report.syncs > report.fed
    assert report.folds >= 1


@needs_a_compiler
def test_the_campaign_catches_a_program_that_does_not_sync(tmp_path: Path) -> None:
    report = run_campaign(POINTS, 1, tmp_path, (sys.executable, "-c", DOES_NOT_SYNC))

    assert any("answers were given" in words for words in report.broken)


def disk(*records: Record) -> Disk:
    made = Disk({"f": b"0123456789"})
    made.play(Record(Kind.OPEN, 1, 0, b"f"))
    for record in records:
        made.play(record)
    return made


def write(place: int, data: bytes, file: int = 1) -> Record:
    return Record(Kind.WRITE, file, place, data)


def sync(file: int = 1) -> tuple[Record, Record]:
    return Record(Kind.SYNC_BEGINS, file, 0, b""), Record(Kind.SYNC_ENDS, file, 0, b"")


def test_what_was_not_synced_may_be_lost_and_may_be_there() -> None:
    found = disk(write(0, b"ab"))

    assert found.after_cut(DICE, ALL) == {"f": b"0123456789"}
    assert found.after_cut(DICE, NONE) == {"f": b"ab23456789"}


def test_what_was_synced_is_there() -> None:
    assert disk(write(8, b"abcd"), *sync(), write(0, b"x")).after_cut(DICE, ALL) == {"f": b"01234567abcd"}


def test_a_write_during_a_sync_may_be_lost() -> None:
    begins, ends = sync()

    assert disk(write(0, b"a"), begins, write(1, b"b"), ends).after_cut(DICE, ALL) == {"f": b"a123456789"}


def test_a_write_is_torn_where_sectors_end() -> None:
    torn = {disk(write(510, b"abcd")).after_cut(random.Random(seed), Loss(0.5, 512))["f"][510:] for seed in range(40)}

    assert torn == {b"", b"ab", b"\0\0cd", b"abcd"}


def test_a_new_file_is_there_when_its_folder_was_synced() -> None:
    made = disk(Record(Kind.OPEN, 2, 1, b"g"), write(0, b"new", 2), *sync(2))
    assert "g" not in made.after_cut(DICE, ALL)

    for record in (Record(Kind.OPEN, 3, 0, b"."), *sync(3)):
        made.play(record)
    assert made.after_cut(DICE, ALL)["g"] == b"new"


def test_a_file_that_was_taken_away_may_still_be_there() -> None:
    made = disk(Record(Kind.UNLINK, 0, 0, b"f"))

    assert made.after_cut(DICE, ALL) == {"f": b"0123456789"}
    assert {*map(len, (made.after_cut(random.Random(seed), NONE) for seed in range(20)))} == {0, 1}


def test_a_renamed_file_keeps_what_is_in_it() -> None:
    made = disk(Record(Kind.OPEN, 2, 0, b"."), Record(Kind.RENAME, 0, 0, b"f\ng"), *sync(2))

    assert made.after_cut(DICE, ALL) == {"g": b"0123456789"}


def test_a_truncation_may_be_lost() -> None:
    made = disk(Record(Kind.TRUNCATE, 1, 3, b""))

    assert made.after_cut(DICE, ALL) == {"f": b"0123456789"}
    assert made.after_cut(DICE, NONE) == {"f": b"012"}


def test_a_recording_that_was_cut_off_is_read_as_far_as_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    path.write_bytes(bytes(40))

    with pytest.raises(ValueError, match="0"):
        read_records(path)
