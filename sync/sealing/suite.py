"""A message whose data are SM4-encrypted and whose plain form is SM2-signed, as the mobile-payment centres have it.

Signed first, encrypted then. SM3 and SM4 come from `cryptography`, SM2 from the library of `sm2`. No official pair of
keys and message is public: a site tries this against its own centre before it trusts it. Pure; any thread.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sync.envelope import Json, read_json
from sync.errors import SyncError
from sync.sealing.sm2 import Sm2Key, verify

_BLOCK = 16
_UNSIGNED = frozenset({"signData", "encData", "extra"})
_WRITER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


@dataclass(frozen=True, slots=True)
class Suite:
    """An application of the centre with its keys. `theirs`: the centre's public key, 04, x and y in hex."""

    app_id: str
    app_secret: str = field(repr=False)
    signing: str = field(repr=False)
    theirs: str = ""
    user_id: str = "1234567812345678"
    version: str = "1.0.0"
    der: bool = False

    def close(self, data: Mapping[str, Json], timestamp: str) -> dict[str, Json]:
        """The message that carries `data`. Raises SyncError seal_missing: a key is none."""
        message: dict[str, Json] = {
            "appId": self.app_id, "version": self.version, "timestamp": timestamp, "encType": "SM4", "signType": "SM2",
        }  # fmt: skip
        text = signed_text({**message, "data": dict(data)})
        signature = Sm2Key(self.signing, self.user_id).sign(text.encode(), der=self.der)
        sealed = encrypted(self._key(), _WRITER.encode(without_blanks(dict(data))))
        return message | {"encData": sealed.hex().upper(), "signData": base64.b64encode(signature).decode()}

    def open(self, message: Mapping[str, Json]) -> dict[str, Json]:
        """The data of a message. Raises SyncError bad_reply: it cannot be opened, or nobody signed it."""
        try:
            plain = decrypted(self._key(), bytes.fromhex(str(message["encData"])))
            signature = base64.b64decode(str(message["signData"]), validate=True)
            data = read_json(plain.decode())
        except (KeyError, ValueError):
            raise SyncError("bad_reply", may_have_left=True, subject="encData") from None
        text = signed_text({**message, "data": data}).encode()
        if not isinstance(data, dict) or not verify(
            bytes.fromhex(self.theirs), self.user_id, text, signature, der=self.der
        ):
            raise SyncError("bad_reply", may_have_left=True, subject="signData")
        return data

    def _key(self) -> bytes:
        """The message key: the secret under the first signs of the application's name, its first signs of hex."""
        first = self.app_id.encode()[:_BLOCK]
        if len(first) != _BLOCK or not self.app_secret:
            raise SyncError("seal_missing")
        return encrypted(first, self.app_secret.encode()).hex().upper()[:_BLOCK].encode()


def sm3(data: bytes) -> bytes:
    """GB/T 32905."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def encrypted(key: bytes, data: bytes) -> bytes:
    """SM4 (GB/T 32907) block by block, padded as PKCS 7."""
    padder = padding.PKCS7(_BLOCK * 8).padder()
    work = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()  # noqa: S305 - the centre's own mode
    return work.update(padder.update(data) + padder.finalize()) + work.finalize()


def decrypted(key: bytes, data: bytes) -> bytes:
    """Raises ValueError: these are no whole blocks, or another key's."""
    work = Cipher(algorithms.SM4(key), modes.ECB()).decryptor()  # noqa: S305 - the centre's own mode
    unpadder = padding.PKCS7(_BLOCK * 8).unpadder()
    return unpadder.update(work.update(data) + work.finalize()) + unpadder.finalize()


def signed_text(message: Mapping[str, Json]) -> str:
    """Members that have a value, sorted; objects as compact JSON with sorted names."""
    kept = without_blanks({name: value for name, value in message.items() if name not in _UNSIGNED})
    assert isinstance(kept, dict)
    return "&".join(f"{name}={_written(kept[name])}" for name in sorted(kept))


def without_blanks(value: Json) -> Json:
    """The same without empty members, all the way down."""
    if isinstance(value, dict):
        made = {name: without_blanks(each) for name, each in value.items()}
        return {name: each for name, each in made.items() if each not in (None, "", {}, [])}
    return [without_blanks(each) for each in value] if isinstance(value, list) else value


def _written(value: Json) -> str:
    return value if isinstance(value, str) else _WRITER.encode(value).decode()
