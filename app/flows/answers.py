"""What the hospital's answers mean here: a scan that it did not take holds nothing any more. Writer's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from app.store.receipts import Receipts
from sync import Settled

_log = logging.getLogger(__name__)
_NOT_TAKEN = ("conflict", "refused")


class Answers:
    """Applied inside the transaction that settles a batch."""

    def __init__(
        self,
        receipts: Receipts,
        contradicted: Callable[[Settled, str, int], None] | None = None,
        closed: Callable[[Settled, str, int], None] | None = None,
    ) -> None:
        """`contradicted` hears of a scan or an outcome that another record contradicts, with its receipt and seq;
        `closed` of every answer to a close.
        """
        self._receipts = receipts
        self._contradicted = contradicted
        self._closed = closed

    def apply(self, settled: Sequence[Settled]) -> None:
        """A pack is in while a counted scan in force, not answered conflict or refused, holds it."""
        for answer in settled:
            if answer.state not in _NOT_TAKEN and not _says_more(answer) and not _ends_a_close(answer):
                continue
            entry = self._receipts.entry_of_item(answer.id)
            if entry is None:
                _log.warning("an answer for an item without an entry: %s", answer.id)
            elif not _ends_a_close(answer):
                self._apply(answer, *entry)
            elif self._closed is not None:
                self._closed(answer, *entry[:2])

    def _apply(self, answer: Settled, receipt: str, seq: int, in_force: bool) -> None:
        negated = self._receipts.negated_by(receipt, seq) if answer.kind == "reversal" else None
        if answer.state == "accepted":
            if negated is not None:
                self._receipts.mark(receipt, negated, remote="reversed")
        elif answer.kind in ("scan", "outcome") and in_force:
            self._receipts.take_back(receipt, seq, remote=answer.state)
            if answer.state == "conflict" and self._contradicted is not None:
                self._contradicted(answer, receipt, seq)
        else:
            self._receipts.mark(receipt, seq, remote=answer.state)
        if answer.kind == "scan":
            self._receipts.leave_to_others(receipt, seq)
        elif answer.kind == "outcome":
            self._receipts.others.settled(receipt, seq, answered=seq, taken=answer.state == "accepted")
        elif negated is not None:
            self._receipts.others.settled(receipt, negated, answered=seq, taken=False)


def _says_more(answer: Settled) -> bool:
    """The hospital heard of an undo: from now on it holds nothing by what was undone; or of an outcome."""
    return answer.kind in ("reversal", "outcome") and answer.state == "accepted"


def _ends_a_close(answer: Settled) -> bool:
    """Answered for good; `held`: the sums never came to be the same."""
    return answer.kind == "close" and answer.state in (*_NOT_TAKEN, "held", "accepted")
