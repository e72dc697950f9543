"""Asking for a right before something is done: the answer is nothing, or why not and who may. Any thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.base.errors import Trouble
from app.domain.rights import NO_RIGHT, Operator, may, why_not

NAMED = 3  # so many of those who may are named


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody may not, with the values of its text; `who` of them: those who may."""

    reason: str
    values: Mapping[str, object]


def demand(operator: Operator, right: str, store_room: str | None = None) -> None:
    """Raises Trouble: no_right (`operator`, `right`), other_store_room (`operator`, `room`, `rooms`)."""
    reason = why_not(operator, right, store_room)
    if reason is None:
        return
    if reason == NO_RIGHT:
        raise Trouble("no_right", operator=operator.id, right=right)
    rooms = "、".join(sorted(operator.store_rooms))
    raise Trouble("other_store_room", operator=operator.id, room=store_room, rooms=rooms)


def refusal_of(
    operator: Operator, rights: tuple[str, ...], store_room: str | None, people: Iterable[Operator]
) -> Refusal | None:
    """None if this person has one of these rights in that store room; else why not, and who of `people` may."""
    reasons = [why_not(operator, right, store_room) for right in rights]
    if None in reasons:
        return None
    able = (person for person in people if any(may(person, right, store_room) for right in rights))
    who = "、".join(f"{person.name} {person.id}" for person, _ in zip(able, range(NAMED), strict=False))
    # That it is the wrong store room says more than that a right is missing.
    reason = next((each for each in reasons if each != NO_RIGHT), NO_RIGHT)
    rooms = "、".join(sorted(operator.store_rooms))
    values = {"operator": operator.id, "right": rights[0], "room": store_room or "", "rooms": rooms, "who": who or "—"}
    return Refusal(str(reason), values)
