"""Checking an SM2 signature (GB/T 32918.2): written from the standard, apart from the library that signs. Pure."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Point: TypeAlias = tuple[int, int] | None

# GB/T 32918.5: the recommended curve.
_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = _P - 3
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)


def made_key(seed: int) -> int:
    """The private key of the demonstration, from the number that all data is drawn from."""
    return int.from_bytes(hashlib.sha512(f"demo-sm2-{seed}".encode()).digest(), "big") % (_N - 2) + 1


def public_of(private: int) -> tuple[int, int]:
    """The point of a private key."""
    point = _times(private, _G)
    assert point is not None
    return point


def is_signed(public: tuple[int, int], user_id: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature, in ASN.1, is of the holder of this key."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return False
    t = (r + s) % _N
    if not (0 < r < _N and 0 < s < _N and t):
        return False
    point = _plus(_times(s, _G), _times(t, public))
    return point is not None and (_digest(public, user_id, message) + point[0]) % _N == r


def _digest(public: tuple[int, int], user_id: bytes, message: bytes) -> int:
    own = (len(user_id) * 8).to_bytes(2, "big") + user_id
    own += b"".join(number.to_bytes(32, "big") for number in (_A, _B, *_G, *public))
    return int.from_bytes(_sm3(_sm3(own) + message), "big")


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def _plus(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % _P == 0:
        return None
    slope = (3 * x1 * x1 + _A) * pow(2 * y1, -1, _P) if one == other else (y2 - y1) * pow(x2 - x1, -1, _P)
    x = (slope * slope - x1 - x2) % _P
    return x, (slope * (x1 - x) - y1) % _P


def _times(factor: int, point: Point) -> Point:
    found: Point = None
    while factor:
        if factor & 1:
            found = _plus(found, point)
        point = _plus(point, point)
        factor >>= 1
    return found
