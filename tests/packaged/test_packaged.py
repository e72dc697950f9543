"""The stand-alone program does what the program from source does: no fault of resources or imports is left in it."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app import __version__
from tests.packaged.packaged_program import Hospital, Packaged

DELIVERY, BOXES = "DEMO-20261122-11", 200
WAIT_S = 60.0
MOST_MB = 245  # Qt's multimedia and its decoder among them: without these there is no camera
UNUSED_QT = ("Qml", "Quick", "WebEngine", "Charts", "Graphs", "DataVisualization", "Pdf", "VirtualKeyboard", "Designer")


def until(holds: Callable[[], bool], child: subprocess.Popen[bytes]) -> bool:
    """Wait for what another process does; False when the time is over or the process has ended."""
    pause, end_s = threading.Event(), time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end_s or child.poll() is not None:
            return False
        pause.wait(0.1)
    return True


def end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    child.wait(timeout=WAIT_S)
    for pipe in (child.stdin, child.stdout):
        assert pipe is not None
        pipe.close()


def test_says_its_version(packaged: Packaged) -> None:
    done = packaged.run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"matou {__version__}\n", "")


def test_finds_no_fault_in_itself(packaged: Packaged, tmp_path: Path) -> None:
    done = packaged.run("self-test", "--json", "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    found = {row["check"]: row["state"] for row in json.loads(done.stdout)["checks"]}
    assert {found[name] for name in ("python", "sqlite", "texts", "qt", "folder", "database", "commit")} == {"pass"}


def test_receives_a_delivery_and_the_hospital_has_each_box_once(
    packaged: Packaged, hospital: Hospital, tmp_path: Path
) -> None:
    at = ("--data-dir", str(tmp_path / "data"), "--server", hospital.url)
    key = next(row for row in hospital.get("deliveries")["deliveries"] if row["delivery"] == DELIVERY)
    boxes = [row["code"] for row in key["packages"] if row["level"] == 1]
    assert packaged.run("sync", "--until-empty", *at).returncode == 0
    scans = "\n".join([*boxes, "!close"]) + "\n"
    done = packaged.run(
        "receive", "--delivery", DELIVERY, "--operator", "1001", *at, given=scans, MATOU_PIN="1234"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == BOXES + 2
    assert {answer["reason"] for answer in answers[:-1]} == {"ok"}
    assert answers[-1]["equation"]["received"] == BOXES
    assert packaged.run("sync", "--until-empty", *at).returncode == 0
    inside = [row for row in hospital.get("ledger")["codes"] if row["delivery"] == DELIVERY]
    assert sorted(row["code"] for row in inside if row["state"] == "in") == sorted(boxes)
    assert {row["times"] for row in inside} == {1}


def test_shows_a_code_with_its_drug(packaged: Packaged, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert packaged.run("self-test", "--data-dir", data).returncode == 0
    done = packaged.run("show", "]d201069529999002021726113010B1\x1d21S1", "--json", "--data-dir", data)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kind"] == "gs1"


def test_opens_its_window_and_meets_the_hospital(packaged: Packaged, hospital: Hospital, tmp_path: Path) -> None:
    errors = tmp_path / "errors.txt"
    child = packaged.start("--data-dir", str(tmp_path / "data"), "--server", hospital.url, errors=errors)
    met = until(lambda: "changes" in hospital.get("calls")["calls"], child)
    end(child)
    assert met, errors.read_text(encoding="utf-8")
    assert "Traceback" not in errors.read_text(encoding="utf-8")
    assert "CRITICAL" not in (tmp_path / "data" / "logs" / "matou.log").read_text(encoding="utf-8")


def test_opens_the_demonstration_with_a_hospital_of_its_own(packaged: Packaged, tmp_path: Path) -> None:
    errors, data = tmp_path / "errors.txt", tmp_path / "demo"
    child = packaged.start("--demo", "--data-dir", str(data), errors=errors)
    up = until((data / "matou.lock.json").is_file, child)
    end(child)
    assert up, errors.read_text(encoding="utf-8")
    assert "Traceback" not in errors.read_text(encoding="utf-8")


def test_qt_stands_beside_it_in_libraries_of_its_own(program: Path) -> None:
    names = {path.name for path in program.parent.rglob("*") if path.is_file()}
    assert any(name.startswith(("libQt6Core.so", "Qt6Core.dll")) for name in names)
    assert [name for name in sorted(names) if "Qt" in name and any(part in name for part in UNUSED_QT)] == []


def test_is_no_larger_than_it_must_be(program: Path) -> None:
    size_mb = sum(path.lstat().st_size for path in program.parent.rglob("*") if not path.is_dir()) / 1_000_000
    assert size_mb < MOST_MB


@pytest.mark.parametrize("name", ["fonts/MatouSansSC-Regular.otf", "sounds/good.wav", "texts/window.toml"])
def test_brings_its_resources(program: Path, name: str) -> None:
    assert [path for path in program.parent.rglob(Path(name).name) if path.parent.name == Path(name).parent.name]
