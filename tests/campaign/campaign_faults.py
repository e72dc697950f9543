"""What the network and the hospital do wrong: every fault of the sandbox, alone and combined, for all or one endpoint.

Drawn from the schedule's dice; pure.
"""

from __future__ import annotations

import random

ENDPOINTS = ("site", "items", "items", "items", "ask", "ask", "changes", "relay", None)
STATUSES = (401, 403, 408, 409, 410, 429, 500, 502, 503, 504)
SPOILING = (("items", 400), ("items", 413), ("items", 422), ("ask", 404), ("ask", 501))
"""A call refused for what is in it, or a question that is not known: three times, and people have to decide, which is
not the question here; so at most two."""
SPOILED_MOST = 2
PICKED = ("", "scan", "reversal", "outcome", "close")
LONG = frozenset({"hang", "refuse_connection"})
"""Faults that cost a time limit each; drawn less often."""
NAMES = (
    "slow", "reset_mid_request", "reset_mid_reply", "lost_reply", "status", "retry_after", "html_instead_of_json",
    "truncated_json", "wrong_schema", "half_refused", "duplicate_reply", "clock_skew",
)  # fmt: skip


class Weather:
    """Draws orders for the control door; `tls`: certificates can expire, too."""

    def __init__(self, dice: random.Random, *, tls: bool) -> None:
        self._dice = dice
        self._names = (*NAMES, "expired_tls") if tls else NAMES
        self._spoiled = 0

    def draw(self) -> dict[str, object]:
        """One to three faults, each by chance on every call or planned for one."""
        order: dict[str, object] = {}
        plan: list[dict[str, object]] = []
        for _ in range(self._dice.choice((1, 1, 2, 3))):
            if self._spoiled < SPOILED_MOST and self._dice.random() < 0.05:
                self._spoiled += 1
                endpoint, status = self._dice.choice(SPOILING)
                plan.append({"endpoint": endpoint, "fault": f"status:{status}", "nth": 1})
            elif self._dice.random() < 0.4:
                order[self._fault()] = self._dice.choice((0.2, 0.5, 0.9))
            else:
                plan.append(self._planned())
        return order | {"plan": plan} if plan else order

    def _planned(self) -> dict[str, object]:
        fault, endpoint = self._fault(), self._dice.choice(ENDPOINTS)
        if fault in ("refuse_connection", "expired_tls"):
            return {"fault": fault, "for_s": 0.05}
        where = {} if endpoint is None else {"endpoint": endpoint}
        return {"fault": fault, "nth": self._dice.randint(1, 3)} | where

    def _fault(self) -> str:
        if self._dice.random() < 0.04:
            return self._dice.choice(sorted(LONG))
        name = self._dice.choice(self._names)
        if name == "status":
            return f"status:{self._dice.choice(STATUSES)}"
        if name == "slow":
            return f"slow:{self._dice.randint(1, 30)}"
        if name == "clock_skew":
            return f"clock_skew:{self._dice.choice((-10_800, -60, 60, 10_800))}"
        if name == "half_refused":
            picked = self._dice.choice(PICKED)
            return f"half_refused:{picked}" if picked else name
        return name
