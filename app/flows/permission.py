"""Asking for a right before something is done: the answer is nothing, or the trouble that says who may. Any thread."""

from __future__ import annotations

from app.base.errors import Trouble
from app.domain.rights import NO_RIGHT, Operator, why_not


def demand(operator: Operator, right: str, store_room: str | None = None) -> None:
    """Raises Trouble: no_right (`operator`, `right`), other_store_room (`operator`, `room`, `rooms`)."""
    reason = why_not(operator, right, store_room)
    if reason is None:
        return
    if reason == NO_RIGHT:
        raise Trouble("no_right", operator=operator.id, right=right)
    rooms = "、".join(sorted(operator.store_rooms))
    raise Trouble("other_store_room", operator=operator.id, room=store_room, rooms=rooms)
