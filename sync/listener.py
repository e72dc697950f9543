"""Remembers the traces of a call for the upload log: fingerprints of what was sent and what came. Engine's thread."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sync.transport import Call, Reply, Transport

FRAGMENT = 240
"""Signs of a reply that are kept where it held no clean answers, for a person to read."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The traces of one call: fingerprints of what was sent and of what came, where anything came."""

    request: bytes
    status: int | None = None
    reply: bytes | None = None
    fragment: str | None = None


SILENCE = Heard(b"")


class Listener:
    """A transport that remembers the traces of the last call. The caller's thread."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.heard = SILENCE

    def exchange(self, call: Call) -> Reply:
        """As the transport's own. Raises SyncError when no reply came."""
        self.heard = Heard(fingerprint(call.body or b""))
        reply = self._transport.exchange(call)
        self.heard = Heard(self.heard.request, reply.status, fingerprint(reply.body), fragment_of(reply.body))
        return reply

    def close(self) -> None:
        self._transport.close()


def fingerprint(body: bytes) -> bytes:
    """BLAKE2s in 16 bytes: enough to say that two records of a body are of the same one."""
    return hashlib.blake2s(body, digest_size=16).digest()


def fragment_of(body: bytes) -> str:
    """The beginning of a reply as text that can be shown."""
    text = body[: 2 * FRAGMENT].decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in text)[:FRAGMENT]
