"""Joins what hears of the hospital's answers, and what has to be done after an exchange, in the order that it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.flows.acceptance_items import AcceptanceItems
from app.flows.answers import Answers
from app.flows.close_answers import CloseAnswers
from app.flows.contradictions import Contradictions
from app.flows.receiving import Parts
from sync import Settled


def settled_by(
    parts: Parts, contradictions: Contradictions, closed: Callable[[str], None]
) -> Callable[[Sequence[Settled]], None]:
    """Hears of every batch inside its transaction, on the writer's thread; `closed` of each receipt that the hospital
    has closed.
    """
    answers = Answers(parts.receipts, contradictions.of_answer, CloseAnswers(parts, closed).heard)
    return contradictions.after(answers.apply)


def worked_off(parts: Parts, claims: Callable[[], None]) -> Callable[[], None]:
    """After an exchange, on the engine's thread: what could not be queued in the transaction that brought it."""
    acceptance = AcceptanceItems(parts)

    def work() -> None:
        acceptance.work()
        claims()

    return work
