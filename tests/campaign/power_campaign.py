"""The power goes: a real `matou receive` is recorded while it scans, sends and folds its journal, and then the disk is
laid out as it may be found after a cut at any moment of the recording.

Each time the file opens, is whole, holds every scan that was said to be counted, and nothing that nobody scanned. Main
thread; program and sandbox are processes of their own. Small in the tests, large with `build/dev.py bench --power`;
the last line of standard output is the report, exit status 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.base.options import Environment
from app.wiring import Call, Program
from tests.campaign.power_disk import Disk, Kind, Loss, Record, read_records
from tests.fixtures.sandbox import ROOT, SandboxProcess

DELIVERY = "POWER-01"
RECEIPT = f"{DELIVERY}-R1"
PROGRAM = (sys.executable, "-m", "app")
SOURCE = Path(__file__).with_name("power_recorder.c")
BEFORE_FOLD, AFTER_FOLD = 650, 150  # inputs before and after the journal is folded into the file
LIMIT_S = 120
OPENED_BY_THE_PROGRAM = 20  # one point in so many
LOSSES = (
    Loss(1, None),
    Loss(1, None),
    Loss(0.5, None),
    Loss(0.5, 4096),
    Loss(0.5, 512),
    Loss(0.9, 512),
    Loss(0.1, 512),
)

DISAGREE = """
SELECT count(*) FROM entries e LEFT JOIN sync_outbox o ON o.id = e.id
WHERE e.receipt = ? AND (e.counted = 1 OR e.reason = 'ok') = (o.id IS NULL)
"""
"""Every counted scan and every command that was done has its item, and nothing else has."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What happened: the files before, every call, and what was fed."""

    start: dict[str, bytes]
    records: list[Record]
    fed: list[str]

    def count(self, kind: Kind) -> int:
        return sum(record.kind is kind for record in self.records)


@dataclass(slots=True)
class Report:
    """What the cuts came to. `broken`: every promise that was not kept, in words."""

    seed: int
    points: int = 0
    calls: int = 0
    syncs: int = 0
    fed: int = 0
    said: int = 0
    folds: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """True if every promise was kept."""
        return not self.broken


def compiler() -> str | None:
    """A C compiler, if this machine has one and can load what it makes."""
    return shutil.which("cc") if sys.platform.startswith("linux") else None


def build(place: Path) -> Path:
    """The recorder as a library."""
    made = place / "power_recorder.so"
    words = (
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-O1",
        "-shared",
        "-fPIC",
        "-o",
        str(made),
        str(SOURCE),
        "-ldl",
    )
    subprocess.run([compiler() or "cc", *words], check=True, timeout=LIMIT_S)
    return made


