"""Members of replies that this version does not know: their names, how often they came, what one looked like. Pure.

Within v1 the other side may learn new members. No typed row has a place for them, so their names are kept: nobody has
to find out by chance that something was told here that went nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import msgspec

EXAMPLE_MOST = 120


@dataclass(frozen=True, slots=True)
class Unknown:
    """A member by its place (`delivery.lines[…].hue`), and how often it came.

    `example`: None where it may not be kept.
    """

    member: str
    times: int
    example: str | None


class Unknowns:
    """Collects them over one reply."""

    def __init__(self) -> None:
        self._found: dict[str, Unknown] = {}

    def look(self, raw: bytes | msgspec.Raw, known: object, root: str, *, private: bool = False) -> None:
        """What stands in `raw` and not in `known`, the value that it was decoded to. `private`: keep no example.

        A member that nobody can read (bytes of another encoding, a number beyond all bounds) is named `root.*`.
        """
        try:
            found = list(_beyond(msgspec.json.decode(raw), msgspec.to_builtins(known), root))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.add(f"{root}.*", None)
            return
        for member, value in found:
            self.add(member, None if private else msgspec.json.encode(value).decode()[:EXAMPLE_MOST])

    def add(self, member: str, example: str | None) -> None:
        before = self._found.get(member)
        self._found[member] = Unknown(member, 1 + (before.times if before else 0), example)

    def all(self) -> tuple[Unknown, ...]:
        return tuple(self._found.values())


def _beyond(told: object, known: object, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(told, dict) and isinstance(known, dict):
        for name, value in told.items():
            if name not in known:
                yield f"{place}.{name}", value
            elif isinstance(value, dict | list):
                yield from _beyond(value, known[name], f"{place}.{name}")
    elif isinstance(told, list) and isinstance(known, list | tuple):
        for one, other in zip(told, cast("list[object]", known), strict=False):
            yield from _beyond(one, other, f"{place}[…]")
