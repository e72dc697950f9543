"""Moments and long codes as people read them, in the hospital's time zone. Pure."""

from __future__ import annotations

import datetime as dt

from app.base.clock import zone_of
from app.domain.packages import printed_of

DEFAULT_ZONE = "+08:00"
TAIL = 4


def moment(at_ms: int, zone: str, *, seconds: bool = False) -> str:
    """`2026-11-22 14:03`; `at_ms` is epoch milliseconds, UTC. A zone that cannot be read counts as the default one."""
    try:
        place = zone_of(zone)
    except ValueError:
        place = zone_of(DEFAULT_ZONE)
    then = dt.datetime.fromtimestamp(at_ms / 1000, tz=place)
    return then.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def in_groups(code: str) -> str:
    """A code of digits in groups of four, for eyes only: `8999 0135 5606 …`; any other text as it is.

    A piece of a batch is shown by the code that is printed on it, also within the text of a command.
    """
    code = printed_of(code)
    if not (code.isascii() and code.isdigit()) or len(code) <= TAIL:
        return code
    return " ".join(code[at : at + TAIL] for at in range(0, len(code), TAIL))


def tail_of(code: str) -> str:
    """The end of a long code, by which people tell two boxes apart: `…4116`; of a piece, that of its batch."""
    code = printed_of(code)
    return code if len(code) <= 2 * TAIL else f"…{code[-TAIL:]}"
