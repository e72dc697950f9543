"""Whether a call proves who makes it, as `docs/remote/middleware.yaml` has it. Lives on the sandbox's event loop.

`bearer` and `hmac` as a hospital may demand them; the relay has its own token and is not asked here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

Demand = Literal["none", "bearer", "hmac"]
KEY = "demo-key"
WINDOW_S = 300
_NONCES = 100_000
_LETTER = re.compile(
    r'Matou-HMAC-SHA256 key="(?P<key>[^"]{1,64})", timestamp="(?P<timestamp>[0-9]{1,12})",'
    r' nonce="(?P<nonce>[0-9A-Za-z]{16,64})", signature="(?P<signature>[0-9a-f]{64})"'
)


class Identity:
    """Knows the one secret of this hospital. `clock_s` is the hospital's own clock."""

    def __init__(self, demand: Demand, secret: str, clock_s: Callable[[], float]) -> None:
        self._demand = demand
        self._secret = secret.encode()
        self._clock_s = clock_s
        self._nonces: OrderedDict[str, None] = OrderedDict()

    def refusal(
        self, method: str, raw_path: bytes, query: bytes, headers: dict[bytes, bytes], body: bytes, skew_s: int
    ) -> str | None:
        """The code of the refusal, None for a call that may pass."""
        given = headers.get(b"authorization", b"").decode("latin-1")
        if self._demand == "none":
            return None
        if self._demand == "bearer":
            right = hmac.compare_digest(given.encode("latin-1"), b"Bearer " + self._secret)
            return None if right else "credentials_refused"
        letter = _LETTER.fullmatch(given)
        if letter is None or letter["key"] != KEY:
            return "credentials_refused"
        device = headers.get(b"matou-device", b"").decode("latin-1")
        lines = [method, raw_path.decode("latin-1"), query.decode("latin-1"), device, letter["timestamp"]]
        text = "\n".join([*lines, letter["nonce"], hashlib.sha256(body).hexdigest()])
        wanted = hmac.new(self._secret, text.encode("latin-1"), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, letter["signature"]):
            return "credentials_refused"
        if abs(self._clock_s() + skew_s - int(letter["timestamp"])) > WINDOW_S:
            return "clock_skew"
        return self._spend(letter["nonce"])

    def _spend(self, nonce: str) -> str | None:
        if nonce in self._nonces:
            return "nonce_reused"
        self._nonces[nonce] = None
        if len(self._nonces) > _NONCES:
            self._nonces.popitem(last=False)
        return None
