"""`cainfo`: an SM2 signature over the envelope without its input. Any thread.

The other members, sorted by name, are joined as name=value with &; the signature stands in capitals of hex.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sync.envelope import Json
from sync.envelope_form import SealForm
from sync.sealing.seal import SealSecrets

_UNSIGNED = frozenset({"cainfo", "input"})


class CainfoSeal:
    """Signs with the institution's private key, 64 signs of hex."""

    def __init__(self, form: SealForm, secrets: SealSecrets) -> None:
        from sync.sealing.sm2 import Sm2Key  # noqa: PLC0415 - only sites that sign this way load the library

        self._form = form
        self._key = Sm2Key(secrets.signing or secrets.secret, form.user_id)

    def members(self, envelope: Mapping[str, Json]) -> dict[str, str]:
        named = {"signtype": self._form.sign_type} if self._form.sign_type else {}
        text = signed_text({**envelope, **named}, skip_blanks=self._form.blanks == "skip")
        return named | {"cainfo": self._key.sign(text.encode(), der=self._form.signature == "der").hex().upper()}

    def headers(self, now_ms: int, nonce: Callable[[], str]) -> dict[str, str]:
        del now_ms, nonce
        return {}


def signed_text(envelope: Mapping[str, Json], *, skip_blanks: bool) -> str:
    """What is signed of an envelope."""
    names = sorted(
        name for name, value in envelope.items() if name not in _UNSIGNED and not (skip_blanks and not value)
    )
    return "&".join(f"{name}={envelope[name]}" for name in names)
