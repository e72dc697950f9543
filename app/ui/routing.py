"""Where a scan goes: decided by the screen in front and by what was scanned. Pure; called on the window's worker."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from app.domain.codes import OwnForm, Voucher
from app.flows.credentials import recognised
from app.ui.fronts import Front, Shot, Stage

__all__ = ["Front", "Goal", "Route", "Shot", "Stage", "route"]


class Goal(enum.Enum):
    """What becomes of a scan."""

    RECEIVE = enum.auto()
    OPEN = enum.auto()
    OFFER = enum.auto()
    LOOK_UP = enum.auto()
    SHOW_BYTES = enum.auto()
    BADGE = enum.auto()
    FIND_UPLOAD = enum.auto()
    IDENTIFY = enum.auto()
    NOTICE = enum.auto()


@dataclass(frozen=True, slots=True)
class Route:
    """`text`: the delivery to open, the badge's operator, or the code of the notice."""

    goal: Goal
    text: str = ""


def route(raw: bytes, front: Front, *, signed_in: bool, receiving: bool) -> Route:
    """Where this scan goes. Whatever is not counted becomes a notice: no scan is lost without a word."""
    reading = recognised(raw)
    if front is Front.DEVICES:
        return Route(Goal.NOTICE, "credential_masked") if isinstance(reading, Voucher) else Route(Goal.SHOW_BYTES)
    form = reading if isinstance(reading, OwnForm) else None
    if form is not None and form.kind == "badge":
        second = front is Front.ACCEPTANCE  # there a second person signs
        taken = signed_in and not second
        return Route(Goal.NOTICE, "badge_while_signed_in") if taken else Route(Goal.BADGE, form.text)
    if not signed_in:
        return Route(Goal.NOTICE, "scan_signed_out")
    if front is Front.IDENTITY:
        return Route(Goal.IDENTIFY)
    if front is Front.LOOKUP:
        return Route(Goal.LOOK_UP)
    if form is not None and form.kind == "delivery":
        return Route(Goal.OPEN, form.text)
    if front is Front.RECEIVING or (front is Front.CAMERA and receiving):
        return Route(Goal.RECEIVE) if receiving else Route(Goal.NOTICE, "no_receipt_open")
    if front is Front.UPLOADS:
        return Route(Goal.NOTICE, "credential_masked") if isinstance(reading, Voucher) else Route(Goal.FIND_UPLOAD)
    if front in (Front.TASKS, Front.CAMERA):
        return Route(Goal.NOTICE, "voucher_at_dock") if isinstance(reading, Voucher) else Route(Goal.OFFER)
    return Route(Goal.NOTICE, "scan_not_here")
