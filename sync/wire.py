"""The socket under the HTTP client, with a budget: one call may take so long in all. The caller's thread.

httpx limits each read and not all of them together, and takes any number of interim replies; a server that drips, or
that says 100 Continue for ever, would hold the thread. Here every read counts against what the call has left.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from sync.errors import SyncError
from sync.trust import Trust

_QUIET = {"httpx": logging.WARNING, "httpcore": logging.INFO}
HEAD_BYTES = 65_536
"""So much may come before the reply's own head is whole: interim replies and headers together."""


class Budget:
    """What a call has left: set anew for each, counted down by the stream. Not for two threads."""

    def __init__(self) -> None:
        self._until = 0.0
        self._head_left = 0
        self._in_head = False

    def begin(self, seconds: float) -> None:
        """A call begins and has so much time in all."""
        self._until = time.monotonic() + seconds
        self._head_left = HEAD_BYTES
        self._in_head = True

    def extend(self, seconds: float) -> None:
        """The head has come: a stream has so much time until it says again that it moves."""
        self._until = time.monotonic() + seconds

    def head_is_whole(self) -> None:
        """From here on the reader counts."""
        self._in_head = False

    def seconds(self, wanted: float | None) -> float:
        """The time limit of the next step. Raises SyncError server_timeout when there is none left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise SyncError("server_timeout", "the reply drips", may_have_left=True)
        return left if wanted is None else min(wanted, left)

    def came(self, size: int) -> None:
        """So many bytes came. Raises SyncError reply_too_large for a head without an end."""
        if self._in_head:
            self._head_left -= size
            if self._head_left < 0:
                raise SyncError("reply_too_large", "a head without an end", may_have_left=True)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, budget: Budget, trust: Trust) -> None:
        self._inner = inner
        self._budget = budget
        self._trust = trust

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._inner.read(max_bytes, self._budget.seconds(timeout))
        self._budget.came(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._budget.seconds(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._budget.seconds(timeout))
        try:
            shown = secured.get_extra_info("socket")
            self._trust.check(shown.getpeercert(binary_form=True) if isinstance(shown, ssl.SSLSocket) else None)
        except SyncError:
            secured.close()
            raise
        return _Stream(secured, self._budget, self._trust)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, budget: Budget, trust: Trust) -> None:
        self._inner = httpcore.SyncBackend()
        self._budget = budget
        self._trust = trust

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = self._budget.seconds(timeout)
        inner = self._inner.connect_tcp(host, port, seconds, local_address, socket_options)
        return _Stream(inner, self._budget, self._trust)


class _Body(httpx.SyncByteStream):
    def __init__(self, parts: Iterable[bytes], close: Callable[[], None]) -> None:
        self._parts = parts
        self._close = close

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts

    def close(self) -> None:
        self._close()


class Wire(httpx.BaseTransport):
    """One connection to one server at a time, dropped after `keep_s` of silence. Raises what httpcore raises."""

    def __init__(self, trust: Trust, budget: Budget, *, secure: bool, keep_s: float) -> None:
        """Raises SyncError as `Trust.context`."""
        # At their chattiest these tell headers and broken lines of replies, which may name a patient.
        for name, level in _QUIET.items():
            logging.getLogger(name).setLevel(level)
        self._budget = budget
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust.context() if secure else None,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=keep_s,
            http1=True,
            http2=False,
            retries=0,
            network_backend=_Backend(budget, trust),
            socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)],
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it and bring the head of its reply."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        told = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        self._budget.head_is_whole()
        assert isinstance(told.stream, Iterable)
        return httpx.Response(
            status_code=told.status,
            headers=told.headers,
            stream=_Body(told.stream, told.close),
            extensions=told.extensions,
        )

    def close(self) -> None:
        self._pool.close()
