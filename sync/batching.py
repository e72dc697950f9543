"""What goes together into one request. Pure; the rules of order live here and nowhere else.

Items go in the order of their creation. A reversal goes when what it negates is settled or stands earlier in the same
batch; a close when everything made before it for its receipt is settled or stands earlier in the same batch; a scan
of what was undone before when the hospital has settled that undo (in one batch the undo might be put off, and the scan
would be a second one of the same code). Nothing else waits for anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync.verdicts import Sent

OPENING = b'{"items":['
CLOSING = b"]}"
_SETTLED = ("accepted", "refused")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A queued row that is due.

    `target_state` is the state of what a reversal negates, None if it was never ours; `waits_state` that of the item
    which the program named to be settled first. `earlier_open` counts, for a close, the rows of its receipt made before
    it that are not settled. `alone` counts calls refused with it alone.
    """

    row: Sent
    body: bytes
    negates: str | None
    target_state: str | None
    earlier_open: int
    alone: int
    waits_state: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`chosen` go now, in this order; `stranded` wait for something that is held and are held with it.

    `more`: this batch is full, or had no place for a suspect; another one can follow at once.
    """

    chosen: tuple[Candidate, ...]
    stranded: tuple[Candidate, ...]
    more: bool


def plan(candidates: Sequence[Candidate], *, max_items: int, max_bytes: int) -> Plan:
    """Choose from candidates in order of creation. The first always fits: too large alone is for the server to say."""
    chosen: list[Candidate] = []
    stranded: list[Candidate] = []
    ids: set[str] = set()
    per_receipt: dict[str, int] = {}
    size = len(OPENING) + len(CLOSING)
    more = False
    for place, candidate in enumerate(candidates, start=1):
        if "held" in (candidate.target_state, candidate.waits_state):
            stranded.append(candidate)
            continue
        if not _may_go(candidate, ids, per_receipt):
            continue
        if candidate.alone and chosen:
            more = True
            continue
        grown = size + len(candidate.body) + (1 if chosen else 0)
        if chosen and grown > max_bytes:
            more = True
            break
        chosen.append(candidate)
        ids.add(candidate.row.id)
        per_receipt[candidate.row.receipt] = per_receipt.get(candidate.row.receipt, 0) + 1
        size = grown
        if candidate.alone or len(chosen) >= max_items:
            more = more or place < len(candidates)
            break
    return Plan(tuple(chosen), tuple(stranded), more)


def join(bodies: Sequence[bytes]) -> bytes:
    """The request body of a batch."""
    return OPENING + b",".join(bodies) + CLOSING


def _may_go(candidate: Candidate, ids: set[str], per_receipt: dict[str, int]) -> bool:
    if candidate.waits_state is not None and candidate.waits_state not in _SETTLED:
        return False
    if candidate.negates is not None:
        state = candidate.target_state
        return state is None or state in _SETTLED or candidate.negates in ids
    if candidate.row.kind == "close":
        return candidate.earlier_open == per_receipt.get(candidate.row.receipt, 0)
    return True
