"""Misbehaviour on order: which fault strikes which call. Lives on the sandbox's event loop.

Two forms, also mixed: `{"lost_reply": 0.15}` is a probability on every call; `{"plan": [{"endpoint", "fault", "nth",
"for_s"}]}` strikes the nth call from now on, or from that call on for some seconds; without `nth` and with `for_s` it
begins at once. Some faults take a value after a colon: `status:503`, `poison:CODE`, `slow:MS`, `retry_after:SECONDS`,
`clock_skew:SECONDS`, `half_refused:WORD` (an item's id, code, kind or outcome; without it, about half of the items).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

VALUED = {"status": None, "poison": None, "slow": "1000", "retry_after": "1", "clock_skew": "10800", "half_refused": ""}
"""Faults that take a value, with the value they have when none is given; None: one must be given."""
PLAIN = frozenset(
    {
        "hang",
        "refuse_connection",
        "reset_mid_request",
        "reset_mid_reply",
        "lost_reply",
        "html_instead_of_json",
        "truncated_json",
        "wrong_schema",
        "duplicate_reply",
        "expired_tls",
    }
)
LASTING = frozenset({"refuse_connection", "poison", "clock_skew", "expired_tls"})
"""Faults of a state rather than of a call: planned without a call, they begin at once and last."""
PATHS = {"/v1/site": "site", "/v1/changes": "changes", "/v1/items": "items", "/v1/items/ask": "ask"}
RELAY = {"manifests": "relay_heads", "rows": "relay_rows", "ack": "relay_ack", "resolve": "relay_resolve"}
"""Last part of a path of the relay → its endpoint. A fault planned for `relay` strikes all of them."""
EVOUCHER = {
    "/v1/evoucher/decode": "evoucher_decode",
    "/v1/evoucher/transactions": "evoucher_transactions",
    "/evoucher/north": "evoucher_north",
    "/evoucher/south": "evoucher_south",
}
"""How a path of the voucher's doors begins → its endpoint. A fault planned for `evoucher` strikes all of them."""
ENDPOINTS = frozenset({*PATHS.values(), *RELAY.values(), *EVOUCHER.values(), "relay", "evoucher", "other"})


class BadFaults(Exception):
    """The order is wrong; the message says what about it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault with its value, empty if it takes none."""

    name: str
    value: str = ""

    def number(self) -> int:
        """The value as a whole number."""
        return int(self.value)


class _PlanSeed(Struct, frozen=True, forbid_unknown_fields=True):
    fault: str
    endpoint: str | None = None
    nth: Annotated[int, Meta(ge=1)] | None = None
    for_s: Annotated[float, Meta(gt=0)] | None = None


@dataclass(slots=True)
class _Planned:
    fault: Fault
    endpoint: str | None
    nth: int | None
    for_s: float | None
    until_s: float | None = None
    seen: int = 0
    done: bool = False

    def strikes(self, endpoint: str, now_s: float) -> bool:
        """Count a call and say whether it is struck."""
        if self.endpoint not in (None, endpoint, endpoint.partition("_")[0]) or self.done:
            return False
        if self.until_s is not None:
            self.done = now_s > self.until_s
            return not self.done
        if self.nth is None:
            return True
        self.seen += 1
        if self.seen < self.nth:
            return False
        if self.for_s is None:
            self.done = True
        else:
            self.until_s = now_s + self.for_s
        return True


def parse_fault(text: str) -> Fault:
    """Read `name` or `name:value`.

    Raises:
        BadFaults: no such fault, or its value is missing or wrong.
    """
    name, colon, value = text.partition(":")
    if name in PLAIN and not colon:
        return Fault(name)
    if name not in VALUED:
        raise BadFaults(f"no such fault: {text}")
    given = value if colon else VALUED[name]
    if given is None or (colon and not value):
        raise BadFaults(f"{name} needs a value: {name}:…")
    if name in ("status", "slow", "retry_after", "clock_skew"):
        low, high = {"status": (400, 599), "clock_skew": (-(10**9), 10**9)}.get(name, (0, 10**6))
        try:
            number = int(given)
        except ValueError:
            raise BadFaults(f"{name} needs a whole number, not {value}") from None
        if not low <= number <= high:
            raise BadFaults(f"{name} lies between {low} and {high}")
    return Fault(name, given)


