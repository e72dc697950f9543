"""/v1 of the middleware as `docs/remote/middleware.yaml` has it. Lives on the sandbox's event loop."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.faults import Fault, FaultBoard
from sync.sandbox.feed import UnknownCursor
from sync.sandbox.gate import FAULTS_KEY
from sync.sandbox.judging import Forced, Letter, open_letter
from sync.sandbox.wire import (
    DEVICE_PATTERN,
    LIMIT_BYTES,
    LIMIT_ITEMS,
    Answer,
    AskRequest,
    Claim,
    ItemsRequest,
    Outcome,
    PackageEvent,
    Scan,
)
from sync.sandbox.world import World

T = TypeVar("T", ItemsRequest, AskRequest)

_CAPABILITIES = ("acceptance", "ask", "changes", "evoucher", "items", "package_event", "relay")
_PAGE_ROWS = 1000
_PAGE_ROWS_MOST = 5000
_CURSOR_MOST = 200
_LIMIT = re.compile(r"[0-9]{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the hospital's parts are, as clients reach them."""

    middleware: str
    relay: str
    evoucher: str


class Problem(Exception):
    """A call that failed as a whole. `code` is stable; its text is looked up."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Api:
    """The endpoints. `now_s` is the clock of the hospital, `addresses` is asked because ports are known late.

    The routes of other parties at the same port are handed to `app`.
    """

    def __init__(
        self, world: World, board: FaultBoard, now_s: Callable[[], float], addresses: Callable[[], Addresses], *,
        claims: bool = False,
    ) -> None:  # fmt: skip
        self._world = world
        self._board = board
        self._now_s = now_s
        self._addresses = addresses
        self._capabilities = sorted([*_CAPABILITIES, *(["claims"] if claims else [])])

    def app(self, others: Sequence[Route] = ()) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/v1/site", self.site, methods=["GET"]),
            Route("/v1/changes", self.changes, methods=["GET"]),
            Route("/v1/items", self.items, methods=["POST"]),
            Route("/v1/items/ask", self.ask, methods=["POST"]),
            *others,
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: self._http, Problem: self._problem})
        app.router.redirect_slashes = False
        return app

    async def site(self, request: Request) -> Response:
        """GET /v1/site."""
        site, addresses = self._world.hospital.site, self._addresses()
        skew_s = sum(fault.number() for fault in faults_of(request, "clock_skew"))
        body = {
            "site_id": site.site_id,
            "name": site.name,
            "synthetic": True,
            "zone": site.zone,
            "near_expiry_days": site.near_expiry_days,
            "now_ms": max(0, int((self._now_s() + skew_s) * 1000)),
            "addresses": {name: getattr(addresses, name) for name in ("middleware", "relay", "evoucher")},
            "limits": {"items": LIMIT_ITEMS, "bytes": LIMIT_BYTES},
            "capabilities": self._capabilities,
            "relay_token": self._world.relay_token,
        }
        return as_json(body)

    async def changes(self, request: Request) -> Response:
        """GET /v1/changes."""
        _device(request)
        text = request.query_params.get("limit", str(_PAGE_ROWS))
        limit = int(text) if _LIMIT.fullmatch(text) else 0
        cursor = request.query_params.get("cursor")
        if not 1 <= limit <= _PAGE_ROWS_MOST or (cursor is not None and not 1 <= len(cursor) <= _CURSOR_MOST):
            raise Problem(400, "bad_request")
        try:
            page = self._world.hospital.feed.page(cursor, limit)
        except UnknownCursor:
            raise Problem(410, "cursor_gone") from None
        return as_json({"changes": page.changes, "cursor": page.cursor, "more": page.more})

    async def items(self, request: Request) -> Response:
        """POST /v1/items."""
        raw_items = _read(await _body(request), ItemsRequest).items
        if len(raw_items) > LIMIT_ITEMS:
            raise Problem(413, "too_large")
        try:
            letters = [open_letter(raw) for raw in raw_items]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Problem(400, "bad_request") from None
        try:
            answers = self._world.receive(raw_items, letters, self._forced(letters, request))
        except OSError:
            raise Problem(503, "not_kept") from None
        return as_json({"items": [self._told(answer) for answer in answers]})

    async def ask(self, request: Request) -> Response:
        """POST /v1/items/ask."""
        ids = _read(await _body(request), AskRequest).ids
        return as_json({"items": [self._told(answer) for answer in self._world.judge.ask(ids)]})

    def _forced(self, letters: list[Letter], request: Request) -> dict[int, Forced]:
        """What the faults of this call decide, by position."""
        poison = {fault.value for fault in faults_of(request, "poison")}
        put_off = [self._board.picks(fault.value) for fault in faults_of(request, "half_refused")]
        forced: dict[int, Forced] = {}
        for place, letter in enumerate(letters):
            words = _words(letter)
            if not poison.isdisjoint(words):
                forced[place] = "claim_refused" if isinstance(letter.item, Claim) else "poisoned"
            elif any(is_put_off(words) for is_put_off in put_off):
                forced[place] = "later"
        return forced

    def _told(self, answer: Answer) -> Answer:
        if isinstance(answer.code, str):
            return msgspec.structs.replace(answer, text=self._world.texts[answer.code])
        return answer

    async def _http(self, request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error, HTTPException)
        code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "bad_request")
        return self._say(error.status_code, code, error.headers)

    async def _problem(self, request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error, Problem)
        return self._say(error.status, error.code, None)

    def _say(self, status: int, code: str, headers: Mapping[str, str] | None) -> Response:
        response = as_json({"code": code, "text": self._world.texts[code]})
        response.status_code = status
        response.headers.update(headers or {})
        return response


def as_json(body: object) -> Response:
    """An answer."""
    return Response(msgspec.json.encode(body), media_type="application/json")


def faults_of(request: Request, name: str) -> list[Fault]:
    """The faults of this name that strike this call."""
    struck: tuple[Fault, ...] = request.scope.get(FAULTS_KEY, ())
    return [fault for fault in struck if fault.name == name]


def _words(letter: Letter) -> tuple[str, ...]:
    item = letter.item
    if isinstance(item, Outcome):
        return (letter.id, "outcome", item.outcome, item.code or "")
    if isinstance(item, Scan):
        return (letter.id, "scan", item.code)
    if isinstance(item, PackageEvent):
        return (letter.id, "package_event", item.code or item.parent or "")
    if isinstance(item, Claim):
        return (letter.id, "claim", item.infno, item.serial)
    return (letter.id, type(item).__name__.lower())


def _device(request: Request) -> None:
    device = request.headers.get("matou-device")
    if device is None:
        raise Problem(400, "device_missing")
    if re.fullmatch(DEVICE_PATTERN, device) is None:
        raise Problem(400, "bad_request")


async def _body(request: Request) -> bytes:
    _device(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "wrong_content_type")
    body = await request.body()
    if len(body) > LIMIT_BYTES:
        raise Problem(413, "too_large")
    return body


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "bad_request") from None
