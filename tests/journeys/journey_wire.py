"""Things at the other end of an address that are no hospital: a closed port, a talker of nonsense. Its own thread."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


def closed_port() -> int:
    """A port of this machine where nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def talker(reply: bytes) -> Iterator[str]:
    """The address of something that answers every connection with these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ends = threading.Event()

        def serve() -> None:
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), peer:
                    if ends.is_set():
                        return
                    peer.settimeout(5)
                    peer.recv(65_536)
                    peer.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ends.set()
            with contextlib.suppress(OSError):
                socket.create_connection(listening.getsockname(), 5).close()
            thread.join(10)


def http(body: bytes, *, status: str = "200 OK", kind: str = "text/html") -> bytes:
    """A whole HTTP reply."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
