"""One exchange with the hospital: who are you, what became of the unsure, items out, changes in. The engine's thread.

The steps do not jam each other: a step in trouble is remembered and the next one still runs, unless it would meet the
same trouble. After any trouble the hospital is asked again who it is, for something else may answer at its address.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sync.changes import Site
from sync.endpoints import middleware_site
from sync.errors import POINTLESS_TO_GO_ON, SyncError
from sync.ports import Hooks, Priority, Writer
from sync.pull import Pull
from sync.push import Push
from sync.transport import Transport

log = logging.getLogger(__name__)

_ASK_REFUSALS = 3
"""So many times in a row "this cannot be asked here", and unsure items count as an end state."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one exchange did.

    `more`: another page can be had at once. `moved`: items that got an answer or a try. `cut`: it was told to stop, so
    that no trouble does not mean that all was well.
    """

    trouble: SyncError | None
    rows: int = 0
    moved: int = 0
    pulled: bool = False
    more: bool = False
    cut: bool = False


class Exchange:
    """Runs cycles; remembers which hospital answers."""

    def __init__(
        self, *, transport: Transport, writer: Writer, hooks: Hooks, push: Push, pull: Pull,
        met: Callable[[Site], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """`met` hears of every hospital that was let in."""
        self._met = met
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
        return self._ask_refusals < _ASK_REFUSALS

    def run(self, *, drain: bool, pull: bool, stopping: Callable[[], bool]) -> Cycle:
        """One cycle. `drain`: large batches and pages to the end. Raises nothing of the world's; bugs pass."""
        try:
            site = self._site or self._introduce()
        except SyncError as error:
            return Cycle(error)
        self._site = site
        progress = _Progress()
        steps = [partial(self._clear, site, progress, stopping), partial(self._send, site, progress, stopping, drain)]
        if pull:
            steps.append(partial(self._fetch, site, progress, stopping, drain))
        trouble: SyncError | None = None
        for step in steps:
            if stopping():
                break
            try:
                step()
            except SyncError as error:
                log.info("exchange: %s", error)
                trouble = trouble or error
                self._site = None
                if error.code in POINTLESS_TO_GO_ON:
                    break
        return Cycle(trouble, progress.rows, progress.moved, progress.pulled, progress.more, cut=stopping())

    def _introduce(self) -> Site:
        site = middleware_site.get(self._transport)
        self._writer.call(partial(self._admit, site), priority=Priority.SETTLE)
        self._realm = site.site_id
        self._met(site)
        return site

    def _admit(self, site: Site) -> None:
        expected = self._hooks.expected_realm()
        if expected is not None and expected != site.site_id:
            raise SyncError("foreign_realm", f"expected {expected}, found {site.site_id}")
        self._hooks.on_site(site)

    def _clear(self, site: Site, progress: _Progress, stopping: Callable[[], bool]) -> None:
        try:
            progress.moved += self._push.clear_unsure(site.site_id, stopping)
        except SyncError as error:
            self._ask_refusals = self._ask_refusals + 1 if error.code == "ask_unavailable" else 0
            raise
        self._ask_refusals = 0

    def _send(self, site: Site, progress: _Progress, stopping: Callable[[], bool], drain: bool) -> None:
        # In the background what arrives during a request lingers for the next one: a steady stream of scans would
        # otherwise become a stream of requests with one item each.
        more, large = True, drain
        while more and not stopping():
            pushed = self._push.batch(site.site_id, site.limits, drain=large)
            progress.moved += pushed.items
            more = pushed.more or (drain and pushed.items > 0)
            large = drain or pushed.more

    def _fetch(self, site: Site, progress: _Progress, stopping: Callable[[], bool], drain: bool) -> None:
        while not stopping():
            pulled = self._pull.page(site.site_id)
            progress.rows += pulled.rows
            progress.pulled, progress.more = True, pulled.more
            if not (pulled.more and drain):
                return


@dataclass(slots=True)
class _Progress:
    rows: int = 0
    moved: int = 0
    pulled: bool = False
    more: bool = False
