"""A delivery as the hospital knows it, and how a code of it is expanded to its smallest packs.

Pure data; lives on the sandbox's event loop. Two kinds of knowledge, and they differ:

* `feed`: only a `complete` manifest is known to the hospital, and told in its feed; the packages of another delivery
  are the goods as they really stand at the dock, seen through the control door alone.
* `relay`: the hospital always knows the goods as they really stand, and tells none of it; what devices know of them,
  right or wrong, they have from the relay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from msgspec import Struct

from sync.sandbox.wire import Drug, EpochMs, Filled, Knowledge, Line, ManifestState, Package


class DeliverySeed(Struct, frozen=True, forbid_unknown_fields=True):
    """A delivery note with its packages, as the control door takes it."""

    delivery: Filled
    supplier: Filled
    manifest: ManifestState
    lines: tuple[Line, ...]
    packages: tuple[Package, ...] = ()
    state: str = "open"
    supplier_code: str | None = None
    supplier_licence: str | None = None
    supplier_licence_expiry: date | None = None
    invoice_no: str | None = None
    invoice_code: str | None = None
    store_room: str | None = None
    shipped_ms: EpochMs | None = None
    gift: bool = False
    synthetic: bool = True
    knowledge: Knowledge = "feed"
    cases: tuple[str, ...] = ()
    """Names of the hard cases in it, for the answer key."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """The smallest packs under a code: (code, line) each; `weight` is what one of them counts."""

    packs: tuple[tuple[str, int], ...]
    weight: int
    children_known: bool
    estimated: bool

    @property
    def count(self) -> int:
        """Smallest packs in all."""
        return len(self.packs) * self.weight


class Delivery:
    """One delivery with its manifest made ready for look-ups."""

    def __init__(self, seed: DeliverySeed) -> None:
        self.seed = seed
        self.lines = {line.line: line for line in seed.lines}
        self.told_in_feed = seed.knowledge == "feed" and seed.manifest == "complete"
        self.known: dict[str, Package] = {}
        self._children: dict[str, list[str]] = {}
        self._expanded: dict[str, tuple[tuple[str, int], ...]] = {}
        self.set_lines: frozenset[int] = frozenset()
        if self.told_in_feed or seed.knowledge == "relay":
            self.known = {package.code: package for package in seed.packages}
            for package in seed.packages:
                if package.parent is not None:
                    self._children.setdefault(package.parent, []).append(package.code)
            self.set_lines = frozenset(package.line for package in seed.packages)

    def expected(self) -> int:
        """Smallest packs on all lines."""
        return sum(line.packs for line in self.seed.lines)

    def leaves(self, code: str) -> tuple[tuple[str, int], ...]:
        """(code, line) of the packages without children under a code of the manifest, itself if it has none."""
        expanded = self._expanded.get(code)
        if expanded is None:
            expanded = self._expanded[code] = tuple(self._walk(code))
        return expanded

    def _walk(self, code: str) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        waiting = [code]
        while waiting:
            current = waiting.pop()
            children = self._children.get(current)
            if children:
                waiting.extend(reversed(children))
            else:
                found.append((current, self.known[current].line))
        return found

    def expand(self, code: str, line: int, count: int, drug: Drug | None) -> Expansion:
        """What a code stands for; without known children the code itself, with the sender's count."""
        if code in self._children:
            return Expansion(self.leaves(code), 1, children_known=True, estimated=False)
        package = self.known.get(code)
        level = package.level if package else level_of(drug, code)
        place = package.line if package else line
        if level == 1:
            return Expansion(((code, place),), 1, children_known=True, estimated=False)
        return Expansion(((code, place),), count, children_known=False, estimated=count > 1 or level is not None)


def code_prefix(code: str) -> str | None:
    """What the catalogue knows a code by: seven digits, or the GTIN of a GS1 key; None for any other layout."""
    if len(code) == 20 and code.isascii() and code.isdigit():
        return code[:7]
    if code.startswith("01") and code[16:18] == "21" and code[2:16].isascii() and code[2:16].isdigit():
        return code[2:16]
    return None


def level_of(drug: Drug | None, code: str) -> int | None:
    """The level of a code by its prefix, or None."""
    prefix = code_prefix(code)
    return drug.levels.get(prefix) if drug is not None and prefix is not None else None
