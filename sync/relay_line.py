"""The line to the relay: a thread, a client and a back-off of its own, so that its troubles are nobody else's.

Nothing here is waited for by the exchange with the hospital. The thread (`sync-relay`) sleeps until the hospital has
said where its relay is, then pulls at every interval. `finish` does the same on the caller's thread, for `matou sync`.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from sync.backoff import delay_s
from sync.breaker import Breaker
from sync.changes import Site
from sync.endpoints import relay_heads, relay_resolve
from sync.endpoints.endpoint import Endpoint
from sync.errors import OF_THE_RELAY, OFFLINE, SyncError
from sync.ports import Clock, Database, ManifestSink, SyncSettings, Writer
from sync.questions import Questions
from sync.relay import Pulled, RelayPull
from sync.relay_wire import CodeFacts
from sync.status import RelayStatus
from sync.transport import HttpTransport, LineTransport, Transport, checked_address
from sync.trust import Trust

log = logging.getLogger(__name__)

_TRIES = 3
"""Runs of `finish` in trouble before it gives up: the hospital's own exchange is done by then."""


@dataclass(frozen=True, slots=True)
class _Address:
    realm: str
    url: str
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class RelayRoute:
    """How a site reaches its relay. Without `url`: where the hospital says, though only at the hospital's own host or
    at one of `hosts`. `token`: instead of the one that the hospital names."""

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    pins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def trust(self, server: str, hospital: Trust) -> Trust:
        """Whom to believe at the relay: the site's authority and the system's, no client certificate of ours."""
        hosts = () if self.url else (checked_address(server).host, *self.hosts)
        return Trust(hospital.ca, system=True, pins=self.pins, hosts=hosts)


