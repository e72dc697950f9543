"""The patient process from inside: reads wishes, makes calls, tells masked views, and ends with the patient.

Main thread: the lines of standard input; its end is the end of the process, whatever is under way. One thread makes
the calls, one watches the time.
"""

from __future__ import annotations

import os
import queue
import secrets
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from app.patient import wire
from app.patient.masks import scrubbed
from app.patient.plan import Who
from app.patient.ports import Credential, Decoder, Insurance, PatientTrouble, Person
from app.patient.views import EXPIRED, ID_CARD, TOKEN
from app.patient.visit import Visit, awake_and_asleep_s
from app.patient.wire import BadLine, Hello, Told, Wish

LOOK_S = 5.0
"""The clock is looked at so often at least: a machine that slept must not wait for a timer that slept, too."""


Tell = Callable[[Told], None]


@dataclass(frozen=True, slots=True)
class World:
    """Whom the process asks. Made after the first line, so that everything heavy is loaded before the first patient."""

    decoder: Decoder
    insurance: Insurance


class PatientProcess:
    """One patient at the most; a second one is another process."""

    def __init__(
        self,
        out: BinaryIO,
        make_world: Callable[[Hello, Tell], World],
        *,
        clock: Callable[[], float] = awake_and_asleep_s,
        leave: Callable[[int], None] = os._exit,
    ) -> None:
        self._out, self._make_world, self._clock, self._leave = out, make_world, clock, leave
        self._say_lock = threading.Lock()
        self._inbox: queue.SimpleQueue[Wish] = queue.SimpleQueue()
        self._visit: Visit | None = None
        self._secrets: list[str] = []
        self._held = threading.Event()
        self._acts: dict[str, Callable[[World, Who, Wish], Visit]] = {
            wire.IDENTIFY: self._identify,
            wire.AGAIN: self._again,
            wire.CARD: self._card,
            wire.CHOOSE: self._choose,
            wire.HAND_OVER: self._hand_over,
        }

    def serve(self, source: BinaryIO) -> None:
        """Until the pipe ends, or the patient's time."""
        try:
            hello = wire.hello_of(source.readline(wire.LINE_MOST))
        except BadLine:
            self._leave(2)
            return
        self._hello = hello
        for name, work in (("patient-calls", self._work), ("patient-time", self._watch)):
            threading.Thread(target=work, name=name, daemon=True).start()
        while line := source.readline(wire.LINE_MOST):
            try:
                self._inbox.put(wire.wish_of(line))
            except BadLine:
                self._say(Told(trouble="patient_bug", values={"kind": "BadLine", "where": ""}))
        self._leave(0)

    def _work(self) -> None:
        """What could not be set up is tried again with every wish, and until then told."""
        world, why = self._world()
        self._say(Told(event=wire.READY))
        while True:
            wish = self._inbox.get()
            if world is None:
                world, why = self._world()
            self._say(
                Told(wish.id, trouble=why.code, values=why.values) if world is None else self._answer(world, wish)
            )

    def _world(self) -> tuple[World | None, PatientTrouble]:
        try:
            return self._make_world(self._hello, self._say), PatientTrouble("")
        except PatientTrouble as trouble:
            return None, trouble
        except Exception as error:
            return None, _bug(error)

    def _answer(self, world: World, wish: Wish) -> Told:
        act = self._acts.get(wish.act)
        try:
            if act is None:
                raise PatientTrouble("patient_bug", kind="act", where=wish.act)
            return Told(wish.id, view=act(world, self._hello.who, wish).view())
        except PatientTrouble as trouble:
            view = self._visit.view() if self._visit is not None else None
            said = {name: scrubbed(value, self._secrets) for name, value in trouble.values.items()}
            return Told(wish.id, view=view, trouble=trouble.code, values=said)
        except Exception as error:
            bug = _bug(error)
            return Told(wish.id, trouble=bug.code, values=bug.values)

    def _identify(self, world: World, who: Who, wish: Wish) -> Visit:
        if self._visit is not None:
            raise PatientTrouble("patient_bug", kind="second_patient", where=wish.act)
        return self._hold(self._met(world, who, wish))

    def _again(self, world: World, who: Who, wish: Wish) -> Visit:
        """The second scan at settlement; what waited for it is done at once."""
        visit = self._here()
        visit.take_again(self._met(world, who, wish))
        infno, visit.waits = visit.waits, ""
        if infno:
            self._hand(world, who, visit, infno)
        return visit

    def _met(self, world: World, who: Who, wish: Wish) -> Visit:
        """6101 and 1101, one after the other."""
        began, plan = self._clock(), self._hello.plan
        self._secrets.append(wish.text)
        decoded = world.decoder.decode(wish.text, wish.business, who)
        self._secrets += [decoded.token, decoded.id_no, decoded.name]
        by_number = plan.credential == ID_CARD
        credential = Credential(ID_CARD, decoded.id_no) if by_number else Credential(TOKEN, decoded.token)
        person = world.insurance.person(credential, who)
        return self._visit_of(world, wish.business, credential, person.named(decoded.name, decoded.id_no), began)

    def _card(self, world: World, who: Who, wish: Wish) -> Visit:
        began, credential = self._clock(), Credential(wish.kind, wish.text, wish.card_sn)
        self._secrets += [wish.text, wish.card_sn]
        person = world.insurance.person(credential, who)
        return self._hold(self._visit_of(world, wish.business, credential, person, began))

    def _choose(self, _world: World, _who: Who, wish: Wish) -> Visit:
        visit = self._here()
        visit.choose(wish.place)
        return visit

    def _hand_over(self, world: World, who: Who, wish: Wish) -> Visit:
        visit = self._here()
        self._hand(world, who, visit, wish.infno)
        return visit

    def _hand(self, world: World, who: Who, visit: Visit, infno: str) -> None:
        visit.check_hand_over(infno)
        ids = world.insurance.hand_over(infno, visit.credential, visit.person, visit.insured, visit.known, who)
        visit.keep(infno, tuple(sorted(ids.items())))

    def _visit_of(self, world: World, business: str, credential: Credential, person: Person, began: float) -> Visit:
        plan = self._hello.plan
        self._secrets += [person.number, person.id_no, person.name]
        return Visit(
            secrets.token_hex(8), business, credential, person, world.insurance.area, plan, began + plan.holds_s,
            self._clock,
        )  # fmt: skip

    def _hold(self, visit: Visit) -> Visit:
        self._visit = visit
        self._held.set()
        return visit

    def _here(self) -> Visit:
        if self._visit is None:
            raise PatientTrouble("patient_not_here")
        return self._visit

    def _watch(self) -> None:
        """The token's time is the process's time."""
        self._held.wait()
        pause = threading.Event()
        while True:
            visit = self._visit
            left = visit.left_s if visit is not None else 0.0
            if left <= 0:
                break
            pause.wait(min(left, LOOK_S))
        self._say(Told(event=wire.ENDED, values={"why": EXPIRED}))
        self._leave(0)

    def _say(self, told: Told) -> None:
        with self._say_lock:
            try:
                self._out.write(wire.line_of(told))
                self._out.flush()
            except (OSError, ValueError):  # nobody is there any more
                self._leave(0)


def _bug(error: Exception) -> PatientTrouble:
    """The kind of an error and where it came from, never its words: they might be the patient's."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{os.path.basename(last[0].filename)}:{last[0].lineno}" if last else ""  # noqa: PTH119 - a name, no path
    return PatientTrouble("patient_bug", kind=type(error).__name__, where=where)
