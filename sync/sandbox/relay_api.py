"""/relay/v1 as `docs/remote/relay.yaml` has it. Lives on the sandbox's event loop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sync.sandbox.api import Problem, as_json, faults_of
from sync.sandbox.faults import FaultBoard
from sync.sandbox.feed import UnknownCursor
from sync.sandbox.relay import Manifest
from sync.sandbox.relay_facts import Facts
from sync.sandbox.wire import DEVICE_PATTERN, Count, EpochMs
from sync.sandbox.world import World

T = TypeVar("T", bound=Struct)

_HEADS = 100
_HEADS_MOST = 1000
_CURSOR_MOST = 200
_BYTES_MOST = 65_536
_PIECE = 500
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

Code = Annotated[str, Meta(min_length=1, max_length=200)]


class _Resolve(Struct, frozen=True):
    codes: Annotated[list[Code], Meta(min_length=1, max_length=100)]


class _Ack(Struct, frozen=True):
    result: Literal["complete", "refused"]
    rows: Count | None = None
    code: str | None = None
    text: str | None = None
    at_ms: EpochMs | None = None


class RelayApi:
    """The endpoints of the relay."""

    def __init__(self, world: World, board: FaultBoard) -> None:
        self._world = world
        self._board = board
        self._facts = Facts(world.hospital.relay)

    def routes(self) -> list[Route]:
        """The routes, under /relay."""
        version = "/relay/v1/manifests/{manifest}/versions/{version}"
        return [
            Route("/relay/v1/manifests", self.heads, methods=["GET"]),
            Route(f"{version}/rows", self.rows, methods=["GET"]),
            Route(f"{version}/ack", self.ack, methods=["POST"]),
            Route("/relay/v1/resolve", self.resolve, methods=["POST"]),
        ]

    async def heads(self, request: Request) -> Response:
        """GET /v1/manifests."""
        self._admit(request)
        limit = _number(request.query_params.get("limit", str(_HEADS)))
        cursor = request.query_params.get("cursor")
        if not 1 <= limit <= _HEADS_MOST or (cursor is not None and not 1 <= len(cursor) <= _CURSOR_MOST):
            raise Problem(400, "bad_request")
        try:
            self._world.count_heads_call()
            page = self._world.hospital.relay.page(cursor, limit)
        except UnknownCursor:
            raise Problem(410, "cursor_gone") from None
        except OSError:
            raise Problem(503, "not_kept") from None
        return as_json({"heads": page.changes, "cursor": page.cursor, "more": page.more})

    async def rows(self, request: Request) -> Response:
        """GET /v1/manifests/{manifest}/versions/{version}/rows."""
        self._admit(request)
        first = _number(request.query_params.get("from", "0"))
        manifest = self._wanted(request)
        if manifest.withdrawn:
            raise Problem(410, "manifest_withdrawn")
        if not 0 <= first <= len(manifest.rows):
            raise Problem(400, "bad_request")
        return _Lines(manifest, first)

    async def ack(self, request: Request) -> Response:
        """POST /v1/manifests/{manifest}/versions/{version}/ack."""
        self._admit(request)
        device = request.headers.get("matou-device")
        if device is None:
            raise Problem(400, "device_missing")
        if re.fullmatch(DEVICE_PATTERN, device) is None:
            raise Problem(400, "bad_request")
        told = await _read(request, _Ack)
        self._wanted(request).acks[device] = msgspec.structs.asdict(told)
        return as_json({})

    async def resolve(self, request: Request) -> Response:
        """POST /v1/resolve."""
        self._admit(request)
        codes = (await _read(request, _Resolve)).codes
        hidden = {fault.value for fault in faults_of(request, "poison")}
        put_off = [self._board.picks(fault.value) for fault in faults_of(request, "half_refused")]
        wanted = [code for code in codes if code not in hidden and not any(picked((code,)) for picked in put_off)]
        return as_json({"codes": self._facts.of(wanted)})

    def _admit(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self._world.relay_token}":
            raise Problem(401, "token_wrong")

    def _wanted(self, request: Request) -> Manifest:
        manifest = self._world.hospital.relay.version(
            request.path_params["manifest"], _number(request.path_params["version"])
        )
        if manifest is None:
            raise Problem(404, "manifest_unknown")
        return manifest


class _Lines(Response):
    """A row stream, made piece by piece while it is sent."""

    media_type = "application/x-ndjson"

    def __init__(self, manifest: Manifest, first: int) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._pieces = _pieces(manifest, first)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all pieces."""
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _pieces(manifest: Manifest, first: int) -> Iterator[bytes]:
    lines = manifest.lines(first)
    while some := list(islice(lines, _PIECE)):
        yield b"".join(line + b"\n" for line in some)
    yield msgspec.json.encode({"end": True, "rows": len(manifest.rows)}) + b"\n"


def _number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else -1


async def _read(request: Request, kind: type[T]) -> T:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "wrong_content_type")
    body = await request.body()
    if len(body) > _BYTES_MOST:
        raise Problem(413, "too_large")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "bad_request") from None