class RelayLine:
    """Knows the relay once the hospital has named it. `told` hears every change of the status; any thread."""

    def __init__(
        self, *, device: str, database: Database, writer: Writer, sink: ManifestSink, clock: Clock,
        settings: SyncSettings, trust: Trust, token: str | None, told: Callable[[RelayStatus], None],
        left_behind: type[Exception], url: str | None = None,
    ) -> None:  # fmt: skip
        """`token` and `url` go before those that the hospital names; `trust` says which hosts are allowed.

        `left_behind`: what the writer raises after the end.
        """
        self._device = device
        self._database = database
        self._writer = writer
        self._sink = sink
        self._clock = clock
        self._settings = settings
        self._trust = trust
        self._token = token
        self._url = url
        self._told = told
        self._left_behind = left_behind
        self._wake = threading.Condition()
        self._address: _Address | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._questions: Questions | None = None
        self._asks: _Address | None = None
        self._pull: RelayPull | None = None
        self._pulls: _Address | None = None
        self._transport: LineTransport | None = None
        self._breaker = self._breaker_of(relay_heads.ENDPOINT, settings.nudge_gap_s)
        self._asking = self._breaker_of(relay_resolve.ENDPOINT, 0.0)
        self._status = RelayStatus()

    def meet(self, site: Site) -> None:
        """The hospital introduced itself and was let in; the engine's thread."""
        url = self._url or site.relay
        with self._wake:
            self._address = None if url is None else _Address(site.site_id, url, self._token or site.relay_token)
            self._wake.notify_all()
        if url is None:
            self._tell(RelayStatus())
        elif self._status.network == "absent":
            self._tell(replace(self._status, network="unknown"))

    def start(self) -> None:
        """Pull in the background."""
        self._thread = threading.Thread(target=self._run, name="sync-relay", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Begin nothing new and end; False if a call under way was left behind. What is staged is gone on from."""
        with self._wake:
            self._stopping = True
            thread, questions = self._thread, self._questions
            self._wake.notify_all()
        until = self._clock.monotonic() + timeout_s
        if thread is not None:
            thread.join(timeout_s)
        if questions is not None:
            questions.stop(max(0.0, until - self._clock.monotonic()))
        if thread is not None and thread.is_alive():
            return False
        if self._transport is not None:
            self._transport.close()
        return True

    def finish(self, over: Callable[[], bool], pause: Callable[[float], None]) -> None:
        """Pull to the end on this thread, for `matou sync`; trouble is told in the status and nowhere else."""
        for tries in range(1, _TRIES + 1):
            with self._wake:
                address = self._address
            if address is None or over():
                return
            if self._turn(address, over).trouble is None:
                return
            base_s, cap_s = self._settings.backoff_base_s, self._settings.run_cap_s
            pause(delay_s(tries, random.random(), base_s=base_s, cap_s=cap_s))

    def resolve(self, codes: Sequence[str], timeout_s: float) -> Future[tuple[CodeFacts, ...]]:
        """Ask what is known of at most `relay_resolve.MAX_CODES` codes. Raises SyncError `relay_absent`.

        A relay that failed too often in a row is not asked again before its time; the future says what it met last.
        """
        wanted = tuple(codes)
        with self._wake:
            address = self._address
            if address is None or self._stopping:
                raise SyncError("relay_absent")
            old = self._questions if self._asks != address else None
            if self._questions is None or old is not None:
                self._questions, self._asks = Questions(lambda: self._connect_asking(address)), address
                self._asking = self._breaker_of(relay_resolve.ENDPOINT, 0.0)
            questions, breaker = self._questions, self._asking
        if old is not None:
            old.stop(0.0)
        return questions.submit(lambda transport: self._resolved(transport, breaker, wanted, timeout_s))

    def _breaker_of(self, endpoint: Endpoint, nudge_gap_s: float) -> Breaker:
        settings = self._settings
        return Breaker(
            endpoint, base_s=settings.backoff_base_s, cap_s=settings.relay_backoff_cap_s, nudge_gap_s=nudge_gap_s
        )

    def _resolved(
        self, transport: Transport, breaker: Breaker, codes: Sequence[str], timeout_s: float
    ) -> tuple[CodeFacts, ...]:
        """The questions' thread. A person's second try is not put off, as long as the breaker is closed."""
        if breaker.error is not None and breaker.due_s(hurried=True) > self._clock.monotonic():
            raise SyncError(_code(breaker.error), "not asked: it failed too often")
        try:
            facts = relay_resolve.post(transport, codes, timeout_s)
        except SyncError as error:
            breaker.fail(error, self._clock.monotonic(), random.random())
            raise SyncError(_code(error), error.detail, status=error.status, problem=error.problem) from error
        breaker.succeed()
        return facts

    def _run(self) -> None:
        due_at = self._clock.monotonic()
        while True:
            with self._wake:
                while not self._stopping and (
                    self._address is None or (wait_s := due_at - self._clock.monotonic()) > 0
                ):
                    self._wake.wait(None if self._address is None else min(wait_s, self._settings.relay_interval_s))
                if self._stopping:
                    return
                address = self._address
            assert address is not None
            try:
                pulled = self._turn(address, lambda: self._stopping)
            except self._left_behind:
                return
            except Exception:
                log.exception("the pull of manifests failed; what is staged stays")
                pulled = Pulled(trouble=SyncError("sync_bug"))
                self._note(pulled)
            due_at = self._clock.monotonic() + self._wait_s(pulled.trouble)

    def _turn(self, address: _Address, stopping: Callable[[], bool]) -> Pulled:
        try:
            if self._pull is None or self._pulls != address:
                if self._transport is not None:
                    self._transport.close()
                self._transport = self._connect(address)
                self._pull = RelayPull(
                    transport=self._transport, database=self._database, writer=self._writer, sink=self._sink,
                    clock=self._clock, settings=self._settings,
                )  # fmt: skip
                self._pulls = address
            pulled = self._pull.run(address.realm, stopping)
        except SyncError as error:
            pulled = Pulled(trouble=error)
        self._note(pulled)
        return pulled

    def _connect(self, address: _Address) -> HttpTransport:
        return HttpTransport(
            address.url, self._device, settings=self._settings, token=address.token, trust=self._trust,
            now_ms=self._clock.now_ms,
        )  # fmt: skip

    def _connect_asking(self, address: _Address) -> HttpTransport:
        try:
            return self._connect(address)
        except SyncError as error:
            raise SyncError(_code(error), error.detail) from error

    def _note(self, pulled: Pulled) -> None:
        old, trouble = self._status, pulled.trouble
        if trouble is None:
            self._breaker.succeed()
        else:
            self._breaker.fail(trouble, self._clock.monotonic(), random.random())
        self._tell(
            RelayStatus(
                network="offline" if trouble is not None and trouble.code in OFFLINE else "online",
                trouble=None if trouble is None else _code(trouble),
                manifests=old.manifests + pulled.manifests,
                refused=old.refused + pulled.refused,
                last_ms=self._clock.now_ms() if trouble is None and not pulled.cut else old.last_ms,
                breaker=self._breaker.state(self._clock.monotonic()),
                subject=None if trouble is None else trouble.subject,
            )
        )

    def _tell(self, status: RelayStatus) -> None:
        if status != self._status:
            self._status = status
            self._told(status)

    def _wait_s(self, trouble: SyncError | None) -> float:
        if trouble is None:
            return self._settings.relay_interval_s
        return max(0.0, self._breaker.due_s() - self._clock.monotonic())


def _code(error: SyncError) -> str:
    """What a person is told: it is the relay that is in trouble, not the hospital."""
    return "relay_denied" if error.status in (401, 403) else OF_THE_RELAY.get(error.code, error.code)
