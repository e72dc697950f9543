"""The seam between an envelope and whoever signs it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sync.envelope import Json
from sync.errors import SyncError


@dataclass(frozen=True, slots=True)
class SealSecrets:
    """What the site was given: a public key id (paasid, access key), a secret (key, token), an SM2 key in hex."""

    key: str = ""
    secret: str = field(default="", repr=False)
    signing: str = field(default="", repr=False)

    def needed(self, *, key: bool) -> SealSecrets:
        """Raises SyncError seal_missing: nothing there, or nothing that a header can carry."""
        words = self.key + self.secret
        if not self.secret or (key and not self.key) or not words.isascii() or not words.isprintable():
            raise SyncError("seal_missing")
        return self


class Seal(Protocol):
    """Signs one call."""

    def members(self, envelope: Mapping[str, Json]) -> dict[str, str]:
        """What is added to the envelope before it is written: `cainfo`, `signtype`."""

    def headers(self, now_ms: int, nonce: Callable[[], str]) -> dict[str, str]:
        """What the call carries beside its body."""


@dataclass(frozen=True, slots=True)
class SealRow:
    """Several plug-ins one after the other: a gateway's headers around a signed envelope."""

    seals: tuple[Seal, ...]

    def members(self, envelope: Mapping[str, Json]) -> dict[str, str]:
        found: dict[str, str] = {}
        for seal in self.seals:
            found |= seal.members({**envelope, **found})
        return found

    def headers(self, now_ms: int, nonce: Callable[[], str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for seal in self.seals:
            found |= seal.headers(now_ms, nonce)
        return found