def endpoint_of(path: str) -> str:
    """The short name of an endpoint."""
    first = path.strip("/").partition("/")[0]
    if first == "relay":
        return RELAY.get(path.rpartition("/")[2], first)
    door = next((name for start, name in EVOUCHER.items() if path == start or path.startswith(f"{start}/")), None)
    return PATHS.get(path) or door or (first if first == "evoucher" else "other")


class FaultBoard:
    """The faults in force. `clock` gives seconds, monotonic."""

    def __init__(self, seed: int, clock: Callable[[], float], *, tls: bool) -> None:
        self._random = random.Random(seed)
        self._clock = clock
        self._tls = tls
        self._chances: list[tuple[Fault, float]] = []
        self._plan: list[_Planned] = []
        self._ended = asyncio.Event()

    def replace(self, body: bytes) -> None:
        """Put other faults in force; `{}` ends all.

        Raises:
            BadFaults: and the faults before stay in force.
        """
        try:
            order = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            plan_seeds = msgspec.json.decode(order.pop("plan", msgspec.Raw(b"[]")), type=list[_PlanSeed])
            chances = [(parse_fault(name), self._chance(name, raw)) for name, raw in order.items()]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadFaults(str(error)) from error
        plan = [self._planned(seed) for seed in plan_seeds]
        if not self._tls and any(fault.name == "expired_tls" for fault in self._all(chances, plan)):
            raise BadFaults("expired_tls needs --tls")
        self._chances, self._plan = chances, plan
        self._ended.set()
        self._ended = asyncio.Event()

    @staticmethod
    def _all(chances: list[tuple[Fault, float]], plan: list[_Planned]) -> Iterable[Fault]:
        return [*(fault for fault, _ in chances), *(one.fault for one in plan)]

    @staticmethod
    def _chance(name: str, raw: msgspec.Raw) -> float:
        if name.startswith("poison:"):
            return 1.0
        chance = msgspec.json.decode(raw, type=float)
        if not 0 <= chance <= 1:
            raise BadFaults(f"{name}: a probability lies between 0 and 1")
        return chance

    def _planned(self, seed: _PlanSeed) -> _Planned:
        fault = parse_fault(seed.fault)
        endpoint = seed.endpoint
        if endpoint is not None and endpoint not in ENDPOINTS:
            endpoint = PATHS.get(endpoint)
            if endpoint is None:
                raise BadFaults(f"no such endpoint: {seed.endpoint}")
        lasting = fault.name in LASTING and endpoint is None
        nth = seed.nth if seed.nth is not None or seed.for_s is not None or lasting else 1
        until = self._clock() + seed.for_s if nth is None and seed.for_s is not None else None
        return _Planned(fault, endpoint, nth, seed.for_s, until)

    def draw(self, endpoint: str) -> tuple[Fault, ...]:
        """Count a call and return the faults that strike it."""
        now_s = self._clock()
        struck = [one.fault for one in self._plan if one.strikes(endpoint, now_s)]
        struck += [fault for fault, chance in self._chances if self._random.random() < chance]
        return tuple(struck)

    def draw_connection(self, name: str) -> bool:
        """Whether a fault of connections (`refuse_connection`, `expired_tls`) strikes a new one."""
        now_s = self._clock()
        if any(fault.name == name and self._random.random() < chance for fault, chance in self._chances):
            return True
        return any(one.fault.name == name and one.nth is None and one.strikes("other", now_s) for one in self._plan)

    def shut_for_s(self) -> float | None:
        """Seconds that the whole port is to be closed from now; infinity: until other faults come; None: open."""
        if any(fault.name == "refuse_connection" and chance >= 1 for fault, chance in self._chances):
            return float("inf")
        for one in self._plan:
            if one.fault.name == "refuse_connection" and one.nth is None:
                return one.for_s if one.for_s is not None else float("inf")
        return None

    def planned_for_s(self, name: str) -> float | None:
        """`for_s` of the planned fault of this name, if one has it."""
        return next((one.for_s for one in self._plan if one.fault.name == name and one.for_s is not None), None)

    async def ended(self, name: str) -> None:
        """Return when a fault that strikes now is over: other faults came, or its time is up."""
        ends = [one.until_s for one in self._plan if one.fault.name == name and one.until_s is not None]
        left = max(ends) - self._clock() if ends else None
        try:
            await asyncio.wait_for(self._ended.wait(), left)
        except TimeoutError:
            return

    def picks(self, word: str) -> Callable[[Iterable[str]], bool]:
        """For `half_refused`: says of an item, by its words, whether it is put off."""

        def is_picked(words: Iterable[str]) -> bool:
            return word in words if word else self._random.random() < 0.5

        return is_picked
