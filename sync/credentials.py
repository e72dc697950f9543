"""Who we are to a remote: a scheme as data, a secret from outside, and the headers that they make. Pure; any thread.

A scheme says which headers a call carries and what stands in them. `{secret}` goes as it is; `{signature}` is made over
the *canonical* text: the named parts of the call, joined. Hospitals differ, so a site can name a scheme of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Literal

from sync.errors import SyncError

PARTS = ("method", "path", "query", "device", "key", "timestamp", "nonce", "body_sha256", "secret")
"""What a canonical text may be made of. `query` is as it travels; `body_sha256` is hex, of no bytes without a body."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to prove who calls. `mac` none: nothing is signed; digest: the secret is a part of the text."""

    name: str
    headers: tuple[tuple[str, str], ...]
    mac: Literal["none", "hmac", "digest"] = "none"
    canonical: tuple[str, ...] = ()
    joint: str = "\n"
    digest: str = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    unit: Literal["s", "ms"] = "s"


BEARER = Scheme("bearer", (("Authorization", "Bearer {secret}"),))
API_KEY = Scheme("api_key", (("X-Api-Key", "{secret}"),))
HMAC = Scheme(
    "hmac",
    (
        (
            "Authorization",
            'Matou-HMAC-SHA256 key="{key}", timestamp="{timestamp}", nonce="{nonce}", signature="{signature}"',
        ),
    ),
    "hmac",
    ("method", "path", "query", "device", "timestamp", "nonce", "body_sha256"),
)
TIF = Scheme(
    "tif",
    (
        ("x-tif-paasid", "{key}"),
        ("x-tif-timestamp", "{timestamp}"),
        ("x-tif-nonce", "{nonce}"),
        ("x-tif-signature", "{signature}"),
    ),
    "digest",
    ("timestamp", "secret", "nonce", "timestamp"),
    joint="",
)
SCHEMES: Mapping[str, Scheme] = {scheme.name: scheme for scheme in (BEARER, API_KEY, HMAC, TIF)}
"""Those that need no file. `tif`: the gateway of some provinces, of which the names of the headers are confirmed."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A scheme with our key id and secret."""

    scheme: Scheme
    secret: str = field(repr=False)
    key: str = ""

    def __post_init__(self) -> None:
        """Raises SyncError credentials_missing: no secret, or one that no header can carry."""
        if not self.secret or not (self.secret + self.key).isascii() or not (self.secret + self.key).isprintable():
            raise SyncError("credentials_missing")


@dataclass(frozen=True, slots=True)
class Signed:
    """The parts of a call that a signature may cover."""

    method: str
    path: str
    query: str
    device: str
    body: bytes


def headers_of(credential: Credential, call: Signed, now_ms: int, nonce: Callable[[], str]) -> dict[str, str]:
    """The headers that this call carries."""
    scheme = credential.scheme
    words = {
        "method": call.method, "path": call.path, "query": call.query, "device": call.device, "key": credential.key,
        "timestamp": str(now_ms if scheme.unit == "ms" else now_ms // 1000), "nonce": nonce(),
        "body_sha256": hashlib.sha256(call.body).hexdigest(), "secret": credential.secret,
    }  # fmt: skip
    words["signature"] = _signature(scheme, credential.secret, words)
    return {name: template.format_map(words) for name, template in scheme.headers}


def scheme_of(data: Mapping[str, object]) -> Scheme:
    """A scheme out of a table of a site's file. Raises ValueError, saying what is wrong with it."""
    given = dict(data)
    headers = given.pop("headers", None)
    canonical = given.pop("canonical", [])
    if not isinstance(headers, dict) or not headers or not isinstance(canonical, list):
        raise ValueError("headers is a table of texts, canonical a list")
    if not all(isinstance(word, str) for word in (*headers, *headers.values(), *canonical, *given.values())):
        raise ValueError("every value is a text")
    _check_words(headers, canonical)
    allowed = {"name": None, "mac": ("none", "hmac", "digest"), "joint": None, "digest": None,
               "encoding": ("hex", "base64"), "unit": ("s", "ms")}  # fmt: skip
    for key, value in given.items():
        if key not in allowed or value not in (allowed[key] or (value,)):
            raise ValueError(f"{key} is unknown or has no such value")
    try:
        hashlib.new(str(given.get("digest", "sha256")))
    except ValueError:
        raise ValueError("digest is not available here") from None
    return Scheme(**{"name": "site", **given}, headers=tuple(headers.items()), canonical=tuple(canonical))  # type: ignore[arg-type]


def _check_words(headers: Mapping[str, str], canonical: list[str]) -> None:
    if unknown := [word for word in canonical if word not in PARTS]:
        raise ValueError(f"canonical names {unknown[0]}")
    for name, template in headers.items():
        words = [(word, spec, how) for _, word, spec, how in Formatter().parse(template) if word is not None]
        if not name.isascii() or any(word not in (*PARTS, "signature") or spec or how for word, spec, how in words):
            raise ValueError(f"header {name} names what is not known")


def _signature(scheme: Scheme, secret: str, words: Mapping[str, str]) -> str:
    if scheme.mac == "none":
        return ""
    text = scheme.joint.join(words[part] for part in scheme.canonical).encode()
    if scheme.mac == "hmac":
        raw = hmac.new(secret.encode(), text, scheme.digest).digest()
    else:
        raw = hashlib.new(scheme.digest, text).digest()
    return raw.hex() if scheme.encoding == "hex" else base64.b64encode(raw).decode()
