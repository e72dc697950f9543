"""Who is at work: the operator and their PIN, checked against verifiers that the hospital sent. Works offline.

Five wrong PINs in a row lock an operator's sign-in for a minute, also over a restart of the program. Called from any
one thread at a time; the proof itself (some 50 ms) runs there and not on the writer's thread.
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from typing import cast

from app.base.clock import Clock
from app.base.errors import Trouble
from app.domain.rights import Operator
from app.flows.views import OperatorChoice
from app.store.catalogue import Catalogue
from app.store.tables import Sql
from app.store.writer import SCAN, SETTLE, StoreWriter

WRONG_PINS = 5
LOCK_S = 60
_CHOICES = "SELECT id, name, role FROM operators WHERE active = 1 ORDER BY id"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tries:
    """Wrong PINs in a row; `locked_until` is a moment of the monotonic clock."""

    wrong: int = 0
    locked_until: float = -math.inf


class SignIn:
    """The door. Nothing of a PIN is kept or logged."""

    def __init__(self, writer: StoreWriter, catalogue: Catalogue, clock: Clock) -> None:
        self._writer = writer
        self._sql = Sql(writer.database)
        self._catalogue = catalogue
        self._clock = clock
        self._tries: dict[str, _Tries] = {}

    def choices(self) -> tuple[OperatorChoice, ...]:
        """Everybody who may sign in here, by id."""
        rows = self._writer.call(lambda: self._sql.all(_CHOICES), priority=SETTLE, write=False)
        return tuple(OperatorChoice(*cast("tuple[str, str, str]", row)) for row in rows)

    def sign_in(self, operator_id: str, pin: str) -> Operator:
        """The operator behind an id and a PIN.

        Raises Trouble: operator_unknown, pin_wrong (`left`: tries before the lock), pin_locked (`seconds`: still).
        """
        found = self._writer.call(lambda: self._catalogue.operator(operator_id), priority=SCAN, write=False)
        if found is None or not found[0].active:
            raise Trouble("operator_unknown", operator=operator_id)
        operator, verifier = found
        tries = self._tries_of(operator_id)
        self._refuse_locked(operator_id, tries)
        if verifier.matches(pin):
            if tries.wrong:
                self._remember(operator_id, tries, 0)
            return operator
        self._remember(operator_id, tries, tries.wrong + 1)
        self._refuse_locked(operator_id, tries)
        raise Trouble("pin_wrong", operator=operator_id, left=WRONG_PINS - tries.wrong)

    def present(self, operator_id: str) -> Operator:
        """The rights of somebody who signed in earlier, as the feed last named them.

        Raises Trouble `operator_unknown` where the hospital has meanwhile taken them off.
        """
        found = self._writer.call(lambda: self._catalogue.operator(operator_id), priority=SCAN, write=False)
        if found is None or not found[0].active:
            raise Trouble("operator_unknown", operator=operator_id)
        return found[0]

    def _refuse_locked(self, operator_id: str, tries: _Tries) -> None:
        left_s = tries.locked_until - self._clock.monotonic()
        if left_s > 0:
            raise Trouble("pin_locked", operator=operator_id, seconds=math.ceil(left_s))

    def _remember(self, operator_id: str, tries: _Tries, wrong: int) -> None:
        """Count in memory and in the file; at the limit the count begins anew behind the lock."""
        tries.wrong = wrong % WRONG_PINS
        locked_until_ms = 0
        if wrong == WRONG_PINS:
            tries.locked_until = self._clock.monotonic() + LOCK_S
            locked_until_ms = self._clock.now_ms() + LOCK_S * 1000
            _log.warning("sign-in of %s is locked for %d s", operator_id, LOCK_S)
        note = json.dumps({"wrong": tries.wrong, "locked_until_ms": locked_until_ms})
        self._writer.call(lambda: self._catalogue.set_meta(_place(operator_id), note), priority=SCAN)

    def _tries_of(self, operator_id: str) -> _Tries:
        """From memory, else as an earlier run left it."""
        if operator_id not in self._tries:
            note = self._writer.call(lambda: self._catalogue.meta(_place(operator_id)), priority=SCAN, write=False)
            tries = _Tries()
            if note is not None:
                left = json.loads(note)
                tries.wrong = int(left["wrong"])
                # The wall clock may have been moved since: a lock is never longer than it was.
                still_s = min((int(left["locked_until_ms"]) - self._clock.now_ms()) / 1000, LOCK_S)
                tries.locked_until = self._clock.monotonic() + still_s
            self._tries[operator_id] = tries
        return self._tries[operator_id]


def _place(operator_id: str) -> str:
    return f"pin_tries {operator_id}"
