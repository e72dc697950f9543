"""A server on a socket that says what it is told to say, byte for byte, and remembers what it heard."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from sync.credentials import Credential
from sync.errors import SyncError
from sync.ports import SyncSettings
from sync.transport import Call, HttpTransport, body_of
from sync.trust import Trust

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LIMITS = SyncSettings(connect_s=2.0, read_s=2.0, backoff_base_s=0.004, backoff_cap_s=0.02, run_cap_s=0.02)
SITE = Call("GET", "/v1/site")

Talk = Callable[[socket.socket, bytes], None]


def ok(body: bytes, kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + body


def as_json(value: object, more: str = "") -> bytes:
    return ok(json.dumps(value).encode(), more=more)


class RawServer:
    """One thread per connection; `talk` gets the connection and the request's bytes. Use as a context manager."""

    def __init__(self, talk: Talk | bytes, context: ssl.SSLContext | None = None) -> None:
        self.talk: Talk = (lambda peer, _: peer.sendall(talk)) if isinstance(talk, bytes) else talk
        self.context = context
        self.requests: list[bytes] = []
        self.ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self._peers: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, name="raw-server")
        self._accepting.start()

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(20)
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self.ended.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self._peers.append(peer)
            thread = threading.Thread(target=self._serve, args=(peer,), name="raw-peer")
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket) -> None:
        peer.settimeout(30)
        with contextlib.suppress(OSError), peer:
            if self.context is None:
                self._hear(peer)
            else:
                with self.context.wrap_socket(peer, server_side=True) as secured:
                    self._hear(secured)

    def _hear(self, peer: socket.socket) -> None:
        heard = b""
        while b"\r\n\r\n" not in heard:
            part = peer.recv(65_536)
            if not part:
                return
            heard += part
        head, _, body = heard.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += peer.recv(65_536)
        self.requests.append(head + b"\r\n\r\n" + body)
        self.talk(peer, self.requests[-1])


def said(
    url: str, settings: SyncSettings = LIMITS, call: Call = SITE, *, trust: Trust | None = None,
    credential: Credential | None = None, ca: Path | None = None,
) -> bytes | SyncError:  # fmt: skip
    """The body of a 200, or why there is none."""
    try:
        transport = HttpTransport(url, "pda-1", settings=settings, trust=trust, credential=credential, ca=ca)
    except SyncError as error:
        return error
    try:
        return body_of(transport.exchange(call))
    except SyncError as error:
        return error
    finally:
        transport.close()


def code_of(answer: bytes | SyncError) -> str:
    assert isinstance(answer, SyncError), answer
    return answer.code
