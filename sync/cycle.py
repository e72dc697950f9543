"""One exchange with the hospital: who are you, what became of the unsure, items out, changes in. The engine's thread.

The steps do not jam each other: a step in trouble is remembered and the next one still runs, unless it would meet the
same trouble. Each has a breaker of its own: a call in trouble is left alone for a while and the others keep their
rhythm. After any trouble the hospital is asked again who it is, for something else may answer at its address.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sync.breaker import Breakers
from sync.changes import Site
from sync.endpoints import middleware_site
from sync.endpoints.registry import ENDPOINTS
from sync.errors import POINTLESS_TO_GO_ON, SyncError
from sync.ports import Clock, Hooks, Priority, SyncSettings, Writer
from sync.pull import Pull
from sync.push import ASK_REFUSALS, Push
from sync.transport import Transport

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one exchange did.

    `more`: another page can be had at once. `moved`: items that got an answer or a try. `cut`: it was told to stop, so
    that no trouble does not mean that all was well. `down`: nothing else of this hospital would fare better; otherwise
    the calls in trouble wait for themselves and the cycle as a whole does not.
    """

    trouble: SyncError | None
    rows: int = 0
    moved: int = 0
    pulled: bool = False
    more: bool = False
    cut: bool = False
    down: bool = False


class Exchange:
    """Runs cycles; remembers which hospital answers."""

    def __init__(
        self, *, transport: Transport, writer: Writer, hooks: Hooks, push: Push, pull: Pull, clock: Clock,
        settings: SyncSettings, met: Callable[[Site], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """`met` hears of every hospital that was let in."""
        self._met = met
        self._clock = clock
        self.breakers = Breakers(
            ENDPOINTS, base_s=settings.backoff_base_s, cap_s=settings.backoff_cap_s, nudge_gap_s=settings.nudge_gap_s
        )
        self._transport = transport
        self._writer = writer
        self._hooks = hooks
        self._push = push
        self._pull = pull
        self._site: Site | None = None
        self._realm: str | None = None
        self._ask_refusals = 0

    @property
    def realm(self) -> str | None:
        """The realm that was last let in, None before."""
        return self._realm

    @property
    def can_ask(self) -> bool:
        """False when the hospital keeps saying that items cannot be asked for."""
        return self._ask_refusals < ASK_REFUSALS

    def run(self, *, drain: bool, pull: bool, stopping: Callable[[], bool], hurried: bool = False) -> Cycle:
        """One cycle. `drain`: large batches, pages to the end, and every call is tried; else a call in trouble waits
        for its breaker, which `hurried` (somebody nudged) may shorten. Raises nothing of the world's; bugs pass."""
        progress, wanted = _Progress(), ("ask", "items", "changes") if pull else ("ask", "items")
        now = self._clock.monotonic()
        names = [name for name in wanted if drain or self.breakers[name].due_s(hurried=hurried) <= now]
        if not names:
            return self._told(self.breakers.first_error(wanted), progress, cut=False)
        try:
            site = self._site or self._introduce()
        except SyncError as error:
            self._failed("site", error)
            return Cycle(error, down=True)
        self._site = site
        self.breakers["site"].succeed()
        for name in names:
            if stopping():
                break
            try:
                self._step(name, site, progress, stopping, drain)
            except SyncError as error:
                log.info("exchange: %s: %s", name, error)
                self._failed(name, error)
                self._site = None
                if error.code in POINTLESS_TO_GO_ON:
                    return self._told(error, progress, cut=stopping(), down=True)
            else:
                self.breakers[name].succeed()
        return self._told(self.breakers.first_error(("ask", "items", "changes")), progress, cut=stopping())

    def _step(self, name: str, site: Site, progress: _Progress, stopping: Callable[[], bool], drain: bool) -> None:
        if name == "ask":
            self._clear(site, progress, stopping)
        elif name == "items":
            self._send(site, progress, stopping, drain)
        else:
            self._fetch(site, progress, stopping, drain)

    def _failed(self, name: str, error: SyncError) -> None:
        self.breakers[name].fail(error, self._clock.monotonic(), random.random())

    @staticmethod
    def _told(trouble: SyncError | None, progress: _Progress, *, cut: bool, down: bool = False) -> Cycle:
        return Cycle(trouble, progress.rows, progress.moved, progress.pulled, progress.more, cut=cut, down=down)

    def _introduce(self) -> Site:
        site = middleware_site.get(self._transport)
        self._writer.call(partial(self._admit, site), priority=Priority.SETTLE)
        self._realm = site.site_id
        if self._pull.has_ended(site.site_id):
            self._met(site)
        return site

    def _admit(self, site: Site) -> None:
        expected = self._hooks.expected_realm()
        if expected is not None and expected != site.site_id:
            raise SyncError("foreign_realm", f"expected {expected}, found {site.site_id}")
        self._hooks.on_site(site)

    def _clear(self, site: Site, progress: _Progress, stopping: Callable[[], bool]) -> None:
        if site.capabilities and "ask" not in site.capabilities:
            self._push.leave_to_people(site.site_id)
            self._ask_refusals = ASK_REFUSALS
            return
        try:
            progress.moved += self._push.clear_unsure(site.site_id, stopping)
        except SyncError as error:
            self._ask_refusals = self._ask_refusals + 1 if error.code == "ask_unavailable" else 0
            if not self.can_ask:
                return  # what is unsure waits for a person now, and is no trouble of this exchange
            raise
        self._ask_refusals = 0

    def _send(self, site: Site, progress: _Progress, stopping: Callable[[], bool], drain: bool) -> None:
        # In the background what arrives during a request lingers for the next one: a steady stream of scans would
        # otherwise become a stream of requests with one item each.
        more, large = True, drain
        try:
            while more and not stopping():
                pushed = self._push.batch(site.site_id, site.limits, drain=large)
                progress.moved += pushed.items
                more = pushed.more or (drain and pushed.items > 0)
                large = drain or pushed.more
        finally:
            self._push.give_back()

    def _fetch(self, site: Site, progress: _Progress, stopping: Callable[[], bool], drain: bool) -> None:
        while not stopping():
            pulled = self._pull.page(site.site_id)
            progress.rows += pulled.rows
            progress.pulled, progress.more = True, pulled.more
            if not pulled.more:
                self._met(site)  # not before: the relay's rows are sorted by the drugs that the feed tells
            if not (pulled.more and drain):
                return


@dataclass(slots=True)
class _Progress:
    rows: int = 0
    moved: int = 0
    pulled: bool = False
    more: bool = False
