"""Who may do what: every question about a right passes through `may` or `why_not`. Pure.

A right is a function that somebody has in some store rooms. The middleware names the rights of each person; where it
leaves that to us (no list at all), the role decides by `ROLES`. A list always wins, even an empty one. Words of a list
that this version does not know are kept and give nothing.

Two words of the first contract mean more than one function and keep that meaning: `receive` is 收货 and 扫追溯码,
`close` closes over a difference, too. `count` and `close_even` give only the smaller half.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

RECEIVE = "receive"  # open a delivery, count what came, name outcomes
SCAN = "scan"  # shoot trace codes into a receipt
CLOSE = "close"  # close a receipt that adds up without an outcome
CLOSE_DIFFERENCE = "close_difference"  # close one with short, over, damaged, rejected or exempt packs
EXEMPT = "exempt"  # say that no code is demanded
UNDO = "undo"  # take back what the hospital has already; before that, whoever did it may
ACCEPT = "accept"  # record findings and conclude an acceptance
WITNESS = "witness"  # sign as the second person
PUT_AWAY = "put_away"  # put accepted goods into stock
DISPENSE = "dispense"
INSTALL = "install"  # settings of the site, scanners, updates
EXPORT = "export"  # tables and reports that leave the program

RIGHTS = (
    RECEIVE, SCAN, CLOSE, CLOSE_DIFFERENCE, EXEMPT, UNDO, ACCEPT, WITNESS, PUT_AWAY, DISPENSE, INSTALL, EXPORT,
)  # fmt: skip

ROLES: Mapping[str, frozenset[str]] = {
    "clerk": frozenset({RECEIVE, SCAN, CLOSE, PUT_AWAY}),
    "pharmacist": frozenset({RECEIVE, SCAN, CLOSE, CLOSE_DIFFERENCE, EXEMPT, UNDO, ACCEPT, WITNESS, PUT_AWAY, EXPORT}),
    "dispenser": frozenset({DISPENSE, WITNESS}),
    "head": frozenset({RECEIVE, SCAN, CLOSE, CLOSE_DIFFERENCE, EXEMPT, UNDO, ACCEPT, WITNESS, PUT_AWAY, EXPORT}),
    "technician": frozenset({INSTALL, EXPORT}),
    "insurance": frozenset({EXPORT}),
}
"""Role → its functions, where the middleware names none."""

NO_RIGHT = "no_right"
OTHER_STORE_ROOM = "other_store_room"

# Right → words of a list that give it beside its own.
_GIVEN_BY: Mapping[str, tuple[str, ...]] = {
    RECEIVE: ("count",),
    SCAN: ("receive",),
    CLOSE: ("close_even",),
    CLOSE_DIFFERENCE: ("close",),
}


@dataclass(frozen=True, slots=True)
class Operator:
    """A person as the middleware names them. Empty `store_rooms` means all of them.

    `rights` are the middleware's own words, unknown ones too, or those of the role as `rights_of` writes them.
    """

    id: str
    name: str
    role: str
    rights: frozenset[str]
    store_rooms: frozenset[str] = frozenset()
    active: bool = True
    registration: str | None = None
    insurance_code: str | None = None


def rights_of(role: str, listed: Iterable[str] | None) -> frozenset[str]:
    """What a person's rights are: the middleware's list, else the role's, in words that a list would use."""
    if listed is not None:
        return frozenset(listed)
    functions = ROLES.get(role, frozenset())
    words = set(functions)
    if RECEIVE in functions and SCAN not in functions:
        words = (words - {RECEIVE}) | {"count"}
    if CLOSE in functions and CLOSE_DIFFERENCE not in functions:
        words = (words - {CLOSE}) | {"close_even"}
    return frozenset(words)


def functions_of(operator: Operator) -> tuple[str, ...]:
    """The functions that somebody has somewhere, in the order of `RIGHTS`."""
    return tuple(right for right in RIGHTS if may(operator, right))


def why_not(operator: Operator, right: str, store_room: str | None = None) -> str | None:
    """Why this person may not do that, in that store room where one is named; None: they may."""
    if not operator.active or operator.rights.isdisjoint((right, *_GIVEN_BY.get(right, ()))):
        return NO_RIGHT
    if store_room is not None and operator.store_rooms and store_room not in operator.store_rooms:
        return OTHER_STORE_ROOM
    return None


def may(operator: Operator, right: str, store_room: str | None = None) -> bool:
    """True if this person has that right, in that store room where one is named."""
    return why_not(operator, right, store_room) is None


def may_open(operator: Operator, store_room: str | None = None) -> bool:
    """True if this person has anything to do in a receipt: count, or shoot codes."""
    return may(operator, RECEIVE, store_room) or may(operator, SCAN, store_room)
