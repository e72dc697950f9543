"""Reply → verdict per item. Pure; any thread.

Nothing is accepted by guess: an item counts as answered only if exactly one well-formed answer names it. All others
of the batch are unclear, become unsure, and are asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from sync.unknown import Unknown, Unknowns


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one item. `state`: accepted, conflict, refused, held, or queued (to be sent again later)."""

    id: str
    receipt: str
    kind: str
    state: str
    code: str | None
    text: str | None
    with_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A row of the outbox that is under way or in doubt. `n` is its place in the order of creation."""

    n: int
    id: str
    receipt: str
    kind: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row and its answer, whose own `word` it keeps. `retry_after_s`: as the server asks, with state queued."""

    row: Sent
    settled: Settled
    retry_after_s: int | None = None
    word: str = "refused"


@dataclass(frozen=True, slots=True)
class Judged:
    """A reply, sorted: clear verdicts, rows without one clean answer, and how many answers were nobody's."""

    verdicts: tuple[Verdict, ...]
    unclear: tuple[Sent, ...]
    strangers: int


class Answer(Struct, frozen=True):
    """One answer on the wire, of a batch or of a question."""

    id: str
    result: str
    code: str | None = None
    text: str | None = None
    retry_after_s: Annotated[int, Meta(ge=0)] | None = None
    with_ids: tuple[str, ...] = msgspec.field(default=(), name="with")


class _Answers(Struct):
    items: list[msgspec.Raw]


def decode_answers(body: bytes) -> tuple[Answer, ...]:
    """The answers of a reply; one that does not decode is left out, so that it spoils only itself.

    Raises msgspec.DecodeError or ValidationError when the reply as a whole is not one.
    """
    decoder = msgspec.json.Decoder(Answer)
    answers = []
    for raw in msgspec.json.decode(body, type=_Answers).items:
        try:
            answers.append(decoder.decode(raw))
        except msgspec.ValidationError:
            continue
    return tuple(answers)


class _PlainAnswer(Answer, frozen=True, forbid_unknown_fields=True):
    pass


class _PlainAnswers(Struct, forbid_unknown_fields=True):
    items: list[_PlainAnswer]


def unknown_in_answers(body: bytes) -> tuple[Unknown, ...]:
    """Members of answers that are not known here; of a reply that is none, nothing. Raises nothing."""
    found = Unknowns()
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            msgspec.json.decode(body, type=_PlainAnswers)
        except msgspec.ValidationError:
            for raw in msgspec.json.decode(body, type=_Answers).items:
                with contextlib.suppress(msgspec.ValidationError):
                    found.look(raw, msgspec.json.decode(raw, type=Answer), "answer")
    return found.all()


_BATCH_STATES = {
    "accepted": "accepted",
    "duplicate": "accepted",
    "conflict": "conflict",
    "refused": "refused",
    "later": "queued",
}
_ASK_STATES = {"accepted": "accepted", "conflict": "conflict", "refused": "refused", "unknown": "queued"}


def judge_batch(rows: Sequence[Sent], answers: Sequence[Answer]) -> Judged:
    """Answers to `POST /v1/items`. `duplicate` is as good as accepted; `later` goes back to the queue."""
    return _judge(rows, answers, _BATCH_STATES)


def judge_ask(rows: Sequence[Sent], answers: Sequence[Answer]) -> Judged:
    """Answers to `POST /v1/items/ask`. `unknown` never arrived and goes back to the queue."""
    return _judge(rows, answers, _ASK_STATES)


def refusal(row: Sent, code: str, text: str | None = None) -> Verdict:
    """A verdict of our own for an item that the server does not take in any shape."""
    return Verdict(row, Settled(row.id, row.receipt, row.kind, "refused", code, text, ()))


def _judge(rows: Sequence[Sent], answers: Sequence[Answer], states: dict[str, str]) -> Judged:
    ours = {row.id for row in rows}
    found: dict[str, list[Answer]] = {}
    strangers = 0
    for answer in answers:
        if answer.id in ours:
            found.setdefault(answer.id, []).append(answer)
        else:
            strangers += 1
    verdicts, unclear = [], []
    for row in rows:
        mine = found.get(row.id, [])
        if len(mine) == 1 and mine[0].result in states:
            verdicts.append(_verdict(row, mine[0], states[mine[0].result]))
        else:
            unclear.append(row)
    return Judged(tuple(verdicts), tuple(unclear), strangers)


def _verdict(row: Sent, answer: Answer, state: str) -> Verdict:
    with_words = state != "accepted" and answer.result != "unknown"
    code = (answer.code or "unspecified") if with_words else None
    text = answer.text if with_words else None
    settled = Settled(row.id, row.receipt, row.kind, state, code, text, answer.with_ids)
    return Verdict(row, settled, answer.retry_after_s, answer.result)
