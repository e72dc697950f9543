"""Whether a patient's credential stands in what a scanner sent, whatever stands around it. Pure, any thread."""

from __future__ import annotations

import re
import unicodedata

from app.domain.own_forms import holds_voucher

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_CONTROLS = "".join(map(chr, range(0x21)))


def is_credential(payload: bytes) -> bool:
    """Whether a patient's voucher stands in the payload.

    Judged with and without AIM prefix: the digit that ends `]d2` would otherwise hide where the voucher begins; and
    as half-width text, because an input method makes full-width signs of what a keyboard scanner types.
    """
    plain = payload.decode("latin-1")
    narrow = unicodedata.normalize("NFKC", payload.decode("utf-8", "replace"))
    return any(holds_voucher(reading) for text in {plain, narrow} for reading in _readings(text))


def _readings(text: str) -> tuple[str, ...]:
    bare = text.lstrip(_CONTROLS)
    prefix = _AIM.match(bare)
    return (text, bare[prefix.end() :]) if prefix else (text,)
