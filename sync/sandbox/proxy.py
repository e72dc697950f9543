"""The TCP fault proxy in front of the HTTP server: the only door that clients know.

Lives on the sandbox's event loop. It copies bytes both ways, and on order it cuts a connection, says something else
than the server did, or closes the whole port. TLS ends here, so the server behind it is plain HTTP on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from collections.abc import Callable

_CHUNK = 65_536
_LINGER_RESET = struct.pack("ii", 1, 0)


class Link:
    """One client connection and its twin towards the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._client = client
        self._server = server
        self._muted = False

    def reset(self) -> None:
        """Cut the connection hard; the client sees a reset, not an end."""
        self._muted = True
        raw = self._client.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        self._client.transport.abort()
        self._server.transport.abort()

    async def say_instead(self, text: bytes) -> None:
        """Send these bytes; whatever the server still says on this connection is dropped."""
        self._muted = True
        self._client.write(text)
        with contextlib.suppress(ConnectionError):
            await self._client.drain()

    def hang_up(self) -> None:
        """End the connection after what was said."""
        self._client.close()

    async def copy_up(self, reader: asyncio.StreamReader) -> None:
        """Client to server, until the client ends."""
        while data := await reader.read(_CHUNK):
            self._server.write(data)
            await self._server.drain()

    async def copy_down(self, reader: asyncio.StreamReader) -> None:
        """Server to client, until the server ends."""
        while data := await reader.read(_CHUNK):
            if not self._muted:
                self._client.write(data)
                await self._client.drain()

    async def close(self) -> None:
        """Close both sides."""
        for writer in (self._server, self._client):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class Proxy:
    """Listens on one port and passes on to another. `strikes` is asked whether to refuse a new connection."""

    def __init__(self, inner_port: int, tls: ssl.SSLContext | None, strikes: Callable[[], bool]) -> None:
        self._inner_port = inner_port
        self._tls = tls
        self._strikes = strikes
        self._links: dict[int, Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._kept: socket.socket | None = None
        self.port = 0

    async def open(self, port: int) -> None:
        """Listen; 0 is any free port.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    def link(self, inner_port: int) -> Link | None:
        """The connection that the server sees as coming from this port."""
        return self._links.get(inner_port)

    async def shut(self, for_s: float) -> None:
        """Close the port and every connection for so long; infinity: until `reopen`."""
        self._cancel_reopening()
        self._close_door()
        if for_s != float("inf"):
            self._reopening = asyncio.create_task(self._reopen_after(for_s))

    async def reopen(self) -> None:
        """Listen again, if the port is closed."""
        self._cancel_reopening()
        if self._server is None and self._kept is not None:
            kept, self._kept = self._kept, None
            self._server = await asyncio.start_server(self._serve, sock=kept, ssl=self._tls)

    async def close(self) -> None:
        """Stop for good."""
        self._cancel_reopening()
        self._close_door()
        if self._kept is not None:
            self._kept.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _close_door(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._kept = _bound(self.port)  # nobody else gets it meanwhile; who calls is refused
        for link in tuple(self._links.values()):
            link.reset()

    async def _reopen_after(self, for_s: float) -> None:
        await asyncio.sleep(for_s)
        self._reopening = None
        await self.reopen()

    def _cancel_reopening(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._inner_port)
        link = Link(writer, inner_writer)
        if self._strikes():
            link.reset()
            return
        key: int = inner_writer.get_extra_info("sockname")[1]
        self._links[key] = link
        up = asyncio.create_task(link.copy_up(reader))
        down = asyncio.create_task(link.copy_down(inner_reader))
        try:
            # Either end closing ends both: HTTP clients do not half-close.
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            self._links.pop(key, None)
            await link.close()


def _bound(port: int) -> socket.socket:
    """A socket that has the port and does not listen."""
    kept = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # connections that were just cut still stand in the way otherwise
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.setblocking(False)
    kept.bind(("127.0.0.1", port))
    return kept
