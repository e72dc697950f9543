"""Lines of JSON between the window's program and the patient process. Pure.

One wish, one answer with the same number; what the process says of itself is told without one. A line from the process
never holds a voucher, a token, a number in full or a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from app.patient.plan import Plan, Who
from app.patient.views import PatientView

LINE_MOST = 65_536
IDENTIFY, AGAIN, CARD, CHOOSE, HAND_OVER = "identify", "again", "card", "choose", "hand_over"
READY, ENDED, BUG, SIGNED_ON = "ready", "ended", "bug", "signed_on"


@dataclass(frozen=True, slots=True)
class Hello:
    """The first line: what the site wants, and for whom calls are made. `serial`: how many processes were before."""

    plan: Plan
    who: Who
    serial: int = 0
    sign_no: str = ""  # of 9001, if that was asked today
    device: str = "matou"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the window wants; `text` may be a voucher or a card's number."""

    id: int
    act: str
    business: str = ""
    text: str = field(default="", repr=False)
    kind: str = ""  # of a card
    card_sn: str = field(default="", repr=False)
    place: int = -1
    infno: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer (`id` of its wish), or what the process says of itself (`id` 0, `event`)."""

    id: int = 0
    event: str = ""
    view: PatientView | None = None
    trouble: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


class BadLine(ValueError):
    """Not one of our lines. What it held is not in the error."""


_ENCODER = msgspec.json.Encoder()
_HELLO, _WISH, _TOLD = msgspec.json.Decoder(Hello), msgspec.json.Decoder(Wish), msgspec.json.Decoder(Told)


def line_of(message: Hello | Wish | Told) -> bytes:
    """One line, with its end."""
    return _ENCODER.encode(message) + b"\n"


def hello_of(line: bytes) -> Hello:
    """Raises BadLine."""
    try:
        return _HELLO.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadLine("hello") from None


def wish_of(line: bytes) -> Wish:
    """Raises BadLine."""
    try:
        return _WISH.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadLine("wish") from None


def told_of(line: bytes) -> Told:
    """Raises BadLine."""
    try:
        return _TOLD.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadLine("told") from None
