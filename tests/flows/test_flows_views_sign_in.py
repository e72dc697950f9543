"""The door: who may come in, and five wrong PINs in a row."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.base.errors import Trouble
from app.flows.sign_in import LOCK_S, SignIn
from tests.fixtures.hospital import NOW_MS, PIN, Dock, operator


@dataclass
class StepClock:
    """Both clocks, moved by hand."""

    wall_ms: int = NOW_MS
    steady_s: float = 100.0

    def now_ms(self) -> int:
        return self.wall_ms

    def monotonic(self) -> float:
        return self.steady_s

    def advance(self, seconds: float) -> None:
        self.wall_ms += round(seconds * 1000)
        self.steady_s += seconds


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


def door(dock: Dock, clock: StepClock) -> SignIn:
    return SignIn(dock.program.writer, dock.program.catalogue, clock)


def refusal(entrance: SignIn, pin: str = "0000", who: str = "1001") -> Trouble:
    with pytest.raises(Trouble) as caught:
        entrance.sign_in(who, pin)
    return caught.value


def lock(entrance: SignIn) -> None:
    assert [refusal(entrance).code for _ in range(5)] == ["pin_wrong"] * 4 + ["pin_locked"]


def test_the_choices_are_those_who_are_active(dock: Dock, clock: StepClock) -> None:
    dock.feed(operator("1002"), operator("1001"), operator("1003", active=False))
    assert [(one.id, one.name, one.role) for one in door(dock, clock).choices()] == [
        ("1001", "演示员1001", "clerk"),
        ("1002", "演示员1002", "clerk"),
    ]


def test_five_wrong_pins_lock_even_the_right_one_for_a_minute(dock: Dock, clock: StepClock) -> None:
    dock.feed(operator(), operator("1002"))
    entrance = door(dock, clock)
    assert [refusal(entrance).values.get("left") for _ in range(5)] == [4, 3, 2, 1, None]
    clock.advance(LOCK_S - 1)
    found = refusal(entrance, PIN)
    assert (found.code, found.values["seconds"]) == ("pin_locked", 1)
    assert entrance.sign_in("1002", PIN).id == "1002", "the lock is one person's"
    clock.advance(1)
    assert entrance.sign_in("1001", PIN).id == "1001"


def test_the_right_pin_begins_the_count_anew(dock: Dock, clock: StepClock) -> None:
    dock.feed(operator())
    entrance = door(dock, clock)
    for _ in range(3):
        assert [refusal(entrance).code for _ in range(4)] == ["pin_wrong"] * 4
        assert entrance.sign_in("1001", PIN).name == "演示员1001"


def test_a_restart_keeps_the_lock_and_the_count(dock: Dock, clock: StepClock) -> None:
    dock.feed(operator(), operator("1002"))
    first = door(dock, clock)
    lock(first)
    assert refusal(first, who="1002").values["left"] == 4
    clock.steady_s = 5.0
    clock.wall_ms += 20_000
    again = door(dock, clock)
    found = refusal(again, PIN)
    assert (found.code, found.values["seconds"]) == ("pin_locked", LOCK_S - 20)
    assert refusal(again, who="1002").values["left"] == 3


def test_a_clock_that_was_set_back_locks_nobody_for_a_year(dock: Dock, clock: StepClock) -> None:
    dock.feed(operator())
    lock(door(dock, clock))
    clock.wall_ms -= 365 * 86_400_000
    again = door(dock, clock)
    assert refusal(again, PIN).values["seconds"] == LOCK_S
    clock.advance(LOCK_S)
    assert again.sign_in("1001", PIN).id == "1001"


def test_strangers_and_people_who_left_are_unknown(dock: Dock, clock: StepClock) -> None:
    dock.feed(operator("1003", active=False))
    assert refusal(door(dock, clock), PIN, "1003").code == "operator_unknown"
    assert refusal(door(dock, clock), PIN, "9").code == "operator_unknown"
    assert dock.rows("SELECT key FROM meta WHERE key LIKE 'pin%'") == []


def test_nothing_of_a_pin_is_kept(dock: Dock, clock: StepClock) -> None:
    dock.feed(operator())
    refusal(door(dock, clock), "86428642")
    assert [row for row in dock.rows("SELECT key, value FROM meta") if "86428642" in str(row)] == []
