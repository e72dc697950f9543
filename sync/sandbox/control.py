"""The control door: for tests and the demo, on loopback, touched by no fault. Lives on the sandbox's event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sync.sandbox.bad_order import BadOrder
from sync.sandbox.calls import Calls
from sync.sandbox.faults import BadFaults
from sync.sandbox.views import answer_key, ledger_pieces, relay_view
from sync.sandbox.world import World


class _Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """`{}`."""


class Control:
    """The routes of the control door. `set_faults` puts a fault order in force and returns when it is; `others` are
    those of other parties."""

    def __init__(
        self, world: World, calls: Calls, set_faults: Callable[[bytes], Awaitable[None]], others: Sequence[Route] = ()
    ) -> None:
        self._others = others
        self._world = world
        self._calls = calls
        self._set_faults = set_faults

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/ledger", self.ledger, methods=["GET"]),
                Route("/deliveries", self.deliveries, methods=["GET"]),
                Route("/patients", self.patients, methods=["GET"]),
                Route("/calls", self.calls, methods=["GET"]),
                Route("/calls", self.reset_calls, methods=["POST"]),
                Route("/seed", self.seed, methods=["POST"]),
                Route("/faults", self.faults, methods=["POST"]),
                Route("/relay", self.relay, methods=["GET"]),
                Route("/relay", self.order_relay, methods=["POST"]),
                *self._others,
            ]
        )

    async def ledger(self, request: Request) -> Response:
        """The books; `?delivery=NO` keeps the rows of one delivery."""
        pieces = ledger_pieces(self._world.hospital, request.query_params.get("delivery"))
        return StreamingResponse(_calmly(pieces), media_type="application/json")

    async def deliveries(self, request: Request) -> Response:
        """The answer key; `?delivery=NO` for one of them."""
        wanted = request.query_params.get("delivery")
        every = self._world.hospital.deliveries.values()
        return _json(answer_key(one for one in every if wanted in (None, one.seed.delivery)))

    async def patients(self, request: Request) -> Response:
        """All invented patients."""
        del request
        return _json(msgspec.json.encode({"patients": self._world.patients}))

    async def calls(self, request: Request) -> Response:
        """Calls per endpoint."""
        del request
        return _json(msgspec.json.encode(self._calls.report()))

    async def reset_calls(self, request: Request) -> Response:
        """Counters to nothing."""
        try:
            msgspec.json.decode(await request.body(), type=_Nothing)
        except msgspec.MsgspecError as error:
            return _bad("bad_request", str(error))
        self._calls.reset()
        return _json(b"{}")

    async def seed(self, request: Request) -> Response:
        """More deliveries, catalogue, past."""
        try:
            done = self._world.seed(await request.body())
        except BadOrder as error:
            return _bad("bad_seed", str(error))
        except OSError as error:
            return _bad("not_kept", str(error), 503)
        return _json(msgspec.json.encode(done))

    async def faults(self, request: Request) -> Response:
        """Other faults."""
        try:
            await self._set_faults(await request.body())
        except BadFaults as error:
            return _bad("bad_faults", str(error))
        return _json(b"{}")

    async def relay(self, request: Request) -> Response:
        """All manifests, what devices said of them, and what is still late."""
        del request
        return _json(relay_view(self._world.hospital.relay))

    async def order_relay(self, request: Request) -> Response:
        """Let a late manifest appear, take one back, or let something happen to packages."""
        try:
            done = self._world.order_relay(await request.body())
        except BadOrder as error:
            return _bad("bad_order", str(error))
        except OSError as error:
            return _bad("not_kept", str(error), 503)
        return _json(msgspec.json.encode(done))


async def _calmly(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces made on the event loop, one at a time: the books must not change in the middle of a pack."""
    for piece in pieces:
        yield piece


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _bad(code: str, reason: str, status: int = 400) -> Response:
    body = msgspec.json.encode({"code": code, "reason": reason})
    return Response(body, status_code=status, media_type="application/json")
