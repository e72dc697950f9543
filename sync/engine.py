"""The sync engine: one named thread that wakes by nudge or interval and runs one exchange; `matou sync` without it.

`start`, `nudge`, `stop` and `status` may be called from any thread. `run_until_empty` runs on the caller's thread, in
an engine that was never started. The relay has a thread of its own (`relay_line`), which nothing here waits for.
Everything on disk is written through the one writer.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from sync.backoff import delay_s
from sync.changes import Site
from sync.credentials import Credential
from sync.cycle import Cycle, Exchange
from sync.dispatch import Dispatch, Outlook
from sync.endpoints import middleware_site
from sync.errors import OFFLINE, PERMANENT, SyncError
from sync.pacing import Pacing
from sync.ports import Clock, Database, Hooks, Priority, SyncSettings, Writer
from sync.pull import Pull
from sync.push import Push
from sync.questions import Questions
from sync.relay_line import RelayLine, RelayRoute
from sync.relay_wire import CodeFacts
from sync.status import Network, RelayStatus, Summary, SyncStatus
from sync.transport import HttpTransport
from sync.trust import Trust

__all__ = ["Clock", "Hooks", "Summary", "SyncEngine", "SyncSettings", "SyncStatus"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_RELAY_STOP_S = 1.0
"""A pull of manifests loses nothing when it is left behind, so nobody waits for it."""


class SyncEngine:
    """Exchanges the outbox and the changes of one data folder with one hospital."""

    def __init__(
        self, *, server: str, device: str, database: Database, writer: Writer, hooks: Hooks, clock: Clock,
        ca: Path | None = None, settings: SyncSettings = SyncSettings(),  # noqa: B008 (frozen)
        trust: Trust | None = None, credential: Credential | None = None, relay: RelayRoute = RelayRoute(),  # noqa: B008
    ) -> None:  # fmt: skip
        """Opens nothing yet. `trust` before `ca`; `credential` goes with every call to the hospital.

        Raises SyncError: bad_server_url, insecure_url, bad_device, host_not_allowed, tls_failed (no such `ca`),
        client_certificate_bad."""
        trust = trust or Trust(ca)
        connect: Callable[[], HttpTransport] = partial(
            HttpTransport, server, device, settings=settings, trust=trust, credential=credential, now_ms=clock.now_ms
        )
        self._transport = connect()
        self._questions = Questions(connect)
        self._writer = _LeaveableWriter(writer)
        self._hooks = hooks
        self._clock = clock
        self._settings = settings
        self._dispatch = Dispatch(database, hold_after=settings.hold_after)
        self._item_cap_s = settings.backoff_cap_s
        push = Push(
            transport=self._transport, questions=self._questions, dispatch=self._dispatch, writer=self._writer,
            hooks=hooks, clock=clock, settings=settings, delay_ms=self._item_delay_ms,
        )  # fmt: skip
        pull = Pull(
            transport=self._transport, database=database, writer=self._writer, hooks=hooks, clock=clock,
            settings=settings,
        )  # fmt: skip
        self._relay = None if hooks.manifests is None else RelayLine(
            device=device, database=database, writer=self._writer, sink=hooks.manifests, clock=clock,
            settings=settings, trust=relay.trust(server, trust), token=relay.token, told=self._take_relay,
            left_behind=_LeftBehindError, url=relay.url,
        )  # fmt: skip
        self._exchange = Exchange(
            transport=self._transport, writer=self._writer, hooks=hooks, push=push, pull=pull, clock=clock,
            settings=settings, met=self._relay.meet if self._relay is not None else lambda _: None,
        )  # fmt: skip
        self._wake = threading.Condition()
        self._pacing = Pacing(settings)
        self._stopping = False
        self._doubt_left = True
        self._thread: threading.Thread | None = None
        self._status = SyncStatus()

    @property
    def questions(self) -> Questions:
        """For calls that are not items; lives as long as the engine."""
        return self._questions

    def resolve(self, codes: Sequence[str], timeout_s: float) -> Future[tuple[CodeFacts, ...]]:
        """Ask the relay what it knows of at most a hundred codes; unknown ones are missing. Raises SyncError
        `relay_absent`; the future brings the other codes of `errors.OF_THE_RELAY`."""
        if self._relay is None:
            raise SyncError("relay_absent")
        return self._relay.resolve(codes, timeout_s)

    def start(self) -> None:
        """Begin: what an earlier run left in flight becomes unsure, and the first exchange is due at once."""
        with self._wake:
            if self._thread is not None or self._stopping:
                raise RuntimeError("an engine starts once")
            self._thread = threading.Thread(target=self._run, name="sync-engine", daemon=True)
            self._thread.start()
        if self._relay is not None:
            self._relay.start()

    def nudge(self, *, urgent: bool = False, fetch: bool = False) -> None:
        """There is something to send; after the commit. Ten nudges are one exchange. Never blocks.

        `fetch`: somebody wants to know what is new, too.
        """
        with self._wake:
            self._pacing.nudge(self._clock.monotonic(), urgent=urgent, fetch=fetch)
            self._wake.notify_all()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Begin no new exchange and end. A request under way gets until the timeout; then its rows stay in flight."""
        with self._wake:
            self._stopping = True
            thread = self._thread
            self._wake.notify_all()
        until = self._clock.monotonic() + timeout_s
        if thread is not None:
            thread.join(timeout_s)
            if thread.is_alive():
                log.warning("the exchange under way is left behind; its items are asked for at the next start")
                self._writer.leave()
        if self._relay is not None and not self._relay.stop(
            min(_RELAY_STOP_S, max(0.0, until - self._clock.monotonic()))
        ):
            self._writer.leave()
        self._questions.stop(max(0.0, until - self._clock.monotonic()))
        if thread is None or not thread.is_alive():
            self._transport.close()

    def status(self) -> SyncStatus:
        """As of the last exchange; what was added since is not in it."""
        with self._wake:
            return self._status

    def introduce(self) -> Site:
        """Ask the hospital who it is and change nothing; on the caller's thread. Raises SyncError."""
        return middleware_site.get(self._transport)

    def run_until_empty(self, *, limit_s: float, until_empty: bool) -> Summary:
        """Push to the end and pull to the end on this thread, with short back-off in trouble, for at most `limit_s`.

        With `until_empty` it waits for items that are to be sent later, too. `Summary.trouble` is None when it got
        there. Bugs (of a hook, of ours) pass to the caller.
        """
        if self._thread is not None:
            raise RuntimeError("the engine's thread is running")
        deadline = self._clock.monotonic() + limit_s
        self._item_cap_s = self._settings.run_cap_s
        fetched, failures, pull = 0, 0, True
        code, subject = None, None
        while True:
            cycle = self._turn(drain=True, pull=pull, stopping=lambda: self._over(deadline))
            outlook = self._look(cycle)
            fetched += cycle.rows
            pull = pull if cycle.trouble else cycle.moved > 0
            failures = failures + 1 if cycle.trouble else 0
            if not cycle.cut or cycle.trouble:
                code = cycle.trouble.code if cycle.trouble else None
                subject = cycle.trouble.subject if cycle.trouble else None
            there = code is None and not cycle.cut and (outlook.empty or not until_empty)
            if there and self._relay is not None:
                self._relay.finish(lambda: self._over(deadline), lambda wait_s: self._pause(wait_s, deadline))
                outlook = self._look(cycle)  # a manifest may have restated a scan: that goes out, too
                there = outlook.empty or not until_empty or self._over(deadline)
            if there or code in PERMANENT:
                return self._summary(fetched, code, subject)
            self._pause(self._wait_s(cycle, outlook, failures), deadline)
            if self._over(deadline):
                return self._summary(fetched, code or "limit_reached", subject)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._stopping and (wait_s := self._pacing.due_at() - self._clock.monotonic()) > 0:
                    self._wake.wait(min(wait_s, self._settings.pull_interval_s))
                if self._stopping:
                    return
                hurried = self._pacing.nudged
                pull = self._pacing.begin(self._clock.monotonic())
            try:
                cycle = self._turn(drain=False, pull=pull, stopping=lambda: self._stopping, hurried=hurried)
                outlook = self._look(cycle)
            except _LeftBehindError:
                return
            except Exception:
                log.exception("the exchange failed; the outbox keeps its rows")
                self._doubt_left = True
                cycle, outlook = Cycle(SyncError("sync_bug"), down=True), None
                self._publish(cycle, None)
            self._reckon(cycle, outlook)

    def _turn(self, *, drain: bool, pull: bool, stopping: Callable[[], bool], hurried: bool = False) -> Cycle:
        if self._doubt_left:
            left = self._writer.call(self._dispatch.recover, priority=Priority.SETTLE)
            if left:
                log.warning("%d items were under way when the last run ended", left)
            self._doubt_left = False
        return self._exchange.run(drain=drain, pull=pull, stopping=stopping, hurried=hurried)

    def _look(self, cycle: Cycle) -> Outlook:
        self._hooks.after_exchange()
        look = partial(
            self._dispatch.outlook, self._exchange.realm, self._clock.now_ms(), can_ask=self._exchange.can_ask
        )
        outlook = self._writer.call(look, priority=Priority.SETTLE, write=False)
        self._publish(cycle, outlook)
        return outlook

    def _publish(self, cycle: Cycle, outlook: Outlook | None) -> None:
        trouble = cycle.trouble.code if cycle.trouble else None
        with self._wake:
            old = self._status
            counts = outlook.counts if outlook else None
            network: Network = "offline" if trouble in OFFLINE else "online"
            status = SyncStatus(
                network=old.network if trouble == "sync_bug" else network,
                waiting=counts.waiting if counts else old.waiting,
                unsure=counts.unsure if counts else old.unsure,
                refused=counts.refused if counts else old.refused,
                held=counts.held if counts else old.held,
                last_exchange_ms=old.last_exchange_ms if trouble else self._clock.now_ms(),
                trouble=trouble,
                relay=old.relay,
                subject=cycle.trouble.subject if cycle.trouble else None,
                endpoints=self._exchange.breakers.statuses(self._clock.monotonic(), self._clock.now_ms()),
                again_ms=old.again_ms if cycle.down else None,
            )
            self._status = status
        if status != old:
            self._hooks.on_status(status)

    def _take_relay(self, relay: RelayStatus) -> None:
        with self._wake:
            status = self._status = replace(self._status, relay=relay)
        self._hooks.on_status(status)

    def _reckon(self, cycle: Cycle, outlook: Outlook | None) -> None:
        """Set the alarm clock after a cycle, and say when it rings if nothing of this hospital answers."""
        with self._wake:
            now = self._clock.monotonic()
            if not (cycle.trouble and cycle.down):
                self._go_on(now, cycle, outlook)
                return
            self._pacing.fail(now, random.random(), retry_after_s=cycle.trouble.retry_after_s)
            again_ms = self._clock.now_ms() + round((self._pacing.due_at() - now) * 1000)
            status = self._status = replace(self._status, again_ms=again_ms)
        self._hooks.on_status(status)

    def _go_on(self, now: float, cycle: Cycle, outlook: Outlook | None) -> None:
        """The hospital is there; only the calls in trouble wait."""
        breakers = self._exchange.breakers
        again_in_s = breakers.wait_s(("ask", "items"), now)
        if outlook is not None and outlook.due_ms is not None:
            due_in_s = max((outlook.due_ms - self._clock.now_ms()) / 1000, breakers.wait_s(("items",), now) or 0.0)
            again_in_s = due_in_s if again_in_s is None else min(again_in_s, due_in_s)
        self._pacing.succeed(
            now, pulled=cycle.pulled, more=cycle.more, again_in_s=again_in_s,
            pull_in_s=breakers.wait_s(("changes",), now),
        )  # fmt: skip

    def _wait_s(self, cycle: Cycle, outlook: Outlook, failures: int) -> float:
        base_s, cap_s = self._settings.backoff_base_s, self._settings.run_cap_s
        if cycle.trouble:
            return max(delay_s(failures, random.random(), base_s=base_s, cap_s=cap_s), cycle.trouble.retry_after_s or 0)
        if outlook.due_ms is None:
            return min(base_s, cap_s)
        return max((outlook.due_ms - self._clock.now_ms()) / 1000, base_s / 20)

    def _pause(self, wait_s: float, deadline: float) -> None:
        until = min(self._clock.monotonic() + wait_s, deadline)
        with self._wake:
            while not self._stopping and (left_s := until - self._clock.monotonic()) > 0:
                self._wake.wait(left_s)

    def _over(self, deadline: float) -> bool:
        return self._stopping or self._clock.monotonic() >= deadline

    def _summary(self, fetched: int, trouble: str | None, subject: str | None) -> Summary:
        accepted = refused = 0
        while any(some := self._writer.call(self._dispatch.report, priority=Priority.SETTLE)):
            accepted, refused = accepted + some[0], refused + some[1]
        counts = self._writer.call(self._dispatch.counts, priority=Priority.SETTLE, write=False)
        return Summary(
            fetched=fetched,
            sent=accepted + refused,
            accepted=accepted,
            refused=refused,
            held=counts.held,
            unsure=counts.unsure,
            waiting=counts.queued + counts.in_flight,
            trouble=trouble,
            subject=subject,
        )

    def _item_delay_ms(self, attempts: int) -> int:
        base_s = self._settings.backoff_base_s
        return round(1000 * delay_s(attempts, random.random(), base_s=base_s, cap_s=self._item_cap_s))


class _LeftBehindError(Exception):
    """The engine was stopped while this exchange was under way: nothing is written any more."""


class _LeaveableWriter:
    """The program's writer until the engine is left behind; after that every job is refused."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._left = False

    def leave(self) -> None:
        self._left = True

    def call(self, job: Callable[[], T], *, priority: Priority, write: bool = True) -> T:
        if self._left:
            raise _LeftBehindError
        return self._writer.call(job, priority=priority, write=write)

    def run_sliced(self, steps: Callable[[], Iterator[None]], *, finish: Callable[[], None]) -> None:
        if self._left:
            raise _LeftBehindError
        self._writer.run_sliced(steps, finish=finish)
