"""Rows become messages: checked one by one, put together within the profile's limits. Pure.

A row that cannot go out is set aside with its reasons and holds up no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.base.texts import Texts
from app.domain.profile import Payload, Problem, Profile
from app.domain.profile_build import build
from app.flows.claim_rows import ClaimRow, ClaimSnapshot, facts_of


@dataclass(frozen=True, slots=True)
class ClaimMessage:
    """One message: its rows, and what stands under the wrapper."""

    trade: str
    payload: Payload
    rows: tuple[ClaimRow, ...]


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that cannot go out, and why."""

    row: ClaimRow
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ClaimPreview:
    """All that a receipt would tell the insurance."""

    receipt: str
    profile: str
    route: str
    messages: tuple[ClaimMessage, ...]
    set_aside: tuple[SetAside, ...]
    notes: tuple[Problem, ...]
    closed: bool


def preview_of(snapshot: ClaimSnapshot, profile: Profile, route: str, rows: Sequence[ClaimRow]) -> ClaimPreview:
    """The rows as messages."""
    good: dict[str, list[ClaimRow]] = {}
    aside: list[SetAside] = []
    notes: list[Problem] = [note for row in rows for note in row.notes]
    for row in rows:
        made = build(profile, profile.trades[row.trade], [facts_of(row, snapshot, profile)])
        problems = (*row.problems, *(() if isinstance(made, Payload) else made))
        if problems:
            aside.append(SetAside(row, problems))
        else:
            good.setdefault(row.trade, []).append(row)
    messages = [message for trade, of in good.items() for message in _together(snapshot, profile, trade, of, aside)]
    notes += [note for message in messages for note in message.payload.notes]
    if not snapshot.closed:
        notes.append(Problem(snapshot.receipt, "claim_not_closed", "receipt", "receipt"))
    return ClaimPreview(
        snapshot.receipt, profile.name, route, tuple(messages), tuple(aside), tuple(notes), snapshot.closed
    )


def sentence(problem: Problem, texts: Texts, lang: str = "zh") -> str:
    """A problem or a note in words."""
    label = problem.label if lang == "zh" else problem.name
    return texts.line(problem.code, lang, label=label or problem.name, **dict(problem.values))


def _together(
    snapshot: ClaimSnapshot, profile: Profile, trade: str, rows: Iterable[ClaimRow], aside: list[SetAside]
) -> list[ClaimMessage]:
    """As many rows in a message as it takes. What makes a sound row impossible beside the others is set aside, too."""
    infno = profile.trades[trade]
    most = profile.most_lines if profile.messages[infno].shape == "array" else 1
    done: list[ClaimMessage] = []
    codes: set[str] = set()
    group: list[ClaimRow] = []
    signs = 0
    for row in rows:
        twice = codes & {each.printed for each in row.codes}
        if twice:
            told = Problem("codes", "claim_twice", "codes", "codes", (("value", min(twice)),))
            aside.append(SetAside(row, (told,)))
            continue
        codes |= {each.printed for each in row.codes}
        alone = build(profile, infno, [facts_of(row, snapshot, profile)])
        assert isinstance(alone, Payload)
        length = len(alone.text())
        if group and (len(group) == most or signs + length > profile.most_signs):
            done.append(_message(snapshot, profile, trade, group))
            group, signs = [], 0
        group.append(row)
        signs += length
    return [*done, _message(snapshot, profile, trade, group)] if group else done


def _message(snapshot: ClaimSnapshot, profile: Profile, trade: str, rows: Sequence[ClaimRow]) -> ClaimMessage:
    """The sum of the rows' own lengths was within the limit, and together they are shorter."""
    made = build(profile, profile.trades[trade], [facts_of(row, snapshot, profile) for row in rows])
    assert isinstance(made, Payload), made
    return ClaimMessage(trade, made, tuple(rows))
