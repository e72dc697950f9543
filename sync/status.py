"""What the engine says about itself: frozen facts for the status strip and for `matou sync`. Pure; any thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Network = Literal["unknown", "online", "offline"]
RelayNetwork = Literal["absent", "unknown", "online", "offline"]
BreakerState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """A remote call in trouble: `trouble` a code of `errors.CODES`, `subject` what it is about, if it has a name.

    `breaker`: closed, it is tried again soon; open, it is left alone for a while; half_open, the next call is a probe.
    It failed so many times in a row, first at `since_ms`, and is tried again at `again_ms` unless somebody hurries it.
    """

    name: str
    breaker: BreakerState
    trouble: str
    subject: str | None = None
    failures: int = 1
    since_ms: int = 0
    again_ms: int = 0


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """Where the pull of manifests stands. `absent`: this hospital names no relay, or the program wants none.

    `manifests` and `refused` count versions since this engine began; `trouble` is a code of `errors.CODES`.
    """

    network: RelayNetwork = "absent"
    trouble: str | None = None
    manifests: int = 0
    refused: int = 0
    last_ms: int | None = None
    breaker: BreakerState = "closed"
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Where the exchange stands. `waiting` is queued + in flight + unsure; `trouble` a code of `errors.CODES`, and
    `subject` what it is about, if that has a name; `endpoints` are the calls in trouble, the others go on. `again_ms`:
    nothing of this hospital answers, and it is tried again then at the latest."""

    network: Network = "unknown"
    waiting: int = 0
    unsure: int = 0
    refused: int = 0
    held: int = 0
    last_exchange_ms: int | None = None
    trouble: str | None = None
    relay: RelayStatus = RelayStatus()
    subject: str | None = None
    endpoints: tuple[EndpointStatus, ...] = ()
    again_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of `matou sync`.

    `sent`, `accepted`, `refused` count items settled and not reported by an earlier run; `held`, `unsure` and
    `waiting` (queued + in flight) are totals of this moment; `fetched` are the rows of changes applied in this run.
    """

    fetched: int
    sent: int
    accepted: int
    refused: int
    held: int
    unsure: int
    waiting: int
    trouble: str | None = None
    subject: str | None = None
