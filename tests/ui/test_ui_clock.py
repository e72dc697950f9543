"""The device's clock against the hospital's: told in words, once, with the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from app.base.texts import Texts
from app.ui.clock_check import CODES, TOLERATED_MS, clock_trouble
from app.ui.window_news import notice_of
from tests.fixtures.sandbox import SandboxProcess
from tests.ui.conductor_ear import Ear, starter

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("off_ms", "title"),
    [
        (6 * MINUTE_MS, "本机时钟比医院快了 6 分钟"),
        (-119 * MINUTE_MS, "本机时钟比医院慢了 119 分钟"),
        (-3 * HOUR_MS, "本机时钟比医院慢了 3 小时"),
        (47 * HOUR_MS, "本机时钟比医院快了 47 小时"),
        (-20_000 * DAY_MS, "本机时钟比医院慢了 20000 天"),
    ],
)
def test_the_difference_in_words(off_ms: int, title: str) -> None:
    trouble = clock_trouble(off_ms)
    assert trouble is not None
    assert Texts.load().title(trouble.code, **trouble.values) == title


@given(st.integers(-TOLERATED_MS, TOLERATED_MS))
def test_five_minutes_are_nothing(off_ms: int) -> None:
    assert clock_trouble(off_ms) is None


@given(st.integers(TOLERATED_MS + 1, 10**14), st.sampled_from([1, -1]))
def test_every_difference_has_words_and_one_place(off_ms: int, way: int) -> None:
    trouble = clock_trouble(way * off_ms)
    assert trouble is not None
    assert trouble.code in CODES
    assert (trouble.code.startswith("clock_fast")) is (way > 0)
    assert int(str(trouble.values["count"])) >= 2
    notice = notice_of(trouble.code, trouble.values, ())
    assert (notice.about, notice.passing) == ("clock", False)


@pytest.fixture
def begin(qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[..., Ear]]:
    with starter(qtbot, tmp_path / "data") as start:
        yield start


def test_a_clock_that_is_hours_off_is_told_once(begin: Callable[..., Ear], hospital: SandboxProcess) -> None:
    hospital.faults({"clock_skew:10800": 1.0})
    ear = begin(hospital.url)
    told = ear.wait("trouble", fits=lambda one: one[0] in CODES)
    assert told == ("clock_slow_hours", {"count": 3})
    before = len(ear.all("sync_changed"))
    ear.conductor.sync_now()
    ear.wait("sync_changed", before + 1)
    assert ear.codes().count("clock_slow_hours") == 1


def test_a_clock_that_goes_right_is_not_mentioned(begin: Callable[..., Ear], hospital: SandboxProcess) -> None:
    ear = begin(hospital.url)
    ear.wait("operators_changed", fits=bool)
    assert not set(ear.codes()) & set(CODES)
