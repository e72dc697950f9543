"""What a source says of one coded package, and how one piece of many with the same code is called. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIECE = re.compile(r"(.+)#[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PackageClaim:
    """One code as one source describes it; None: not said. `level` 1: smallest coded pack (trace-codes.md §8.1)."""

    code: str
    level: int | None
    parent: str | None
    drug: str | None = None
    batch: str | None = None
    expiry: str | None = None  # ISO day
    made: str | None = None
    amount: int | None = None  # smallest packs in it, as the source counts them
    line: int | None = None  # of the delivery that the source describes


def piece_of(key: str, item: str) -> str:
    """The name of one piece whose code names a batch only: the key and the id of the item that told of it.

    So pieces are a set like all other packs: united, undone and told to other devices one by one.
    """
    return f"{key}#{item}"


def code_of(pack: str) -> str:
    """What is printed on the pack: the key of the batch for a piece, itself for everything else."""
    found = _PIECE.fullmatch(pack)
    return pack if found is None else found[1]


def printed_of(text: str) -> str:
    """A text, such as a command's, with what is printed on the pack for every name of a piece in it."""
    return " ".join(code_of(word) for word in text.split(" "))


def is_piece(pack: str) -> bool:
    """True for the name of one piece."""
    return _PIECE.fullmatch(pack) is not None
