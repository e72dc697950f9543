"""The ASGI layer around /v1 where calls are counted and faults strike. Lives on the sandbox's event loop.

A fault of the answer lets the call take effect first; a fault of the request never reaches the hospital.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from sync.sandbox.calls import Calls
from sync.sandbox.faults import Fault, FaultBoard, endpoint_of
from sync.sandbox.identity import Identity
from sync.sandbox.proxy import Link
from sync.sandbox.wire import LIMIT_BYTES

FAULTS_KEY = "sandbox.faults"
"""Where the ASGI scope carries the faults of this call to the endpoints."""
_HTML = "<!DOCTYPE html><html><head><title>演示上网认证</title></head><body>请先登录演示网络</body></html>".encode()
_WRONG = msgspec.json.encode({"code": 0, "msg": "ok", "data": {"rows": None}})
_JSON = b"application/json"
_LONG = frozenset({"relay_rows"})

Message = MutableMapping[str, Any]


class Door(Protocol):
    """What the gate needs of the proxy."""

    def link(self, inner_port: int) -> Link | None:
        """The client connection behind an inner port."""
        ...

    async def shut(self, for_s: float) -> None:
        """Close the port for so many seconds."""
        ...


@dataclass(slots=True)
class Reply:
    """A whole answer, held back until it is known how to say it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def raw(self) -> bytes:
        """The answer as it stands on the wire."""
        lines = [f"HTTP/1.1 {self.status} Sandbox".encode()]
        lines += [name + b": " + value for name, value in self.headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body

    def kind(self) -> bytes:
        """Its content type."""
        return dict(self.headers).get(b"content-type", _JSON)

    def with_body(self, body: bytes, kind: bytes = _JSON) -> Reply:
        """The same answer around another body."""
        kept = [(name, value) for name, value in self.headers if name not in (b"content-length", b"content-type")]
        headers = [*kept, (b"content-type", kind), (b"content-length", str(len(body)).encode())]
        return Reply(self.status, headers, body)


@dataclass(slots=True)
class _Call:
    scope: Scope
    send: Send
    link: Link | None
    struck: tuple[Fault, ...]
    faults: dict[str, Fault]
    body: bytes = b""
    whole: bool = True
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class Gate:
    """Counts every call and carries out what the fault board draws for it."""

    def __init__(
        self, inner: ASGIApp, board: FaultBoard, calls: Calls, clock_s: Callable[[], float],
        identity: Identity, texts: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._inner = inner
        self._board = board
        self._calls = calls
        self._clock_s = clock_s
        self._identity = identity
        self._texts = texts
        self.door: Door | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        started_s = time.perf_counter()
        endpoint = endpoint_of(scope["path"])
        client = scope.get("client")
        link = self.door.link(client[1]) if self.door is not None and client else None
        struck = self._board.draw(endpoint)
        call = _Call(scope, send, link, struck, {fault.name: fault for fault in struck})
        said = 0
        if not await self._cut_early(call):
            said = await self._hear(call, receive)
        self._calls.note(endpoint, len(call.body), said, (time.perf_counter() - started_s) * 1000)

    async def _cut_early(self, call: _Call) -> bool:
        """Faults that strike before the request is read."""
        if "refuse_connection" in call.faults and self.door is not None:
            for_s = self._board.planned_for_s("refuse_connection")
            if for_s is not None:
                await self.door.shut(for_s)
        elif "reset_mid_request" not in call.faults:
            return False
        if call.link is not None:
            call.link.reset()
        return True

    async def _hear(self, call: _Call, receive: Receive) -> int:
        """Read the request and answer it; returns the size of the answer. Half a request has no effect."""
        read = await _read(receive)
        if read is None:
            return 0
        call.body, call.whole = read
        watcher = asyncio.create_task(_watch(receive, call.gone)) if call.whole else None
        try:
            return await self._answer(call)
        finally:
            if watcher is not None:
                watcher.cancel()

    async def _answer(self, call: _Call) -> int:
        if "hang" in call.faults and await _first(self._board.ended("hang"), call.gone.wait()):
            return 0
        reply = self._refusal(call) or self._stranger(call)
        if reply is None and not call.struck and endpoint_of(call.scope["path"]) in _LONG:
            return await self._pass(call)
        if reply is None:
            reply = await self._run(call)
            if "slow" in call.faults:
                await _first(asyncio.sleep(call.faults["slow"].number() / 1000), call.gone.wait())
            if "truncated_json" in call.faults:
                reply = reply.with_body(reply.body[: max(1, len(reply.body) // 2)], reply.kind())
            elif "wrong_schema" in call.faults:
                reply = reply.with_body(_WRONG)
        reply.headers.append((b"date", _http_date(self._clock_s() + _skew_s(call))))
        await self._say(call, reply)
        return len(reply.body)

    def _refusal(self, call: _Call) -> Reply | None:
        """An answer that is not the hospital's; the call had no effect."""
        if "status" in call.faults:
            return _problem(call.faults["status"].number(), "busy", "前置机暂时不能处理", ())
        if "retry_after" in call.faults:
            wait = call.faults["retry_after"].value.encode()
            return _problem(429, "busy", "前置机忙，请稍后再送", ((b"retry-after", wait),))
        if "html_instead_of_json" in call.faults:
            return Reply(200, [], b"").with_body(_HTML, b"text/html; charset=utf-8")
        return None

    def _stranger(self, call: _Call) -> Reply | None:
        """A call to the hospital that does not prove who makes it; the relay has a token of its own."""
        scope = call.scope
        if not scope["path"].startswith("/v1/") or not call.whole:
            return None
        code = self._identity.refusal(
            scope["method"], scope["raw_path"], scope["query_string"], dict(scope["headers"]), call.body, _skew_s(call)
        )
        return None if code is None else _problem(401, code, self._texts[code], ())

    async def _pass(self, call: _Call) -> int:
        """A long answer that no fault strikes goes out as it is made; returns its size."""
        said = 0

        async def receive() -> Message:
            return {"type": "http.request", "body": call.body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal said
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"date", _http_date(self._clock_s()))]
            said += len(message.get("body", b""))
            if not call.gone.is_set():
                await call.send(message)

        await self._inner(dict(call.scope), receive, send)
        return said

    async def _run(self, call: _Call) -> Reply:
        start: Message = {}
        body = bytearray()

        async def receive() -> Message:
            return {"type": "http.request", "body": call.body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        scope = dict(call.scope)
        scope[FAULTS_KEY] = call.struck
        await self._inner(scope, receive, send)
        return Reply(start["status"], list(start["headers"]), bytes(body))

    async def _say(self, call: _Call, reply: Reply) -> None:
        link = call.link
        if link is not None and "lost_reply" in call.faults:
            link.reset()
            return
        if link is not None and "reset_mid_reply" in call.faults:
            await link.say_instead(reply.raw()[: -max(1, len(reply.body) // 2)])
            link.reset()
            return
        if link is not None and "duplicate_reply" in call.faults:
            await link.say_instead(reply.raw() * 2)
            link.hang_up()
            return
        if not call.whole:
            reply.headers.append((b"connection", b"close"))
        await call.send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        await call.send({"type": "http.response.body", "body": reply.body})


async def _read(receive: Receive) -> tuple[bytes, bool] | None:
    """The body, and whether it was read to its end (past the limit one byte is enough to refuse it); None: cut off."""
    body = bytearray()
    while len(body) <= LIMIT_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body), True
    return bytes(body), False


async def _watch(receive: Receive, gone: asyncio.Event) -> None:
    """Set `gone` when the client leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def _first(over: Awaitable[object], gone: Awaitable[object]) -> bool:
    """Wait for either; True if the client was gone first."""
    tasks = (asyncio.ensure_future(over), asyncio.ensure_future(gone))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    return tasks[0] not in done


def _problem(status: int, code: str, text: str, extra: tuple[tuple[bytes, bytes], ...]) -> Reply:
    return Reply(status, list(extra), b"").with_body(msgspec.json.encode({"code": code, "text": text}))


def _skew_s(call: _Call) -> int:
    return call.faults["clock_skew"].number() if "clock_skew" in call.faults else 0


def _http_date(epoch_s: float) -> bytes:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(epoch_s)).encode()
