"""What the control door may order of the relay: read strictly, checked as a whole, then done. Event loop."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from sync.sandbox.bad_order import BadOrder
from sync.sandbox.relay import Event, Relay


class RelayOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST {control}/relay`: one of the three, or more."""

    release: str | None = None
    """A delivery whose manifest is late: it appears now."""
    withdraw: str | None = None
    """A delivery whose manifest its supplier takes back."""
    events: tuple[Event, ...] = ()


def read_relay_order(body: bytes, relay: Relay) -> RelayOrder:
    """Read and check an order.

    Raises:
        BadOrder: with what is wrong.
    """
    try:
        order = msgspec.json.decode(body, type=RelayOrder)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadOrder(str(error)) from error
    ids = [event.id for event in order.events]
    if len(set(ids)) != len(ids) or any(relay.knows_event(one) for one in ids):
        raise BadOrder("events: an id twice")
    for event in order.events:
        if not _says_something(event):
            raise BadOrder(f"event {event.id}: {event.verb} needs more")
    return order


def carry_out_relay(order: RelayOrder, relay: Relay) -> dict[str, object]:
    """Do a checked order; says what came of it."""
    relay.tell_events(order.events)
    return {
        "released": order.release is not None and relay.release(order.release),
        "withdrawn": order.withdraw is not None and relay.withdraw(order.withdraw),
        "events": len(order.events),
    }


def release_order(delivery: str) -> bytes:
    """The order that lets a manifest appear, as the journal keeps it."""
    return msgspec.json.encode({"release": delivery})


def _says_something(event: Event) -> bool:
    if event.verb == "add":
        return len(event.children) == 1 if event.replaces else event.parent is not None and bool(event.children)
    if event.verb == "delete":
        return event.parent is not None
    if event.verb == "observe":
        return event.parent is not None or bool(event.children)
    return event.declares is not None
