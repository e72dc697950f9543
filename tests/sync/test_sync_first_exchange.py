"""The first exchange with a hospital: its feed is told to the end before the relay is met, whatever cuts it short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync.changes import Site
from sync.cycle import Exchange
from sync.dispatch import Dispatch
from sync.pull import Pull
from sync.push import Push
from sync.questions import Questions
from sync.transport import HttpTransport
from tests.sync.sync_bench import FAST, Device, SystemTime
from tests.sync.sync_middleware import SITE_ID, Middleware
from tests.sync.sync_relay_toy import Dock, ToyRelay, row
from tests.sync.test_sync_relay_line import name_relay

QUICK = replace(FAST, relay_interval_s=0.05, relay_backoff_cap_s=0.1)
PAGES = 4


@pytest.fixture
def relay() -> Iterator[ToyRelay]:
    made = ToyRelay()
    made.manifest("MF-1", [row(number) for number in range(5)])
    yield made
    made.close()


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    made = Dock(tmp_path / "dock.db")
    yield made
    made.close()


@pytest.fixture
def hospital(middleware: Middleware) -> Middleware:
    """Four pages of changes."""
    middleware.changes = [
        {"kind": "recall", "drug": f"d{n}", "batch": "b", "active": True, "reason": None} for n in range(10 * PAGES)
    ]
    middleware.page_rows = 10
    return middleware


class Desk:
    """Exchanges of one device, one after the other; `met`: how many pages were asked for when a hospital was met."""

    def __init__(self, device: Device, hospital: Middleware) -> None:
        self.met: list[int] = []
        self._device = device
        self._hospital = hospital
        self._ends: list[HttpTransport] = []

    def start(self) -> Exchange:
        """As a program that has just been started."""
        device, clock = self._device, SystemTime()
        transport = self._connect()
        pull = Pull(
            transport=transport, database=device.database, writer=device.writer, hooks=device.hooks(), clock=clock,
            settings=FAST,
        )  # fmt: skip
        push = Push(
            transport=transport, questions=Questions(self._connect), dispatch=Dispatch(device.database, hold_after=9),
            writer=device.writer, hooks=device.hooks(), clock=clock, settings=FAST, delay_ms=lambda _: 1,
        )  # fmt: skip
        return Exchange(
            transport=transport, writer=device.writer, hooks=device.hooks(), push=push, pull=pull, clock=clock,
            settings=FAST, met=self._hear,
        )  # fmt: skip

    def close(self) -> None:
        for transport in self._ends:
            transport.close()

    def _connect(self) -> HttpTransport:
        made = HttpTransport(self._hospital.url, self._device.name, settings=FAST)
        self._ends.append(made)
        return made

    def _hear(self, site: Site) -> None:
        assert site.site_id == SITE_ID
        self.met.append(self._hospital.count("changes"))


@pytest.fixture
def desk(device: Device, hospital: Middleware) -> Iterator[Desk]:
    made = Desk(device, hospital)
    yield made
    made.close()


def run(exchange: Exchange, *, drain: bool = True) -> str | None:
    """Its trouble."""
    cycle = exchange.run(drain=drain, pull=True, stopping=lambda: False)
    return None if cycle.trouble is None else cycle.trouble.code


def test_nobody_is_met_before_the_last_page(desk: Desk) -> None:
    exchange = desk.start()
    for _ in range(PAGES - 1):
        assert run(exchange, drain=False) is None
        assert desk.met == []
    assert run(exchange, drain=False) is None
    assert desk.met == [PAGES]


@pytest.mark.parametrize("pages", range(PAGES))
def test_a_feed_that_is_cut_short_is_told_to_its_end_by_a_later_start(
    desk: Desk, hospital: Middleware, pages: int
) -> None:
    hospital.faults["changes"].extend([*[""] * pages, *["drop"] * 20])
    for _ in range(3):
        assert run(desk.start()) is not None
    assert desk.met == []
    hospital.faults["changes"].clear()
    assert run(desk.start()) is None
    assert desk.met == [hospital.count("changes")]


def test_a_kill_amid_a_page_is_no_end(desk: Desk, device: Device, hospital: Middleware) -> None:
    hospital.page_rows = 1_000  # the first page is the last one
    device.steps_before_crash = 5
    with pytest.raises(RuntimeError, match="killed"):
        run(desk.start())
    assert device.sql("SELECT * FROM sync_cursor") == []
    with pytest.raises(RuntimeError, match="killed"):
        run(desk.start())
    assert desk.met == []


@pytest.mark.parametrize("more", [0, 15], ids=["nothing new", "two pages new"])
def test_once_told_to_its_end_the_hospital_is_met_before_the_first_page_of_a_start(
    desk: Desk, hospital: Middleware, more: int
) -> None:
    assert run(desk.start()) is None
    hospital.changes += hospital.changes[:more]
    told = hospital.count("changes")
    assert run(desk.start(), drain=False) is None
    assert desk.met[1] == told


def test_a_cursor_that_is_gone_makes_nobody_wait_again(desk: Desk, hospital: Middleware) -> None:
    """All is told anew; what was told before is here."""
    assert run(desk.start()) is None
    hospital.changes = hospital.changes[:15]
    told = hospital.count("changes")
    assert run(desk.start()) is None
    assert desk.met[1] == told


def test_a_folder_of_an_older_program_remembers_the_end_after_one_empty_page(
    desk: Desk, device: Device, hospital: Middleware
) -> None:
    assert run(desk.start()) is None
    device.sql("DELETE FROM sync_cursor WHERE realm <> ?", SITE_ID)
    told = hospital.count("changes")
    assert run(desk.start()) is None
    assert desk.met[1:] == [told + 1]
    assert run(desk.start()) is None
    assert desk.met[2] == told + 1


def test_the_relay_is_asked_after_the_feed_and_at_once_when_that_was_told_before(
    hospital: Middleware, relay: ToyRelay, dock: Dock
) -> None:
    """The whole line, on the wire: both servers write into one list."""
    name_relay(hospital, relay)
    relay.calls = hospital.calls
    hospital.faults["changes"].extend(["", "", *["drop"] * 500])
    engine = dock.engine(hospital.url, QUICK)
    engine.start()
    dock.wait_status(lambda status: status.trouble is not None, limit_s=30.0)
    engine.stop()
    assert dock.drain(hospital.url, settings=QUICK, limit_s=0.2).trouble is not None
    assert "relay_heads" not in hospital.calls
    hospital.faults["changes"].clear()
    assert dock.drain(hospital.url, settings=QUICK).trouble is None
    last = len(hospital.calls) - 1 - hospital.calls[::-1].index("changes")
    assert hospital.calls.index("relay_heads") > last
    assert dock.states() == {("MF-1", 1): "complete"}

    hospital.faults["changes"].extend(["drop"] * 500)
    relay.manifest("MF-2", [row(number) for number in range(5, 9)])
    engine = dock.engine(hospital.url, QUICK)
    engine.start()
    dock.wait_status(lambda status: status.relay.manifests == 1 and status.trouble is not None, limit_s=30.0)
    engine.stop()
    assert dock.states() == {("MF-1", 1): "complete", ("MF-2", 1): "complete"}
