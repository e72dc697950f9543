"""A second opinion on one receipt that two devices make: sets of packs, numbers of lines, and who knows what already.

Imports nothing of the program. Every act is an event with a place in time. A device knows what it did itself and what
the hospital had when the two last met; the hospital knows what has reached it. What is in, what is out and what the
sums are follows from the events that somebody knows, and from nothing else. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PARTS = ("expected", "received", "short", "damaged", "rejected", "exempt")
GONE = ("damaged", "rejected")
NUMBERS = ("short", "exempt", "over")


@dataclass(eq=False, slots=True)
class Event:
    """A counted scan, an outcome of a code, or a number of a line; the list of all events is their order in time."""

    device: str
    kind: str  # scan, damaged, rejected, short, exempt, over
    code: str | None = None
    line: int = 0
    count: int = 0
    undone: bool = False  # on its own device
    arrived: bool = False  # the hospital has answered it
    taken: bool = False  # and has it: no other device had shot the same code before
    taken_back: bool = False  # the undo has arrived, too

    @property
    def at_hospital(self) -> bool:
        return self.taken and not self.taken_back


@dataclass(slots=True)
class ReceiptModel:
    """`parents`: code → the package around it. `line_of`: smallest pack → its line."""

    parents: Mapping[str, str | None]
    line_of: Mapping[str, int]
    devices: tuple[str, ...] = ("a", "b")
    events: list[Event] = field(default_factory=list)
    conflicts: set[str] = field(default_factory=set)
    """Codes of scans that the hospital did not take, and that were not undone since."""
    _met: dict[str, list[Event]] = field(default_factory=dict)  # device → what others had at the hospital by then
    under: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found: dict[str, set[str]] = {code: set() for code in self.parents}
        for pack in self.line_of:
            around: str | None = pack
            while around is not None:
                found[around].add(pack)
                around = self.parents[around]
        self.under = {code: frozenset(packs) for code, packs in found.items()}
        self._met = {device: [] for device in self.devices}

    # ------------------------------------------------------------------------------------------------- what is known

    def known_to(self, device: str) -> list[Event]:
        """In force as this device sees it, in their order."""
        mine = {id(one) for one in self.events if one.device == device and not one.undone and self._stands(one)}
        others = {id(one) for one in self._met[device] if one.device != device}
        return [one for one in self.events if id(one) in mine | others]

    def at_hospital(self) -> list[Event]:
        return [one for one in self.events if one.at_hospital]

    def _stands(self, one: Event) -> bool:
        return one.taken or not one.arrived

    # ------------------------------------------------------------------------------------------- what follows from it

    def held(self, events: Iterable[Event]) -> set[str]:
        return set().union(*(self.under[one.code] for one in events if one.kind == "scan" and one.code))

    def out(self, events: Iterable[Event]) -> dict[str, str]:
        """Pack → the outcome that was said last."""
        said = [one for one in events if one.kind in GONE and one.code]
        return {pack: one.kind for one in said if one.code for pack in self.under[one.code]}

    def inside(self, events: list[Event]) -> set[str]:
        return self.held(events) - self.out(events).keys()

    def number(self, events: Iterable[Event], line: int, kind: str) -> int:
        """The one that was said last."""
        return next((one.count for one in reversed(list(events)) if (one.line, one.kind) == (line, kind)), 0)

    def of_line(self, events: list[Event], line: int) -> dict[str, int]:
        mine = {pack for pack, at in self.line_of.items() if at == line}
        out = [kind for pack, kind in self.out(events).items() if pack in mine]
        return {
            "expected": len(mine), "received": len(self.inside(events) & mine),
            "short": self.number(events, line, "short"), "damaged": out.count("damaged"),
            "rejected": out.count("rejected"), "exempt": self.number(events, line, "exempt"),
        }  # fmt: skip

    def lines(self) -> list[int]:
        return sorted(set(self.line_of.values()))

    def equation(self, events: list[Event]) -> dict[str, int]:
        every = [self.of_line(events, line) for line in self.lines()]
        return {part: sum(one[part] for one in every) for part in PARTS}

    def missing(self, events: list[Event], line: int) -> int:
        sums = self.of_line(events, line)
        return 2 * sums["expected"] - sum(sums.values())

    def adds_up(self, events: list[Event]) -> bool:
        return not any(self.missing(events, line) for line in self.lines())

    # ------------------------------------------------------------------------------------------------- what is done

    def counts(self, device: str, code: str) -> bool:
        """Whether a scan of this code counts on this device now: if anything under it is neither in nor out."""
        known = self.known_to(device)
        return bool(self.under[code] - self.held(known) - self.out(known).keys())

    def in_both_hands(self, code: str) -> bool:
        """Both devices did something about these packs.

        The hospital tells one thing of a pack. What else the other device did of it is not known here before the two
        meet again, and until then an undo here may show less than there is.
        """
        about = {one.device for one in self.events if one.code and self.under[one.code] & self.under[code]}
        return len(about) > 1

    def say(self, device: str, kind: str, *, code: str | None = None, line: int = 0, count: int = 0) -> None:
        self.events.append(Event(device, kind, code, line, count))

    def undo(self, device: str, code: str | None = None) -> bool:
        """The latest thing in force of this device's own hand, of this code if one is named."""
        for one in reversed(self.events):
            if one.device == device and not one.undone and self._stands(one) and code in (None, one.code):
                one.undone = True
                return True
        return False

    def meet(self, device: str) -> None:
        """The device sends what it has, in its order, and then hears what everybody has."""
        for one in self.events:
            if one.device != device:
                continue
            if not one.arrived:
                one.arrived = True
                one.taken = one.kind != "scan" or one.code not in self._shot_at_hospital()
            if one.undone and not one.taken_back:
                one.taken_back = True
        refused = {one.code for one in self.events if one.arrived and not one.taken and not one.undone and one.code}
        self.conflicts = refused
        self._met[device] = self.at_hospital()

    def _shot_at_hospital(self) -> set[str]:
        return {one.code for one in self.at_hospital() if one.kind == "scan" and one.code}

    # ------------------------------------------------------------------------------------------------- the ledger

    def judge(self, rows: Iterable[Mapping[str, object]], conflicts: Iterable[object]) -> list[str]:
        """What is wrong with the hospital's books of this receipt, in words."""
        books = {str(row["code"]): row for row in rows}
        there = {code for code, row in books.items() if row["state"] == "in"}
        wanted = self.inside(self.at_hospital())
        wrong = [f"{code} is in the ledger and should not be" for code in sorted(there - wanted)]
        wrong += [f"{code} should be in the ledger" for code in sorted(wanted - there)]
        wrong += [f"{code} has times {row['times']}" for code, row in books.items() if row["times"] not in (0, 1)]
        told = {str(code) for code in conflicts}
        return wrong + [f"{code}: a conflict on one side only" for code in sorted(told ^ self.conflicts)]
