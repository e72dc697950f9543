"""Questions to the relay by code: a person may ask again at once, though a relay that is down is left in peace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.changes import Addresses, Limits, Site
from sync.endpoints import relay_resolve
from sync.errors import SyncError
from sync.relay_line import RelayLine
from sync.trust import Trust
from tests.sync.sync_bench import FAST, StepClock
from tests.sync.sync_relay_toy import TOKEN, Dock, ToyRelay

OPENS = relay_resolve.ENDPOINT.opens_after
PROBE_S = relay_resolve.ENDPOINT.probe_s


class Asking:
    """A line to a relay that is only asked, under a clock that moves when it is told to."""

    def __init__(self, dock: Dock, relay: ToyRelay) -> None:
        self.relay = relay
        self.clock = StepClock()
        self.line = RelayLine(
            device="pda-1", database=dock.database, writer=dock.writer, sink=dock.sink, clock=self.clock,
            settings=FAST, trust=Trust(), token=TOKEN, told=lambda _: None, left_behind=RuntimeError,
        )  # fmt: skip
        self.meet(relay.url)

    def meet(self, url: str) -> None:
        addresses = Addresses("http://127.0.0.1:1", url)
        limits = Limits(100, 65_536)
        self.line.meet(Site("hospital-a", "演示医院", True, "+08:00", 180, 1, addresses, limits, ("relay",)))

    def ask(self) -> str:
        """What came: `ok`, or the code of the trouble."""
        try:
            facts = self.line.resolve(["8999"], 2.0).result(20)
        except SyncError as error:
            return error.code
        assert [one.code for one in facts] == ["8999"]
        return "ok"

    def calls(self) -> int:
        return self.relay.calls.count("relay_resolve")


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    dock, relay = Dock(tmp_path / "matou.db"), ToyRelay()
    made = Asking(dock, relay)
    yield made
    made.line.stop(5.0)
    relay.close()
    dock.close()


def test_a_relay_that_is_down_is_asked_again_after_its_time(asking: Asking) -> None:
    asking.relay.faults["relay_resolve"].extend(["status:500"] * (OPENS + 1))
    told = [asking.ask() for _ in range(OPENS)]
    assert asking.calls() == OPENS, "until then a person's second try is a try"
    assert [asking.ask() for _ in range(3)] == told[:3]
    assert asking.calls() == OPENS, "an open breaker answers by itself, with the same trouble"

    asking.clock.advance(PROBE_S)
    assert (asking.ask(), asking.ask()) == (told[0], told[0])
    assert asking.calls() == OPENS + 1, "one probe"
    asking.clock.advance(PROBE_S)
    assert [asking.ask() for _ in range(3)] == ["ok"] * 3


def test_what_was_answered_between_counts(asking: Asking) -> None:
    asking.relay.faults["relay_resolve"].extend((["status:500"] * (OPENS - 1) + [""]) * 3)
    assert [asking.ask() for _ in range(3 * OPENS)].count("ok") == 3
    assert asking.calls() == 3 * OPENS


def test_another_relay_is_asked_afresh(asking: Asking) -> None:
    asking.relay.faults["relay_resolve"].extend(["status:500"] * OPENS)
    for _ in range(OPENS):
        assert asking.ask() != "ok"
    asking.meet(f"{asking.relay.url}/")
    assert asking.ask() == "ok"
