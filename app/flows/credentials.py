"""Whether a patient's credential stands in what a scanner sent, whatever stands around it. Pure, any thread."""

from __future__ import annotations

import re
import unicodedata

from app.domain.own_forms import holds_voucher

DIGITS = 28
"""Signs of a voucher that begins with 424."""
_OPC_SIGNS = 64
"""More than any of those that begin with opc."""
_OPEN = re.compile(
    r"(?:(?<![0-9])|(?<=\][A-Za-z][0-9]))(?:8[0-9]{19})*(424[0-9]*)\Z|(opc[0-9A-Za-z]*)\Z"
    r"|\A(42?|op?|\][A-Za-z]?[0-9A-Za-z]?)\Z",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"(?:(?<![0-9])|(?<=\][A-Za-z][0-9]))(?:8[0-9]{19})*424[0-9]{25}(?:424[0-9]{25}|8[0-9]{19})*", re.IGNORECASE
)
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


def missing_signs(payload: bytes) -> int:
    """How many signs may come yet of a voucher that begins in this text and may not end there; 0: none begins.

    Of those that begin with opc nobody knows the length: a whole one may go on. What a lost line end glued to whole
    ones may be a piece of the next.
    """
    plain = payload.decode("latin-1").rstrip(_CONTROLS)
    texts = {part for text in _readings(plain) for part in (text, _WHOLE.split(text)[-1])}
    found = [match for text in texts for match in (_OPEN.search(text), _OPEN.search(text.strip(_CONTROLS)))]
    missing = [_missing(match) for match in found if match is not None]
    return max(missing, default=0)


class CredentialJudge:
    """What a recording asks about patients' codes."""

    def is_credential(self, payload: bytes) -> bool:
        return is_credential(payload)

    def missing_signs(self, payload: bytes) -> int:
        return missing_signs(payload)


def _missing(match: re.Match[str]) -> int:
    digits, opc, short = match.groups()
    if digits is not None:
        return max(0, DIGITS - len(digits))
    return max(0, _OPC_SIGNS - len(opc)) if opc is not None else _OPC_SIGNS - len(short)


def _readings(text: str) -> tuple[str, ...]:
    bare = text.lstrip(_CONTROLS)
    prefix = _AIM.match(bare)
    return (text, bare[prefix.end() :]) if prefix else (text,)
