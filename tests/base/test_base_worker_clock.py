"""The one-thread worker and the clock with its ids."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.clock import IdMaker, SystemClock, day_of, parse_moment, zone_of
from app.base.worker import Worker, WorkerStopped

LIMIT_S = 10.0


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("test-worker")
    yield made
    made.stop()


class Gate:
    """A job that holds the worker until it is let go."""

    def __init__(self, worker: Worker) -> None:
        self._entered, self._go = threading.Event(), threading.Event()
        self.future: Future[None] = worker.submit(self._wait)
        assert self._entered.wait(LIMIT_S)

    def open(self) -> None:
        self._go.set()

    def _wait(self) -> None:
        self._entered.set()
        assert self._go.wait(LIMIT_S)


def test_priority_first_then_arrival(worker: Worker) -> None:
    done: list[str] = []
    gate = Gate(worker)
    jobs = [("c1", 2), ("a1", 0), ("b1", 1), ("c2", 2), ("a2", 0), ("b2", 1)]
    futures = [worker.submit(lambda name=name: done.append(name), priority=p) for name, p in jobs]  # type: ignore[misc]
    assert worker.waiting(1)
    assert not worker.waiting(0)
    gate.open()
    for future in futures:
        future.result(LIMIT_S)
    assert done == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert not worker.waiting(99)


def test_a_job_that_fails_keeps_its_exception_and_the_thread_goes_on(worker: Worker) -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        worker.call(fail)
    assert worker.call(lambda: 7) == 7
    assert isinstance(worker.submit(fail).exception(LIMIT_S), KeyError)


def test_even_an_exit_stays_in_its_future(worker: Worker) -> None:
    def leave() -> None:
        raise SystemExit(3)

    assert isinstance(worker.submit(leave).exception(LIMIT_S), SystemExit)
    assert worker.call(lambda: 1) == 1


def test_a_call_from_its_own_thread_runs_at_once(worker: Worker) -> None:
    assert not worker.here
    assert worker.call(lambda: (worker.here, worker.call(lambda: threading.current_thread().name))) == (
        True,
        "test-worker",
    )


def test_a_cancelled_job_never_runs(worker: Worker) -> None:
    ran: list[int] = []
    gate = Gate(worker)
    future = worker.submit(lambda: ran.append(1))
    assert future.cancel()
    gate.open()
    worker.call(lambda: None)
    assert ran == []


def test_stop_finishes_the_inbox_and_takes_nothing_more() -> None:
    worker = Worker("test-stop")
    gate = Gate(worker)
    futures = [worker.submit(lambda n=n: n) for n in range(20)]  # type: ignore[misc]
    gate.open()
    worker.stop()
    assert [future.result(0) for future in futures] == list(range(20))
    with pytest.raises(WorkerStopped):
        worker.submit(lambda: None)
    worker.stop()  # twice is once
    assert "test-stop" not in {thread.name for thread in threading.enumerate()}


def test_stop_from_its_own_thread() -> None:
    worker = Worker("test-stop-here")
    worker.call(worker.stop)
    with pytest.raises(WorkerStopped):
        worker.call(lambda: None)


def test_ids_are_version_7_and_carry_their_moment() -> None:
    at_ms = 1_795_327_200_123
    found = uuid.UUID(IdMaker().new(at_ms))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert found.int >> 80 == at_ms


@settings(deadline=None)
@given(st.lists(st.integers(-10, 2**48 + 10), min_size=2, max_size=30))
def test_ids_rise_whatever_the_clock_does(moments: list[int]) -> None:
    ids = IdMaker()
    made = [ids.new(at_ms) for at_ms in moments[:-1]]
    assert made == sorted(set(made))
    assert {uuid.UUID(one).version for one in made} == {7}


def test_5000_in_one_millisecond_still_rise() -> None:
    ids = IdMaker()
    made = [ids.new(5) for _ in range(5_000)]
    assert made == sorted(set(made))


def test_100_000_ids_from_four_threads_are_all_different() -> None:
    ids = IdMaker()

    def some(_: int) -> list[str]:
        return [ids.new(1_795_327_200_000) for _ in range(25_000)]

    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(some, range(4)))
    assert all(part == sorted(part) for part in parts)
    assert len({one for part in parts for one in part}) == 100_000


def test_the_clock_can_start_elsewhere_and_runs_on() -> None:
    clock = SystemClock(1_000)
    first, start = clock.now_ms(), clock.monotonic()
    assert 1_000 <= first < 1_000 + LIMIT_S * 1000
    clock.start_at(5_000_000)
    assert 5_000_000 <= clock.now_ms() < 5_000_000 + LIMIT_S * 1000
    assert clock.monotonic() >= start
    real = dt.datetime.now(dt.UTC).timestamp() * 1000
    assert abs(SystemClock().now_ms() - real) < LIMIT_S * 1000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-11-22T06:00:00Z", 1_795_327_200_000),
        (" 2026-11-22T14:00:00+08:00 ", 1_795_327_200_000),
        ("2026-11-22T06:00:00", 1_795_327_200_000),
        ("2026-11-22T06:00:00.250Z", 1_795_327_200_250),
    ],
)
def test_moments(text: str, ms: int) -> None:
    assert parse_moment(text) == ms


@pytest.mark.parametrize("text", ["", "now", "2026-13-01", "22.11.2026"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_moment(text)


def test_zone_and_the_hospital_s_day() -> None:
    china = zone_of("+08:00")
    assert china.utcoffset(None) == dt.timedelta(hours=8)
    assert zone_of("-03:30").utcoffset(None) == -dt.timedelta(hours=3, minutes=30)
    midnight = parse_moment("2026-11-22T16:00:00Z")
    assert day_of(midnight, china) == dt.date(2026, 11, 23)
    assert day_of(midnight - 1, china) == dt.date(2026, 11, 22)


@pytest.mark.parametrize("text", ["+8", "08:00", "+08:00\n", "+24:00", "+08:60", "Z", "+０８:00"])
def test_what_is_no_zone(text: str) -> None:
    with pytest.raises(ValueError, match="not an offset"):
        zone_of(text)
