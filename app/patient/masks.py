"""What of a patient may be seen outside the patient process: a sign of the name, the ends of a number. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "*"
_HEAD, _TAIL = 3, 2
_LONG_NUMBER = re.compile(r"\d{15,}[\dXx]?")
_SHORTEST = 9  # a number below this length shows nothing at all: too little of it would be hidden


def masked_name(name: str) -> str:
    """`张三丰` → `张**`. Only the first sign: of a name of two, nothing more can be shown."""
    plain = name.strip()
    return plain[:1] + HIDDEN * max(1, min(len(plain) - 1, 3)) if plain else HIDDEN


def masked_number(number: str) -> str:
    """`11010119900101001X` → `110*************1X`: enough to hold it against the paper in the patient's hand."""
    plain = number.strip()
    if len(plain) < _SHORTEST:
        return HIDDEN * len(plain)
    return plain[:_HEAD] + HIDDEN * (len(plain) - _HEAD - _TAIL) + plain[-_TAIL:]


def scrubbed(said: str, secrets: Iterable[str]) -> str:
    """A remote's sentence for the operator, without what must not leave the patient process."""
    for secret in sorted({one.strip() for one in secrets}, key=len, reverse=True):
        if len(secret) > 1:
            said = said.replace(secret, HIDDEN * 3)
    return _LONG_NUMBER.sub(HIDDEN * 3, said)
