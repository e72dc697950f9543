"""Proof of a PIN: scrypt verifiers (RFC 7914), so that a PIN neither travels nor rests. Any thread, some 50 ms."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

_RESULT_BYTES = 32
_MEMORY_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PinVerifier:
    """scrypt(PIN, salt, n, r, p), as the middleware hands it out."""

    salt: bytes
    n: int
    r: int
    p: int
    verifier: bytes

    def matches(self, pin: str) -> bool:
        """True if this is the PIN; parameters that the machine cannot bear count as no match."""
        try:
            found = hashlib.scrypt(
                pin.encode("utf-8"),
                salt=self.salt,
                n=self.n,
                r=self.r,
                p=self.p,
                maxmem=_MEMORY_BYTES,
                dklen=_RESULT_BYTES,
            )
        except (ValueError, TypeError, MemoryError):  # TypeError: a number that is no C unsigned long
            return False
        return hmac.compare_digest(found, self.verifier)
