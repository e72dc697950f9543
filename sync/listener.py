"""Remembers the traces of a call for the upload log: fingerprints of what was sent and what came. Engine's thread."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sync.errors import SyncError
from sync.transport import Call, Reply, TracedTransport
from sync.unknown import Unknown
from sync.verdicts import unknown_in_answers

FRAGMENT = 240
"""Signs of a reply that are kept where it held no clean answers, for a person to read."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The traces of one call: fingerprints of what was sent and of what came, where all of it came."""

    request: bytes
    status: int | None = None
    reply: bytes | None = None
    fragment: str | None = None
    unknown: tuple[Unknown, ...] = ()


SILENCE = Heard(b"")


class Listener:
    """A transport that remembers the traces of the last call. The caller's thread."""

    def __init__(self, transport: TracedTransport) -> None:
        self._transport = transport
        self.heard = SILENCE

    def exchange(self, call: Call) -> Reply:
        """As the transport's own. Raises SyncError when no reply came."""
        self.heard = Heard(fingerprint(call.body or b""))
        try:
            reply = self._transport.exchange(call)
        except SyncError:
            begun = self._transport.begun
            if begun is not None:
                self.heard = Heard(self.heard.request, begun.status, None, fragment_of(begun.body) or None)
            raise
        self.heard = Heard(
            self.heard.request, reply.status, fingerprint(reply.body), fragment_of(reply.body),
            unknown_in_answers(reply.body) if reply.status == 200 else (),
        )  # fmt: skip
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
