"""The first exchange of a folder is cut short, by faults and by a kill: afterwards cartons count as if it never was."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.sandbox import SandboxProcess
from tests.journeys.journey_program import Talk, matou, until

HARD = {"hard": 3, "seed": 21, "knowledge": "relay"}


@pytest.fixture
def hospital() -> Iterator[SandboxProcess]:
    """Its relay alone knows the packages."""
    with SandboxProcess(seed=21) as made:
        made.seed(HARD)
        yield made


def asked(hospital: SandboxProcess, endpoint: str) -> int:
    return int(hospital.calls()["calls"].get(endpoint, {"count": 0})["count"])


@pytest.mark.parametrize("fault", ["reset_mid_reply", "status:503"])
def test_a_first_feed_that_breaks_brings_no_manifests_and_the_next_one_all(
    hospital: SandboxProcess, tmp_path: Path, fault: str
) -> None:
    hospital.faults({"plan": [{"endpoint": "changes", "fault": fault, "nth": n} for n in range(1, 100)]})
    done = matou("sync", "--limit", "1", "--data-dir", tmp_path, "--server", hospital.url)
    assert done.status == 3
    assert asked(hospital, "changes") > 0
    assert asked(hospital, "relay_heads") == 0
    hospital.faults({})
    received_by_carton(hospital, tmp_path)


def test_a_kill_amid_the_first_feed_costs_nothing(hospital: SandboxProcess, tmp_path: Path) -> None:
    hospital.faults({"plan": [{"endpoint": "changes", "fault": "slow:60000", "nth": 1}]})
    with Talk("sync", "--limit", "60", "--data-dir", tmp_path, "--server", hospital.url) as talk:
        until(lambda: asked(hospital, "site") > 0)
        talk.signal(signal.SIGKILL)
        talk.process.wait(20)
    assert asked(hospital, "relay_heads") == 0
    hospital.faults({})
    received_by_carton(hospital, tmp_path)


def received_by_carton(hospital: SandboxProcess, data: Path) -> None:
    """The whole delivery, with one shot, without a network."""
    assert matou("sync", "--until-empty", "--data-dir", data, "--server", hospital.url).status == 0
    note = next(row for row in hospital.deliveries().values() if row["delivery"].endswith("-01") and row.get("cases"))
    carton = next(row["code"] for row in note["packages"] if row["parent"] is None)
    boxes = sum(row["level"] == 1 for row in note["packages"])
    words = ("receive", "--delivery", note["delivery"], "--offline", "--operator", "1001", "--data-dir", data)
    scan, _ = matou(*words, stdin=f"{carton}\n".encode()).lines
    assert (scan["reason"], scan["packs"]) == ("ok", boxes)
