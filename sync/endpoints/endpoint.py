"""What is declared about a remote call, and the one way to decode its reply. Any thread."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from sync.errors import SyncError

T = TypeVar("T")

_LACKS = re.compile(r"missing required field `(?P<member>[^`]{1,60})`(?: - at `\$\.?(?P<place>[^`]{0,80})`)?")
_MISFIT = re.compile(r" - at `\$\.?(?P<place>[^`]{1,80})`")
_NUMBER = re.compile(r"\[\d+\]")


class Repeat(enum.Enum):
    """What to do when nobody knows whether a call arrived."""

    SAFE = "safe"
    """It changes nothing: call again."""
    ASK_FIRST = "ask_first"
    """It may have taken effect: ask by id before sending again."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of a remote interface, and how it is treated. `contract` names the file under docs/remote/."""

    name: str
    method: str
    path: str
    contract: str
    repeat: Repeat
    reply_bytes: int
    """A larger reply is none; 0: it is a stream, whose lines are bounded."""
    linger_s: float = 0.0
    """How long a call may wait for company."""
    few: int = 0
    """Items, ids or rows of one call while people work; 0: it carries none."""
    many: int = 0
    """The same while a long queue drains."""
    opens_after: int = 5
    """So many failures in a row open its breaker."""
    probe_s: float = 30.0
    """An open breaker lets one call through after so long."""


def decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    """Decode a reply. Raises SyncError (the request has arrived): `html_reply`, `reply_lacks`, which names the member
    that is missing, `bad_reply`, which names the member that is of the wrong kind where it is that."""
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        code, subject = _of(str(error))
        raise SyncError(code, str(error), may_have_left=True, subject=subject) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        code = "html_reply" if _is_page(body) else "bad_reply"
        raise SyncError(code, str(error), may_have_left=True) from error


def _of(message: str) -> tuple[str, str | None]:
    lacks = _LACKS.search(message)
    if lacks is not None:
        return "reply_lacks", _plain(".".join(filter(None, (lacks["place"], lacks["member"]))))
    misfit = _MISFIT.search(message)
    return "bad_reply", _plain(misfit["place"]) if misfit is not None else None


def _plain(place: str) -> str:
    """`rows[3].code` and `rows[4].code` are one trouble, not two."""
    return _NUMBER.sub("[…]", place)


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"
