"""What is declared about a remote call, and the one way to decode its reply. Any thread."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from sync.errors import SyncError

T = TypeVar("T")


class Repeat(enum.Enum):
    """What to do when nobody knows whether a call arrived."""

    SAFE = "safe"
    """It changes nothing: call again."""
    ASK_FIRST = "ask_first"
    """It may have taken effect: ask by id before sending again."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of a remote interface. `contract` names the file under docs/remote/."""

    name: str
    method: str
    path: str
    contract: str
    repeat: Repeat


def decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    """Decode a reply. Raises SyncError `bad_reply` (the request has arrived)."""
    try:
        return decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SyncError("bad_reply", str(error), may_have_left=True) from error
