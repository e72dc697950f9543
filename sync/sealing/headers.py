"""Variants that prove who calls by headers alone: a plain key, the `x-tif-*` gateway, the CSB gateway. Any thread.

The names are those that public code shows; `_api_timestamp` and the text that CSB signs are of the gateway's public
clients. A site whose gateway differs says so with its own headers in `sync.credentials`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping

from sync.envelope import Json
from sync.envelope_form import SealForm
from sync.sealing.seal import SealSecrets


class NoSeal:
    """Nothing is signed: a front-end machine inside the hospital does it."""

    def __init__(self, form: SealForm, secrets: SealSecrets) -> None:
        del form, secrets

    def members(self, envelope: Mapping[str, Json]) -> dict[str, str]:
        del envelope
        return {}

    def headers(self, now_ms: int, nonce: Callable[[], str]) -> dict[str, str]:
        del now_ms, nonce
        return {}


class ApiKeySeal(NoSeal):
    """One header with a key."""

    def __init__(self, form: SealForm, secrets: SealSecrets) -> None:
        self._header = form.header
        self._secret = secrets.needed(key=False).secret

    def headers(self, now_ms: int, nonce: Callable[[], str]) -> dict[str, str]:
        del now_ms, nonce
        return {self._header: self._secret}


class TifSeal(NoSeal):
    """SHA-256, in hex, of time, token, nonce and time again."""

    def __init__(self, form: SealForm, secrets: SealSecrets) -> None:
        self._form = form
        self._secrets = secrets.needed(key=True)

    def headers(self, now_ms: int, nonce: Callable[[], str]) -> dict[str, str]:
        at, once = str(now_ms // 1000), nonce()
        signed = hashlib.sha256(f"{at}{self._secrets.secret}{once}{at}".encode()).hexdigest()
        found = {
            "x-tif-paasid": self._secrets.key,
            "x-tif-timestamp": at,
            "x-tif-nonce": once,
            "x-tif-signature": signed,
        }
        return found | ({"x-tif-serviceId": self._form.service} if self._form.service else {})


class CsbSeal(NoSeal):
    """HMAC-SHA1, in Base64, of the sorted parameters of the gateway."""

    def __init__(self, form: SealForm, secrets: SealSecrets) -> None:
        self._form = form
        self._secrets = secrets.needed(key=True)

    def headers(self, now_ms: int, nonce: Callable[[], str]) -> dict[str, str]:
        del nonce
        found = {
            "_api_access_key": self._secrets.key,
            "_api_name": self._form.service,
            "_api_timestamp": str(now_ms),
            "_api_version": self._form.service_version,
        }
        text = "&".join(f"{name}={found[name]}" for name in sorted(found))
        mac = hmac.new(self._secrets.secret.encode(), text.encode(), hashlib.sha1).digest()
        return found | {"_api_signature": base64.b64encode(mac).decode()}
