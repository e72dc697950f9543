"""Whether a patient's credential stands in what a scanner sent, whatever stands around it. Pure, any thread."""

from __future__ import annotations

import re
import unicodedata

from app.domain.codes import GS, Gs1, Reading, Sscc, TraceCode, Udi, Unknown, Voucher, read, read_bytes
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
_ANYWHERE = re.compile(r"424[0-9]{25}|opc[0-9A-Z]{20}", re.IGNORECASE)
_OPEN_ANYWHERE = re.compile(r"(424[0-9]{0,24})\Z")
_GS1 = re.compile(r"\](?:C1|d2|Q3|e0)")
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_CONTROLS = "".join(map(chr, range(0x21)))


def recognised(payload: bytes) -> Reading:
    """What a scanner sent. What is nobody's code and holds a voucher somewhere is a voucher: nothing of it stays."""
    reading = read_bytes(payload)
    return Voucher() if isinstance(reading, Unknown) and is_credential(payload) else reading


def is_credential(payload: bytes) -> bool:
    """Whether a patient's voucher stands in the payload.

    Judged with and without AIM prefix: the digit that ends `]d2` would otherwise hide where the voucher begins; and
    as half-width text, because an input method makes full-width signs of what a keyboard scanner types. What stands
    before it may be anything, the end of another one for instance, as long as the whole is nobody else's code.
    """
    plain = payload.decode("latin-1")
    narrow = unicodedata.normalize("NFKC", payload.decode("utf-8", "replace"))
    if any(holds_voucher(reading) for text in {plain, narrow} for reading in _readings(text)):
        return True
    return any(_ANYWHERE.search(text) is not None and not _is_known(text) for text in {plain, narrow})


def missing_signs(payload: bytes) -> int:
    """How many signs may come yet of a voucher that begins in this text and may not end there; 0: none begins.

    Of those that begin with opc nobody knows the length: a whole one may go on. What a lost line end glued to whole
    ones may be a piece of the next.
    """
    plain = payload.decode("latin-1").rstrip(_CONTROLS)
    texts = {part for text in _readings(plain) for part in (text, _WHOLE.split(text)[-1])}
    found = [match for text in texts for match in (_OPEN.search(text), _OPEN.search(text.strip(_CONTROLS)))]
    missing = [_missing(match) for match in found if match is not None]
    inside = _OPEN_ANYWHERE.search(plain)
    if not missing and inside is not None and not _WHOLE.search(plain) and not _is_known(plain):
        missing.append(DIGITS - len(inside[1]))
    return max(missing, default=0)


class CredentialJudge:
    """What a recording asks about patients' codes."""

    def is_credential(self, payload: bytes) -> bool:
        return is_credential(payload)

    def missing_signs(self, payload: bytes) -> int:
        return missing_signs(payload)


def _is_known(text: str) -> bool:
    """Whether the text is beyond doubt a code of something else, in which such digits may stand. What only looks like
    GS1, without a flag or a separator, may be digits of anything."""
    found = read(text)
    if isinstance(found, Gs1 | Sscc) and not (_GS1.match(text) or GS in text):
        return False
    if isinstance(found, Gs1 | Udi):
        return found.key is not None and not found.doubts
    return isinstance(found, TraceCode | Sscc)


def _missing(match: re.Match[str]) -> int:
    digits, opc, short = match.groups()
    if digits is not None:
        return max(0, DIGITS - len(digits))
    return max(0, _OPC_SIGNS - len(opc)) if opc is not None else _OPC_SIGNS - len(short)


def _readings(text: str) -> tuple[str, ...]:
    bare = text.lstrip(_CONTROLS)
    prefix = _AIM.match(bare)
    return (text, bare[prefix.end() :]) if prefix else (text,)
