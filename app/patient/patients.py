"""The patients of one window, one at a time: which process holds the present one, and the next one's, warm. Any thread.

Each patient has a process of their own, because a process that is gone holds nothing. While somebody is signed in a
second one waits, so that nobody at the window waits for a start.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.patient import wire
from app.patient.link import PatientLink
from app.patient.plan import Plan, Who
from app.patient.views import EXPIRED, GONE, PatientView
from app.patient.wire import Hello, Told, Wish

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What became of the present patient. `why` where nothing is held any more (one of `views.ENDS`)."""

    view: PatientView | None = None
    trouble: str = ""
    values: tuple[tuple[str, str], ...] = ()
    why: str = ""
    turn: int = 0
    """Of the patient; what was told of another one is stale."""


class Patients:
    """Starts and ends the processes. `tell` comes on any thread, never while a lock is held."""

    def __init__(self, command: Sequence[str], tell: Callable[[News], None]) -> None:
        self._command, self._tell = tuple(command), tell
        self._lock = threading.RLock()
        self._hello: Hello | None = None
        self._present: PatientLink | None = None
        self._spare: PatientLink | None = None
        self._begun = 0
        self._wishes = 0
        self.turn = 0
        self._occupied = False
        self.ready_s: float | None = None
        """How long the last process took until a patient could come."""

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that are there now; the one that holds somebody first."""
        with self._lock:
            return tuple(link.pid for link in (self._present, self._spare) if link is not None)

    @property
    def holds(self) -> bool:
        """True while a process was told of somebody."""
        with self._lock:
            return self._occupied

    def prepare(self) -> None:
        """Nobody is signed in yet: a process loads what it will need, and knows nothing."""
        with self._lock:
            if self._spare is None and self._hello is None:
                self._spare = self._launch(None)

    def warm(self, plan: Plan, who: Who, *, device: str = "matou") -> None:
        """Somebody signed in: the first process starts, whatever was before it ends."""
        self.end("")
        with self._lock:
            blank = self._spare if self._spare is not None and self._spare.greeted_s is None else None
            if blank is None:
                self._retire(self._spare)
            self._hello, self._spare = Hello(plan, who, device=device), blank
            if blank is None or not blank.greet(self._numbered(self._hello)):
                self._spare = self._start()

    def identify(
        self, business: str, text: str, *, act: str = wire.IDENTIFY, kind: str = "", card_sn: str = ""
    ) -> bool:
        """A patient came; whoever was before them is forgotten first. False: no process can be started."""
        with self._lock:
            if self._occupied:
                self._retire(self._present)
                self._present = None
            if self._present is None or not self._present.alive:
                self._present, self._spare = self._spare or self._start(), None
            self._occupied = True
            return self._send(Wish(0, act, business, text, kind, card_sn))

    def wish(self, act: str, *, business: str = "", text: str = "", place: int = -1, infno: str = "") -> bool:
        """Something about the present patient. False: there is none any more."""
        with self._lock:
            return self._send(Wish(0, act, business, text, "", "", place, infno))

    def end(self, why: str) -> None:
        """Nothing is held any more. Told with `why`, if there was somebody and there is a reason to tell."""
        with self._lock:
            self.turn += 1
            occupied, self._occupied = self._occupied, False
            if occupied:
                self._retire(self._present)
                self._present = None
        if occupied and why:
            self._tell(News(why=why, turn=self.turn))

    def close(self) -> None:
        """Nobody is signed in: no process is left."""
        with self._lock:
            self._hello, self._occupied = None, False
            for link in (self._present, self._spare):
                self._retire(link)
            self._present = self._spare = None

    def _send(self, wish: Wish) -> bool:
        self._wishes += 1
        return self._present is not None and self._present.send(replace(wish, id=self._wishes))

    def _start(self) -> PatientLink | None:
        return None if self._hello is None else self._launch(self._numbered(self._hello))

    def _numbered(self, hello: Hello) -> Hello:
        """Each process gets a number, from which its messages have theirs."""
        self._begun += 1
        return replace(hello, serial=self._begun)

    def _launch(self, hello: Hello | None) -> PatientLink | None:
        try:
            return PatientLink(self._command, self._heard, self._gone, hello)
        except OSError as error:
            _log.warning("no patient process can be started: %s", type(error).__name__)
            return None

    def _heard(self, link: PatientLink, told: Told) -> None:
        """On the link's thread."""
        if told.event == wire.READY:
            self.ready_s = link.ready_s
            _log.info("a patient process is ready after %.0f ms", 1000 * (link.ready_s or 0))
        if told.trouble == "patient_bug":
            _log.critical("bug in the patient process: %s at %s", told.values.get("kind"), told.values.get("where"))
        with self._lock:
            if told.event == wire.SIGNED_ON and self._hello is not None:
                self._hello = replace(self._hello, sign_no=told.values.get("sign_no", ""))
            news = self._news(told) if link is self._present and self._occupied else None
            over = news is not None and not self._occupied
        if over:
            self._retire(link)
        if news is not None:
            self._tell(news)

    def _news(self, told: Told) -> News | None:
        """Of the process that holds somebody, with the lock held."""
        if told.event == wire.ENDED:
            self._occupied, self._present = False, None
            return News(why=told.values.get("why", EXPIRED), turn=self.turn)
        if told.event or told.id != self._wishes:
            return None  # an answer to what nobody waits for any more
        if told.view is None:
            self._occupied, self._present = False, None  # a voucher that led nowhere is forgotten at once
        if self._spare is None:
            self._spare = self._start()  # for the next one, while this one is looked at
        return News(told.view, told.trouble, tuple(told.values.items()), turn=self.turn)

    def _gone(self, link: PatientLink) -> None:
        """On the link's thread: a process ended that nobody sent away."""
        with self._lock:
            present, turn = link is self._present and self._occupied, self.turn
            if link is self._spare:
                self._spare = None
            if link is self._present:
                self._present, self._occupied = None, False
        if present:
            _log.warning("the patient process is gone")
            self._tell(News(why=GONE, turn=turn))

    @staticmethod
    def _retire(link: PatientLink | None) -> None:
        if link is not None:
            link.end()
