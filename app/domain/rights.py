"""Who may do what: every question about a right passes through `may`. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operator:
    """A person as the middleware names them. Empty `store_rooms` means all of them."""

    id: str
    name: str
    role: str
    rights: frozenset[str]
    store_rooms: frozenset[str] = frozenset()
    active: bool = True
    registration: str | None = None
    insurance_code: str | None = None


def may(operator: Operator, right: str, store_room: str | None = None) -> bool:
    """True if this person has that right, in that store room where one is named."""
    if not operator.active or right not in operator.rights:
        return False
    return store_room is None or not operator.store_rooms or store_room in operator.store_rooms
