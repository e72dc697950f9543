"""SM2 signatures (GB/T 32918.2) with SM3, by the library gmalg. Any thread; loaded only where a site signs this way."""

from __future__ import annotations

import gmalg
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from gmalg.errors import GMError

from sync.errors import SyncError

_BYTES = 32
_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123  # GB/T 32918.5, of the recommended curve


class Sm2Key:
    """A private key with the user id that its signatures name."""

    def __init__(self, private_hex: str, user_id: str) -> None:
        """Raises SyncError seal_missing: this is no private key."""
        try:
            private = bytes.fromhex(private_hex)
            if len(private) != _BYTES or not 0 < int.from_bytes(private, "big") < _ORDER - 1:
                raise ValueError
            public = gmalg.SM2().generate_pk(private)
            self._sm2 = gmalg.SM2(private, user_id.encode(), public)
        except (ValueError, ArithmeticError, GMError):
            raise SyncError("seal_missing", "not a private key") from None
        self.public = public

    def sign(self, message: bytes, *, der: bool) -> bytes:
        """The signature: ASN.1, or r and s one after the other."""
        r, s = self._sm2.sign(message)
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")) if der else _wide(r) + _wide(s)


def verify(public: bytes, user_id: str, message: bytes, signature: bytes, *, der: bool) -> bool:
    """Whether the holder of a public key (04, x, y) signed the message."""
    try:
        if der:
            r, s = (number.to_bytes(_BYTES, "big") for number in decode_dss_signature(signature))
        else:
            r, s = signature[:_BYTES], signature[_BYTES:]
        return len(s) == _BYTES and bool(gmalg.SM2(uid=user_id.encode(), pk=public).verify(message, r, s))
    except (ValueError, OverflowError, GMError):
        return False


def _wide(number: bytes) -> bytes:
    return number.rjust(_BYTES, b"\0")