def record(place: Path, dice: random.Random, program: Sequence[str] = PROGRAM) -> Recording:
    """Let a clerk receive a delivery, with the exchange in the background, under the recorder."""
    library, log, data = build(place), place / "calls.bin", place / "data"
    with SandboxProcess() as hospital:
        hospital.seed({"generate": {"boxes": BEFORE_FOLD + AFTER_FOLD, "delivery": DELIVERY}})
        common = ("--data-dir", str(data), "--server", hospital.url)
        subprocess.run([*PROGRAM, "sync", "--until-empty", *common], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        start = {path.name: path.read_bytes() for path in data.glob("matou.db*") if not path.name.endswith("-shm")}
        fed = _feed([row["code"] for row in hospital.deliveries()[DELIVERY]["packages"] if row["level"] == 1], dice)
        preloaded = {"LD_PRELOAD": str(library), "POWER_LOG": str(log), "POWER_FOLDER": str(data), "MATOU_PIN": "1234"}
        words = [*program, "receive", "--delivery", DELIVERY, "--operator", "1001", *common]
        with subprocess.Popen(
            words, cwd=ROOT, env={**os.environ, **preloaded}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            _scan(child, fed, log)
        assert child.returncode == 0, child.returncode
    return Recording(start, read_records(log), fed)


def _feed(boxes: Sequence[str], dice: random.Random) -> list[str]:
    lines = list(boxes)
    for code in dice.sample(lines, 40):
        lines.insert(dice.randrange(lines.index(code) + 1, len(lines) + 1), f"!undo {code}")
    return lines


def _scan(child: subprocess.Popen[bytes], fed: Sequence[str], log: Path) -> None:
    """Each input after the answer to the one before, as a person does; in the middle a pause until a fold."""
    assert child.stdin is not None
    assert child.stdout is not None
    for number, line in enumerate(fed):
        if number == BEFORE_FOLD:
            _await_fold(log)
        child.stdin.write(line.encode() + b"\n")
        child.stdin.flush()
        assert child.stdout.readline()
    child.stdin.close()
    child.stdout.read()


def _await_fold(log: Path) -> None:
    looks = threading.Event()
    for _ in range(LIMIT_S * 10):
        if _folds(read_records(log)):
            return
        looks.wait(0.1)
    raise AssertionError("the journal was never folded")


def _folds(records: Sequence[Record]) -> int:
    """Syncs of the database itself: until a journal is folded in, nobody writes to it."""
    names = {record.file: record.data for record in records if record.kind is Kind.OPEN}
    return sum(record.kind is Kind.SYNC_ENDS and names[record.file] == b"matou.db" for record in records)


def cut(recording: Recording, points: int, seed: int, place: Path) -> Report:
    """Cut the power at so many moments."""
    began, dice = time.monotonic(), random.Random(seed)
    report = Report(seed, points, len(recording.records), recording.count(Kind.SYNC_ENDS), len(recording.fed))
    report.folds = _folds(recording.records)
    disk, played = Disk(recording.start), 0
    for number, moment in enumerate(sorted(dice.choices(range(len(recording.records) + 1), k=points))):
        while played < moment:
            disk.play(recording.records[played])
            played += 1
        loss = dice.choice(LOSSES)
        found = disk.after_cut(dice, loss)
        said = [json.loads(line) for line in disk.said.splitlines() if line.endswith(b"}")]
        said = [line for line in said if line["kind"] != "end"]
        report.said = max(report.said, len(said))
        wrong = _judge(found, said, recording.fed, place, by_program=number % OPENED_BY_THE_PROGRAM == 0)
        report.broken += [f"after {moment} calls, {loss}: {words}" for words in wrong]
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _judge(
    found: dict[str, bytes], said: Sequence[dict[str, Any]], fed: Sequence[str], place: Path, *, by_program: bool
) -> list[str]:
    """What is wrong with these files, in words."""
    folder = place / "found"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in found.items():
        (folder / name).write_bytes(content)
    try:
        if by_program:
            Program(Call("power", folder, None, Environment())).close()
        with contextlib.closing(sqlite3.connect(folder / "matou.db")) as file:
            return _look(file, said, fed)
    except Exception as error:
        return [f"does not open: {error}"]


def _look(file: sqlite3.Connection, said: Sequence[dict[str, Any]], fed: Sequence[str]) -> list[str]:
    checked = file.execute("PRAGMA quick_check").fetchall()
    if checked != [("ok",)]:
        return [f"is damaged: {checked[:3]}"]
    rows = file.execute(
        "SELECT seq, payload, counted FROM entries WHERE receipt = ? ORDER BY seq", (RECEIPT,)
    ).fetchall()
    wrong = []
    if len(rows) < len(said):
        wrong.append(f"{len(said)} answers were given, {len(rows)} are here")
    if len(rows) > len(said) + 1:
        wrong.append(f"{len(rows)} are here, {len(said)} answers were given")
    wanted = [(n, line.removeprefix("!")) for n, line in enumerate(fed[: len(rows)], start=1)]
    if [row[:2] for row in rows] != wanted:
        wrong.append("something else is here than was fed")
    counted = [(line["seq"], line["payload"]) for line in said if line.get("counted")]
    if not set(counted) <= {row[:2] for row in rows if row[2]}:
        wrong.append("a scan that was said to be counted is not")
    if file.execute(DISAGREE, (RECEIPT,)).fetchone()[0]:
        wrong.append("entries and outbox do not agree")
    packs = file.execute("SELECT count(DISTINCT pack) FROM holds WHERE receipt = ?", (RECEIPT,)).fetchone()[0]
    received = file.execute(
        "SELECT coalesce(sum(received), 0) FROM receipt_lines WHERE receipt = ?", (RECEIPT,)
    ).fetchone()[0]
    if packs != received:
        wrong.append(f"{packs} packs are held, {received} are counted")
    return wrong


def run_campaign(points: int, seed: int, place: Path, program: Sequence[str] = PROGRAM) -> Report:
    """Record, then cut. `place` is empty; the recording is made where it is, which may be memory."""
    began = time.monotonic()
    report = cut(record(place, random.Random(seed), program), points, seed, place)
    report.seconds = round(time.monotonic() - began, 1)
    return report


def main() -> int:
    """The large size."""
    parser = argparse.ArgumentParser(prog="power_campaign")
    parser.add_argument("--points", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        report = run_campaign(args.points, args.seed, Path(place))
    sys.stdout.write(json.dumps(asdict(report) | {"kept": report.kept}) + "\n")
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
